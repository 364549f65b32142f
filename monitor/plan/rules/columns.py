"""Columns and constants: every field of the logs has exactly one source that can be right."""

from __future__ import annotations

from collections.abc import Iterator

from monitor.plan.fault import Key, Problem
from monitor.plan.model import ChangePlan, ContinuousCovariate, OutcomeColumns, PredictionColumns
from monitor.plan.rules.rule import COVARIATES, DATA, OUTCOMES, PREDICTIONS, Rule, repeated

CONTRACT_FIELDS = frozenset({*PredictionColumns.model_fields, *OutcomeColumns.model_fields})


def one_source(log: Key, name: str, column: str | None, constant: str | None) -> Iterator[Problem]:
    """A field comes from a column or from a constant: not from neither, not from both."""
    if column is None and constant is None:
        message = f"nothing gives {name}"
        yield Problem(
            (*log, "columns", name), message, f"columns.{name} or constants.{name}", "nothing", True
        )
    if column is not None and constant is not None:
        message = "both a column and a constant give this field"
        yield Problem((*log, "constants", name), message, "one of the two", "text", True)


def prediction_sources(plan: ChangePlan) -> Iterator[Problem]:
    """Site and model version of a prediction."""
    columns, constants = plan.logs.predictions.columns, plan.logs.predictions.constants
    yield from one_source(PREDICTIONS, "site", columns.site, constants.site)
    yield from one_source(PREDICTIONS, "model_version", columns.model_version, constants.model_version)


def outcome_sources(plan: ChangePlan) -> Iterator[Problem]:
    """Source, version and AI influence of an outcome."""
    columns, constants = plan.logs.outcomes.columns, plan.logs.outcomes.constants
    yield from one_source(OUTCOMES, "label_source", columns.label_source, constants.label_source)
    yield from one_source(OUTCOMES, "label_version", columns.label_version, constants.label_version)
    yield from one_source(OUTCOMES, "ai_influence", columns.ai_influence, constants.ai_influence)


def outcome_site(plan: ChangePlan) -> Iterator[Problem]:
    """An outcome finds its prediction by site and study, or by a study number no two sites share."""
    column, key = plan.logs.outcomes.columns.site, (*OUTCOMES, "columns", "site")
    if column is None and not plan.logs.outcomes.study_id_globally_unique:
        message = "study numbers repeat across hospitals, so an outcome needs its site"
        yield Problem(key, message, "a column name, or study_id_globally_unique: true", "nothing", True)
    if column is not None and plan.logs.predictions.columns.site is None:
        message = "predictions have one constant site, which the outcomes' own sites would never match"
        yield Problem(key, message, "no such key, and study_id_globally_unique: true", "text", True)


def finding_columns(plan: ChangePlan) -> Iterator[Problem]:
    """With several findings each row says which one it is about."""
    if len(plan.findings) < 2:
        return
    for log, column in (
        (PREDICTIONS, plan.logs.predictions.columns.finding),
        (OUTCOMES, plan.logs.outcomes.columns.finding),
    ):
        if column is None:
            key = (*log, "columns", "finding")
            yield Problem(
                key, "several findings and no column that tells them apart", "a column name", "nothing", True
            )


def model_version(plan: ChangePlan) -> Iterator[Problem]:
    """A constant model version other than the device's would reject every row."""
    constant = plan.logs.predictions.constants.model_version
    if constant is not None and constant != plan.device.model_version:
        key = (*PREDICTIONS, "constants", "model_version")
        yield Problem(key, "every row would be rejected", "the same text as device.model_version", "text")


def reference_standard(plan: ChangePlan) -> Iterator[Problem]:
    """Constant outcomes of another source, version or exposure could be used for nothing."""
    constants, standard = plan.logs.outcomes.constants, plan.data.reference_standard
    pairs = (("label_source", constants.label_source, standard.source, "source"),)
    pairs += (("label_version", constants.label_version, standard.version, "version"),)
    for name, constant, required, field in pairs:
        if constant is not None and constant != required:
            key = (*OUTCOMES, "constants", name)
            yield Problem(
                key, "no outcome could be used", f"the same text as reference_standard.{field}", "text"
            )
    influence = constants.ai_influence
    if influence is not None and influence not in plan.data.ai_influence.monitoring:
        key = (*OUTCOMES, "constants", "ai_influence")
        yield Problem(
            key, "no outcome could be used", "one of data_management.ai_influence.monitoring", "text"
        )


def covariates(plan: ChangePlan) -> Iterator[Problem]:
    """Covariates are told apart from each other and from the fields of the contract."""
    declared = plan.logs.covariates
    for position, first in repeated([covariate.name.casefold() for covariate in declared]):
        message = f"the name of covariate {first} again (case makes no difference)"
        yield Problem((*COVARIATES, position, "name"), message, "another name", "text")
    for position, _ in repeated([covariate.column or covariate.name for covariate in declared]):
        message = "another covariate reads the same column"
        yield Problem((*COVARIATES, position), message, "a column of its own", "text")
    for position, covariate in enumerate(declared):
        if covariate.name.casefold() in CONTRACT_FIELDS:
            message = "the name of a field of the log contract"
            yield Problem((*COVARIATES, position, "name"), message, "another name; column may stay", "text")


def covariate_values(plan: ChangePlan) -> Iterator[Problem]:
    """Ranges run upwards; levels differ by more than case and padding."""
    for position, covariate in enumerate(plan.logs.covariates):
        if isinstance(covariate, ContinuousCovariate):
            if not covariate.range[0] < covariate.range[1]:
                key = (*COVARIATES, position, "range")
                yield Problem(key, "the range is empty", "the lower number first", "list")
            continue
        for at, first in repeated([level.strip().casefold() for level in covariate.levels]):
            message = f"level {first} again (case and padding make no difference)"
            yield Problem((*COVARIATES, position, "levels", at), message, "each level once", "text")


RULES = (
    Rule((PREDICTIONS,), prediction_sources),
    Rule((OUTCOMES,), outcome_sources),
    Rule((PREDICTIONS, OUTCOMES), outcome_site),
    Rule((("findings",), PREDICTIONS, OUTCOMES), finding_columns),
    Rule((PREDICTIONS, ("device",)), model_version),
    Rule((OUTCOMES, DATA), reference_standard),
    Rule((COVARIATES,), covariates),
    Rule((COVARIATES,), covariate_values),
)
