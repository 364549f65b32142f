"""The dossier's display of maps that are no straight line, and of how they were chosen."""

from __future__ import annotations

import numpy as np
import pytest

from monitor.calibrators import calibrated_log_odds, log_odds_error
from monitor.documentation.content.candidate import calibrator
from monitor.documentation.figures.calibration_map import map_points
from monitor.documentation.sections.proposal import formula
from monitor.logistic import expit, logit
from tests.recalibrating import KINDS, calibrator_of


@pytest.mark.parametrize("kind", KINDS)
def test_the_drawn_map_and_band_are_those_of_the_record(kind: str) -> None:
    fitted = calibrator_of(kind)
    score, probability, low, high = map_points(fitted.as_record())
    x = logit(score)
    line, error = calibrated_log_odds(fitted, x), log_odds_error(fitted, x)
    assert probability == pytest.approx(expit(line))
    assert high == pytest.approx(expit(line + 1.959964 * error))
    assert (np.diff(probability) > 0).all()
    assert ((low < probability) == (error > 0)).all()


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_has_words_and_standard_errors(kind: str) -> None:
    shown = calibrator(calibrator_of(kind).as_record())
    assert shown["kind_words"] != kind
    assert set(shown["standard_errors"]) == {"intercept", "slope"}


def test_a_formula_says_what_the_slope_multiplies() -> None:
    beta = {"kind": "beta", "parameters": {"intercept": 0.5, "slope": 1.0, "a": 0.9, "b": 1.2}}
    assert formula(beta) == ("logit(p) = 0.5000 + 1.0000 × (0.9000 × ln(score) − 1.2000 × ln(1 − score))")
    isotonic = {
        "kind": "isotonic",
        "parameters": {
            "intercept": 0.0,
            "slope": 1.0,
            "isotonic_share": 0.99,
            "platt_intercept": -0.5,
            "platt_slope": 0.9,
            "knots": [-1.0, 1.0],
        },
    }
    assert formula(isotonic) == (
        "logit(p) = 0.0000 + 1.0000 × logit(0.99 × isotonic(2 knots) + 0.01 × "
        "expit(−0.5000 + 0.9000 × logit(score)))"
    )
