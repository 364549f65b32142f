"""What a dossier is written from: the plan as loaded, the change as folded from the ledger, the head."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from monitor.plan.model import ChangePlan

Record = Mapping[str, Any]


class PlanFile(Protocol):
    """A checked plan and the hash that binds every record to it."""

    @property
    def plan(self) -> ChangePlan: ...

    @property
    def sha256(self) -> str: ...


class Change(Protocol):
    """One change attempt as the ledger tells it; each part is the body of a ledger entry.

    Attributes:
        id: "CHG-0001".
        alarm, opened: Always there.
        candidate, verdict, deployed: None until the ledger holds such an entry.
        approvals: Bodies of approvals and refusals, in order.
        state: Where the change stands.
        entries: (sequence, hash, kind) of every ledger entry of this change, in order.
    """

    @property
    def id(self) -> str: ...

    @property
    def alarm(self) -> Record: ...

    @property
    def opened(self) -> Record: ...

    @property
    def candidate(self) -> Record | None: ...

    @property
    def verdict(self) -> Record | None: ...

    @property
    def approvals(self) -> Sequence[Record]: ...

    @property
    def deployed(self) -> Record | None: ...

    @property
    def state(self) -> str: ...

    @property
    def entries(self) -> Sequence[tuple[int, str, str]]: ...
