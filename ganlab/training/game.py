"""The state of a game between two networks: what a training step reads and what it changes.

All randomness of a step is drawn before it, on the CPU, from one stream a purpose, and then moved to the
networks' device (a `Draw`). A run can therefore be stopped and resumed, repeated on another device, stacked
over seeds or shared between processes, and still see the same numbers.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, NamedTuple, Protocol

import torch
from torch import Tensor, nn

from ganlab.lipschitz import mixes_samples, refuse_batch_norm
from ganlab.losses import GANLoss
from ganlab.regularizers import sample_mix
from ganlab.training.averages import MovingAverage
from ganlab.training.distributed import Group

__all__ = [
    "GAN",
    "Batches",
    "Draw",
    "Penalty",
    "Rules",
    "Unroll",
    "draw_for_discriminator",
    "draw_for_generator",
    "pack",
    "sample",
]

STREAMS = ("d_latents", "g_latents", "mix", "d_noise", "g_noise")


class Batches(Protocol):
    """An endless source of real batches (batch_size, ...), whose place in the data can be stored."""

    batch_size: int

    def __next__(self) -> Tensor | tuple[Tensor, Tensor]:
        """The next samples (batch_size, ...), or a pair of samples and their labels (batch_size,)."""
        ...

    def state_dict(self) -> dict[str, Tensor]:
        """All that the next batches depend on, as tensors."""
        ...

    def load_state_dict(self, state: dict[str, Tensor]) -> None:
        """Go on from a state, as if there had been no interruption."""
        ...


@dataclass(frozen=True)
class Penalty:
    """A regularizer with its weight, applied in every `every`-th discriminator step.

    `function`: one of `ganlab.regularizers.REGULARIZERS`. `weight`: its factor; for R1 and R2, whose usual
    form is (gamma / 2) E||grad||^2, give gamma / 2. Applied lazily, the weight is multiplied by `every`, so
    that its mean over the steps stays the same (Karras et al. 2020, appendix B [karras2020]).

    Raises `ValueError` where the weight is negative or `every` is not positive.

    >>> from ganlab.regularizers import r1
    >>> Penalty(r1, 0.05).every
    1
    """

    function: Callable[..., Tensor]
    weight: float
    every: int = 1

    def __post_init__(self) -> None:
        if not self.weight >= 0:
            raise ValueError(f"`weight` must be at least 0, got {self.weight}")
        if self.every < 1:
            raise ValueError(f"`every` must be at least 1, got {self.every}")


@dataclass(frozen=True)
class Unroll:
    """A discriminator that the generator sees `steps` gradient steps ahead, each of size `rate`.

    The generator descends its loss against D_k, where D_0 is the discriminator and D_{i+1} = D_i - rate times
    the gradient of the discriminator's objective, on the draw of the generator's step. Its gradient goes
    through those steps; the discriminator itself stays where it is. The steps are plain descent, so that
    `rate` is a learning rate without Adam's scaling.

    Raises `ValueError` where `steps` is below 1 or `rate` is not positive.
    Source: Metz et al. 2017, eqs. 5 to 8 [metz2017].

    >>> Unroll(1, 0.1)
    Unroll(steps=1, rate=0.1)
    """

    steps: int
    rate: float

    def __post_init__(self) -> None:
        if self.steps < 1:
            raise ValueError(f"`steps` must be at least 1, got {self.steps}")
        if not self.rate > 0:
            raise ValueError(f"`rate` must be positive, got {self.rate}")


class Rules(NamedTuple):
    """What the two objectives are, at one step.

    `loss`: the pair of losses. `penalties`: those that are due. `pack`: how many samples are judged together.
    `unroll`: how far ahead the generator sees the discriminator. `bf16`: whether the networks compute in
    bfloat16; losses and penalties never do. `joint`: whether real and generated samples may pass through the
    discriminator in one batch, which is faster, and the same where no layer lets samples see each other.
    """

    loss: GANLoss
    penalties: tuple[Penalty, ...] = ()
    pack: int = 1
    unroll: Unroll | None = None
    bf16: bool = False
    joint: bool = False


class Draw(NamedTuple):
    """All the randomness of one step, already on the device of the networks.

    `real`: (N, ...) real samples, None where the generator's loss does not look at them. `latents`:
    (N, latent_dim). `mixes`: for each penalty of this step its random numbers. `noise`: (2, N, ...) instance
    noise for the real and the generated samples, None without. `labels`: (N,) the classes of the samples,
    the same for the real and the generated ones, None where the networks know none.
    """

    real: Tensor | None
    latents: Tensor
    mixes: tuple[Tensor | None, ...] = ()
    noise: Tensor | None = None
    labels: Tensor | None = None


@dataclass
class GAN:
    """Two networks, their loss, their optimizers and their random streams: all that a step changes.

    `generator`: maps latents (N, latent_dim) to samples, and has the attribute `latent_dim`.
    `discriminator`: maps samples to raw scores (N,). `rng`: seeds one random stream a purpose, and is not
    read again. `learning_rates`: of the generator and of the discriminator. `betas`: of both Adams.
    `schedule`: factor on both learning rates as a function of the generator step, counted from 0. `ema`:
    decay of the generator's `MovingAverage`, None for none. `instance_noise`: standard deviation of Gaussian
    noise on what the discriminator sees, a number or a function of the generator step. `pack`: how many
    samples the discriminator judges together; they are joined along the first axis behind the batch.
    `unroll`: how far ahead the generator sees the discriminator. `bf16`: run the
    networks in bfloat16, by autocast, with losses, penalties and weights in float32; it saves time where the
    processor multiplies bfloat16 faster than float32 (`make benchmarks` prints how much faster). `group`: the
    processes that share each batch, see `ganlab.training.distributed`.

    Networks with the attribute `classes` are conditional: they are called with labels, which the batches give
    along with the samples.

    `step` counts generator steps and `critic_step` discriminator steps.

    Raises `ValueError` where a setting is out of range, where the networks are of unlike dtypes or classes,
    where the discriminator does not return (N,) scores for what the generator makes, where a penalty meets
    batch normalisation in the discriminator, or where processes that share a batch would not do what one
    does: under the relativistic average loss, an unrolled discriminator, and layers that mix the samples of
    a batch.

    Source: Goodfellow et al. 2014, algorithm 1 [goodfellow2014]; Kingma & Ba 2015 [kingma2015]; instance
    noise, Sonderby et al. 2017 [sonderby2017]; packing, Lin et al. 2018 [lin2018].

    >>> from ganlab.losses import hinge
    >>> from ganlab.networks import mlp_discriminator, mlp_generator
    >>> rng = torch.Generator().manual_seed(0)
    >>> gan = GAN(mlp_generator(4, (2,), rng=rng), mlp_discriminator((2,), rng=rng), hinge, rng)
    >>> gan.sample(5, rng).shape
    torch.Size([5, 2])
    """

    generator: nn.Module
    discriminator: nn.Module
    loss: GANLoss
    rng: torch.Generator
    penalties: Sequence[Penalty] = ()
    learning_rates: tuple[float, float] = (1e-3, 1e-3)
    betas: tuple[float, float] = (0.5, 0.999)
    schedule: Callable[[int], float] | None = None
    ema: float | None = None
    instance_noise: float | Callable[[int], float] = 0.0
    pack: int = 1
    unroll: Unroll | None = None
    bf16: bool = False
    group: Group | None = None
    device: str = "cpu"
    step: int = field(default=0, init=False)
    critic_step: int = field(default=0, init=False)

    def __post_init__(self) -> None:
        self._first_weight = next(self.generator.parameters())
        self._check()
        self._joint = not (_classes(self.discriminator) or mixes_samples(self.discriminator))
        self.latent_dim = int(self.generator.latent_dim)  # type: ignore[arg-type] - a module's own attribute
        self.classes = _classes(self.generator)
        self.generator.to(self.device)
        self.discriminator.to(self.device)
        self.sample_shape = self._probe()
        g_rate, d_rate = self.learning_rates
        self.g_optimizer = _adam(self.generator, g_rate, self.betas)
        self.d_optimizer = _adam(self.discriminator, d_rate, self.betas)
        seeds = torch.randint(2**62, (len(STREAMS),), generator=self.rng)
        self.streams = {
            name: torch.Generator().manual_seed(int(seed)) for name, seed in zip(STREAMS, seeds, strict=True)
        }
        self.average = None
        if self.ema is not None:
            self.average = MovingAverage(self.generator, self.ema)

    def _check(self) -> None:
        if not hasattr(self.generator, "latent_dim"):
            raise ValueError("`generator` must have the attribute `latent_dim`, the width of its latents")
        if any(not rate > 0 for rate in self.learning_rates):
            raise ValueError(f"`learning_rates` must be positive, got {self.learning_rates}")
        if self.ema is not None and not 0 <= self.ema < 1:
            raise ValueError(f"`ema` must be in [0, 1), got {self.ema}")
        if self.pack < 1:
            raise ValueError(f"`pack` must be at least 1, got {self.pack}")
        if self.noise_level < 0:
            raise ValueError(f"`instance_noise` must be at least 0, got {self.noise_level}")
        dtypes = {
            parameter.dtype for net in (self.generator, self.discriminator) for parameter in net.parameters()
        }
        if len(dtypes) != 1:
            raise ValueError(
                f"`generator` and `discriminator` must have one dtype, got {sorted(map(str, dtypes))}"
            )
        if self.bf16 and dtypes != {torch.float32}:
            raise ValueError(f"`bf16` needs networks in float32, got {dtypes.pop()}")
        classes = _classes(self.generator), _classes(self.discriminator)
        if classes[0] != classes[1]:
            raise ValueError(
                f"`generator` and `discriminator` must know the same number of classes, got {classes}"
            )
        if classes[0] and self.pack > 1:
            raise ValueError("`pack` must be 1 where the networks are conditional: a pack has no one label")
        for penalty in self.penalties:
            refuse_batch_norm(self.discriminator, penalty=penalty.function.__name__)
        if self.group:
            self._check_shared()

    def _check_shared(self) -> None:
        if self.unroll:
            raise ValueError(
                "`unroll` must be None where processes share a batch: the steps ahead need all of it"
            )
        if self.loss.whole_batch:
            raise ValueError(
                f"`loss` must not be {self.loss.name} where processes share a batch: it needs all of its "
                "scores; use a loss that is a mean over samples, or one process"
            )
        for network in (self.generator, self.discriminator):
            refuse_batch_norm(network, penalty="a batch shared between processes")

    def _probe(self) -> tuple[int, ...]:
        """The shape of one sample, after one run of both networks on 2 x `pack` samples."""
        latents = torch.zeros(2 * self.pack, self.latent_dim, device=self.device, dtype=self.dtype)
        labels = None
        if self.classes:
            labels = torch.zeros(len(latents), dtype=torch.long, device=self.device)
        fake = sample(self.generator, latents, labels)
        scores = sample(self.discriminator, pack(fake, self.pack), labels)
        if scores.shape != (2,):
            raise ValueError(
                "`discriminator` must return raw scores of shape (N,), got "
                f"{tuple(scores.shape)} for N = 2 samples of shape {tuple(fake.shape[1:])}"
            )
        return tuple(fake.shape[1:])

    @property
    def dtype(self) -> torch.dtype:
        """The floating-point type of both networks."""
        return self._first_weight.dtype

    @property
    def noise_level(self) -> float:
        """The standard deviation of the instance noise at the present step."""
        level = self.instance_noise
        return level(self.step) if callable(level) else level

    @property
    def rules(self) -> Rules:
        """The objectives of the next steps, with the penalties that the next discriminator step applies."""
        due = tuple(penalty for penalty in self.penalties if self.critic_step % penalty.every == 0)
        return Rules(self.loss, due, self.pack, self.unroll, self.bf16, self._joint)

    def sample(self, count: int, rng: torch.Generator, *, labels: Tensor | None = None) -> Tensor:
        """`count` samples of the averaged generator where there is one, else of the generator itself.

        `labels`: (count,) the classes of a conditional generator's samples, each in turn when not given.
        Returns (count, ...). Raises `ValueError` where `count` is not positive.
        """
        if count < 1:
            raise ValueError(f"`count` must be at least 1, got {count}")
        latents = _normal((count, self.latent_dim), rng, self)
        if self.classes and labels is None:
            labels = torch.arange(count, device=self.device) % self.classes
        return sample(self.average.module if self.average else self.generator, latents, labels)

    def state(self) -> dict[str, Tensor]:
        """Everything that the next steps depend on, as named tensors: weights, optimizers, streams, steps."""
        tensors = {f"streams.{name}": stream.get_state() for name, stream in self.streams.items()}
        tensors |= {"steps": torch.tensor([self.step, self.critic_step])}
        for name, module in self._modules():
            tensors |= {f"{name}.{path}": value for path, value in module.state_dict().items()}
        for name, optimizer in self._optimizers():
            for index, slots in optimizer.state_dict()["state"].items():
                tensors |= {f"{name}.{index}.{slot}": value for slot, value in slots.items()}
        return tensors

    def load_state(self, tensors: dict[str, Tensor]) -> None:
        """None; the game goes on from `tensors` as if there had been no interruption.

        Raises `ValueError` where they belong to other networks or settings; nothing is changed then.
        """
        groups = _grouped(tensors)
        for name, module in self._modules():
            _check_fit(name, module.state_dict(), groups.get(name, {}))
        for name, module in self._modules():
            module.load_state_dict(groups[name])
        for name, optimizer in self._optimizers():
            slots: dict[int, dict[str, Tensor]] = {}
            for path, value in groups.get(name, {}).items():
                index, slot = path.split(".", 1)
                slots.setdefault(int(index), {})[slot] = value
            optimizer.load_state_dict(optimizer.state_dict() | {"state": slots})
        for name, stream in self.streams.items():
            stream.set_state(groups["streams"][name])
        self.step, self.critic_step = tensors["steps"].tolist()

    def _modules(self) -> list[tuple[str, nn.Module]]:
        modules = [
            ("generator", self.generator),
            ("discriminator", self.discriminator),
            ("average", self.average),
        ]
        return [(name, module) for name, module in modules if module is not None]

    def _optimizers(self) -> list[tuple[str, torch.optim.Optimizer]]:
        return [("g_optimizer", self.g_optimizer), ("d_optimizer", self.d_optimizer)]


def draw_for_discriminator(gan: GAN, batches: Batches) -> Draw:
    """The draw of the next discriminator step: real samples, latents, and what its penalties want.

    Raises `ValueError` where the batch size is no multiple of `gan.pack`.

    >>> from ganlab.experiments import EXPERIMENTS, build
    >>> gan, batches, _ = build(EXPERIMENTS["ring"])
    >>> drawn = draw_for_discriminator(gan, batches)
    >>> drawn.real.shape, drawn.latents.shape
    (torch.Size([256, 2]), torch.Size([256, 2]))
    """
    real, labels = _real(gan, batches)
    drawn = Draw(real, _latents(gan, batches, "d"), _mixes(gan, real), _noise(gan, batches, "d"), labels)
    return _share(gan, drawn)


def draw_for_generator(gan: GAN, batches: Batches) -> Draw:
    """The draw of the next generator step: fresh latents, and real samples where they are looked at.

    They are looked at by the losses that compare, by an unrolled discriminator, and for their labels.

    Raises `ValueError` where the batch size is no multiple of `gan.pack`.

    >>> from ganlab.experiments import EXPERIMENTS, build
    >>> gan, batches, _ = build(EXPERIMENTS["ring"])
    >>> draw_for_generator(gan, batches).real is None  # this loss does not look at real samples
    True
    """
    real, labels, mixes = None, None, ()
    if gan.loss.relativistic or gan.unroll or gan.classes:
        real, labels = _real(gan, batches)
        mixes = _mixes(gan, real) if gan.unroll else ()
    return _share(gan, Draw(real, _latents(gan, batches, "g"), mixes, _noise(gan, batches, "g"), labels))


def pack(x: Tensor, count: int) -> Tensor:
    """Groups of `count` samples, joined along the first axis behind the batch.

    `x`: (N, C, ...) with N a multiple of `count`; returns (N / count, count * C, ...).
    Source: Lin et al. 2018, section 3 [lin2018].

    >>> pack(torch.arange(8).reshape(4, 2), 2).tolist()
    [[0, 1, 2, 3], [4, 5, 6, 7]]
    """
    return x if count == 1 else x.reshape(x.shape[0] // count, count * x.shape[1], *x.shape[2:])


@torch.no_grad()
def sample(generator: nn.Module, latents: Tensor, labels: Tensor | None = None) -> Tensor:
    """What `generator` makes of `latents`, in evaluation mode: no graph is built and no buffer moves.

    `latents`: (N, latent_dim); `labels`: (N,) for a conditional one. Returns (N, ...). The generator is left
    in the mode it was in.

    >>> sample(nn.Linear(3, 2), torch.zeros(5, 3)).shape
    torch.Size([5, 2])
    """
    modes = [(module, module.training) for module in generator.modules()]
    generator.eval()
    try:
        return generator(latents) if labels is None else generator(latents, labels)
    finally:
        for module, mode in modes:
            module.training = mode


def _adam(module: nn.Module, rate: float, betas: tuple[float, float]) -> torch.optim.Adam:
    return torch.optim.Adam(module.parameters(), lr=rate, betas=betas, fused=True)


def _normal(shape: tuple[int, ...], rng: torch.Generator, gan: GAN) -> Tensor:
    return torch.randn(shape, generator=rng, dtype=gan.dtype).to(gan.device)


def _latents(gan: GAN, batches: Batches, player: str) -> Tensor:
    return _normal((batches.batch_size, gan.latent_dim), gan.streams[f"{player}_latents"], gan)


def _noise(gan: GAN, batches: Batches, player: str) -> Tensor | None:
    if not gan.noise_level:
        return None
    shape = (2, batches.batch_size, *gan.sample_shape)
    return gan.noise_level * _normal(shape, gan.streams[f"{player}_noise"], gan)


def _real(gan: GAN, batches: Batches) -> tuple[Tensor, Tensor | None]:
    """The next real samples and, where the networks want them, their labels."""
    drawn = next(batches)
    real, labels = drawn if isinstance(drawn, tuple) else (drawn, None)
    if real.shape[1:] != gan.sample_shape:
        raise ValueError(
            f"real samples must have the shape of generated ones, {gan.sample_shape}, "
            f"got {tuple(real.shape[1:])}"
        )
    if real.shape[0] % gan.pack:
        raise ValueError(f"the batch size must be a multiple of `pack` = {gan.pack}, got {real.shape[0]}")
    real = real.to(gan.device, gan.dtype)
    if not gan.classes:
        return real, None
    if labels is None:
        raise ValueError("conditional networks need batches with labels: `data.batches(..., labelled=True)`")
    if labels.min() < 0 or labels.max() >= gan.classes:
        raise ValueError(f"labels must be in 0 to {gan.classes - 1}, got up to {int(labels.max())}")
    return real, labels.to(gan.device)


def _mixes(gan: GAN, real: Tensor) -> tuple[Tensor | None, ...]:
    packed = pack(real, gan.pack)
    return tuple(sample_mix(rule.function, packed, rng=gan.streams["mix"]) for rule in gan.rules.penalties)


def _share(gan: GAN, drawn: Draw) -> Draw:
    """The part of a draw that this process works on: all of it where it works alone."""
    if gan.group is None:
        return drawn
    part = partial(_part, gan.group, gan.pack)
    noise = None if drawn.noise is None else part(drawn.noise.transpose(0, 1)).transpose(0, 1)
    mixes = tuple(None if mix is None else gan.group.part(mix) for mix in drawn.mixes)
    return Draw(part(drawn.real), part(drawn.latents), mixes, noise, part(drawn.labels))


def _part(group: Group, multiple: int, x: Any) -> Any:
    return None if x is None else group.part(x, multiple=multiple)


def _classes(network: nn.Module) -> int | None:
    return getattr(network, "classes", None)


def _grouped(tensors: dict[str, Tensor]) -> dict[str, dict[str, Tensor]]:
    """The tensors by the first part of their names: {"generator": {"layers.0.weight": ...}, ...}."""
    groups: dict[str, dict[str, Tensor]] = {}
    for name, tensor in tensors.items():
        group, _, path = name.partition(".")
        groups.setdefault(group, {})[path] = tensor
    return groups


def _check_fit(name: str, wanted: dict[str, Tensor], got: dict[str, Tensor]) -> None:
    if wanted.keys() != got.keys():
        odd = sorted(wanted.keys() ^ got.keys())[0]
        raise ValueError(f"the stored state does not fit the {name}: `{odd}` is in only one of them")
    for path, tensor in wanted.items():
        if tensor.shape != got[path].shape:
            raise ValueError(
                f"the stored state does not fit the {name}: `{path}` must be of shape {tuple(tensor.shape)}, "
                f"got {tuple(got[path].shape)}"
            )
