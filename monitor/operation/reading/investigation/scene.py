"""The samples of a place that are compared: its reference, what came lately, what matured since an alarm."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cached_property

import numpy as np

from monitor.hashing import sha256_text
from monitor.operation.calendar import cohort_key
from monitor.operation.live_threshold import finding_of, live_threshold
from monitor.plan import ChangePlan
from monitor.records import Arrived, Calibrator, Mark, Place, Rows
from monitor.registry import RegistryState
from monitor.store import Store

WINDOW_LOOKS = 28
"""Looks that count as lately: four weeks of a daily plan."""
SMALL_SHARE = 4
"""References that fewer than a quarter of the places share are read place by place."""


@dataclass(frozen=True)
class Network:
    """All places as a snapshot and the ledger have them; what every place is asked for is read at once.

    Attributes:
        plan, state, snapshot: In force, folded, and open for reading.
        matured: Mature rows that are held, by place.
        plan_sha256: For the seeds of drawn figures.
    """

    plan: ChangePlan
    state: RegistryState
    snapshot: Store
    matured: Mapping[Place, Rows]
    plan_sha256: str

    @property
    def night(self) -> date:
        """The last finished night."""
        return date.fromisoformat(str(self.state.last_night))

    @cached_property
    def lately_arrived(self) -> Mapping[Place, Arrived]:
        """The predictions of the last looks."""
        marks = self.state.marks
        if not marks:
            return {}
        after = marks[-WINDOW_LOOKS - 1] if len(marks) > WINDOW_LOOKS else None
        return self.snapshot.arrived(after, marks[-1])

    @cached_property
    def references(self) -> Mapping[Place, Rows]:
        """Mature rows of the frozen references; those with the same cohorts in one go."""
        alike: dict[tuple[date, str, str], list[Place]] = {}
        for place in self.matured:
            if span := self._frozen(place):
                alike.setdefault(span, []).append(place)
        found: dict[Place, Rows] = {}
        for span, places in alike.items():
            together = len(places) > len(self.matured) / SMALL_SHARE
            for asked in (None,) if together else places:
                read = self._reference(span, asked)
                found |= {place: read[place] for place in places if place in read}
        return found

    def _frozen(self, place: Place) -> tuple[date, str, str] | None:
        """Known by when, first and last cohort of a place's reference; None before it is frozen."""
        of = "outcomes" if (place, "outcomes") in self.state.references else "predictions"
        frozen = self.state.references.get((place, of))
        if frozen is None:
            return None
        known_by = date.fromisoformat(frozen["known_by"]) if "known_by" in frozen else self.night
        return known_by, frozen["first"], frozen["last"]

    def _reference(self, span: tuple[date, str, str], place: Place | None) -> dict[Place, Rows]:
        known_by, first, last = span
        return self.snapshot.mature_rows(
            matured_by=self.night, known_by=known_by, place=place, first=first, last=last, reference=True
        )


@dataclass(frozen=True)
class Scene:
    """One place of the network."""

    network: Network
    place: Place

    @property
    def plan(self) -> ChangePlan:
        return self.network.plan

    @property
    def state(self) -> RegistryState:
        return self.network.state

    @property
    def snapshot(self) -> Store:
        return self.network.snapshot

    @property
    def matured(self) -> Rows | None:
        """Its mature rows that are held; None without any."""
        return self.network.matured.get(self.place)

    @property
    def plan_sha256(self) -> str:
        return self.network.plan_sha256

    @property
    def night(self) -> date:
        """The last finished night."""
        return self.network.night

    @property
    def calibrator(self) -> Calibrator:
        return self.state.calibrator(self.place)

    @property
    def threshold(self) -> float | None:
        """Raw threshold in use; None where the finding has no operating point."""
        point = finding_of(self.plan, self.place).operating_point
        return live_threshold(self.state, point, self.place) if point else None

    @property
    def alarm_nights(self) -> list[str]:
        """Nights of the open alarms of the place, the earliest first."""
        mine = (alarm for alarm in self.state.alarms.values() if alarm.place == self.place)
        return sorted(alarm.body["night"] for alarm in mine if alarm.closed is None)

    def rng(self, purpose: str) -> np.random.Generator:
        """A generator whose draws depend on plan, place and night alone: the same page twice is the same."""
        text = f"{purpose} {self.plan_sha256} {self.place.site} {self.place.finding} {self.night}"
        return np.random.default_rng(int(sha256_text(text)[:16], 16))

    @property
    def reference(self) -> Rows | None:
        """Mature rows of the reference's cohorts; None before it is frozen."""
        return self.network.references.get(self.place)

    @cached_property
    def since_alarm(self) -> Rows | None:
        """Rows of the first mature cohorts after the earliest open alarm, which the alarm did not choose."""
        if not self.alarm_nights or self.matured is None:
            return None
        first = cohort_key(self.plan.monitoring.cadence, date.fromisoformat(self.alarm_nights[0]))
        after = self.matured.where(np.asarray(self.matured.cohort > first, dtype=bool))
        cohorts = sorted(set(after.cohort.tolist()))[:WINDOW_LOOKS]
        return after.where(np.asarray(after.cohort <= cohorts[-1], dtype=bool)) if cohorts else None

    @cached_property
    def lately_matured(self) -> Rows | None:
        """Rows of the last mature cohorts."""
        if self.matured is None:
            return None
        cohorts = sorted(set(self.matured.cohort.tolist()))[-WINDOW_LOOKS:]
        return self.matured.where(np.asarray(self.matured.cohort >= cohorts[0], dtype=bool))

    @cached_property
    def reference_predictions(self) -> Arrived | None:
        """The predictions of which the reference was made."""
        frozen = self.state.references.get((self.place, "predictions"))
        if frozen is None:
            return None
        mark = frozen["mark"]
        due, known_by = (date.fromisoformat(mark[name]) for name in ("due", "known_by"))
        found = self.snapshot.arrived(None, Mark(due, known_by, mark["batch"]), self.place)
        return found.get(self.place)

    @property
    def lately_arrived(self) -> Arrived | None:
        """The predictions of the last looks."""
        return self.network.lately_arrived.get(self.place)
