"""Keys and values of a full plan whose engine does not exist in this version.

They are refused, never ignored: an ignored key would be a promise that nothing keeps. `*` stands
for any item of a list.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from monitor.plan.fault import Key, Problem, kind
from monitor.plan.shape import alternatives, branches, spot, words

_EVALUATION = "modification_protocol.performance_evaluation"
_DATA = "modification_protocol.data_management"
_RETRAINING = "modification_protocol.retraining"
_UPDATE = "modification_protocol.update_procedures"
_CHANGE = "description_of_modifications"

KEYS: Mapping[str, str] = {
    f"{_DATA}.*.sequestration": "sequestration",
    f"{_UPDATE}.*.rollback.when": "automatic rollback",
}
_METRICS = (
    "average_precision",
    "brier_score",
    "calibration_in_the_large",
    "calibration_intercept",
    "expected_calibration_error",
    "integrated_calibration_index",
    "negative_predictive_value",
    "net_benefit",
    "positive_predictive_value",
)
_OTHER_STREAMS = ("prevalence", "covariates", "missingness", "score_mean", "score_shape")
_OTHER_CALIBRATORS = ("intercept", "platt", "beta", "isotonic")
VALUES: Mapping[str, Mapping[str, str]] = {
    "device.original_calibrator": dict.fromkeys(
        _OTHER_CALIBRATORS, "an original calibrator other than identity"
    ),
    "monitoring.label_streams.studies_per_patient": {"all": "all studies of a patient in the label streams"},
    f"{_CHANGE}.*.type": {
        "inputs": "modifications of inputs",
        "subpopulation": "modifications for a sub-population",
    },
    f"{_CHANGE}.*.scope": {"global": "global changes"},
    f"{_CHANGE}.*.implementation": {"both": "manual and automatic implementation side by side"},
    f"{_RETRAINING}.*.trigger.stream": dict.fromkeys(
        _OTHER_STREAMS, "triggers other than the calibration stream"
    ),
    f"{_EVALUATION}.*.criteria.*.metric": {metric: f"the metric {metric}" for metric in _METRICS},
    f"{_UPDATE}.*.deploy_to.*": dict.fromkeys(
        ("all_sites", "listed_sites"), "deployment beyond the proposing site"
    ),
    f"{_UPDATE}.*.relabel_previous_patients": {"true": "relabelling of previous patients"},
}
SINGLE: Mapping[str, str] = {
    _CHANGE: "more than one modification",
    _DATA: "more than one data management item",
    _RETRAINING: "more than one retraining item",
    _EVALUATION: "more than one performance evaluation item",
    _UPDATE: "more than one update procedure",
}


def unavailable(content: Any) -> list[Problem]:
    """Every key and value of the plan that this version has no engine for.

    Example:
        >>> [problem.message for problem in unavailable({"device": {"original_calibrator": "platt"}})]
        ['an original calibrator other than identity: not available in this version']
    """
    return [
        *(_refusal(key, what, value, "no such key") for key, value, what in _keys(content)),
        *(_refusal(key, what, value, _allowed(key)) for key, value, what in _values(content)),
        *(_refusal(key, what, value, "one item") for key, value, what in _seconds(content)),
    ]


def _refusal(key: Key, what: str, value: Any, expected: str) -> Problem:
    on_key = expected == "no such key"
    return Problem(key, f"{what}: not available in this version", expected, kind(value), on_key)


def _allowed(key: Key) -> str:
    return alternatives(branches(key)) if key[-1] == "metric" else words(spot(key).annotation)


def _keys(content: Any) -> Iterator[tuple[Key, Any, str]]:
    for pattern, what in KEYS.items():
        yield from ((key, value, what) for key, value in matches(content, pattern))


def _values(content: Any) -> Iterator[tuple[Key, Any, str]]:
    for pattern, names in VALUES.items():
        for key, value in matches(content, pattern):
            word = str(value).lower() if isinstance(value, bool) else value
            if isinstance(word, str) and word in names:
                yield key, value, names[word]


def _seconds(content: Any) -> Iterator[tuple[Key, Any, str]]:
    for pattern, what in SINGLE.items():
        for key, value in matches(content, pattern):
            if isinstance(value, list) and len(value) > 1:
                yield (*key, 1), value[1], what


def matches(content: Any, pattern: str) -> Iterator[tuple[Key, Any]]:
    """Every place of plain data that a dotted pattern names, with its value.

    Example:
        >>> list(matches({"a": [{"b": 1}, {}]}, "a.*.b"))
        [(('a', 0, 'b'), 1)]
    """
    found: list[tuple[Key, Any]] = [((), content)]
    for part in pattern.split("."):
        found = [((*key, name), value) for key, here in found for name, value in _children(here, part)]
    yield from found


def _children(here: Any, part: str) -> list[tuple[str | int, Any]]:
    if part == "*":
        return list(enumerate(here)) if isinstance(here, list) else []
    return [(part, here[part])] if isinstance(here, dict) and part in here else []
