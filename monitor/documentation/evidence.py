"""What a dossier is written from: the plan as loaded and the change as folded from the ledger."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from monitor.plan.model import ChangePlan
from monitor.registry import Change

__all__ = ["Change", "PlanFile", "Record"]

Record = Mapping[str, Any]


class PlanFile(Protocol):
    """A checked plan and the hash that binds every record to it: from a file, or from the workspace."""

    @property
    def plan(self) -> ChangePlan: ...

    @property
    def sha256(self) -> str: ...
