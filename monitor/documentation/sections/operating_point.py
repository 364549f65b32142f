"""What the change does to patients at the threshold: who is flagged, who no longer, who is left open."""

from __future__ import annotations

from monitor.documentation.blocks import Aside, Block, Cell, Drawing, Facts, Section, Sentence, Stack, Table
from monitor.documentation.evidence import Record
from monitor.documentation.figures.reclassification import LEGEND, has_moved
from monitor.documentation.numbers import FIXED_SPACE, MINUS, Interval, Number
from monitor.documentation.wording import as_sentence, counted

FROZEN = {
    "sensitivity": "the sensitivity",
    "ppv": "the positive predictive value",
    "alert_rate": "the share of flagged studies",
    "raw_threshold": "the threshold on the raw score",
}
STATUS = {
    "kept": "The threshold on the raw score stays.",
    "moved": "The threshold on the raw score moves.",
    "insufficient": "The threshold on the raw score stays: the evidence is insufficient to move it.",
}
MEASURES = (
    ("Sensitivity", "sensitivity", 3),
    ("Specificity", "specificity", 3),
    ("Positive predictive value", "ppv", 3),
    ("Negative predictive value", "npv", 3),
    ("Flagged studies in 100", "alerts_per_100_studies", 2),
)
POINTS = ("before", "after", "probability_unmoved")
COLUMNS = (
    "Measure (95 % interval by patient)",
    "Last deployed",
    "Candidate",
    "Candidate, had the probability threshold stayed",
)


def operating_point_section(dossier: Record) -> Section:
    """The operating point of the plan, before and after; a plan without one says so."""
    point = dossier["operating_point"]
    blocks: list[Block] = [_planned(point)]
    if point["frozen"] is not None:
        blocks += _frozen(point["frozen"])
    if point["found"] is not None:
        blocks += _found(point["found"])
    elif point["withheld"]:
        blocks.append(Aside("What the look found is withheld: it rests on counts too small to be shown."))
    elif point["planned"] is not None:
        blocks.append(Aside("No look was reached, so nothing is known about its effect on patients."))
    return Section("operating-point", "Operating point", tuple(blocks))


def _planned(point: Record) -> Block:
    planned = point["planned"]
    if planned is None:
        return Sentence("The plan names no threshold: only probabilities were judged.")
    frozen = planned["frozen"]
    rows: list[tuple[str, Cell]] = [
        ("Authorised threshold", Number(planned["threshold"], 3)),
        ("Must not move", FROZEN[frozen]),
    ]
    if planned["floor"] is not None:
        rows.append(("Least value to be kept", Number(planned["floor"], 3)))
    if planned["alerts_per_100_studies"] is not None:
        rows.append(("Flagged studies in 100 to be kept", Number(planned["alerts_per_100_studies"], 1)))
    if planned["alert_limit_per_100_studies"] is not None:
        rows.append(("Limit of flagged studies in 100", Number(planned["alert_limit_per_100_studies"], 1)))
    if point["maximum_abstention"] is not None:
        rows.append(("Abstention allowed", Number(point["maximum_abstention"], 1, percent=True)))
    return Facts(tuple(rows))


def _frozen(frozen: Record) -> list[Block]:
    """What was fixed with the candidate, on the fitting rows."""
    rows: tuple[tuple[str, Cell], ...] = (
        ("Raw threshold in use", Number(frozen["previous_raw_threshold"], 4)),
        ("Raw threshold of the candidate", Number(frozen["raw_threshold"], 4)),
        ("Its probability there", Number(frozen["probability_threshold"], 4)),
        ("Method", str(frozen["method"])),
        ("Patients", Number(frozen["n"])),
    )
    words = f"{STATUS[frozen['status']]} {as_sentence(frozen['reason'])}"
    return [Sentence(f"Fixed with the candidate, before any validation study was read. {words}"), Facts(rows)]


def _found(found: Record) -> list[Block]:
    moved = found["reclassified"]
    blocks: list[Block] = [
        Sentence(_moved_words(found)),
        Table("operating-point", "Before and after on the validation studies", COLUMNS, _measures(found)),
        Table(
            "reclassified",
            "Reclassified by the change",
            ("Direction", "With the outcome", "Without the outcome"),
            tuple(
                _moved(title, moved[key])
                for title, key in (("Newly flagged", "up"), ("No longer flagged", "down"))
            ),
        ),
        *([Drawing("reclassification", LEGEND)] if has_moved(found) else []),
        Sentence(_probability_words(found)),
        *_net_benefit(found["net_benefit"]),
    ]
    return [*blocks, *_abstention(found["abstention"])]


def _measures(found: Record) -> tuple[tuple[Cell, ...], ...]:
    raw = [Number(found[name].get("raw_threshold"), 4) for name in POINTS]
    probability = [Number(found[name]["probability_threshold"], 4) for name in POINTS]
    rows: list[tuple[Cell, ...]] = [("Raw threshold", *raw), ("Probability threshold", *probability)]
    for title, key, decimals in MEASURES:
        cells = [_estimate(found[name][key], decimals) for name in POINTS]
        rows.append((title, *cells))
    return tuple(rows)


def _estimate(estimate: Record, decimals: int) -> Cell:
    return Interval(estimate["value"], estimate["low"], estimate["high"], decimals)


def _moved(title: str, counts: Record) -> tuple[Cell, ...]:
    kinds = (counts["with_outcome"], counts["without_outcome"])
    cells = [
        Stack((Number(kind["studies"], unit="studies"), Number(kind["patients"], unit="patients")))
        for kind in kinds
    ]
    return (title, *cells)


def _moved_words(found: Record) -> str:
    """Who is flagged now, in a sentence.

    Example:
        >>> nobody = {"with_outcome": {"studies": 0}, "without_outcome": {"studies": 0}}
        >>> two = {"with_outcome": {"studies": 2}, "without_outcome": {"studies": 5}}
        >>> alerts = {"before": 100, "after": 107, "relative_change": 0.07}
        >>> _moved_words({"reclassified": {"up": two, "down": nobody}, "alerts": alerts})[:62]
        'The change newly flags 7 studies (2 with the outcome) and no l'
    """
    up, down = (
        (kind["with_outcome"]["studies"], kind["without_outcome"]["studies"])
        for kind in (found["reclassified"]["up"], found["reclassified"]["down"])
    )
    alerts = found["alerts"]
    if not any((*up, *down)):
        return f"The change flags the same studies as before ({counted(alerts['after'], 'alert')})."
    newly, no_longer = (counted(sum(kinds), "study", "studies") for kinds in (up, down))
    volume = f"Alerts go from {alerts['before']:,} to {alerts['after']:,}{_relative(alerts)}."
    return (
        f"The change newly flags {newly} ({up[0]:,} with the outcome) and no longer flags {no_longer} "
        f"({down[0]:,} with the outcome). {volume}"
    )


def _relative(alerts: Record) -> str:
    change = alerts["relative_change"]
    if change is None:
        return ""
    sign = MINUS if change < 0 else "+"
    return f" ({sign}{abs(100 * change):.1f}{FIXED_SPACE}%)"


def _probability_words(found: Record) -> str:
    kept, after = (
        found[name]["alerts_per_100_studies"]["value"] for name in ("probability_unmoved", "after")
    )
    threshold = found["before"]["probability_threshold"]
    return (
        f"A user who kept flagging probabilities from {threshold:.3f} on would flag {kept:.2f} in 100 "
        f"studies instead of {after:.2f}: the probability threshold belongs to its calibrator."
    )


def _net_benefit(found: Record) -> list[Block]:
    decimals = 2 if found["curve"] is None else 5
    rows = tuple(
        (title, _estimate(found[key], decimals))
        for title, key in (("Last deployed", "before"), ("Candidate", "after"), ("Gain", "change"))
    )
    facts: tuple[tuple[str, Cell], ...] = (
        ("At probability", Number(found["threshold"], 3)),
        *rows,
        ("Method", str(found["change"]["method"])),
    )
    caption = (
        "Net benefit of acting on each calibrator's probability, against the probability from which on "
        "acting is worth it. Higher is better; zero is acting on nobody. The vertical line is the plan's "
        "threshold."
    )
    words = (
        "Net benefit counts true alerts per study, less the false ones at the price the threshold sets; each "
        "calibrator flags what it puts at or above that probability."
    )
    if found["curve"] is None:
        why = (
            "The decision curve is withheld under the plan's small-cell minimum; net benefit is rounded, or "
            "left out."
        )
        return [Sentence(words), Facts(facts), Aside(why)]
    return [Sentence(words), Facts(facts), Drawing("decision-curve", caption)]


def _abstention(found: Record | None) -> list[Block]:
    if found is None:
        return []
    rate, above = found["rate"], found["rate"]["value"] > found["maximum_rate"]
    facts: tuple[tuple[str, Cell], ...] = (
        (
            "Abstains, share of studies (95 % interval)",
            Interval(rate["value"], rate["low"], rate["high"], 4),
        ),
        ("Allowed", Number(found["maximum_rate"], 4)),
        ("Interval contains the threshold", Number(found["interval_contains_threshold"], unit="studies")),
        ("Score outside the fitted range", Number(found["outside_fitting_range"], unit="studies")),
    )
    word = "more often than the plan allows" if above else "no more often than the plan allows"
    return [Sentence(f"The candidate says “I don't know” {word}."), Facts(facts)]
