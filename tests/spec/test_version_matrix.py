"""Versions scored on windows: what a candidate learned, what it would cost, what the data alone changed."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from monitor.calibrators import calibrated_log_odds, read_calibrator
from monitor.logistic import log_loss, logit
from monitor.operation.workspace import open_workspace
from monitor.registry import Change, fold, read_chain
from tests.evidence import Scene


@pytest.fixture(scope="module")
def changes(two_shifts: Scene) -> list[Change]:
    return list(fold(read_chain(two_shifts.path / "ledger.jsonl")).changes.values())


@pytest.fixture(scope="module")
def judged(changes: list[Change]) -> Change:
    return next(change for change in changes if change.place.site == "Harbour")


@pytest.fixture(scope="module")
def found(judged: Change) -> dict[str, Any]:
    return judged.verdict["versions"]


def test_the_windows_are_the_days_before_and_the_validation(found: dict[str, Any], judged: Change) -> None:
    before, validation = found["windows"]
    assert before["name"] == "before the change"
    assert before["to"] < judged.opened["fit_from"] <= judged.candidate["fit"]["to"] < validation["from"]
    assert validation["n"] == judged.verdict["validation"]["n"]


def test_learning_is_the_gain_of_the_first_criterion(found: dict[str, Any], judged: Change) -> None:
    """The same paired difference that G1 judges, here with a 95 % interval."""
    first = judged.verdict["criteria"][0]
    assert found["learning"]["value"] == pytest.approx(first["estimate"]["value"], abs=1e-12)
    assert found["learning"]["low"] > 0


def test_a_candidate_for_a_lasting_shift_would_cost_if_the_old_days_came_back(found: dict[str, Any]) -> None:
    assert found["retention"]["high"] < 0


def test_the_data_alone_made_the_deployed_version_worse(found: dict[str, Any]) -> None:
    old, new = found["scores"]["last_deployed"]
    assert found["potential"] == pytest.approx(new - old)
    assert found["potential"] > 0


def test_every_score_is_the_mean_log_loss_of_its_version_on_its_window(
    two_shifts: Scene, judged: Change, found: dict[str, Any]
) -> None:
    window = found["windows"][0]
    with open_workspace(two_shifts.path, two_shifts.key) as workspace:
        night = workspace.state.last_night
        assert night
        rows = workspace.store.mature_rows(
            matured_by=np.datetime64(night).item(), known_by=np.datetime64(night).item(), place=judged.place
        )[judged.place].known()
    fit = (rows.cohort >= judged.candidate["fit"]["from"]) & (rows.cohort <= judged.candidate["fit"]["to"])
    rows = rows.where((rows.cohort <= window["to"]) & ~np.isin(rows.patient, rows.patient[fit]))
    candidate = read_calibrator(judged.candidate["candidate"])
    expected = log_loss(calibrated_log_odds(candidate, logit(rows.score)), rows.outcome).mean()
    assert window["n"] == len(rows)
    assert found["scores"]["candidate"][0] == pytest.approx(expected, abs=1e-12)


def test_an_earlier_validation_is_a_window_of_the_next_attempt(changes: list[Change]) -> None:
    """The second attempt at a site is also scored on the days that judged the first."""
    first, second = [change for change in changes if change.place.site == "Market" and change.verdict][:2]
    assert second.opened["attempt"] == 2
    names = [window["name"] for window in second.verdict["versions"]["windows"]]
    assert names == ["before the change", f"validation of {first.id}", "validation"]
