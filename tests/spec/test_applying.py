"""A calibrator's record is all one needs to apply it, in any language and in scikit-learn."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from monitor.calibration.export import sklearn_calibrator
from monitor.calibrators import read_calibrator
from monitor.operation.reading.live import calibrated
from tests.recalibrating import KINDS, calibrator_of

DOCUMENT = Path(__file__).parents[2] / "docs" / "applying.md"
SCORES = [0.0, 1e-9, 1e-4, 0.01, 0.2, 0.31, 0.5, 0.77, 0.93, 0.999, 1.0]


@pytest.fixture(scope="module")
def documented() -> Any:
    block = re.search(r"```python\n(.*?)```", DOCUMENT.read_text(encoding="utf-8"), re.DOTALL)
    assert block
    names: dict[str, Any] = {}
    exec(block[1], names)
    return names["probability"]


@pytest.mark.parametrize("kind", KINDS)
def test_the_documented_lines_and_pccp_apply_agree_to_1e_15(kind: str, documented: Any) -> None:
    record = json.loads(json.dumps(calibrator_of(kind).as_record()))
    ours = calibrated(read_calibrator(record), SCORES)
    theirs = [documented(score, record["kind"], record["parameters"]) for score in SCORES]
    assert np.abs(np.array(ours) - theirs).max() <= 1e-15
    assert all(0.0 < value < 1.0 for value in ours)


@pytest.mark.parametrize("kind", KINDS)
def test_scikit_learn_reads_the_record(kind: str) -> None:
    from sklearn.base import clone
    from sklearn.model_selection import cross_val_score
    from sklearn.pipeline import make_pipeline

    record = calibrator_of(kind).as_record()
    made = make_pipeline(clone(sklearn_calibrator(record)))
    scores = np.array(SCORES)[:, None]
    assert made.predict_proba(scores)[:, 1].tolist() == calibrated(read_calibrator(record), SCORES)
    outcome = np.array([0, 1] * 5 + [1], dtype=float)
    losses = cross_val_score(made, scores, outcome, scoring="neg_log_loss", cv=2)
    assert np.isfinite(losses).all()


def test_a_record_of_another_kind_is_refused() -> None:
    with pytest.raises(ValueError, match="kind must be one of identity, intercept"):
        sklearn_calibrator({**calibrator_of("platt").as_record(), "kind": "pickle"})
