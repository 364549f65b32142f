"""The state of every site in the text format that Prometheus reads. Counts and estimates, no patient.

References:
    Prometheus, Exposition formats, text format 0.0.4.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

STATUSES = ("ok", "watch", "alarm", "insufficient")
COUNTS = {
    "predictions": ("pccp_predictions", "Predictions stored."),
    "outcomes": ("pccp_outcomes", "Outcomes stored, each once whatever its revisions."),
    "rejected": ("pccp_rejected_rows", "Rows of logs that were rejected."),
    "duplicates": ("pccp_duplicate_rows", "Rows of logs that were stored before."),
    "waiting": ("pccp_waiting_outcomes", "Outcomes that wait for their prediction."),
}
SITE_COUNTS = {
    "n": ("pccp_site_studies", "Studies with a prediction."),
    "matured": ("pccp_site_matured_studies", "Studies whose outcome is due."),
    "events": ("pccp_site_events", "Known outcomes of the rarer class among mature studies."),
}
ESTIMATES = {
    ("calibration", "slope"): ("pccp_calibration_slope", "Calibration slope of the live calibrator."),
    ("calibration", "intercept"): ("pccp_calibration_intercept", "Calibration in the large, log-odds."),
    ("calibration", "observed_expected"): ("pccp_observed_expected_ratio", "Observed over expected events."),
    ("discrimination", "auc"): ("pccp_area_under_curve", "Area under the ROC curve of the raw score."),
}
Labels = Mapping[str, str]


@dataclass(frozen=True)
class Family:
    """One metric: its name, what it says, and its samples."""

    name: str
    help: str
    samples: Sequence[tuple[Labels, float]]

    def text(self) -> str:
        """HELP, TYPE and sample lines; nothing when there is no sample, since absence is no zero.

        Example:
            >>> print(Family("a", "What.", [({"site": 'St "M"'}, 1)]).text(), end="")
            # HELP a What.
            # TYPE a gauge
            a{site="St \\"M\\""} 1
        """
        if not self.samples:
            return ""
        head = f"# HELP {self.name} {self.help}\n# TYPE {self.name} gauge\n"
        return head + "".join(f"{self.name}{_labels(labels)} {value!r}\n" for labels, value in self.samples)


def exposition(
    status: Mapping[str, Any], *, missed_nights: int | None, least_count: int | None = None
) -> str:
    """All metrics of a workspace.

    Args:
        status: The stable form of `pccp status --json`.
        missed_nights: Nights that were due and did not run; None before the first, or without dates.
        least_count: The plan's smallest count that is shown; smaller ones of a site are left out.
    """
    families = [*_of_workspace(status, missed_nights), *_of_sites(status["sites"], least_count)]
    return "".join(family.text() for family in families)


def _of_workspace(status: Mapping[str, Any], missed_nights: int | None) -> Iterator[Family]:
    yield Family("pccp_plan_info", "The plan in force.", [({**status["plan"]}, 1)])
    if status["as_of"]:
        night = datetime.fromisoformat(status["as_of"]).replace(tzinfo=UTC).timestamp()
        yield Family(
            "pccp_last_night_timestamp_seconds", "Last finished night, midnight UTC.", [({}, int(night))]
        )
    if missed_nights is not None:
        yield Family("pccp_missed_nights", "Nights that were due and did not run.", [({}, missed_nights)])
    for key, (name, text) in COUNTS.items():
        yield Family(name, text, [({}, status["counts"][key])])
    states = [change["state"] for change in status["changes"]]
    counted = [({"state": state}, states.count(state)) for state in sorted(set(states))]
    yield Family("pccp_changes", "Change attempts by state.", counted)


def _of_sites(sites: Sequence[Mapping[str, Any]], least_count: int | None) -> Iterator[Family]:
    yield Family(
        "pccp_site_status",
        "1 for the word that pccp status gives a site, 0 for the others.",
        [({**_place(s), "status": word}, int(s["status"] == word)) for s in sites for word in STATUSES],
    )
    for key, (name, text) in SITE_COUNTS.items():
        shown = [site for site in sites if not 0 < site[key] < (least_count or 0)]
        yield Family(name, text, [(_place(site), site[key]) for site in shown])
    yield Family("pccp_open_alarms", "Open alarms of a stream.", list(_alarms(sites)))
    yield Family(
        "pccp_stream_limit_share",
        "Evidence of a stream (log R) as a share of its limit; 1 is an alarm.",
        [
            ({**_place(site), "stream": stream["stream"]}, stream["log_r"] / stream["log_limit"])
            for site in sites
            for stream in site["streams"]
            if stream["log_r"] is not None
        ],
    )
    for (group, key), (name, text) in ESTIMATES.items():
        for part, suffix in (("value", ""), ("low", "_low"), ("high", "_high")):
            samples = [
                (_place(site), site[group][key][part])
                for site in sites
                if site[group].get(key, {}).get(part) is not None
            ]
            yield Family(name + suffix, text if not suffix else f"{text} Bound of its interval.", samples)


def _alarms(sites: Sequence[Mapping[str, Any]]) -> Iterator[tuple[Labels, int]]:
    """A zero for every stream that is watched, so that a rule sees an alarm begin and end."""
    for site in sites:
        opened = [alarm["stream"] for alarm in site["alarms"]]
        watched = dict.fromkeys([*(stream["stream"] for stream in site["streams"]), *opened])
        for stream in watched:
            yield {**_place(site), "stream": stream}, opened.count(stream)


def _place(site: Mapping[str, Any]) -> dict[str, str]:
    return {"site": site["site"], "finding": site["finding"]}


def _labels(labels: Labels) -> str:
    if not labels:
        return ""
    return "{" + ",".join(f'{name}="{_escaped(value)}"' for name, value in labels.items()) + "}"


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
