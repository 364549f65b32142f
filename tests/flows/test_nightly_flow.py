"""The Prefect flow does what the plain night does, keeps nothing, and shows what was found."""

from __future__ import annotations

import asyncio
import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest

import flows
from monitor.errors import BusyError, IngestError, PlanError
from monitor.operation.night import nightly as plain_nightly
from monitor.operation.reading.status import status
from monitor.operation.workspace import initialise
from monitor.simulation import SITES, network
from tests.prefect_records import prefect_database

PLAN = Path(__file__).resolve().parents[1] / "plans" / "chest_xray.yaml"
LAST = date(2026, 1, 30)


def filled(folder: Path, key: Path) -> Path:
    """A workspace with some nights of one site in its inbox."""
    initialise(folder, PLAN, key, at="2026-01-01")
    network(20, 5, (SITES[3],)).write(folder / "inbox")
    return folder


def artifacts() -> list[dict[str, Any]]:
    from prefect.client.orchestration import get_client

    async def read() -> list[Any]:
        async with get_client() as client:
            return await client.read_artifacts()

    return [item.model_dump() for item in asyncio.run(read())]


@pytest.mark.usefixtures("prefect_server")
def test_the_flow_is_the_plain_night(tmp_path: Path, key_file: Path) -> None:
    from flows.nightly import nightly

    plain, flow = filled(tmp_path / "plain", key_file), filled(tmp_path / "flow", key_file)
    expected = plain_nightly(plain, LAST, key_file=key_file)
    found = nightly(str(flow), as_of=LAST, pseudonym_key=str(key_file))
    assert len(found.nights) == len(expected.nights) > 20
    assert (flow / "ledger.jsonl").read_bytes() == (plain / "ledger.jsonl").read_bytes()
    again = nightly(str(flow), as_of=LAST, pseudonym_key=str(key_file))
    assert not again.nights
    assert (flow / "ledger.jsonl").read_bytes() == (plain / "ledger.jsonl").read_bytes()
    tables = [item for item in artifacts() if item["key"] == "pccp-sites"]
    assert "Island" in {json.loads(item["data"])[0]["site"] for item in tables}


@pytest.mark.usefixtures("prefect_server")
def test_an_unreadable_file_ends_the_run_as_failed_after_its_nights(tmp_path: Path, key_file: Path) -> None:
    from flows.nightly import nightly

    workspace = filled(tmp_path / "network", key_file)
    unreadable = workspace / "inbox" / "Rosa Quokka 1931.parquet"
    unreadable.write_bytes(b"PAR1 Rosa Quokka PAR1")
    ended = nightly(str(workspace), as_of=LAST, pseudonym_key=str(key_file), return_state=True)
    assert ended.is_failed()
    with pytest.raises(IngestError, match=r"inbox file with sha256 [0-9a-f]{16}") as refused:
        ended.result()
    assert "Quokka" not in str(refused.value)
    assert b"Quokka" not in prefect_database()
    assert unreadable.exists()
    assert status(workspace)["as_of"] == LAST.isoformat()
    assert next(item for item in status(workspace)["sites"] if item["site"] == "Island")["n"] > 0
    unreadable.unlink()
    assert nightly(str(workspace), as_of=LAST, pseudonym_key=str(key_file), return_state=True).is_completed()


@pytest.mark.usefixtures("prefect_server")
def test_a_link_leads_to_each_dossier(tmp_path: Path) -> None:
    from prefect import flow

    from flows.showing import show_dossiers

    page = tmp_path / "a b" / "dossier.html"
    flow(lambda: show_dossiers({"CHG-0001": str(page)}), name="linking", persist_result=False)()
    link = next(item for item in artifacts() if item["key"] == "pccp-dossier-chg-0001")
    assert page.as_uri() in link["data"]


def test_nothing_is_cached_or_kept() -> None:
    from prefect.cache_policies import NO_CACHE

    from flows import documentation, nightly, notifying, review, showing

    tasks = (
        *(nightly.run_nights, nightly.run_history, review.write, documentation.make_again, notifying.deliver),
        *(showing.show_sites, showing.show_dossiers, showing.show_packet),
    )
    found = (nightly.nightly, nightly.replay_history, review.review, documentation.documentation)
    assert all(task.cache_policy == NO_CACHE and task.persist_result is False for task in tasks)
    assert all(task.timeout_seconds for task in tasks)
    assert all(flow.persist_result is False for flow in found)


def test_only_a_busy_workspace_is_tried_again() -> None:
    from prefect.states import Failed

    from flows.nightly import run_nights

    again = run_nights.retry_condition_fn
    assert again(run_nights, None, Failed(data=BusyError("held")))
    assert not again(run_nights, None, Failed(data=PlanError("edited")))
    assert run_nights.retries == 3


def test_texts_from_files_cannot_become_markup() -> None:
    from flows.markdown import escaped

    assert escaped("<script>[x](javascript:1)") == r"&lt;script&gt;\[x\]\(javascript:1\)"
    assert "\x1b" not in escaped("\x1b[2J")


def test_telemetry_is_off_before_prefect_is_imported() -> None:
    from prefect.settings import get_current_settings

    assert flows.SETTINGS["DO_NOT_TRACK"] == "1"
    assert get_current_settings().server.analytics_enabled is False


def test_a_silent_run_is_marked_as_crashed() -> None:
    from flows.heartbeat import SILENCE, crash_detection

    trigger = crash_detection().trigger
    assert trigger.within == SILENCE
    assert trigger.posture.value == "Proactive"
    assert [action.type for action in crash_detection().actions] == ["change-flow-run-state"]
