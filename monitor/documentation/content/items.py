"""The thirty items that a change dossier must hold, each answered: evidence, not applicable, or a question.

An item is never left out. What a program cannot know is put to a person in words, and is not called evidence
until somebody has answered it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from monitor.documentation.content import item_answers as answers
from monitor.documentation.content.item_answers import Answer
from monitor.documentation.evidence import Case
from monitor.documentation.wording import counted, listed

STATUSES: Final = {
    "evidence": "evidence",
    "not_applicable": "not applicable",
    "needs_person": "needs a person",
}


@dataclass(frozen=True)
class Item:
    """One item of the list.

    Attributes:
        title: What it asks for.
        source: Where it is asked for.
        sections: Anchors of the page where its evidence stands.
        keys: Keys of dossier.json that hold it.
        answer: Finds its status and words for one change.
    """

    title: str
    source: str
    sections: tuple[str, ...]
    keys: tuple[str, ...]
    answer: Callable[[Case], Answer]


def items(case: Case) -> list[dict[str, Any]]:
    """Every item in the order of its number.

    Args:
        case: The change; `shared` holds every other part of the dossier already.

    Returns:
        For each item `number`, `title`, `source`, `status`, `where` (`sections` and `keys`), `text` and
        `person`, which says what a person has to decide, or is None.
    """
    return [_item(case, number, item) for number, item in enumerate(ITEMS, 1)]


def _item(case: Case, number: int, item: Item) -> dict[str, Any]:
    found = item.answer(case)
    return {
        "number": number,
        "title": item.title,
        "source": item.source,
        "status": found.status,
        "status_words": STATUSES[found.status],
        "where": {"sections": list(item.sections), "keys": list(item.keys)},
        "text": found.text,
        "person": found.person,
    }


def completeness(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """How many items have which status, and which still wait for a person."""
    status = Counter(row["status"] for row in rows)
    waiting = [row["number"] for row in rows if row["person"]]
    return {
        "items": len(rows),
        **{name: status[name] for name in STATUSES},
        "waiting_for_a_person": waiting,
        "words": (
            f"{counted(len(rows), 'item')}: {status['evidence']} with evidence, {status['not_applicable']} "
            f"not applicable, {status['needs_person']} for a person alone. Before this dossier can stand as "
            "the evidence of a submission, a person must answer items "
            f"{listed([str(number) for number in waiting])}."
        ),
    }


_V = "FDA PCCP guidance V"
_VI = "FDA PCCP guidance VI.B"
_VII = "FDA PCCP guidance VII"
_A = "FDA PCCP guidance, Appendix A"

ITEMS: Final = (
    Item(
        "Identity of device, plan, versions and change",
        f"{_V}.C, VII",
        ("headline", "plan", "ledger"),
        ("document", "plan", "change", "ledger"),
        answers.identity,
    ),
    Item(
        "Conformity decision, clause by clause",
        f"{_V}.D, Figure 1",
        ("conformity",),
        ("conformity",),
        answers.conformity,
    ),
    Item("Trigger", f"{_A} 2.b.1, 3.a.1", ("trigger",), ("trigger",), answers.trigger),
    Item(
        "The change: old and new parameters and their effect",
        "FDA PCCP guidance VI.A",
        ("change", "reliability", "operating-point"),
        ("change", "reliability", "operating_point"),
        answers.change,
    ),
    Item(
        "Justification of the local adaptation",
        _VI,
        ("conformity", "trigger"),
        ("local_adaptation", "trigger"),
        answers.local,
    ),
    Item(
        "Data account",
        f"{_A} 1.d.4; FDA draft lifecycle guidance X.A (draft, not for implementation)",
        ("data",),
        ("data_account",),
        answers.data,
    ),
    Item(
        "Reference standard used",
        f"{_A} 1.c",
        ("data", "outcomes-read"),
        ("data_account", "outcomes_read"),
        answers.reference,
    ),
    Item(
        "Sequestration, uses of the test data, error budget",
        f"{_A} 1.d",
        ("conformity", "attempt"),
        ("sequestration", "attempt"),
        answers.sequestration,
    ),
    Item(
        "Software and provenance; tested is released",
        "FDA PCCP guidance V.C",
        ("conformity", "ledger"),
        ("provenance", "ledger", "document"),
        answers.provenance,
    ),
    Item(
        "Results against both comparators",
        f"{_VII}.B(3)",
        ("criteria", "verdict"),
        ("criteria", "verdict", "performance"),
        answers.results,
    ),
    Item(
        "Unmodified specifications",
        f"{_VII}.B(3); Appendix A 3.c.4",
        ("conformity", "operating-point"),
        ("unmodified", "operating_point"),
        answers.unmodified,
    ),
    Item(
        "Subgroups, challenging cases, uncertainty of the reference",
        f"{_A} 3.b.5, 3.c.2, 3.c.7",
        ("subgroups", "outcomes-read"),
        ("subgroups", "outcomes_read"),
        answers.subgroups,
    ),
    Item(
        "Earlier attempts",
        f"{_VII}.B(3)",
        ("history", "attempt"),
        ("earlier_attempts", "attempt"),
        answers.earlier,
    ),
    Item(
        "Failures and deviations",
        f"{_VII}.B(3), V.D",
        ("history", "verdict"),
        ("failures", "verdict"),
        answers.failures,
    ),
    Item(
        "Cumulative change against the original",
        "FDA PCCP guidance VIII",
        ("history", "criteria"),
        ("cumulative", "criteria"),
        answers.cumulative,
    ),
    Item(
        "Versions on windows: learning, potential, retention",
        "FDA DIDSR, VIGILANT",
        ("versions",),
        ("versions",),
        answers.versions,
    ),
    Item(
        "Impact assessment, checked again",
        "FDA PCCP guidance VIII, V.D",
        ("impact",),
        ("impact_assessment", "impact_recheck"),
        answers.impact,
    ),
    Item(
        "Software verification and validation",
        f"{_VII}.B(4)",
        ("traceability",),
        ("traceability",),
        answers.verification,
    ),
    Item("Labeling, with version history", f"{_V}.C", ("labeling",), ("labeling",), answers.labeling),
    Item("Notice to users", f"{_VII}.B(4)", ("release-note",), ("release_note",), answers.notice),
    Item("Unique device identifier", f"{_VII}.B(4); 21 CFR 830.50", ("questions",), ("udi",), answers.udi),
    Item(
        "Deployment record",
        f"{_A} 4.b, 4.d.9",
        ("deployment", "approvals"),
        ("deployment", "approvals"),
        answers.deployment,
    ),
    Item(
        "Monitoring of this version",
        f"{_A} 4.d",
        ("deployment", "follow-up"),
        ("monitoring_of_version", "follow_up"),
        answers.monitoring,
    ),
    Item(
        "Regulatory side-checks",
        "21 CFR 806, 803, 807.81(a)(3), 814.39; EU AI Act 43(4); Health Canada",
        ("questions",),
        ("side_checks",),
        answers.side_checks,
    ),
    Item(
        "Approvals with the meaning of each signature",
        "21 CFR 11.50; ISO 13485 7.3.9",
        ("approvals",),
        ("approvals",),
        answers.approvals,
    ),
    Item("Public summary", f"{_V}.C", ("public-summary",), ("public_summary",), answers.summary),
    Item(
        "Execution history of the plan",
        f"{_V}.F",
        ("history",),
        ("execution_history", "plan_versions"),
        answers.execution,
    ),
    Item(
        "Completeness as evidence of a submission",
        f"{_VII}.A",
        ("items",),
        ("items", "completeness"),
        answers.complete,
    ),
    Item(
        "Model card, what differs",
        "FDA draft lifecycle guidance XIII (draft, not for implementation)",
        ("labeling",),
        ("model_card_delta",),
        answers.card,
    ),
    Item("Limits of this document", "this program", ("limits",), ("limits", "banners"), answers.limits),
)
