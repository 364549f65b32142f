"""What a candidate must meet: a bound on a difference or a proportion, or an interval inside two limits."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from monitor.plan.types import Closed, Comparator, Identifier, Probability, Require

Limit = Annotated[float, Field(ge=-1e6, le=1e6)]


class LossCriterion(Closed):
    """Mean loss of the comparator minus that of the candidate; above zero the candidate is better."""

    id: Identifier = Field(description="Short name of the criterion.", examples=["G1"])
    metric: Literal["log_loss_difference", "brier_score_difference"] = Field(
        description="Comparator's log loss, or Brier score, minus the candidate's."
    )
    against: Comparator = Field(
        description="The comparator: the calibrator in use, or the authorised original."
    )
    bound: Literal["lower"] = Field(description="The lower confidence bound is held against the limit.")
    limit: Limit | None = Field(
        default=None,
        description="Least difference per study, in the loss's unit; or give margin_relative.",
        examples=[0.0],
    )
    margin_relative: Annotated[float, Field(gt=-0.5, le=0.0)] | None = Field(
        default=None,
        description="Least difference, as a share of the comparator's loss.",
        examples=[-0.01],
    )
    require: Require = Field(
        default="demonstrated",
        description="demonstrated: the bound proves it. "
        "not_contradicted: it fails only when the opposite is proved.",
    )

    @model_validator(mode="after")
    def exactly_one_limit(self) -> Self:
        if (self.limit is None) == (self.margin_relative is None):
            raise PydanticCustomError(
                "plan_rule",
                "the criterion has no bound to meet, or two",
                {
                    "key": "limit",
                    "expected": "exactly one of limit (loss per study) "
                    "and margin_relative (share of the comparator's loss)",
                },
            )
        return self


class RatioCriterion(Closed):
    """Two one-sided tests that a ratio lies between two limits around one."""

    id: Identifier = Field(description="Short name of the criterion.", examples=["G2"])
    metric: Literal["observed_expected_ratio", "calibration_slope"] = Field(
        description="Observed over expected events of the rarer class, or the calibration slope; 1 is ideal."
    )
    interval: Literal["two_one_sided"] = Field(description="The whole interval must lie between the limits.")
    limits: tuple[Limit, Limit] = Field(
        description="Lowest and highest tolerated ratio, with 1 between them.", examples=[[0.8, 1.25]]
    )
    require: Require = Field(
        default="demonstrated",
        description="demonstrated: the interval proves it. "
        "not_contradicted: it fails only when the opposite is proved.",
    )

    @model_validator(mode="after")
    def limits_enclose_one(self) -> Self:
        low, high = self.limits
        if not 0.0 < low < 1.0 < high:
            raise PydanticCustomError(
                "plan_rule",
                "the limits do not enclose the ideal ratio",
                {"key": "limits", "expected": "two numbers in order, both above 0, with 1 between them"},
            )
        return self


class ProportionCriterion(Closed):
    """A proportion at the finding's operating point whose lower bound must clear a floor."""

    id: Identifier = Field(description="Short name of the criterion.", examples=["G4"])
    metric: Literal["sensitivity", "specificity", "ppv", "npv"] = Field(
        description="Share of studies that the operating point classifies rightly, of those named."
    )
    at: Literal["operating_point"] = Field(description="The operating point of the finding.")
    bound: Literal["lower"] = Field(description="The lower confidence bound is held against the limit.")
    limit: Probability = Field(description="The floor.", examples=[0.85])
    require: Require = Field(
        default="demonstrated",
        description="demonstrated: the bound proves it. "
        "not_contradicted: it fails only when the opposite is proved.",
    )


class AlertRateCriterion(Closed):
    """Share of studies above the operating point, whose upper bound must stay below a ceiling."""

    id: Identifier = Field(description="Short name of the criterion.", examples=["G7"])
    metric: Literal["alert_rate"] = Field(description="Share of all studies that raise an alert.")
    at: Literal["operating_point"] = Field(description="The operating point of the finding.")
    bound: Literal["upper"] = Field(description="The upper confidence bound is held against the limit.")
    limit: Probability = Field(description="The ceiling.", examples=[0.12])
    require: Require = Field(
        default="demonstrated",
        description="demonstrated: the bound proves it. "
        "not_contradicted: it fails only when the opposite is proved.",
    )


class AreaCriterion(Closed):
    """Area under the ROC curve: an absolute floor, or a margin against the original calibrator's."""

    id: Identifier = Field(description="Short name of the criterion.", examples=["G5"])
    metric: Literal["auc"] = Field(description="Area under the ROC curve.")
    against: Literal["original"] | None = Field(
        default=None, description="The comparator of a margin; absent with limit."
    )
    bound: Literal["lower"] = Field(description="The lower confidence bound is held against the limit.")
    limit: Probability | None = Field(
        default=None, description="The floor of the area; or give against and margin.", examples=[0.85]
    )
    margin: Annotated[float, Field(gt=-0.5, lt=0.0)] | None = Field(
        default=None, description="Least difference from the comparator's area.", examples=[-0.03]
    )
    require: Require = Field(
        default="demonstrated",
        description="demonstrated: the bound proves it. "
        "not_contradicted: it fails only when the opposite is proved.",
    )

    @model_validator(mode="after")
    def floor_or_margin(self) -> Self:
        if (self.limit is None) == (self.margin is None) or (self.margin is None) != (self.against is None):
            raise PydanticCustomError(
                "plan_rule",
                "the area has no bound to meet, or two",
                {"key": "limit", "expected": "limit alone, or against: original with margin"},
            )
        return self


Criterion = Annotated[
    LossCriterion | RatioCriterion | ProportionCriterion | AlertRateCriterion | AreaCriterion,
    Field(discriminator="metric"),
]
