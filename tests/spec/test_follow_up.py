"""After deployment: did the change help? Asked once, on the studies since, and answered with an interval."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

import numpy as np
import pytest

from monitor.calibrators import calibrated_log_odds, read_calibrator
from monitor.logistic import log_loss, logit
from monitor.operation.attempt.follow_up import answer
from monitor.operation.evidence.verify import verify
from monitor.operation.reading.status import status
from monitor.operation.workspace import open_workspace
from monitor.records import Place
from monitor.registry import fold, read_chain
from tests.evidence import Scene


@pytest.fixture(scope="module")
def changes(two_shifts: Scene) -> dict[str, dict[str, Any]]:
    found = status(two_shifts.path)["changes"]
    return {change["site"]: change for change in reversed(found) if change["state"] == "deployed"}


def test_a_lasting_shift_was_helped(changes: dict[str, dict[str, Any]]) -> None:
    found = changes["Harbour"]["follow_up"]
    assert found["answer"] == "helped"
    assert found["comparison"]["low"] > 0
    assert not found["rollback_proposed"]
    assert found["events"] >= 100


def test_a_shift_that_passed_leaves_harm_and_a_proposal_to_roll_back(
    changes: dict[str, dict[str, Any]],
) -> None:
    found = changes["Market"]["follow_up"]
    assert found["answer"] == "harmed"
    assert found["comparison"]["high"] < 0
    assert found["rollback_proposed"]


def test_the_rollback_is_proposed_and_never_made(two_shifts: Scene) -> None:
    entries = read_chain(two_shifts.path / "ledger.jsonl")
    assert any(entry.kind == "follow_up" and entry.body["rollback_proposed"] for entry in entries)
    assert not any(entry.kind == "rolled_back" for entry in entries)


def test_it_is_asked_once_per_deployed_change(two_shifts: Scene) -> None:
    asked = [
        entry.body["change"]
        for entry in read_chain(two_shifts.path / "ledger.jsonl")
        if entry.kind == "follow_up"
    ]
    assert len(asked) == len(set(asked)) > 1


def test_the_gain_is_the_mean_difference_of_the_two_log_losses(two_shifts: Scene) -> None:
    """Computed again from the rows: later cohorts, known outcomes, no patient of the fit."""
    change = next(
        item
        for item in fold(read_chain(two_shifts.path / "ledger.jsonl")).changes.values()
        if item.place.site == "Harbour" and item.followed_up
    )
    found = change.followed_up
    with open_workspace(two_shifts.path, two_shifts.key) as workspace:
        rows = workspace.store.mature_rows(
            matured_by=date.fromisoformat(found["matured_by"]),
            known_by=date.fromisoformat(found["known_by"]),
            place=Place("Harbour", "pneumothorax"),
        )[change.place].known()
    fit = (rows.cohort >= change.candidate["fit"]["from"]) & (rows.cohort <= change.candidate["fit"]["to"])
    later = rows.where((rows.cohort > change.deployed["night"]) & ~np.isin(rows.patient, rows.patient[fit]))
    old, new = (
        log_loss(calibrated_log_odds(read_calibrator(record), logit(later.score)), later.outcome).mean()
        for record in (change.opened["last_deployed"], change.candidate["candidate"])
    )
    assert found["n"] == len(later)
    assert found["comparison"]["value"] == pytest.approx(old - new, abs=1e-12)


def test_the_answer_needs_the_whole_interval_on_one_side() -> None:
    assert [answer(0.0, 1.0), answer(-1.0, 0.0), answer(1e-9, 1.0), answer(-1.0, -1e-9)] == [
        "cannot_tell",
        "cannot_tell",
        "helped",
        "harmed",
    ]


def test_it_is_derived_again_from_the_evidence(two_shifts: Scene) -> None:
    kinds = [entry.kind for entry in read_chain(two_shifts.path / "ledger.jsonl")]
    assert verify(two_shifts.path).derived >= kinds.count("follow_up") + kinds.count("night")


def test_the_dossier_is_issued_anew_with_the_answer(
    two_shifts: Scene, changes: dict[str, dict[str, Any]]
) -> None:

    name = changes["Market"]["id"]
    dossier = json.loads((two_shifts.path / "dossiers" / name / "dossier.json").read_text())
    assert dossier["follow_up"]["found"]["answer"] == "harmed"
    page = (two_shifts.path / "dossiers" / name / "dossier.html").read_text()
    assert "The change did harm" in page
    assert "pccp rollback WORKSPACE" in page
