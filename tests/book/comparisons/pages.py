"""All registered sentences, by page: the slug of a page, or `quiz/SLUG` for the questions of a chapter."""

from comparisons import (
    binary_cross_entropy,
    conditional,
    evaluation,
    game_dynamics,
    images,
    minimax_game,
    mode_collapse,
    non_saturating_loss,
    optimal_discriminator,
    others,
    style,
    tricks,
    unpaired,
    variants,
    wgan_gp,
)

CLAIMS = {
    "binary_cross_entropy": binary_cross_entropy.CLAIMS,
    "minimax_game": minimax_game.CLAIMS,
    "optimal_discriminator": optimal_discriminator.CLAIMS,
    "non_saturating_loss": non_saturating_loss.CLAIMS,
    "mode_collapse": mode_collapse.CLAIMS,
    "wgan_gp": wgan_gp.CLAIMS,
    "game_dynamics": game_dynamics.CLAIMS,
    "quiz/game_dynamics": game_dynamics.QUIZ,
    "images": images.CLAIMS,
    "variants": variants.CLAIMS,
    "tricks": tricks.CLAIMS,
    "conditional": conditional.CLAIMS,
    "unpaired": unpaired.CLAIMS,
    "style": style.CLAIMS,
    "evaluation": evaluation.CLAIMS,
    **others.CLAIMS,
}
