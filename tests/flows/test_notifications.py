"""Who is told what: one message a run at most, nothing of a patient, and no run that fails of it."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from flows import notifying
from flows.notifying import require_blocks
from monitor.errors import BusyError, IngestError, UsageError
from monitor.operation.night import RunReport, nightly
from monitor.operation.reading.digest import LOOK, MOST_LINES, of_failure, of_nights, of_packet
from monitor.operation.reading.status import read_state
from monitor.operation.workspace import initialise, read_plan
from tests.prefect_records import prefect_database
from tests.properties.planted import NEEDLES, PLAN, broken_logs, planted_logs
from tests.webhook import SECRET, Webhook, listening

LAST = date(2026, 3, 20)
BLOCK = "custom-webhook/qa"


@pytest.fixture
def planted(tmp_path: Path, key_file: Path) -> Path:
    """A workspace whose inbox holds identifiers in every column, and files that are refused as a whole."""
    folder = tmp_path / "site-network"
    initialise(folder, PLAN, key_file, at="2026-01-01")
    for name, path in planted_logs(tmp_path / "sent", site=NEEDLES[0]).items():
        path.rename(folder / "inbox" / f"{name}.csv")
    for name, content in broken_logs().items():
        (folder / "inbox" / name).write_bytes(content)
    return folder


def registered(heard: Webhook) -> str:
    from prefect.blocks.notifications import CustomWebhookNotificationBlock

    block = CustomWebhookNotificationBlock(
        name="qa", url=heard.url, json_data={"text": "{{subject}}\n{{body}}"}, timeout=5
    )
    block.save("qa", overwrite=True)
    return BLOCK


def run(workspace: Path, key_file: Path, blocks: list[str] | None, as_of: date = LAST) -> Any:
    from flows.nightly import nightly as flow

    return flow(str(workspace), as_of=as_of, pseudonym_key=str(key_file), notify=blocks, return_state=True)


@pytest.mark.usefixtures("prefect_server")
def test_one_message_names_what_to_do_and_no_patient(planted: Path, key_file: Path) -> None:
    with listening() as heard:
        ended = run(planted, key_file, [registered(heard)])
        assert ended.is_failed()
        assert isinstance(ended.result(raise_on_failure=False), IngestError)
        assert len(heard.texts) == 1
        told = heard.texts[0]
        assert told.startswith("pccp site-network: 1 alarm, 1 change judged, ")
        assert "of the inbox could not be read" in told
        assert "New alarm ALM-0001 (pneumothorax): stream calibration." in told
        assert "CHG-0001 (pneumothorax) judged: accept; it waits for signatures: " in told
        assert not [needle for needle in NEEDLES if needle.lower() in told.lower()]
        for name in broken_logs():
            (planted / "inbox" / name).unlink(missing_ok=True)
        assert run(planted, key_file, [BLOCK], LAST + timedelta(days=1)).is_completed()
        assert len(heard.texts) == 1, "a quiet night is told"


@pytest.mark.usefixtures("prefect_server")
def test_without_a_block_nothing_is_composed_or_sent(
    planted: Path, key_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with listening() as heard:
        registered(heard)
        monkeypatch.setattr("flows.nightly.of_nights", lambda *_: pytest.fail("a message was composed"))
        run(planted, key_file, None)
        run(planted, key_file, [])
    assert heard.bodies == []


@pytest.mark.usefixtures("prefect_server")
def test_a_webhook_that_fails_is_said_and_the_night_stands(
    planted: Path, key_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(notifying, "deliver", notifying.deliver.with_options(retries=0))
    for name in broken_logs():
        (planted / "inbox" / name).unlink()
    with listening(status=500) as heard:
        assert run(planted, key_file, [registered(heard)]).is_completed()
        assert len(heard.bodies) == 1
    kept = prefect_database().decode("utf-8", "replace")
    assert f"notification block {BLOCK} did not deliver; the run is not affected" in kept
    assert f"notification block {BLOCK}: HTTPStatusError" in kept
    told = [
        line for line in kept.splitlines() if line.startswith(("log ", "task_run_state ", "flow_run_state "))
    ]
    assert len(told) > 3
    assert not [line for line in told if SECRET in line]


@pytest.mark.usefixtures("prefect_server")
def test_a_night_that_fails_is_told_in_fixed_words(tmp_path: Path, key_file: Path) -> None:
    with listening() as heard:
        block = registered(heard)
        assert run(tmp_path / NEEDLES[0].lower(), key_file, [block]).is_failed()
    assert len(heard.texts) == 1
    assert "The night failed: it could not be carried out" in heard.texts[0]
    assert "no workspace here" not in heard.texts[0]


@pytest.mark.usefixtures("prefect_server")
def test_a_block_that_the_server_does_not_have_is_refused() -> None:
    with pytest.raises(UsageError, match="--notify slack-webhook/nobody: no notification block"):
        require_blocks(["slack-webhook/nobody"])
    with pytest.raises(UsageError, match="expected TYPE/NAME"):
        require_blocks(["nobody"])
    with listening() as heard:
        require_blocks([registered(heard)])
        assert heard.bodies == []


def test_a_message_of_any_length_of_run_stays_short(planted: Path, key_file: Path) -> None:
    report = nightly(planted, LAST, key_file=key_file)
    loaded = read_plan(planted)
    state = read_state(planted, loaded)
    assert of_nights("net", loaded.plan, state, RunReport()) is None
    raised = next(night for night in report.nights if night.alarms)
    many = RunReport(nights=[replace(raised, alarms=raised.alarms * 40)])
    message = of_nights("net", loaded.plan, state, many)
    assert message is not None
    assert len(message.lines) == MOST_LINES + 1
    assert message.lines[-2:] == ("And 29 more.", LOOK)


def test_a_failure_is_told_by_its_kind_alone() -> None:
    told = of_failure("net", "night", IngestError(f"predictions.csv: expected 9 columns, found {NEEDLES[2]}"))
    assert NEEDLES[2] not in told.subject + told.body
    assert "a log file could not be read (IngestError)" in told.body
    assert "another process" in of_failure("net", "night", BusyError("process 3")).body
    assert "nobody expected (ZeroDivisionError)" in of_failure("net", "night", ZeroDivisionError("x")).body


def test_a_week_in_which_nobody_has_to_act_is_not_told() -> None:
    quiet = {
        "packet": "2026-W06",
        "status_counts": {"alarm": 0, "watch": 2, "insufficient": 1, "ok": 3},
        "waiting": [],
        "rollbacks": [],
    }
    assert of_packet("net", quiet, None) is None
    late = of_packet("net", quiet, "2 nights missed since 2026-02-01")
    assert late is not None
    assert late.subject == "pccp net: weekly packet 2026-W06 is ready"
    assert late.lines == ("2 nights missed since 2026-02-01.", LOOK)
    waiting = {"change": "CHG-0001", "missing": ["clinical_lead: 0 of 1"]}
    told = of_packet("net", {**quiet, "waiting": [waiting]}, None)
    assert told is not None
    assert told.lines[0] == "CHG-0001 waits for signatures: clinical_lead: 0 of 1."
