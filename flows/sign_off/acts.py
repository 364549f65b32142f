"""A form that was sent, carried out by the very functions that the command line calls."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Final, NamedTuple
from urllib.parse import parse_qsl

from monitor.errors import EvidenceError, MonitorError, UsageError
from monitor.operation.people.closure import close_alarm
from monitor.operation.people.decisions import Decision, decide
from monitor.operation.people.deployment import rollback
from monitor.operation.people.signing import Signatory
from monitor.operation.reading.status import read_state
from monitor.operation.workspace import read_plan
from monitor.registry import Entry, key_is_protected, read_chain

Form = Mapping[str, str]
Act = Callable[[Path, Form, Path | None], None]
MOST_FIELDS: Final = 20


class Done(NamedTuple):
    """A decision on the ledger, and what kept its dossier or the snapshot from being made."""

    entry: Entry
    unfinished: str | None = None


def read_form(body: bytes) -> dict[str, str]:
    """The fields of a form.

    Raises:
        ValueError: It is no form, has a field twice, or holds a NUL.

    Example:
        >>> read_form(b"act=close&reason=a%20b")
        {'act': 'close', 'reason': 'a b'}
    """
    text = body.decode("ascii")
    pairs = parse_qsl(
        text, keep_blank_values=True, strict_parsing=True, errors="strict", max_num_fields=MOST_FIELDS
    )
    found = dict(pairs)
    if len(found) != len(pairs) or any("\0" in value for value in found.values()):
        raise ValueError("a field is there twice, or holds a NUL")
    return found


def carry_out(path: Path, form: Form, key_file: Path | None) -> Done:
    """Do what a form asks for, or nothing.

    Args:
        path: The workspace.
        form: Its fields; `act` and `subject` say what is decided about what.
        key_file: Pseudonym key of the workspace.

    Returns:
        The entry that the decision put on the ledger, and what went wrong after it, as on a full disk.

    Raises:
        MonitorError: As the command refuses it; nothing was recorded then.
    """
    name = form.get("act", "")
    if name not in ACTS:
        raise UsageError("choose a decision")
    act, kind = ACTS[name]
    before = _entries(path)
    try:
        act(path, form, key_file)
    except MonitorError as error:
        with suppress(MonitorError):
            if entry := _recorded(path, kind, form, before):
                return Done(entry, str(error))
        raise
    entry = _recorded(path, kind, form, before)
    if entry is None:
        raise EvidenceError(f"ledger.jsonl: expected an entry {kind}, found none")
    return Done(entry)


def _entries(path: Path) -> int:
    """How many lines the ledger has, whatever they hold."""
    ledger = path / "ledger.jsonl"
    return ledger.read_bytes().count(b"\n") if ledger.is_file() else 0


def _recorded(path: Path, kind: str, form: Form, before: int) -> Entry | None:
    """The entry that was made since, if one was."""
    for entry in read_chain(path / "ledger.jsonl")[before:]:
        if entry.kind == kind and form.get("subject") in (entry.body.get("change"), entry.body.get("alarm")):
            return entry
    return None


def signatory(form: Form) -> Signatory:
    """The person; the passphrase is asked anew for each signature and goes no further.

    Raises:
        UsageError: The key file has no passphrase: whoever holds the session could sign with it.
    """
    name = form.get("key", "").strip()
    try:
        key = Path(name).expanduser() if name else None
    except RuntimeError as error:
        raise UsageError(f"{name}: no such home folder") from error
    if key and not key_is_protected(key):
        raise UsageError(
            f"{key}: no passphrase protects this key, so that it signs on the command line only; "
            f"`pccp key protect {key}` adds one"
        )
    return Signatory(
        form.get("signer", ""), form.get("role", ""), key, form.get("passphrase") or None if key else None
    )


def _decide(decision: Decision) -> Act:
    def act(path: Path, form: Form, key_file: Path | None) -> None:
        who, meaning = signatory(form), form.get("meaning", "")
        shown = form.get("dossier", "")
        subject = form.get("subject", "")
        decide(path, subject, decision, who, meaning=meaning, dossier=shown, key_file=key_file)

    return act


def _roll_back(path: Path, form: Form, key_file: Path | None) -> None:
    who, reason, subject = signatory(form), form.get("reason", ""), form.get("subject", "")
    change = read_state(path, read_plan(path)).changes.get(subject)
    if change is None:
        raise UsageError(f"{subject}: no such change; `pccp changes {path}` lists them")
    site, finding = change.place
    rollback(path, site, finding, who, reason=reason, change=subject, key_file=key_file)


def _close(path: Path, form: Form, key_file: Path | None) -> None:
    who, cause, reason = signatory(form), form.get("cause", ""), form.get("reason", "")
    close_alarm(path, form.get("subject", ""), who, cause=cause, reason=reason, key_file=key_file)


ACTS: Final[Mapping[str, tuple[Act, str]]] = {
    "approve": (_decide("approval"), "approval"),
    "decline": (_decide("declined"), "declined"),
    "rollback": (_roll_back, "rolled_back"),
    "close": (_close, "alarm_closed"),
}
"""What can be asked for, and the kind of entry it leaves."""
