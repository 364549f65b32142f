"""Read what the last finished night published, beside any writer.

The pseudonym key is needed to find a person, and where the databases are encrypted.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from flows.answers import answer_line, live_answers
from flows.arguments import JsonOption, ReadingKeyOption, SiteOption, WorkspaceArgument, today
from flows.overview import change_rows, site_rows
from flows.terminal import complain, plain, progress, say, table
from monitor.errors import UsageError

ALARM, OVERDUE = 3, 4


def register(app: typer.Typer) -> None:
    app.command(epilog="Example: pccp status site-network --exit-code")(status)
    app.command(epilog="Example: pccp changes site-network --json")(changes)
    # An argument too many could be half a name: it comes here, and is not repeated in a message.
    app.command(
        epilog="Example: pccp find site-network --study - --pseudonym-key pseudonym.key < study-number.txt",
        context_settings={"allow_extra_args": True, "ignore_unknown_options": True},
    )(find)
    app.command("apply", epilog="Example: pccp apply site-network --site North --score 0.31")(apply_scores)
    app.command(epilog="Example: pccp verify site-network")(verify)


def status(
    workspace: WorkspaceArgument,
    as_json: JsonOption = False,
    exit_code: Annotated[
        bool,
        typer.Option("--exit-code", help="End with 0 quiet, 3 alarm, 4 missed night or stale data."),
    ] = False,
    pseudonym_key: ReadingKeyOption = None,
) -> None:
    """Show every site: quiet or alarm, and what to do next."""
    from monitor.operation.reading.status import status as read_status

    found = read_status(workspace, pseudonym_key, past=as_json)
    if as_json:
        say(json.dumps(found, indent=2, ensure_ascii=False, allow_nan=False))
    else:
        _say_status(found)
    if exit_code:
        raise typer.Exit(_code(workspace, found, pseudonym_key))


def changes(
    workspace: WorkspaceArgument, as_json: JsonOption = False, pseudonym_key: ReadingKeyOption = None
) -> None:
    """List every change attempt with its reasons."""
    from monitor.operation.reading.status import status as read_status

    found = read_status(workspace, pseudonym_key, past=False)["changes"]
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


def find(
    context: typer.Context,
    workspace: WorkspaceArgument,
    key_file: Annotated[Path, typer.Option("--pseudonym-key", metavar="FILE", help="Key of this workspace.")],
    study: Annotated[
        str | None, typer.Option("--study", metavar="ID", help="Study number; - reads standard input.")
    ] = None,
    patient: Annotated[
        str | None, typer.Option("--patient", metavar="ID", help="Patient number; - reads standard input.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Say whether and where a study or a patient is stored.

    Give the identifier on standard input, so that no list of commands or processes shows it. It is
    written nowhere. Ends with exit code 2 when nothing is found under this key.
    """
    from flows.found import say_found
    from monitor.operation.reading.finding import find as find_person

    if context.args or (study is None) == (patient is None):
        raise UsageError("name one identifier: --study ID or --patient ID (quoted), or - for standard input")
    identifier = study if study is not None else patient or ""
    found = find_person(
        workspace,
        "study" if study is not None else "patient",
        sys.stdin.readline().rstrip("\r\n") if identifier == "-" else identifier,
        key_file,
    )
    if as_json:
        say(json.dumps(found, indent=2, ensure_ascii=False, allow_nan=False))
    elif found["found"]:
        say_found(found)
    if not found["found"]:
        raise UsageError(f"{workspace}: no such {found['by']} under this key ({found['pseudonym_key_id']})")


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
    as_json: JsonOption = False,
) -> None:
    """Calibrate raw scores with a site's live calibrator.

    Prints one line for each score: the probability; with an operating point in the plan, whether the score
    is above or below the threshold; and "unknown" where the calibrator abstains.
    """
    from monitor.operation.reading.live import answers, live

    if (score is None) == (scores is None):
        raise UsageError("name either --score X or --scores FILE")
    in_use = live(workspace, site, finding)
    given = answers(in_use, _read_scores(scores) if scores else [score or 0.0])
    if as_json:
        say(json.dumps(live_answers(in_use, given), indent=2, ensure_ascii=False, allow_nan=False))
        return
    for answer in given:
        say(answer_line(answer))
    complain(f"calibrator {in_use.calibrator.version} ({in_use.calibrator.kind}) of {plain(site)}")


def verify(
    workspace: WorkspaceArgument,
    checkpoint: Annotated[
        Path | None, typer.Option("--checkpoint", metavar="FILE", help="One that was kept elsewhere.")
    ] = None,
    pseudonym_key: ReadingKeyOption = None,
) -> None:
    """Check the evidence, and derive every result again.

    Takes about as long as the nights took; changes nothing.
    """
    from monitor.operation.evidence.verify import verify as verify_evidence

    with progress() as step:
        found = verify_evidence(workspace, checkpoint, step, pseudonym_key)
    say(f"{workspace}: holds")
    say(f"  ledger       {found.entries} entries, head {found.head}")
    say(f"  derived      {found.derived} entries of {found.nights} nights, as recorded")
    say(f"  archive      {found.batches} batches")
    say(f"  dossiers     {found.dossiers}")
    say(f"  signatures   {found.signatures}")
    say(f"  checkpoints  {found.checkpoints}, covering {found.covered} entries")
    say(found.unseen)


def _false_alarms(promised: dict[str, Any]) -> str:
    """How many false alarms to expect where nothing changes, and which sites stand out all the same.

    Example:
        >>> _false_alarms({"probability_per_site": 0.05, "horizon_looks": 365, "expected_over_all_sites": 2.5,
        ...     "places_named_by_e_bh": []})
        'if nothing changes anywhere, at most 2.5 false alarms in 365 looks over all sites (0.05 at each)'
    """
    told = (
        f"if nothing changes anywhere, at most {promised['expected_over_all_sites']:g} false alarms in "
        f"{promised['horizon_looks']} looks over all sites ({promised['probability_per_site']:g} at each)"
    )
    named = [plain(site) for site, _ in promised["places_named_by_e_bh"]]
    return told + (f"; sites that stand out among all (e-BH): {', '.join(named)}" if named else "")


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
    say(_false_alarms(found["false_alarms"]))
    for site in found["sites"]:
        if after := site["estimates_after"]:
            where = plain(f"{site['site']} {site['finding']}")
            say(f"{where}: rows up to cohort {after} are archived; n and events count them, estimates do not")


def _code(workspace: Path, found: dict[str, Any], key_file: Path | None) -> int:
    """An alarm is known, so it is told before anything that may be missing."""
    from flows.freshness import overdue

    late = overdue(workspace, found["as_of"], today(), key_file)
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
