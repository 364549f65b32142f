"""The five sites of the demonstration: what happens at each, and what a correct product does about it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

SiteKind = Literal["quiet", "covariate", "intercept", "small", "reverting"]
FULL_NIGHTS = 180
AUC = 0.85


@dataclass(frozen=True)
class Scenario:
    """How one site behaves.

    Attributes:
        site: An invented name.
        kind: Which of the five stories.
        description: What changed there, in words.
        expected: What a correct product does about it.
        studies_per_night: Mean of a Poisson count.
        prevalence: Share of events before the change.
        intercept_shift: True log-odds minus the score's log-odds while the shift lasts.
        score_shift: Added to every score's log-odds from the change on; outcomes follow the score, so
            the model stays calibrated.
        change_share: Where in the run the change comes, as a share of its nights; None for never.
        shifted_nights: How long it lasts, in nights whatever the length of the run; None for good.
    """

    site: str
    kind: SiteKind
    description: str
    expected: str
    studies_per_night: float
    prevalence: float
    intercept_shift: float = 0.0
    score_shift: float = 0.0
    change_share: float | None = None
    shifted_nights: int | None = None


@dataclass(frozen=True)
class SiteTruth:
    """What really happened at a site, to be printed beside what the product found.

    Attributes:
        site, description, kind: As in the scenario.
        change_night: First shifted night, counted from 0; None where nothing changed.
        reverted_night: First night after the shift; None where it lasts for good.
        intercept_shift: True log-odds minus the score's while the shift lasts; 0 where the score stays
            calibrated.
        expected: A sentence: what a correct product does.
    """

    site: str
    description: str
    kind: SiteKind
    change_night: int | None
    reverted_night: int | None
    intercept_shift: float
    expected: str


def truth(scenario: Scenario, nights: int) -> SiteTruth:
    """The scenario laid over a run of `nights` nights.

    Change nights keep their share of the run; the length of a passing shift does not scale. A run
    shorter than 180 nights can end before a story does, and says so.

    Example:
        >>> [truth(scenario, 180).change_night for scenario in SITES]
        [None, 60, 45, 30, 30]
        >>> truth(SITES[2], 60).change_night
        15
    """
    change = None if scenario.change_share is None else round(scenario.change_share * nights)
    reverted = None
    if change is not None and scenario.shifted_nights is not None:
        reverted = change + scenario.shifted_nights
    expected = scenario.expected
    if nights < FULL_NIGHTS and scenario.intercept_shift:
        expected += f" A run of {nights} nights may end before that."
    return SiteTruth(
        scenario.site,
        scenario.description,
        scenario.kind,
        change,
        reverted,
        scenario.intercept_shift,
        expected,
    )


SITES = (
    Scenario(
        site="North",
        kind="quiet",
        description="Nothing changes; the score is exactly calibrated on every night.",
        expected="No alarm and no change.",
        studies_per_night=110,
        prevalence=0.09,
    ),
    Scenario(
        site="Riverside",
        kind="covariate",
        description="Older patients and more bedside (AP) views raise every score's log-odds by 0.4; "
        "the score stays exactly calibrated.",
        expected="No calibration alarm and no change, because the probabilities stay right; "
        "the streams of the score say that other patients come.",
        studies_per_night=90,
        prevalence=0.08,
        score_shift=0.4,
        change_share=60 / FULL_NIGHTS,
    ),
    Scenario(
        site="Harbour",
        kind="intercept",
        description="A trauma centre with a new referral pathway: at the same score the log-odds rise by 1.0 "
        "for good.",
        expected="An alarm within days of mature outcomes, a candidate accepted well before the end, "
        "and a lower log loss on the studies after its deployment.",
        studies_per_night=200,
        prevalence=0.20,
        intercept_shift=1.0,
        change_share=45 / FULL_NIGHTS,
    ),
    Scenario(
        site="Island",
        kind="small",
        description="At the same score the log-odds rise by 1.5 for good, at a site with about six "
        "studies a night.",
        expected="An alarm, then insufficient evidence: too few events, with a forecast of when there are "
        "enough.",
        studies_per_night=6,
        prevalence=0.10,
        intercept_shift=1.5,
        change_share=30 / FULL_NIGHTS,
    ),
    Scenario(
        site="Market",
        kind="reverting",
        description="At the same score the log-odds rise by 1.2 for fourteen nights and then fall back.",
        expected="An alarm and a candidate fitted to the passing shift, which the later studies reject.",
        studies_per_night=45,
        prevalence=0.10,
        intercept_shift=1.2,
        change_share=30 / FULL_NIGHTS,
        shifted_nights=14,
    ),
)
