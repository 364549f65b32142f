"""Pooled and flexible candidates through the nights: frozen with their grounds, derived again, applied."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from monitor.errors import EvidenceError
from monitor.operation.attempt.windows import (
    Knowledge,
    fitted_patients,
    fitting_window,
    pool_of,
    pool_windows,
)
from monitor.operation.evidence.verify import verify
from monitor.operation.reading.live import calibrated, live_calibrator
from monitor.operation.reading.uses import uses_of
from monitor.operation.replay import replay
from monitor.operation.workspace import initialise, open_workspace
from monitor.registry import Entry, read_chain
from monitor.simulation import Scenario, network, undated_cohort
from tests.evidence import forge, undrawn

PLANS = Path(__file__).resolve().parents[2] / "change_plans"
DATED = (PLANS / "chest_xray_pneumothorax.yaml").read_text(encoding="utf-8")
UNDATED = (PLANS / "lidc_nodule.yaml").read_text(encoding="utf-8")
SITES = ("Bay", "Cape", "Dune", "East", "Fjord", "Glen")


@dataclass(frozen=True)
class Run:
    path: Path
    key: Path

    def bodies(self, kind: str) -> list[dict[str, Any]]:
        return [entry.body for entry in read_chain(self.path / "ledger.jsonl") if entry.kind == kind]


def edited(text: str, *edits: tuple[str, str]) -> str:
    for old, new in edits:
        assert old in text, old
        text = text.replace(old, new)
    return text


def replayed(folder: Path, text: str, predictions: Any, outcomes: Any, until: date | None = None) -> Run:
    plan, run = folder / "plan.yaml", Run(folder / "workspace", folder / "private" / "pseudonym.key")
    plan.write_text(text, encoding="utf-8")
    with undrawn():
        initialise(run.path, plan, run.key, at="2026-01-01")
        replay(run.path, predictions, outcomes, until=until, approve_accepted=True, key_file=run.key)
    return run


@pytest.fixture(scope="module")
def pooled(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Six small sites with the same shift."""
    folder = tmp_path_factory.mktemp("pooled")
    story = Scenario("", "intercept", "", "", 8.0, 0.15, intercept_shift=1.2, change_share=0.2)
    made = network(nights=60, seed=5, scenarios=tuple(replace(story, site=site) for site in SITES))
    files = made.write(folder / "logs")
    text = edited(
        DATED,
        ("methods: [intercept, platt]", "methods: [intercept, platt, pooled]"),
        ("events_for: {closed_test: 100}", "events_for: {pooled: 10, closed_test: 100}"),
        ("looks: {events: [200]}", "looks: {events: [50]}"),
        ("minimum_events: 200", "minimum_events: 50"),
        ("minimum_patients: 150", "minimum_patients: 50"),
    )
    return replayed(folder, text, files.predictions, files.outcomes, made.complete_on)


@pytest.fixture(scope="module")
def flexible(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """One undated cohort whose plan lists isotonic alone."""
    folder = tmp_path_factory.mktemp("flexible")
    files = undated_cohort(6000, 1.0, seed=3).write(folder / "logs")
    text = edited(
        UNDATED,
        ("methods: [intercept, platt]", "methods: [isotonic]"),
        ("events_for: {closed_test: 50}", "events_for: {closed_test: 50, flexible: 1000}"),
    )
    return replayed(folder, text, files.predictions, files.outcomes)


class TestFewEvents:
    def test_borrow_from_the_other_sites_and_say_so(self, pooled: Run) -> None:
        frozen = pooled.bodies("candidate_frozen")
        first = frozen[0]
        assert first["candidate"]["kind"] == "pooled"
        assert 10 <= first["fit"]["events"] < 100
        assert first["pooling"]["estimator"] == "empirical_bayes"
        assert first["pooling"]["sites"] == len(SITES)
        assert first["pooling"]["rows"] > first["fit"]["n"]
        assert first["plan_sha256"] == pooled.bodies("bound")[0]["plan"]["sha256"]
        assert "closed_test" not in first

    def test_the_candidate_lies_between_the_site_and_the_others(self, pooled: Run) -> None:
        """Truth: log-odds 1.2 above the score's. The prior is narrow, so the candidate stays near it."""
        for frozen in pooled.bodies("candidate_frozen"):
            if "pooling" in frozen:
                mean, deviation = frozen["pooling"]["prior_mean"][0], frozen["pooling"]["prior_sd"][0]
                assert abs(frozen["candidate"]["parameters"]["intercept"] - mean) < 3 * deviation

    def test_read_the_cohorts_of_the_fitting_window_at_the_other_sites(self, pooled: Run) -> None:
        with open_workspace(pooled.path, pooled.key) as workspace:
            change = workspace.state.changes["CHG-0001"]
            frozen = change.candidate
            knowledge = Knowledge(
                *(date.fromisoformat(frozen["fit"][name]) for name in ("matured_by", "known_by"))
            )
            windows = pool_windows(workspace, change, frozen["fit"]["to"], knowledge)
            own = fitting_window(workspace, change, frozen["fit"]["to"], knowledge)
            assert [rows.place.site for rows in windows] == sorted(set(SITES) - {change.place.site})
            assert min(str(rows.cohort.min()) for rows in windows) >= change.opened["fit_from"]
            assert max(str(rows.cohort.max()) for rows in windows) <= frozen["fit"]["to"]
            assert sum(map(len, windows)) + len(own) == frozen["pooling"]["rows"]

    def test_no_patient_of_the_pool_judges_the_candidate(self, pooled: Run) -> None:
        with open_workspace(pooled.path, pooled.key) as workspace:
            change = workspace.state.changes["CHG-0001"]
            frozen = change.candidate
            knowledge = Knowledge(
                *(date.fromisoformat(frozen["fit"][name]) for name in ("matured_by", "known_by"))
            )
            windows = pool_windows(workspace, change, frozen["fit"]["to"], knowledge)
            seen = fitted_patients(workspace, change)
            assert all(set(rows.patient.tolist()) <= seen for rows in windows)

    def test_a_study_of_the_pool_is_told_as_used(self, pooled: Run) -> None:
        with open_workspace(pooled.path, pooled.key) as workspace:
            change = workspace.state.changes["CHG-0001"]
            other = pool_of(workspace, change)[0]
            found = uses_of(workspace, {other.place: {str(other.study[0])}})
        assert ("CHG-0001", "pool") in found.of[other.place, str(other.study[0])]
        assert found.untold == []

    def test_are_derived_again_to_the_same_entries(self, pooled: Run) -> None:
        assert verify(pooled.path, key_file=pooled.key).rounded == 0

    def test_a_forged_prior_is_found(self, pooled: Run, tmp_path: Path) -> None:
        import shutil

        forged = Run(tmp_path / "workspace", pooled.key)
        shutil.copytree(pooled.path, forged.path)

        def change(entries: list[Entry]) -> list[tuple[str, str, dict[str, Any]]]:
            changed = [(entry.kind, entry.at, json.loads(json.dumps(entry.body))) for entry in entries]
            next(body for kind, _, body in changed if kind == "candidate_frozen")["pooling"]["prior_mean"][
                0
            ] += 1
            return changed

        forge(forged.path, change)
        with pytest.raises(EvidenceError, match="candidate_frozen"):
            verify(forged.path, key_file=forged.key)

    def test_a_deployed_pooled_map_is_applied(self, pooled: Run) -> None:
        deployed = [body for body in pooled.bodies("deployed") if body["calibrator"]["kind"] == "pooled"]
        assert deployed
        last = deployed[-1]
        live = live_calibrator(pooled.path, last["site"])
        assert calibrated(live, [0.2])[0] > 0.2

    def test_the_dossier_names_the_pool(self, pooled: Run) -> None:
        html = next((pooled.path / "dossiers").rglob("CHG-0001*/**/*.html")).read_text(encoding="utf-8")
        assert "estimated from 6 sites with events (empirical Bayes)" in html
        assert "closed-test" not in html


class TestManyEvents:
    def test_freeze_what_cross_validation_chose(self, flexible: Run) -> None:
        frozen = flexible.bodies("candidate_frozen")[0]
        assert frozen["fit"]["events"] >= 1000
        assert frozen["candidate"]["kind"] == "isotonic"
        assert [score["method"] for score in frozen["cross_validation"]["scores"]] == ["keep", "isotonic"]

    def test_are_derived_again_and_drawn(self, flexible: Run) -> None:
        verify(flexible.path, key_file=flexible.key)
        html = next((flexible.path / "dossiers").rglob("CHG-0001*/**/*.html")).read_text(encoding="utf-8")
        assert "5 folds of whole patients" in html
        assert "isotonic(" in html

    def test_accepted_on_the_other_half_and_applied(self, flexible: Run) -> None:
        verdict = flexible.bodies("verdict")[-1]
        assert verdict["verdict"] == "accept"
        live = live_calibrator(flexible.path, "simulated")
        assert live.kind == "isotonic"
        mapped = calibrated(live, [0.1, 0.2, 0.4, 0.8])
        assert mapped == sorted(mapped)
        expected = 1 / (1 + np.exp(-(np.log([0.1 / 0.9, 0.25, 2 / 3, 4.0]) + 1.0)))
        assert mapped == pytest.approx(expected, abs=0.1)
