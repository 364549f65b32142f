"""The plan as a document: who it is, what is watched, how a change is judged, who signs, and its text."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from monitor.documentation.blocks import Cell, Code, Facts, Sentence
from monitor.documentation.content.headline import BANNERS, EXPLAINED
from monitor.documentation.evidence import Record
from monitor.documentation.figures.power_curve import power_curve
from monitor.documentation.review.loose import many, not_computed, part
from monitor.documentation.review.pieces import Banner, Folded, Part, Piece
from monitor.documentation.review.plan_power import power_part
from monitor.documentation.review.plan_rules import approvals_part, judging_part, watched_part
from monitor.documentation.review.plan_versions import versions_part
from monitor.documentation.wording import ACTOR_WORDS, AUTHORIZATION_WORDS, capitalised, listed, spaced


def plan_values(report: Record) -> dict[str, Any]:
    """What the template needs for the page of the plan."""
    found = part(report, "plan_document")
    content = part(found, "content")
    identity = part(content, "plan")
    name = f"{identity.get('title') or 'Plan'}, version {identity.get('version') or 'not known'}"
    return {
        "title": f"Plan: {name}",
        "heading": name if content else "Plan: not computed",
        "heading_mark": None,
        "panel": "",
        "summary": str(part(content, "device").get("intended_use") or ""),
        "facts": None,
        "parts": _parts(report, found, content),
        "drawings": _drawings(part(found, "power")),
    }


def _drawings(power: Record) -> dict[str, str]:
    return {"power": power_curve(power)} if part(power, "curves").get("lines") else {}


def watermark(content: Record) -> Banner | None:
    """What stands on every document of a plan that no authority has authorised.

    Example:
        >>> watermark({"plan": {"authorization": {"status": "submitted"}}}).title
        'Not an authorized PCCP'
        >>> watermark({"plan": {"authorization": {"status": "authorized"}}}) is None
        True
    """
    status = str(part(part(content, "plan"), "authorization").get("status"))
    if status == "authorized":
        return None
    return Banner(BANNERS["not_authorized"], EXPLAINED["not_authorized"], dashed=False)


def _parts(report: Record, found: Record, content: Record) -> tuple[Part, ...]:
    if not content:
        return (Part("identity", "Identity", (not_computed({"reason": "the report holds no plan"}),)),)
    return (
        _identity(found, content),
        watched_part(many(found, "streams"), part(content, "monitoring")),
        _modification(content),
        judging_part(part(content, "modification_protocol")),
        power_part(part(found, "power"), str(report.get("workspace") or "WORKSPACE")),
        approvals_part(content),
        versions_part(many(found, "versions")),
        _impact(content),
        _text(found),
    )


def _identity(found: Record, content: Record) -> Part:
    plan, device = part(content, "plan"), part(content, "device")
    letter = part(plan, "authorization")
    cited = " ".join(str(letter[key]) for key in ("pathway", "number", "date") if letter.get(key))
    rows: list[tuple[str, Cell]] = [
        ("Plan", f"{plan.get('id')}, version {plan.get('version')}"),
        ("SHA-256", Code(str(found.get("sha256")))),
        ("Authorization", AUTHORIZATION_WORDS.get(str(letter.get("status")), "not known")),
        *([("Letter", cited)] if cited else []),
        ("Change made by", ACTOR_WORDS.get(str(plan.get("actor")), "not known")),
        ("Device", f"{device.get('name')}, model {device.get('model_version')}"),
        ("Findings", listed([str(item.get("id")) for item in many(content, "findings")])),
        ("Never changed", _words(device.get("invariants"))),
    ]
    mark = watermark(content)
    return Part("identity", "Identity", (*([mark] if mark else []), Facts(tuple(rows))))


def _modification(content: Record) -> Part:
    found = (many(content, "description_of_modifications") or [{}])[0]
    rows: list[tuple[str, Cell]] = [
        ("What may change", str(found.get("title"))),
        ("Where", f"{spaced(str(found.get('scope')))}: each place on its own"),
        ("Methods", _words(found.get("methods"))),
        ("Implementation", spaced(str(found.get("implementation")))),
        ("Never covered", _words(found.get("excluded"))),
        ("Most per year", str(found.get("maximum_per_year") or "no bound in the plan")),
        ("Days between changes", str(found.get("minimum_interval_days") or "no bound in the plan")),
    ]
    if guardrails := part(found, "guardrails"):
        rows.append(
            ("Guardrails", ", ".join(f"{spaced(key)} {_plain(value)}" for key, value in guardrails.items()))
        )
    return Part("modification", "What may change", (Facts(tuple(rows)),))


def _impact(content: Record) -> Part:
    pieces: list[Piece] = []
    for found in many(content, "impact_assessment"):
        rows = ((capitalised(key), _plain(value)) for key, value in found.items())
        pieces.append(Facts(tuple(rows)))
    return Part("impact", "Impact", tuple(pieces) or (Sentence("None is written."),))


def _text(found: Record) -> Part:
    note = "The file as it was bound. Its SHA-256 is of its values: layout and comments do not matter."
    text = Folded("Show the YAML", str(found.get("text") or "not in the report"))
    return Part("text", "The file", (Sentence(note), text))


def _words(values: Any) -> str:
    return listed([spaced(str(value)) for value in values]) if isinstance(values, list) and values else "none"


def _plain(value: Any) -> str:
    if isinstance(value, list):
        return _joined([str(item) for item in value]) or "none"
    if isinstance(value, Mapping):
        return ", ".join(f"{spaced(str(key))} {_plain(item)}" for key, item in value.items())
    return str(value)


def _joined(items: list[str]) -> str:
    """Sentences follow one another, words take commas.

    Example:
        >>> _joined(["It waits.", "It is late."]), _joined(["a", "b"])
        ('It waits. It is late.', 'a, b')
    """
    return (" " if all(item.endswith(".") for item in items) else ", ").join(items)
