"""What a run has to tell people elsewhere: one short message, or none where nobody has to act.

A message leaves the institution. So it holds names of the plan and numbers of this program (alarms, changes,
nights, files), and no site name that a log brought, no count of studies or patients, no text of a file or of
an error.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from monitor.errors import (
    BusyError,
    EstimationError,
    EvidenceError,
    IngestError,
    MonitorError,
    OutsidePlanError,
    PlanError,
    UsageError,
)
from monitor.operation.night import RunReport
from monitor.operation.watching.alarms import UNSEEN
from monitor.operation.watching.specs import specs
from monitor.plan import ChangePlan
from monitor.records import Place
from monitor.registry import Change, RegistryState
from monitor.registry.change import CALIBRATION

MOST_LINES = 12
LOOK = "Sites are named by `pccp status` and `pccp review`, not here."
FAILED: tuple[tuple[type[MonitorError], str], ...] = (
    (BusyError, "another process was writing to the workspace all the time"),
    (EvidenceError, "ledger, store or archive contradict each other"),
    (OutsidePlanError, "something was asked that the plan does not cover"),
    (EstimationError, "no estimate exists for the rows"),
    (IngestError, "a log file could not be read"),
    (PlanError, "the plan has faults, or is not the bound one"),
    (UsageError, "it could not be carried out: a disk, a key or a permission"),
)


@dataclass(frozen=True)
class Message:
    """One message: a subject, and lines that each say one thing."""

    subject: str
    lines: tuple[str, ...]

    @property
    def body(self) -> str:
        return "\n".join(self.lines)


def of_nights(name: str, plan: ChangePlan, state: RegistryState, report: RunReport) -> Message | None:
    """What the nights of one run found, where somebody has to act.

    Args:
        name: Of the workspace, as its deployment is called.
        plan: In force.
        state: Of the ledger after the run.
        report: Of the run.
    """
    nights = {night.night.isoformat() for night in report.nights}
    raised = [alarm for night in report.nights for alarm in night.alarms]
    judged = [state.changes[change] for night in report.nights for change in night.judged]
    harm = [change for change in state.changes.values() if _harmed_in(change, nights)]
    floor = [body for body in state.corrective_actions if body["night"] in nights]
    refused = len(report.refused)
    lines = [
        *([f"{_files(refused)} of the inbox could not be read; the nights were run."] if refused else []),
        *(
            f"{change.id}{_of(plan, change.place)}: the change did harm, decide on its rollback."
            for change in harm
        ),
        *(_floor(plan, body) for body in floor),
        *(_judged(plan, change) for change in judged),
        *(_raised(plan, state, alarm) for alarm in raised),
    ]
    if not lines:
        return None
    counts = {"alarm": len(raised), "change judged": len(judged), "file refused": refused}
    counts |= {"rollback to decide": len(harm), "value below its floor": len(floor)}
    told = ", ".join(_counted(number, what) for what, number in counts.items() if number)
    return _message(f"pccp {name}: {told}", lines)


def of_failure(name: str, what: str, error: BaseException | None) -> Message:
    """A run that failed: the kind of error in fixed words, since its text may quote a file.

    Example:
        >>> print(of_failure("net", "night", BusyError("held by process 3")).body)
        The night failed: another process was writing to the workspace all the time (BusyError).
        Its message is in the run's log and is not repeated here.
    """
    kind = next((words for found, words in FAILED if isinstance(error, found)), "an error nobody expected")
    named = type(error).__name__ if error is not None else "no error was handed on"
    lines = [
        f"The {what} failed: {kind} ({named}).",
        "Its message is in the run's log and is not repeated here.",
    ]
    return Message(f"pccp {name}: {what} failed", tuple(lines))


def of_packet(name: str, packet: Mapping[str, Any], late: str | None) -> Message | None:
    """A weekly packet in which something waits for a person; None after a week in which nothing does.

    Args:
        name: Of the workspace.
        packet: The record behind its printed page.
        late: What is late with nights or logs, in one sentence.
    """
    alarms = packet["status_counts"]["alarm"]
    lines = [
        *([f"{_counted(alarms, 'place')} with an open alarm."] if alarms else []),
        *(
            [
                f"{item['change']} waits for signatures: {', '.join(item['missing'])}."
                for item in packet["waiting"]
            ]
        ),
        *(
            [
                f"{item['change']}: the change did harm, decide on its rollback."
                for item in packet["rollbacks"]
            ]
        ),
        *([f"{late[:1].upper()}{late[1:]}."] if late else []),
    ]
    return _message(f"pccp {name}: weekly packet {packet['packet']} is ready", lines) if lines else None


def _message(subject: str, lines: list[str]) -> Message:
    shown = lines if len(lines) <= MOST_LINES else lines[: MOST_LINES - 1]
    more = [f"And {len(lines) - len(shown)} more."] if len(shown) < len(lines) else []
    return Message(subject, (*shown, *more, LOOK))


def _harmed_in(change: Change, nights: Iterable[str]) -> bool:
    found = change.followed_up
    return found is not None and bool(found["rollback_proposed"]) and found["night"] in nights


def _floor(plan: ChangePlan, body: Mapping[str, Any]) -> str:
    place = Place(body["site"], body["finding"])
    return f"{body['corrective_action']}{_of(plan, place)}: the live version is below the plan's floor."


def _judged(plan: ChangePlan, change: Change) -> str:
    """The verdict, and whose signatures an accepted change waits for; a change was put forward or not."""
    verdict = (change.verdict or {}).get("verdict") or "no candidate was put forward"
    lacking = [found for found in change.signatures if found.have < found.need]
    waits = ", ".join(f"{found.role} {found.have} of {found.need}" for found in lacking)
    signed = f"; it waits for signatures: {waits}" if change.state == "proposed" and waits else ""
    return f"{change.id}{_of(plan, change.place)} judged: {verdict}{signed}."


def _raised(plan: ChangePlan, state: RegistryState, name: str) -> str:
    alarm = state.alarms[name]
    known = {CALIBRATION, *(spec.name for spec in specs(plan))}
    known |= {UNSEEN + item.name for item in plan.logs.covariates}
    stream = alarm.stream.replace("_", " ").replace(":", ": ") if alarm.stream in known else "another"
    return f"New alarm {name}{_of(plan, alarm.place)}: stream {stream}."


def _of(plan: ChangePlan, place: Place) -> str:
    """Site and finding as far as the plan itself names them."""
    named = [place.site] if place.site == plan.logs.predictions.constants.site else []
    named += [place.finding] if place.finding in {finding.id for finding in plan.findings} else []
    return f" ({', '.join(named)})" if named else ""


def _files(number: int) -> str:
    return _counted(number, "file")


def _counted(number: int, what: str) -> str:
    """A number with its noun.

    Example:
        >>> _counted(1, "alarm"), _counted(2, "change judged")
        ('1 alarm', '2 changes judged')
    """
    noun, space, rest = what.partition(" ")
    return f"{number} {noun}{'' if number == 1 else 's'}{space}{rest}"
