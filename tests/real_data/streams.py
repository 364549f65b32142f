"""The real logs under plans with every stream that fits them: what moved, where and when."""

from __future__ import annotations

from pathlib import Path

import runs

CALIBRATION = "  streams:\n    calibration: {weight: 0.40, tolerance: {logit: 0.1, standard_errors: 1}}\n"
STREAMS = """  arrival_days: 1
  reference: {{looks: {looks}, minimum_rows: {rows}, minimum_events: {events}}}
  unseen_category: investigate
  streams:
    calibration: {{weight: 0.40, tolerance: {{logit: 0.1, standard_errors: 1}}}}
    prevalence: {{weight: 0.10, tolerance: {{logit: 0.1, standard_errors: 1}}}}
    covariates: {{weight: 0.35, tolerance: {{standardized_difference: 0.1, logit: 0.2, standard_errors: 2}}}}
    missingness: {{weight: 0.05, tolerance: {{logit: 0.2, standard_errors: 2}}}}
    score_mean: {{weight: 0.05, tolerance: {{logit: 0.1, standard_errors: 1}}}}
    score_shape: {{weight: 0.05, tolerance: {{standardized_difference: 0.1, standard_errors: 2}}}}
"""


def with_streams(plan: Path, folder: Path, *, looks: int, rows: int, events: int, **edits: str) -> Path:
    """A copy of a plan that watches everything; `edits` are further texts and what stands in their place."""
    text = plan.read_text(encoding="utf-8")
    changed = {CALIBRATION: STREAMS.format(looks=looks, rows=rows, events=events), **edits}
    for old, new in changed.items():
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    folder.mkdir(parents=True, exist_ok=True)
    copy = folder / "plan.yaml"
    copy.write_text(text, encoding="utf-8")
    return copy


def quiet_control(folder: Path, data: Path, site: str | None = None) -> runs.Replayed:
    """`chop_covid_testing` as one site, or by a column of the log.

    Three weeks make the reference, which still leaves eight; a clinic needs 100 studies for one.
    """
    edits = {}
    if site is not None:
        edits = {
            "    constants: {site: all}\n": "",
            "      patient_id: patient_id\n": f"      patient_id: patient_id\n      site: {site}\n",
        }
    least = (
        {"looks": 21, "rows": 1000, "events": 50}
        if site is None
        else {"looks": 14, "rows": 100, "events": 20}
    )
    plan = with_streams(runs.TEST_PLANS / "chop_all.yaml", folder, **least, **edits)
    return runs.run_named(folder, plan, data / "chop_covid_testing")


def stroke_trial(folder: Path, data: Path, *, by_country: bool = True) -> runs.Replayed:
    """`ist_stroke` month by month; the first year of a country, or of the whole trial, is its reference."""
    edits = {}
    if not by_country:
        edits = {
            "      site: site\n": "",
            "    time_precision: month\n": "    time_precision: month\n    constants: {site: trial}\n",
        }
    plan = with_streams(runs.SHIPPED / "ist_stroke.yaml", folder, looks=12, rows=100, events=40, **edits)
    return runs.run_named(folder, plan, data / "ist_stroke")
