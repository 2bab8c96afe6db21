"""The comparing sentences of the chapter `optimal_discriminator`."""

from comparisons.cells import below, spans, told

TRAINED, BY_HEART = "optimal_discriminator#opt-23", "optimal_discriminator#opt-31"

CLAIMS = [
    told(
        "Over the ten seeds the correlation of the two is 0.998 or 0.999.",
        TRAINED,
        spans(0.998, 0.999, "correlation with the true logit"),
    ),
    told(
        "All ten networks certify a divergence of 0.094, as $D^{*}$ does on the same points.",
        TRAINED,
        spans(0.094, 0.094, "divergence certified"),
    ),
    told(
        "On its training points each network ends at a certificate of 0.38 to 0.49 nats.",
        BY_HEART,
        spans(0.38, 0.49, "on its training points"),
    ),
    told(
        "In the end all ten are between -2.01 and -0.37.",
        BY_HEART,
        spans(-2.01, -0.37, "on fresh points"),
        below("on fresh points", "on its training points", least_is_good=False),
    ),
]
