"""One night of the streams that compare with a reference: freeze, look, raise alarms."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

import numpy as np

from monitor.drift import Detector, MeanStream, count_patients, freeze_rate, start, visits
from monitor.operation.attempt.outcome_counts import OutcomeCounts
from monitor.operation.attempt.windows import Knowledge
from monitor.operation.live_threshold import finding_of, live_threshold
from monitor.operation.spreading import Spread, here
from monitor.operation.watching import alarms
from monitor.operation.watching.features import Feature, features_of, numbered
from monitor.operation.watching.references import Reference, freeze_predictions, read, record_frozen, streams
from monitor.operation.watching.site import Reading, Seen, SiteNight, see
from monitor.operation.watching.specs import PREVALENCE, StreamSpec, limit_of, specs
from monitor.operation.workspace import Workspace
from monitor.plan import ChangePlan
from monitor.records import Mark, Place, Rows, Unread
from monitor.store import DetectorRow, MeanLook, ReferenceRow

ARRIVALS = "arrivals"


@dataclass
class Pending:
    """What a night has to store."""

    looks: list[MeanLook] = field(default_factory=list[MeanLook])
    states: dict[tuple[Place, str], DetectorRow] = field(default_factory=dict[tuple[Place, str], DetectorRow])
    references: list[ReferenceRow] = field(default_factory=list[ReferenceRow])


class Watch:
    """The streams of an open workspace, their references and detectors in memory."""

    def __init__(
        self, workspace: Workspace, counts: OutcomeCounts, *, active: bool = True, spread: Spread = here
    ) -> None:
        """Take up where the store's aggregates left off.

        Args:
            workspace: Open for writing.
            counts: Usable outcomes of every cohort read so far; kept up to date by the night.
            active: Without it nothing is looked at.
            spread: Takes the sites to where they are worked on.
        """
        self.workspace = workspace
        self.spread = spread
        self.counts = counts
        self.active = active and not self.plan.undated
        self.specs = specs(self.plan) if self.active else ()
        self.limits = {spec.name: limit_of(self.plan, spec) for spec in self.specs}
        self.arrived: dict[Place, tuple[int, int]] | None = None
        self.references: dict[Place, dict[str, Reference]] = {}
        for row in workspace.store.references():
            self.references.setdefault(Place(row.site, row.finding), {})[row.feature] = read(row)
        self.detectors = {
            (Place(row.site, row.finding), row.stream): (row.epoch, Detector(np.array(row.log_r), row.looks))
            for row in workspace.store.detectors()
        }
        self.streams: dict[Place, dict[str, MeanStream]] = {}
        self.pending = Pending()

    @property
    def plan(self) -> ChangePlan:
        return self.workspace.loaded.plan

    def mark(self, knowledge: Knowledge) -> Mark | None:
        """What a night's look at the predictions reads; None when the plan has no such look."""
        if self.plan.monitoring.arrival_days is None or not self.active:
            return None
        due = knowledge.matured_by - timedelta(days=self.plan.monitoring.arrival_days)
        return Mark(due, knowledge.known_by, self.workspace.store.last_batch())

    def read_predictions(self, knowledge: Knowledge) -> None:
        """Look at every prediction that came due or came late since the night before."""
        mark, marks = self.mark(knowledge), self.workspace.state.marks
        if mark is None:
            return
        found = self.workspace.store.unread(marks[-1] if marks else None, mark)
        places = sorted(found)
        self.make_streams(places)
        nights = {place: self._site_night(found[place]) for place in places}
        asked = [place for place in places if nights[place].readings]
        seen = dict(zip(asked, self.spread(see, [nights[place] for place in asked]), strict=True))
        for place in places:
            patients = nights[place].rows.patients(len(found[place]))
            self.pending.looks.append(self._arrivals(found[place], patients, knowledge))
            self._read_place(found[place], seen.get(place, {}), knowledge, mark)

    def read_outcomes(self, cohort: Mapping[Place, Rows], knowledge: Knowledge) -> None:
        """Look at the outcomes of a cohort that has matured; repeat visits take no part."""
        spec = next((item for item in self.specs if item.feature == PREVALENCE), None)
        if spec is None:
            return
        waiting = [place for place in sorted(cohort) if PREVALENCE not in self.references.get(place, {})]
        history = self._history(waiting, knowledge)
        for place in sorted(cohort):
            if PREVALENCE in self.references.get(place, {}):
                self._look_at_outcomes(spec, cohort[place], knowledge)
            elif place in history:
                self._freeze_outcomes(history[place], knowledge)

    def _look_at_outcomes(self, spec: StreamSpec, rows: Rows, knowledge: Knowledge) -> None:
        known = rows.known()
        known = known.where(~known.repeat)
        if len(known):
            outcomes = Feature("rate", known.outcome, np.ones(len(known), dtype=bool))
            readings = (self._reading(spec, rows.place),)
            night = SiteNight({PREVALENCE: outcomes}, visits(numbered(known.patient)), readings)
            self._record_look(spec, rows.place, see(night)[spec.name], knowledge)

    def store(self) -> list[MeanLook]:
        """Store what the night added, inside the caller's transaction; what was looked at."""
        done, self.pending = self.pending, Pending()
        self.workspace.store.put_mean_looks(done.looks, list(done.states.values()), done.references)
        return done.looks

    def _site_night(self, rows: Unread) -> SiteNight:
        """What the streams of a place with a reference are to read."""
        features, place = self._features(rows), rows.place
        referred = self.references.get(place, {}) if self._frozen(place) else {}
        readings = tuple(
            self._reading(spec, place)
            for spec in self.specs
            if spec.feature in features and spec.feature in referred and features[spec.feature].known.any()
        )
        return SiteNight(features, visits(rows.patient), readings)

    def _read_place(self, rows: Unread, seen: Mapping[str, Seen], knowledge: Knowledge, mark: Mark) -> None:
        place = rows.place
        if place not in self.references or not self._frozen(place):
            self._freeze_predictions(place, self._arrived_with(rows), knowledge, mark)
            return
        if self.plan.monitoring.unseen_category:
            alarms.unseen_categories(self.workspace, rows, self.references[place], knowledge)
        for spec in self.specs:
            if spec.name in seen:
                self._record_look(spec, place, seen[spec.name], knowledge)

    def _arrived_with(self, rows: Unread) -> tuple[int, int]:
        """Looks and studies of a place that has no reference yet, these rows included."""
        if self.arrived is None:
            self.arrived = self.workspace.store.arrived_so_far()
        looks, studies = self.arrived.get(rows.place, (0, 0))
        self.arrived[rows.place] = looks + 1, studies + len(rows)
        return self.arrived[rows.place]

    def _frozen(self, place: Place) -> bool:
        return (place, "predictions") in self.workspace.state.references

    def _features(self, rows: Unread) -> Mapping[str, Feature]:
        finding = finding_of(self.plan, rows.place)
        point = finding.operating_point
        threshold = live_threshold(self.workspace.state, point, rows.place) if point else None
        return features_of(self.plan, finding, rows, threshold)

    def _arrivals(self, rows: Unread, patients: int, knowledge: Knowledge) -> MeanLook:
        return MeanLook(*rows.place, ARRIVALS, 0, knowledge.matured_by, len(rows), patients, (), (), None)

    def _freeze_predictions(
        self, place: Place, arrived: tuple[int, int], knowledge: Knowledge, mark: Mark
    ) -> None:
        """Freeze once the plan's looks and rows are there; the reference holds every row read so far."""
        wanted, (looks, studies) = self.plan.monitoring.reference, arrived
        if wanted is None or looks < wanted.looks or studies < wanted.minimum_rows:
            return
        rows = self.workspace.store.unread(None, mark, place)[place]
        first, last = self.workspace.store.cohorts_read(mark, place)
        found = freeze_predictions(self.workspace, rows, self._features(rows))
        self.references[place] = {**self.references.get(place, {}), **found}
        self.pending.references += record_frozen(
            self.workspace,
            place,
            "predictions",
            knowledge,
            found,
            looks=looks,
            rows=len(rows),
            first=first,
            last=last,
            mark={"due": mark.due.isoformat(), "known_by": mark.known_by.isoformat(), "batch": mark.batch},
        )

    def _history(self, waiting: Sequence[Place], knowledge: Knowledge) -> dict[Place, Rows]:
        """Known outcomes so far of the places that have the plan's looks and events, read all at once."""
        wanted, repeats = self.plan.monitoring.reference, self.plan.monitoring.label_streams
        if wanted is None or not waiting:
            return {}
        self.counts.ask(waiting)
        places = [
            place
            for place in waiting
            if len(self.counts.at(place)) >= wanted.looks
            and self.counts.events(place, "") >= wanted.minimum_events
        ]
        if not places:
            return {}
        found = self.workspace.store.mature_rows(
            matured_by=knowledge.matured_by,
            known_by=knowledge.known_by,
            places=places,
            repeat_days=repeats.window_days if repeats else None,
            held=True,
        )
        read = {place: rows.where(rows.cohort <= self._newest(place)) for place, rows in found.items()}
        return {place: rows.where(~rows.repeat).known() for place, rows in read.items()}

    def _newest(self, place: Place) -> str:
        """The last cohort of a place that a night has read."""
        return self.counts.at(place)[-1].cohort

    def _freeze_outcomes(self, known: Rows, knowledge: Knowledge) -> None:
        """Freeze what is known of a place; repeat visits may leave too few events, and then it waits."""
        wanted, place = self.plan.monitoring.reference, known.place
        if wanted is None or known.events < wanted.minimum_events:
            return
        frozen = freeze_rate(known.outcome, count_patients(numbered(known.patient)))
        found = {PREVALENCE: Reference(frozen, np.empty(0))}
        self.references.setdefault(place, {}).update(found)
        self.pending.references += record_frozen(
            self.workspace,
            place,
            "outcomes",
            knowledge,
            found,
            looks=len(self.counts.at(place)),
            rows=len(known),
            events=known.events,
            first=str(known.cohort[0]),
            last=self._newest(place),
            known_by=knowledge.known_by.isoformat(),
        )

    def _reading(self, spec: StreamSpec, place: Place) -> Reading:
        """A stream and where its detector stands: nothing is bet while an alarm of the stream is open."""
        stream, epoch = self.stream_of(spec, place), self.workspace.state.epoch_of(place, spec.name)
        if not stream.stakes.names or self.workspace.state.open_alarm(place, spec.name) is not None:
            return Reading(spec.name, spec.feature, stream, None)
        before = self.detectors.get((place, spec.name))
        standing = before[1] if before and before[0] == epoch else start(len(stream.stakes.names))
        return Reading(spec.name, spec.feature, stream, standing)

    def _record_look(self, spec: StreamSpec, place: Place, seen: Seen, knowledge: Knowledge) -> None:
        """One look of one stream: its sums, its evidence, and an alarm where the limit is reached."""
        epoch, after = self.workspace.state.epoch_of(place, spec.name), seen.after
        counted = seen.rows, seen.patients, seen.sums, seen.squares
        recorded = MeanLook(*place, spec.name, epoch, knowledge.matured_by, *counted, seen.log_r)
        self.pending.looks.append(recorded)
        if after is not None:
            self.detectors[place, spec.name] = epoch, after
            row = DetectorRow(*place, spec.name, epoch, after.looks, tuple(after.log_r.tolist()))
            self.pending.states[place, spec.name] = row
            limit, stream = self.limits[spec.name], self.stream_of(spec, place)
            alarms.raise_if_reached(self.workspace, spec, limit, stream, after, recorded)

    def stream_of(self, spec: StreamSpec, place: Place) -> MeanStream:
        """A stream of a place with a frozen reference; made once."""
        made = self.streams.setdefault(place, {})
        if spec.name not in made:
            made[spec.name] = self.references[place][spec.feature].stream(spec)
        return made[spec.name]

    def make_streams(self, places: Collection[Place]) -> None:
        """Those of several places together, which costs less than one by one; some may have no reference."""
        new = [place for place in places if place in self.references and place not in self.streams]
        self.streams |= streams(self.specs, {place: self.references[place] for place in new})
