"""Each theorem of the course as a `Derivation` whose displayed lines are the lines that are checked.

`DERIVATIONS` maps the name of each to the function that returns it. The import costs SymPy alone.

>>> from ganlab.derivations import bce_in_logits
>>> bce_in_logits().check()
True
"""

from __future__ import annotations

from collections.abc import Callable

from .bayes_risks import (
    brier_risk,
    exponential_risk,
    hinge_risk,
    logistic_risk,
)
from .best_answers import (
    accuracy_bound,
    mean_answers,
    posterior_odds,
)
from .bilinear import (
    bilinear_alternating,
    bilinear_extragradient,
    bilinear_momentum,
    bilinear_optimistic,
    bilinear_simultaneous,
)
from .cross_entropy import (
    bce_from_likelihood,
    bce_in_logits,
    label_smoothing,
    mean_of_logarithms,
    proper_scoring,
    squared_error_gradient,
    squared_price,
    two_sided_label_smoothing,
    two_sigmoids,
    value_from_bce,
)
from .derivation import Definition, Derivation, DerivationError, Step
from .dirac import (
    dirac_gan,
    dirac_non_saturating,
    dirac_sublinear_rate,
    dirac_wasserstein,
)
from .dirac_cures import (
    dirac_clipping,
    dirac_consensus,
    dirac_instance_noise,
    dirac_penalty,
    dirac_r1,
)
from .divergence_bounds import (
    data_processing,
    fano_bound,
    overlap_bound,
    past_generators,
)
from .duality import (
    dual_gan,
    dual_jensen_shannon,
    dual_kl,
    dual_pearson,
    dual_reverse_kl,
    dual_squared_hellinger,
    dual_total_variation,
)
from .equilibrium import (
    divergence_after_a_step,
    jensen_shannon_bounds,
    mutual_information,
    nash_converse,
    nash_equilibrium,
    off_support,
    optimal_discriminator,
    value_at_optimum,
    value_lower_bound,
)
from .estimates import (
    batch_of_one,
    better_of_two,
    bias_of_a_frechet_distance,
    bias_of_a_histogram,
    classifier_score,
    divergence_along_samples,
    mean_of_parts,
    one_norm_for_a_part,
    products_of_a_step,
    slope_of_the_best_logit,
    spread_of_parts,
)
from .generator_gradients import (
    envelope_theorem,
    gaussian_gradients,
    gradient_ratio,
    non_saturating_divergence,
    non_saturating_gradient,
    pathwise_gradient,
    reverse_kl_minus_jsd,
    saturating_gradient,
    softened_reverse_kl,
    sum_of_gradients,
)
from .generators import (
    mixed_with_noise,
    thin_bridge,
)
from .gradient_penalties import (
    norm_one_is_not_implied,
    penalty_bias,
    penalty_gradient,
)
from .layers_and_latents import (
    average_of_weights,
    blind_to_agreement,
    latent_arc,
    latent_line,
    latent_shell,
    mixed_batch,
    receptive_field,
)
from .lipschitz_critics import (
    clipped_slope,
    critic_follows_the_plan,
    descent_of_the_distance,
    penalty_on_a_wrong_norm,
    sorted_pairs,
    steep_critic,
)
from .maps_and_styles import (
    bend_lifts_the_mean,
    demodulation,
    fade_between,
    length_of_a_random_push,
    linear_generator,
    move_of_a_map,
    noise_of_a_layer,
    price_of_a_gap,
    start_together,
    straight_way,
    translator_alone,
    truncated_styles,
)
from .modes import (
    captured_modes,
    even_shares,
    loss_at_a_lost_mode,
    mean_and_least_value,
    mean_cosine,
    price_of_lost_modes,
)
from .moves import (
    growth_of_a_step,
    leftover_gradient,
    tilted_answer,
    zero_sum,
)
from .optimal_transport import (
    clipped_critic,
    kantorovich_rubinstein,
    parallel_lines,
)
from .packing import (
    packing,
    packing_jensen_shannon,
)
from .pairs_and_classes import (
    bias_of_a_classifier,
    divergence_of_pairs,
    log_ratio_of_pairs,
    projection_score,
    rest_of_a_classifier,
)
from .running_means import (
    age_of_a_memory,
    lazy_penalty,
    lazy_penalty_with_adam,
    memory_of_gradients,
    running_mean_of_a_circle,
    smoothed_push,
    spread_of_steps,
    turns_of_a_budget,
    weights_of_a_memory,
)
from .step_factors import (
    best_step,
    best_step_in_turns,
    braked_steps,
    drift_of_short_steps,
    largest_step,
    two_rates,
    two_rates_with_r1,
)
from .typeset import typeset
from .variant_losses import (
    hinge_total_variation,
    least_squares_generator,
    least_squares_pearson,
    least_squares_value,
)
from .variant_pushes import (
    clipped_units,
    hinge_with_a_slope,
    norm_of_a_convolution,
    pairing_jensen_shannon,
    power_iteration,
    pushes_of_the_best,
    relativistic_average,
    scale_free_step,
)

__all__ = [
    "DERIVATIONS", "Definition", "Derivation", "DerivationError", "Step", "accuracy_bound",
    "age_of_a_memory", "average_of_weights", "batch_of_one", "bce_from_likelihood", "bce_in_logits",
    "bend_lifts_the_mean", "best_step", "best_step_in_turns", "better_of_two", "bias_of_a_classifier",
    "bias_of_a_frechet_distance", "bias_of_a_histogram", "bilinear_alternating", "bilinear_extragradient",
    "bilinear_momentum", "bilinear_optimistic", "bilinear_simultaneous", "blind_to_agreement",
    "braked_steps", "brier_risk", "captured_modes", "classifier_score", "clipped_critic", "clipped_slope",
    "clipped_units", "critic_follows_the_plan", "data_processing", "demodulation",
    "descent_of_the_distance", "dirac_clipping", "dirac_consensus", "dirac_gan", "dirac_instance_noise",
    "dirac_non_saturating", "dirac_penalty", "dirac_r1", "dirac_sublinear_rate", "dirac_wasserstein",
    "divergence_after_a_step", "divergence_along_samples", "divergence_of_pairs", "drift_of_short_steps",
    "dual_gan", "dual_jensen_shannon", "dual_kl", "dual_pearson", "dual_reverse_kl",
    "dual_squared_hellinger", "dual_total_variation", "envelope_theorem", "even_shares",
    "exponential_risk", "fade_between", "fano_bound", "gaussian_gradients", "gradient_ratio",
    "growth_of_a_step", "hinge_risk", "hinge_total_variation", "hinge_with_a_slope",
    "jensen_shannon_bounds", "kantorovich_rubinstein", "label_smoothing", "largest_step", "latent_arc",
    "latent_line", "latent_shell", "lazy_penalty", "lazy_penalty_with_adam", "least_squares_generator",
    "least_squares_pearson", "least_squares_value", "leftover_gradient", "length_of_a_random_push",
    "linear_generator", "log_ratio_of_pairs", "logistic_risk", "loss_at_a_lost_mode",
    "mean_and_least_value", "mean_answers", "mean_cosine", "mean_of_logarithms", "mean_of_parts",
    "memory_of_gradients", "mixed_batch", "mixed_with_noise", "move_of_a_map", "mutual_information",
    "nash_converse", "nash_equilibrium", "noise_of_a_layer", "non_saturating_divergence",
    "non_saturating_gradient", "norm_of_a_convolution", "norm_one_is_not_implied", "off_support",
    "one_norm_for_a_part", "optimal_discriminator", "overlap_bound", "packing", "packing_jensen_shannon",
    "pairing_jensen_shannon", "parallel_lines", "past_generators", "pathwise_gradient", "penalty_bias",
    "penalty_gradient", "penalty_on_a_wrong_norm", "posterior_odds", "power_iteration", "price_of_a_gap",
    "price_of_lost_modes", "products_of_a_step", "projection_score", "proper_scoring",
    "pushes_of_the_best", "receptive_field", "relativistic_average", "rest_of_a_classifier",
    "reverse_kl_minus_jsd", "running_mean_of_a_circle", "saturating_gradient", "scale_free_step",
    "slope_of_the_best_logit", "smoothed_push", "softened_reverse_kl", "sorted_pairs", "spread_of_parts",
    "spread_of_steps", "squared_error_gradient", "squared_price", "start_together", "steep_critic",
    "straight_way", "sum_of_gradients", "thin_bridge", "tilted_answer", "translator_alone",
    "truncated_styles", "turns_of_a_budget", "two_rates", "two_rates_with_r1", "two_sided_label_smoothing",
    "two_sigmoids", "typeset", "value_at_optimum", "value_from_bce", "value_lower_bound",
    "weights_of_a_memory", "zero_sum",
]  # fmt: skip

_NO_DERIVATIONS = ("DERIVATIONS", "Definition", "Derivation", "DerivationError", "Step", "typeset")

DERIVATIONS: dict[str, Callable[[], Derivation]] = {
    name: globals()[name] for name in __all__ if name not in _NO_DERIVATIONS
}
"""The function that returns each derivation, by name.

>>> DERIVATIONS["bce_in_logits"] is bce_in_logits
True
"""
