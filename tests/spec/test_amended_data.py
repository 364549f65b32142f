"""An amendment of how data are read: what was decided before it is still read by its own plan."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from monitor import documentation
from monitor.documentation.sections.follow_up import follow_up_section
from monitor.errors import EvidenceError
from monitor.operation.attempt.follow_up import POOL_LEFT, follow_up
from monitor.operation.attempt.outcome_counts import OutcomeCounts
from monitor.operation.attempt.windows import Knowledge, fitted_patients, pool_sha256, pool_windows
from monitor.operation.evidence.verify import verify
from monitor.operation.night import nightly
from monitor.operation.people.decisions import decide
from monitor.operation.people.lifecycle import amend
from monitor.operation.reading.status import status
from monitor.operation.reading.uses import uses_of
from monitor.operation.replay import replay
from monitor.operation.workspace import Workspace, open_workspace
from monitor.records import Place
from monitor.registry import fold, read_chain
from monitor.store import CohortCount
from tests.evidence import PASSING, Scene, bound, contents, shifted, undrawn
from tests.forgeries import without_databases

CHANGE, LAST = "CHG-0002", date(2026, 3, 15)
EDITS = {
    "version: 1.0.0": "version: 1.1.0",
    "maturity_days: 14": "maturity_days: 21",
}


def amended(scene: Scene, plan: Path) -> Scene:
    """A change is in use and not yet asked about; outcomes then get a week more to come in."""
    who = scene.who("quality_lead")
    for change in fold(read_chain(scene.path / "ledger.jsonl")).changes_in("proposed", "approved"):
        decide(scene.path, change.id, "declined", who, meaning="an amendment follows", key_file=scene.key)
    text = (scene.path / "plan.yaml").read_text()
    for old, new in EDITS.items():
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    plan.write_text(text)
    amend(scene.path, plan, who, meaning="authorised", key_file=scene.key)
    return scene


@pytest.fixture(scope="module")
def unasked(tmp_path_factory: pytest.TempPathFactory) -> Scene:
    """A change in use at each site since early February; no outcome of a later study is mature."""
    scene = bound(tmp_path_factory.mktemp("unasked"), shifted("Harbour"), PASSING, nights=70)
    files, until = scene.made.write(scene.logs), scene.made.first_day + timedelta(days=40)
    with undrawn():
        replay(
            scene.path,
            files.predictions,
            files.outcomes,
            until=until,
            approve_accepted=True,
            key_file=scene.key,
        )
    return scene


@pytest.fixture(scope="module")
def slower(unasked: Scene, tmp_path_factory: pytest.TempPathFactory) -> Scene:
    folder = tmp_path_factory.mktemp("slower")
    with undrawn():
        scene = amended(unasked.copy(folder / "copy"), folder / "amended.yaml")
        nightly(scene.path, LAST, key_file=scene.key)
    return scene


def asked(scene: Scene) -> list[dict[str, Any]]:
    return [entry.body for entry in read_chain(scene.path / "ledger.jsonl") if entry.kind == "follow_up"]


class TestALaterMaturity:
    def test_does_not_stop_the_nights_and_the_change_is_asked_about(self, slower: Scene) -> None:
        until = LAST.isoformat()
        nights = [entry for entry in read_chain(slower.path / "ledger.jsonl") if entry.kind == "night"]
        assert nights[-1].body["night"] == until
        found = asked(slower)
        assert [body["change"] for body in found][:2] == ["CHG-0001", CHANGE]
        assert found[1]["answer"] == "helped"
        assert all(body["events"] >= 100 for body in found)

    def test_counts_the_cohorts_that_are_mature_by_the_plan_in_force(self, slower: Scene) -> None:
        for body in asked(slower):
            assert date.fromisoformat(body["to"]) + timedelta(days=21) <= date.fromisoformat(body["night"])

    def test_leaves_the_patients_of_the_fit_as_they_were(self, slower: Scene) -> None:
        with open_workspace(slower.path, slower.key) as workspace:
            change = workspace.state.changes[CHANGE]
            then = workspace.under_plan_of(change)
            assert len(fitted_patients(then, change)) == change.candidate["fit"]["patients"]
            assert then.loaded.plan.data.maturity_days == 14
            with pytest.raises(EvidenceError, match="no longer holds the rows"):
                fitted_patients(workspace, change)

    def test_hides_no_use_of_a_study(self, slower: Scene) -> None:
        with open_workspace(slower.path, slower.key) as workspace:
            place = workspace.state.changes[CHANGE].place
            assert uses_of(workspace, {place: {"a study that is not there"}}).untold == []

    def test_is_followed_by_verify_and_by_a_rebuild(self, slower: Scene, tmp_path: Path) -> None:
        scene = slower.copy(tmp_path / "copy")
        assert verify(scene.path).rounded == 0
        before = contents(scene.path, tmp_path)
        without_databases(scene.path)
        with open_workspace(scene.path, scene.key):
            pass
        assert contents(scene.path, tmp_path) == before


def test_a_store_does_not_follow_a_plan_with_other_covariates(unasked: Scene, tmp_path: Path) -> None:
    scene = unasked.copy(tmp_path / "copy")
    with open_workspace(scene.path, scene.key) as workspace:
        plan = workspace.loaded.plan
        fewer = plan.logs.model_copy(update={"covariates": plan.logs.covariates[:1]})
        with pytest.raises(EvidenceError, match="other strata or covariates"):
            workspace.store.under(plan.model_copy(update={"logs": fewer}))


@pytest.fixture
def pooled(unasked: Scene, tmp_path: Path) -> Iterator[Workspace]:
    """The change in use as if it had learned from the other sites in its fitting window."""
    scene = unasked.copy(tmp_path / "copy")
    with open_workspace(scene.path, scene.key) as workspace:
        change = workspace.state.changes[CHANGE]
        windows = pool_windows(workspace, change, change.candidate["fit"]["to"], _of_the_fit(change))
        pooling = {"estimator": "empirical_bayes", "others_sha256": pool_sha256(windows)}
        workspace.state.changes[CHANGE] = replace(change, candidate={**change.candidate, "pooling": pooling})
        yield workspace


def _of_the_fit(change: Any) -> Knowledge:
    fit = change.candidate["fit"]
    return Knowledge(date.fromisoformat(fit["matured_by"]), date.fromisoformat(fit["known_by"]))


def _ask(workspace: Workspace) -> list[dict[str, Any]]:
    """The question, in a night in which enough events are on count."""
    place, night = workspace.state.changes[CHANGE].place, date(2026, 3, 15)
    counts = OutcomeCounts()
    counts.add(CohortCount(place, "2027-01-01", date(2027, 1, 1), rows=900, known=900, positives=300))
    before = len(workspace.ledger.entries)
    with workspace.commit():
        follow_up(workspace, counts, Knowledge(night, night))
    return [entry.body for entry in workspace.ledger.entries[before:]]


def _drop(workspace: Workspace, site: str) -> None:
    leaving = [item for item in workspace.store.cohort_rows(date(2027, 1, 1)) if item.place.site == site]
    workspace.store.remove_rows(leaving, 0)


def _say_archived(workspace: Workspace, site: str) -> None:
    place = Place(site, workspace.state.changes[CHANGE].place.finding)
    workspace.state.archived[place] = {"to": "2026-12-31", "to_end": "2026-12-31"}


class TestAPoolThatWasArchived:
    def test_leaves_the_question_unasked_with_a_reason_and_only_once(self, pooled: Workspace) -> None:
        _drop(pooled, "Market")
        _say_archived(pooled, "Market")
        body = _ask(pooled)[0]
        assert (body["answer"], body["reason"], body["comparison"]) == ("not_asked", POOL_LEFT, None)
        assert (body["n"], body["events"], body["rollback_proposed"]) == (0, 0, False)
        assert _ask(pooled) == []

    def test_is_told_in_the_status_and_in_the_dossier(self, pooled: Workspace) -> None:
        _drop(pooled, "Market")
        _say_archived(pooled, "Market")
        _ask(pooled)
        pooled.store.publish_snapshot()
        told = next(item for item in status(pooled.path)["changes"] if item["id"] == CHANGE)
        assert told["follow_up"]["answer"] == "not_asked"
        change = pooled.state.changes[CHANGE]
        found = documentation.dossier(pooled.plan_of(change), change, {"seq": 0, "hash": "0"})
        assert POOL_LEFT in str(follow_up_section(found))
        assert "cannot be asked any more" in str(follow_up_section(found))
        assert json.loads(json.dumps(found["follow_up"]["found"]))["answer"] == "not_asked"

    def test_that_still_reads_the_same_is_no_obstacle(self, pooled: Workspace) -> None:
        _say_archived(pooled, "Market")
        assert all(body["answer"] != "not_asked" for body in _ask(pooled))

    def test_rows_that_are_gone_without_an_entry_still_stop_the_night(self, pooled: Workspace) -> None:
        _drop(pooled, "Market")
        with pytest.raises(EvidenceError, match="no longer holds the pool"):
            _ask(pooled)
