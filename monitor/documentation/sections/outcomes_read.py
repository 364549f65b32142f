"""The outcomes: their source, the readers' exposure to the AI and agreement, and whose became known."""

from __future__ import annotations

from monitor.documentation.blocks import Aside, Block, Cell, Facts, Section, Sentence, Table
from monitor.documentation.evidence import Record
from monitor.documentation.numbers import Interval, Number
from monitor.documentation.wording import COMPARATOR_WORDS, as_sentence, spaced

EXPOSURE = {
    "blinded": "blinded: did not see the AI",
    "aware": "aware: saw the AI",
    "prefilled": "prefilled: began from the AI's answer",
    "unknown": "not known",
}
SHOWN = {
    "better": "the candidate is better",
    "worse": "the candidate is worse",
    "not_powered": "not powered to tell which is better",
}
NOT_WEIGHTED = (
    "Weighted are the criteria, subgroups, the shares of patients at the operating point, and the scores "
    "beside them. Counts, figures, net benefit, abstention and the matrix of versions are of the studies "
    "whose outcome is known."
)


def outcomes_section(dossier: Record) -> Section:
    """Reference standard as found, agreement between readers, verification by score, challenging cases."""
    outcomes = dossier["outcomes_read"]
    blocks: list[Block] = [Sentence(_rule(dossier["data_account"]["reference_standard"]))]
    if outcomes["withheld"]:
        blocks.append(Aside("What was found is withheld: it rests on counts too small to be shown."))
    elif outcomes["found"] is None:
        blocks.append(Aside("No look was reached, so the outcomes of no validation window were examined."))
    else:
        blocks += _found(outcomes["found"], dossier["operating_point"]["found"])
    if (verification := outcomes["verification"]) is not None:
        blocks += _verification(verification)
    if (cases := outcomes["challenging_cases"]) is not None:
        blocks += _challenging(cases, outcomes["challenging_where"])
    return Section("outcomes-read", "Outcomes read", tuple(blocks))


def _rule(standard: Record) -> str:
    """The plan's consensus in words.

    Example:
        >>> _rule({"readers": 2, "consensus": "majority", "indeterminate": None})[:67]
        'An outcome is used when at least 2 readers of the study gave a defi'
    """
    least = "one reader" if standard["readers"] == 1 else f"{standard['readers']:,} readers"
    agree = "all of them agree" if standard["consensus"] == "unanimous" else "more than half of them agree"
    open_ = (
        "A reader who could not tell is left out and counted below."
        if standard["indeterminate"]
        else "One reader who could not tell leaves the study without an outcome."
    )
    return (
        f"An outcome is used when at least {least} of the study gave a definite answer and {agree}. {open_} "
        "Outcomes of another source or version, and studies with any, judge nothing."
    )


def _found(found: Record, point: Record | None) -> list[Block]:
    rows: list[tuple[str, Cell]] = [
        ("Source and version, as in the plan", f"{found['source']}, version {found['version']}"),
        ("Mature studies in the validation window", Number(found["studies"])),
        ("With a usable outcome", Number(found["known"])),
    ]
    influences = tuple((EXPOSURE[name], Number(count)) for name, count in found["influences"].items())
    mix = Table("influences", "Exposure of the readers to the AI", ("Exposure", "Studies"), influences)
    return [Facts(tuple(rows)), mix, *_readers(found["readers"], point)]


def _readers(readers: Record | None, point: Record | None) -> list[Block]:
    if readers is None:
        return [Aside("The log does not say who read a study, so how far readers agree is not known.")]
    kappa = readers["kappa"]
    rows: list[tuple[str, Cell]] = [
        ("Studies with a read of the reference standard", Number(readers["studies_read"])),
        ("Read by two readers or more", Number(readers["read_twice"])),
        ("Readers disagreed", Number(readers["disagreed"])),
        ("A reader could not tell", Number(readers["indeterminate"])),
        ("Kappa (95 % interval)", Interval(kappa["value"], kappa["low"], kappa["high"], 3)),
        ("Method", str(kappa["method"])),
    ]
    return [Facts(tuple(rows)), *_band(readers["band"], point)]


def _band(band: Record | None, point: Record | None) -> list[Block]:
    """Single readers against the others, and the candidate beside them."""
    if band is None:
        return []
    rows: list[tuple[Cell, ...]] = []
    for name in ("sensitivity", "specificity"):
        low, high = band[name] or (None, None)
        after = None if point is None else point["after"][name]
        model: Cell = "—" if after is None else Interval(after["value"], after["low"], after["high"], 3)
        rows.append((name.capitalize(), Number(low, 3), Number(high, 3), model))
    columns = ("Measure", "Lowest reader", "Highest reader", "Candidate at its threshold (95 % interval)")
    note = (
        f"Readers with enough reads: {band['readers']:,}; at least {band['minimum_reads']:,} for each "
        "measure. Each is held against the majority of the other readers, the candidate against the outcome "
        "used."
    )
    return [Table("reader-band", "Single readers and the candidate", columns, tuple(rows)), Sentence(note)]


def _verification(verification: Record) -> list[Block]:
    rows = tuple(
        (
            f"{item['low']:.3f} to {item['high']:.3f}",
            Number(item["n"]),
            Number(item["known"]),
            Interval(item["share"], item["share_low"], item["share_high"], 3),
        )
        for item in verification["bins"]
    )
    columns = ("Score", "Studies", "Outcome usable", "Share (95 % interval)")
    caption = "Whose outcome is known, by score"
    return [Table("verification", caption, columns, rows), Sentence(_spread(verification))]


def _spread(verification: Record) -> str:
    """What follows from the spread of the shares.

    Example:
        >>> _spread({"spread": 0.2, "maximum_spread": 0.15, "weights": "none"})
        'The shares differ by at most 0.200; the plan accepts nothing beyond 0.15.'
    """
    differ = f"The shares differ by at most {verification['spread']:.3f}"
    if verification["weights"] == "none":
        return f"{differ}; the plan accepts nothing beyond {verification['maximum_spread']:g}."
    return f"{differ}; each known outcome counts by the inverse of its range's share. {NOT_WEIGHTED}"


def _challenging(cases: Record, where: str) -> list[Block]:
    rows = tuple(
        (
            f"Log loss saved against the {COMPARATOR_WORDS[name]}",
            Interval(gain["value"], gain["low"], gain["high"], 4),
            SHOWN[cases["shown"][name]],
        )
        for name, gain in cases["gain"].items()
    )
    rows += tuple(
        (spaced(name).capitalize(), Interval(found["value"], found["low"], found["high"], 2), "1 is ideal")
        for name, found in (("observed_over_expected", cases["observed_expected"]), ("slope", cases["slope"]))
    )
    caption = "Challenging cases, reported and not judged"
    columns = ("Measure (95 % interval)", "Estimate", "What it shows")
    said = as_sentence(f"challenging cases are those with {where}")
    counts = f"{cases['n']:,} studies, {cases['events']:,} of the rarer class."
    return [Sentence(f"{said} {counts}"), Table("challenging", caption, columns, rows)]
