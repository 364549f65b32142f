"""Each run that wrote to the ledger leaves a signed head, under a key that lives outside the workspace."""

from __future__ import annotations

import logging
from dataclasses import asdict
from pathlib import Path

import pytest
from securesystemslib.dsse import Envelope
from securesystemslib.signer import CryptoSigner, SSlibKey  # pyright: ignore[reportPrivateImportUsage]

from monitor.errors import EvidenceError
from monitor.hashing import canonical_json
from monitor.operation.workspace import initialise
from monitor.registry import new_key, public_key_text, read_chain
from monitor.registry.checkpoint import PAYLOAD_TYPE, Checkpoint, disagreement, seal, unseal
from monitor.registry.signature import key_id, private_key, public_key
from tests.evidence import PLAN, Scene

HEAD = Checkpoint(7, "ab" * 32, "cd" * 32, "2026-03-01")


def test_the_key_lies_beside_the_pseudonym_key_and_entry_0_lists_it(tmp_path: Path) -> None:
    key = tmp_path / "private" / "pseudonym.key"
    initialise(tmp_path / "workspace", PLAN, key, at="2026-01-01")
    made = key.with_name("checkpoint.pem")
    assert made.stat().st_mode & 0o077 == 0
    entries = read_chain(tmp_path / "workspace" / "ledger.jsonl")
    assert entries[0].body["checkpoint_key"] == public_key_text(made)
    initialise(tmp_path / "another", PLAN, key, at="2026-01-01")
    one, other = (tmp_path / name / "checkpoints" / "0.json" for name in ("workspace", "another"))
    assert one.read_bytes() == other.read_bytes()


def test_runs_and_decisions_leave_checkpoints_with_which_the_ledger_agrees(lived_scene: Scene) -> None:
    entries = read_chain(lived_scene.path / "ledger.jsonl")
    public = entries[0].body["checkpoint_key"]
    found = {
        int(file.stem): unseal(file.read_bytes(), public)
        for file in (lived_scene.path / "checkpoints").glob("*.json")
    }
    assert max(found) == entries[-1].sequence
    assert {disagreement(checkpoint, entries) for checkpoint in found.values()} == {None}
    closed = next(entry for entry in entries if entry.kind == "alarm_closed")
    assert found[closed.sequence].head == closed.hash


def test_the_same_head_under_the_same_key_has_the_same_bytes(tmp_path: Path) -> None:
    public = new_key(tmp_path / "one.pem")
    assert seal(HEAD, tmp_path / "one.pem") == seal(HEAD, tmp_path / "one.pem")
    assert unseal(seal(HEAD, tmp_path / "one.pem"), public) == HEAD
    with pytest.raises(EvidenceError, match="is not the key entry 0 lists"):
        unseal(seal(HEAD, tmp_path / "one.pem"), new_key(tmp_path / "other.pem"))


def test_the_library_that_verifies_would_have_signed_the_same_bytes(tmp_path: Path) -> None:
    public = new_key(tmp_path / "one.pem")
    payload = canonical_json(asdict(HEAD)).encode()
    envelope = Envelope(payload, PAYLOAD_TYPE, {})
    envelope.sign(
        CryptoSigner(
            private_key(tmp_path / "one.pem"),
            SSlibKey.from_crypto(public_key(public), keyid=key_id(public)),
        )
    )
    assert seal(HEAD, tmp_path / "one.pem").decode() == canonical_json(envelope.to_dict()) + "\n"


@pytest.mark.parametrize("content", [b"", b"{}", b"[]", b'"x"', b"\xff", b'{"signatures":[{"keyid":1}]}'])
def test_what_is_no_checkpoint_is_refused(content: bytes, tmp_path: Path) -> None:
    with pytest.raises(EvidenceError, match="expected a signed checkpoint"):
        unseal(content, new_key(tmp_path / "key.pem"))


def test_without_its_key_nights_go_on_and_a_warning_says_so(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    from monitor.operation.workspace import open_workspace

    key = tmp_path / "private" / "pseudonym.key"
    initialise(tmp_path / "workspace", PLAN, key, at="2026-01-01")
    key.with_name("checkpoint.pem").unlink()
    with caplog.at_level(logging.WARNING):
        for _ in range(2):
            with open_workspace(tmp_path / "workspace", key) as workspace, workspace.commit():
                workspace.record("note", "2026-01-02", {})
            if not key.with_name("checkpoint.pem").exists():
                new_key(key.with_name("checkpoint.pem"))
    assert "no signing key can be read here" in caplog.text
    assert "is not the key that entry 0 lists" in caplog.text
    assert [file.name for file in (tmp_path / "workspace" / "checkpoints").iterdir()] == ["0.json"]
