"""The deployment record, and the monitoring of the version in use."""

from __future__ import annotations

from monitor.documentation.blocks import Aside, Block, Cell, Code, Facts, Section, Sentence, Table
from monitor.documentation.evidence import Record
from monitor.documentation.sections.conformity import needs_a_person
from monitor.documentation.wording import listed, spaced


def deployment_section(dossier: Record) -> Section:
    """Where and when the version was put into use, the way back, and what watches it."""
    blocks = [*_deployed(dossier["deployment"]), *_watched(dossier["monitoring_of_version"])]
    return Section("deployment", "Deployment and monitoring of this version", tuple(blocks))


def _deployed(found: Record | None) -> list[Block]:
    if found is None:
        return [Sentence("This change was not deployed, so there is no deployment to record.")]
    who = listed(found["by"]) + (" (simulated: no person)" if found["simulated"] else "")
    state = "rolled back since" if found["rolled_back"] else "not rolled back"
    rows: tuple[tuple[str, Cell], ...] = (
        ("Put into use", f"version {found['version']} for {found['finding']} at {found['site']}"),
        ("First night", found["night"]),
        ("By", who),
        ("Check on record", found["recorded_check"]),
        ("Way back", f"to version {found['rollback_point']}; {state}"),
        ("Command", Code(found["rollback"]) if found["rollback"] else "the plan has no rollback"),
    )
    return [Facts(rows), Aside(needs_a_person(found["person"]))]


def _watched(found: Record) -> list[Block]:
    since = f"Version {found['version']} is watched since {found['since']}: its stream started anew. "
    start = since if found["version"] else "This version is not in use; the streams watch the one that is. "
    rows = tuple(
        (
            spaced(row["stream"]).capitalize(),
            f"{row['at_most']:g}",
            "; ".join(f"{spaced(name)} {value:g}" for name, value in row["tolerance"].items()),
        )
        for row in found["streams"]
    )
    rule = (
        f"{start}Looks are {found['cadence']}; over {found['horizon_looks']:,} of them the probability of "
        f"any false alarm at a site is at most {found['false_alarm_probability']:g}."
    )
    columns = ("Stream", "Its share of that probability", "Tolerance")
    blocks: list[Block] = [
        Sentence(rule),
        Table("streams", "Streams and tolerances of the plan", columns, rows),
    ]
    if limits := _limits(found):
        blocks.append(Sentence(limits))
    return [*blocks, Aside(needs_a_person(found["person"]))] if found["version"] else blocks


def _limits(found: Record) -> str:
    told: list[str] = []
    if found["floor_auc"] is not None:
        told.append(f"Below an area under the curve of {found['floor_auc']:g} a corrective action is opened.")
    if found["follow_up_events"] is not None:
        told.append(
            f"After {found['follow_up_events']:,} events in use it is asked once whether the change helped."
        )
    return " ".join(told)
