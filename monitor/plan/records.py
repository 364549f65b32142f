"""How long records are kept, and which counts documents do not show."""

from typing import Annotated

from pydantic import Field

from monitor.plan.types import Closed


class Records(Closed):
    """Rules for records and for documents that leave the house; each is optional."""

    retention_years: Annotated[int, Field(ge=1, le=100)] | None = Field(
        default=None,
        description="Years for which the evidence (ledger, archive, plans, dossiers, rejected rows) is kept; "
        "printed in every dossier. No command deletes evidence, before or after.",
        examples=[10],
    )
    small_cell_minimum: Annotated[int, Field(ge=2, le=1000)] | None = Field(
        default=None,
        description="Least count above 0 that a dossier shows; below it, and where a difference would give "
        "one away, groups are merged or the number is withheld.",
        examples=[10],
    )
    delivered_files_days: Annotated[int, Field(ge=0, le=3660)] | None = Field(
        default=None,
        description="Days after its arrival for which a delivered file stays in inbox/done; a night deletes "
        "older ones. They hold clear identifiers.",
        examples=[30],
    )
