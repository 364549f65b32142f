"""The decisions of people by the names the command line used first; `decisions` and `closure` hold them."""

from __future__ import annotations

from pathlib import Path

from monitor.operation import closure, decisions
from monitor.operation.decisions import Decision
from monitor.operation.signing import Signatory
from monitor.registry import Change


def decide(
    path: Path,
    change_name: str,
    decision: Decision,
    *,
    signer: str,
    role: str,
    signing_key: Path,
    meaning: str,
    key_file: Path | None = None,
) -> Change:
    """See `decisions.decide`."""
    who = Signatory(signer, role, signing_key)
    return decisions.decide(path, change_name, decision, who, meaning=meaning, key_file=key_file)


def close_alarm(
    path: Path,
    alarm: str,
    *,
    signer: str,
    role: str,
    cause: str,
    reason: str,
    signing_key: Path | None = None,
    key_file: Path | None = None,
) -> None:
    """See `closure.close_alarm`."""
    who = Signatory(signer, role, signing_key)
    closure.close_alarm(path, alarm, who, cause=cause, reason=reason, key_file=key_file)
