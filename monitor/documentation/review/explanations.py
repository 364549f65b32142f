"""Why a place may have moved: explanations that remain, what carries the shift, and a second opinion."""

from __future__ import annotations

from typing import Final

from monitor.documentation.blocks import Aside, Cell, Facts, Mark, Sentence, Table
from monitor.documentation.evidence import Record
from monitor.documentation.numbers import Number, Share
from monitor.documentation.review.addresses import inside
from monitor.documentation.review.loose import estimate, facts, listing, many, not_computed, part
from monitor.documentation.review.pieces import Links, Part, Piece
from monitor.documentation.wording import as_sentence, listed

EXPLANATIONS: Final = {
    "none": "neither scores nor their meaning moved (none)",
    "covariate": "other patients or images, the same meaning of a score (covariate)",
    "label": "another prevalence, the same scores within each class (label)",
    "concept": "the same scores, another meaning of them (concept)",
    "acquisition": "the same prevalence, other scores within each class (acquisition)",
}
NAMES: Final = {
    "n": "Studies in the window",
    "reference_n": "Studies of the reference",
    "reference_events": "Events (rarer class) of the reference",
}
STATES: Final = {
    "shift": "yes, a shift is seen",
    "no_shift_seen": "no shift is seen",
    "insufficient": "too few patients to tell",
}
DOMAIN: Final = {"auc": "Area (AUC)", "state": "Answer", "in_words": "In words"}
CARRIERS: Final = {
    "alone_auc": "area of the feature alone",
    "lost_auc": "area lost without it",
    "difference_in_sd": "difference in SD",
    "share_change": "change of its share",
}
FACTS: Final = {
    "events": "Events (rarer class) in the window",
    "events_needed": "Events needed in the window",
}
UNJUDGED: Final = frozenset({"insufficient", "unresolved", "not_estimable"})
"""Answers that claim no set of explanations."""
CORRECTED: Final = (
    "What a score means is held against calibrator {version}, which is in use now: what it has already "
    "corrected does not count as moved, though the prevalence may differ from that of the reference."
)
TABLES: Final = frozenset({"status", "verdict", "kept", "p_values", "decomposition", "strata", *FACTS})


def explanations_part(place: Record) -> Part:
    """The explanations that the data leave possible, with the evidence for and against."""
    found = part(place, "explanations")
    if not any(found.get(key) for key in ("verdict", "kept", "p_values")):
        return Part("explanations", "Possible explanations", (not_computed(found),))
    kept = [str(name) for name in found.get("kept") or []]
    pieces: list[Piece] = [
        Sentence(as_sentence(str(found.get("verdict") or "no verdict is given"))),
        Sentence(_possible(found, kept)),
        Facts(tuple((words, _stated(found.get(key))) for key, words in FACTS.items())),
    ]
    version = part(place, "calibrator").get("version")
    if version not in (None, "v0"):
        pieces.append(Sentence(CORRECTED.format(version=version)))
    judged = kept if _judged(found) else None
    pieces += [_p_values(part(found, "p_values"), judged)] if found.get("p_values") else []
    pieces += _decomposition(found)
    if found.get("strata"):
        pieces.append(listing("strata", "Within strata", found["strata"]))
    rest = {key: value for key, value in found.items() if key not in TABLES and key != "reason"}
    return Part("explanations", "Possible explanations", (*pieces, *([facts(rest, NAMES)] if rest else [])))


def domain_part(place: Record) -> Part:
    """Can reference and present be told apart, and by what."""
    found = part(place, "domain")
    if not found.get("auc"):
        return Part("domain", "Can the present be told from the reference?", (not_computed(found),))
    says = Sentence(
        "A classifier is trained to tell present studies from the reference, folds apart by patient. An area "
        "of 0.5 means that it cannot. The p-value comes from permutations and is never 0."
    )
    answer = STATES.get(str(found.get("state")), str(found.get("state")))
    numbers = facts({**{key: found[key] for key in found if key != "carriers"}, "state": answer}, DOMAIN)
    rows = [{CARRIERS.get(key, key): row[key] for key in row} for row in many(found, "carriers")]
    carriers = listing("carriers", "Features that may carry the difference", rows)
    return Part("domain", "Can the present be told from the reference?", (says, numbers, carriers))


def second_opinion_part(place: Record) -> Part:
    """Evidently's report on the same rows, which never decides."""
    found = part(place, "second_opinion")
    title = "Second opinion (Evidently)"
    if not found.get("html") and not found.get("agreement"):
        return Part("second-opinion", title, (not_computed(found),))
    note = Aside(
        "A second opinion for drill-down. It decides nothing; its defaults flag unshifted nights too."
    )
    agreement = listing("agreement", "Agreement with this program", found.get("agreement") or [])
    return Part("second-opinion", title, (note, _report(found.get("html")), agreement))


def _report(address: str | None) -> Piece:
    if not address:
        return Sentence("No report is saved for this place.")
    safe = inside(address)
    if safe is None:
        return Sentence(f"The report is not linked, its address could leave this folder: {address}")
    return Links((("Open the report on reference and present", safe),))


def _stated(number: float | None) -> Cell:
    return "none named" if number is None else Number(number)


def _judged(found: Record) -> bool:
    """Whether explanations were told apart at all; too few outcomes exclude none."""
    return found.get("status") not in UNJUDGED


def _possible(found: Record, kept: list[str]) -> str:
    """The explanations that remain.

    Example:
        >>> _possible({"status": "insufficient"}, []), _possible({"status": "mixed"}, [])
        ('No explanation is excluded yet.', 'Still possible: none of those that were considered (mixed).')
    """
    if not _judged(found):
        return "No explanation is excluded yet."
    return f"Still possible: {listed(kept, 'or') or 'none of those that were considered (mixed)'}."


def _p_values(found: Record, kept: list[str] | None) -> Table:
    rows = [_explanation(name, value, kept) for name, value in found.items()]
    return Table(
        "explanations", "Each explanation against the data", ("Explanation", "p", "Verdict"), tuple(rows)
    )


def _explanation(name: str, p: float | None, kept: list[str] | None) -> tuple[Cell, ...]:
    if kept is None:
        verdict = Mark("none", "not judged")
    else:
        verdict = Mark("open", "possible") if name in kept else Mark("excluded", "excluded")
    shown: Cell = Mark("none", "not computed") if p is None else Share(p)
    return EXPLANATIONS.get(name, name), shown, verdict


def _decomposition(found: Record) -> list[Piece]:
    parts = part(found, "decomposition")
    if not parts:
        return []
    rows = tuple((str(name).replace("_", " "), estimate(value)) for name, value in parts.items())
    caption = "Change of the prevalence, divided exactly"
    return [Table("decomposition", caption, ("Part of the change", "Amount"), rows)]
