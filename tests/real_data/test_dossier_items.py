"""Dossiers of a real replay answer all thirty items, where a change was accepted and where it was not."""

from __future__ import annotations

import json

import pytest
import runs

from tests.thirty_items import require_thirty

pytestmark = pytest.mark.data


@pytest.mark.parametrize(("site", "verdict"), [("ITAL", "accept"), ("BELG", "insufficient")])
def test_all_thirty(ist_benefit: runs.Replayed, site: str, verdict: str) -> None:
    change = ist_benefit.change(site)
    assert change is not None
    file = ist_benefit.workspace / "dossiers" / change.id / "dossier.json"
    found = json.loads(file.read_text(encoding="utf-8"))
    assert found["verdict"]["verdict"] == verdict
    require_thirty(found)
    assert "no" not in {clause["holds"] for clause in found["conformity"]["clauses"]}


def test_the_execution_history_names_every_deployed_country(ist_benefit: runs.Replayed) -> None:
    deployed = [change.id for change in ist_benefit.state.changes.values() if change.deployed]
    files = sorted(ist_benefit.workspace.glob("dossiers/*/dossier.json"))
    known = [json.loads(file.read_text(encoding="utf-8"))["execution_history"] for file in files]
    assert max(len(rows) for rows in known) == len(deployed)
