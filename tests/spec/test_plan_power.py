"""`pccp plan power`: what a plan needs, and how often it would be right, before anybody authorises it."""

from __future__ import annotations

import json
import math
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from flows import cli
from monitor.errors import UsageError
from monitor.intervals import normal_quantile
from monitor.operation.workspace import initialise
from monitor.plan import LoadedPlan, load
from monitor.rehearsal import (
    Settings,
    SiteProfile,
    power,
    power_for_review,
    read_sites,
    workspace_sites,
)
from monitor.rehearsal.candidates import (
    CANDIDATES,
    Proposal,
    Volume,
    draw_validation,
    evidence_of,
    given,
    look_rows,
    patients,
    rows_for,
    volume_of,
)
from monitor.rehearsal.closed_forms import (
    POWER,
    TwoSided,
    auc_variance,
    binomial_floor_events,
    gain_of_right_map,
    least_events,
    ratio_test,
    slope_test,
    two_one_sided_power,
)
from monitor.rehearsal.needed import needed
from monitor.rehearsal.passing import Share, bounds_of, passing
from monitor.validation.criteria import assess
from tests.build_plan import make_plan
from tests.evidence import Scene

PLANS = Path(__file__).resolve().parents[2] / "change_plans"
RARE = SiteProfile("table 4.4", 6000, 0.05, 0.85)
COMMON = SiteProfile("even odds", 6000, 0.50, 0.79)
RUNS = 300


def run(*arguments: object) -> int:
    return cli.run([str(argument) for argument in arguments])


def agrees(share: Share, published: float, published_runs: int = 120) -> bool:
    """Within three combined standard errors; a share of 0 or 1 still has the error of one run."""
    floor = 1.0 / min(share.runs, published_runs)
    theirs = math.sqrt(published * (1.0 - published) / published_runs)
    return abs(share.value - published) <= 3.0 * math.hypot(max(share.error, floor), max(theirs, floor))


@cache
def met(site: SiteProfile, events: int, alpha: float, limits: tuple[float, float]) -> dict[str, Share]:
    """Share of perfect candidates with O:E shown within [.8, 1.25], slope within `limits`, and both."""
    evaluation = make_plan().evaluation
    ratio, slope = evaluation.criteria[1], evaluation.criteria[2].model_copy(update={"limits": limits})
    rng, z = np.random.default_rng([2026, events]), normal_quantile(1.0 - alpha)
    proposal: Proposal = given(make_plan(), CANDIDATES[0])
    counts = {"ratio": 0, "slope": 0, "both": 0}
    for _ in range(RUNS):
        rows = draw_validation(rng, rows_for(events, 1, Volume(50, 0, 10**7), site), site, CANDIDATES[0])
        (length,) = look_rows(rows, 50, (events,), 1)
        assert length is not None
        evidence = evidence_of(rows.first(length), patients(length), proposal)
        shown = [assess(item, evidence, z).status == "demonstrated" for item in (ratio, slope)]
        counts["ratio"] += shown[0]
        counts["slope"] += shown[1]
        counts["both"] += all(shown)
    return {name: Share(count, RUNS) for name, count in counts.items()}


# What a gate needs: closed forms, against the published figures.


@pytest.mark.parametrize(("high", "events"), [(1.25, 163), (1.2, 245), (1.1, 896)])
def test_observed_expected_needs_the_published_number_of_events(high: float, events: int) -> None:
    """Two one-sided tests at .05, 80 % power: ln high / se = 1.645 + 1.282 with se^2 = .95 / events."""
    test = ratio_test((1.0 / high, high), RARE)
    assert least_events(lambda count: two_one_sided_power(test, count, 0.05)) == events
    assert events == round(0.95 * ((1.644854 + 1.281552) / math.log(high)) ** 2)


@pytest.mark.parametrize(
    ("truth", "floor", "positives"), [(0.90, 0.85, 281), (0.90, 0.80, 82), (0.95, 0.90, 179)]
)
def test_an_exact_floor_of_sensitivity_needs_the_published_positives(
    truth: float, floor: float, positives: int
) -> None:
    assert binomial_floor_events(truth, floor, 0.05) == positives


def test_no_number_of_positives_proves_a_floor_above_the_truth() -> None:
    assert binomial_floor_events(0.85, 0.85, 0.05) is None
    assert least_events(lambda _: 0.5) is None


@pytest.mark.parametrize(
    ("events", "ratio", "slope"), [(100, 0.48, 0.67), (200, 0.89, 0.95), (450, 1.00, 1.00)]
)
def test_formulas_give_table_4_4(events: int, ratio: float, slope: float) -> None:
    found_ratio = two_one_sided_power(ratio_test((0.8, 1.25), RARE), events, 0.05)
    found_slope = two_one_sided_power(slope_test((0.8, 1.25), RARE), events, 0.05)
    assert found_ratio == pytest.approx(ratio, abs=0.005)
    assert found_slope == pytest.approx(slope, abs=0.005)


def test_the_slope_with_common_outcomes_needs_more_than_with_rare_ones() -> None:
    rare, common = slope_test((0.75, 1.33), RARE), slope_test((0.75, 1.33), COMMON)
    assert two_one_sided_power(rare, 200, 0.025) > 0.95
    assert two_one_sided_power(common, 200, 0.025) < 0.5


def test_twice_the_variance_needs_twice_the_events() -> None:
    once, twice = (TwoSided(0.2, 0.2, variance) for variance in (1.0, 2.0))
    few = least_events(lambda events: two_one_sided_power(once, events, 0.05))
    many = least_events(lambda events: two_one_sided_power(twice, events, 0.05))
    assert few is not None
    assert many == pytest.approx(2 * few, abs=1)


def test_gain_of_the_right_map_is_the_divergence_of_the_wrong_one() -> None:
    """Even odds for certain (AUC near .5) and an error e: ln(1 + exp(e)) - e/2 - ln 2 per study."""
    error, site = 1.0, SiteProfile("coin", 1000, 0.5, 0.55)
    exact = math.log(1.0 + math.exp(error)) - error / 2.0 - math.log(2.0)
    assert gain_of_right_map(error, site).mean == pytest.approx(exact, rel=0.05)


def test_variance_of_auc_agrees_with_simulation() -> None:
    """Binormal AUC .85, 100 events at 5 %: standard deviation over runs against the formula."""
    from monitor.performance import area_under_curve
    from monitor.simulation import calibrated_night

    rng, areas = np.random.default_rng(5), []
    for _ in range(400):
        x, y = calibrated_night(rng, 2000, 0.05, 0.85)
        areas.append(area_under_curve(x, y, patients(2000)).value)
    odds = np.log(np.array(areas) / (1.0 - np.array(areas)))
    assert float(odds.std()) == pytest.approx(math.sqrt(auc_variance(RARE) / 100), rel=0.12)


def test_a_criterion_without_a_formula_is_simulated() -> None:
    """The Brier score has none here; what comes out is a number of events, and the method says how."""
    plan = make_plan()
    brier = plan.evaluation.criteria[0].model_copy(update={"metric": "brier_score_difference"})
    found = needed(plan, brier, RARE, 0.025, seed=1)
    assert found.method.startswith("simulation")
    assert found.events is not None
    assert 50 <= found.events <= 800


# The plan's own criteria on simulated rows, against table 4.4.


@pytest.mark.parametrize(
    ("events", "ratio", "slope"), [(100, 0.48, 0.67), (200, 0.89, 0.95), (450, 1.00, 1.00)]
)
def test_simulated_criteria_give_table_4_4(events: int, ratio: float, slope: float) -> None:
    found = met(RARE, events, 0.05, (0.8, 1.25))
    assert agrees(found["ratio"], ratio)
    assert agrees(found["slope"], slope)


@pytest.mark.parametrize(
    ("events", "alpha", "both"),
    [
        (200, 0.05, 0.61),
        (200, 0.025, 0.36),
        (300, 0.05, 0.81),
        (300, 0.025, 0.68),
        (400, 0.05, 0.93),
        (400, 0.025, 0.86),
    ],
)
def test_at_even_odds_two_hundred_events_are_not_enough(events: int, alpha: float, both: float) -> None:
    """Ratio and slope together within [.8, 1.25] and [.75, 1.33], AUC .79."""
    assert agrees(met(COMMON, events, alpha, (0.75, 1.33))["both"], both)


# The report.


@cache
def loaded(name: str) -> LoadedPlan:
    return load(PLANS / f"{name}.yaml")


def powered(plan: LoadedPlan, *sites: SiteProfile, runs: int = 60, seed: int = 1) -> Any:
    return power(plan, sites, Settings(runs, seed), lambda _done, _total, _what: None)


def test_the_same_seed_gives_the_same_numbers_and_another_site_changes_none() -> None:
    plan, north, south = loaded("chest_xray_pneumothorax"), RARE, SiteProfile("South", 600, 0.1, 0.8)
    once = powered(plan, north, runs=20).sites[0]
    assert powered(plan, south, north, runs=20).sites[1] == once
    assert powered(plan, north, runs=20, seed=2).sites[0] != once


def test_a_harmful_candidate_practically_never_passes() -> None:
    site = powered(loaded("chest_xray_pneumothorax"), RARE, runs=150).sites[0]
    last = site.passing["harmful"][-1]
    assert last.accepted.value <= 0.01
    assert last.rejected.value > 0.4
    assert site.passing["perfect"][-1].accepted.value > site.passing["useful"][-1].accepted.value > 0.3


def test_a_plan_that_cannot_accept_the_truth_anywhere_is_refused() -> None:
    """All four demonstrated at 200 events of a common outcome: about one perfect candidate in two."""
    report = powered(loaded("ist_stroke_strict"), SiteProfile("country", 40, 0.45, 0.79))
    assert report.refused
    assert len(report.warnings) == 1
    assert report.as_record()["refused"] is True


def test_one_site_that_can_is_enough_and_the_others_are_warned() -> None:
    report = powered(loaded("ist_stroke_strict"), SiteProfile("country", 40, 0.45, 0.79), RARE)
    assert not report.refused
    assert [sentence.split(":")[0] for sentence in report.warnings] == ["country"]


def test_a_look_that_no_wait_reaches_passes_nobody() -> None:
    """Two events a month bring 48 in the two years that the plan waits, 200 are needed."""
    report = powered(loaded("chest_xray_pneumothorax"), SiteProfile("tiny", 20, 0.1, 0.85), runs=20)
    (site,) = report.sites
    assert report.refused
    assert site.passing["perfect"][-1].reached.value == 0.0
    assert site.months_to_look == (150.0,)
    assert "longest wait of 730 days" in report.warnings[0]


def test_rows_that_reach_two_looks_are_judged_at_the_later_one() -> None:
    """Two thousand events a month bring both looks with one cohort: nobody is judged at the first."""
    plan = make_plan(
        modification_protocol__performance_evaluation__0__looks={
            "events": [350, 500],
            "spending": "obrien_fleming",
        },
        monitoring__cadence="monthly",
        monitoring__horizon_looks=36,
    )
    looks = passing(plan, SiteProfile("large", 40_000, 0.05, 0.85), CANDIDATES[0], 20, 1)
    assert looks[0].accepted.count == looks[0].rejected.count == 0
    assert looks[1].accepted.value > 0.9


def test_a_look_also_waits_for_the_least_number_of_patients() -> None:
    """At even odds 100 events come with about 200 studies; a plan may ask for 900 patients all the same."""
    plan = make_plan(modification_protocol__performance_evaluation__0__minimum_patients=900)
    (look,) = passing(plan, COMMON, CANDIDATES[0], 20, 1)
    assert look.reached.value == 1.0


def test_months_to_a_look_are_fit_and_look_at_the_volume() -> None:
    """100 + 200 events at 30 a month make ten months."""
    plan = loaded("chest_xray_pneumothorax")
    site = powered(plan, SiteProfile("district", 600, 0.05, 0.85), runs=20).sites[0]
    assert site.months_to_look[0] == pytest.approx(10.0, abs=0.1)
    assert volume_of(plan.plan, site.site).cohort == 20


def test_expected_false_alarms_are_sites_times_alpha() -> None:
    report = powered(loaded("chest_xray_pneumothorax"), RARE, SiteProfile("South", 600, 0.1, 0.8), runs=20)
    assert report.expected_false_alarms == pytest.approx(2 * 0.05)


def test_the_first_of_several_looks_hardly_accepts() -> None:
    """Looks at 200, 300, 400 and 500 of 500: the first bound is 3.36, so that it practically only rejects."""
    events = {"events": [200, 300, 400, 500], "spending": "obrien_fleming"}
    plan = make_plan(
        modification_protocol__performance_evaluation__0__looks=events,
        modification_protocol__performance_evaluation__0__minimum_events=200,
        modification_protocol__performance_evaluation__0__criteria__1__require="demonstrated",
    )
    assert [bound.z for bound in bounds_of(plan)] == pytest.approx([3.36, 2.69, 2.29, 2.03], abs=0.01)
    looks = passing(plan, RARE, CANDIDATES[0], 150, 1)
    assert agrees(looks[0].accepted, 0.12)
    accepted = [look.accepted.value for look in looks]
    assert accepted == sorted(accepted)
    assert accepted[-1] > 0.9


@pytest.mark.parametrize(
    ("name", "site"),
    [
        ("chest_xray_pneumothorax", SiteProfile("demo", 900, 0.10, 0.85)),
        ("template", SiteProfile("demo", 900, 0.10, 0.85)),
        ("ist_stroke", SiteProfile("country", 40, 0.35, 0.79)),
        ("lidc_nodule", SiteProfile("vendor", 1000, 0.30, 0.85)),
    ],
)
def test_shipped_plans_accept_a_perfect_candidate_where_they_are_meant_to(
    name: str, site: SiteProfile
) -> None:
    report = powered(loaded(name), site, runs=100)
    assert not report.refused, report.warnings


# Sites from files, and the command.


def test_sites_come_from_csv_and_from_yaml(tmp_path: Path) -> None:
    table, listed = tmp_path / "sites.csv", tmp_path / "sites.yaml"
    table.write_text("site,studies_per_month,prevalence,auc\nNorth,600,0.05,0.85\n")
    listed.write_text("- {site: North, studies_per_month: 600, prevalence: 0.05, auc: 0.85}\n")
    assert read_sites(table) == read_sites(listed) == (SiteProfile("North", 600.0, 0.05, 0.85),)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("site,prevalence,auc\nNorth,0.05,0.85\n", "studies_per_month missing"),
        ("site,studies_per_month,prevalence,auc\n", "at least one site"),
        (
            "site,studies_per_month,prevalence,auc\nNorth,many,0.05,0.85\n",
            "studies_per_month: expected a number",
        ),
        (
            "site,studies_per_month,prevalence,auc\nNorth,nan,0.05,0.85\n",
            "studies_per_month: expected a number",
        ),
        ("site,studies_per_month,prevalence,auc\nNorth,600,0,0.85\n", "prevalence must be"),
        ("site,studies_per_month,prevalence,auc\nA,9,0.1,0.8\nA,9,0.1,0.8\n", "found one twice"),
    ],
)
def test_a_faulty_file_of_sites_is_refused_with_what_is_expected(
    tmp_path: Path, text: str, says: str
) -> None:
    file = tmp_path / "sites.csv"
    file.write_text(text)
    with pytest.raises(UsageError, match=says):
        read_sites(file)


def test_the_command_prints_json_and_refuses_with_exit_code_10(capsys: pytest.CaptureFixture[str]) -> None:
    plan = PLANS / "ist_stroke_strict.yaml"
    options = ("--studies-per-night", 1.3, "--prevalence", 0.45, "--auc", 0.79, "--runs", 40)
    assert run("plan", "power", plan, *options, "--json") == 10
    printed = capsys.readouterr()
    record = json.loads(printed.out)
    assert record["refused"] is True
    assert record["expected_false_alarm_sites"] == pytest.approx(0.05)
    assert [item["criterion"] for item in record["sites"][0]["needed"]] == ["G1", "G2", "G3", "G6"]
    assert "warning: site: a perfect candidate" in printed.err
    assert "at every site" in printed.err


def test_the_command_prints_tables_and_the_expected_false_alarms(capsys: pytest.CaptureFixture[str]) -> None:
    options = ("--studies-per-night", 30, "--prevalence", 0.1, "--auc", 0.85, "--runs", 40)
    assert run("plan", "power", PLANS / "chest_xray_pneumothorax.yaml", *options) == 0
    printed = capsys.readouterr().out
    assert "40 runs" in printed
    assert "G3 (not contradicted)" in printed
    assert "False alarms: of 1 sites at most 0.05" in printed


def test_sites_are_named_once_and_whole(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    plan = PLANS / "chest_xray_pneumothorax.yaml"
    assert run("plan", "power", plan, "--prevalence", 0.1) == 2
    assert "give all three" in capsys.readouterr().err
    (tmp_path / "sites.csv").write_text("site,studies_per_month,prevalence,auc\nNorth,600,0.05,0.85\n")
    both = ("--sites", tmp_path / "sites.csv", "--workspace", tmp_path)
    assert run("plan", "power", plan, *both) == 2
    assert "name the sites once" in capsys.readouterr().err


def test_sites_come_from_the_last_finished_night_of_a_workspace(replayed_scene: Scene) -> None:
    """Ninety studies a night at AUC .85; outcomes from all nights that have matured."""
    found = workspace_sites(replayed_scene.path)
    (site,) = found.sites
    assert site.site == "Harbour"
    assert site.studies_per_month == pytest.approx(90 * 30.4375, rel=0.1)
    assert 0.2 < site.prevalence < 0.6
    assert site.auc == pytest.approx(0.85, abs=0.04)
    assert found.too_few == ()


def test_the_review_gets_the_record_of_the_command_with_a_curve_for_each_formula(
    replayed_scene: Scene,
) -> None:
    found = power_for_review(replayed_scene.path, None, lambda *_: None)
    (site,) = found["sites"]
    assert site["site"] == found["curves"]["site"] == "Harbour"
    assert not found["typical"]
    closed = [item for item in site["needed"] if item["method"] == "closed form"]
    lines = {line["criterion"]: line["probability"] for line in found["curves"]["lines"]}
    assert list(lines) == [item["criterion"] for item in closed]
    events = np.array(found["curves"]["events"])
    for item in closed:
        enough = np.array(lines[item["criterion"]]) >= POWER
        assert (events[enough] >= 0.98 * item["events"]).all()
        assert (events[~enough] <= 1.02 * item["events"]).all()


def test_a_workspace_without_a_night_is_refused(tmp_path: Path, key_file: Path) -> None:
    initialise(tmp_path / "network", PLANS / "chest_xray_pneumothorax.yaml", key_file, at="2026-01-01")
    with pytest.raises(UsageError, match="nothing published yet"):
        workspace_sites(tmp_path / "network")
