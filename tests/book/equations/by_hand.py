"""False formulas, written from the pages alone by somebody who had not read the checks.

Forty-two are of the first part and of the corrections, twelve of the chapter on the game as motion.

Each is a place (the label of an equation, or the anchor of a correction), what the page says there, what is
put instead, and why that is false. Among them are inequalities that are a little too sharp, and strict ones
that are an equality somewhere: a check that only tries ordinary numbers lets those pass.
"""

EQUATIONS = [
    ("bce-likelihood", r"(1 - D(x))^{1 - y}", r"(1 - D(x))^{y}", "the label 1 would count for both factors"),
    ("bce-mean", r"= \frac{1}{N} \sum", r"= \sum", "a sum is not a mean"),
    (
        "bce-loss",
        r"-y \log D - (1 - y) \log(1 - D)",
        r"-y \log(1 - D) - (1 - y) \log D",
        "the labels are exchanged",
    ),
    ("bce-jensen", r"\le", r"<", "equal where D is constant"),
    ("bce-proper", r"\ge h(\pi)", r"\ge h(\pi) + 3 (D - \pi)^{2}", "Pinsker's constant is 2"),
    ("bce-logits", r"\log(1 + e^{a})", r"\log(1 + e^{-a})", "this is softplus of -a"),
    ("bce-squared", r"2 \, \sigma(a)", r"\sigma(a)", "the 2 of the square is lost"),
    (
        "bce-smoothed-optimum",
        r"{p_{\text{data}}(x) + p_g(x)}",
        r"{(1 - s) \, p_{\text{data}}(x) + p_g(x)}",
        "the missing share goes to the label 0",
    ),
    (
        "bce-conditional",
        r"\log 2 - \mathrm{JSD}",
        r"\log 2 - 2 \, \mathrm{JSD}",
        "negative for laws that do not meet",
    ),
    (
        "game-noise",
        r"\le -\log \epsilon",
        r"\le -(1 - \epsilon) \log \epsilon",
        "noise away from the data costs all of -log eps",
    ),
    ("game-value", r"\log(1 - D(G(z)))", r"(1 - \log D(G(z)))", "the logarithm is of one minus D"),
    ("game-zero-sum", r"\mathbb{E}_{x \sim p_{\text{data}}}[-\log D(x)]", "0", "the real half is left over"),
    ("opt-certificate", r"\le", r"<", "equal at the best discriminator"),
    (
        "opt-accuracy",
        r"\frac{1}{2} + \frac{1}{2} \mathrm{TV}",
        r"\frac{1}{2} + \frac{49}{100} \mathrm{TV}",
        "the best rule reaches one half",
    ),
    (
        "opt-tv",
        r"\mathrm{TV}(p, q) \log 2",
        r"\frac{69}{100} \mathrm{TV}(p, q)",
        "log 2 is reached where the laws do not meet",
    ),
    ("game-theorem-value", r"-\log 4", r"-\log 2", "two means, each at -log 2"),
    ("game-spiral", r"(1 + \eta^{2})", r"(1 + \eta)^{2}", "the steps are at right angles"),
    ("opt-pointwise", r"p - (p + q) D", r"p - q D", "its zero would be p / q"),
    (
        "opt-concave",
        r"-\frac{p}{D^{2}} - \frac{q}{(1 - D)^{2}}",
        r"-\frac{p}{D^{2}} + \frac{q}{(1 - D)^{2}}",
        "both terms bend down",
    ),
    (
        "opt-posterior",
        r"\pi \, p_{\text{data}}(x) + (1 - \pi) \, p_g(x)",
        r"\pi \, p_{\text{data}}(x) + p_g(x)",
        "the prior of the generated ones is lost",
    ),
    (
        "notation-jsd",
        r"\mathrm{KL}(q \,\|\, \tfrac{p + q}{2})",
        r"\mathrm{KL}(q \,\|\, p + q)",
        "the middle has mass one",
    ),
    ("opt-theorem", r"2 \, \mathrm{JSD}", r"\mathrm{JSD}", "twice the divergence"),
    ("opt-regret", r"\mathrm{kl}(D^{*}(x), D(x))", r"\mathrm{kl}(D(x), D^{*}(x))", "the truth stands first"),
    ("opt-bounds", r"\le \log 2", r"< \log 2", "reached where the laws do not meet"),
    (
        "opt-incentive",
        r"\frac{1}{2} \log \frac{2 q}{p + q}",
        r"\frac{1}{2} \log \frac{q}{p + q}",
        "the slope is zero where p = q",
    ),
    ("mc-expected", r"(1 - h_i)^{n}", r"h_i^{n}", "a mode is missed when each sample misses it"),
    ("mc-share", r"(1 - \alpha) \log 2", r"(1 + \alpha) \log 2", "not zero at alpha = 1"),
    ("mc-packs", r"1 - \alpha^{k}", r"(1 - \alpha)^{k}", "a pack is seen if one sample is"),
    ("ns-ratio", r"e^{-a}", r"e^{a}", "upside down"),
    ("ns-divergence", r"- 2 \, \mathrm{JSD}", r"- \mathrm{JSD}", "the two gradients would not add up"),
    (
        "ns-softened",
        r"2 \, \mathrm{KL}(m \,\|\, p)",
        r"2 \, \mathrm{KL}(p \,\|\, m)",
        "the middle stands first",
    ),
    ("wgan-line", r"|Q_p(u) - Q_q(u)|", r"(Q_p(u) - Q_q(u))", "quantiles that cross must not cancel"),
    (
        "wgan-penalty",
        r"\|\nabla f(\hat{x})\| - 1",
        r"\|\nabla f(\hat{x})\|^{2} - 1",
        "the norm and not its square",
    ),
    (
        "wgan-gradient",
        r"2 \lambda (\|w\| - 1) \frac{w_1}{\|w\|}",
        r"2 \lambda (\|w\| - 1) w_1",
        "the direction has length one",
    ),
]
DYNAMICS = [
    (
        "dyn-discrete",
        r"1 + \eta^{2} \omega^{2}",
        r"(1 + \eta \omega)^{2}",
        "the step stands at right angles to the way from the centre",
    ),
    (
        "dyn-drift",
        r"e^{\eta \omega^{2} T / 2}",
        r"e^{\frac{49}{100} \eta \omega^{2} T}",
        "short steps come as near to the bound as one likes",
    ),
    (
        "dyn-extragradient",
        r"+ \eta^{4} \omega^{4}",
        r"+ \frac{1}{4} \eta^{4} \omega^{4}",
        "the trial step pulls with all of x^2, not with half of it",
    ),
    (
        "dyn-optimistic",
        r"1 - 4 \eta^{2} \omega^{2}",
        r"1 - 2 \eta^{2} \omega^{2}",
        "the root is zero at x = 1/2",
    ),
    (
        "dyn-momentum",
        r"\frac{2 \beta}{(1 - \beta)^{3}}",
        r"\frac{\beta}{(1 - \beta)^{3}}",
        "both players have the memory",
    ),
    (
        "dyn-hidden",
        r"\frac{1}{2} \, g",
        "g",
        "the growth number is that of the squared modulus",
    ),
    ("dyn-consensus", r"-\gamma \omega^{2}", r"-\gamma \omega", "J transposed times J has the square"),
    (
        "dyn-brakes",
        r"\frac{\nu^{2}}{2}",
        r"\frac{\nu^{2}}{4}",
        "real and generated samples are noisy, both",
    ),
    ("dyn-largest", r"<", r"\le", "at the largest step nothing is gained or lost"),
    (
        "dyn-best",
        r"\frac{|\operatorname{Im}(\kappa)|}{|\kappa|}",
        r"\frac{|\operatorname{Re}(\kappa)|}{|\kappa|}",
        "a pair that does not turn is home in one step",
    ),
    (
        "dyn-braked",
        r"|\mu_{\text{turns}}|^{2} = 1 - c \, \eta_d",
        r"|\mu_{\text{turns}}|^{2} = 1 - c \, \eta_g",
        "the brake is the discriminator's, and so is its rate",
    ),
    ("dyn-turns", r"1 - 2 c", r"1 - c", "zero at c = 1/2"),
]
CORRECTIONS = [
    ("corr-likelihood", r"\le \log 100", r"\le \log 99", "a hundredth of the mass costs log 100"),
    ("corr-elbo", r"\mathrm{KL}(q \| r)", r"\mathrm{KL}(r \| q)", "the approximate posterior stands first"),
    (
        "corr-squared",
        r"\mathbb{E}_{x \sim p}[(x - c)^{2}]",
        r"\mathbb{E}_{x \sim p}[(x - c)^{2}] - \frac{101}{100} (c - \mu)^{2}",
        "the gain is the square of the distance and no more",
    ),
    (
        "corr-information",
        r"I(X; Y) = \mathrm{JSD}(p, q)",
        r"I(X; Y) = 2 \, \mathrm{JSD}(p, q)",
        "a coin has one bit to tell",
    ),
    (
        "corr-half",
        r"\log 2 - \frac{1}{2} L_D \le",
        r"\log 2 - \frac{49}{100} L_D \le",
        "the best discriminator leaves nothing",
    ),
    ("corr-hinge", r"2 (1 - \mathrm{TV}(p, q))", r"2 - \mathrm{TV}(p, q)", "zero where the laws do not meet"),
    ("corr-critic", r"K \, W_1(p, q)", r"W_1(p, q)", "the critic may be steeper than one"),
    ("corr-norm-one", r"\le 1", r"< 1", "a best critic has norm one somewhere"),
]
