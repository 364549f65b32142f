"""What may change, what it means for patients, where the protocol covers it, and who approves."""

from typing import Annotated, Literal

from pydantic import Field

from monitor.plan.types import (
    Closed,
    Identifier,
    Identifiers,
    PositiveInt,
    Probability,
    PublicKey,
    Text,
    Texts,
)

Method = Literal["intercept", "platt", "pooled", "prior_shift", "beta", "isotonic"]
Slope = Annotated[float, Field(gt=0.0, le=100.0)]


class Guardrails(Closed):
    """How far a candidate may move the probabilities; one outside is rejected whatever else it shows."""

    slope: tuple[Slope, Slope] | None = Field(
        default=None,
        description="Lowest and highest slope of the calibrated log-odds over the raw score's, "
        "across the validation scores.",
        examples=[[0.5, 2.0]],
    )
    maximum_probability_change: Probability | None = Field(
        default=None,
        description="Largest change of any probability from the original's, over the validation scores.",
        examples=[0.30],
    )
    maximum_alert_change: Annotated[float, Field(gt=0.0, le=10.0)] | None = Field(
        default=None,
        description="Largest change of the number of alerts, as a share of those of the calibrator in use.",
        examples=[0.25],
    )


class Modification(Closed):
    """One change that the plan allows, described so that it can be verified."""

    id: Identifier = Field(description="Short name of the modification.", examples=["M1"])
    title: Text = Field(description="The modification in one line.")
    type: Literal["quantitative_performance"] = Field(
        description="Kind of modification; recalibration changes quantitative performance."
    )
    scope: Literal["local"] = Field(description="Where it applies: each site on its own.")
    local_factors: Texts = Field(
        description="What may differ at a site and so warrants a local change.",
        examples=[["prevalence", "case_mix"]],
    )
    methods: Annotated[tuple[Method, ...], Field(min_length=1)] = Field(
        description="Calibrators that may replace the deployed one; keeping it is always possible."
    )
    implementation: Literal["manual", "automatic"] = Field(
        description="manual: people approve each change before it is deployed. automatic: an accepted change "
        "inside every guardrail is deployed the same night; needs complete guardrails, bounds on frequency, "
        "a rollback and a follow-up."
    )
    maximum_per_year: PositiveInt | None = Field(
        default=None,
        description="Deployments at a place within 365 days after which no change is opened.",
        examples=[4],
    )
    minimum_interval_days: PositiveInt | None = Field(
        default=None,
        description="Days after a deployment or a look at a place in which no change is opened.",
        examples=[60],
    )
    guardrails: Guardrails | None = Field(
        default=None, description="How far a candidate may move the probabilities; no key, no such bound."
    )
    excluded: Texts = Field(
        description="What this modification never covers.", examples=[["new_population", "model_weights"]]
    )
    labeling_sections: Texts = Field(
        description="Sections of the labeling that the change touches.", examples=[["performance"]]
    )


class Impact(Closed):
    """Benefits and risks of one modification, and how the protocol answers them."""

    modification: Identifier = Field(description="The modification this row is about.", examples=["M1"])
    benefits: Texts = Field(description="What patients and users gain.")
    risks: Texts = Field(description="What can go wrong.")
    mitigations: Texts = Field(description="What in this plan answers each risk.")
    bias: Text = Field(description="Who could be served worse, and how that would be seen.")
    interaction: Text = Field(description="Effect on other modifications; 'none' when there is no other.")
    cumulative: Text = Field(description="What bounds the sum of all changes.")


class TraceabilityRow(Closed):
    """One modification and the parts of the protocol that cover it; an empty cell is an invalid plan."""

    modification: Identifier = Field(description="The modification of this row.", examples=["M1"])
    data_management: Identifiers = Field(
        description="Traceability cell: data management items that cover it.", examples=[["D1"]]
    )
    retraining: Identifiers = Field(
        description="Traceability cell: retraining items that cover it.", examples=[["R1"]]
    )
    performance_evaluation: Identifiers = Field(
        description="Traceability cell: performance evaluation items that cover it.", examples=[["E1"]]
    )
    update_procedures: Identifiers = Field(
        description="Traceability cell: update procedures that cover it.", examples=[["U1"]]
    )


class ApprovalRole(Closed):
    """A role that approves changes, how many of its people must sign, and the keys they sign with."""

    role: Identifier = Field(description="Name of the role.", examples=["clinical_lead"])
    signatures: Annotated[int, Field(ge=1, le=100)] = Field(
        description="Number of different people of this role who must sign each change.", examples=[1]
    )
    keys: Annotated[tuple[PublicKey, ...], Field(max_length=100)] = Field(
        description="Public keys, as `pccp key show` prints them; an empty list means nobody can approve yet."
    )
