"""For a place with an open alarm: can late studies be told from the reference, and Evidently's view."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from monitor.drift.domain import DomainRule, Sample, classify_domains, name_carriers
from monitor.drift.second_opinion import OurFinding, compare, second_opinion
from monitor.operation.reading.investigation.scene import Scene
from monitor.records import Arrived, Estimate

RULE = DomainRule(folds=5, permutations=199, alpha=0.05, minimum_patients=50)
LACKING = "the place has no frozen reference, or no prediction came lately"
WITHOUT_ALARM = "asked only while an alarm of the place is open"


def domain(scene: Scene) -> dict[str, Any]:
    """The domain classifier on every declared feature, with the features that carry a shift."""
    if not scene.alarm_nights:
        return {"reason": WITHOUT_ALARM}
    reference, lately = scene.reference_predictions, scene.lately_arrived
    if reference is None or lately is None or not scene.plan.logs.covariates:
        return {"reason": LACKING}
    found = classify_domains(_sample(reference), _sample(lately), rule=RULE, rng=scene.rng("domain"))
    return {
        "state": found.state,
        "auc": asdict(found.area),
        "p": found.p_value,
        "in_words": name_carriers(found),
        "patients": {"reference": found.reference_patients, "lately": found.window_patients},
        "carriers": [
            {
                "feature": carrier.name,
                "carries": carrier.carries,
                "alone_auc": carrier.alone.value,
                "lost_auc": carrier.lost.value,
                "p": carrier.p_value,
                "difference_in_sd": carrier.difference,
                "level": carrier.level,
                "share_change": carrier.share_change,
            }
            for carrier in found.carriers
        ],
    }


def opinion(scene: Scene, streams: Sequence[Mapping[str, Any]], html: Path) -> dict[str, Any]:
    """Evidently's statistics on the same samples, beside ours; its page is saved at `html`."""
    if not scene.alarm_nights:
        return {"reason": WITHOUT_ALARM}
    reference, lately = scene.reference_predictions, scene.lately_arrived
    if reference is None or lately is None:
        return {"reason": LACKING}
    kinds: dict[str, Any] = {item.name: item.kind for item in scene.plan.logs.covariates}
    kinds["score"] = "continuous"
    html.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    found = second_opinion(_columns(reference), _columns(lately), kinds, html)
    agreement = compare(_ours(streams), found)
    return {
        "html": f"{html.parent.name}/{html.name}" if found.page_sha256 else None,
        "reason": found.missing_because or found.page_missing_because,
        "version": found.evidently,
        "agreement": [_row(item.as_record()) for item in agreement],
        "left_out": [item["feature"] for item in found.as_record()["left_out"]],
    }


def _sample(rows: Arrived) -> Sample:
    return Sample({name: values.copy() for name, values in rows.features.items()}, rows.patient.copy())


def _columns(rows: Arrived) -> dict[str, Any]:
    return {**{name: values.copy() for name, values in rows.features.items()}, "score": rows.score.copy()}


def _ours(streams: Sequence[Mapping[str, Any]]) -> dict[str, OurFinding]:
    found: dict[str, OurFinding] = {}
    for stream in streams:
        kind, _, name = stream["stream"].partition(":")
        if kind in ("covariate", "quality", "workflow"):
            found[name] = _finding(stream)
        elif stream["stream"] == "score_shape":
            found["score"] = _finding(stream)
    return found


def _finding(stream: Mapping[str, Any]) -> OurFinding:
    state: Any = {"alarm": "alarm", "quiet": "quiet", "watch": "quiet"}.get(stream["state"], "insufficient")
    effects = stream["effects"]
    if not effects:
        return OurFinding(state)
    first = effects[0]
    effect = Estimate(
        first["value"], first["low"], first["high"], first["patients"], 0, "confidence sequence of the window"
    )
    return OurFinding(state, effect)


def _row(item: Mapping[str, Any]) -> dict[str, Any]:
    theirs = item["theirs"] or {}
    return {
        "feature": item["feature"],
        "ours": item["ours"],
        "evidently": theirs.get("flagged"),
        "statistic": theirs.get("value"),
        "agree": item["agree"],
        "because": item["because"],
        "difference_from_its_definition": item["largest_difference"],
    }
