"""A share of the questions of `make fuzz`, and a check that it notices what is wrong."""

import fuzz
import pytest
import torch

from ganlab import losses
from ganlab.theory import densities, divergences


@pytest.mark.parametrize("name", fuzz.FAMILIES)
def test_a_share_of_the_nasty_questions_is_answered_right_or_refused_by_name(name, monkeypatch):
    monkeypatch.setattr(fuzz, "FAMILIES", {name: fuzz.FAMILIES[name]})
    counts, wrong = fuzz.run(seed=2024, share=0.02)
    assert wrong == []
    assert counts[name].total() >= 1


@pytest.mark.parametrize(
    ("family", "module", "name", "slip"),
    [
        ("softplus", losses, "softplus", lambda f: lambda x: f(x) + 1e-6 * x),
        ("divergences", divergences, "kl", lambda f: lambda p, q: f(q, p)),
        ("far modes", densities, "narrow_peaks", lambda f: lambda *a: []),
    ],
)
def test_a_wrong_answer_is_noticed(family, module, name, slip, monkeypatch):
    monkeypatch.setattr(fuzz, "FAMILIES", {family: fuzz.FAMILIES[family]})
    monkeypatch.setattr(module, name, slip(getattr(module, name)))
    assert fuzz.run(seed=2024, share=0.1)[1]


def test_a_refusal_must_name_an_argument():
    with pytest.raises(fuzz.WrongError, match="names no argument"):
        fuzz.named_refusal(ValueError("math domain error"))
    assert torch.get_default_dtype() == torch.float64
