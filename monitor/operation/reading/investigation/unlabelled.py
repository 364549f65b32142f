"""What the scores alone lead one to expect, before outcomes arrive; always marked as an estimate."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from monitor.drift.prevalence import estimate_prevalence
from monitor.drift.prevalence_samples import LabelledScores, UnlabelledScores
from monitor.operation.reading.investigation.scene import Scene
from monitor.performance.expected import Window, expected_performance
from monitor.performance.expected_realised import compare_expected
from monitor.performance.operating_point import measured

LEVEL, RESAMPLES = 0.95, 200
MARKED = "an estimate without outcomes"


def prevalence(scene: Scene, label_shift_p: float | None) -> dict[str, Any]:
    """The prevalence of the predictions that came lately, read from their scores.

    Args:
        scene: Of the place.
        label_shift_p: p-value of the test that the scores of each class did not change; None
            without outcomes.
    """
    reference, lately = scene.reference, scene.lately_arrived
    if reference is None:
        return {"shown": False, "reason": "the place has no frozen reference with mature outcomes yet"}
    if lately is None or len(lately) == 0:
        return {"shown": False, "reason": "no prediction came lately"}
    known = reference.known()
    found = estimate_prevalence(
        LabelledScores(known.score.copy(), known.outcome.copy(), known.patient.copy()),
        UnlabelledScores(lately.score.copy(), lately.patient.copy()),
        level=LEVEL,
        resamples=RESAMPLES,
        rng=scene.rng("prevalence"),
        label_shift_p=label_shift_p,
    )
    reason = "; ".join(found.conditions if found.shown else found.refusals)
    check = {**asdict(found.bbse), "reason": found.bbse.method} if found.bbse else None
    return {
        "shown": found.shown,
        "reason": reason,
        **asdict(found.mlls),
        "cross_check": check,
        "reference": asdict(found.reference),
    }


def expected(scene: Scene) -> dict[str, Any]:
    """What to expect of the studies that came lately, and how those that matured last turned out."""
    threshold, lately = scene.threshold, scene.lately_arrived
    if threshold is None:
        return {"reason": "the finding has no operating point"}
    if lately is None or len(lately) == 0:
        return {"reason": "no prediction came lately"}
    window = Window(lately.score.copy(), lately.patient.copy())
    found = expected_performance(window, scene.calibrator, threshold, level=LEVEL)
    shown = {name: asdict(item.estimate) for name, item in found.items()}
    return {**shown, "realised": _realised(scene, threshold), "marked": MARKED}


def _realised(scene: Scene, threshold: float) -> dict[str, Any]:
    """Of the cohorts that matured last: what was expected of them, and what their outcomes showed."""
    rows = scene.lately_matured.known() if scene.lately_matured else None
    if rows is None or rows.events == 0:
        return {}
    window = Window(rows.score.copy(), rows.patient.copy())
    before = expected_performance(window, scene.calibrator, threshold, level=LEVEL)
    after = measured(rows.score >= threshold, rows.outcome, rows.patient)
    compared = compare_expected(before, after, level=LEVEL)
    return {
        name: {**asdict(item.realised), "expected": item.expected.value, "as_expected": item.inside}
        for name, item in compared.items()
    }
