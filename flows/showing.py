"""Prefect artifacts: a table of sites and alarms, a link to each dossier. Texts from files are escaped."""

from __future__ import annotations

import html
from pathlib import Path

from prefect import task
from prefect.artifacts import create_link_artifact, create_table_artifact
from prefect.cache_policies import NO_CACHE

from flows.markdown import escaped
from flows.overview import Row, site_rows
from flows.terminal import plain
from monitor.operation.reading.status import status

SITES_KEY = "pccp-sites"
PACKET_KEY = "pccp-packet"
COLUMNS = ("site", "finding", "status", "n", "events", "log R / limit", "calibrator", "change", "next step")


@task(cache_policy=NO_CACHE, persist_result=False, timeout_seconds=600, retries=1, retry_delay_seconds=10)
def show_sites(workspace: str, pseudonym_key: str | None = None) -> None:
    """A table of all sites under one key, so that Prefect keeps its history."""
    found = status(Path(workspace), Path(pseudonym_key) if pseudonym_key else None, past=False)
    rows = [_record(row) for row in site_rows(found)]
    create_table_artifact(
        table=rows,
        key=SITES_KEY,
        description=f"Sites as of {found['as_of']}, plan {escaped(found['plan']['id'])}",
    )


@task(cache_policy=NO_CACHE, persist_result=False, timeout_seconds=600, retries=1, retry_delay_seconds=10)
def show_dossiers(pages: dict[str, str]) -> None:
    """A link to the page of each dossier.

    Args:
        pages: HTML file by change.
    """
    for change, page in pages.items():
        create_link_artifact(
            key=f"pccp-dossier-{change.lower()}",
            link=Path(page).resolve().as_uri(),
            link_text=f"Dossier {change}",
        )


@task(cache_policy=NO_CACHE, persist_result=False, timeout_seconds=600, retries=1, retry_delay_seconds=10)
def show_packet(folder: str) -> None:
    """A link to the printed page of the newest packet, under one key."""
    page = Path(folder) / "summary.pdf"
    create_link_artifact(key=PACKET_KEY, link=page.resolve().as_uri(), link_text=f"Packet {page.parent.name}")


def _record(row: Row) -> dict[str, object]:
    cells = [cell if isinstance(cell, int | float) else html.escape(plain(cell)) for cell in row]
    return dict(zip(COLUMNS, cells, strict=True))
