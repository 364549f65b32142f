"""Ed25519 keys and signatures of approval records."""

from __future__ import annotations

import base64
import os
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from monitor.errors import UsageError
from monitor.hashing import sha256_text

PREFIX = "ed25519:"


def new_key(path: Path) -> str:
    """Make a signing key at `path`, readable by its owner only, and return its public text for the plan.

    Raises:
        UsageError: The file exists already.
    """
    key = Ed25519PrivateKey.generate()
    pem = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError as error:
        raise UsageError(f"{path}: exists already; a signing key is never overwritten") from error
    with os.fdopen(descriptor, "wb") as handle:
        handle.write(pem)
    return _public_text(key.public_key())


def public_key_text(path: Path) -> str:
    """The public text ("ed25519:...") of a private key file, as a plan lists it."""
    return _public_text(_private_key(path).public_key())


def key_id(public_text: str) -> str:
    """Sixteen hexadecimal digits that name a public key in records."""
    return sha256_text(public_text)[:16]


def sign(path: Path, message: str) -> str:
    """Signature of the UTF-8 bytes of `message`, base64."""
    return base64.b64encode(_private_key(path).sign(message.encode())).decode()


def verify_signature(public_text: str, signature: str, message: str) -> bool:
    """True when `signature` of `message` was made by the key's owner."""
    try:
        raw = base64.urlsafe_b64decode(public_text.removeprefix(PREFIX) + "=")
        Ed25519PublicKey.from_public_bytes(raw).verify(base64.b64decode(signature), message.encode())
    except (InvalidSignature, ValueError):
        return False
    return True


def _public_text(key: Ed25519PublicKey) -> str:
    raw = key.public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
    return PREFIX + base64.urlsafe_b64encode(raw).decode().rstrip("=")


def _private_key(path: Path) -> Ed25519PrivateKey:
    """The key in a file that only its owner may read."""
    try:
        mode = path.stat().st_mode
        pem = path.read_bytes()
    except OSError as error:
        raise UsageError(f"{path}: no signing key can be read here; `pccp key new` makes one") from error
    if mode & 0o077:
        raise UsageError(f"{path}: a signing key must be readable by its owner only (chmod 600)")
    try:
        key = serialization.load_pem_private_key(pem, None)
    except (ValueError, TypeError) as error:
        raise UsageError(f"{path}: expected an unencrypted Ed25519 private key in PEM form") from error
    if not isinstance(key, Ed25519PrivateKey):
        raise UsageError(f"{path}: expected an Ed25519 key, found another kind")
    return key
