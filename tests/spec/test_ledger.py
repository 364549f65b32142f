"""Nobody changes the past unseen; a crash between store and file loses nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from monitor.errors import EvidenceError, UsageError
from monitor.registry import Ledger, new_key, public_key_text, read_chain, sign, verify_signature


def written(path: Path, count: int = 4) -> list[str]:
    ledger = Ledger(path, [])
    for number in range(count):
        ledger.draft("night", f"2026-01-0{number + 1}", {"night": number})
    ledger.append()
    return path.read_text().splitlines()


def test_every_single_byte_changed_is_seen(tmp_path: Path) -> None:
    path = tmp_path / "ledger.jsonl"
    written(path, 2)
    original = path.read_bytes()
    for position in range(len(original)):
        path.write_bytes(original[:position] + bytes([original[position] ^ 1]) + original[position + 1 :])
        with pytest.raises(EvidenceError):
            read_chain(path)


def test_swapped_and_removed_entries_are_seen(tmp_path: Path) -> None:
    path = tmp_path / "ledger.jsonl"
    lines = written(path)
    for forged in ([lines[1], lines[0], *lines[2:]], [lines[0], *lines[2:]], lines[1:]):
        path.write_text("\n".join(forged) + "\n")
        with pytest.raises(EvidenceError, match="chain is broken"):
            read_chain(path)


def test_a_committed_line_that_was_never_appended_is_appended_on_opening(tmp_path: Path) -> None:
    path = tmp_path / "ledger.jsonl"
    lines = written(path)
    path.write_text("\n".join(lines[:2]) + "\n")
    Ledger(path, [(2, lines[2]), (3, lines[3])])
    assert path.read_text().splitlines() == lines


def test_a_line_torn_by_a_crash_is_completed_from_the_store(tmp_path: Path) -> None:
    path = tmp_path / "ledger.jsonl"
    lines = written(path)
    path.write_text("\n".join(lines[:3]) + "\n" + lines[3][:40])
    Ledger(path, [(3, lines[3])])
    assert path.read_text().splitlines() == lines


def test_a_torn_line_the_store_does_not_hold_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "ledger.jsonl"
    lines = written(path)
    path.write_text("\n".join(lines[:3]) + "\n" + lines[3][:40])
    with pytest.raises(EvidenceError, match="cut off"):
        Ledger(path, [])


def test_discarded_drafts_leave_no_trace(tmp_path: Path) -> None:
    path = tmp_path / "ledger.jsonl"
    lines = written(path)
    ledger = Ledger(path, [])
    ledger.draft("night", "2026-02-01", {})
    ledger.discard()
    ledger.append()
    assert path.read_text().splitlines() == lines


def test_keys_are_private_never_overwritten_and_sign(tmp_path: Path) -> None:
    key = tmp_path / "clinical.pem"
    public = new_key(key)
    assert public_key_text(key) == public
    assert key.stat().st_mode & 0o077 == 0
    with pytest.raises(UsageError, match="never overwritten"):
        new_key(key)
    signature = sign(key, "record")
    assert verify_signature(public, signature, "record")
    assert not verify_signature(public, signature, "another record")
    assert not verify_signature(new_key(tmp_path / "other.pem"), signature, "record")


def test_a_key_that_others_can_read_is_refused(tmp_path: Path) -> None:
    key = tmp_path / "open.pem"
    new_key(key)
    key.chmod(0o644)
    with pytest.raises(UsageError, match="owner only"):
        sign(key, "record")
