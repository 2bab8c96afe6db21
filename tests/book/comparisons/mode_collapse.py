"""The comparing sentences of the chapter `mode_collapse`."""

CLAIMS = []
