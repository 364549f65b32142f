"""Who the plan is, which device it belongs to, and what the device reports."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from monitor.plan.types import Closed, Identifier, Probability, Text, Texts, Version

Per100Studies = Annotated[float, Field(gt=0.0, lt=100.0)]


class Authorization(Closed):
    """Whether an authority has authorised this plan; anything else is watermarked on every document."""

    status: Literal["none", "submitted", "authorized"] = Field(
        description="Where the plan stands. Only 'authorized' removes the watermark from the documents."
    )
    pathway: Text | None = Field(
        default=None, description="Regulatory pathway of the authorisation letter.", examples=["510(k)"]
    )
    number: Text | None = Field(default=None, description="Number of the authorisation letter.")
    date: Text | None = Field(
        default=None,
        description="Date of the authorisation letter, as year-month-day.",
        examples=["2026-03-01"],
    )

    @model_validator(mode="after")
    def authorized_plans_cite_their_letter(self) -> Self:
        if self.status == "authorized" and not (self.pathway and self.number and self.date):
            raise PydanticCustomError(
                "plan_rule",
                "an authorized plan cites its letter",
                {"key": "status", "expected": "pathway, number and date beside status: authorized"},
            )
        return self


class PlanIdentity(Closed):
    """Identity and status of the plan itself; the letter of authorisation cites title and version."""

    id: Identifier = Field(
        description="Short name of the plan, printed on every record.", examples=["PCCP-PTX-CAL"]
    )
    title: Text = Field(description="Title of the plan in words.")
    version: Version = Field(
        description="Version of the plan. A changed plan is a new version and a new authorisation.",
        examples=["1.0.0"],
    )
    authorization: Authorization = Field(description="Status before the authority.")
    actor: Literal["manufacturer", "qualified_user", "software"] = Field(
        description="Who makes the change. A change control plan belongs to the manufacturer of the device."
    )


class Claim(Closed):
    """A statement of the manufacturer and where it is shown."""

    claim: Literal[True] = Field(description="Must be true: without it no plan can be authorised.")
    evidence: Text = Field(description="Document that shows it.", examples=["VAL-0042"])


class Device(Closed):
    """The frozen model whose probabilities are watched and recalibrated."""

    name: Text = Field(description="Name of the device.")
    model_version: Text = Field(
        description="Version of the frozen model. Rows of any other version are rejected at the door.",
        examples=["ptx-3.2.0"],
    )
    original_calibrator: Literal["identity"] = Field(
        description="Calibrator authorised with the device; identity means the raw score is the probability."
    )
    intended_use: Text = Field(description="Intended use in the words of the authorisation.")
    invariants: Texts = Field(
        description="What no change under this plan may touch.",
        examples=[["intended_use", "population", "inputs", "outputs", "users", "model_weights"]],
    )
    safe_and_effective_without_change: Claim = Field(
        description="The device stays safe and effective when no change is ever made."
    )


class OperatingPoint(Closed):
    """The threshold from which on the device flags a study, and what a change must not move."""

    threshold: Probability = Field(
        description="Authorised threshold: the original calibrator flags probabilities from here on."
    )
    frozen: Literal["sensitivity", "ppv", "alert_rate", "raw_threshold"] = Field(
        description="What must not move at a site when its calibrator changes."
    )
    floor: Probability | None = Field(
        default=None, description="Sensitivity or positive predictive value to be kept; only with those two."
    )
    confidence: Probability | None = Field(
        default=None,
        description="Probability with which the floor is kept; one minus the attempt's alpha when left out.",
    )
    alerts_per_100_studies: Per100Studies | None = Field(
        default=None, description="Flagged studies in 100 to be kept; only with frozen: alert_rate."
    )
    alert_limit_per_100_studies: Per100Studies | None = Field(
        default=None, description="Flagged studies in 100 above which a site is on watch."
    )
    false_positive_limit_per_100_studies: Per100Studies | None = Field(
        default=None, description="Most false positives in 100 studies; a site with more is on watch."
    )


class Abstention(Closed):
    """Studies for which the calibrator says that it does not know."""

    maximum_rate: Probability = Field(
        description="Largest share of studies on which an accepted candidate may abstain."
    )


class Finding(Closed):
    """One thing the device reports a probability for; each site and finding is watched on its own."""

    id: Identifier = Field(description="Name of the finding as the logs write it.", examples=["pneumothorax"])
    operating_point: OperatingPoint | None = Field(
        default=None, description="Threshold of the finding; without it only probabilities are judged."
    )
    abstention: Abstention | None = Field(
        default=None, description="Cap on abstention; without it the calibrator never abstains."
    )


Findings = Annotated[tuple[Finding, ...], Field(min_length=1, description="Findings the device reports.")]
