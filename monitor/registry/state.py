"""What the ledger says: alarms, changes and live calibrators, folded entry by entry."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from monitor.records import IDENTITY, Calibrator, Place
from monitor.registry.ledger import Entry

ChangeStateName = Literal[
    "collecting", "proposed", "approved", "deployed", "declined", "rejected", "insufficient", "withdrawn"
]
Body = dict[str, Any]


@dataclass(frozen=True)
class Alarm:
    """An alarm and, once it ended, how."""

    body: Body
    closed: Body | None = None

    @property
    def place(self) -> Place:
        return Place(self.body["site"], self.body["finding"])


@dataclass(frozen=True)
class Change:
    """One change attempt: every ledger body that belongs to it."""

    id: str
    alarm: Body
    opened: Body
    candidate: Body | None = None
    verdict: Body | None = None
    approvals: tuple[Body, ...] = ()
    declined: Body | None = None
    deployed: Body | None = None
    dossier: Body | None = None
    entries: tuple[tuple[int, str, str], ...] = ()

    @property
    def place(self) -> Place:
        return Place(self.opened["site"], self.opened["finding"])

    @property
    def state(self) -> ChangeStateName:
        """Where the change stands; a verdict of None means that no candidate was put forward."""
        if self.deployed:
            return "deployed"
        if self.declined:
            return "declined"
        if self.verdict is None:
            return "collecting"
        states: dict[str | None, ChangeStateName] = {
            "accept": "approved" if self.approvals else "proposed",
            "reject": "rejected",
            "insufficient": "insufficient",
            None: "withdrawn",
        }
        return states[self.verdict["verdict"]]

    @property
    def fitting_patients_sha256(self) -> str | None:
        return self.candidate["fit"]["patients_sha256"] if self.candidate else None


@dataclass
class RegistryState:
    """Everything decided so far, in the order of the ledger.

    Attributes:
        bound: Body of entry 0.
        live: Deployed calibrator per place; the original where none was deployed.
        live_since: Night of the deployment per place.
        epoch: Times each place's stream was restarted.
        streams: Bets fixed at each stream's first look, by place and epoch.
        read_cohorts: Cohorts that a night has read.
        last_night: The last finished night.
    """

    bound: Body = field(default_factory=dict[str, Any])
    alarms: dict[str, Alarm] = field(default_factory=dict[str, Alarm])
    changes: dict[str, Change] = field(default_factory=dict[str, Change])
    live: dict[Place, Calibrator] = field(default_factory=dict[Place, Calibrator])
    live_since: dict[Place, str] = field(default_factory=dict[Place, str])
    epoch: dict[Place, int] = field(default_factory=dict[Place, int])
    streams: dict[tuple[Place, int], Body] = field(default_factory=dict[tuple[Place, int], Body])
    read_cohorts: set[str] = field(default_factory=set[str])
    last_night: str | None = None

    def apply(self, entry: Entry) -> None:
        """Take one more entry into account; kinds without a decision are passed over."""
        readers = {
            "bound": self._bound,
            "night": self._night,
            "stream_started": self._stream_started,
            "alarm": self._alarm,
            "alarm_closed": self._alarm_closed,
            "change_opened": self._change_opened,
            "candidate_frozen": self._candidate_frozen,
            "verdict": self._verdict,
            "approval": self._approval,
            "declined": self._declined,
            "deployed": self._deployed,
            "dossier": self._dossier,
        }
        if reader := readers.get(entry.kind):
            reader(entry)

    def calibrator(self, place: Place) -> Calibrator:
        """The live calibrator of a place."""
        return self.live.get(place, IDENTITY)

    def open_alarm(self, place: Place) -> str | None:
        """The alarm that keeps a place's stream from being read further, if any."""
        for name, alarm in self.alarms.items():
            if alarm.place == place and alarm.closed is None:
                return name
        return None

    def attempts(self, place: Place) -> int:
        """Changes opened for a place so far, whatever became of them."""
        return sum(change.place == place for change in self.changes.values())

    def collecting(self) -> list[Change]:
        return [change for change in self.changes.values() if change.state == "collecting"]

    def _bound(self, entry: Entry) -> None:
        self.bound = entry.body

    def _night(self, entry: Entry) -> None:
        self.last_night = entry.body["night"]
        self.read_cohorts.update(entry.body["cohorts"])

    def _stream_started(self, entry: Entry) -> None:
        place = Place(entry.body["site"], entry.body["finding"])
        self.streams[place, entry.body["epoch"]] = entry.body

    def _alarm(self, entry: Entry) -> None:
        self.alarms[entry.body["alarm"]] = Alarm(entry.body)

    def _alarm_closed(self, entry: Entry) -> None:
        alarm = self.alarms[entry.body["alarm"]]
        self.alarms[entry.body["alarm"]] = replace(alarm, closed=entry.body)
        self._restart(alarm.place)

    def _change_opened(self, entry: Entry) -> None:
        body = entry.body
        alarm = self.alarms[body["alarm"]].body
        self.changes[body["change"]] = Change(body["change"], alarm, body, entries=(_position(entry),))

    def _candidate_frozen(self, entry: Entry) -> None:
        self._update(entry, candidate=entry.body)

    def _verdict(self, entry: Entry) -> None:
        self._update(entry, verdict=entry.body)

    def _approval(self, entry: Entry) -> None:
        self._update(entry, approvals=(*self.changes[entry.body["change"]].approvals, entry.body))

    def _declined(self, entry: Entry) -> None:
        self._update(entry, declined=entry.body)

    def _dossier(self, entry: Entry) -> None:
        self._update(entry, dossier=entry.body)

    def _deployed(self, entry: Entry) -> None:
        self._update(entry, deployed=entry.body)
        change = self.changes[entry.body["change"]]
        self.live[change.place] = read_calibrator(entry.body["calibrator"])
        self.live_since[change.place] = entry.body["night"]
        alarm = change.opened["alarm"]
        self.alarms[alarm] = replace(self.alarms[alarm], closed=entry.body)
        self._restart(change.place)

    def _restart(self, place: Place) -> None:
        self.epoch[place] = self.epoch.get(place, 0) + 1

    def _update(self, entry: Entry, **parts: Any) -> None:
        change = self.changes[entry.body["change"]]
        self.changes[change.id] = replace(change, **parts, entries=(*change.entries, _position(entry)))


def fold(entries: Iterable[Entry]) -> RegistryState:
    """The state after all entries."""
    state = RegistryState()
    for entry in entries:
        state.apply(entry)
    return state


def read_calibrator(record: Body) -> Calibrator:
    """A calibrator from its ledger record."""
    (a, b), (c, d) = record["covariance"]
    parameters = record["parameters"]
    return Calibrator(
        record["version"], record["kind"], parameters["intercept"], parameters["slope"], ((a, b), (c, d))
    )


def _position(entry: Entry) -> tuple[int, str, str]:
    return entry.sequence, entry.hash, entry.kind
