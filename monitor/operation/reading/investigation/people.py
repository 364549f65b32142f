"""Readers beside the device, and studies that were left out."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import numpy as np

from monitor.operation.reading.alert_rates import false_positive_rate
from monitor.operation.reading.investigation.scene import Scene
from monitor.performance.exclusion_dependence import (
    dependence_on_outcome,
    dependence_on_score,
    dependence_on_subgroups,
)
from monitor.performance.exclusions import by_reason, exclusion_rate, sensitivity_range, side_by_side
from monitor.performance.readers import decisions_from_text, reader_statistics
from monitor.performance.review_queue import disagreements
from monitor.records import BoolArray, Rows
from monitor.store import Exclusions

LEAST_READS = 30
"""Studies below which a share of readers is not told."""
LONGEST_QUEUE = 50


def readers(scene: Scene) -> dict[str, Any]:
    """Agreement, overrides, what the alerts cost, and the studies on which reader and device disagree."""
    meaning, threshold = scene.plan.logs.predictions.reader_decisions, scene.threshold
    wrong = false_positive_rate(scene.plan, scene.state, scene.place, scene.matured)
    limit = {"limit": wrong["limit_per_100_studies"], "false_positives_per_100": wrong} if wrong else {}
    rows = scene.lately_matured
    if meaning is None or threshold is None or rows is None:
        return limit or {"reason": "the plan does not say what readers decide, or nothing has matured"}
    decided = decisions_from_text(scene.snapshot.reader_decisions(rows), meaning.positive, meaning.negative)
    found = reader_statistics(rows, threshold, decided.value, LEAST_READS)
    queue = disagreements(rows, threshold, decided.value, LONGEST_QUEUE)
    return {
        **limit,
        "studies": found.studies,
        "read": found.read,
        "not_understood": decided.unknown,
        "agreement": asdict(found.agreement.same),
        "kappa": asdict(found.agreement.kappa),
        "flags_dismissed": asdict(found.agreement.dismissed),
        "findings_added": asdict(found.agreement.added),
        "alerts_per_100": asdict(found.alerts.flagged),
        "disagreements": [_case(asdict(case)) for case in queue.cases],
        "disagreements_in_all": queue.total,
    }


def _case(case: dict[str, Any]) -> dict[str, Any]:
    words = {True: "positive", False: "negative", None: None}
    return {
        "study": case["study"],
        "night": case["day"],
        "score": case["score"],
        "ai": words[bool(case["flagged"])],
        "reader": words[bool(case["called_positive"])],
        "outcome": words[None if case["outcome"] is None else bool(case["outcome"])],
    }


def exclusions(scene: Scene) -> dict[str, Any]:
    """Studies left out: how many, why, and whether that depends on score, outcome or subgroup."""
    rows = scene.matured
    if scene.plan.logs.predictions.columns.exclusion is None or rows is None:
        return {"reason": "the prediction log has no column for exclusions, or nothing has matured"}
    found = scene.snapshot.exclusions(known_by=scene.night, matured_by=scene.night, place=scene.place)
    excluded = found.get(scene.place)
    if excluded is None or len(excluded) == 0:
        return {"reason": f"none of {len(rows)} mature studies was left out"}
    studies = side_by_side(rows, excluded)
    least = scene.plan.retraining.events_for.least
    members = _members(scene, rows, excluded)
    hidden = None
    if scene.threshold is not None:
        flagged = np.nan_to_num(studies.score, nan=-1.0) >= scene.threshold
        hidden = asdict(sensitivity_range(studies, flagged))
    dependence = [
        dependence_on_score(studies, least),
        dependence_on_outcome(studies, least),
        *(dependence_on_subgroups(studies, members, least) if members else ()),
    ]
    return {
        "rate": asdict(exclusion_rate(studies.excluded, studies.patient)),
        "by_reason": [asdict(item) for item in by_reason(studies)],
        "dependence": [asdict(item) for item in dependence],
        "sensitivity": hidden,
    }


def _members(scene: Scene, counted_rows: Rows, excluded: Exclusions) -> dict[str, BoolArray]:
    """Each level of each categorical covariate, over counted studies first and excluded ones after."""
    counted = scene.snapshot.covariates(counted_rows)
    members: dict[str, BoolArray] = {}
    for item in scene.plan.logs.covariates:
        if item.kind == "categorical":
            values = np.concatenate([counted[item.name], excluded.covariates[item.name]])
            for level in item.levels:
                members[f"{item.name} = {level}"] = np.array([value == level for value in values.tolist()])
    return members
