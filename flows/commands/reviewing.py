"""Static pages for the quality review: nothing to install, nothing to start."""

from __future__ import annotations

from typing import Annotated

import typer

from flows.arguments import ReadingKeyOption, WorkspaceArgument, day, today
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
    power: Annotated[
        bool,
        typer.Option(
            help="Try the plan at the sites, for the power table on its page; twelve sites at most, about a "
            "second each."
        ),
    ] = True,
    as_of: Annotated[
        str | None,
        typer.Option("--as-of", metavar="DATE", help="Count missed nights up to this day. Default: today."),
    ] = None,
    serve: Annotated[bool, typer.Option("--serve", hidden=True)] = False,
    pseudonym_key: ReadingKeyOption = None,
) -> None:
    """Write pages that show every site: status, streams over time, effects, causes, open alarms.

    They open offline in any browser and hold no identifier of a patient.
    """
    from monitor.documentation.review import write_review
    from monitor.operation.reading.monitoring import monitoring_report
    from monitor.rehearsal import power_for_review

    if serve:
        raise UsageError(
            "pccp review --serve: not available in this version; the pages open without a server"
        )
    with progress() as step:
        report = monitoring_report(
            workspace,
            today=day(as_of, "--as-of") or today(),
            key_file=pseudonym_key,
            evidently=evidently,
            progress=step,
        )
        if power:
            report["plan_document"]["power"] = power_for_review(workspace, pseudonym_key, step)
    pages = write_review(report, workspace / "review")
    say(f"{len(pages)} pages; open {(workspace / 'review' / 'index.html').resolve()}")
