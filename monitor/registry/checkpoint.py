"""Signed heads of the ledger: who keeps one elsewhere sees a tail that was cut off, and a fork.

A checkpoint is a DSSE envelope (Dead Simple Signing Envelope, as in-toto and TUF use) around the number
of entries, the hash of the last one, the plan's hash and the last night. Ed25519 signatures are
deterministic, so the same head under the same key has the same bytes.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from monitor.errors import EvidenceError
from monitor.hashing import canonical_json
from monitor.registry.ledger import Entry, bound_plans
from monitor.registry.signature import key_id, private_key, public_key, public_key_text

PAYLOAD_TYPE = "application/vnd.pccp-monitor.checkpoint+json"


@dataclass(frozen=True)
class Checkpoint:
    """What one head of the ledger was.

    Attributes:
        entries: Entries in the ledger then.
        head: Hash of the last of them.
        plan_sha256: Of the bound plan.
        night: The last finished night, ISO 8601; None before the first.
    """

    entries: int
    head: str
    plan_sha256: str
    night: str | None


def seal(checkpoint: Checkpoint, key_file: Path) -> bytes:
    """The signed envelope, as bytes of a file, in the form that securesystemslib reads and verifies.

    Every night signs, so what it signs is written out here and the library is left to those who verify.

    Args:
        checkpoint: What is stated.
        key_file: Ed25519 private key, readable by its owner only.

    Raises:
        UsageError: The key cannot be read or used.
    """
    payload = canonical_json(asdict(checkpoint)).encode()
    signature = private_key(key_file).sign(_signed_bytes(payload))
    return _text(payload, {key_id(public_key_text(key_file)): signature})


def unseal(content: bytes, public_text: str) -> Checkpoint:
    """What an envelope states, its form and its signature checked.

    Args:
        content: Bytes of the file.
        public_text: The one key that may sign, as entry 0 lists it.

    Raises:
        EvidenceError: Not such an envelope, a changed one, or signed by another key.
    """
    from securesystemslib.dsse import Envelope
    from securesystemslib.exceptions import VerificationError
    from securesystemslib.signer import SSlibKey  # pyright: ignore[reportPrivateImportUsage]

    try:
        found: Any = json.loads(content.decode())
        signers = [str(signature["keyid"]) for signature in found["signatures"]]
        envelope = Envelope.from_dict(found)
        signatures = {name: bytes.fromhex(each.signature) for name, each in envelope.signatures.items()}
        sound = envelope.payload_type == PAYLOAD_TYPE and _text(envelope.payload, signatures) == content
        payload: Any = json.loads(envelope.payload)
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
        raise EvidenceError("expected a signed checkpoint, found something else") from error
    if not sound:
        raise EvidenceError("the envelope was changed, or is not in its one canonical form")
    if signers != [key_id(public_text)]:
        listed = ", ".join(name[:16] for name in signers) or "nobody"
        raise EvidenceError(f"signed by {listed}, which is not the key entry 0 lists, {key_id(public_text)}")
    try:
        envelope.verify([SSlibKey.from_crypto(public_key(public_text), keyid=key_id(public_text))], 1)
        return Checkpoint(**payload)
    except (VerificationError, ValueError, TypeError) as error:
        raise EvidenceError("the signature does not belong to the content") from error


def disagreement(checkpoint: Checkpoint, entries: Sequence[Entry]) -> str | None:
    """What a ledger lacks of a checkpoint, in words; None where it holds all of it.

    Example:
        >>> disagreement(Checkpoint(3, "aa", "bb", None), [])
        'states 3 entries, the ledger has 0: its tail was cut off'
    """
    if checkpoint.entries > len(entries):
        return f"states {checkpoint.entries} entries, the ledger has {len(entries)}: its tail was cut off"
    if checkpoint.entries < 1 or entries[checkpoint.entries - 1].hash != checkpoint.head:
        return (
            f"states head {checkpoint.head[:12]}... after {checkpoint.entries} entries, "
            "the ledger has another one: its history was replaced"
        )
    if list(bound_plans(entries[: checkpoint.entries]))[-1] != checkpoint.plan_sha256:
        return "states another plan than the one in force after its last entry"
    return None


def _signed_bytes(payload: bytes) -> bytes:
    """What DSSE signs of a payload: its type and itself, each after its length.

    Example:
        >>> _signed_bytes(b"{}")
        b'DSSEv1 44 application/vnd.pccp-monitor.checkpoint+json 2 {}'
    """
    return b"DSSEv1 %d %b %d %b" % (len(PAYLOAD_TYPE), PAYLOAD_TYPE.encode(), len(payload), payload)


def _text(payload: bytes, signatures: Mapping[str, bytes]) -> bytes:
    """One form only, so that every changed byte is seen, the padding bits of base64 included."""
    signed = [
        {"keyid": name, "sig": base64.b64encode(signature).decode()} for name, signature in signatures.items()
    ]
    fields = {
        "payload": base64.b64encode(payload).decode(),
        "payloadType": PAYLOAD_TYPE,
        "signatures": signed,
    }
    return (canonical_json(fields) + "\n").encode()
