"""Forms in which a person decides: what a served page has beyond the same page as a file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from monitor.documentation.evidence import Record
from monitor.documentation.figures.states import name_of
from monitor.documentation.review.addresses import anchor, dossier_address
from monitor.documentation.review.pieces import Field, Form
from monitor.documentation.wording import spaced

CAUSES: Final = (
    ("data", "data: an export, a column"),
    ("population", "population: other patients"),
    ("device", "device: scanner, software"),
    ("practice", "practice: how people work"),
    ("none", "none: nothing found"),
    ("other", "other"),
)
DECISIONS: Final = (("approve", "Approve"), ("decline", "Decline"))


@dataclass(frozen=True)
class Refusal:
    """A decision that was refused.

    Attributes:
        form: The form it was sent from.
        reason: In one sentence.
        given: What was typed, without any passphrase.
    """

    form: str
    reason: str
    given: Mapping[str, str]


@dataclass(frozen=True)
class Desk:
    """The session in which pages are shown.

    Attributes:
        token: Of the session; every form sends it back.
        roles: Of the plan in force.
        keyed: Whether that plan lists any key.
        dossiers: SHA-256 of the dossier on record, by change.
        refusal: What was just refused.
    """

    token: str
    roles: tuple[str, ...]
    keyed: bool
    dossiers: Mapping[str, str]
    refusal: Refusal | None = None


def decision_form(change: Record, desk: Desk) -> Form:
    """Approves or declines a change; bound to the dossier that is on record when the page is shown."""
    name = str(change.get("id"))
    dossier = desk.dossiers.get(name, "")
    digest = f" (SHA-256 {dossier[:16]}…)." if dossier else ", which is not there yet."
    address = dossier_address(change)
    return _form(
        ("decide", f"Approve or decline {name}"),
        f"Your signature binds the plan, the ledger up to now and the dossier on record{digest} Read it "
        "first. With the last signature that the plan asks for, the candidate is in use.",
        {"subject": name, "dossier": dossier},
        (Field("act", "Decision", shape="choice", options=DECISIONS), *_person(desk)),
        (Field("meaning", "Meaning", "What your signature means, in your own words, on one line."), "Sign"),
        desk,
        links=((f"Dossier of {name}", address),) if address else (),
    )


def rollback_form(change: Record, desk: Desk) -> Form:
    """Takes the live calibrator of a change back."""
    name = str(change.get("id"))
    return _form(
        ("rollback", f"Take {name} back"),
        f"{name_of(change)} returns to the approved calibrator that was in use before. A change that is "
        "still open there ends as void.",
        {"act": "rollback", "subject": name},
        _person(desk),
        (Field("reason", "Reason", "Why the live calibrator is taken back, on one line."), "Take it back"),
        desk,
    )


def close_form(alarm: Record, desk: Desk) -> Form:
    """Ends an alarm with its cause."""
    name = str(alarm.get("alarm"))
    return _form(
        (f"close-{anchor(alarm)}", f"Close {name} here"),
        "The alarm ends with a cause, a reason and your name; its stream starts anew.",
        {"act": "close", "subject": name},
        (*_person(desk), Field("cause", "Cause", shape="list", options=CAUSES)),
        (Field("reason", "Reason", "What was found, on one line."), f"Close {name}"),
        desk,
        folded=True,
    )


def _form(
    named: tuple[str, str],
    text: str,
    hidden: Mapping[str, str],
    fields: tuple[Field, ...],
    last: tuple[Field, str],
    desk: Desk,
    *,
    links: tuple[tuple[str, str], ...] = (),
    folded: bool = False,
) -> Form:
    """A form whose last question is what the person says, then the key, as on the command line."""
    (form, title), (said, button) = named, last
    refusal = desk.refusal if desk.refusal and desk.refusal.form == form else None
    given = refusal.given if refusal else {}
    sent = {"token": desk.token, "form": form, **hidden}
    asked = (*fields, said, *(_key() if desk.keyed else ()))
    return Form(
        form,
        title,
        text,
        tuple(sent.items()),
        tuple(_with_answer(field, given) for field in asked),
        button,
        links,
        folded,
        refusal.reason if refusal else None,
    )


def _with_answer(field: Field, given: Mapping[str, str]) -> Field:
    """The field with what was typed; a secret is asked anew."""
    value = "" if field.shape == "secret" else given.get(field.name, "")
    return Field(field.name, field.label, field.hint, field.shape, field.options, value, field.required)


def _person(desk: Desk) -> tuple[Field, ...]:
    roles = tuple((role, spaced(role)) for role in desk.roles)
    return (
        Field("signer", "Signer", "Your printed name."),
        Field("role", "Role", shape="list", options=roles),
    )


def _key() -> tuple[Field, ...]:
    return (
        Field("key", "Key file", "Where your signing key lies on this computer, such as ~/keys/signing.key."),
        Field(
            "passphrase",
            "Passphrase of the key",
            "Opens the key for this one signature. It is not kept; do not let the browser keep it either.",
            "secret",
        ),
    )
