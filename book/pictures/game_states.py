"""Make the stored games of the chapter on dynamics: `python book/pictures/game_states.py`.

Thirty pairs of small networks, ten seeds without a cure, ten with R1 and ten with R1 and R2, after 2000
alternating steps of Adam. Rounding errors grow in so many steps, so the chapter starts from the weights in
`ganlab/assets/runs/game_states.json`. It takes about half a minute of one processor.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import softplus

from ganlab import networks
from ganlab.storage import write_atomically

ARMS = {"no cure": (0.0, 0.0), "R1": (0.1, 0.0), "R1 and R2": (0.1, 0.1)}
SEEDS, STEPS, EARLY = range(10, 20), 2000, 20
PLACE = Path(__file__).parents[2] / "ganlab" / "assets" / "runs" / "game_states.json"


def trained(steps: int = STEPS) -> Tensor:
    """The weights of all pairs after so many steps, a row a pair: those of G and then those of D."""
    torch.set_default_dtype(torch.float64)
    normal = torch.distributions.Normal(0.0, 1.0)
    cluster = normal.icdf((torch.arange(32) + 0.5) / 32)
    real = torch.cat([-1.5 + 0.3 * cluster, 1.5 + 0.3 * cluster])[:, None]
    latents = normal.icdf((torch.arange(64) + 0.5) / 64)[:, None]
    pairs = [_pair(seed) for _ in ARMS for seed in SEEDS]
    stacks = [
        [
            torch.stack([w.detach() for w in same]).requires_grad_()
            for same in zip(*(pair[i].parameters() for pair in pairs), strict=True)
        ]
        for i in (0, 1)
    ]
    weights = [torch.tensor([arm[i] for arm in ARMS.values() for _ in SEEDS]) for i in (0, 1)]
    many = (len(pairs), -1, -1)
    _train(stacks, real.expand(*many), latents.expand(*many), weights, steps)
    return torch.cat([w.detach().flatten(1) for stack in stacks for w in stack], 1)


def _pair(seed: int) -> tuple[nn.Module, nn.Module]:
    stream = torch.Generator().manual_seed(seed)
    size: dict[str, Any] = {"width": 16, "depth": 1, "activation": nn.Tanh, "rng": stream}
    generator = networks.mlp_generator(1, (1,), **size)
    return generator, networks.mlp_discriminator((1,), **size)


def _output(layers: list[Tensor], x: Tensor) -> Tensor:
    inner, shift, outer, last = layers
    x = torch.baddbmm(shift[:, None], x, inner.transpose(1, 2)).tanh()
    return torch.baddbmm(last[:, None], x, outer.transpose(1, 2))


def _train(
    stacks: list[list[Tensor]], real: Tensor, latents: Tensor, weights: list[Tensor], steps: int
) -> None:
    opt_g, opt_d = (
        torch.optim.Adam(stack, lr=rate, betas=(0.0, 0.99))
        for stack, rate in zip(stacks, (1e-3, 2e-3), strict=True)
    )
    for step in range(steps):
        if step == STEPS // 2:  # a fifth of the rates in the second half
            opt_g.param_groups[0]["lr"], opt_d.param_groups[0]["lr"] = 2e-4, 4e-4
        x = torch.cat([real, _output(stacks[0], latents).detach()], 1).requires_grad_()
        a = _output(stacks[1], x)
        (slope,) = torch.autograd.grad(a.sum(), x, create_graph=True)
        squares = slope.square().reshape(len(x), 2, 64).mean(2)
        loss = softplus(-a[:, :64]).mean((1, 2)) + softplus(a[:, 64:]).mean((1, 2))
        loss = loss + weights[0] * squares[:, 0] + weights[1] * squares[:, 1]
        _step(opt_d, stacks[1], loss)
        _step(opt_g, stacks[0], softplus(-_output(stacks[1], _output(stacks[0], latents))).mean((1, 2)))


def _step(rule: torch.optim.Optimizer, stack: list[Tensor], loss: Tensor) -> None:
    for w, g in zip(stack, torch.autograd.grad(loss.sum(), stack), strict=True):
        w.grad = g
    rule.step()


def record() -> dict[str, Any]:
    """The weights at the end, and of the first pair of each arm after twenty steps, to twelve digits."""
    run = {"command": "python book/pictures/game_states.py", "torch": torch.__version__}
    run |= {"arms": ARMS, "seeds": list(SEEDS), "steps": STEPS}
    short = [[float(f"{w:.12g}") for w in row] for row in trained(EARLY)[:: len(SEEDS)].tolist()]
    whole = [[float(f"{w:.12g}") for w in row] for row in trained().tolist()]
    return run | {"early": short, "weights": whole}


if __name__ == "__main__":
    write_atomically(PLACE, (json.dumps(record()) + "\n").encode())
