"""How a change is made: data, retraining, evaluation, update."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from monitor.plan.criteria import Criterion
from monitor.plan.types import (
    AiInfluence,
    Closed,
    Comparator,
    Identifier,
    PositiveInt,
    Probability,
    Text,
    Texts,
)

Influences = Annotated[tuple[AiInfluence, ...], Field(min_length=1)]


class ReferenceStandard(Closed):
    """Where the truth comes from. Outcomes of another source or version judge nothing."""

    source: Text = Field(description="Name of the source as the outcome log writes it.")
    version: Text = Field(description="Version of the source as the outcome log writes it.", examples=["2"])
    definition: Text = Field(description="What makes an outcome positive, in words a clinician can check.")


class AllowedInfluence(Closed):
    """Which outcomes may be used where, by how their reader was exposed to the AI."""

    monitoring: Influences = Field(description="Classes whose outcomes enter the monitoring streams.")
    fitting: Influences = Field(
        description="Classes whose outcomes fit a candidate; all of them also monitored."
    )
    validation: Influences = Field(
        description="Classes whose outcomes judge a candidate; all of them also fitted."
    )


class Split(Closed):
    """Dated logs split in time; undated cohorts split by a hash of the patient."""

    unit: Literal["patient"] = Field(description="Patients are kept whole.")
    order: Literal["time", "hash"] = Field(
        description="time: later cohorts validate (dated logs). hash: patients by hash (undated logs)."
    )
    fitting_share: Annotated[float, Field(gt=0.1, lt=0.9)] | None = Field(
        default=None, description="Share of patients that fit, with order: hash.", examples=[0.5]
    )

    @model_validator(mode="after")
    def share_belongs_to_hash(self) -> Self:
        if self.order == "hash" and self.fitting_share is None:
            raise PydanticCustomError(
                "plan_rule",
                "order: hash needs the share of patients that fit",
                {"key": "fitting_share", "expected": "a number between 0.1 and 0.9"},
            )
        if self.order == "time" and self.fitting_share is not None:
            raise PydanticCustomError(
                "plan_rule",
                "has no meaning with order: time, where later cohorts validate",
                {"key": "fitting_share", "expected": "no such key"},
            )
        return self


class DataManagement(Closed):
    """Which outcomes count, when they count, and how fitting and validation are kept apart."""

    id: Identifier = Field(description="Short name of this item.", examples=["D1"])
    reference_standard: ReferenceStandard = Field(description="Where the truth comes from.")
    maturity_days: Annotated[int, Field(ge=0, le=3660)] = Field(
        description="Days after a cohort's last day until its outcomes are complete enough to be looked at."
    )
    minimum_ascertainment: Annotated[float, Field(gt=0.0, le=1.0)] = Field(
        description="Least share of mature studies with a usable outcome; below it nothing is accepted.",
        examples=[0.9],
    )
    ai_influence: AllowedInfluence = Field(description="Which outcomes may be used where.")
    split: Split = Field(description="How fitting and validation patients are kept apart.")


class Trigger(Closed):
    """What opens a change."""

    stream: Literal["calibration"] = Field(description="The stream whose alarm opens a change.")


class EventsFor(Closed):
    """Studies of the rarer class the fitting window must hold before a method is tried."""

    closed_test: Annotated[int, Field(ge=20, le=1_000_000_000)] = Field(
        description="Studies of the rarer class for the closed test of keep, intercept and Platt.",
        examples=[100],
    )


class Retraining(Closed):
    """When a candidate is fitted, from how much, and what stays frozen."""

    id: Identifier = Field(description="Short name of this item.", examples=["R1"])
    trigger: Trigger = Field(description="The alarm that opens a change.")
    events_for: EventsFor = Field(description="Least number of studies of the rarer class to fit.")
    frozen: Texts = Field(
        description="What refitting never touches.", examples=[["model_weights", "preprocessing"]]
    )


class Looks(Closed):
    """When a candidate is judged, counted in validation studies of the rarer class."""

    events: tuple[PositiveInt] = Field(
        description="Studies of the rarer class at the one look.", examples=[[200]]
    )


class PerformanceEvaluation(Closed):
    """How a candidate is judged: against whom, on how many, how often, by which criteria."""

    id: Identifier = Field(description="Short name of this item.", examples=["E1"])
    comparators: Annotated[tuple[Comparator, ...], Field(min_length=1)] = Field(
        description="Both are compared: the calibrator in use and the authorised original.",
        examples=[["last_deployed", "original"]],
    )
    minimum_events: PositiveInt = Field(
        description="Least number of validation studies of the rarer class.", examples=[200]
    )
    minimum_patients: PositiveInt = Field(description="Least number of validation patients.", examples=[150])
    looks: Looks = Field(description="When the candidate is judged.")
    maximum_wait_days: PositiveInt = Field(
        description="Days after which a change that never reached its look ends as insufficient.",
        examples=[730],
    )
    attempt_alpha: Annotated[tuple[Probability, ...], Field(min_length=1, max_length=100)] = Field(
        description="One-sided alpha of the first, second ... attempt at a site; then no attempt is left.",
        examples=[[0.025, 0.0125, 0.00625, 0.00625]],
    )
    criteria: Annotated[tuple[Criterion, ...], Field(min_length=1)] = Field(
        description="What a candidate must meet, all of it at the same look; something must be demonstrated."
    )
    on_unresolvable_failure: Literal["record_and_do_not_implement"] = Field(
        description="The failure clause: a failure is recorded and the change is not implemented."
    )


class Rollback(Closed):
    """How a site returns to an earlier calibrator."""

    to: Literal["last_approved"] = Field(
        description="The approved version that was in use before the present one, at last the original."
    )


class UpdateProcedure(Closed):
    """How an accepted and approved change reaches its site."""

    id: Identifier = Field(description="Short name of this item.", examples=["U1"])
    deploy_to: tuple[Literal["proposing_site"]] = Field(
        description="The change is deployed where it was judged."
    )
    users_informed_by: Text = Field(description="How users learn of the change.", examples=["release_note"])
    rollback: Rollback | None = Field(
        default=None, description="How a site returns to an earlier version; no key, no rollback."
    )
    relabel_previous_patients: Literal[False] = Field(
        description="Earlier patients keep the probabilities they were given."
    )


class ModificationProtocol(Closed):
    """How every change is made: data, retraining, evaluation, update."""

    data_management: tuple[DataManagement] = Field(description="Which outcomes count, and when.")
    retraining: tuple[Retraining] = Field(description="When and from what a candidate is fitted.")
    performance_evaluation: tuple[PerformanceEvaluation] = Field(description="How a candidate is judged.")
    update_procedures: tuple[UpdateProcedure] = Field(description="How a change reaches its site.")
