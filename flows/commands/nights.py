"""Files in, nights run: by hand, on a schedule, or as history."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from flows.arguments import KeyOption, WorkspaceArgument, day, existing, today
from flows.terminal import plain, progress, say, table
from monitor.errors import UsageError

if TYPE_CHECKING:
    from monitor.operation.night import RunReport
    from monitor.records import BatchReport
    from monitor.store import Example

FilesArgument = Annotated[
    list[Path], typer.Argument(metavar="FILE...", help="Log files: CSV (also .gz), Parquet or JSON Lines.")
]


def register(app: typer.Typer) -> None:
    app.command(epilog="Example: pccp ingest site-network --dry-run predictions.csv")(ingest)
    app.command(epilog="Example: pccp nightly site-network --as-of 2026-03-01")(nightly)
    app.command(
        epilog="Example: pccp replay study --predictions p.csv --outcomes o1.csv o2.csv --approve accepted"
    )(replay)
    app.command(
        epilog='Example: pccp serve site-network --cron "0 2 * * *" --timezone Europe/Berlin',
    )(serve)


def ingest(
    workspace: WorkspaceArgument,
    files: FilesArgument,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Store nothing; show example lines for each reason.")
    ] = False,
    pseudonym_key: KeyOption = None,
) -> None:
    """Store log files; the same file twice changes nothing."""
    from monitor.operation import night
    from monitor.operation.workspace import open_workspace

    received, found = today(), existing(files)
    if dry_run:
        with open_workspace(workspace, pseudonym_key) as opened:
            for file in found:
                dry = opened.store.dry_run(file, received_on=received)
                say_batch(file.name, dry.report)
                _say_examples([example for shown in dry.examples.values() for example in shown])
        return
    for file, report in zip(
        found, night.ingest(workspace, found, received, key_file=pseudonym_key), strict=True
    ):
        say_batch(file.name, report)


def nightly(
    workspace: WorkspaceArgument,
    as_of: Annotated[
        str | None, typer.Option("--as-of", metavar="DATE", help="Run as on this date. Default: today.")
    ] = None,
    pseudonym_key: KeyOption = None,
) -> None:
    """Ingest the inbox and run every night that is due.

    Missed nights are caught up in order; the same night twice changes nothing. Accepted changes are
    proposals: a person approves them.
    """
    from monitor.operation.night import nightly as run_nights

    on = day(as_of, "--as-of") or today()
    if _has_workers(workspace):
        from flows.nightly import nightly as run_flow

        report = run_flow(str(workspace), on, pseudonym_key=_text(pseudonym_key))
    else:
        with progress() as step:
            report = run_nights(workspace, on, key_file=pseudonym_key, progress=step)
    say_run(workspace, report)


def replay(
    workspace: WorkspaceArgument,
    predictions: Annotated[
        list[Path], typer.Option("--predictions", metavar="FILE...", help="Prediction logs; repeatable.")
    ],
    outcomes: Annotated[
        list[Path], typer.Option("--outcomes", metavar="FILE...", help="Outcome logs; repeatable.")
    ],
    until: Annotated[
        str | None,
        typer.Option("--until", metavar="DATE", help="Last night. Default: when the last cohort is mature."),
    ] = None,
    approve: Annotated[
        str | None,
        typer.Option(
            "--approve", metavar="accepted", help="Deploy accepted changes as a simulated approval."
        ),
    ] = None,
    pseudonym_key: KeyOption = None,
) -> None:
    """Run history as if each row had arrived on its day.

    Needs a new workspace; every recorded time is the night's, so the same logs give the same ledger.
    """
    from monitor.operation.replay import replay as run_history

    if approve not in (None, "accepted"):
        raise UsageError("--approve: the one choice is `accepted`")
    logs, last = (existing(predictions), existing(outcomes)), day(until, "--until")
    if _has_workers(workspace):
        from flows.nightly import replay_history as run_flow

        named: dict[str, list[str]] = dict(
            zip(("predictions", "outcomes"), ([str(file) for file in kind] for kind in logs), strict=True)
        )
        report = run_flow(str(workspace), named, last, approve == "accepted", _text(pseudonym_key))
    else:
        with progress() as step:
            report = run_history(
                workspace,
                *logs,
                until=last,
                approve_accepted=approve == "accepted",
                key_file=pseudonym_key,
                progress=step,
            )
    say_run(workspace, report)


def serve(
    workspace: WorkspaceArgument,
    cron: Annotated[str, typer.Option("--cron", metavar="CRON", help="Minute, hour, day, month, weekday.")],
    timezone: Annotated[
        str, typer.Option("--timezone", metavar="ZONE", help="Of the schedule, for example Europe/Berlin.")
    ] = "UTC",
    review_cron: Annotated[
        str,
        typer.Option(
            "--review-cron",
            metavar="CRON",
            help="Of the weekly packet; `off`: only when somebody asks for it. Default: Mondays at 06:00.",
            show_default=False,
        ),
    ] = "0 6 * * 1",
    notify: Annotated[
        list[str] | None,
        typer.Option(
            "--notify",
            metavar="TYPE/NAME",
            help="Notification block on the server, such as slack-webhook/qa; repeatable. Default: none.",
        ),
    ] = None,
    pseudonym_key: KeyOption = None,
) -> None:
    """Run nights and weekly packets on a schedule, with a Prefect server.

    PREFECT_API_URL names the server. Runs in the foreground: let a service manager start it. The server can
    also be asked to make a dossier again (pccp-documentation, parameter change).
    """
    from flows.deployment import Schedules
    from flows.deployment import serve as serve_flows

    serve_flows(workspace, Schedules(cron, review_cron, timezone), pseudonym_key, tuple(notify or ()))


def _has_workers(workspace: Path) -> bool:
    """Whether the sites are worked on elsewhere; only the Prefect flow takes them there."""
    from monitor.settings import read_settings

    return read_settings(workspace).workers is not None


def _text(path: Path | None) -> str | None:
    return None if path is None else str(path)


def say_run(workspace: Path, report: RunReport) -> None:
    """What one invocation did, in a few lines."""
    for number, batch in enumerate(report.batches, start=1):
        say_batch(f"file {number}", batch)
    nights = report.nights
    span = f" ({nights[0].night} to {nights[-1].night})" if nights else ""
    say(f"{len(nights)} night{'' if len(nights) == 1 else 's'} run{span}")
    for night in nights:
        for word in ("alarms", "opened", "judged", "deployed"):
            names = getattr(night, word)
            if names:
                say(f"  {night.night}  {word:<8}  {', '.join(names)}")
    for name, page in report.dossiers.items():
        say(f"  dossier {name}: {page}")
    if report.purged:
        say(f"{report.purged} delivered file{'' if report.purged == 1 else 's'} deleted from inbox/done")
    say(f"next: pccp status {workspace}")
    report.require_all_read()


def say_batch(name: str, report: BatchReport) -> None:
    """The reconciliation of one file and the reasons for what was not stored."""
    if report.already_ingested:
        say(f"{plain(name)}: was stored before, nothing changed")
        return
    say(
        f"{plain(name)} ({report.role}): {report.rows_read} rows read = {report.stored} stored + "
        f"{report.duplicates} duplicates + {report.revisions} revisions + {report.rejected} rejected + "
        f"{report.waiting} waiting"
    )
    for reason, count in sorted(report.reasons.items()):
        say(f"  rejected  {count:>8}  {reason}")
    for note, count in sorted(report.notes.items()):
        say(f"  note      {count:>8}  {note}")


def _say_examples(examples: list[Example]) -> None:
    if examples:
        rows = [(item.reason, item.line, item.column, item.value_class) for item in examples]
        table(("reason", "line", "column", "kind of value"), rows)
