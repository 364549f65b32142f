"""Static pages for the quality review: nothing to install, nothing to start."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Annotated

import typer

from flows.arguments import MissedUpToOption, ReadingKeyOption, WorkspaceArgument, day, today
from flows.terminal import progress, say
from monitor.errors import UsageError


def register(app: typer.Typer) -> None:
    app.command(epilog="Example: pccp review site-network && xdg-open site-network/review/index.html")(review)


def review(
    workspace: WorkspaceArgument,
    evidently: Annotated[
        bool,
        typer.Option(
            help="Ask Evidently of sites with an open alarm, as a second opinion that decides nothing; some "
            "seconds each."
        ),
    ] = True,
    as_of: MissedUpToOption = None,
    packet: Annotated[
        bool,
        typer.Option(
            "--packet",
            help="Write the week's packet instead: the pages and one printed page, in a folder that stays.",
        ),
    ] = False,
    serve: Annotated[bool, typer.Option("--serve", hidden=True)] = False,
    pseudonym_key: ReadingKeyOption = None,
) -> None:
    """Write pages that show every site: status, streams over time, effects, causes, open alarms.

    They open offline in any browser and hold no identifier of a patient.
    """
    from monitor.documentation.review import write_review
    from monitor.operation.reading.monitoring import monitoring_report

    if serve:
        raise UsageError(
            "pccp review --serve: not available in this version; the pages open without a server"
        )
    asked = day(as_of, "--as-of") or today()
    if packet:
        _write_packet(workspace, asked, pseudonym_key)
        return
    with progress() as step:
        report = monitoring_report(
            workspace,
            today=asked,
            key_file=pseudonym_key,
            evidently=evidently,
            progress=step,
        )
    pages = write_review(report, workspace / "review")
    say(f"{len(pages)} pages; open {(workspace / 'review' / 'index.html').resolve()}")


def _write_packet(workspace: Path, asked: date, pseudonym_key: Path | None) -> None:
    from monitor.operation.packets import write_packet

    with progress() as step:
        found = write_packet(workspace, today=asked, key_file=pseudonym_key, progress=step)
    if found.beside:
        say(f"of another state, and left as they are: {', '.join(found.beside)}")
    word = "written" if found.new else "is there already, byte by byte"
    say(f"packet {found.folder.name} {word}: {found.files} files; open {found.folder / 'summary.pdf'}")
