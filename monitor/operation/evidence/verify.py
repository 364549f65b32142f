"""Checks every file of a workspace, then derives everything again from plan and archive and compares."""

from __future__ import annotations

import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from monitor import store
from monitor.errors import EvidenceError, UsageError
from monitor.operation.database_key import database_key
from monitor.operation.evidence.evidence_files import EvidenceFiles, examine_files
from monitor.operation.evidence.rederivation import Evidence, Progress, Rederived, rederive
from monitor.registry.comparison import Problem, compare
from monitor.store import Content, StreamRow

STREAMS = "stream_state"


@dataclass(frozen=True)
class Verified:
    """What was found to hold.

    Attributes:
        entries: Ledger entries whose hashes and links hold.
        batches: Archived batches whose bytes have the hash on record.
        dossiers: dossier.json files that were made again with the same bytes.
        head: Hash of the last entry.
        derived: Entries (looks, alarms, fits, verdicts, nights) derived again and found as recorded.
        nights: Nights run again.
        signatures: Signatures of people that hold.
        checkpoints: Checkpoints in the workspace that hold.
        covered: Entries that the furthest of them covers.
        kept_elsewhere: Entries that the checkpoint from elsewhere covers; None when none was given.
        tables: Tables of `monitor.duckdb` and `snapshot.duckdb` that hold what was derived.
        rounded: Numbers that differ in their last digits, as between processors; else 0.
    """

    entries: int
    batches: int
    dossiers: int
    head: str
    derived: int
    nights: int
    signatures: int
    checkpoints: int
    covered: int
    kept_elsewhere: int | None
    tables: int
    rounded: int

    @property
    def unseen(self) -> str:
        """What this check cannot see, in words for the user."""
        if self.kept_elsewhere is None:
            return (
                "no checkpoint kept elsewhere was given: a ledger whose tail was cut off together with its "
                "checkpoints could not be told from a younger one"
            )
        if self.kept_elsewhere < self.entries:
            return f"entries cut off behind entry {self.kept_elsewhere - 1} could not be seen"
        return "nothing is missing up to the checkpoint kept elsewhere"


def verify(
    path: Path,
    checkpoint: Path | None = None,
    progress: Progress = lambda _done, _total, _what: None,
    key_file: Path | None = None,
) -> Verified:
    """Check chain, plan, archive, signatures and checkpoints, and derive every result again.

    Nothing in the workspace is changed. A key is needed for encrypted databases only; a copy without
    the two files can be verified by somebody who has none. Nights are run again in a temporary
    folder, so this takes about as long as they took, and as much room as the databases.

    Args:
        path: The workspace, or a copy of it on any machine.
        checkpoint: A checkpoint that was kept elsewhere.
        progress: Told of each step.
        key_file: Pseudonym key of a workspace whose databases are encrypted; the user's config folder
            when None.

    Returns:
        What holds.

    Raises:
        UsageError: The folder is no workspace.
        BusyError: Another process is writing to it.
        EvidenceError: Names every entry, file and number that does not hold, one on each line.
    """
    if not path.is_dir():
        raise UsageError(f"{path}: no workspace here")
    with tempfile.TemporaryDirectory(prefix="pccp-verify-") as folder:
        scratch = Path(folder)
        with store.undisturbed(path):
            files = examine_files(path, checkpoint)
            copies = _copies(path, scratch) if files.derivable else []
        key = database_key(path, key_file) if copies else None
        evidence = Evidence(files.entries, files.plans, path / "archive", key)
        derived = _derive(evidence, files.derivable, scratch / "shadow", progress)
        tables, problems = _compare_databases(evidence, derived, copies)
    problems = [*files.problems, *derived.problems, *problems]
    if problems:
        raise EvidenceError("\n".join(map(str, problems)))
    return _verified(files, derived, tables)


def _copies(path: Path, scratch: Path) -> list[Path]:
    """Copies of the databases that are there: a file that is opened may change."""
    return [
        copy
        for name in (store.DATABASE, store.SNAPSHOT)
        if (copy := store.copy_database(path, scratch / name, name))
    ]


def _derive(evidence: Evidence, derivable: bool, shadow: Path, progress: Progress) -> Rederived:
    if not derivable:
        why = "not derived again: ledger, plan and archive must hold first"
        return Rederived(problems=[Problem("results", why)])
    return rederive(evidence, shadow, progress)


def _compare_databases(
    evidence: Evidence, derived: Rederived, copies: list[Path]
) -> tuple[int, list[Problem]]:
    """Tables that hold what was derived, and what is wrong with the others."""
    if derived.content is None:
        return 0, []
    tables, problems = 0, list[Problem]()
    for copy in copies:
        try:
            found = store.content_of(copy, evidence.database_key)
        except EvidenceError as error:
            problems.append(Problem(copy.name, f"is no sound database ({error})"))
            continue
        problems += _compare_tables(copy.name, found, derived, len(evidence.entries))
        tables += len(found.tables)
    return tables, problems


def _compare_tables(name: str, found: Content, derived: Rederived, entries: int) -> list[Problem]:
    ahead = [sequence for sequence in found.outbox if sequence >= entries]
    if ahead:
        what = f"a run was interrupted: entries from {ahead[0]} on are not in ledger.jsonl yet"
        return [Problem(name, f"{what}; the next run appends them")]
    expected = derived.content.tables if derived.content else {}
    remedy = "delete the file, and the next run makes it again from archive and ledger"
    return [
        Problem(name, f"table {table} does not hold what archive and ledger give; {remedy}")
        for table in sorted({*expected, *found.tables})
        if _differs(table, found, derived)
    ]


def _differs(table: str, found: Content, derived: Rederived) -> bool:
    """True when a table is another one, and rounding does not explain it."""
    expected = derived.content
    if expected is None or found.tables.get(table) == expected.tables.get(table):
        return False
    if table != STREAMS:
        return True
    result = compare(_listed(found.streams), _listed(expected.streams))
    derived.rounded += result.rounded
    return bool(result.differences)


def _listed(streams: list[StreamRow]) -> list[dict[str, Any]]:
    """As the ledger's bodies are: lists and texts, so that a comparison finds its way."""
    return [
        {**asdict(row), "night": row.night.isoformat(), "log_e": list(row.log_e), "log_r": list(row.log_r)}
        for row in streams
    ]


def _verified(files: EvidenceFiles, derived: Rederived, tables: int) -> Verified:
    return Verified(
        entries=len(files.entries),
        batches=files.batches,
        dossiers=files.dossiers,
        head=files.entries[-1].hash,
        derived=derived.entries,
        nights=derived.nights,
        signatures=derived.signatures,
        checkpoints=files.checkpoints,
        covered=files.covered,
        kept_elsewhere=files.kept_elsewhere,
        tables=tables,
        rounded=derived.rounded,
    )
