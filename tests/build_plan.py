"""A small valid change-control plan for tests, as a dictionary and as the typed object.

`plan_dict()` is a plan whose logs use the contract's own column names. Overrides are given by dotted
key with double underscores ("logs__predictions__time_precision") or as a nested dictionary that is
merged into the plan; a value replaces the one below it, lists are replaced whole.

    make_plan()                                           # day precision, one finding, two covariates
    make_plan(logs__predictions__time_precision="month", monitoring__cadence="monthly")
    make_plan({"findings": [{"id": "a"}, {"id": "b"}]})
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

from monitor.plan.model import ChangePlan

DROP = object()

PLAN: dict[str, Any] = {
    "plan": {
        "id": "PCCP-TEST",
        "title": "Local recalibration of a test score",
        "version": "1.0.0",
        "authorization": {"status": "none"},
        "actor": "manufacturer",
    },
    "device": {
        "name": "Test score",
        "model_version": "m1",
        "original_calibrator": "identity",
        "intended_use": "Testing only.",
        "invariants": ["intended_use", "model_weights"],
        "safe_and_effective_without_change": {"claim": True, "evidence": "VAL-0001"},
    },
    "findings": [{"id": "lesion"}],
    "logs": {
        "predictions": {
            "columns": {
                "study_id": "study_id",
                "patient_id": "patient_id",
                "site": "site",
                "predicted_at": "predicted_at",
                "model_version": "model_version",
                "score": "score",
            },
            "time_precision": "day",
            "sentinels": [-1.0],
        },
        "outcomes": {
            "columns": {
                "study_id": "study_id",
                "site": "site",
                "outcome": "outcome",
                "observed_at": "observed_at",
            },
            "constants": {"label_source": "pathology", "label_version": "1", "ai_influence": "blinded"},
        },
        "covariates": [
            {"name": "age", "kind": "continuous", "unit": "year", "range": [0.0, 120.0]},
            {"name": "view", "kind": "categorical", "levels": ["PA", "AP"]},
        ],
    },
    "monitoring": {
        "cadence": "daily",
        "horizon_looks": 365,
        "false_alarm_probability": 0.05,
        "score_reference_rows": 100,
        "streams": {
            "calibration": {"weight": 0.4, "tolerance": {"logit": 0.1, "standard_errors": 1.0}},
        },
    },
    "description_of_modifications": [
        {
            "id": "M1",
            "title": "Per-site recalibration of the probability",
            "type": "quantitative_performance",
            "scope": "local",
            "local_factors": ["prevalence"],
            "methods": ["intercept", "platt"],
            "implementation": "manual",
            "excluded": ["model_weights"],
            "labeling_sections": ["performance"],
        }
    ],
    "modification_protocol": {
        "data_management": [
            {
                "id": "D1",
                "reference_standard": {
                    "source": "pathology",
                    "version": "1",
                    "definition": "Histology of the lesion.",
                },
                "maturity_days": 28,
                "minimum_ascertainment": 0.9,
                "ai_influence": {
                    "monitoring": ["blinded", "aware"],
                    "fitting": ["blinded", "aware"],
                    "validation": ["blinded"],
                },
                "split": {"unit": "patient", "order": "time"},
            }
        ],
        "retraining": [
            {
                "id": "R1",
                "trigger": {"stream": "calibration"},
                "events_for": {"closed_test": 50},
                "frozen": ["model_weights"],
            }
        ],
        "performance_evaluation": [
            {
                "id": "E1",
                "comparators": ["last_deployed", "original"],
                "minimum_events": 100,
                "minimum_patients": 100,
                "looks": {"events": [100]},
                "maximum_wait_days": 730,
                "attempt_alpha": [0.025, 0.0125],
                "criteria": [
                    {
                        "id": "G1",
                        "metric": "log_loss_difference",
                        "against": "last_deployed",
                        "bound": "lower",
                        "limit": 0.0,
                        "require": "demonstrated",
                    },
                    {
                        "id": "G2",
                        "metric": "observed_expected_ratio",
                        "interval": "two_one_sided",
                        "limits": [0.8, 1.25],
                        "require": "not_contradicted",
                    },
                    {
                        "id": "G3",
                        "metric": "calibration_slope",
                        "interval": "two_one_sided",
                        "limits": [0.75, 1.33],
                        "require": "not_contradicted",
                    },
                    {
                        "id": "G6",
                        "metric": "log_loss_difference",
                        "against": "original",
                        "bound": "lower",
                        "margin_relative": -0.01,
                        "require": "demonstrated",
                    },
                ],
                "on_unresolvable_failure": "record_and_do_not_implement",
            }
        ],
        "update_procedures": [
            {
                "id": "U1",
                "deploy_to": ["proposing_site"],
                "users_informed_by": "release note",
                "relabel_previous_patients": False,
            }
        ],
    },
    "impact_assessment": [
        {
            "modification": "M1",
            "benefits": ["calibrated probabilities"],
            "risks": ["overfitting"],
            "mitigations": ["independent validation"],
            "bias": "none expected",
            "interaction": "none",
            "cumulative": "bounded by G6",
        }
    ],
    "traceability": [
        {
            "modification": "M1",
            "data_management": ["D1"],
            "retraining": ["R1"],
            "performance_evaluation": ["E1"],
            "update_procedures": ["U1"],
        }
    ],
    "approvals": [{"role": "quality_lead", "signatures": 1, "keys": []}],
}


def plan_dict(overrides: Mapping[str, Any] | None = None, **dotted: Any) -> dict[str, Any]:
    """The plan as plain dictionaries and lists; `DROP` as a value removes a key."""
    plan = copy.deepcopy(PLAN)
    if overrides:
        _merge(plan, overrides)
    for key, value in dotted.items():
        *parents, last = key.split("__")
        place: Any = plan
        for name in parents:
            place = place[int(name)] if isinstance(place, list) else place.setdefault(name, {})
        _put(place, int(last) if isinstance(place, list) else last, value)
    return plan


def make_plan(overrides: Mapping[str, Any] | None = None, **dotted: Any) -> ChangePlan:
    """The same plan as the validated, frozen object."""
    return ChangePlan.model_validate(_tuples(plan_dict(overrides, **dotted)))


def undated_plan(overrides: Mapping[str, Any] | None = None, **dotted: Any) -> ChangePlan:
    """A plan for a log without times: one look, patients split by hash."""
    dotted = {
        "logs__predictions__time_precision": "none",
        "logs__predictions__columns__predicted_at": DROP,
        "logs__outcomes__columns__observed_at": DROP,
        "monitoring__cadence": "once",
        "monitoring__horizon_looks": 1,
        "modification_protocol__data_management__0__split": {
            "unit": "patient",
            "order": "hash",
            "fitting_share": 0.5,
        },
        **dotted,
    }
    return make_plan(overrides, **dotted)


def _merge(target: dict[str, Any], source: Mapping[str, Any]) -> None:
    for key, value in source.items():
        if isinstance(value, Mapping) and isinstance(target.get(key), dict):
            _merge(target[key], value)
        else:
            _put(target, key, value)


def _put(target: Any, key: Any, value: Any) -> None:
    if value is DROP:
        target.pop(key, None)
    else:
        target[key] = copy.deepcopy(value)


def _tuples(value: Any) -> Any:
    """Lists become tuples: the strict model takes no list for a tuple."""
    if isinstance(value, dict):
        return {key: _tuples(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return tuple(_tuples(item) for item in value)
    return value
