"""One line for each kind of entry of the ledger."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

Body = Mapping[str, Any]
LONGEST = 240
"""Characters of a line; the entry itself holds all of a longer text."""


def summary(kind: str, body: Body) -> str:
    """What an entry says, in one line.

    An entry of a kind that this version has no words for is named by the keys of its body.

    Example:
        >>> summary("night", {"night": "2026-03-02", "cohorts": ["2026-02-16"]})
        'night 2026-03-02, cohort 2026-02-16 matured'
        >>> summary("dossier", {"change": "CHG-0001", "sha256": "244546c40c1bf17d"})
        'dossier of CHG-0001 issued, sha256 244546c40c1b'
        >>> summary("novelty", {"b": 1, "a": 2})
        'holds a, b'
    """
    words = WORDS.get(kind)
    try:
        found = words(body) if words else _unknown(body)
    except (LookupError, TypeError, ValueError, AttributeError):
        found = _unknown(body)
    return found if len(found) <= LONGEST else found[: LONGEST - 3] + "..."


def _unknown(body: Body) -> str:
    return f"holds {', '.join(sorted(body)) or 'nothing'}"


def _night(body: Body) -> str:
    cohorts = body["cohorts"]
    if not cohorts:
        return f"night {body['night']}, no cohort matured"
    several = f"cohorts {cohorts[0]} to {cohorts[-1]}" if len(cohorts) > 1 else f"cohort {cohorts[0]}"
    return f"night {body['night']}, {several} matured"


def _plan(body: Body) -> str:
    plan = body["plan"]
    return f"plan {plan['id']} {plan['version']} bound, sha256 {plan['sha256'][:12]}"


def _amended(body: Body) -> str:
    count = body["differences"]
    keys = f"{count} key{'' if count == 1 else 's'} differ{'s' if count == 1 else ''}"
    return f"plan {body['from']['version']} amended to {body['plan']['version']}: {keys}; {_by(body)}"


def _batch(body: Body) -> str:
    return (
        f"{body['role']}: {body['rows_read']:,} rows read, {body['stored']:,} stored, "
        f"{body['rejected']:,} refused, {body['duplicates']:,} repeated"
    )


def _reference(body: Body) -> str:
    return f"reference of {body['of']} frozen: {body['rows']:,} studies of {body['first']} to {body['last']}"


def _floor(body: Body) -> str:
    value = body["estimate"]["value"]
    return f"check {body['check']} of the floor: {body['metric']} {value:.3f}, floor {body['floor']:g}"


def _alarm(body: Body) -> str:
    evidence = f"log R {body['log_r']:.2f}, limit {body['log_limit']:.2f}" if body.get("log_r") else "at once"
    return f"{body['alarm']} of {body['stream']}: {evidence}"


def _closed(body: Body) -> str:
    return f"{body['alarm']} closed, cause {body['cause']}: {body['reason']}; {_by(body)}"


def _look(body: Body) -> str:
    return f"{body['change']}: look {body['look']} held, {body['validation']['events']} events, collects on"


def _verdict(body: Body) -> str:
    reasons = "; ".join(body.get("reasons") or [])
    word = body["verdict"] or ("void" if body.get("void") else "no candidate")
    return f"{body['change']}: {word}{': ' + reasons if reasons else ''}"


def _rolled_back(body: Body) -> str:
    return f"{body['change']} undone: {body['from']['version']} back to {body['to']['version']}; {_by(body)}"


def _by(body: Body) -> str:
    simulated = ", simulated: no person signed" if body.get("simulated") else ""
    return f"{body.get('signer') or body.get('by') or 'no signer'}, {body.get('role')}{simulated}"


WORDS: Final[Mapping[str, Callable[[Body], str]]] = {
    "bound": _plan,
    "amended": _amended,
    "batch": _batch,
    "night": _night,
    "stream_started": lambda body: f"stream {body['stream']} started, epoch {body['epoch']}",
    "reference_frozen": _reference,
    "floor_check": _floor,
    "alarm": _alarm,
    "alarm_closed": _closed,
    "change_opened": lambda body: f"{body['change']} opened by {body['alarm']}, attempt {body['attempt']}",
    "change_deferred": lambda body: f"no change yet for {body['alarm']}: {body['reason']}",
    "candidate_frozen": lambda body: (
        f"{body['change']}: candidate {body['candidate']['kind']} frozen, "
        f"fitted on {body['fit']['events']} events"
    ),
    "look": _look,
    "verdict": _verdict,
    "approval": lambda body: f"{body['change']} approved by {_by(body)}",
    "implemented": lambda body: f"{body['change']} implemented by {body['by']}: {body['basis']}",
    "declined": lambda body: f"{body['change']} declined by {_by(body)}",
    "voided": lambda body: f"{body['change']} void: {body['reason']}",
    "dossier": lambda body: f"dossier of {body['change']} issued, sha256 {body['sha256'][:12]}",
    "deployed": lambda body: (
        f"{body['change']} deployed: calibrator {body['calibrator']['version']} "
        f"({body['calibrator']['kind']}) from {body['night']}"
    ),
    "rolled_back": _rolled_back,
    "follow_up": lambda body: f"{body['change']} followed up: {body['answer']}",
    "archived": lambda body: f"{body['predictions']:,} predictions before {body['before']} left the database",
    "corrective_action": lambda body: (
        f"{body['corrective_action']}: {body['metric']} below the floor of {body['floor']:g}"
    ),
    "deviation": lambda body: (
        f"{body['deviation']}, {body['category'].replace('_', ' ')}: {body['description']}; {_by(body)}"
    ),
    "outside_plan": lambda body: (
        f"{body['change']}: {body['requested']} is asked for, {body['excluded_by']} does not list it"
    ),
    "log_ended": lambda body: body["because"],
}
