"""Pages for the quality review: as files, with nothing to start, or served with forms to sign."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from flows.arguments import WorkspaceArgument, day, today
from flows.terminal import progress, say
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
        epilog="Examples: pccp review site-network && xdg-open site-network/review/index.html; "
        "pccp review site-network --serve"
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
    as_of: Annotated[
        str | None,
        typer.Option("--as-of", metavar="DATE", help="Count missed nights up to this day. Default: today."),
    ] = None,
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
    if serve:
        return _serve(workspace, evidently, as_of, port, pseudonym_key)
    if port is not None:
        raise UsageError("--port: only with --serve")
    from monitor.documentation.review import write_review
    from monitor.operation.reading.monitoring import monitoring_report

    with progress() as step:
        report = monitoring_report(
            workspace,
            today=day(as_of, "--as-of") or today(),
            key_file=pseudonym_key,
            evidently=evidently,
            progress=step,
        )
    pages = write_review(report, workspace / "review")
    return say(f"{len(pages)} pages; open {(workspace / 'review' / 'index.html').resolve()}")


def _serve(
    workspace: Path, evidently: bool, as_of: str | None, port: int | None, pseudonym_key: Path | None
) -> None:
    from flows.sign_off import Pages, serve

    given = day(as_of, "--as-of")
    pages = Pages(workspace, pseudonym_key, evidently, lambda: given or today())
    with progress() as step:
        pages.built(step)
    serve(pages, port, say)
