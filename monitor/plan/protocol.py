"""How a change is made: data, retraining, evaluation, update."""

from typing import Annotated, Literal, Self

from pydantic import Field, StringConstraints, model_validator
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
    readers: Annotated[int, Field(ge=1, le=100)] = Field(
        default=1,
        description="Least number of readers with a definite answer for an outcome to be usable.",
        examples=[2],
    )
    consensus: Literal["unanimous", "majority"] = Field(
        default="unanimous",
        description="unanimous: all readers of a study agree. majority: more than half of them; a tie leaves "
        "no usable outcome.",
    )
    indeterminate: Literal["exclude_and_report"] | None = Field(
        default=None,
        description="exclude_and_report: a reader who could not tell is left out of the consensus and "
        "counted in the dossier; no key, one such reader leaves the study without a usable outcome.",
    )
    band_minimum_reads: PositiveInt | None = Field(
        default=None,
        description="Least number of studies with the outcome, and of studies without it, for a reader to "
        "enter the band of single readers; no key, no band.",
        examples=[30],
    )


class Verification(Closed):
    """What is done where it depends on the score whose outcome becomes known."""

    score_bins: Annotated[int, Field(ge=2, le=50)] = Field(
        description="Ranges of scores, with equally many studies, in which known outcomes are counted.",
        examples=[5],
    )
    weights: Literal["none", "inverse_probability"] = Field(
        description="none: every known outcome counts once. inverse_probability: it counts for the studies "
        "of its range whose outcome is not known, too."
    )
    maximum_spread: Annotated[float, Field(gt=0.0, lt=1.0)] | None = Field(
        default=None,
        description="With weights: none, the largest difference between the shares of known outcomes of two "
        "ranges; beyond it nothing is accepted.",
        examples=[0.15],
    )

    @model_validator(mode="after")
    def bound_belongs_to_no_weights(self) -> Self:
        if self.weights == "none" and self.maximum_spread is None:
            raise PydanticCustomError(
                "plan_rule",
                "without weights nothing bounds how far known outcomes may depend on the score",
                {"key": "maximum_spread", "expected": "a number between 0 and 1"},
            )
        if self.weights == "inverse_probability" and self.maximum_spread is not None:
            raise PydanticCustomError(
                "plan_rule",
                "has no meaning with weights, which undo the dependence however large",
                {"key": "maximum_spread", "expected": "no such key"},
            )
        return self


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
    verification: Verification | None = Field(
        default=None,
        description="Known outcomes by score, and what follows; no key, they are not looked at.",
    )
    split: Split = Field(description="How fitting and validation patients are kept apart.")


class Trigger(Closed):
    """What opens a change."""

    stream: Literal["calibration"] = Field(description="The stream whose alarm opens a change.")


class EventsFor(Closed):
    """Studies of the rarer class the fitting window must hold before a method is tried."""

    pooled: Annotated[int, Field(ge=10, le=1_000_000_000)] | None = Field(
        default=None,
        description="Studies of the rarer class for a fit that borrows from the other sites, or from the map "
        "in use where they are too few; no key, no such fit.",
        examples=[10],
    )
    closed_test: Annotated[int, Field(ge=20, le=1_000_000_000)] = Field(
        description="Studies of the rarer class for the closed test of keep, intercept and Platt.",
        examples=[100],
    )
    flexible: Annotated[int, Field(ge=1_000, le=1_000_000_000)] | None = Field(
        default=None,
        description="Studies of the rarer class from which cross-validation chooses among all listed "
        "methods, beta and isotonic included; no key, neither of these.",
        examples=[1000],
    )

    @property
    def least(self) -> int:
        """Studies of the rarer class below which nothing is fitted."""
        return self.closed_test if self.pooled is None else self.pooled


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

    events: Annotated[tuple[PositiveInt, ...], Field(min_length=1, max_length=10)] = Field(
        description="Studies of the rarer class at each look, increasing.", examples=[[200], [350, 500]]
    )
    spending: Literal["obrien_fleming"] | None = Field(
        default=None,
        description="How several looks share the attempt's alpha (Lan-DeMets); one look needs none.",
    )


class Harm(Closed):
    """When a subgroup counts as harmed by a candidate."""

    metric: Literal["log_loss_difference"] = Field(
        description="Log loss of the calibrator in use minus the candidate's, within the subgroup."
    )
    margin_relative: Annotated[float, Field(gt=-0.5, lt=0.0)] = Field(
        description="Loss that is tolerated, as a share of the log loss of the calibrator in use.",
        examples=[-0.05],
    )


class SubgroupRule(Closed):
    """How the subgroups of the plan are judged; a harmed one rejects the candidate."""

    harm: Harm = Field(description="What harm is.")
    alpha: Annotated[float, Field(gt=0.0, le=0.05)] = Field(
        default=0.05,
        description="One-sided error probability of a wrong claim in any subgroup: of harm, and of no harm.",
    )
    multiplicity: Literal["holm"] = Field(description="How the claims of harm share alpha.")
    certify_with: Literal["bonferroni"] = Field(description="How the claims of no harm share alpha.")


class ChallengingCases(Closed):
    """Studies on which the device is known to find it hard: reported at each look, not judged."""

    where: Annotated[str, StringConstraints(min_length=1, max_length=400)] = Field(
        description="Comparisons of declared covariates, joined by and, or, not, in and parentheses.",
        examples=["age >= 80 or view = 'AP'"],
    )


class Retest(Closed):
    """What a further attempt at a site needs after one that was rejected or insufficient."""

    requires: Literal["root_cause_unrelated_to_plan"] = Field(
        description="A signed record of a root cause that has nothing to do with the plan."
    )
    role: Identifier = Field(description="The role that signs it.", examples=["quality_lead"])


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
    subgroups: SubgroupRule | None = Field(
        default=None, description="How the subgroups of the logs are judged; no key, no claim about any."
    )
    challenging_cases: ChallengingCases | None = Field(
        default=None, description="Difficult studies to be reported by themselves; no key, no such report."
    )
    on_unresolvable_failure: Literal["record_and_do_not_implement"] = Field(
        description="The failure clause: a failure is recorded and the change is not implemented."
    )
    retest: Retest | None = Field(
        default=None, description="What a further attempt needs after one that failed; no key, a new alarm."
    )


class Rollback(Closed):
    """How a site returns to an earlier calibrator."""

    to: Literal["last_approved"] = Field(
        description="The approved version that was in use before the present one, at last the original."
    )


class FollowUp(Closed):
    """The question asked of every deployed change: did it help?"""

    events: PositiveInt = Field(
        description="Studies of the rarer class since deployment at which it is asked, once.", examples=[100]
    )
    alpha: Probability = Field(
        description="One-sided alpha of each answer, helped or harmed.", examples=[0.025]
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
    follow_up: FollowUp | None = Field(
        default=None,
        description="Compares the new calibrator with the one it replaced on studies since deployment; "
        "no key, no such check.",
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
