"""The state of a game between two networks: what a training step reads and what it changes.

All randomness of a step is drawn before it, on the CPU, from one stream a purpose, and then moved to the
networks' device (a `Draw`). A run can therefore be stopped and resumed, repeated on another device, stacked
over seeds or shared between processes, and still see the same numbers.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

import torch
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from ganlab.losses import GANLoss
from ganlab.regularizers import refuse_batch_norm, sample_mix

__all__ = [
    "GAN",
    "Batches",
    "Draw",
    "Penalty",
    "Rules",
    "draw_for_discriminator",
    "draw_for_generator",
    "pack",
    "sample",
]

STREAMS = ("d_latents", "g_latents", "mix", "d_noise", "g_noise")


class Batches(Protocol):
    """An endless source of real batches (batch_size, ...), whose place in the data can be stored."""

    batch_size: int

    def __next__(self) -> Tensor: ...
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


class Rules(NamedTuple):
    """What the two objectives are, at one step: the loss, the penalties that are due, and the packing."""

    loss: GANLoss
    penalties: tuple[Penalty, ...] = ()
    pack: int = 1


class Draw(NamedTuple):
    """All the randomness of one step, already on the device of the networks.

    `real`: (N, ...) real samples, None where the generator's loss does not look at them. `latents`:
    (N, latent_dim). `mixes`: for each penalty of this step its random numbers. `noise`: (2, N, ...) instance
    noise for the real and the generated samples, None without.
    """

    real: Tensor | None
    latents: Tensor
    mixes: tuple[Tensor | None, ...] = ()
    noise: Tensor | None = None


@dataclass
class GAN:
    """Two networks, their loss, their optimizers and their random streams: all that a step changes.

    `generator`: maps latents (N, latent_dim) to samples, and has the attribute `latent_dim`.
    `discriminator`: maps samples to raw scores (N,). `rng`: seeds one random stream a purpose, and is not
    read again. `learning_rates`: of the generator and of the discriminator. `betas`: of both Adams.
    `schedule`: factor on both learning rates as a function of the generator step, counted from 0. `ema`:
    decay of the moving average of the generator's parameters and buffers, None for none. `instance_noise`:
    standard deviation of Gaussian noise on what the discriminator sees, a number or a function of the
    generator step. `pack`: how many samples the discriminator judges together; they are joined along the
    first axis behind the batch.

    `step` counts generator steps and `critic_step` discriminator steps.

    Raises `ValueError` where a setting is out of range, where the networks are of unlike dtypes, where the
    discriminator does not return (N,) scores for what the generator makes, or where a penalty meets batch
    normalisation in the discriminator.

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
    device: str = "cpu"
    step: int = field(default=0, init=False)
    critic_step: int = field(default=0, init=False)

    def __post_init__(self) -> None:
        self._check()
        self.latent_dim = int(self.generator.latent_dim)  # type: ignore[arg-type] - a module's own attribute
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
            average = get_ema_multi_avg_fn(self.ema)
            self.average = AveragedModel(self.generator, multi_avg_fn=average, use_buffers=True)

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
        for penalty in self.penalties:
            refuse_batch_norm(self.discriminator, penalty=penalty.function.__name__)

    def _probe(self) -> tuple[int, ...]:
        """The shape of one sample, after one run of both networks on 2 x `pack` samples."""
        latents = torch.zeros(2 * self.pack, self.latent_dim, device=self.device, dtype=self.dtype)
        fake = sample(self.generator, latents)
        scores = sample(self.discriminator, pack(fake, self.pack))
        if scores.shape != (2,):
            raise ValueError(
                "`discriminator` must return raw scores of shape (N,), got "
                f"{tuple(scores.shape)} for N = 2 samples of shape {tuple(fake.shape[1:])}"
            )
        return tuple(fake.shape[1:])

    @property
    def dtype(self) -> torch.dtype:
        """The floating-point type of both networks."""
        return next(self.generator.parameters()).dtype

    @property
    def noise_level(self) -> float:
        """The standard deviation of the instance noise at the present step."""
        level = self.instance_noise
        return level(self.step) if callable(level) else level

    @property
    def rules(self) -> Rules:
        """The objectives of the next steps, with the penalties that the next discriminator step applies."""
        due = tuple(penalty for penalty in self.penalties if self.critic_step % penalty.every == 0)
        return Rules(self.loss, due, self.pack)

    def sample(self, count: int, rng: torch.Generator) -> Tensor:
        """`count` samples of the averaged generator where there is one, else of the generator itself.

        Returns (count, ...). Raises `ValueError` where `count` is not positive.
        """
        if count < 1:
            raise ValueError(f"`count` must be at least 1, got {count}")
        latents = _normal((count, self.latent_dim), rng, self)
        return sample(self.average.module if self.average else self.generator, latents)

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
    real = _real(gan, batches)
    packed = pack(real, gan.pack)
    mixes = tuple(sample_mix(rule.function, packed, rng=gan.streams["mix"]) for rule in gan.rules.penalties)
    return Draw(real, _latents(gan, batches, "d"), mixes, _noise(gan, batches, "d"))


def draw_for_generator(gan: GAN, batches: Batches) -> Draw:
    """The draw of the next generator step: fresh latents, and real samples for the losses that compare.

    Raises `ValueError` where the batch size is no multiple of `gan.pack`.

    >>> from ganlab.experiments import EXPERIMENTS, build
    >>> gan, batches, _ = build(EXPERIMENTS["ring"])
    >>> draw_for_generator(gan, batches).real is None  # this loss does not look at real samples
    True
    """
    real = _real(gan, batches) if gan.loss.relativistic else None
    return Draw(real, _latents(gan, batches, "g"), (), _noise(gan, batches, "g"))


def pack(x: Tensor, count: int) -> Tensor:
    """Groups of `count` samples, joined along the first axis behind the batch.

    `x`: (N, C, ...) with N a multiple of `count`; returns (N / count, count * C, ...).
    Source: Lin et al. 2018, section 3 [lin2018].

    >>> pack(torch.arange(8).reshape(4, 2), 2).tolist()
    [[0, 1, 2, 3], [4, 5, 6, 7]]
    """
    return x if count == 1 else x.reshape(x.shape[0] // count, count * x.shape[1], *x.shape[2:])


@torch.no_grad()
def sample(generator: nn.Module, latents: Tensor) -> Tensor:
    """What `generator` makes of `latents`, in evaluation mode: no graph is built and no buffer moves.

    `latents`: (N, latent_dim); returns (N, ...). The generator is left in the mode it was in.

    >>> sample(nn.Linear(3, 2), torch.zeros(5, 3)).shape
    torch.Size([5, 2])
    """
    modes = [(module, module.training) for module in generator.modules()]
    generator.eval()
    try:
        return generator(latents)
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


def _real(gan: GAN, batches: Batches) -> Tensor:
    real = next(batches)
    if real.shape[1:] != gan.sample_shape:
        raise ValueError(
            f"real samples must have the shape of generated ones, {gan.sample_shape}, "
            f"got {tuple(real.shape[1:])}"
        )
    if real.shape[0] % gan.pack:
        raise ValueError(f"the batch size must be a multiple of `pack` = {gan.pack}, got {real.shape[0]}")
    return real.to(gan.device, gan.dtype)


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
