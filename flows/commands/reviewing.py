"""Pages for the quality review: as files, with nothing to start, or served with forms to sign."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Annotated, Any

import typer

from flows.arguments import MissedUpToOption, WorkspaceArgument, day, today
from flows.terminal import Progress, progress, say
from monitor.errors import UsageError

ReviewKeyOption = Annotated[
    Path | None,
    typer.Option(
        "--pseudonym-key",
        metavar="FILE",
        help="Needed to sign with --serve, and where the databases are encrypted. Default: in the user's "
        "config folder.",
    ),
]


def register(app: typer.Typer) -> None:
    app.command(
        epilog="Example: pccp review site-network && xdg-open site-network/review/index.html; to sign in the "
        "browser: pccp review site-network --serve"
    )(review)


def review(
    workspace: WorkspaceArgument,
    evidently: Annotated[
        bool,
        typer.Option(
            help="Ask Evidently of sites with an open alarm, as a second opinion that decides nothing; some "
            "seconds each."
        ),
    ] = True,
    power: Annotated[
        bool,
        typer.Option(
            help="Try the plan at the sites, for the power table on its page; twelve sites at most, about a "
            "second each."
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
    serve: Annotated[
        bool,
        typer.Option(
            "--serve",
            help="Show them at an address of this computer instead, with forms to approve, decline, close "
            "and roll back. Prints where to start; Ctrl-C ends it.",
        ),
    ] = False,
    port: Annotated[
        int | None,
        typer.Option("--port", min=1024, max=65535, help="With --serve: of 127.0.0.1. Default: a free one."),
    ] = None,
    pseudonym_key: ReviewKeyOption = None,
) -> None:
    """Write pages that show every site: status, streams over time, effects, causes, open alarms.

    They open offline in any browser and hold no identifier of a patient.
    """
    from monitor.operation.reading.monitoring import monitoring_report
    from monitor.operation.reading.remembered import Remembered
    from monitor.rehearsal import power_for_review

    given, remembered = day(as_of, "--as-of"), Remembered()

    def now() -> date:
        return given or today()

    def report(step: Progress) -> dict[str, Any]:
        found = monitoring_report(
            workspace,
            today=now(),
            key_file=pseudonym_key,
            evidently=evidently,
            progress=step,
            remembered=remembered,
        )
        if power:
            table = remembered.once("power", lambda: power_for_review(workspace, pseudonym_key, step))
            found["plan_document"]["power"] = table
        return found

    if serve:
        return _serve(workspace, pseudonym_key, report, now, port)
    if port is not None:
        raise UsageError("--port: only with --serve")
    if packet:
        return _write_packet(workspace, now(), pseudonym_key)
    from monitor.documentation.review import write_review

    with progress() as step:
        found = report(step)
    pages = write_review(found, workspace / "review")
    return say(f"{len(pages)} pages; open {(workspace / 'review' / 'index.html').resolve()}")


def _serve(
    workspace: Path,
    pseudonym_key: Path | None,
    report: Callable[[Progress], dict[str, Any]],
    now: Callable[[], date],
    port: int | None,
) -> None:
    from flows.sign_off import Pages, serve

    pages = Pages(workspace, pseudonym_key, report, now)
    with progress() as step:
        pages.built(step)
    serve(pages, port, say)


def _write_packet(workspace: Path, asked: date, pseudonym_key: Path | None) -> None:
    from monitor.operation.packets import write_packet

    with progress() as step:
        found = write_packet(workspace, today=asked, key_file=pseudonym_key, progress=step)
    if found.beside:
        say(f"of another state, and left as they are: {', '.join(found.beside)}")
    word = "written" if found.new else "is there already, byte by byte"
    say(f"packet {found.folder.name} {word}: {found.files} files; open {found.folder / 'summary.pdf'}")
