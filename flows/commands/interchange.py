"""To and from other systems: logs out of FHIR and DICOM, metrics for Prometheus."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from flows.arguments import MissedUpToOption, ReadingKeyOption, WorkspaceArgument, day, existing, today
from flows.terminal import plain, say
from monitor.errors import IngestError, UsageError

if TYPE_CHECKING:
    from monitor.interchange import Conversion
    from monitor.records import Role
else:
    Role = Literal["predictions", "outcomes"]  # the records bring NumPy, of which --help has no use

INBOX = "inbox"
MappingOption = Annotated[
    Path, typer.Option("--mapping", metavar="MAPPING.yaml", help="Which codes mean which finding and answer.")
]
RoleOption = Annotated[Role, typer.Option("--to", metavar="LOG", help="predictions or outcomes.")]
OutOption = Annotated[
    Path, typer.Option("--out", metavar="FILE.csv", help="New file, mode 0600; it holds clear identifiers.")
]
RefusedOption = Annotated[
    Path | None,
    typer.Option("--refused", metavar="FILE", help="New file for refusals. Default: FILE.csv.refused."),
]


def register(app: typer.Typer) -> None:
    converting = typer.Typer(help="Make a log from FHIR bundles or DICOM reports.", no_args_is_help=True)
    ending = "--mapping {form}.yaml --to predictions --out predictions.csv"
    converting.command(epilog=f"Example: pccp convert fhir bundle.json {ending.format(form='fhir')}")(fhir)
    converting.command(epilog=f"Example: pccp convert dicom report.dcm {ending.format(form='dicom')}")(dicom)
    app.add_typer(converting, name="convert")
    app.command(epilog="Example: pccp metrics site-network > /var/lib/node_exporter/pccp.prom")(metrics)


def fhir(
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="FHIR R4 bundles, JSON.")],
    mapping: MappingOption,
    to: RoleOption,
    out: OutOption,
    refused: RefusedOption = None,
) -> None:
    """Make a log from FHIR R4 Observations and DiagnosticReports.

    The file has the columns of the log contract and clear identifiers, readable by its owner only:
    pseudonyms are made when it is ingested. Delete it then. What the mapping does not name is refused,
    never guessed; each refused item is listed with file, position and reason.
    """
    _convert("fhir", files, mapping, to, (out, refused))


def dicom(
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="DICOM SR files of TID 1500.")],
    mapping: MappingOption,
    to: RoleOption,
    out: OutOption,
    refused: RefusedOption = None,
) -> None:
    """Make a log from DICOM structured reports; needs the extra `dicom`.

    The file has the columns of the log contract and clear identifiers, readable by its owner only:
    pseudonyms are made when it is ingested. Delete it then. What the mapping does not name is refused,
    never guessed; each refused item is listed with file, position and reason.
    """
    _convert("dicom", files, mapping, to, (out, refused))


def metrics(
    workspace: WorkspaceArgument,
    as_of: MissedUpToOption = None,
    pseudonym_key: ReadingKeyOption = None,
) -> None:
    """Print the state of every site for Prometheus.

    Text format, for the textfile collector or any program that serves it; nothing of a patient.
    """
    from datetime import date

    from flows.freshness import missed_nights
    from monitor.operation.reading.metrics import exposition
    from monitor.operation.reading.status import status
    from monitor.operation.workspace import read_plan

    found, plan = status(workspace, pseudonym_key, past=False), read_plan(workspace).plan
    asked = day(as_of, "--as-of") or today()
    missed: int | None = None
    if found["as_of"] and not plan.undated:
        missed = missed_nights(plan, date.fromisoformat(found["as_of"]), asked)
    least = plan.records.small_cell_minimum if plan.records else None
    say(exposition(found, missed_nights=missed, least_count=least).rstrip("\n"))


def _convert(
    form: str, files: list[Path], mapping: Path, role: Role, paths: tuple[Path, Path | None]
) -> None:
    from monitor.interchange import convert, read_mapping, write

    out = paths[0]
    refused = paths[1] or out.with_name(f"{out.name}.refused")
    if out.suffix != ".csv":
        raise UsageError(f"{out}: expected a name ending in .csv")
    if refused.parent.name == INBOX:
        raise UsageError("--refused: name a file outside the inbox, which takes logs only")
    found = convert(form, existing(files), read_mapping(mapping), role)
    write(found, out, refused)
    _say_conversion(found, out, refused)
    if not found.rows:
        raise IngestError(f"{len(files)} files: no row of the {role} log; {out} holds its header only")


def _say_conversion(found: Conversion, out: Path, refused: Path) -> None:
    say(
        f"{plain(out)} ({found.role}): {found.read} items read = {len(found.rows)} converted + "
        f"{len(found.refused)} refused"
    )
    for reason, count in sorted(found.reasons.items()):
        say(f"  refused   {count:>8}  {reason}")
    if found.set_aside:
        say(f"  set aside {found.set_aside:>8}  items of the other log, or a device's words")
    if found.refused:
        say(f"refused items, with file and position: {plain(refused)}")
