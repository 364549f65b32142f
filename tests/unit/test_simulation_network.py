"""The network is what its truth says, and its files are the same bytes every time."""

from __future__ import annotations

import csv
from collections import Counter
from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from monitor.simulation import SITES, Network, SiteLog, network

SEED = 20260101


@pytest.fixture(scope="module")
def full() -> Network:
    return network()


@pytest.fixture(scope="module")
def logs(
    full: Network, tmp_path_factory: pytest.TempPathFactory
) -> tuple[list[dict[str, str]], list[dict[str, str]]]:
    files = full.write(tmp_path_factory.mktemp("network"))
    return read(files.predictions[0]), read(files.outcomes[0])


def read(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as handle:
        return list(csv.DictReader(handle))


def by_kind(net: Network, kind: str) -> SiteLog:
    return next(log for log in net.sites if log.truth.kind == kind)


def excess(log: SiteLog, keep: Any, log_odds_shift: float = 0.0) -> float:
    """Observed minus expected events in standard errors, when the truth is the score plus a shift."""
    risk = 1 / (1 + np.exp(-(log.log_odds[keep] + log_odds_shift)))
    return float((log.outcome[keep] - risk).sum() / np.sqrt((risk * (1 - risk)).sum()))


def test_the_five_stories(full: Network) -> None:
    table = {t.kind: (t.change_night, t.reverted_night, t.intercept_shift) for t in full.truth}
    assert table == {
        "quiet": (None, None, 0.0),
        "covariate": (60, None, 0.0),
        "intercept": (45, None, 1.0),
        "small": (30, None, 1.5),
        "reverting": (30, 44, 1.2),
    }
    assert all(t.expected.endswith(".") and t.description.endswith(".") for t in full.truth)
    assert sum(len(log) for log in full.sites) < 120_000


def test_quiet_and_covariate_sites_are_calibrated_before_and_after(full: Network) -> None:
    for kind in ("quiet", "covariate"):
        log = by_kind(full, kind)
        assert abs(excess(log, log.night < 60)) < 4
        assert abs(excess(log, log.night >= 60)) < 4
    log = by_kind(full, "covariate")
    assert log.log_odds[log.night >= 60].mean() - log.log_odds[log.night < 60].mean() > 0.4


def test_a_covariate_shift_moves_the_covariates_and_stays_calibrated_within_them(full: Network) -> None:
    log = by_kind(full, "covariate")
    after = log.night >= 60
    assert log.covariates.bedside[after].mean() > log.covariates.bedside[~after].mean() + 0.02
    assert log.covariates.age[after].mean() > log.covariates.age[~after].mean() + 1
    assert abs(excess(log, after & log.covariates.bedside)) < 4
    assert abs(excess(log, after & (log.covariates.age < 40))) < 4


@pytest.mark.parametrize("kind", ["intercept", "small", "reverting"])
def test_a_shift_is_where_and_as_large_as_the_truth_says(full: Network, kind: str) -> None:
    log = by_kind(full, kind)
    what = log.truth
    assert what.change_night is not None
    end = full.nights if what.reverted_night is None else what.reverted_night
    shifted = (log.night >= what.change_night) & (log.night < end)
    assert abs(excess(log, ~shifted)) < 4
    assert excess(log, shifted) > 4
    assert abs(excess(log, shifted, what.intercept_shift)) < 4


def test_the_true_risk_is_recorded(full: Network) -> None:
    for log in full.sites:
        assert abs((log.outcome - log.risk).sum()) < 4 * np.sqrt((log.risk * (1 - log.risk)).sum())
        assert not log.risk.flags.writeable
        assert not log.covariates.age.flags.writeable


def test_patients_return_within_their_site(full: Network) -> None:
    log = by_kind(full, "quiet")
    studies = np.bincount(log.patient)[1:]
    assert studies.min() >= 1
    assert 0.10 < 1 - len(studies) / len(log) < 0.20
    female = {(p, f) for p, f in zip(log.patient.tolist(), log.covariates.female.tolist(), strict=True)}
    assert len(female) == len(studies)


def test_most_outcomes_are_known_at_maturity_whatever_they_are(full: Network) -> None:
    log = by_kind(full, "intercept")
    known = log.known_at_maturity
    assert 0.95 < known.mean() < 0.98
    for outcome in (0.0, 1.0):
        assert abs(known[log.outcome == outcome].mean() - known.mean()) < 0.01


def test_a_shorter_run_scales_the_change_nights_and_says_what_it_may_miss() -> None:
    short = network(nights=60).truth
    assert [t.change_night for t in short] == [None, 20, 15, 10, 10]
    assert [t.reverted_night for t in short] == [None, None, None, None, 24]
    assert [("60 nights may end" in t.expected) for t in short] == [False, False, True, True, True]


def test_a_run_of_one_night_has_files(tmp_path: Path) -> None:
    files = network(nights=1).write(tmp_path / "new" / "folder")
    assert read(files.predictions[0])
    assert read(files.outcomes[0])


def test_impossible_networks_are_refused() -> None:
    with pytest.raises(ValueError, match="at least one night"):
        network(nights=0)
    with pytest.raises(ValueError, match="at least one night"):
        network(scenarios=())
    with pytest.raises(ValueError, match="unique"):
        network(scenarios=(SITES[0], SITES[0]))


def test_the_same_seed_gives_the_same_bytes_and_another_does_not(tmp_path: Path) -> None:
    texts = [
        [path.read_bytes() for path in (*files.predictions, *files.outcomes)]
        for files in (
            network(30, SEED).write(tmp_path / "a"),
            network(30, SEED).write(tmp_path / "b"),
            network(30, SEED + 1).write(tmp_path / "c"),
        )
    ]
    assert texts[0] == texts[1]
    assert texts[0] != texts[2]


def test_adding_a_site_changes_no_other() -> None:
    extra = replace(SITES[0], site="Garden")
    alone, more = network(20, SEED), network(20, SEED, (extra, *SITES))
    for log, same in zip(alone.sites, more.sites[1:], strict=True):
        assert np.array_equal(log.log_odds, same.log_odds)
        assert np.array_equal(log.outcome, same.outcome)


def test_nightly_files_hold_the_lines_of_the_whole_log(tmp_path: Path) -> None:
    net = network(10, SEED)
    whole, nightly = net.write(tmp_path / "whole"), net.write(tmp_path / "nightly", per_night=True)
    for one, many in ((whole.predictions, nightly.predictions), (whole.outcomes, nightly.outcomes)):
        joined = [line for path in many for line in path.read_text().splitlines()[1:]]
        assert joined == one[0].read_text().splitlines()[1:]
    assert [path.name for path in nightly.predictions][:2] == [
        "predictions-2026-01-01.csv",
        "predictions-2026-01-02.csv",
    ]
    assert nightly.outcomes[-1].name <= f"outcomes-{net.complete_on}.csv"


Logs = tuple[list[dict[str, str]], list[dict[str, str]]]


def test_the_columns_are_those_of_the_plan(logs: Logs) -> None:
    predictions, outcomes = logs
    assert ",".join(predictions[0]) == (
        "accession,mrn,hospital,inference_time,model_version,ptx_score,age,kvp,view,scanner_vendor,sex"
    )
    assert ",".join(outcomes[0]) == "accession,hospital,ptx_confirmed,confirmed_at,source"


def test_dirt_is_there_and_rare(full: Network, logs: Logs) -> None:
    predictions, outcomes = logs
    n = len(predictions)
    repeats = n - len({tuple(row.values()) for row in predictions})
    faults = {
        "sentinel": sum(row["ptx_score"] == "-1" for row in predictions),
        "out of range": sum(row["ptx_score"] == "1.7" for row in predictions),
        "version": sum(row["model_version"] != "ptx-3.2.0" for row in predictions),
        "time": sum(row["inference_time"] == "not recorded" for row in predictions),
        "repeat": repeats,
    }
    assert all(0 < count < 0.004 * n for count in faults.values()), faults
    assert 0 < sum(row["view"] not in ("AP", "PA") for row in predictions) < 0.02 * n
    assert {row["view"].strip().upper() for row in predictions} == {"AP", "PA"}
    assert 0 < sum(row["age"] == "" for row in predictions) < 0.02 * n
    assert 0 < sum(row["ptx_confirmed"] == "" for row in outcomes) < 0.01 * n


def test_accession_numbers_repeat_across_sites_and_never_within(full: Network, logs: Logs) -> None:
    predictions, _ = logs
    keys = {(row["hospital"], row["accession"]) for row in predictions}
    assert len(keys) == sum(len(log) for log in full.sites)
    assert len({accession for _, accession in keys}) == max(len(log) for log in full.sites)


def test_scores_in_the_file_are_those_of_the_truth(full: Network, logs: Logs) -> None:
    log = by_kind(full, "small")
    score = 1 / (1 + np.exp(-log.log_odds))
    for row in logs[0]:
        if row["hospital"] == log.truth.site and row["ptx_score"] not in ("-1", "1.7"):
            assert abs(float(row["ptx_score"]) - score[int(row["accession"][3:]) - 1]) <= 5.1e-7


def test_times_are_local_and_lie_on_their_night(logs: Logs) -> None:
    berlin = ZoneInfo("Europe/Berlin")
    for row in logs[0][::97]:
        at = datetime.fromisoformat(row["inference_time"])
        assert at.utcoffset() == at.astimezone(berlin).utcoffset()
        assert 6 <= at.hour < 22
    days = [row["inference_time"][:10] for row in logs[0] if row["inference_time"] != "not recorded"]
    assert days == sorted(days)
    assert (days[0], days[-1]) == ("2026-01-01", "2026-06-29")


def test_outcomes_follow_their_studies_and_end_with_the_follow_up(full: Network, logs: Logs) -> None:
    predictions, outcomes = logs
    seen = {(row["hospital"], row["accession"]): row["inference_time"] for row in predictions}
    late = orphans = 0
    for row in outcomes:
        at = datetime.fromisoformat(row["confirmed_at"])
        assert at.date() <= full.complete_on
        start = seen.get((row["hospital"], row["accession"]))
        orphans += start is None
        if start is not None and start != "not recorded":
            assert at > datetime.fromisoformat(start)
            late += at.date() - date.fromisoformat(start[:10]) > timedelta(days=14)
    assert 0 < orphans < 0.003 * len(outcomes)
    assert 0 < late < 0.02 * len(outcomes)


def test_the_latest_result_is_the_true_one(full: Network, logs: Logs) -> None:
    sites = {log.truth.site: log for log in full.sites}
    results: dict[tuple[str, str], list[str]] = {}
    for row in logs[1]:
        results.setdefault((row["hospital"], row["accession"]), []).append(row["ptx_confirmed"])
    kinds: Counter[str] = Counter()
    for (site, accession), values in results.items():
        study = int(accession[3:]) - 1
        kinds["revised"] += len(set(values)) > 1
        if study < len(sites[site]) and values[-1]:
            assert float(values[-1]) == sites[site].outcome[study]
    assert 0 < kinds["revised"] < 0.006 * len(results)
