"""Parts of the plan page that hold numbers: streams with their limits, looks, criteria, signatures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from monitor.documentation.blocks import Aside, Bullets, Cell, Facts, Sentence, Table
from monitor.documentation.evidence import Record
from monitor.documentation.numbers import FIXED_SPACE, Number
from monitor.documentation.review.loose import many, not_computed, part
from monitor.documentation.review.pieces import Part, Piece
from monitor.documentation.sections.criteria import limit_text
from monitor.documentation.wording import COMPARATOR_WORDS, METRIC_NAMES, counted, listed, spaced

TOLERANCES: Final = {
    "logit": "{:g} in log-odds",
    "standardized_difference": "{:g} SD",
}
STREAMS: Final = ("Stream", "Group", "Weight", "Tolerance", "Limit of log R", "Limit of R")
BOUNDS: Final = {
    "two_one_sided": "whole interval inside",
    "lower": "lower bound",
    "upper": "upper bound",
}


def watched_part(streams: Sequence[Record], monitoring: Record) -> Part:
    """Every stream with its share of the false-alarm probability and the limit that follows."""
    if not streams:
        return Part("watched", "What is watched", (not_computed({"reason": "the report names no stream"}),))
    alpha = monitoring.get("false_alarm_probability")
    said = (
        f"Looks: {spaced(str(monitoring.get('cadence')))}. A false alarm of any stream at a site has "
        f"probability at most {alpha} within {monitoring.get('horizon_looks')} looks; each stream spends its "
        "weight of it. A stream alarms when R, its evidence against every value inside the tolerance, "
        "reaches its limit."
    )
    caption = "Streams, their tolerance and their alarm limit"
    rows = tuple(map(_stream, streams))
    return Part("watched", "What is watched", (Sentence(said), Table("watched", caption, STREAMS, rows)))


def tolerance_text(found: Record) -> str:
    """A tolerance in words.

    Example:
        >>> tolerance_text({"logit": 0.1, "standard_errors": 1.0})
        '0.1 in log-odds + 1 standard error'
        >>> tolerance_text({"standardized_difference": 0.1, "logit": 0.2, "standard_errors": 2})
        '0.1 SD or 0.2 in log-odds, + 2 standard errors'
    """
    bands = [
        TOLERANCES[key].format(found[key]) for key in ("standardized_difference", "logit") if key in found
    ]
    if not bands:
        return "none in the plan"
    comma = "," if len(bands) > 1 else ""
    errors = found.get("standard_errors") or 0
    more = f"{comma} + {errors:g} standard error{'' if errors == 1 else 's'}" if errors else ""
    return " or ".join(bands) + more


def criterion_sentence(found: Record) -> str:
    """One criterion of the plan in one sentence.

    Example:
        >>> ratio = {"id": "G2", "metric": "observed_expected_ratio", "interval": "two_one_sided"}
        >>> criterion_sentence({**ratio, "limits": [0.8, 1.25], "require": "demonstrated"})
        'G2: Observed over expected, whole interval inside 0.8 to 1.25; must be demonstrated.'
        >>> loss = {"id": "G1", "metric": "log_loss_difference", "against": "original", "bound": "lower"}
        >>> criterion_sentence({**loss, "limit": 0.0, "require": "not_contradicted"})
        'G1: Log loss saved against the original calibrator, lower bound above 0; must not be contradicted.'
    """
    metric, against = str(found.get("metric")), found.get("against")
    keys = ("limits", "limit", "margin", "margin_relative")
    fixed = {key: found[key] for key in keys if found.get(key) is not None}
    compared = f" against the {COMPARATOR_WORDS.get(str(against), str(against))}" if against else ""
    at = f" at the {spaced(str(found['at']))}" if found.get("at") else ""
    bound = BOUNDS.get(str(found.get("interval") or found.get("bound")), "bound")
    limit = limit_text({"pre_specified": fixed, "limit": None, "metric": metric, "against": against})
    must = "be demonstrated" if found.get("require") == "demonstrated" else "not be contradicted"
    return (
        f"{found.get('id')}: {METRIC_NAMES.get(metric, metric)}{compared}{at}, {bound} {limit}; must {must}."
    )


def judging_part(protocol: Record) -> Part:
    """When a candidate is fitted and judged, on how many, and by which criteria."""
    evaluation, retraining, management, update = (
        (many(protocol, key) or [{}])[0]
        for key in ("performance_evaluation", "retraining", "data_management", "update_procedures")
    )
    rows = (*_data(management), *_judging(evaluation, part(retraining, "events_for")), *_after(update))
    criteria = tuple(criterion_sentence(found) for found in many(evaluation, "criteria"))
    pieces: list[Piece] = [Facts(rows), Sentence("Criteria, all at the same look:"), Bullets(criteria)]
    return Part("judging", "How a change is judged", tuple(pieces))


def _data(found: Record) -> tuple[tuple[str, Cell], ...]:
    truth = part(found, "reference_standard")
    least = found.get("minimum_ascertainment")
    share = f"{100 * least:.3g}{FIXED_SPACE}%" if isinstance(least, int | float) else "not known"
    return (
        (
            "Reference standard",
            f"{truth.get('definition')} ({truth.get('source')}, version {truth.get('version')})",
        ),
        ("Outcomes are mature after", f"{found.get('maturity_days')} days"),
        ("Least share of outcomes known", share),
    )


def _judging(found: Record, fit: Record) -> tuple[tuple[str, Cell], ...]:
    looks = [str(events) for events in part(found, "looks").get("events") or []]
    alphas = [f"{alpha:g}" for alpha in found.get("attempt_alpha") or []]
    least = fit.get("pooled") or fit.get("closed_test")
    return (
        ("Fitted at", f"{least} events of the rarer class"),
        ("Looks at", f"{listed(looks)} events of the rarer class, on patients that did not fit"),
        ("Least patients", str(found.get("minimum_patients"))),
        ("Longest wait", counted(int(found.get("maximum_wait_days") or 0), "day")),
        ("One-sided alpha of the attempts at a place", listed(alphas) or "not known"),
        ("On failure", spaced(str(found.get("on_unresolvable_failure")))),
    )


def _after(update: Record) -> tuple[tuple[str, Cell], ...]:
    follow = part(update, "follow_up")
    asked = f"asked once, at {follow.get('events')} events since" if follow else "not asked"
    back = spaced(str(part(update, "rollback").get("to") or "none in the plan"))
    return ("Did it help?", asked), ("Rollback to", back)


def approvals_part(content: Record) -> Part:
    """Who signs a change before it is deployed."""
    roles = many(content, "approvals")
    rows = tuple(
        (str(role.get("role")), Number(role.get("signatures")), Number(len(role.get("keys") or [])))
        for role in roles
    )
    table = Table("roles", "Signatures that each change needs", ("Role", "Signatures", "Keys listed"), rows)
    short = [
        str(role.get("role")) for role in roles if len(role.get("keys") or []) < (role.get("signatures") or 1)
    ]
    lacking: tuple[Any, ...] = ()
    if short:
        lacking = (
            Aside(f"Too few keys for {listed(short)}: no change can be approved until the plan lists them."),
        )
    return Part("approvals", "Who approves", (table, *lacking))


def _stream(found: Record) -> tuple[Cell, ...]:
    tolerance: Mapping[str, Any] = part(found, "tolerance")
    return (
        str(found.get("label") or found.get("stream")),
        str(found.get("group")),
        Number(found.get("weight"), 2, percent=True),
        tolerance_text(tolerance),
        Number(found.get("log_limit"), 2),
        Number(found.get("limit")),
    )
