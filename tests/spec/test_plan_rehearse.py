"""`pccp plan rehearse`: the plan on simulated sites, by the nights that a hospital would run."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from flows import cli
from monitor.plan import LoadedPlan, load
from monitor.rehearsal import (
    RehearsalReport,
    Settings,
    SiteProfile,
    reference_site,
    rehearse,
    statistical_section,
)
from monitor.rehearsal.network import calendar_of, place_of, rehearsal_plan, runs_of, write_network
from monitor.rehearsal.outcome import RunOutcome, scenario_row
from monitor.rehearsal.truth import NO_CHANGE, SHIFTS, Shift
from tests.build_plan import make_plan

PLANS = Path(__file__).resolve().parents[2] / "change_plans"
HELPED = Shift("intercept +.5", intercept=0.5)
RUNS = 3


def quietly(_done: int, _total: int, _what: str) -> None:
    return None


def loaded(tmp_path: Path, name: str, **horizon: Any) -> LoadedPlan:
    """A shipped plan, its horizon shortened."""
    content = json.loads(load(PLANS / f"{name}.yaml").plan.model_dump_json(exclude_none=True))
    content["monitoring"].update(horizon)
    file = tmp_path / "plan.yaml"
    file.write_text(json.dumps(content))
    return load(file)


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> RehearsalReport:
    """Thirty months of the stroke plan at six scenarios of three sites."""
    plan = loaded(tmp_path_factory.mktemp("plan"), "ist_stroke", horizon_looks=30)
    return rehearse(plan, SiteProfile("site", 250, 0.3, 0.8), Settings(RUNS, 7), quietly)


def outcome(**what: Any) -> RunOutcome:
    usual: dict[str, Any] = {
        "shift": HELPED, "alarm_days": None, "alarmed_before_change": False,
        "verdict": None, "verdict_days": None, "gain": None,
    }  # fmt: skip
    return RunOutcome(**{**usual, **what})


# What is counted.


def test_an_accept_is_true_when_the_candidate_is_better_under_the_truth() -> None:
    assert outcome(verdict="accept", gain=0.01).true_accept
    assert outcome(verdict="accept", gain=-0.01).false_accept
    assert outcome(shift=NO_CHANGE, verdict="accept", gain=0.0).false_accept
    assert not outcome(verdict="reject", gain=0.01).true_accept


def test_an_alarm_is_false_before_the_change_and_where_the_probabilities_stay_right() -> None:
    covariate = next(shift for shift in SHIFTS if shift.score)
    assert outcome(alarm_days=-3, alarmed_before_change=True).false_alarm
    assert outcome(shift=covariate, alarm_days=10).false_alarm
    assert outcome(shift=NO_CHANGE, alarm_days=10).false_alarm
    assert not outcome(alarm_days=10).false_alarm
    assert not outcome(shift=NO_CHANGE).false_alarm


def test_delays_are_those_of_runs_without_a_false_alarm() -> None:
    runs = [
        outcome(alarm_days=20, verdict="accept", verdict_days=60, gain=0.01),
        outcome(alarm_days=30, verdict="insufficient"),
        outcome(alarm_days=-5, alarmed_before_change=True, verdict="reject", verdict_days=9),
        outcome(),
    ]
    row = scenario_row("a", runs)
    assert (row.to_alarm.median, row.to_alarm.ninetieth, row.to_alarm.runs) == (25.0, 30.0, 2)
    assert (row.to_verdict.median, row.to_verdict.runs) == (60.0, 1)
    assert {name: share.value for name, share in row.shares.items()} == {
        "false_alarm": 0.25,
        "alarm": 0.75,
        "true_accept": 0.25,
        "false_accept": 0.0,
        "reject": 0.25,
        "insufficient": 0.25,
        "withdrawn": 0.0,
    }
    assert row.shares["alarm"].error == pytest.approx((0.75 * 0.25 / 4) ** 0.5)


# The network speaks the plan's language.


def test_every_shipped_plan_can_be_rehearsed_and_keeps_its_protocol(tmp_path: Path) -> None:
    for file in sorted(PLANS.glob("*.yaml")):
        plan = load(file).plan
        copy = tmp_path / file.name
        copy.write_text(json.dumps(rehearsal_plan(plan)))
        rehearsed = load(copy).plan
        assert rehearsed.modification_protocol == plan.modification_protocol
        assert rehearsed.monitoring.streams == plan.monitoring.streams
        assert rehearsed.undated == plan.undated


def test_a_simulated_outcome_is_what_several_readers_agreed_on() -> None:
    standard = "modification_protocol__data_management__0__reference_standard"
    plan = make_plan(
        logs__outcomes__columns__reader_id="reader",
        **{f"{standard}__readers": 2, f"{standard}__consensus": "majority"},
    )
    content = rehearsal_plan(plan)
    rehearsed = content["modification_protocol"]["data_management"][0]["reference_standard"]
    assert set(rehearsed) == {"source", "version", "definition"}
    assert "reader_id" not in content["logs"]["outcomes"]["columns"]


def test_a_site_does_not_depend_on_the_others(tmp_path: Path) -> None:
    plan, site = make_plan(monitoring__horizon_looks=20), SiteProfile("site", 300, 0.2, 0.8)
    lines: list[set[str]] = []
    for shifts in (SHIFTS[:1], SHIFTS[:2]):
        predictions, _ = write_network(plan, runs_of(shifts, 1), site, 3, tmp_path)
        lines.append({line for line in predictions.read_text().splitlines() if "S0-0000" in line})
    assert lines[0] == lines[1]
    assert len(lines[0]) > 100


def test_a_hospital_divided_into_strata_is_rehearsed_in_its_first(tmp_path: Path) -> None:
    """Otherwise its studies would spread over places of which none is the run."""
    plan = make_plan(monitoring__horizon_looks=20, logs__strata={"covariate": "view"})
    (run,) = runs_of((NO_CHANGE,), 1)
    assert place_of(plan, run).site == "S0-0000 / PA"
    predictions, _ = write_network(plan, (run,), SiteProfile("site", 300, 0.2, 0.8), 3, tmp_path)
    header, *lines = predictions.read_text().splitlines()
    view = header.split(",").index("covariate_1")
    assert {line.split(",")[view] for line in lines} == {'"PA"'}


def test_a_label_shift_doubles_the_share_of_events_from_five_to_ten_per_cent(tmp_path: Path) -> None:
    plan, site = make_plan(monitoring__horizon_looks=100), SiteProfile("site", 30_000, 0.05, 0.85)
    label = next(shift for shift in SHIFTS if shift.prevalence_odds)
    _, outcomes = write_network(plan, runs_of((label,), 1), site, 3, tmp_path)
    events = [line.endswith(",1") for line in outcomes.read_text().splitlines()[1:]]
    change = round(len(events) * calendar_of(plan).change / calendar_of(plan).days)
    assert sum(events[:change]) / change == pytest.approx(0.05, abs=0.004)
    assert sum(events[change:]) / (len(events) - change) == pytest.approx(0.10, abs=0.005)


def test_the_reference_site_brings_a_change_to_its_look_within_a_third_of_the_horizon() -> None:
    """100 + 200 events in a third of 365 days, at 10 %: 75 events, 751 studies a month."""
    plan = load(PLANS / "chest_xray_pneumothorax.yaml").plan
    assert reference_site(plan).studies_per_month == pytest.approx(751, abs=1)


# The rehearsal itself.


def test_a_rehearsal_finds_shifts_and_leaves_quiet_sites_alone(report: RehearsalReport) -> None:
    rows = {row.name: row for row in report.rows}
    assert list(rows) == [shift.name for shift in SHIFTS]
    for name in ("no change", "covariate: scores +.4, still calibrated"):
        assert rows[name].shares["alarm"].count == 0
    shifted = [row for name, row in rows.items() if name in ("intercept +.5", "intercept -.5")]
    assert sum(row.shares["alarm"].count for row in shifted) >= 2 * RUNS - 1
    assert sum(row.shares["true_accept"].count for row in shifted) >= 1
    assert sum(row.shares["false_accept"].count for row in rows.values()) == 0


def test_alarms_wait_for_maturity_and_verdicts_for_alarms(report: RehearsalReport) -> None:
    for run in report.runs:
        if run.alarm_days is not None and not run.false_alarm:
            assert run.alarm_days >= report.loaded.plan.data.maturity_days
        if run.verdict_days is not None:
            assert run.alarm_days is not None
            assert run.verdict_days >= run.alarm_days


def test_a_forced_harmful_candidate_is_not_accepted(report: RehearsalReport) -> None:
    assert len(report.forced) == RUNS
    assert report.forced_share("accept").count == 0
    assert {one.look for one in report.forced if one.verdict == "reject"} <= {1}


def test_the_statistical_section_holds_runs_errors_and_every_scenario(report: RehearsalReport) -> None:
    text = statistical_section(report)
    assert f"{RUNS} runs for each scenario" in text
    assert report.loaded.sha256 in text
    rows = [line for line in text.splitlines() if line.startswith("| ")]
    assert len(rows) == len(SHIFTS) + 2
    assert all(line.count("|") == rows[0].count("|") for line in rows)
    assert ".00 +- .00" in text
    assert "harmful candidate" in text


def test_the_same_seed_gives_the_same_table(tmp_path: Path) -> None:
    plan = loaded(tmp_path, "lidc_nodule")
    site, settings = SiteProfile("cohort", 400, 0.4, 0.8), Settings(2, 5)
    once, again = (rehearse(plan, site, settings, quietly).as_record() for _ in range(2))
    assert once == again
    assert once["scenarios"][0]["scenario"] == "no change"


def test_the_command_writes_json_and_markdown(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "section.md"
    plan = PLANS / "lidc_nodule.yaml"
    options = ["--runs", "2", "--studies-per-night", "300", "--prevalence", "0.4", "--auc", "0.8", "--json"]
    assert cli.run(["plan", "rehearse", str(plan), *options, "--out", str(out)]) == 0
    record = json.loads(capsys.readouterr().out)
    assert (record["runs"], record["site"]["prevalence"]) == (2, 0.4)
    assert {"accept", "reject", "insufficient"} == set(record["forced_harmful"])
    assert out.read_text().startswith("## Rehearsal of PCCP-LIDC-CAL")


def test_a_folder_that_is_not_there_is_told_before_anything_runs(tmp_path: Path) -> None:
    out = tmp_path / "absent" / "section.md"
    assert cli.run(["plan", "rehearse", str(PLANS / "lidc_nodule.yaml"), "--out", str(out)]) == 2
