"""Nights: in order, once each, the same whether run day by day, caught up, or replayed."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from monitor.errors import BusyError, EvidenceError, OutsidePlanError, PlanError, UsageError
from monitor.operation.evidence.verify import verify
from monitor.operation.night import ingest, nightly
from monitor.operation.people.closure import close_alarm
from monitor.operation.people.decisions import decide
from monitor.operation.people.signing import Signatory
from monitor.operation.reading.live import calibrated, live_calibrator
from monitor.operation.reading.status import status
from monitor.operation.replay import replay
from monitor.operation.workspace import initialise, open_workspace
from monitor.registry import new_key, read_chain
from monitor.simulation import Network, NetworkFiles, Scenario, network

PLAN = Path(__file__).resolve().parents[1] / "plans" / "chest_xray.yaml"
SHIFTED = Scenario(
    "Harbour",
    "intercept",
    "A shift for good.",
    "Accepted.",
    150.0,
    0.2,
    intercept_shift=1.2,
    change_share=0.3,
)
QUIET = Scenario("North", "quiet", "Nothing changes.", "No alarm.", 30.0, 0.1)


@dataclass(frozen=True)
class Bound:
    """A fresh workspace, its key and the simulated logs."""

    path: Path
    key: Path
    logs: NetworkFiles
    network: Network


@pytest.fixture(scope="module")
def simulated(tmp_path_factory: pytest.TempPathFactory) -> tuple[Network, NetworkFiles, NetworkFiles]:
    made = network(nights=40, seed=5, scenarios=(SHIFTED, QUIET))
    folder = tmp_path_factory.mktemp("logs")
    return made, made.write(folder / "whole"), made.write(folder / "nightly", per_night=True)


@pytest.fixture
def bound(tmp_path: Path, simulated: tuple[Network, NetworkFiles, NetworkFiles]) -> Bound:
    key = tmp_path / "private" / "pseudonym.key"
    plan, signing = tmp_path / "plan.yaml", tmp_path / "private" / "quality.pem"
    public = new_key(signing)
    plan.write_text(_with_key_for_quality_lead(PLAN.read_text(), public))
    initialise(tmp_path / "workspace", plan, key, at="2026-01-01")
    return Bound(tmp_path / "workspace", key, simulated[1], simulated[0])


def _with_key_for_quality_lead(text: str, public: str) -> str:
    """The quality lead alone decides: the other role's line is taken out of the plan."""
    text = text.replace("  - {role: clinical_lead, signatures: 1, keys: []}\n", "")
    before, found, after = text.partition("role: quality_lead")
    assert found
    return before + found + after.replace("keys: []", f"keys: ['{public}']", 1)


def reviewer(folder: Path, key: str = "quality", role: str = "quality_lead") -> Signatory:
    return Signatory("A. Reviewer", role, folder / "private" / f"{key}.pem")


def replayed(bound: Bound, *, approve: bool = False) -> None:
    replay(
        bound.path,
        bound.logs.predictions,
        bound.logs.outcomes,
        until=bound.network.complete_on,
        approve_accepted=approve,
        key_file=bound.key,
    )


def findings(path: Path) -> list[tuple[str, Any]]:
    """Alarms, fits and verdicts of a ledger, without what depends on the day a file arrived."""
    kept = {
        "alarm": ("site", "night", "cohort", "log_r", "change_cohort", "rows"),
        "candidate_frozen": ("change", "candidate"),
        "verdict": ("change", "verdict", "criteria"),
    }
    return [
        (entry.kind, [entry.body[key] for key in kept[entry.kind]])
        for entry in read_chain(path / "ledger.jsonl")
        if entry.kind in kept and entry.body.get("reasons") != []
    ]


def test_day_by_day_equals_history_replayed(
    bound: Bound, simulated: tuple[Network, NetworkFiles, NetworkFiles], tmp_path: Path
) -> None:
    made, _, daily = simulated
    sent: dict[str, list[Path]] = {}
    for path in (*daily.predictions, *daily.outcomes):
        sent.setdefault(path.stem.partition("-")[2], []).append(path)
    day = made.first_day
    while day <= made.complete_on:
        for path in sent.get(day.isoformat(), []):
            shutil.copy(path, bound.path / "inbox" / path.name)
        nightly(bound.path, day, key_file=bound.key)
        day += timedelta(days=1)
    assert list((bound.path / "inbox").glob("*.csv")) == []
    other = Bound(tmp_path / "other", bound.key, bound.logs, made)
    initialise(other.path, tmp_path / "plan.yaml", bound.key, at="2026-01-01")
    replayed(other)
    assert [item for item in findings(bound.path) if item[0] != "verdict"] == [
        item for item in findings(other.path) if item[0] != "verdict"
    ]
    live = [item for item in findings(bound.path) if item[0] == "verdict" and item[1][2]]
    history = [item for item in findings(other.path) if item[0] == "verdict" and item[1][2]]
    assert live == history
    assert live


def test_missed_nights_are_caught_up_in_order(bound: Bound, tmp_path: Path) -> None:
    ingest(
        bound.path,
        [*bound.logs.predictions, *bound.logs.outcomes],
        bound.network.complete_on,
        key_file=bound.key,
    )
    report = nightly(bound.path, bound.network.complete_on, key_file=bound.key)
    nights = [night.night for night in report.nights]
    assert nights == sorted(nights)
    assert len(nights) == 40 + 14
    other = Bound(tmp_path / "other", bound.key, bound.logs, bound.network)
    initialise(other.path, tmp_path / "plan.yaml", bound.key, at="2026-01-01")
    replayed(other)
    assert [item for item in findings(bound.path) if item[0] == "alarm"] == [
        item for item in findings(other.path) if item[0] == "alarm"
    ]


def test_the_same_night_and_the_same_file_twice_change_nothing(bound: Bound) -> None:
    as_of = bound.network.complete_on
    ingest(bound.path, [*bound.logs.predictions, *bound.logs.outcomes], as_of, key_file=bound.key)
    nightly(bound.path, as_of, key_file=bound.key)
    before, state = (bound.path / "ledger.jsonl").read_bytes(), status(bound.path)
    again = ingest(bound.path, bound.logs.predictions, as_of, key_file=bound.key)
    nightly(bound.path, as_of, key_file=bound.key)
    assert again[0].already_ingested
    assert (bound.path / "ledger.jsonl").read_bytes() == before
    assert status(bound.path) == state


def test_the_same_replay_with_one_key_leaves_the_same_ledger(bound: Bound, tmp_path: Path) -> None:
    replayed(bound, approve=True)
    other = Bound(tmp_path / "other", bound.key, bound.logs, bound.network)
    initialise(other.path, tmp_path / "plan.yaml", bound.key, at="2026-01-01")
    replayed(other, approve=True)
    assert (bound.path / "ledger.jsonl").read_bytes() == (other.path / "ledger.jsonl").read_bytes()


def test_an_accepted_change_is_a_proposal_until_a_listed_key_signs(bound: Bound, tmp_path: Path) -> None:
    replayed(bound)
    change = next(item for item in status(bound.path)["changes"] if item["verdict"] == "accept")
    assert change["state"] == "proposed"
    assert live_calibrator(bound.path, "Harbour").version == "v0"
    new_key(tmp_path / "private" / "stranger.pem")
    words = {"meaning": "approve", "key_file": bound.key}
    with pytest.raises(OutsidePlanError, match="not listed"):
        decide(bound.path, change["id"], "approval", reviewer(tmp_path, "stranger"), **words)
    with pytest.raises(OutsidePlanError, match="not in the plan"):
        decide(bound.path, change["id"], "approval", reviewer(tmp_path, role="visitor"), **words)
    decide(bound.path, change["id"], "approval", reviewer(tmp_path), **words)
    live = live_calibrator(bound.path, "Harbour")
    assert live.version == "v1"
    assert calibrated(live, [0.2])[0] > 0.2
    with pytest.raises(UsageError, match="only an accepted, undecided change"):
        decide(bound.path, change["id"], "declined", reviewer(tmp_path), **words)
    assert verify(bound.path).dossiers == len(status(bound.path)["changes"])


def test_a_declined_change_is_never_deployed(bound: Bound, tmp_path: Path) -> None:
    replayed(bound)
    change = next(item for item in status(bound.path)["changes"] if item["verdict"] == "accept")
    decide(
        bound.path,
        change["id"],
        "declined",
        reviewer(tmp_path),
        meaning="the referral pathway ends next week",
        key_file=bound.key,
    )
    assert status(bound.path)["changes"][0]["state"] == "declined"
    assert live_calibrator(bound.path, "Harbour").version == "v0"


def test_an_alarm_is_closed_with_a_cause_and_its_stream_starts_anew(bound: Bound, tmp_path: Path) -> None:
    replayed(bound)
    who, words = reviewer(tmp_path), {"reason": "scanner recalled", "key_file": bound.key}
    with pytest.raises(UsageError, match="is proposed"):
        close_alarm(bound.path, "ALM-0001", who, cause="device", **words)
    decide(
        bound.path,
        "CHG-0001",
        "declined",
        reviewer(tmp_path),
        meaning="decline",
        key_file=bound.key,
    )
    with pytest.raises(UsageError, match="expected one of"):
        close_alarm(bound.path, "ALM-0001", who, cause="weather", **words)
    close_alarm(bound.path, "ALM-0001", who, cause="device", **words)
    assert status(bound.path)["sites"][0]["alarms"] == []
    with pytest.raises(UsageError, match="no open alarm"):
        close_alarm(bound.path, "ALM-0001", who, cause="device", **words)


def test_time_does_not_run_backwards(bound: Bound) -> None:
    replayed(bound)
    with pytest.raises(UsageError, match="before the last finished night"):
        nightly(bound.path, bound.network.first_day, key_file=bound.key)


def test_an_edited_plan_stops_the_night(bound: Bound) -> None:
    plan = bound.path / "plan.yaml"
    plan.write_text(plan.read_text().replace("maturity_days: 14", "maturity_days: 15"))
    with pytest.raises(PlanError, match="not the plan this workspace is bound to"):
        nightly(bound.path, bound.network.first_day, key_file=bound.key)


def test_another_pseudonym_key_is_refused(bound: Bound, tmp_path: Path) -> None:
    other = tmp_path / "other.key"
    other.write_text("00" * 32 + "\n")
    other.chmod(0o600)
    with pytest.raises(UsageError, match="another pseudonym key"):
        nightly(bound.path, bound.network.first_day, key_file=other)


def test_one_writer_at_a_time(bound: Bound) -> None:
    with open_workspace(bound.path, bound.key), pytest.raises(BusyError, match="being written by process"):
        nightly(bound.path, bound.network.first_day, key_file=bound.key)


def test_a_changed_ledger_or_archive_is_named(bound: Bound) -> None:
    replayed(bound)
    assert verify(bound.path).batches == 2
    batch = next((bound.path / "archive").glob("*.parquet"))
    content = batch.read_bytes()
    batch.chmod(0o600)
    batch.write_bytes(content[:100] + bytes([content[100] ^ 1]) + content[101:])
    with pytest.raises(EvidenceError, match=batch.name):
        verify(bound.path)


def test_no_identifier_of_a_patient_or_study_is_in_any_file_of_the_workspace(bound: Bound) -> None:
    replayed(bound, approve=True)
    lines = bound.logs.predictions[0].read_text().splitlines()
    header = lines[0].split(",")
    clear = [dict(zip(header, line.split(","), strict=False)) for line in lines[1:400:40]]
    needles = {row[name].encode() for row in clear for name in ("mrn", "accession") if row.get(name)}
    assert needles
    for path in bound.path.rglob("*"):
        if path.is_file():
            content = path.read_bytes()
            assert not [needle for needle in needles if needle in content], path.name
