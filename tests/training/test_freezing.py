"""What it saves to freeze the discriminator, counted: products of matrices, by their sizes."""

from contextlib import nullcontext

import torch
from torch.utils.flop_counter import FlopCounterMode

from ganlab import losses, networks
from ganlab.training.players import frozen


def counted(context, G, D, latents):
    """The floating-point operations of a generator's step, and the bytes that it keeps beside the weights."""
    weights = {p.data_ptr() for net in (G, D) for p in net.parameters()}
    kept, flops = {}, FlopCounterMode(display=False)

    def keep(tensor):
        if tensor.data_ptr() not in weights:
            kept[tensor.data_ptr()] = tensor.nbytes
        return tensor

    with context, flops, torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
        scores = D(G(latents))
        losses.non_saturating.generator(scores, scores).backward()
    return flops.get_total_flops(), sum(kept.values())


def test_freezing_saves_a_third_of_the_work_in_the_discriminator_and_the_outputs_of_its_hidden_layers(rng):
    batch, hidden = 64, (256, 128)
    G = networks.mlp_generator(100, (1, 28, 28), width=(128, 256), rng=rng).float()
    D = networks.mlp_discriminator((1, 28, 28), width=hidden, rng=rng).float()
    latents = torch.zeros(batch, 100).float()
    (open_flops, open_bytes), (flops, size) = (
        counted(context, G, D, latents) for context in (nullcontext(), frozen(D))
    )
    forward = 2 * batch * (784 * hidden[0] + hidden[0] * hidden[1] + hidden[1])
    assert open_flops - flops == forward  # of three such: forward, to the samples, to the weights
    assert 0.1 < forward / open_flops < 0.2
    assert open_bytes - size == 4 * batch * sum(hidden)
