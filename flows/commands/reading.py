"""Read what the last finished night published; nothing here needs the pseudonym key or blocks a writer."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from flows.arguments import JsonOption, SiteOption, WorkspaceArgument, today
from flows.overview import change_rows, site_rows
from flows.terminal import complain, plain, progress, say, table
from monitor.errors import UsageError

ALARM, OVERDUE = 3, 4


def register(app: typer.Typer) -> None:
    app.command(epilog="Example: pccp status site-network --exit-code")(status)
    app.command(epilog="Example: pccp changes site-network --json")(changes)
    app.command("apply", epilog="Example: pccp apply site-network --site North --score 0.31")(apply_scores)
    app.command(epilog="Example: pccp verify site-network")(verify)


def status(
    workspace: WorkspaceArgument,
    as_json: JsonOption = False,
    exit_code: Annotated[
        bool,
        typer.Option("--exit-code", help="End with 0 quiet, 3 alarm, 4 missed night or stale data."),
    ] = False,
) -> None:
    """Show every site: quiet or alarm, and what to do next."""
    from monitor.operation.status import status as read_status

    found = read_status(workspace)
    if as_json:
        say(json.dumps(found, indent=2, ensure_ascii=False, allow_nan=False))
    else:
        _say_status(found)
    if exit_code:
        raise typer.Exit(_code(workspace, found))


def changes(workspace: WorkspaceArgument, as_json: JsonOption = False) -> None:
    """List every change attempt with its reasons."""
    from monitor.operation.status import status as read_status

    found = read_status(workspace)["changes"]
    if as_json:
        say(json.dumps(found, indent=2, ensure_ascii=False, allow_nan=False))
        return
    if not found:
        say("no change has been opened")
        return
    header = (
        "change",
        "site",
        "finding",
        "kind",
        "state",
        "verdict",
        "fit n (events)",
        "validation n (events)",
    )
    table(header, change_rows(found))
    for change in found:
        for reason in change["reasons"]:
            say(f"{change['id']}: {plain(reason)}")


def apply_scores(
    workspace: WorkspaceArgument,
    site: SiteOption,
    finding: Annotated[
        str | None,
        typer.Option("--finding", metavar="FINDING", help="May be left out when the plan has one."),
    ] = None,
    score: Annotated[float | None, typer.Option("--score", metavar="X", help="One raw score.")] = None,
    scores: Annotated[
        Path | None,
        typer.Option("--scores", metavar="FILE", help="Text file with one raw score on each line."),
    ] = None,
) -> None:
    """Calibrate raw scores with a site's live calibrator.

    Prints one probability on each line.
    """
    from monitor.operation.live import calibrated, live_calibrator

    if (score is None) == (scores is None):
        raise UsageError("name either --score X or --scores FILE")
    raw = _read_scores(scores) if scores else [score or 0.0]
    calibrator = live_calibrator(workspace, site, finding)
    for value in calibrated(calibrator, raw):
        say(f"{value:.10g}")
    complain(f"calibrator {calibrator.version} ({calibrator.kind}) of {site}")


def verify(
    workspace: WorkspaceArgument,
    checkpoint: Annotated[
        Path | None, typer.Option("--checkpoint", metavar="FILE", help="One that was kept elsewhere.")
    ] = None,
) -> None:
    """Check the evidence, and derive every result again.

    Takes about as long as the nights took; changes nothing and needs no key.
    """
    from monitor.operation.verify import verify as verify_evidence

    with progress() as step:
        found = verify_evidence(workspace, checkpoint, step)
    say(f"{workspace}: holds")
    say(f"  ledger       {found.entries} entries, head {found.head}")
    say(f"  derived      {found.derived} entries of {found.nights} nights, as recorded")
    say(f"  archive      {found.batches} batches")
    say(f"  dossiers     {found.dossiers}")
    say(f"  signatures   {found.signatures}")
    say(f"  checkpoints  {found.checkpoints}, covering {found.covered} entries")
    say(found.unseen)


def _say_status(found: dict[str, Any]) -> None:
    counts = ", ".join(f"{number} {name}" for name, number in found["counts"].items())
    plan = found["plan"]
    say(f"as of {found['as_of'] or 'no night yet'}   plan {plain(plan['id'])} {plain(plan['version'])}")
    say(counts)
    header = (
        "site",
        "finding",
        "status",
        "n",
        "events",
        "log R / limit",
        "calibrator",
        "change",
        "next step",
    )
    table(header, site_rows(found))


def _code(workspace: Path, found: dict[str, Any]) -> int:
    """An alarm is known, so it is told before anything that may be missing."""
    from flows.freshness import overdue

    late = overdue(workspace, found["as_of"], today())
    if late:
        complain(late)
    if any(site["alarms"] for site in found["sites"]):
        return ALARM
    return OVERDUE if late else 0


def _read_scores(file: Path) -> list[float]:
    try:
        lines = file.read_text(encoding="utf-8").split()
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{file}: cannot be read as text") from error
    raw: list[float] = []
    for number, line in enumerate(lines, start=1):
        try:
            raw.append(float(line))
        except ValueError as error:
            raise UsageError(f"{file}: value {number}: expected a number from 0 to 1") from error
    return raw
