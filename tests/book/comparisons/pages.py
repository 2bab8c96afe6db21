"""All registered sentences, by page: the slug of a page, or `quiz/SLUG` for the questions of a chapter."""

from comparisons import binary_cross_entropy, minimax_game, mode_collapse, others, wgan_gp

CLAIMS = {
    "binary_cross_entropy": binary_cross_entropy.CLAIMS,
    "minimax_game": minimax_game.CLAIMS,
    "mode_collapse": mode_collapse.CLAIMS,
    "wgan_gp": wgan_gp.CLAIMS,
    **others.CLAIMS,
}
