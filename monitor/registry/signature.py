"""Ed25519 keys, and the approval records that people sign with them."""

from __future__ import annotations

import base64
import os
import stat
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from monitor.errors import UsageError
from monitor.hashing import sha256_record, sha256_text

if TYPE_CHECKING:  # readers of the ledger come through this room's door, and few of them check a signature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

PREFIX = "ed25519:"
PURPOSE = "pccp-monitor record "
"""Stands before what is signed, so that no signature can serve another purpose."""
LARGEST_KEY_FILE = 65_536
_PROTECTED = b"-----BEGIN ENCRYPTED PRIVATE KEY-----"


def new_key(path: Path, passphrase: str | None = None, seed: bytes | None = None) -> str:
    """Make a signing key at `path`, readable by its owner only, and return its public text for the plan.

    Args:
        path: File to make.
        passphrase: Encrypts the file; without one only the file's mode protects the key.
        seed: 32 secret bytes that determine the key; drawn at random when None.

    Raises:
        UsageError: The file exists already, or the passphrase is empty.
    """
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    key = Ed25519PrivateKey.generate() if seed is None else Ed25519PrivateKey.from_private_bytes(seed)
    pem = _pem(key, passphrase)
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        _write_private(path, pem)
    except FileExistsError as error:
        raise UsageError(f"{path}: exists already; a signing key is never overwritten") from error
    return _public_text(key.public_key())


def protect_key(path: Path, passphrase: str) -> str:
    """Encrypt the file of a key that had no passphrase, and return the public text, which stays what it was.

    Args:
        path: Private key file; replaced whole or not at all.
        passphrase: Encrypts the file from now on.

    Raises:
        UsageError: The key is protected already, cannot be read, or the passphrase is empty.
    """
    if key_is_protected(path):
        raise UsageError(f"{path}: a passphrase protects this key already")
    key = private_key(path)
    part = path.with_name(path.name + ".part")
    part.unlink(missing_ok=True)
    _write_private(part, _pem(key, passphrase))
    part.replace(path)
    return _public_text(key.public_key())


def _pem(key: Ed25519PrivateKey, passphrase: str | None) -> bytes:
    from cryptography.hazmat.primitives import serialization

    if passphrase == "":
        raise UsageError("an empty passphrase protects nothing; give one, or none at all")
    lock = (
        serialization.NoEncryption()
        if passphrase is None
        else serialization.BestAvailableEncryption(passphrase.encode())
    )
    return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, lock)


def _write_private(path: Path, pem: bytes) -> None:
    """A new file that only its owner may read, on the disk when this returns."""
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as handle:
        handle.write(pem)
        handle.flush()
        os.fsync(handle.fileno())


def key_is_protected(path: Path) -> bool:
    """True when a passphrase is needed to use the key in a file.

    Raises:
        UsageError: The file cannot be read, or others may read it.
    """
    return _read_pem(path).lstrip().startswith(_PROTECTED)


def public_key_text(path: Path, passphrase: str | None = None) -> str:
    """The public text ("ed25519:...") of a private key file, as a plan lists it."""
    return _public_text(private_key(path, passphrase).public_key())


def plan_line(role: str, public_text: str, signatures: int = 1) -> str:
    """The line that lists a key under the plan's `approvals`.

    Example:
        >>> plan_line("clinical_lead", "ed25519:abc")
        '  - {role: clinical_lead, signatures: 1, keys: ["ed25519:abc"]}'
    """
    return f'  - {{role: {role}, signatures: {signatures}, keys: ["{public_text}"]}}'


def key_id(public_text: str) -> str:
    """Sixteen hexadecimal digits that name a public key in records."""
    return sha256_text(public_text)[:16]


def sign(path: Path, message: str, passphrase: str | None = None) -> str:
    """Signature of the UTF-8 bytes of `message`, base64."""
    return base64.b64encode(private_key(path, passphrase).sign(message.encode())).decode()


def verify_signature(public_text: str, signature: str, message: str) -> bool:
    """True when `signature` of `message` was made by the key's owner."""
    from cryptography.exceptions import InvalidSignature

    try:
        public_key(public_text).verify(base64.b64decode(signature), message.encode())
    except (InvalidSignature, ValueError, TypeError):
        return False
    return True


def sign_record(body: dict[str, Any], path: Path, passphrase: str | None = None) -> dict[str, Any]:
    """The record with the id of the key and its signature over everything else in the record.

    Args:
        body: What is on record, without `key_id` and `signature`.
        path: Private key file.
        passphrase: Of the file, when it is protected.
    """
    named = {**body, "key_id": key_id(public_key_text(path, passphrase))}
    return {**named, "signature": sign(path, _message(named), passphrase)}


def record_is_signed(body: dict[str, Any], keys: Iterable[str]) -> bool:
    """True when one of the public keys is the one the record names and signed exactly this record.

    Args:
        body: With `key_id` and `signature`.
        keys: Public texts, as the plan in force lists them for the record's role.
    """
    signature = body.get("signature")
    content = {key: value for key, value in body.items() if key != "signature"}
    return isinstance(signature, str) and any(
        key_id(key) == body.get("key_id") and verify_signature(key, signature, _message(content))
        for key in keys
    )


def _message(content: dict[str, Any]) -> str:
    return PURPOSE + sha256_record(content)


def public_key(public_text: str) -> Ed25519PublicKey:
    """The key of a public text.

    Raises:
        ValueError: The text is no Ed25519 key.
    """
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    raw = base64.urlsafe_b64decode(public_text.removeprefix(PREFIX) + "=")
    return Ed25519PublicKey.from_public_bytes(raw)


def _public_text(key: Ed25519PublicKey) -> str:
    from cryptography.hazmat.primitives import serialization

    raw = key.public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
    return PREFIX + base64.urlsafe_b64encode(raw).decode().rstrip("=")


def _read_pem(path: Path) -> bytes:
    """The content of a file that only its owner may read."""
    nothing = f"{path}: no signing key can be read here; `pccp key new` makes one"
    try:
        found = path.stat()
        if not stat.S_ISREG(found.st_mode) or found.st_size > LARGEST_KEY_FILE:
            raise UsageError(nothing)
        if found.st_mode & 0o077:
            raise UsageError(f"{path}: a signing key must be readable by its owner only (chmod 600)")
        return path.read_bytes()
    except OSError as error:
        raise UsageError(nothing) from error


def private_key(path: Path, passphrase: str | None = None) -> Ed25519PrivateKey:
    """The key in a file that only its owner may read.

    Raises:
        UsageError: The file is absent, open to others, protected and not opened, or holds something else.
    """
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    pem = _read_pem(path)
    protected = pem.lstrip().startswith(_PROTECTED)
    if protected and passphrase is None:
        raise UsageError(f"{path}: the key is protected by a passphrase, and none was given")
    try:
        key = serialization.load_pem_private_key(
            pem, passphrase.encode() if protected and passphrase is not None else None
        )
    except (ValueError, TypeError) as error:
        if protected:
            raise UsageError(f"{path}: the passphrase does not open this key") from error
        raise UsageError(f"{path}: expected an Ed25519 private key in PEM form") from error
    if not isinstance(key, Ed25519PrivateKey):
        raise UsageError(f"{path}: expected an Ed25519 key, found another kind")
    return key
