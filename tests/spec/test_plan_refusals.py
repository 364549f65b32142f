"""Every way a plan can be wrong is refused with file, line, key and a sentence that says what is expected."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import pytest

from monitor.errors import PlanError
from monitor.plan import Fault, check, load

PLANS = Path(__file__).parents[2] / "change_plans"
DATED = (PLANS / "chest_xray_pneumothorax.yaml").read_text(encoding="utf-8")
UNDATED = (PLANS / "lidc_nodule.yaml").read_text(encoding="utf-8")
HORIZON_LINE = DATED[: DATED.index("horizon_looks")].count("\n") + 1
EVALUATION = "modification_protocol.performance_evaluation.0"
DATA = "modification_protocol.data_management.0"
G1 = "        - {id: G1, metric: log_loss_difference, against: last_deployed, bound: lower, limit: 0.0, "
G1 += "require: demonstrated}\n"
KEY_A = "ed25519:11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"
KEY_B = "ed25519:PUAXw-hDiVqStwqnTRt-vJyYLM8uxJaMwM1V8Sr0Zgw"


class Case(NamedTuple):
    """An edit of a sound plan: the line and key of the fault it makes, and words of its sentence."""

    old: str
    new: str
    line_with: str
    key: str
    sentence: str
    alone: bool = True  # no other fault follows from the edit


def faults_of(folder: Path, text: str) -> list[Fault]:
    path = folder / "plan.yaml"
    path.write_text(text, encoding="utf-8")
    return check(path)


def refused(folder: Path, text: str, case: Case) -> None:
    assert text.count(case.old) >= 1, "the edit no longer fits the plan"
    edited = text.replace(case.old, case.new, 1)
    line = edited[: edited.index(case.line_with)].count("\n") + 1
    faults = faults_of(folder, edited)
    found = [fault for fault in faults if fault.key == case.key]
    assert [fault.line for fault in found] == [line], "\n".join(map(str, faults))
    assert case.sentence in str(found[0])
    assert str(found[0]).startswith(f"{folder / 'plan.yaml'}:{line}:")
    assert len(faults) == 1 or not case.alone, "\n".join(map(str, faults))


KEYS_AND_TYPES = {
    "unknown key": Case(
        "methods: [intercept, platt]",
        "methods: [intercept, platt]\n    methud: platt",
        "methud",
        "description_of_modifications.0.methud",
        "unknown key 'methud'; did you mean 'methods'? (expected one of: id, title, type",
    ),
    "duplicate key": Case(
        "horizon_looks: 365",
        "horizon_looks: 365\n  horizon_looks: 9",
        "horizon_looks: 9",
        "monitoring.horizon_looks",
        f"the key occurs twice, first on line {HORIZON_LINE} (expected each key once)",
    ),
    "missing key points at its parent": Case(
        "  cadence: daily\n", "", "monitoring:", "monitoring.cadence", "missing key: Time between two looks"
    ),
    "missing failure clause": Case(
        "      on_unresolvable_failure: record_and_do_not_implement\n",
        "",
        "    - id: E1",
        f"{EVALUATION}.on_unresolvable_failure",
        "missing key: The failure clause: a failure is recorded and the change is not implemented",
    ),
    "missing traceability cell": Case(
        "    retraining: [R1]\n",
        "",
        "  - modification: M1\n    data_management",
        "traceability.0.retraining",
        "missing key: Traceability cell",
    ),
    "empty traceability cell": Case(
        "    retraining: [R1]",
        "    retraining: []",
        "    retraining: []",
        "traceability.0.retraining",
        "the list is too short (expected at least 1 item, found an empty list)",
    ),
    "criterion without bound": Case(
        "bound: lower, limit: 0.0, ",
        "limit: 0.0, ",
        "id: G1",
        f"{EVALUATION}.criteria.0.bound",
        "missing key",
    ),
    "criterion without limit": Case(
        "limit: 0.0, ", "", "id: G1", f"{EVALUATION}.criteria.0.limit", "exactly one of limit"
    ),
    "criterion with two limits": Case(
        "limit: 0.0, ",
        "limit: 0.0, margin_relative: -0.01, ",
        "id: G1",
        f"{EVALUATION}.criteria.0.limit",
        "exactly one of limit",
    ),
    "criterion without interval rule": Case(
        "          interval: two_one_sided\n",
        "",
        "        - id: G2",
        f"{EVALUATION}.criteria.1.interval",
        "missing key: The whole interval must lie between the limits (expected two_one_sided, found nothing)",
    ),
    "criterion of no metric": Case(
        "metric: calibration_slope",
        "metric: calibration_slop",
        "calibration_slop\n",
        f"{EVALUATION}.criteria.2.metric",
        "did you mean 'calibration_slope'?",
    ),
    "criterion without metric": Case(
        "          metric: calibration_slope\n",
        "",
        "- id: G3",
        f"{EVALUATION}.criteria.2.metric",
        "missing key (expected one of: log_loss_difference",
    ),
    "limits that do not enclose one": Case(
        "[0.75, 1.33]", "[1.33, 0.75]", "[1.33", f"{EVALUATION}.criteria.2.limits", "with 1 between them"
    ),
    "three limits": Case(
        "[0.75, 1.33]",
        "[0.75, 1.33, 2]",
        "[0.75",
        f"{EVALUATION}.criteria.2.limits",
        "the list is too long (expected at most 2 items",
    ),
    "one limit": Case(
        "[0.75, 1.33]",
        "[0.75]",
        "[0.75]",
        f"{EVALUATION}.criteria.2.limits",
        "the list is too short (expected exactly 2 items",
    ),
    "text for a number": Case(
        "minimum_patients: 150",
        'minimum_patients: "150"',
        "minimum_patients",
        f"{EVALUATION}.minimum_patients",
        "write it without quotes (expected a whole number, found text)",
    ),
    "a unit in a number": Case(
        "maturity_days: 14",
        "maturity_days: 14 days",
        "maturity_days",
        f"{DATA}.maturity_days",
        "(expected a whole number, found text)",
    ),
    "a fraction for a whole number": Case(
        "maturity_days: 14",
        "maturity_days: 14.5",
        "maturity_days",
        f"{DATA}.maturity_days",
        "(expected a whole number, found number)",
    ),
    "a number for a text": Case(
        'label_version: "2"',
        "label_version: 2",
        "label_version: 2",
        "logs.outcomes.constants.label_version",
        "put it in quotes (expected text, found whole number)",
    ),
    "a percentage for a probability": Case(
        "false_alarm_probability: 0.05",
        "false_alarm_probability: 5",
        "false_alarm_probability: 5",
        "monitoring.false_alarm_probability",
        "the number is out of range (expected below 1",
    ),
    "yes for true": Case(
        "claim: true",
        "claim: yes",
        "claim: yes",
        "device.safe_and_effective_without_change.claim",
        "(expected true, found text)",
    ),
    "a word that is not offered": Case(
        "actor: manufacturer", "actor: manufactuer", "actor:", "plan.actor", "did you mean 'manufacturer'?"
    ),
    "a version of another form": Case(
        "version: 1.0.0", "version: 1.0.0-rc1", "version:", "plan.version", "three whole numbers with dots"
    ),
    "a mapping for a list": Case(
        "invariants: [intended_use, population, inputs, outputs, users, model_weights]",
        "invariants: {intended_use: kept}",
        "invariants",
        "device.invariants",
        "(expected a list, found mapping)",
    ),
    "a text for a mapping": Case(
        "authorization: {status: none} ",
        "authorization: none ",
        "authorization: none",
        "plan.authorization",
        "(expected a mapping, found text)",
    ),
    "a key without a value": Case(
        "  cadence: daily", "  cadence:", "  cadence:", "monitoring.cadence", "the key has no value"
    ),
    "an empty text": Case(
        "name: Example CXR triage", 'name: ""', 'name: ""', "device.name", "the text is empty"
    ),
    "an authorisation without its letter": Case(
        "{status: none} ",
        "{status: authorized} ",
        "{status: authorized}",
        "plan.authorization.status",
        "pathway, number and date",
    ),
    "a hash split without its share": Case(
        "order: time}",
        "order: hash}",
        "order: hash}",
        f"{DATA}.split.fitting_share",
        "needs the share of patients that fit",
    ),
    "a placeholder left in place": Case(
        "keys: []}\n  - {role: q",
        "keys: [ed25519:...]}\n  - {role: q",
        "keys: [ed",
        "approvals.0.keys.0",
        "the text has the wrong form (expected 'ed25519:'",
    ),
}

CROSS_CHECKS = {
    "nothing demonstrated": Case(
        DATED[DATED.index(G1) : DATED.index("      on_unres")],
        DATED[DATED.index(G1) : DATED.index("      on_unres")].replace(
            "require: demonstrated", "require: not_contradicted"
        ),
        "      criteria:",
        f"{EVALUATION}.criteria",
        "nothing is demonstrated",
    ),
    "no comparison with the last deployed": Case(
        G1,
        "",
        "      criteria:",
        f"{EVALUATION}.criteria",
        "no criterion compares the candidate with last_deployed",
    ),
    "missing comparator": Case(
        "comparators: [last_deployed, original]",
        "comparators: [last_deployed]",
        "comparators:",
        f"{EVALUATION}.comparators",
        "the comparator original is missing",
    ),
    "a comparator twice": Case(
        "comparators: [last_deployed, original]",
        "comparators: [last_deployed, original, original]",
        "comparators:",
        f"{EVALUATION}.comparators.2",
        "the text of item 1 again",
    ),
    "a criterion id twice": Case(
        "id: G3", "id: G2", "id: G2\n          metric: cal", f"{EVALUATION}.criteria.2.id", "1 again"
    ),
    "two criteria on one comparison": Case(
        "metric: calibration_slope",
        "metric: observed_expected_ratio",
        "- id: G3",
        f"{EVALUATION}.criteria.2",
        "judges the same as criterion 1",
    ),
    "a look before the least number of events": Case(
        "looks: {events: [200]}",
        "looks: {events: [199]}",
        "[199]",
        f"{EVALUATION}.looks.events.0",
        "the look comes before minimum_events",
    ),
    "several looks at the full alpha": Case(
        "looks: {events: [200]}",
        "looks: {events: [200, 300]}",
        "looks: {events: [200, 300]}",
        f"{EVALUATION}.looks",
        "several looks at the full alpha",
    ),
    "looks that do not increase": Case(
        "looks: {events: [200]}",
        "looks: {events: [300, 300], spending: obrien_fleming}",
        "[300, 300]",
        f"{EVALUATION}.looks.events.1",
        "not after the look before",
    ),
    "spending for one look": Case(
        "looks: {events: [200]}",
        "looks: {events: [200], spending: obrien_fleming}",
        "spending",
        f"{EVALUATION}.looks.spending",
        "one look has nothing to share",
    ),
    "guardrails that bound nothing": Case(
        "    implementation: manual\n",
        "    implementation: manual\n    guardrails: {}\n",
        "guardrails",
        "description_of_modifications.0.guardrails",
        "bounds nothing",
    ),
    "guardrails that forbid keeping the slope": Case(
        "    implementation: manual\n",
        "    implementation: manual\n    guardrails: {slope: [1.1, 2.0]}\n",
        "guardrails",
        "description_of_modifications.0.guardrails.slope",
        "the range does not hold 1",
    ),
    "two readers that the log does not tell apart": Case(
        "      reference_standard:\n",
        "      reference_standard:\n        readers: 2\n",
        "readers: 2",
        f"{DATA}.reference_standard.readers",
        "the outcome log does not say who read a study",
    ),
    "a majority of one reader": Case(
        "      reference_standard:\n",
        "      reference_standard:\n        consensus: majority\n",
        "consensus: majority",
        f"{DATA}.reference_standard.consensus",
        "the outcome log does not say who read a study",
    ),
    "verification by score without a bound or weights": Case(
        "    - id: D1\n",
        "    - id: D1\n      verification: {score_bins: 5, weights: none}\n",
        "verification",
        f"{DATA}.verification.maximum_spread",
        "without weights nothing bounds how far known outcomes may depend on the score",
    ),
    "a bound beside weights": Case(
        "    - id: D1\n",
        "    - id: D1\n      verification: "
        "{score_bins: 5, weights: inverse_probability, maximum_spread: 0.1}\n",
        "verification",
        f"{DATA}.verification.maximum_spread",
        "has no meaning with weights",
    ),
    "challenging cases of a covariate nobody declared": Case(
        "    - id: E1\n",
        "    - id: E1\n      challenging_cases: {where: weight > 90}\n",
        "challenging_cases",
        "modification_protocol.performance_evaluation.0.challenging_cases.where",
        "no covariate is called weight",
    ),
    "subgroups that nothing judges": Case(
        "\nmonitoring:\n",
        "\n  subgroups: [view]\nmonitoring:\n",
        "subgroups",
        "logs.subgroups",
        "nothing says how these are judged",
    ),
    "a subgroup by a covariate without levels": Case(
        "\nmonitoring:\n",
        "\n  subgroups: [age]\nmonitoring:\n",
        "[age]",
        "logs.subgroups.0",
        "no covariate with levels is called age",
        alone=False,
    ),
    "a subgroup by an undeclared covariate": Case(
        "\nmonitoring:\n",
        "\n  subgroups: [{name: old, where: weight > 90}]\nmonitoring:\n",
        "where",
        "logs.subgroups.0.where",
        "no covariate is called weight",
        alone=False,
    ),
    "a subgroup by something that is no condition": Case(
        "\nmonitoring:\n",
        "\n  subgroups: [{name: old, where: open(1)}]\nmonitoring:\n",
        "where",
        "logs.subgroups.0.where",
        "at character 5: expected a comparison",
        alone=False,
    ),
    "a level that is not listed": Case(
        "\nmonitoring:\n",
        "\n  subgroups: [{name: lateral, where: view = 'LAT'}]\nmonitoring:\n",
        "where",
        "logs.subgroups.0.where",
        "compared with something else than its levels",
        alone=False,
    ),
    "subgroups to be judged that are not named": Case(
        "      on_unresolvable_failure:",
        "      subgroups: {harm: {metric: log_loss_difference, margin_relative: -0.05}, multiplicity: holm, "
        "certify_with: bonferroni}\n      on_unresolvable_failure:",
        "subgroups",
        f"{EVALUATION}.subgroups",
        "no subgroup is named beforehand",
    ),
    "a root cause signed by nobody": Case(
        "      on_unresolvable_failure:",
        "      retest: {requires: root_cause_unrelated_to_plan, role: visitor}\n"
        "      on_unresolvable_failure:",
        "retest",
        f"{EVALUATION}.retest.role",
        "no such role",
    ),
    "alpha that grows": Case(
        "[0.025, 0.0125, 0.00625, 0.00625]",
        "[0.0125, 0.025]",
        "[0.0125, 0.025]",
        f"{EVALUATION}.attempt_alpha.1",
        "a later attempt has more alpha",
    ),
    "too much alpha": Case(
        "[0.025, 0.0125, 0.00625, 0.00625]",
        "[0.025, 0.0125, 0.0125, 0.00625]",
        "attempt_alpha",
        f"{EVALUATION}.attempt_alpha",
        "a sum of at most 0.05",
    ),
    "validation that is not a part of fitting": Case(
        "fitting: [blinded, aware]",
        "fitting: [aware]",
        "fitting: [aware]",
        f"{DATA}.ai_influence.validation",
        "allowed in validation and not in fitting",
    ),
    "fitting that is not a part of monitoring": Case(
        "monitoring: [blinded, aware]",
        "monitoring: [blinded]",
        "monitoring: [blinded]",
        f"{DATA}.ai_influence.fitting",
        "allowed in fitting and not in monitoring",
    ),
    "a wait that ends before maturity": Case(
        "maximum_wait_days: 730",
        "maximum_wait_days: 14",
        "maximum_wait_days",
        f"{EVALUATION}.maximum_wait_days",
        "the wait ends before any outcome is mature",
    ),
    "a finding twice": Case(
        "\nlogs:\n",
        "  - id: pneumothorax\n\nlogs:\n",
        "  - id: pneumothorax\n\n",
        "findings.1.id",
        "the id of finding 0 again",
        alone=False,
    ),
    "a protocol id twice": Case(
        "    - id: E1",
        "    - id: R1",
        "    - id: R1\n      comparators",
        f"{EVALUATION}.id",
        "the id of retraining again",
        alone=False,
    ),
    "traceability to nothing": Case(
        "    update_procedures: [U1]",
        "    update_procedures: [U2]",
        "[U2]",
        "traceability.0.update_procedures.0",
        "no update_procedures item has this id (expected an id of modification_protocol.update_procedures",
    ),
    "no column and no constant": Case(
        "      model_version: model_version\n",
        "",
        "    columns:\n      study_id: accession\n      patient_id",
        "logs.predictions.columns.model_version",
        "(expected columns.model_version or constants.model_version, found nothing)",
    ),
    "a column and a constant": Case(
        "    timezone:",
        "    constants: {site: all}\n    timezone:",
        "site: all",
        "logs.predictions.constants.site",
        "both a column and a constant",
    ),
    "a constant version that rejects every row": Case(
        "      model_version: model_version\n      score: ptx_score\n",
        "      score: ptx_score\n    constants: {model_version: ptx-3.2.1}\n",
        "ptx-3.2.1",
        "logs.predictions.constants.model_version",
        "every row would be rejected",
    ),
    "outcomes without their site": Case(
        "      site: hospital\n      outcome",
        "      outcome",
        "    columns:\n      study_id: accession\n      outcome",
        "logs.outcomes.columns.site",
        "study_id_globally_unique: true",
    ),
    "outcomes without their source": Case(
        "      label_source: source\n",
        "",
        "    columns:\n      study_id: accession\n      site: hospital\n      outcome",
        "logs.outcomes.columns.label_source",
        "nothing gives label_source",
    ),
    "a label version nobody may use": Case(
        'label_version: "2"',
        'label_version: "3"',
        'label_version: "3"',
        "logs.outcomes.constants.label_version",
        "no outcome could be used",
    ),
    "an influence nobody may use": Case(
        "ai_influence: blinded}",
        "ai_influence: unknown}",
        "ai_influence: unknown",
        "logs.outcomes.constants.ai_influence",
        "no outcome could be used",
    ),
    "times without a time zone": Case(
        "    timezone: Europe/Berlin\n",
        "",
        "  predictions:",
        "logs.predictions.timezone",
        "times of day without a time zone",
    ),
    "a time zone nobody knows": Case(
        "Europe/Berlin", "Europe/Bielefeld", "Bielefeld", "logs.predictions.timezone", "not a known time zone"
    ),
    "a time zone of days": Case(
        "time_precision: second",
        "time_precision: day",
        "timezone:",
        "logs.predictions.timezone",
        "no such key",
    ),
    "day zero of seconds": Case(
        "    sentinels: [-1] ",
        "    day_zero: 2020-03-01\n    sentinels: [-1] ",
        "day_zero",
        "logs.predictions.day_zero",
        "only with time_precision: integer_day",
    ),
    "integer days from nowhere": Case(
        "    timezone: Europe/Berlin\n    time_precision: second",
        "    day_zero: 2020-02-30\n    time_precision: integer_day",
        "day_zero",
        "logs.predictions.day_zero",
        "(expected a date such as 2020-03-01, found text)",
    ),
    "dated logs without a time column": Case(
        "      predicted_at: inference_time\n",
        "",
        "    columns:\n      study_id: accession\n      patient",
        "logs.predictions.columns.predicted_at",
        "no column gives the time of the prediction",
    ),
    "a cohort column in dated logs": Case(
        "predicted_at: inference_time\n",
        "predicted_at: inference_time\n      cohort: batch\n",
        "cohort: batch",
        "logs.predictions.columns.cohort",
        "only with time_precision: none",
    ),
    "months looked at daily": Case(
        "    timezone: Europe/Berlin\n    time_precision: second",
        "    time_precision: month",
        "cadence:",
        "monitoring.cadence",
        "(expected monthly, found text)",
    ),
    "dated logs looked at once": Case(
        "cadence: daily",
        "cadence: once",
        "cadence: once",
        "monitoring.cadence",
        "(expected one of: daily, weekly",
    ),
    "a first cohort of another cadence": Case(
        "horizon_looks: 365",
        "horizon_looks: 365\n  first_cohort: 2026-W09",
        "first_cohort",
        "monitoring.first_cohort",
        "not the name of a daily cohort (expected a day such as 2026-03-01",
    ),
    "dated logs without label streams": Case(
        "  label_streams: {studies_per_patient: first, window_days: 30}\n",
        "",
        "monitoring:\n  cadence",
        "monitoring.label_streams",
        "which studies of a patient count",
    ),
    "dated logs split by hash": Case(
        "order: time}",
        "order: hash, fitting_share: 0.5}",
        "order: hash",
        f"{DATA}.split.order",
        "dated logs are split in time",
    ),
    "a covariate twice": Case(
        "name: kvp", "name: AGE", "name: AGE", "logs.covariates.1.name", "the name of covariate 0 again"
    ),
    "a covariate's column twice": Case(
        "name: kvp,", "name: kvp, column: age,", "name: kvp", "logs.covariates.1", "reads the same column"
    ),
    "a covariate named like a field": Case(
        "name: kvp,", "name: Score,", "name: Score", "logs.covariates.1.name", "a field of the log contract"
    ),
    "an empty range": Case(
        "range: [60, 150]",
        "range: [150, 60]",
        "[150, 60]",
        "logs.covariates.1.range",
        "the lower number first",
    ),
    "a level twice": Case(
        "levels: [PA, AP]", 'levels: [PA, " pa"]', '" pa"', "logs.covariates.2.levels.1", "level 0 again"
    ),
    "a method twice": Case(
        "methods: [intercept, platt]",
        "methods: [platt, platt]",
        "methods:",
        "description_of_modifications.0.methods.1",
        "the text of item 0 again",
    ),
    "a typed key": Case(
        "role: clinical_lead, signatures: 1, keys: []",
        f"role: clinical_lead, signatures: 1, keys: [ed25519:{'A' * 43}]",
        "AAAA",
        "approvals.0.keys.0",
        "a placeholder that nobody can sign with",
    ),
    "a date that is none": Case(
        "{status: none} ",
        "{status: submitted, date: next week} ",
        "next week",
        "plan.authorization.date",
        "not a calendar date",
    ),
}

UNDATED_CHECKS = {
    "undated logs looked at daily": Case(
        "cadence: once",
        "cadence: daily",
        "cadence: daily",
        "monitoring.cadence",
        "(expected once, found text)",
    ),
    "undated logs with a horizon": Case(
        "horizon_looks: 1", "horizon_looks: 2", "horizon_looks", "monitoring.horizon_looks", "have one look"
    ),
    "undated logs split in time": Case(
        "order: hash, fitting_share: 0.5}",
        "order: time}",
        "order: time",
        f"{DATA}.split.order",
        "undated logs cannot be split in time",
    ),
    "undated logs with label streams": Case(
        "  streams:\n",
        "  label_streams: {studies_per_patient: first, window_days: 30}\n  streams:\n",
        "  label_streams",
        "monitoring.label_streams",
        "undated logs average over a patient's studies",
    ),
    "undated logs with a time column": Case(
        "site: site, model",
        "site: site, predicted_at: timestamp, model",
        "predicted_at",
        "logs.predictions.columns.predicted_at",
        "a time column with time_precision: none",
    ),
    "undated logs with a time of the outcome": Case(
        "outcome: label}",
        "outcome: label, observed_at: date}",
        "observed_at",
        "logs.outcomes.columns.observed_at",
        "a time column with time_precision: none",
    ),
    "undated logs that mature": Case(
        "maturity_days: 0 ",
        "maturity_days: 7 ",
        "maturity_days: 7",
        f"{DATA}.maturity_days",
        "mature at once",
    ),
    "undated logs with a first cohort": Case(
        "horizon_looks: 1\n",
        "horizon_looks: 1\n  first_cohort: 2026-03-01\n",
        "first_cohort",
        "monitoring.first_cohort",
        "undated cohorts have no order",
    ),
}


@pytest.mark.parametrize("name", KEYS_AND_TYPES)
def test_a_wrong_key_or_type_is_refused_at_its_place(name: str, tmp_path: Path) -> None:
    refused(tmp_path, DATED, KEYS_AND_TYPES[name])


@pytest.mark.parametrize("name", CROSS_CHECKS)
def test_a_contradiction_is_refused_at_its_place(name: str, tmp_path: Path) -> None:
    refused(tmp_path, DATED, CROSS_CHECKS[name])


@pytest.mark.parametrize("name", UNDATED_CHECKS)
def test_a_contradiction_of_an_undated_plan_is_refused_at_its_place(name: str, tmp_path: Path) -> None:
    refused(tmp_path, UNDATED, UNDATED_CHECKS[name])


def test_one_constant_site_matches_no_site_of_an_outcome(tmp_path: Path) -> None:
    text = UNDATED.replace("site: site, ", "").replace(
        "    time_precision", "    constants: {site: all}\n    time_precision"
    )
    assert faults_of(tmp_path, text) == []
    text = text.replace("outcome: label}", "outcome: label, site: site}")
    assert [fault.key for fault in faults_of(tmp_path, text)] == ["logs.outcomes.columns.site"]


def test_several_findings_need_a_column_that_tells_them_apart(tmp_path: Path) -> None:
    text = DATED.replace("  - id: pneumothorax", "  - id: pneumothorax\n  - id: effusion")
    text = "".join(line for line in text.splitlines(keepends=True) if "    alert_rate:" not in line)
    assert [fault.key for fault in faults_of(tmp_path, text)] == [
        "logs.predictions.columns.finding",
        "logs.outcomes.columns.finding",
    ]


def test_an_empty_list_of_criteria_is_refused(tmp_path: Path) -> None:
    start, end = DATED.index("      criteria:"), DATED.index("      on_unresolvable")
    faults = faults_of(tmp_path, DATED[:start] + "      criteria: []\n" + DATED[end:])
    assert [(fault.key, fault.message) for fault in faults] == [
        (f"{EVALUATION}.criteria", "the list is too short")
    ]


def test_a_modification_without_its_rows_is_refused(tmp_path: Path) -> None:
    text = DATED.replace("  - id: M1", "  - id: M9")
    assert [(fault.key, fault.message) for fault in faults_of(tmp_path, text)] == [
        ("impact_assessment", "no row for modification M9"),
        ("impact_assessment.0.modification", "no modification has this id"),
        ("traceability", "no row for modification M9"),
        ("traceability.0.modification", "no modification has this id"),
    ]


def with_keys(text: str, role: str, *keys: str, signatures: int = 1) -> str:
    old = f"{role}, signatures: 1, keys: []"
    assert old in text
    return text.replace(old, f"{role}, signatures: {signatures}, keys: [{', '.join(keys)}]")


def test_a_key_belongs_to_one_role(tmp_path: Path) -> None:
    once = with_keys(DATED, "clinical_lead", KEY_A)
    assert faults_of(tmp_path, with_keys(once, "quality_lead", KEY_B)) == []
    twice = with_keys(once, "quality_lead", KEY_A)
    assert [fault.key for fault in faults_of(tmp_path, twice)] == ["approvals.1.keys.0"]


def test_a_role_lists_enough_keys_for_its_signatures(tmp_path: Path) -> None:
    one = with_keys(DATED, "clinical_lead", KEY_A, signatures=2)
    assert [(fault.key, fault.message) for fault in faults_of(tmp_path, one)] == [
        ("approvals.0.signatures", "more signatures than the role has keys")
    ]
    two = with_keys(DATED, "clinical_lead", KEY_A, KEY_B, signatures=2)
    assert faults_of(tmp_path, two) == []


def test_the_number_of_signatures_is_never_a_default(tmp_path: Path) -> None:
    text = DATED.replace("clinical_lead, signatures: 1,", "clinical_lead,")
    assert [fault.key for fault in faults_of(tmp_path, text)] == ["approvals.0.signatures"]


def test_a_role_occurs_once(tmp_path: Path) -> None:
    text = DATED.replace("role: quality_lead", "role: clinical_lead")
    assert [fault.key for fault in faults_of(tmp_path, text)] == ["approvals.1.role"]


def test_a_criterion_at_an_operating_point_needs_one_in_every_finding(tmp_path: Path) -> None:
    text = (PLANS / "ist_stroke.yaml").read_text(encoding="utf-8")
    item = "        - {id: G4, metric: sensitivity, at: operating_point, bound: lower, limit: 0.8}\n"
    at = text.index("      on_unresolvable_failure")
    (fault,) = faults_of(tmp_path, text[:at] + item + text[at:])
    assert fault.key.endswith(".at")
    assert "has no operating point" in fault.message


def test_no_area_is_judged_on_weighted_outcomes(tmp_path: Path) -> None:
    at = DATED.index("      on_unresolvable_failure")
    item = "        - {id: G5, metric: auc, bound: lower, limit: 0.8}\n"
    text = DATED[:at] + item + DATED[at:]
    rule = "    - id: D1\n      verification: {score_bins: 5, weights: inverse_probability}\n"
    assert faults_of(tmp_path, text) == []
    (fault,) = faults_of(tmp_path, text.replace("    - id: D1\n", rule))
    assert fault.key.endswith("criteria.4.metric")
    assert "the area is not computed from weighted outcomes" in fault.message


def test_all_faults_are_told_at_once_in_the_order_of_the_file(tmp_path: Path) -> None:
    text = (
        DATED.replace("actor: manufacturer", "actor: me")
        .replace("  cadence: daily", "  cadence: daily\n  cadence: weekly")
        .replace("time_precision: second", "time_precision: day")
        .replace("methods: [intercept, platt]", "methods: [intercept, beta]")
        .replace("maturity_days: 14", "maturity_days: fourteen")
        .replace("[0.025, 0.0125", "[0.0125, 0.025")
        .replace("update_procedures: [U1]", "update_procedures: [U1]\n    sideways: [U1]")
    )
    path = tmp_path / "plan.yaml"
    path.write_text(text, encoding="utf-8")
    faults = check(path)
    assert [fault.key for fault in faults] == [
        "plan.actor",
        "logs.predictions.timezone",
        "monitoring.cadence",
        "description_of_modifications.0.methods.1",
        f"{DATA}.maturity_days",
        f"{EVALUATION}.attempt_alpha.1",
        "traceability.0.sideways",
    ]
    assert [fault.line for fault in faults] == sorted(fault.line for fault in faults)
    with pytest.raises(PlanError) as refusal:
        load(path)
    assert str(refusal.value).splitlines() == [str(fault) for fault in faults]
    assert refusal.value.exit_code == 10


def test_no_fault_prints_a_value_of_the_plan(tmp_path: Path) -> None:
    text = DATED.replace("maturity_days: 14", "maturity_days: Erika Mustermann").replace(
        "kind: cont", "kind: Erika"
    )
    faults = faults_of(tmp_path, text)
    assert len(faults) > 1
    assert not any("Erika" in str(fault) for fault in faults)


def test_a_file_that_cannot_be_read_is_a_fault(tmp_path: Path) -> None:
    with pytest.raises(PlanError, match="the file cannot be read"):
        load(tmp_path / "absent.yaml")
