"""What the ledger says: alarms, changes and live calibrators, folded in the only order allowed."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

from monitor.calibrators import read_calibrator
from monitor.errors import EvidenceError
from monitor.records import IDENTITY, Calibrator, Mark, Place
from monitor.registry.change import CALIBRATION, Alarm, Body, Change, ChangeStateName
from monitor.registry.ledger import Entry


@dataclass
class RegistryState:
    """Everything decided so far, in the order of the ledger.

    Attributes:
        bound: Body of entry 0, its plan replaced by that of the latest amendment.
        plans: Identity of every plan that was bound, oldest first.
        deferred: By alarm, why no change was opened for it when it was last asked.
        live: Deployed calibrator per place; the original where none was deployed.
        live_since: Night from which the live calibrator is in use, per place.
        deployments: Deployments per place that no rollback has undone, oldest first; the last is live.
        deployed_ever: Deployments per place, undone ones included.
        epoch: Times each place's calibration stream was restarted.
        stream_epoch: Times each other stream was restarted, by place and stream.
        restarts: Amendments that restarted every stream.
        references: What was frozen as reference, by place and kind ("predictions" or "outcomes").
        marks: What the looks at the predictions have read, one per night.
        nights: Bodies of the night entries, in order, as many as `marks`.
        batches: Bodies of the batch entries, in order.
        streams: Bets fixed at each stream's first look, by place and epoch.
        read_cohorts: Cohorts that a night has read.
        last_night: The last finished night.
        last_night_plan: SHA-256 of the plan that was in force then.
        floor_checks: The last check of the floor per place.
        archived: The newest cohort per place whose rows left the working database (`to`, `to_end`).
        archived_after: The night after which rows last left; "" when none did.
        corrective_actions: Opened because the version in use was below its floor.
        deviations: Deviations from the plan, and records of what is none.
        outside: Requests that the plan does not cover.
    """

    bound: Body = field(default_factory=dict[str, Any])
    plans: list[Body] = field(default_factory=list[Body])
    alarms: dict[str, Alarm] = field(default_factory=dict[str, Alarm])
    changes: dict[str, Change] = field(default_factory=dict[str, Change])
    deferred: dict[str, Body] = field(default_factory=dict[str, Body])
    live: dict[Place, Calibrator] = field(default_factory=dict[Place, Calibrator])
    live_since: dict[Place, str] = field(default_factory=dict[Place, str])
    deployments: dict[Place, list[Body]] = field(default_factory=dict[Place, list[Body]])
    deployed_ever: dict[Place, int] = field(default_factory=dict[Place, int])
    epoch: dict[Place, int] = field(default_factory=dict[Place, int])
    stream_epoch: dict[tuple[Place, str], int] = field(default_factory=dict[tuple[Place, str], int])
    references: dict[tuple[Place, str], Body] = field(default_factory=dict[tuple[Place, str], Body])
    restarts: int = 0
    marks: list[Mark] = field(default_factory=list[Mark])
    nights: list[Body] = field(default_factory=list[Body])
    batches: list[Body] = field(default_factory=list[Body])
    streams: dict[tuple[Place, int], Body] = field(default_factory=dict[tuple[Place, int], Body])
    read_cohorts: set[str] = field(default_factory=set[str])
    last_night: str | None = None
    last_night_plan: str | None = None
    floor_checks: dict[Place, Body] = field(default_factory=dict[Place, Body])
    archived: dict[Place, Body] = field(default_factory=dict[Place, Body])
    archived_after: str = ""
    corrective_actions: list[Body] = field(default_factory=list[Body])
    deviations: list[Body] = field(default_factory=list[Body])
    outside: list[Body] = field(default_factory=list[Body])
    _open: dict[tuple[Place, str], list[str]] = field(default_factory=dict[tuple[Place, str], list[str]])

    def apply(self, entry: Entry) -> None:
        """Take one more entry into account; kinds without a decision are passed over.

        Raises:
            EvidenceError: The entry is not one that may follow, as an approval without a verdict.
        """
        readers = {
            "batch": self._batch,
            "bound": self._bound,
            "amended": self._amended,
            "night": self._night,
            "reference_frozen": self._reference_frozen,
            "stream_started": self._stream_started,
            "alarm": self._alarm,
            "alarm_closed": self._alarm_closed,
            "change_opened": self._change_opened,
            "change_deferred": self._change_deferred,
            "candidate_frozen": self._candidate_frozen,
            "look": self._look,
            "verdict": self._verdict,
            "approval": self._approval,
            "declined": self._declined,
            "implemented": self._implemented,
            "deployed": self._deployed,
            "rolled_back": self._rolled_back,
            "voided": self._voided,
            "dossier": self._dossier,
            "floor_check": self._floor_check,
            "archived": self._archived,
            "follow_up": self._follow_up,
        }
        listed = {
            "corrective_action": self.corrective_actions,
            "deviation": self.deviations,
            "outside_plan": self.outside,
        }
        if reader := readers.get(entry.kind):
            try:
                reader(entry)
            except (LookupError, TypeError, ValueError, AttributeError) as error:
                raise _misplaced(entry, "its content is not that of such an entry") from error
        elif entry.kind in listed:
            listed[entry.kind].append(entry.body)

    @property
    def plan_sha256(self) -> str | None:
        """The plan in force."""
        return self.bound["plan"]["sha256"] if self.bound else None

    def calibrator(self, place: Place) -> Calibrator:
        """The live calibrator of a place."""
        return self.live.get(place, IDENTITY)

    def calibrator_before(self, place: Place) -> Calibrator | None:
        """The approved calibrator that was in use before the live one; None when the original is live."""
        undoable = self.deployments.get(place, [])
        if not undoable:
            return None
        return read_calibrator(undoable[-2]["calibrator"]) if len(undoable) > 1 else IDENTITY

    def next_version(self, place: Place) -> str:
        """The name of a place's next calibrator; one that was rolled back keeps its own."""
        return f"v{self.deployed_ever.get(place, 0) + 1}"

    def open_alarm(self, place: Place, stream: str = CALIBRATION) -> str | None:
        """The alarm that keeps a stream of a place from being read further, if any."""
        return next(iter(self._open.get((place, stream), ())), None)

    def archived_to(self, place: Place) -> str:
        """The newest cohort of a place whose rows left the working database; "" when none did."""
        return self.archived[place]["to"] if place in self.archived else ""

    def attempts(self, place: Place) -> int:
        """Changes opened for a place so far, whatever became of them."""
        return sum(change.place == place for change in self.changes.values())

    def collecting(self) -> list[Change]:
        return self.changes_in("collecting")

    def changes_in(self, *states: ChangeStateName) -> list[Change]:
        """Changes in one of the states, in the order in which they were opened."""
        return [change for change in self.changes.values() if change.state in states]

    def _bound(self, entry: Entry) -> None:
        if self.bound:
            raise _misplaced(entry, "a second binding; a new version of the plan is an amendment")
        self.bound = entry.body
        self.plans.append(entry.body["plan"])

    def _amended(self, entry: Entry) -> None:
        if entry.body["from"]["sha256"] != self.plan_sha256:
            raise _misplaced(entry, "amends a plan that is not in force")
        if open_changes := self.changes_in("collecting", "proposed", "approved"):
            raise _misplaced(entry, f"the plan changed under {open_changes[0].id}")
        self.bound = {**self.bound, "plan": entry.body["plan"]}
        self.plans.append(entry.body["plan"])
        if entry.body["restarts_streams"]:
            for place in {place for place, _ in self.streams}:
                self._restart(place)
            self.restarts += 1

    def _batch(self, entry: Entry) -> None:
        self.batches.append(entry.body)

    def _night(self, entry: Entry) -> None:
        self.last_night, self.last_night_plan = entry.body["night"], self.plan_sha256
        self.nights.append(entry.body)
        due, known_by = (entry.body.get(name, entry.body["night"]) for name in ("due", "known_by"))
        self.marks.append(Mark(date.fromisoformat(due), date.fromisoformat(known_by), len(self.batches)))
        self.read_cohorts.update(entry.body["cohorts"])

    def _reference_frozen(self, entry: Entry) -> None:
        self.references[_place(entry), entry.body["of"]] = entry.body

    def _stream_started(self, entry: Entry) -> None:
        self.streams[_place(entry), entry.body["epoch"]] = entry.body

    def _alarm(self, entry: Entry) -> None:
        alarm = self.alarms[entry.body["alarm"]] = Alarm(entry.body)
        self._open.setdefault((alarm.place, alarm.stream), []).append(entry.body["alarm"])

    def _alarm_closed(self, entry: Entry) -> None:
        self._close(entry.body["alarm"], entry)
        alarm = self.alarms[entry.body["alarm"]]
        if alarm.stream == CALIBRATION:
            self._restart(alarm.place)
        else:
            key = alarm.place, alarm.stream
            self.stream_epoch[key] = self.stream_epoch.get(key, 0) + 1

    def _change_opened(self, entry: Entry) -> None:
        body = entry.body
        if body["alarm"] not in self.alarms:
            raise _misplaced(entry, f"no alarm {body['alarm']} came before")
        alarm = self.alarms[body["alarm"]].body
        self.deferred.pop(body["alarm"], None)
        self.changes[body["change"]] = Change(
            body["change"], alarm, body, entries=(_position(entry),), plan_sha256=self.plan_sha256
        )

    def _candidate_frozen(self, entry: Entry) -> None:
        if self._change(entry, "collecting").candidate:
            raise _misplaced(entry, "the change has a frozen candidate already")
        self._update(entry, candidate=entry.body)

    def _change_deferred(self, entry: Entry) -> None:
        if entry.body["alarm"] not in self.alarms:
            raise _misplaced(entry, f"no alarm {entry.body['alarm']} came before")
        self.deferred[entry.body["alarm"]] = entry.body

    def _look(self, entry: Entry) -> None:
        change = self._change(entry, "collecting")
        if change.candidate is None or entry.body["look"] <= change.looks_held:
            raise _misplaced(entry, "no such look is due")
        self._update(entry, looks=(*change.looks, entry.body))

    def _verdict(self, entry: Entry) -> None:
        self._change(entry, "collecting")
        self._update(entry, verdict=entry.body)

    def _approval(self, entry: Entry) -> None:
        change, body = self._change(entry, "proposed"), entry.body
        signed = [approval.get("key_id") for approval in change.approvals]
        if not body["simulated"] and body["key_id"] in signed:
            raise _misplaced(entry, "the same key signed twice")
        roles = [role.role for role in change.signatures]
        if roles and body["role"] not in roles:
            raise _misplaced(entry, f"the plan has no role {body['role']}")
        self._update(entry, approvals=(*change.approvals, body))

    def _implemented(self, entry: Entry) -> None:
        self._change(entry, "proposed")
        self._update(entry, implemented=entry.body)

    def _declined(self, entry: Entry) -> None:
        self._change(entry, "proposed")
        self._update(entry, declined=entry.body)

    def _voided(self, entry: Entry) -> None:
        self._change(entry, "collecting", "proposed")
        self._update(entry, voided=entry.body)

    def _dossier(self, entry: Entry) -> None:
        self._change(entry)
        self._update(entry, dossier=entry.body)

    def _deployed(self, entry: Entry) -> None:
        change, body = self._change(entry, "approved"), entry.body
        if change.candidate is None or body["calibrator"] != change.candidate["candidate"]:
            raise _misplaced(entry, "not the calibrator that was judged and approved")
        self._update(entry, deployed=body)
        self.deployments.setdefault(change.place, []).append(body)
        self.deployed_ever[change.place] = self.deployed_ever.get(change.place, 0) + 1
        self._put_in_use(change.place, read_calibrator(body["calibrator"]), body["night"])
        self._close(change.opened["alarm"], entry)

    def _rolled_back(self, entry: Entry) -> None:
        place, body = _place(entry), entry.body
        before = self.calibrator_before(place)
        if before is None or body["to"] != before.as_record():
            raise _misplaced(entry, "not a return to the approved version that was in use before")
        undone = self.deployments[place].pop()
        self._update(entry, undone["change"], rolled_back=body)
        self._put_in_use(place, before, body["night"])
        if alarm := self.open_alarm(place):
            self._close(alarm, entry)

    def _follow_up(self, entry: Entry) -> None:
        if self._change(entry, "deployed").followed_up:
            raise _misplaced(entry, "the change was followed up already")
        self._update(entry, followed_up=entry.body)

    def _archived(self, entry: Entry) -> None:
        if entry.body["last_night"] != self.last_night:
            raise _misplaced(entry, "rows leave after the last night on record")
        self.archived_after = entry.body["last_night"]
        for found in entry.body["places"]:
            place = Place(found["site"], found["finding"])
            if found["to_end"] > self.archived.get(place, {}).get("to_end", ""):
                self.archived[place] = found

    def _floor_check(self, entry: Entry) -> None:
        self.floor_checks[_place(entry)] = entry.body

    def epoch_of(self, place: Place, stream: str) -> int:
        """Times a stream that compares with a reference was restarted: by closed alarms and amendments."""
        return self.stream_epoch.get((place, stream), 0) + self.restarts

    def _put_in_use(self, place: Place, calibrator: Calibrator, night: str) -> None:
        self.live[place] = calibrator
        self.live_since[place] = night
        self._restart(place)

    def _close(self, alarm: str, entry: Entry) -> None:
        if alarm not in self.alarms:
            raise _misplaced(entry, f"no alarm {alarm} came before")
        ended = self.alarms[alarm] = replace(self.alarms[alarm], closed=entry.body)
        still = self._open[ended.place, ended.stream]
        if alarm in still:  # a deployment closes what was closed by hand
            still.remove(alarm)

    def _restart(self, place: Place) -> None:
        self.epoch[place] = self.epoch.get(place, 0) + 1

    def _change(self, entry: Entry, *states: ChangeStateName) -> Change:
        """The change an entry is about, which must be in one of the states; in any when none is named."""
        change = self.changes.get(entry.body["change"])
        if change is None:
            raise _misplaced(entry, f"no change {entry.body['change']} came before")
        if states and change.state not in states:
            raise _misplaced(entry, f"{change.id} is {change.state}, expected {' or '.join(states)}")
        return change

    def _update(self, entry: Entry, name: str | None = None, **parts: Any) -> None:
        change = self.changes[name or entry.body["change"]]
        self.changes[change.id] = replace(change, **parts, entries=(*change.entries, _position(entry)))


def fold(entries: Iterable[Entry]) -> RegistryState:
    """The state after all entries.

    Raises:
        EvidenceError: An entry stands where it may not.
    """
    state = RegistryState()
    for entry in entries:
        state.apply(entry)
    return state


def _misplaced(entry: Entry, why: str) -> EvidenceError:
    return EvidenceError(f"ledger.jsonl: entry {entry.sequence} ({entry.kind}) may not stand here: {why}")


def _place(entry: Entry) -> Place:
    return Place(entry.body["site"], entry.body["finding"])


def _position(entry: Entry) -> tuple[int, str, str]:
    return entry.sequence, entry.hash, entry.kind
