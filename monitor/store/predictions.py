"""The prediction log: rules, typed rows, and what each row is to those already known."""
# ruff: noqa: S608  (statements are built from quoted names and literals of this package)

from __future__ import annotations

from monitor.plan.model import ChangePlan
from monitor.store import covariates, exclusions, strata
from monitor.store.connection import Session, quoted, run
from monitor.store.contract import Layout
from monitor.store.exclusions import ACCEPTED, COUNTS
from monitor.store.pseudonym import Pseudonymiser
from monitor.store.rules import (
    Rule,
    first_broken,
    is_number,
    label_rules,
    number,
    one_of,
    time_rules,
    with_defaults,
)
from monitor.store.study_keys import batches_of_staged
from monitor.store.times import cohort_of, time_of
from monitor.store.working_rows import DIGEST, MARK

OPTIONAL = ("predicted_at", "cohort", "reader_decision", exclusions.FIELD)
STORED = (
    "site",
    "finding",
    "study",
    "patient",
    "model_version",
    "predicted_at",
    "day",
    "cohort",
    "cohort_end",
    "known_on",
    "score",
    "reader_decision",
)


def rules(plan: ChangePlan, layout: Layout) -> tuple[Rule, ...]:
    """In the order in which they are tried."""
    time = time_of(plan, "predicted_at")
    labels = ("cohort", "reader_decision", exclusions.FIELD)
    label_fields = ["site", *(f for f in labels if f in layout.fields)]
    return (
        Rule("broken", "", "broken IS NOT NULL"),
        Rule("missing_study", "study_id", "study_id IS NULL"),
        Rule("missing_patient", "patient_id", "patient_id IS NULL"),
        Rule("missing_site", "site", "site IS NULL"),
        Rule("unknown_finding", "finding", f"NOT {one_of('finding', [f.id for f in plan.findings])}"),
        Rule(
            "wrong_model_version",
            "model_version",
            f"NOT {one_of('model_version', [plan.device.model_version])}",
        ),
        *label_rules([*label_fields, *(["study_id"] if plan.logs.predictions.research_id else [])]),
        *([] if plan.undated else time_rules(layout, "predicted_at", time.zone_missing, required=True)),
        *_score_rules(plan),
    )


def _score_rules(plan: ChangePlan) -> tuple[Rule, ...]:
    """Every study that counts has a score; an excluded one has none, or one that is as sound."""
    given = exclusions.no_score(plan)
    return (
        Rule("missing_score", "score", "score IS NULL AND exclusion IS NULL"),
        Rule("score_not_a_number", "score", f"score_value IS NULL AND NOT {is_number('score')}"),
        Rule(
            "sentinel_score",
            "score",
            f"exclusion IS NULL AND {one_of('score_value', plan.logs.predictions.sentinels)}",
        ),
        Rule(
            "score_out_of_range",
            "score",
            f"NOT {given} AND coalesce(score_value NOT BETWEEN 0 AND 1, true)",
        ),
    )


def judge(plan: ChangePlan, layout: Layout, cells: str, pseudonymiser: Pseudonymiser) -> str:
    """SQL of the judged rows in line order: `fault` and every typed column; parameters as in `ingest`."""
    time = time_of(plan, "predicted_at")
    stored = covariates.columns(plan)
    values = "".join(
        f", {c.value} AS {quoted(c.name)}, {c.noted} AS {quoted('note_' + c.name)}" for c in stored
    )
    reads = "".join(
        f", {c.read} AS {quoted(name)}" for c, name in zip(stored, covariates.read_names(plan), strict=True)
    )
    typed = (
        f"SELECT *{values} FROM (SELECT *, {number('score')} AS score_value, {time.day} AS day, "
        f"{time.local} AS local{reads} FROM (SELECT *{with_defaults(layout, OPTIONAL)} FROM ({cells})))"
    )
    study = "study_id" if plan.logs.predictions.research_id else pseudonymiser.sql("study", "study_id")
    if plan.undated:
        key, end = "coalesce(cohort, $undated_cohort)", "NULL::DATE"
    else:
        cohort = cohort_of(plan, "day")
        key, end = cohort.key, cohort.end
    known_on = (
        f"CASE WHEN $as_history THEN coalesce({_history(plan, end)}, $received_on) ELSE $received_on END"
    )
    kept = "".join(f", {quoted(c.name)}, {quoted('note_' + c.name)}" for c in stored)
    return (
        f"SELECT broken, {first_broken(rules(plan, layout))} AS fault, {strata.site(plan)}, finding, "
        f"{study} AS study, "
        f"{pseudonymiser.sql('patient', 'patient_id')} AS patient, model_version, "
        f"local AS predicted_at, day, {key} AS cohort, {end} AS cohort_end, {known_on}::DATE AS known_on, "
        f"CASE WHEN NOT {exclusions.no_score(plan)} THEN score_value END AS score, reader_decision, exclusion"
        f"{kept} FROM ({typed})"
    )


def _history(plan: ChangePlan, end: str) -> str:
    return end if plan.logs.predictions.time_precision == "month" else "day"


def classify(connection: Session, layout: Layout) -> None:
    """Fill `accepted` and `refused`: which valid rows repeat a known one, which contradict one.

    The first line of a file wins over later ones, a stored row over any new one. A study is known by its
    hospital, so one that comes again with another level of the covariate stays in its first stratum.
    """
    _compare_with_stored(connection, layout.hospital, batches_of_staged(connection))
    exclusions.refuse_predictions(connection, layout)
    _compare_within_file(connection, layout.hospital)
    run(
        connection,
        "INSERT INTO refused SELECT line, 'conflicting_prediction', 'study_id' FROM compared WHERE NOT same",
    )
    exclusions.classify(connection, layout)
    run(
        connection,
        "CREATE OR REPLACE TEMP TABLE accepted AS "
        f"SELECT line, 'stored' AS state FROM judged WHERE {ACCEPTED}",
    )


def _compare_with_stored(connection: Session, hospital: str, among: str) -> None:
    """`compared`: lines about a prediction that is stored, and whether they say the same.

    Args:
        connection: Of the store.
        hospital: Column of predictions that holds the site as the logs name it.
        among: SQL condition over `batch` of the stored rows that can be about the same studies.
    """
    run(
        connection,
        "CREATE OR REPLACE TEMP TABLE compared AS SELECT v.line, "
        "bool_and(p.score = v.score AND p.patient = v.patient AND p.day IS NOT DISTINCT FROM v.day) AS same "
        f"FROM judged v JOIN (SELECT * FROM predictions WHERE {among}) p "
        f"ON p.study = v.study AND p.{hospital} = v.{hospital} AND p.finding = v.finding "
        f"AND p.model_version = v.model_version WHERE {COUNTS.format(row='v')} GROUP BY v.line "
        f"UNION ALL SELECT v.line, bool_and(p.content = {MARK.format(row='v')}) "
        f"FROM judged v JOIN archived_predictions p ON p.study = {DIGEST.format(row='v')} "
        f"AND p.{hospital} = v.{hospital} AND p.finding = v.finding AND p.model_version = v.model_version "
        f"WHERE {COUNTS.format(row='v')} GROUP BY v.line",
    )


def _compare_within_file(connection: Session, hospital: str) -> None:
    """`compared`: later lines of the file about a study that it told of before.

    Numbers made of the study tell which lines can be meant; they are smaller than its names.
    """
    counts, number = COUNTS.format(row="v"), "hash(finding, study)"
    run(
        connection,
        f"CREATE OR REPLACE TEMP TABLE repeated AS SELECT line, {hospital}, finding, study, score, patient, "
        f"day FROM judged v WHERE {counts} AND {number} IN "
        f"(SELECT {number} FROM judged v WHERE {counts} GROUP BY {number} HAVING count(*) > 1)",
    )
    run(
        connection,
        "INSERT INTO compared SELECT v.line, "
        "f.score = v.score AND f.patient = v.patient AND f.day IS NOT DISTINCT FROM v.day "
        f"FROM (FROM repeated QUALIFY line = min(line) OVER (PARTITION BY {hospital}, finding, study)) f "
        f"JOIN repeated v USING ({hospital}, finding, study) "
        "WHERE v.line > f.line AND v.line NOT IN (SELECT line FROM compared)",
    )


def accepted_columns(plan: ChangePlan) -> tuple[str, ...]:
    """What the archive keeps of each row; the reason of exclusion only where the plan has a column for it."""
    named = (*STORED, strata.HOSPITAL) if plan.strata else STORED
    reason = (exclusions.FIELD,) if plan.logs.predictions.columns.exclusion else ()
    return (*named, *(column.name for column in covariates.columns(plan)), *reason)


def mark_known(connection: Session, first_line: int) -> None:
    """Give the lines in `compared` the fault 0, so that the rows without a fault are the accepted ones.

    A scan with that condition alone keeps the order of the lines; after an anti-join all would be sorted.
    """
    run(
        connection,
        f"UPDATE temp.judged_rows SET fault = 0 WHERE rowid IN (SELECT line - {first_line} FROM compared)",
    )
