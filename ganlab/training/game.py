"""A GAN: two players, their loss, and the random numbers that each of their steps reads.

All randomness of a step is drawn before it, on the CPU, from one stream a purpose, and then moved to the
networks' device (a `Draw`). A run can therefore be stopped and resumed, repeated on another device, stacked
over seeds or shared between processes, and still see the same numbers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from ganlab.losses import GANLoss
from ganlab.regularizers import sample_mix
from ganlab.training import states
from ganlab.training.augmentations import check_policy, numbers_of
from ganlab.training.averages import MovingAverage, with_statistics_of
from ganlab.training.demands import (
    check_average,
    check_kinds,
    check_numbers,
    check_pair,
    check_styling,
    classes_of,
    made_of,
)
from ganlab.training.distributed import Group
from ganlab.training.guesses import guessing_weight
from ganlab.training.objectives import discriminators_turn, generators_turn
from ganlab.training.optimizers import Optimizer, adam
from ganlab.training.players import Batches, Player, Turn
from ganlab.training.probes import (
    couples_samples,
    refuse_coupling,
    refuse_own_randomness,
    refuse_without_second_derivative,
)
from ganlab.training.rules import Draw, Penalty, Rules, pack
from ganlab.training.scores import check_scores
from ganlab.training.shares import cut, parts_of, refuse_uncuttable
from ganlab.training.unrolling import Unroll

__all__ = ["GAN", "draw_for_discriminator", "draw_for_generator", "maps", "sample"]

STREAMS = ("d_latents", "g_latents", "mix", "d_noise", "g_noise")
AUGMENTING = ("d_augment", "g_augment")  # only where it is done, so that older runs have all of theirs
STYLING = ("d_mixing", "g_mixing"), ("d_maps", "g_maps")
_FITTED = 100  # latents in each batch from which statistics are estimated
_FITTING = 0x57A715  # the seed of those latents


class GAN:
    """Two players, their loss and their random streams: all that a step changes.

    `generator`: maps latents (N, latent_dim) to samples, and has the attribute `latent_dim`. `discriminator`:
    maps samples to raw scores (N,). `loss`: the pair of losses, one of `ganlab.losses`. `rng`: seeds one
    random stream a purpose, and is not read again. `penalties`: what is added to the loss of the
    discriminator, each a `Penalty`: one of `ganlab.regularizers` and its weight. `learning_rates`: of the
    generator and of the discriminator. `optimizer`: the rule of both, Adam with `betas` unless given.
    `schedule`: factor on both rates as a function of the generator step, counted from 0. `ema`: decay of the
    generator's `MovingAverage`, None for none. `ema_batches`: from how many batches of latents the batch
    norms of the average are estimated anew where it is sampled from, 0 for the average of their statistics;
    see `shown`. `clip`: the weights of the discriminator are kept in [-clip, clip], None for no bound.
    `instance_noise`: standard deviation of Gaussian noise on what the discriminator sees, a number or a
    function of the generator step. `pack`: how many samples the discriminator judges together; they are
    joined along the first axis behind the batch. `augment`: names in
    `ganlab.training.augmentations.AUGMENTATIONS`, of what is done to all images that the discriminator sees,
    real and generated, in both players' steps; penalties are taken at what it sees. `unroll`: how far ahead
    the generator sees the discriminator. `bf16`: run the networks in bfloat16, by autocast, with losses,
    penalties and weights in float32; it saves time where the processor multiplies bfloat16 faster than
    float32 (`make benchmarks` prints how much faster). `accumulate`: in how many equal parts of the batch,
    one after the other, the gradient of a step is taken; it is that of the whole batch, and only one part is
    in memory at a time. `group`: the processes that share each batch, see `ganlab.training.distributed`.
    `device`: where the networks are moved to, and compute.

    Of generators with styles for their layers, `LayeredGenerator`: `mixing` is the probability with which a
    sample in training has the styles of two latents, one before and one from a layer on that is drawn among
    all; where they take noise, each step draws it. `growth`: the level of both networks, which have to grow,
    as a function of the generator step.

    Networks with the attribute `classes` are conditional: they are called with labels, which the batches give
    along with the samples. Where the discriminator guesses the classes, as it says by `classifies`,
    `class_weight` is the weight of that loss for both players; see `ganlab.training.guesses`.

    `step` counts generator steps and `critic_step` discriminator steps; `players` holds both players.

    Raises `TypeError` where the loss, the stream or the penalties are something else, such as their names,
    and `ValueError` where a setting is out of range, where the networks are of unlike dtypes or classes,
    where the discriminator does not return (N,) scores for what the generator makes, where a network draws
    random numbers of its own, where a penalty meets a discriminator that lets the samples of a batch see each
    other or has no second derivative (see `ganlab.training.probes`), or where processes that share a batch,
    or a batch in parts, would not do what one does with the whole: under the relativistic average loss, an
    unrolled discriminator, and layers that mix the samples of a batch; in parts also under spectral
    normalisation, whose vectors move at each pass.

    Source: Goodfellow et al. 2014, algorithm 1 [goodfellow2014]; Kingma & Ba 2015 [kingma2015]; instance
    noise, Sonderby et al. 2017 [sonderby2017]; packing, Lin et al. 2018 [lin2018].

    >>> from ganlab.losses import hinge
    >>> from ganlab.networks import mlp_discriminator, mlp_generator
    >>> rng = torch.Generator().manual_seed(0)
    >>> gan = GAN(mlp_generator(4, (2,), rng=rng), mlp_discriminator((2,), rng=rng), hinge, rng)
    >>> gan.sample(5, rng).shape
    torch.Size([5, 2])
    """

    def __init__(
        self,
        generator: nn.Module,
        discriminator: nn.Module,
        loss: GANLoss,
        rng: torch.Generator,
        penalties: Sequence[Penalty] = (),
        *,
        learning_rates: tuple[float, float] = (1e-3, 1e-3),
        betas: tuple[float, float] | None = None,
        optimizer: Optimizer | None = None,
        schedule: Callable[[int], float] | None = None,
        ema: float | None = None,
        ema_batches: int = 0,
        clip: float | None = None,
        instance_noise: float | Callable[[int], float] = 0.0,
        pack: int = 1,
        augment: Sequence[str] = (),
        unroll: Unroll | None = None,
        bf16: bool = False,
        class_weight: float = 1.0,
        mixing: float = 0.0,
        growth: Callable[[int], float] | None = None,
        accumulate: int = 1,
        group: Group | None = None,
        device: str = "cpu",
    ) -> None:
        check_kinds(loss, rng, penalties)
        self.generator, self.discriminator = generator, discriminator
        self.loss, self.penalties, self.schedule = loss, penalties, schedule
        self.instance_noise = instance_noise
        self.pack, self.unroll, self.bf16, self.group, self.device = pack, unroll, bf16, group, device
        self.players: dict[str, Player] = {}
        self.accumulate = accumulate
        self.ema_batches, self.augment = ema_batches, tuple(augment)
        self.mixing, self.growth = mixing, growth
        self.class_weight = guessing_weight(discriminator, class_weight)
        self._first_weight = next(generator.parameters())
        check_numbers(learning_rates, ema, clip)
        check_average(generator, ema, ema_batches)
        self._check()
        self.latent_dim = int(generator.latent_dim)  # type: ignore[arg-type] - a module's own attribute
        self._places: int = getattr(generator, "noise_places", 0)
        self.classes = classes_of(generator)
        generator.to(device)
        discriminator.to(device)
        self.sample_shape = self._probe()
        check_policy(self.augment, self.sample_shape)
        self._joint = not (self._refuse_unfit() or self.classes)
        if optimizer and betas:
            raise ValueError(f"`betas` must be left out beside `optimizer`, which has its own, got {betas}")
        rule = optimizer or adam(betas or (0.5, 0.999))
        self.players["generator"] = Player(generator, rule, ema, learning_rates[0])
        self.players["discriminator"] = Player(discriminator, rule, None, learning_rates[1], bound=clip)
        purposes = STREAMS + (AUGMENTING if self.augment else ())
        purposes += (STYLING[0] if mixing else ()) + (STYLING[1] if self._places else ())
        seeds = torch.randint(2**62, (len(purposes),), generator=rng)
        self.streams = {
            name: torch.Generator().manual_seed(int(seed)) for name, seed in zip(purposes, seeds, strict=True)
        }

    def _check(self) -> None:
        if not hasattr(self.generator, "latent_dim"):
            raise ValueError("`generator` must have the attribute `latent_dim`, the width of its latents")
        if self.pack < 1:
            raise ValueError(f"`pack` must be at least 1, got {self.pack}")
        if not self.noise_level >= 0:
            raise ValueError(f"`instance_noise` must be at least 0, got {self.noise_level}")
        check_styling(self)
        check_pair(self.generator, self.discriminator, pack=self.pack, bf16=self.bf16)
        if self.unroll and not all(weight.requires_grad for weight in self.discriminator.parameters()):
            raise ValueError("`unroll` moves every weight: each parameter of D must ask for a gradient")
        if self.unroll and (self.group or self.accumulate > 1):
            where = "processes share a batch" if self.group else "a batch is taken in parts, `accumulate`"
            raise ValueError(f"`unroll` must be None where {where}: the steps ahead need all of it")

    def _probe(self) -> tuple[int, ...]:
        """The shape of one sample, after one run of both networks on 2 x `pack` samples."""
        latents = torch.zeros(2 * self.pack, self.latent_dim, device=self.device, dtype=self.dtype)
        labels = None
        if self.classes:
            labels = torch.zeros(len(latents), dtype=torch.long, device=self.device)
        fake = sample(self.generator, latents, labels)
        seen = pack(fake, self.pack)
        scores = sample(self.discriminator, seen, labels)
        if scores.shape != (2,):
            raise ValueError(
                "`discriminator` must return raw scores of shape (N,), got "
                f"{tuple(scores.shape)} for N = 2 samples of shape {tuple(fake.shape[1:])}"
            )
        check_scores(self.discriminator, self.loss, tuple(seen.shape[1:]), labels)
        return tuple(fake.shape[1:])

    def _refuse_unfit(self) -> bool:
        """Whether the discriminator lets samples see each other, once what no game can allow is refused."""
        rng, count = torch.Generator().manual_seed(0), 4 * self.pack
        labels = (torch.zeros(count, dtype=torch.long, device=self.device),) if self.classes else ()
        latents = _normal((count, self.latent_dim), rng, self), *labels
        samples = pack(_normal((count, *self.sample_shape), rng, self), self.pack), *labels
        refuse_own_randomness(self.generator, *latents, name="generator")
        refuse_own_randomness(self.discriminator, *samples, name="discriminator")
        networks = (self.generator, latents), (self.discriminator, samples)
        refuse_uncuttable(self.loss, networks, group=self.group, accumulate=self.accumulate)
        penalties = [penalty.function for penalty in self.penalties]
        for penalty in penalties:
            refuse_coupling(self.discriminator, *samples, penalty=penalty.name)
        refuse_without_second_derivative(self.discriminator, *samples, penalties=penalties)
        return couples_samples(self.discriminator, *samples)

    @property
    def step(self) -> int:
        """The number of generator steps taken."""
        return self.players["generator"].taken if self.players else 0

    @step.setter
    def step(self, taken: int) -> None:
        self.players["generator"].taken = taken

    @property
    def critic_step(self) -> int:
        """The number of discriminator steps taken."""
        return self.players["discriminator"].taken

    @critic_step.setter
    def critic_step(self, taken: int) -> None:
        self.players["discriminator"].taken = taken

    @property
    def learning_rates(self) -> tuple[float, float]:
        """The learning rates of the generator and of the discriminator; they can be set between steps."""
        return self.players["generator"].rate, self.players["discriminator"].rate

    @learning_rates.setter
    def learning_rates(self, rates: tuple[float, float]) -> None:
        check_numbers(rates, None, None)
        self.players["generator"].rate, self.players["discriminator"].rate = rates

    @property
    def g_optimizer(self) -> torch.optim.Optimizer:
        """PyTorch's optimizer of the generator; it can be replaced."""
        return self.players["generator"].stepper

    @g_optimizer.setter
    def g_optimizer(self, stepper: torch.optim.Optimizer) -> None:
        self.players["generator"].stepper = stepper

    @property
    def d_optimizer(self) -> torch.optim.Optimizer:
        """PyTorch's optimizer of the discriminator; it can be replaced."""
        return self.players["discriminator"].stepper

    @d_optimizer.setter
    def d_optimizer(self, stepper: torch.optim.Optimizer) -> None:
        self.players["discriminator"].stepper = stepper

    @property
    def average(self) -> MovingAverage | None:
        """The moving average of the generator, None where none is kept."""
        return self.players["generator"].averaged

    @property
    def shown(self) -> nn.Module:
        """The network to sample from: the averaged generator where there is one, else the generator.

        With `ema_batches` it is a copy of the averaged generator, made anew each time, whose batch norms have
        the statistics of so many batches of 100 latents, of all classes in turn. The latents are always the
        same, from a stream of their own: what is shown depends on the averaged weights alone. No step and no
        checkpoint knows of it, so that a run goes on as it would have without.
        """
        if self.average is None:
            return self.generator
        if not self.ema_batches:
            return self.average.module
        rng = torch.Generator().manual_seed(_FITTING)
        batches = (_inputs(self, _FITTED, rng) for _ in range(self.ema_batches))
        return with_statistics_of(self.average.module, batches)

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
        seen = self.pack, self.unroll, self.bf16, self._joint, self.augment
        return Rules(self.loss, due, *seen, self.class_weight)

    def turns(self, n_critic: int) -> Iterator[Turn]:
        """The turns of the next step: `n_critic` of the discriminator, then one of the generator."""
        if self.growth is not None:
            for network in (self.generator, self.discriminator):
                network.get_buffer("level").fill_(self.growth(self.step))
        for _ in range(n_critic):
            yield self.turn("discriminator")
        yield self.turn("generator")

    def turn(self, mover: str) -> Turn:
        """The next turn of one player, `generator` or `discriminator`."""
        draw, objective = _TURNS[mover]
        parts = self._parts if self.accumulate > 1 else None
        return Turn((mover,), draw, objective, self.rules, f"{self.loss.name} loss", parts)

    def _parts(self, drawn: Draw) -> list[Draw]:
        """The draws of the parts in which a batch is taken."""
        groups = parts_of(len(drawn.latents), self.accumulate, multiple=self.pack)
        return [cut(drawn, group, self.pack) for group in groups]

    def settings(self) -> dict[str, Any]:
        """By name, the settings in which a game and a stored one must agree."""
        generator, discriminator = self.players.values()
        return {
            "loss": self.loss.name,
            "penalties": [(each.function.__name__, each.weight, each.every) for each in self.penalties],
            "optimizer": (generator.optimizer.name, generator.optimizer.settings),
            "ema": generator.average,
            "clip": discriminator.bound,
            "pack": self.pack,
            "unroll": (self.unroll.steps, self.unroll.rate) if self.unroll else None,
            "augment": self.augment or None,
            "class_weight": self.class_weight or None,
            "mixing": self.mixing or None,
        }

    def alike(self) -> dict[str, Any]:
        """By name, the settings in which the games of one ensemble must agree: no weight of a penalty."""
        kinds = [(made_of(each.function), each.every) for each in self.penalties]
        return self.settings() | {"loss": made_of(self.loss), "penalties": kinds}

    def sample(self, count: int, rng: torch.Generator, *, labels: Tensor | None = None) -> Tensor:
        """`count` samples of the averaged generator where there is one, else of the generator itself.

        `labels`: (count,) the classes of a conditional generator's samples, each in turn when not given.
        Returns (count, ...). Raises `ValueError` where `count` is not positive.
        """
        if count < 1:
            raise ValueError(f"`count` must be at least 1, got {count}")
        latents, *given = _inputs(self, count, rng)
        asked = given[0] if given and labels is None else labels
        return sample(self.shown, latents, asked, maps(self, count, rng))

    def state(self) -> dict[str, Tensor]:
        """Everything that the next steps depend on, as named tensors; see `ganlab.training.states`."""
        return states.state(self)

    def load_state(self, tensors: dict[str, Tensor]) -> None:
        """Let the game go on from `tensors` as if there had been no interruption.

        Raises `ValueError` naming what does not fit where they belong to other networks or settings; nothing
        is changed then.
        """
        states.load_state(self, tensors)


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
    latents, noise = _latents(gan, batches, "d"), _noise(gan, batches, "d")
    numbers, styling = _numbers(gan, batches, "d"), _styling(gan, batches, "d")
    return _share(gan, Draw(real, latents, _mixes(gan, real), noise, labels, _weights(gan), numbers, styling))


def draw_for_generator(gan: GAN, batches: Batches) -> Draw:
    """The draw of the next generator step: fresh latents, and real samples where they are looked at.

    They are looked at by the losses that compare, by an unrolled discriminator, and for their labels.

    Raises `ValueError` where the batch size is no multiple of `gan.pack`.

    >>> from ganlab.experiments import EXPERIMENTS, build
    >>> gan, batches, _ = build(EXPERIMENTS["ring"])
    >>> draw_for_generator(gan, batches).real is None  # this loss does not look at real samples
    True
    """
    real, labels, mixes, weights = None, None, (), ()
    if gan.loss.relativistic or gan.unroll or gan.classes:
        real, labels = _real(gan, batches)
        mixes, weights = (_mixes(gan, real), _weights(gan)) if gan.unroll else ((), ())
    latents, noise = _latents(gan, batches, "g"), _noise(gan, batches, "g")
    numbers, styling = _numbers(gan, batches, "g"), _styling(gan, batches, "g")
    return _share(gan, Draw(real, latents, mixes, noise, labels, weights, numbers, styling))


_TURNS = {
    "discriminator": (draw_for_discriminator, discriminators_turn),
    "generator": (draw_for_generator, generators_turn),
}


@torch.no_grad()
def sample(
    generator: nn.Module, latents: Tensor, labels: Tensor | None = None, noise: Tensor | None = None
) -> Tensor:
    """What `generator` makes of `latents`, in evaluation mode: no graph is built and no buffer moves.

    `latents`: (N, latent_dim); `labels`: (N,) for a conditional one; `noise`: (N, P) for one whose layers
    take some, see `maps`. Returns (N, ...). The generator is left in the mode it was in.

    >>> sample(nn.Linear(3, 2), torch.zeros(5, 3)).shape
    torch.Size([5, 2])
    """
    modes = [(module, module.training) for module in generator.modules()]
    generator.eval()
    try:
        given = [given for given in (labels, noise) if given is not None]
        return generator(latents, *given)
    finally:
        for module, mode in modes:
            module.training = mode


def _inputs(gan: GAN, count: int, rng: torch.Generator) -> tuple[Tensor, ...]:
    """What the generator is called with for `count` samples: latents, and each class in turn."""
    latents = _normal((count, gan.latent_dim), rng, gan)
    return (latents, torch.arange(count, device=gan.device) % gan.classes) if gan.classes else (latents,)


def maps(gan: GAN, count: int, rng: torch.Generator) -> Tensor | None:
    """The noise (count, P) of the layers of a generator, drawn from `rng`; None where it takes none.

    >>> from ganlab.experiments import EXPERIMENTS, build_game
    >>> maps(build_game(EXPERIMENTS["ring"]), 5, torch.Generator()) is None
    True
    """
    return _normal((count, gan._places), rng, gan) if gan._places else None


def _normal(shape: tuple[int, ...], rng: torch.Generator, gan: GAN) -> Tensor:
    return torch.randn(shape, generator=rng, dtype=gan.dtype).to(gan.device)


def _latents(gan: GAN, batches: Batches, player: str) -> Tensor:
    return _normal((batches.batch_size, gan.latent_dim), gan.streams[f"{player}_latents"], gan)


def _noise(gan: GAN, batches: Batches, player: str) -> Tensor | None:
    if not gan.noise_level:
        return None
    shape = (2, batches.batch_size, *gan.sample_shape)
    return gan.noise_level * _normal(shape, gan.streams[f"{player}_noise"], gan)


def _numbers(gan: GAN, batches: Batches, player: str) -> Tensor | None:
    """The numbers by which real and generated images are changed, (2, N, K) uniform on [0, 1)."""
    if not gan.augment:
        return None
    shape = (2, batches.batch_size, numbers_of(gan.augment))
    return torch.rand(shape, generator=gan.streams[f"{player}_augment"], dtype=gan.dtype).to(gan.device)


def _styling(gan: GAN, batches: Batches, player: str) -> tuple[Tensor | None, ...]:
    """The noise of the layers, the second latents, and from which layer on these count; () without both."""
    noise, second, cut, count = None, None, None, batches.batch_size
    if gan._places:
        noise = _normal((count, gan._places), gan.streams[f"{player}_maps"], gan)
    if gan.mixing:
        stream = gan.streams[f"{player}_mixing"]
        second = _normal((count, gan.latent_dim), stream, gan)
        chance = torch.rand(count, generator=stream, dtype=torch.float64)
        layers = int(gan.generator.style_layers)  # type: ignore[arg-type] - a module's own attribute
        cut = 1 + (chance / gan.mixing * (layers - 1)).floor().long()
        cut = torch.where(chance < gan.mixing, cut, layers).to(gan.device)
    return () if noise is None and second is None else (noise, second, cut)


_BRIDGE = "`ganlab.data.batches` makes one of a source, `ganlab.data.from_loader` one of a DataLoader"


def _real(gan: GAN, batches: Batches) -> tuple[Tensor, Tensor | None]:
    """The next real samples and, where the networks want them, their labels."""
    if not hasattr(batches, "__next__"):
        raise TypeError(f"`batches` must be an endless iterator, got a {type(batches).__name__}; {_BRIDGE}")
    drawn = next(batches)
    real, labels = drawn if isinstance(drawn, tuple) else (drawn, None)
    if not isinstance(real, Tensor):
        raise TypeError(f"`batches` must give tensors, got a {type(real).__name__}; {_BRIDGE}")
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
    if not gan.penalties:
        return ()
    packed = pack(real, gan.pack)
    return tuple(sample_mix(each.function, packed, rng=gan.streams["mix"]) for each in gan.rules.penalties)


def _weights(gan: GAN) -> tuple[Tensor, ...]:
    return tuple(
        torch.tensor(each.weight, dtype=gan.dtype, device=gan.device) for each in gan.rules.penalties
    )


def _share(gan: GAN, drawn: Draw) -> Draw:
    """The part of a draw that this process works on: all of it where it works alone."""
    return drawn if gan.group is None else cut(drawn, gan.group, gan.pack)
