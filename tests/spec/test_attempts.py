"""One more attempt: never on rows that have judged before, never too soon, never without a cause."""

from __future__ import annotations

import json
from datetime import date, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from monitor.errors import OutsidePlanError, UsageError
from monitor.operation.attempt import looks, reuse
from monitor.operation.attempt.attempts import ROOT_CAUSE, deferral
from monitor.operation.attempt.changes import open_change, open_deferred
from monitor.operation.attempt.outcome_counts import OutcomeCounts
from monitor.operation.attempt.reuse import UntoldWindowError, spent_studies, violation
from monitor.operation.attempt.windows import Knowledge, rows_sha256
from monitor.operation.dossiers import issue_dossiers
from monitor.operation.people.closure import close_alarm, record_deviation
from monitor.operation.reading.status import status
from monitor.operation.workspace import Workspace, open_workspace
from monitor.records import Place, Rows
from monitor.registry import Change
from tests.build_plan import make_plan, undated_plan
from tests.deciding import NIGHT, PLACE, Office, office, without_figures

METHODS = "    implementation: manual\n"
RETEST = "      on_unresolvable_failure: record_and_do_not_implement\n"
NAMED = f"{RETEST}      retest: {{requires: root_cause_unrelated_to_plan, role: quality_lead}}\n"
HERE = Place("A", "lesion")


@pytest.fixture(autouse=True)
def light(monkeypatch: pytest.MonkeyPatch) -> None:
    without_figures(monkeypatch)


def rows_of(studies: list[str], cohort: str) -> Rows:
    n = len(studies)
    names = np.array(studies, dtype=object)
    day = np.array(["NaT"] * n, dtype="datetime64[D]")
    key, seen = np.array([cohort] * n, dtype=object), np.array(["blinded"] * n, dtype=object)
    outcome = np.array([float(number % 2) for number in range(n)])
    return Rows(HERE, key, names, names, day, np.full(n, 0.4), outcome, seen, np.zeros(n, dtype=bool))


def change(name: str, fit_to: str, validation: dict[str, Any] | None = None) -> Change:
    opened = {"change": name, "site": "A", "finding": "lesion", "alpha": 0.025}
    candidate = {"fit": {"to": fit_to}, "candidate": {"kind": "intercept"}}
    verdict = validation and {"verdict": "reject", "look": 1, "validation": validation}
    return Change(name, {}, opened, candidate, verdict=verdict)


def spent_scene(monkeypatch: pytest.MonkeyPatch, window: Rows, undated: bool) -> tuple[Any, Change]:
    """An attempt that was judged on a window, and a later one at the same place."""
    knowledge = {"matured_by": "2026-02-01", "known_by": "2026-02-01", "to": "2026-01"}
    recorded = {**knowledge, "rows_sha256": rows_sha256(window)}
    earlier, later = change("CHG-0001", "2025-12", recorded), change("CHG-0002", "2026-03")
    monkeypatch.setattr(reuse, "validation_window", lambda *_: window)
    monkeypatch.setattr(reuse, "fitted_patients", lambda *_: set())
    plan = undated_plan() if undated else make_plan()
    state = SimpleNamespace(changes={item.id: item for item in (earlier, later)})
    loaded = SimpleNamespace(plan=plan, sha256="")
    workspace: Any = Workspace(Path(), loaded, None, None, state)  # type: ignore[arg-type]
    return workspace, later


def test_studies_that_judged_one_candidate_never_judge_another(monkeypatch: pytest.MonkeyPatch) -> None:
    window = rows_of(["S1", "S2", "S3"], "2026-01")
    workspace, later = spent_scene(monkeypatch, window, undated=True)
    spent = spent_studies(workspace, later)
    assert spent == {"S1", "S2", "S3"}
    both = rows_of(["S2", "S3", "S4", "S5"], "2026-02")
    account, left = looks.account_for(workspace, both, set(), spent)
    assert left.study.tolist() == ["S4", "S5"]
    assert account[-1] == {"step": "study has not judged an earlier candidate", "rows": 2, "events": 1}
    assert violation(left, set(), spent) is None


def test_the_first_attempt_has_no_such_step(monkeypatch: pytest.MonkeyPatch) -> None:
    workspace, _ = spent_scene(monkeypatch, rows_of(["S1"], "2026-01"), undated=True)
    first = workspace.state.changes["CHG-0001"]
    assert spent_studies(workspace, first) == frozenset()
    account, _ = looks.account_for(workspace, rows_of(["S1"], "2026-01"), set())
    assert len(account) == 4


def test_a_dated_window_that_ended_before_need_not_be_read(monkeypatch: pytest.MonkeyPatch) -> None:
    workspace, later = spent_scene(monkeypatch, rows_of(["S1"], "2026-01"), undated=False)
    monkeypatch.setattr(reuse, "validation_window", lambda *_: pytest.fail("read"))
    assert spent_studies(workspace, later) == frozenset()


def test_a_window_that_can_no_longer_be_told_voids_the_change(monkeypatch: pytest.MonkeyPatch) -> None:
    workspace, later = spent_scene(monkeypatch, rows_of(["S1", "S2"], "2026-01"), undated=True)
    monkeypatch.setattr(reuse, "validation_window", lambda *_: rows_of(["S1"], "2026-01"))
    with pytest.raises(UntoldWindowError, match="CHG-0001 can no longer be told"):
        spent_studies(workspace, later)
    recorded: list[tuple[str, dict[str, Any]]] = []
    monkeypatch.setattr(Workspace, "record", lambda _, kind, __, body: recorded.append((kind, body)))
    monkeypatch.setattr(looks, "validation_window", lambda *_: rows_of(["S1"], "2026-01"))
    monkeypatch.setattr(looks, "fitted_patients", lambda *_: set())
    looks.look(workspace, later, OutcomeCounts(), Knowledge(NIGHT, NIGHT))
    ((kind, body),) = recorded
    assert (kind, body["verdict"], body["void"]) == ("verdict", None, True)
    assert "can no longer be told" in body["reasons"][0]
    assert Change("CHG-0002", {}, later.opened, later.candidate, verdict=body).state == "void"


def test_a_patient_of_the_fit_or_a_spent_study_is_a_violation() -> None:
    rows = rows_of(["S1", "S2"], "2026-01")
    assert violation(rows, set(), frozenset()) is None
    assert "both the fitting and the validation" in str(violation(rows, {"S2"}, frozenset()))
    assert "judged an earlier candidate" in str(violation(rows, set(), frozenset({"S1"})))


def deferred(desk: Office, night: date) -> dict[str, Any] | None:
    with open_workspace(desk.path, desk.key) as workspace:
        return deferral(workspace, PLACE, night)


def test_a_cool_down_follows_a_look_and_a_deployment(tmp_path: Path) -> None:
    desk = office(tmp_path, **{METHODS: f"{METHODS}    minimum_interval_days: 60\n"})
    assert deferred(desk, NIGHT) is None
    desk.propose("reject")
    looked = date.fromisoformat(desk.last("verdict")["validation"]["matured_by"])
    found = deferred(desk, looked + timedelta(days=59))
    assert found is not None
    assert (found["rule"], found["until"]) == (
        "minimum_interval_days",
        (looked + timedelta(days=60)).isoformat(),
    )
    assert deferred(desk, looked + timedelta(days=60)) is None


def test_no_more_changes_a_year_than_the_plan_says(tmp_path: Path) -> None:
    desk = office(tmp_path, **{METHODS: f"{METHODS}    maximum_per_year: 1\n"})
    desk.propose("reject")
    desk.deploy()
    deployed = date.fromisoformat(desk.last("deployed")["night"])
    found = deferred(desk, deployed + timedelta(days=364))
    assert found is not None
    assert found["rule"] == "maximum_per_year"
    assert "the plan allows 1" in found["reason"]
    assert deferred(desk, deployed + timedelta(days=365)) is None


def test_a_deferred_change_is_told_once_shown_and_opened_when_its_time_comes(tmp_path: Path) -> None:
    desk = office(tmp_path, **{METHODS: f"{METHODS}    minimum_interval_days: 60\n"})
    desk.propose("reject")
    close_alarm(
        desk.path, "ALM-0001", desk.people["quality"], cause="none", reason="rejected", key_file=desk.key
    )
    looked = date.fromisoformat(desk.last("verdict")["validation"]["matured_by"])
    with open_workspace(desk.path, desk.key) as workspace:
        with workspace.commit():
            alarm = {**workspace.state.alarms["ALM-0001"].body, "alarm": "ALM-0002"}
            workspace.record("alarm", looked.isoformat(), alarm)
            assert open_change(workspace, alarm, looked) is None
            open_deferred(workspace, looked + timedelta(days=59))
        assert workspace.state.deferred["ALM-0002"]["rule"] == "minimum_interval_days"
        workspace.store.publish_snapshot()
    assert [entry.kind for entry in desk.entries()].count("change_deferred") == 1
    assert list(status(desk.path)["changes"]) == [desk.change("CHG-0001")]
    with open_workspace(desk.path, desk.key) as workspace, workspace.commit():
        open_deferred(workspace, looked + timedelta(days=60))
    opened = desk.last("change_opened")
    assert (opened["alarm"], opened["attempt"]) == ("ALM-0002", 2)
    assert opened["opened_on"] == (looked + timedelta(days=60)).isoformat()
    assert desk.state.deferred == {}


@pytest.mark.parametrize("verdict", ["reject", "insufficient"])
def test_a_failed_attempt_needs_a_signed_root_cause_before_the_next(tmp_path: Path, verdict: str) -> None:
    desk = office(tmp_path, **{RETEST: NAMED})
    failed = desk.propose(verdict)
    found = deferred(desk, NIGHT + timedelta(days=900))
    assert found is not None
    assert (found["rule"], found["until"]) == ("retest", None)
    cause = (desk.path, ROOT_CAUSE, "a scanner was misconfigured")
    with pytest.raises(OutsidePlanError, match="it names quality_lead"):
        record_deviation(*cause, desk.people["clinical"], change=failed, key_file=desk.key)
    with pytest.raises(UsageError, match="rejected or insufficient"):
        record_deviation(*cause, desk.people["quality"], key_file=desk.key)
    record_deviation(*cause, desk.people["quality"], change=failed, key_file=desk.key)
    assert desk.last("deviation")["is_deviation"] is False
    assert deferred(desk, NIGHT + timedelta(days=900)) is None


def test_a_void_change_ends_on_record_with_its_reason_and_nothing_in_use(tmp_path: Path) -> None:
    desk = office(tmp_path)
    name = desk.propose(None)
    with open_workspace(desk.path, desk.key) as workspace:
        with workspace.commit():
            looks.void(workspace, workspace.state.changes[name], "rows were reused", Knowledge(NIGHT, NIGHT))
        issue_dossiers(workspace)
        workspace.store.publish_snapshot()
    shown = desk.change(name)
    assert (shown["state"], shown["verdict"], shown["reasons"]) == ("void", None, ["rows were reused"])
    written = json.loads((desk.path / "dossiers" / name / "dossier.json").read_text(encoding="utf-8"))
    assert written["headline"]["words"] == "Void"
    assert "nothing is changed" in written["headline"]["summary"]


def test_a_plan_without_retest_takes_no_root_cause(tmp_path: Path) -> None:
    desk = office(tmp_path)
    failed = desk.propose("reject")
    assert deferred(desk, NIGHT) is None
    with pytest.raises(OutsidePlanError, match="it has no retest"):
        record_deviation(
            desk.path, ROOT_CAUSE, "none", desk.people["quality"], change=failed, key_file=desk.key
        )
