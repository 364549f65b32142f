"""What can be wrong with the world, each kind with the exit code that scripts rely on.

A finding (too few events, a failed criterion) is a value and never raised. A caller's mistake is a
`ValueError`. Everything here is a state of files, plans or logs that a person can act on; no message
ever carries a patient's data.
"""

from __future__ import annotations

from typing import ClassVar


class MonitorError(Exception):
    """A state of the world that stops the command, with a message a user can act on."""

    exit_code: ClassVar[int] = 1


class UsageError(MonitorError):
    """The command cannot be carried out as asked (exit code 2)."""

    exit_code = 2


class PlanError(MonitorError):
    """The change-control plan is unreadable, incomplete or not the authorised one (exit code 10)."""

    exit_code = 10


class IngestError(MonitorError):
    """A log file as a whole cannot be read; single bad rows are findings instead (exit code 11)."""

    exit_code = 11


class EstimationError(MonitorError):
    """No estimate exists for these rows, as when every outcome is alike (exit code 12)."""

    exit_code = 12


class OutsidePlanError(MonitorError):
    """What was asked is not covered by the authorised plan (exit code 13)."""

    exit_code = 13


class EvidenceError(MonitorError):
    """The ledger, the store or an archived batch contradicts itself (exit code 14)."""

    exit_code = 14


class BusyError(MonitorError):
    """Another process is writing to the workspace (exit code 15)."""

    exit_code = 15
