"""What the log files look like: which column holds which field, and what the files do not carry."""

from typing import Annotated, Any, Literal

from pydantic import Discriminator, Field, StringConstraints, Tag

from monitor.plan.types import AiInfluence, Closed, Identifier, Text, Texts, TimePrecision

Number = Annotated[float, Field(ge=-1e15, le=1e15)]
FeatureRole = Literal["covariate", "quality", "workflow"]


class PredictionColumns(Closed):
    """File column that holds each field of the contract; a missing entry means the log lacks it."""

    study_id: Text = Field(description="Column with the study (accession) number.", examples=["accession"])
    patient_id: Text = Field(description="Column with the patient number; pseudonymised at the door.")
    score: Text = Field(description="Column with the raw model output, a probability between 0 and 1.")
    site: Text | None = Field(default=None, description="Column with the hospital; or give constants.site.")
    finding: Text | None = Field(
        default=None, description="Column with the finding; needed when the plan has more than one finding."
    )
    predicted_at: Text | None = Field(
        default=None, description="Column with the time of the prediction, read by time_precision."
    )
    cohort: Text | None = Field(
        default=None, description="Column with the cohort's name; only with time_precision: none."
    )
    model_version: Text | None = Field(
        default=None, description="Column with the model's version; or give constants.model_version."
    )
    reader_decision: Text | None = Field(default=None, description="Column with what the clinician decided.")
    exclusion: Text | None = Field(
        default=None,
        description="Column that says why a study was excluded; empty for studies that count.",
    )


class OutcomeColumns(Closed):
    """File column that holds each field of the outcome log; a missing entry means the log lacks it."""

    study_id: Text = Field(description="Column with the study number that joins to the prediction.")
    outcome: Text = Field(description="Column with the outcome: 1, 0, or a missing value for indeterminate.")
    site: Text | None = Field(
        default=None,
        description="Column with the hospital; not needed with study_id_globally_unique: true.",
    )
    finding: Text | None = Field(
        default=None, description="Column with the finding; needed when the plan has more than one finding."
    )
    observed_at: Text | None = Field(
        default=None,
        description="Column with the time the outcome was known. Absent: it is known at maturity.",
    )
    label_source: Text | None = Field(
        default=None, description="Column with the source of the outcome; or give constants.label_source."
    )
    label_version: Text | None = Field(
        default=None, description="Column with the version of that source; or give constants.label_version."
    )
    ai_influence: Text | None = Field(
        default=None,
        description="Column that says whether the reader saw the AI; or give constants.ai_influence.",
    )
    reader_id: Text | None = Field(default=None, description="Column with the reader of the outcome.")


class PredictionConstants(Closed):
    """Values for fields that the prediction log does not carry."""

    site: Text | None = Field(default=None, description="The one site of this log.", examples=["all"])
    model_version: Text | None = Field(
        default=None, description="The one model version of this log; must be device.model_version."
    )


class OutcomeConstants(Closed):
    """Values for fields that the outcome log does not carry."""

    label_source: Text | None = Field(
        default=None, description="The one source of all outcomes; must be the reference standard's."
    )
    label_version: Text | None = Field(
        default=None,
        description="The one version of that source; must be the reference standard's.",
        examples=["2"],
    )
    ai_influence: AiInfluence | None = Field(
        default=None, description="How every reader of an outcome was exposed to the AI."
    )


class ReaderDecisions(Closed):
    """What the readers' words in the prediction log mean; any other word is no decision."""

    positive: Texts = Field(
        description="Words that say the finding is there; case and padding make no difference.",
        examples=[["present"]],
    )
    negative: Texts = Field(description="Words that say it is not.", examples=[["absent"]])


class PredictionLog(Closed):
    """How to read the prediction log."""

    columns: PredictionColumns = Field(description="Which file column holds which field.")
    constants: PredictionConstants = Field(
        default=PredictionConstants(), description="Values for fields that no column holds."
    )
    time_precision: TimePrecision = Field(
        description="What predicted_at is: second (with timezone), day, month, integer_day (with day_zero), "
        "or none when the log has no times and one file is one cohort."
    )
    timezone: Text | None = Field(
        default=None, description="IANA time zone of times without an offset.", examples=["Europe/Berlin"]
    )
    day_zero: Text | None = Field(
        default=None, description="Date of day 0 with time_precision: integer_day.", examples=["2020-03-01"]
    )
    missing: tuple[Annotated[str, Field(max_length=200)], ...] = Field(
        default=("",), description="Texts that mean 'no value' in any column.", examples=[["", "NA"]]
    )
    sentinels: tuple[Number, ...] = Field(
        default=(), description="Scores that mean 'the model gave none', such as -1.", examples=[[-1]]
    )
    research_id: bool = Field(
        default=False,
        description="True when study_id is a research number that identifies nobody and stays as it is.",
    )
    reader_decisions: ReaderDecisions | None = Field(
        default=None,
        description="What columns.reader_decision holds; no key, readers are not compared with the device.",
    )


class OutcomeLog(Closed):
    """How to read the outcome log."""

    columns: OutcomeColumns = Field(description="Which file column holds which field.")
    constants: OutcomeConstants = Field(
        default=OutcomeConstants(), description="Values for fields that no column holds."
    )
    study_id_globally_unique: bool = Field(
        default=False,
        description="True when no two sites share a study number, so outcomes may lack the site.",
    )
    missing: tuple[Annotated[str, Field(max_length=200)], ...] = Field(
        default=("",), description="Texts that mean 'no value' in any column.", examples=[["", "NA"]]
    )


class ContinuousCovariate(Closed):
    """A measured covariate with its unit and plausible range."""

    name: Identifier = Field(description="Name of the covariate.", examples=["age"])
    kind: Literal["continuous"] = Field(description="A number with a unit.")
    unit: Text = Field(description="Unit of the number.", examples=["year", "kV", "mm"])
    range: tuple[Number, Number] = Field(
        description="Lowest and highest plausible value; a number outside counts as missing.",
        examples=[[18, 110]],
    )
    column: Text | None = Field(default=None, description="File column; the covariate's name when absent.")
    role: Literal["quality", "workflow"] | None = Field(
        default=None,
        description="quality for a grade of the input, workflow for a measure such as latency; no key: it "
        "describes patient or acquisition.",
    )


class CategoricalCovariate(Closed):
    """A covariate with a fixed list of levels."""

    name: Identifier = Field(description="Name of the covariate.", examples=["view"])
    kind: Literal["categorical"] = Field(description="One of a list of levels.")
    levels: Annotated[tuple[Text, ...], Field(min_length=1)] = Field(
        description="The levels that may occur, compared without regard to case and padding.",
        examples=[["PA", "AP"]],
    )
    column: Text | None = Field(default=None, description="File column; the covariate's name when absent.")
    role: Literal["quality", "workflow"] | None = Field(
        default=None,
        description="quality for a grade of the input, workflow for a measure such as latency; no key: it "
        "describes patient or acquisition.",
    )


Covariate = Annotated[ContinuousCovariate | CategoricalCovariate, Field(discriminator="kind")]


class Strata(Closed):
    """What divides a hospital into places that are watched, changed and judged each on its own."""

    covariate: Identifier = Field(
        description="A declared categorical covariate; each of its levels is a stratum, and one more, "
        "'other', takes the studies whose level is missing or not listed.",
        examples=["scanner_vendor"],
    )


class SubgroupDefinition(Closed):
    """A subgroup by a condition on covariates, so that intersections can be named."""

    name: Identifier = Field(description="Name of the subgroup.", examples=["women_under_40"])
    where: Annotated[str, StringConstraints(min_length=1, max_length=400)] = Field(
        description="Comparisons of declared covariates, joined by and, or, not, in and parentheses.",
        examples=["sex = 'F' and age < 40"],
    )


def _branch(item: Any) -> str:
    return "SubgroupDefinition" if isinstance(item, dict | SubgroupDefinition) else "covariate"


SubgroupEntry = Annotated[
    Annotated[Identifier, Tag("covariate")] | Annotated[SubgroupDefinition, Tag("SubgroupDefinition")],
    Discriminator(_branch),
]


class Logs(Closed):
    """The two log files and the covariates of the prediction log."""

    predictions: PredictionLog = Field(description="The log the device writes.")
    outcomes: OutcomeLog = Field(description="The later log of what was found to be true.")
    covariates: tuple[Covariate, ...] = Field(
        default=(), description="Covariates of the prediction log, each with its plausible values."
    )
    subgroups: tuple[SubgroupEntry, ...] = Field(
        default=(),
        description="Subgroups named beforehand: a categorical covariate stands for each of its levels.",
    )
    strata: Strata | None = Field(
        default=None,
        description="Strata of each hospital, such as its scanners' vendors; no key, one place each.",
    )
