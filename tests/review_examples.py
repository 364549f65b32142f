"""Reports as the review pages read them: networks of any size, one whose names are hostile, one that is bare.

The numbers are drawn, not computed, but they hang together: evidence climbs where a stream has moved and
lingers near zero where it has not; an alarm stands at the first night over the limit.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import numpy as np

from tests.review_documents import documents, wait

AS_OF = date(2026, 3, 1)
HORIZON = 365
ALPHA = 0.05
TOWNS = ("Harbour", "Hill", "Lakeside", "Northgate", "St Mary", "Westfield", "Riverside", "Old Town")
HOSTILE = (
    "<script>document.title='owned'</script>",
    '"><img src="http://canary.invalid/x" onerror="console.error(1)">',
    "=cmd|' /C calc'!A0",
    "</style></title></svg><b>",
    "abc\u202edef\u2066ghi",
    "{{ 7 * 7 }}{% raw %}",
    "../../etc/passwd",
    "javascript:alert(1)",
    "a\x00b & 'c'",
)


@dataclass(frozen=True)
class Kind:
    """A stream as the plan declares it, with its reference and half its tolerance."""

    stream: str
    label: str
    group: str
    weight: float
    functional: str
    words: str
    reference: float
    tolerance: float
    unit: str | None = None


EXCEEDS = "probability that a new value exceeds a reference value"
SPREAD = "mean distance of a rank from the middle"
KINDS = (
    Kind("calibration", "calibration", "calibration", 0.4, "intercept", "calibration in the large", 0.0, 0.1),
    Kind("prevalence", "prevalence", "prevalence", 0.1, "share", "share with the outcome", 0.05, 0.008),
    *(
        Kind(f"covariate:{name}", name, "covariates", 0.4 / 9, "location", EXCEEDS, 0.5, 0.028, unit)
        for name, unit in (
            *(("age", "year"), ("kVp", "kV"), ("tube current", "mAs"), ("slice thickness", "mm")),
            ("body mass index", "kg/m²"),
        )
    ),
    *(
        Kind(
            f"covariate:{name}={level}",
            f"{name}: {level}",
            "covariates",
            0.4 / 9,
            "share",
            f"share of {level}",
            q,
            t,
        )
        for name, level, q, t in (
            *(("vendor", "Acme", 0.62, 0.05), ("vendor", "Borealis", 0.31, 0.045)),
            *(("vendor", "other", 0.07, 0.02), ("sex", "female", 0.48, 0.05)),
        )
    ),
    Kind("missing:age", "age missing", "missingness", 0.025, "rate", "share of missing values", 0.02, 0.008),
    Kind("missing:kVp", "kVp missing", "missingness", 0.025, "rate", "share of missing values", 0.01, 0.006),
    Kind("score:mean", "score mean", "score", 0.05, "mean", "mean calibrated probability", 0.05, 0.007),
    Kind("score:shape", "score shape", "score", 0.05, "spread", SPREAD, 0.5, 0.028),
    Kind("quality:sharpness", "sharpness", "quality", 0.02, "share", "share graded poor", 0.04, 0.015),
    Kind(
        "quality:wrong view", "wrong view", "quality", 0.02, "share", "share with another view", 0.01, 0.006
    ),
    Kind("workflow:latency", "reading latency", "workflow", 0.02, "location", EXCEEDS, 0.5, 0.03, "min"),
    Kind("readers:override", "override rate", "readers", 0.02, "share", "share overridden", 0.08, 0.02),
)


def report(places: int = 5, *, nights: int = 150, seed: int = 20260301) -> dict[str, Any]:
    """A network of hospitals: the first has an alarm, the second is on watch, the third has too few data.

    Args:
        places: How many sites, with one finding each.
        nights: How many nights up to `AS_OF`.
        seed: Of the generator; the same seed gives the same report.
    """
    generator = np.random.default_rng(seed)
    dates = [(AS_OF - timedelta(days=nights - night)).isoformat() for night in range(nights)]
    sites = [_place(position, dates, generator) for position in range(places)]
    alarms = _alarms(sites, dates)
    return {
        "as_of": AS_OF.isoformat(),
        "plan": {"id": "CXR-PTX-2026", "version": "1.2.0", "sha256": "3f" * 32},
        "false_alarm_probability": ALPHA,
        "horizon_looks": HORIZON,
        "expected_false_alarms": ALPHA * places,
        "sites_by_e_bh": [site["site"] for site in sites if site["status"] == "alarm"],
        "freshness": {"last_night": dates[-1], "missed_nights": 0},
        "sites": sites,
        "alarms": alarms,
        "findings": [_unseen(sites[0], dates)] if sites else [],
        **documents(),
    }


def hostile() -> dict[str, Any]:
    """Two places in which every text that a file or a person may have written tries to be something else."""
    found = report(2, nights=20)
    return {**_poisoned(found), "as_of": found["as_of"]}


def bare() -> dict[str, Any]:
    """A report of which almost everything is absent."""
    return {
        "sites": [
            {"site": "Harbour"},
            {"site": "Hill", "status": None, "streams": [{"stream": "prevalence"}]},
        ],
        "alarms": [{"alarm": "ALM-0001", "site": "Harbour"}],
        "findings": None,
    }


def _place(position: int, dates: list[str], generator: np.random.Generator) -> dict[str, Any]:
    status = _status(position)
    town = TOWNS[position % len(TOWNS)]
    streams = [_stream(kind, position, dates, generator) for kind in KINDS]
    studies = 34 if status == "insufficient" else int(generator.integers(4_000, 60_000))
    return {
        "site": town if position < len(TOWNS) else f"{town} {position // len(TOWNS) + 1}",
        "finding": "pneumothorax",
        "status": status,
        "reason": _reason(status),
        "studies": studies,
        "events": round(studies * 0.05),
        "last_arrival": dates[-1],
        "late_rows": int(generator.integers(0, 9)),
        "next_decision": wait(change="CHG-0003") if position == 0 else wait(state="no_change"),
        "largest_effect": _largest(streams) if status != "insufficient" else None,
        "streams": streams,
        **_computed(status, generator),
    }


def _status(position: int) -> str:
    first = {0: "alarm", 1: "watch", 2: "insufficient"}
    later = {0: "alarm", 9: "watch", 14: "insufficient"}
    return first.get(position) or later.get(position % 23, "ok")


def _reason(status: str) -> str:
    return {
        "alarm": "Tube current and vendor moved: a new value exceeds a reference value with probability 0.64",
        "watch": "Prevalence is at 71 % of its limit; nothing has to be done yet",
        "insufficient": "34 studies, 1,000 are needed for a reference",
        "ok": "Every stream is below half of its limit",
    }[status]


def _stream(kind: Kind, position: int, dates: list[str], generator: np.random.Generator) -> dict[str, Any]:
    status = _status(position)
    moved = {"alarm": ("covariate:tube current", "covariate:vendor=Acme"), "watch": ("prevalence",)}.get(
        status, ()
    )
    limit = math.log(HORIZON / (ALPHA * kind.weight))
    insufficient = status == "insufficient" and kind.stream != "calibration"
    history = [] if insufficient else _history(kind.stream in moved, status, limit, dates, generator)
    log_r = history[-1]["log_r"] if history else None
    state = "insufficient" if insufficient else _state(log_r, limit)
    return {
        **{key: getattr(kind, key) for key in ("stream", "label", "group", "unit")},
        "state": state,
        "reason": "34 of 1,000 reference studies" if insufficient else _words(state),
        "log_limit": limit,
        "log_r": log_r,
        "named_by_e_bh": state == "alarm",
        "effects": [] if insufficient else [_effect(kind, kind.stream in moved, status, generator)],
        "history": history,
    }


def _words(state: str) -> str:
    return {"alarm": "over its limit", "watch": "half of its limit or more"}.get(
        state, "below half of its limit"
    )


def _state(log_r: float, limit: float) -> str:
    return "alarm" if log_r >= limit else "watch" if log_r >= limit / 2 else "quiet"


def _history(
    moved: bool, status: str, limit: float, dates: list[str], generator: np.random.Generator
) -> list[dict[str, Any]]:
    """Nightly evidence: log R = log e + log(R + 1); a moved stream gains after two thirds of the nights."""
    change, log_r, rows = 2 * len(dates) // 3, -10.0, []
    gain = {"alarm": 1.2, "watch": 0.25}.get(status, 0.0)
    for night, name in enumerate(dates):
        n = 0 if 30 <= night < 36 else int(generator.poisson(200))
        if n and night != 70:
            drift = gain if moved and night >= change else -0.9
            log_r = float(np.logaddexp(log_r, 0.0) + generator.normal(drift, 0.55))
            log_r = min(log_r, 1.2 * limit if status == "alarm" else 0.75 * limit)
        if night != 70:
            rows.append({"night": name, "n": n, "log_r": log_r})
    return rows


def _effect(kind: Kind, moved: bool, status: str, generator: np.random.Generator) -> dict[str, Any]:
    distance = {"alarm": 4.6, "watch": 1.3}.get(status, 0.0) if moved else float(generator.normal(0, 0.35))
    half = kind.tolerance * float(generator.uniform(0.25, 0.7))
    value = kind.reference + distance * kind.tolerance
    return {
        "functional": kind.functional,
        "words": kind.words,
        "reference": kind.reference,
        "band": [kind.reference - kind.tolerance, kind.reference + kind.tolerance],
        "value": value,
        "low": value - half,
        "high": value + half,
        "standardized_difference": distance / 10,
    }


def _largest(streams: list[dict[str, Any]]) -> dict[str, Any]:
    def distance(stream: dict[str, Any]) -> float:
        found = stream["effects"][0]
        return abs(found["value"] - found["reference"]) / (found["band"][1] - found["reference"])

    stream = max((stream for stream in streams if stream["effects"]), key=distance)
    found = stream["effects"][0]
    return {"stream": stream["label"], **{key: found[key] for key in ("value", "low", "high")}, "unit": None}


def _estimate(value: float, half: float, n: int = 4000) -> dict[str, Any]:
    ends = {"value": value, "low": value - half, "high": value + half}
    return {**ends, "n": n, "events": round(n * 0.05), "method": "bootstrap"}


def _computed(status: str, generator: np.random.Generator) -> dict[str, Any]:
    if status == "insufficient":
        reason = {"reason": "34 studies, 1,000 are needed"}
        names = ("explanations", "prevalence_without_outcomes", "expected_performance", "readers", "domain")
        return {**dict.fromkeys(names, reason), "exclusions": None, "second_opinion": None}
    found = {
        "explanations": {"reason": "no stream has alarmed"},
        "prevalence_without_outcomes": _prevalence(status),
        "expected_performance": _performance(),
        "calibration_in_use": _in_use(),
        "calibration_over_time": _over_time(status),
        "calibration_by_subgroup": _by_subgroup(),
        "readers": _readers(generator),
        "exclusions": _exclusions(),
        "domain": {"reason": "computed for a place with an alarm only"},
        "second_opinion": None,
    }
    return found if status != "alarm" else {**found, **_flagged()}


def _prevalence(status: str) -> dict[str, Any]:
    if status == "alarm":
        return {"shown": False, "reason": "scores within each class may have moved; label shift is excluded"}
    estimate = {"value": 0.0523, "low": 0.0441, "high": 0.0612}
    check = {"method": "BBSE", "value": 0.0539, "low": 0.0421, "high": 0.0668}
    return {"shown": True, "reason": "label shift is not excluded", **estimate, "cross_check": check}


def _performance() -> dict[str, Any]:
    expected = {
        "sensitivity": _estimate(0.86, 0.05),
        "ppv": _estimate(0.31, 0.04),
        "alert_rate": _estimate(0.14, 0.01),
    }
    realised = {"sensitivity": _estimate(0.84, 0.06), "ppv": _estimate(0.29, 0.04)}
    return {**expected, "realised": realised, "marked": "an estimate without outcomes"}


def _in_use() -> dict[str, Any]:
    """Ten groups of ninety studies, the last one with too few events."""
    shares = np.linspace(0.02, 0.65, 10)
    groups = [
        {"predicted": share, "observed": share / ratio, "n": 90, "events": round(90 * share / ratio)}
        | {"low": share / ratio / 1.5, "high": min(1.0, share / ratio * 1.5)}
        for share, ratio in zip(shares.tolist(), [1.0] * 9 + [1.9], strict=True)
    ]
    return {
        "version": "v1",
        "from": "2025-12-02",
        "to": "2026-01-10",
        "n": 900,
        "events": 270,
        "estimates": {"observed_expected": _estimate(0.94, 0.1), "slope": _estimate(0.91, 0.12)},
        "groups": groups,
        "histogram": {
            "edges": np.linspace(0.0, 1.0, 21).tolist(),
            "negatives": [100] * 6 + [5] * 14,
            "positives": [1] * 6 + [17] * 14,
        },
    }


def _over_time(status: str) -> dict[str, Any]:
    """Four months; at a place with an alarm too many events from the third on, until v1 came."""
    ratios = (0.97, 1.04, 1.62, 0.99) if status == "alarm" else (0.97, 1.04, 1.02, 0.99)
    periods = [
        {"from": f"2025-{month}-01", "to": f"2025-{month}-28", "n": 900, "events": 60, "observed": 60}
        | {"expected": 60 / ratio, "value": ratio, "low": ratio / 1.25, "high": ratio * 1.25}
        for month, ratio in zip((9, 10, 11, 12), ratios, strict=True)
        for month in (f"{month:02d}",)
    ]
    return {"periods": periods, "in_use": [{"version": "v1", "from": "2025-12-01"}]}


def _by_subgroup() -> dict[str, Any]:
    rows = [
        {"subgroup": f"vendor = {name}", "n": 700, "observed": 41, "value": value, "reason": None}
        | {"low": value / 1.3, "high": value * 1.3}
        for name, value in (("Acme", 1.02), ("Borealis", 1.55))
    ]
    nothing = {
        **dict.fromkeys(("value", "low", "high")),
        "reason": "not enough: 3 events observed, 10 are needed",
    }
    few = {"subgroup": "vendor = other", "n": 40, "observed": 3, **nothing}
    return {"version": "v1", "from": "2025-12-01", "subgroups": [*rows, few]}


def _readers(generator: np.random.Generator) -> dict[str, Any]:
    rows = [
        {
            "study": f"{int(generator.integers(16**12)):016x}",
            "night": (AS_OF - timedelta(days=3 * position + 1)).isoformat(),
            "score": float(generator.uniform(0.05, 0.95)),
            "ai": "alert" if position % 2 else "no alert",
            "reader": "negative" if position % 2 else "positive",
            "outcome": None if position < 2 else position % 3 == 0,
        }
        for position in range(6)
    ]
    return {
        "override_rate": _estimate(0.081, 0.011),
        "agreement": _estimate(0.79, 0.03),
        "false_positives_per_100": _estimate(6.2, 0.8),
        "limit": 5,
        "disagreements": rows,
    }


def _exclusions() -> dict[str, Any]:
    reasons = (
        ("motion", "before scoring", 41),
        ("wrong view", "before scoring", 17),
        ("no report", "after scoring", 88),
    )
    return {
        "rate": _estimate(0.023, 0.004),
        "by_reason": [{"reason": why, "stage": when, "studies": n} for why, when, n in reasons],
        "dependence": [
            {"on": "score", "difference": _estimate(0.03, 0.02), "p": 0.004, "depends": True},
            {"on": "outcome", "difference": _estimate(0.001, 0.01), "p": 0.81, "depends": False},
            {"on": "sex", "difference": None, "p": None, "depends": None},
        ],
    }


def _flagged() -> dict[str, Any]:
    return {
        "explanations": {
            "verdict": "consistent with another acquisition only",
            "kept": ["acquisition"],
            "p_values": {
                "none": 0.00001,
                "covariate": 0.0004,
                "label": 0.0021,
                "concept": 0.003,
                "acquisition": 0.41,
            },
            "events": 60,
            "events_needed": None,
            "decomposition": {
                "explained_by_scores": _estimate(0.004, 0.003),
                "unexplained": _estimate(0.011, 0.006),
            },
            "strata": [
                {"vendor": "Acme", "n": 3100, "kept": ["acquisition"], "p": 0.2},
                {"vendor": "Borealis", "n": 1400, "kept": ["none", "label"], "p": 0.6},
            ],
        },
        "domain": {"auc": _estimate(0.74, 0.03), "p": 0.005, "carriers": ["tube current", "vendor"]},
        "second_opinion": {
            "html": "evidently/harbour-pneumothorax.html",
            "agreement": [
                {"feature": "tube current", "ours": "alarm", "evidently": "drift", "agree": True},
                {"feature": "age", "ours": "quiet", "evidently": "drift", "agree": False},
            ],
        },
    }


def _alarms(sites: list[dict[str, Any]], dates: list[str]) -> list[dict[str, Any]]:
    alarms: list[dict[str, Any]] = []
    for site in sites:
        past = [_closed(site, dates, len(alarms))] if site["status"] == "alarm" else []
        alarms += past
        for stream in site["streams"]:
            crossed = [row for row in stream["history"] if row["log_r"] >= stream["log_limit"]]
            alarms += [_alarm(site, stream, crossed[0], len(alarms))] if crossed else []
    return alarms


def _alarm(site: dict[str, Any], stream: dict[str, Any], row: dict[str, Any], before: int) -> dict[str, Any]:
    names = {key: site[key] for key in ("site", "finding")}
    again = stream["stream"] == "covariate:tube current"
    return {
        "alarm": f"ALM-{before + 1:04d}",
        **names,
        **{key: stream[key] for key in ("stream", "label", "log_limit")},
        "night": row["night"],
        "log_r": row["log_r"],
        "state": "open",
        "effect": "a new value exceeds a reference value with probability 0.63 (0.61 to 0.65)",
        "recurrence": 2 if again else 1,
        "change": None,
        "closed": None,
    }


def _closed(site: dict[str, Any], dates: list[str], before: int) -> dict[str, Any]:
    stream = next(stream for stream in site["streams"] if stream["stream"] == "covariate:tube current")
    row = {"night": dates[len(dates) // 4], "log_r": stream["log_limit"] + 0.4}
    closed = {
        "at": f"{dates[len(dates) // 4 + len(dates) // 20]}T09:14:02Z",
        "by": "R. Okafor",
        "role": "qa_lead",
        "cause": "device",
        "reason": "A dose protocol was tried for a week and taken back; the vendor confirmed it in writing.",
    }
    return {**_alarm(site, stream, row, before), "state": "closed", "recurrence": 1, "closed": closed}


def _unseen(site: dict[str, Any], dates: list[str]) -> dict[str, Any]:
    names = {key: site[key] for key in ("site", "finding")}
    what = "scanner vendor 'Cirrus' is on 3 studies and was never in the reference"
    return {**names, "kind": "unseen_category", "what": what, "night": dates[-1]}


STATES = frozenset({"night", "state", "status", "group", "at", "metric", "against", "require", "deadline"})
"""Texts that this program writes itself."""


def _poisoned(value: Any, key: str = "") -> Any:
    if isinstance(value, dict):
        return {name: _poisoned(part, name) for name, part in value.items()}
    if isinstance(value, list):
        return [_poisoned(part, key) for part in value]
    return " ".join((*HOSTILE, value)) if isinstance(value, str) and key not in STATES else value
