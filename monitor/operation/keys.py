"""The pseudonym key: outside the workspace, readable by its owner only."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

from monitor.errors import UsageError
from monitor.hashing import sha256_text

KEY_BYTES = 32


def default_key_path() -> Path:
    """Where the key is kept unless a command names another file."""
    from platformdirs import user_config_path

    return user_config_path("pccp-monitor") / "pseudonym.key"


def read_key(path: Path) -> bytes:
    """The key of a file that only its owner may read.

    Raises:
        UsageError: The file is absent, open to others, or holds something else.
    """
    try:
        mode, text = path.stat().st_mode, path.read_text().strip()
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(
            f"{path}: no pseudonym key can be read here; name it with --pseudonym-key"
        ) from error
    if mode & 0o077:
        raise UsageError(f"{path}: a pseudonym key must be readable by its owner only (chmod 600)")
    try:
        key = bytes.fromhex(text)
    except ValueError as error:
        raise UsageError(f"{path}: expected {2 * KEY_BYTES} hexadecimal digits") from error
    if len(key) != KEY_BYTES:
        raise UsageError(f"{path}: expected {2 * KEY_BYTES} hexadecimal digits, found {len(text)} characters")
    return key


def require_outside(key_file: Path, workspace: Path) -> None:
    """Refuse a key that would travel with every copy of the workspace.

    Raises:
        UsageError: The key's file lies in the workspace, links followed.
    """
    if key_file.resolve().is_relative_to(workspace.resolve()):
        raise UsageError(
            f"{key_file}: lies in the workspace; a copy of both makes every pseudonym a name again: "
            "keep the key elsewhere"
        )


def read_or_make_key(path: Path) -> bytes:
    """The key at `path`, made there if the file does not exist."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as handle:
            handle.write(secrets.token_hex(KEY_BYTES) + "\n")
    return read_key(path)


def pseudonym_key_id(key: bytes) -> str:
    """Sixteen hexadecimal digits that name the key in the ledger without revealing it."""
    return sha256_text("pccp-monitor pseudonym key " + key.hex())[:16]
