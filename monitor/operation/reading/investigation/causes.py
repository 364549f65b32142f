"""Why a place may have moved: the explanations that the outcomes since the alarm leave possible."""

from __future__ import annotations

from typing import Any

import numpy as np

from monitor.drift.attribution import Labelled, attribute
from monitor.operation.reading.investigation.scene import Scene
from monitor.records import Rows

WITHOUT_ALARM = "asked only while an alarm of the place is open"
STREAM_OF_LEVELS = ("covariate", "unseen_category")


def explanations(scene: Scene) -> dict[str, Any]:
    """The confidence set of explanations, or why there is none.

    Returns:
        The record of `monitor.drift.attribution` without what is absent, "kept" for the explanations and
        "strata" for those within levels; {"reason": ...} where the question cannot be asked.
    """
    if not scene.alarm_nights:
        return {"reason": WITHOUT_ALARM}
    if scene.reference is None:
        return {"reason": "the place has no frozen reference with mature outcomes yet"}
    window = scene.since_alarm
    if window is None:
        return {
            "reason": f"no cohort after the alarm of {scene.alarm_nights[0]} has matured yet; shift, cause "
            "unresolved"
        }
    covariate = alarmed_category(scene)
    found = attribute(
        _labelled(scene, scene.reference, covariate), _labelled(scene, window, covariate), scene.calibrator
    )
    record = found.as_record()
    kept, strata = record.pop("explanations"), record.pop("vendors")
    span = {"from": str(window.cohort.min()), "to": str(window.cohort.max())}
    told = {name: value for name, value in record.items() if value is not None}
    by_level = [{covariate or "level": name, "verdict": item["verdict"]} for name, item in strata.items()]
    return {**told, "kept": kept, "window": span, **({"strata": by_level} if by_level else {})}


def alarmed_category(scene: Scene) -> str | None:
    """The categorical covariate whose alarm is open, within whose levels the question is asked again."""
    categorical = {item.name for item in scene.plan.logs.covariates if item.kind == "categorical"}
    for alarm in scene.state.alarms.values():
        kind, _, name = alarm.stream.partition(":")
        is_open = alarm.place == scene.place and alarm.closed is None
        if is_open and kind in STREAM_OF_LEVELS and name in categorical:
            return name
    return None


def _labelled(scene: Scene, rows: Rows, covariate: str | None) -> Labelled:
    stratum = None
    if covariate is not None:
        levels = scene.snapshot.covariates(rows)[covariate].tolist()
        stratum = np.array(["" if level is None else level for level in levels], dtype=object)
    return Labelled(rows.score.copy(), rows.outcome.copy(), rows.patient.copy(), stratum)
