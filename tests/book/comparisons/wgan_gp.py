"""The comparing sentences of the chapter `wgan_gp`."""

CLAIMS = []
