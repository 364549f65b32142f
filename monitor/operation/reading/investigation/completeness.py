"""How many outcomes were known at maturity, for which scores, and what the missing ones could do."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import numpy as np

from monitor.calibrators import calibrated_log_odds
from monitor.logistic import expit, logit
from monitor.operation.reading.investigation.scene import Scene
from monitor.performance import ascertainment_by_score
from monitor.performance.missing_outcomes import OutcomeBounds, completeness, prevalence_bounds, ratio_bounds

BINS = 5
"""Ranges of scores with equally many studies, where the plan names no number."""


def outcomes_known(scene: Scene) -> dict[str, Any]:
    """Known outcomes of the cohorts that matured last, by score, with bounds where some are missing."""
    rows = scene.lately_matured
    if rows is None or len(rows) == 0:
        return {"reason": "no cohort has matured"}
    data = scene.plan.data
    found = completeness(rows.outcome, data.minimum_ascertainment)
    known = ~np.isnan(rows.outcome)
    by_score = ascertainment_by_score(
        rows.score, known, data.verification.score_bins if data.verification else BINS
    )
    risk = expit(calibrated_log_odds(scene.calibrator, logit(rows.score)))
    bounds = (
        {}
        if known.all()
        else {
            "prevalence": _bounds(prevalence_bounds(rows.outcome, rows.patient)),
            "observed_expected": _bounds(ratio_bounds(risk, rows.outcome, rows.patient)),
        }
    )
    return {
        "studies": found.n,
        "known": found.known,
        "share": found.share,
        "needed": data.minimum_ascertainment,
        "degraded": found.degraded,
        "by_score": [asdict(item) for item in by_score.bins],
        "bounds": bounds,
    }


def _bounds(found: OutcomeBounds) -> dict[str, Any]:
    """From all missing outcomes one way to all of them the other; chance comes on top."""
    return {"value": None, "low": found.low.value, "high": found.high.value, "missing": found.missing}
