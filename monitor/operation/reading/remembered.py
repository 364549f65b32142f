"""What takes long and holds until rows are added: for pages that are built again after a decision."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from typing import Any, Final, TypeVar

from monitor.registry import Entry

Found = TypeVar("Found")
DECISIONS: Final = frozenset(
    {
        *("approval", "declined", "deployed", "rolled_back", "voided", "dossier"),
        *("alarm_closed", "deviation"),
    }
)
"""Entries that leave rows, references and the plan as they are."""


class Remembered:
    """Results by key, forgotten when anything but a decision of people comes to the ledger."""

    def __init__(self) -> None:
        self._since = ""
        self._found: dict[Hashable, Any] = {}

    def at(self, entries: Sequence[Entry]) -> None:
        """Forget everything if rows, references or plan may have changed.

        Args:
            entries: The ledger as it is now.
        """
        since = next((entry.hash for entry in reversed(entries) if entry.kind not in DECISIONS), "")
        if since != self._since:
            self._since = since
            self._found.clear()

    def once(self, key: Hashable, compute: Callable[[], Found]) -> Found:
        """The result of a key, computed at the first time.

        Example:
            >>> remembered = Remembered()
            >>> remembered.once("sum", lambda: 1 + 2), remembered.once("sum", lambda: 1 / 0)
            (3, 3)
        """
        if key not in self._found:
            self._found[key] = compute()
        return self._found[key]
