"""Thirty-six countries of a stroke trial: who alarms, whose change is accepted, and whether it helped."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import runs

from monitor.calibration import Choice
from monitor.calibration.closed_test import closed_test, fit_intercept, fit_platt

pytestmark = pytest.mark.data

ACCEPTED = {"ITAL", "SWIT", "SWED", "POLA", "NETH", "AUSL", "ARGE", "CZEC", "SPAI", "NEW"}
INSUFFICIENT = {"BELG", "NORW", "PORT", "TURK", "GREE", "INDI"}


def test_the_development_site_is_quiet(ist_benefit: runs.Replayed) -> None:
    assert ist_benefit.alarm("UK") is None


def test_the_accepted_countries(ist_benefit: runs.Replayed) -> None:
    assert ist_benefit.accepted() == ACCEPTED


def test_nothing_is_rejected_and_the_small_countries_say_what_is_missing(ist_benefit: runs.Replayed) -> None:
    for site in INSUFFICIENT:
        change = ist_benefit.change(site)
        assert change is not None
        assert change.verdict is not None
        assert change.verdict["verdict"] == "insufficient"
        assert change.verdict["needed"]["events"] > 0
        assert "of the rarer class" in change.verdict["reasons"][0]


@pytest.mark.parametrize("site", ["ITAL", "SWIT", "SWED", "POLA", "NETH", "AUSL"])
def test_log_loss_falls_on_rows_predicted_after_acceptance(ist_benefit: runs.Replayed, site: str) -> None:
    change = ist_benefit.change(site)
    assert change is not None
    later = runs.later_losses(ist_benefit, change)
    assert later is not None
    assert later[2] < later[1]


def test_italy_and_sweden_reach_the_independent_figures(ist_benefit: runs.Replayed) -> None:
    italy = runs.later_losses(ist_benefit, ist_benefit.change("ITAL"))
    sweden = runs.later_losses(ist_benefit, ist_benefit.change("SWED"))
    assert italy is not None
    assert sweden is not None
    assert italy == (2530, pytest.approx(0.63, abs=0.005), pytest.approx(0.54, abs=0.005))
    assert sweden == (138, pytest.approx(0.87, abs=0.005), pytest.approx(0.59, abs=0.005))


def test_new_zealands_last_rows_got_worse_and_are_not_hidden(ist_benefit: runs.Replayed) -> None:
    later = runs.later_losses(ist_benefit, ist_benefit.change("NEW"))
    assert later is not None
    assert later[0] == 24
    assert later[2] > later[1]


def test_every_verdict_has_a_dossier(ist_benefit: runs.Replayed) -> None:
    for change in ist_benefit.state.changes.values():
        assert change.verdict is not None
        folder = ist_benefit.workspace / "dossiers" / change.id
        assert (folder / "dossier.html").exists()
        assert (folder / "dossier.json").exists()


def test_the_strict_plan_accepts_italy_and_switzerland(ist_strict: runs.Replayed) -> None:
    assert {"ITAL", "SWIT"} <= ist_strict.accepted()


@pytest.mark.parametrize("site", ["SWED", "ARGE"])
def test_the_strict_plan_does_not_accept_what_three_hundred_events_are_needed_for(
    ist_strict: runs.Replayed, site: str
) -> None:
    change = ist_strict.change(site)
    assert change is not None
    assert change.verdict is not None
    assert change.verdict["verdict"] == "insufficient"
    assert change.verdict["needed"]["events"] > 0


def test_the_same_replay_twice_leaves_the_same_ledger(
    ist_benefit: runs.Replayed, real_data: Path, tmp_path: Path
) -> None:
    again = runs.run_named(tmp_path, runs.SHIPPED / "ist_stroke.yaml", real_data / "ist_stroke", approve=True)
    assert again.ledger_text() == ist_benefit.ledger_text()


def test_the_fourteen_day_score_is_left_alone(
    real_data: Path, fourteen_day_plan: Path, tmp_path: Path
) -> None:
    replayed = runs.run_named(tmp_path, fourteen_day_plan, real_data / "ist_stroke")
    large = {place.site for place, rows in replayed.rows.items() if len(rows) >= 200}
    assert len(large) >= 15
    assert not large & {alarm.place.site for alarm in replayed.state.alarms.values()}


def test_a_forced_trigger_does_not_make_a_change_acceptable(
    real_data: Path, fourteen_day_plan: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every stream alarms at its first look; the verdict still protects calibrated sites."""
    monkeypatch.setattr("monitor.operation.night.stream_limit", lambda _workspace: -1e9)
    replayed = runs.run_named(tmp_path, fourteen_day_plan, real_data / "ist_stroke")
    for site in ("NETH", "UK"):
        change = replayed.change(site)
        assert change is not None
        assert change.verdict is not None
        assert change.verdict["verdict"] != "accept"


def forced(fit: Callable[..., Choice]) -> Callable[..., Choice]:
    """A choice that is always `fit`, whatever the tests of the closed test say."""

    def choose(x: Any, outcome: Any, patient: Any, current: Any, _policy: Any) -> Choice:
        steps = closed_test(x, outcome, patient, current).steps
        return replace(fit(x, outcome, patient, current), steps=steps)

    return choose


@pytest.mark.parametrize("fit", [fit_intercept, fit_platt])
def test_a_forced_candidate_is_not_accepted_where_nothing_is_to_be_repaired(
    real_data: Path,
    fourteen_day_plan: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    fit: Callable[..., Choice],
) -> None:
    """The trigger forced and the closed test passed over: the criteria alone stand between."""
    monkeypatch.setattr("monitor.operation.night.stream_limit", lambda _workspace: -1e9)
    monkeypatch.setattr("monitor.operation.attempt.fitting.choose", forced(fit))
    replayed = runs.run_named(tmp_path, fourteen_day_plan, real_data / "ist_stroke")
    for site in ("NETH", "UK"):
        change = replayed.change(site)
        assert change is not None
        assert change.candidate is not None
        assert change.verdict is not None
        assert change.verdict["verdict"] in ("reject", "insufficient")
