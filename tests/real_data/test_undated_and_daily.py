"""Undated cohorts, and a quiet control read every day."""

from __future__ import annotations

from pathlib import Path

import pytest
import runs

from monitor.operation.replay import replay
from monitor.simulation import undated_cohort

data = pytest.mark.data


@data
def test_heart_switzerland_alarms_and_is_refused_for_its_eight(real_data: Path, tmp_path: Path) -> None:
    replayed = runs.run_named(tmp_path, runs.TEST_PLANS / "uci_heart.yaml", real_data / "uci_heart")
    change = replayed.change("switzerland")
    assert change is not None
    assert change.verdict is not None
    assert change.verdict["verdict"] == "insufficient"
    assert "8 of the rarer class" in change.verdict["reasons"][0]
    assert replayed.accepted() == set()


@data
def test_lidc_leaves_the_development_vendor_alone(real_data: Path, tmp_path: Path) -> None:
    replayed = runs.run_named(tmp_path, runs.SHIPPED / "lidc_nodule.yaml", real_data / "lidc_ct_vendor")
    assert replayed.alarm("GE MEDICAL SYSTEMS") is None
    assert replayed.accepted() == set()


@data
def test_the_quiet_control_is_quiet_every_day(real_data: Path, tmp_path: Path) -> None:
    replayed = runs.run_named(tmp_path, runs.TEST_PLANS / "chop_all.yaml", real_data / "chop_covid_testing")
    assert replayed.state.alarms == {}


@data
def test_by_its_sites_no_change_is_accepted(real_data: Path, tmp_path: Path) -> None:
    replayed = runs.run_named(tmp_path, runs.TEST_PLANS / "chop_sites.yaml", real_data / "chop_covid_testing")
    assert replayed.accepted() == set()


def test_a_simulated_cohort_with_a_shift_of_one_logit_is_accepted(tmp_path: Path) -> None:
    files = undated_cohort(3000, 1.0, 20261121).write(tmp_path / "logs")
    replayed = runs.run(
        tmp_path, runs.SHIPPED / "lidc_nodule.yaml", files.predictions[0], files.outcomes[0], approve=True
    )
    assert len(replayed.accepted()) == 1


def test_a_replay_needs_a_workspace_without_nights(tmp_path: Path) -> None:
    from monitor.errors import UsageError

    files = undated_cohort(300, 0.0, 5).write(tmp_path / "logs")
    replayed = runs.run(tmp_path, runs.SHIPPED / "lidc_nodule.yaml", files.predictions[0], files.outcomes[0])
    with pytest.raises(UsageError, match="needs a new workspace"):
        replay(replayed.workspace, files.predictions, files.outcomes, key_file=replayed.key_file)
