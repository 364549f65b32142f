"""Whether a workspace's databases are encrypted, and the key that opens them.

The key is derived from the pseudonym key, so that nothing more has to be backed up. Archive and ledger
are not encrypted: their bytes are hashed, and the same rows must give the same bytes.
"""

from __future__ import annotations

import hmac
from pathlib import Path
from typing import Any

from monitor import store
from monitor.errors import UsageError
from monitor.operation.keys import default_key_path, pseudonym_key_id, read_key
from monitor.registry.ledger import parse_line

ENTRY_KEY = "database_encryption"
CIPHER = "AES-256-GCM"


def derived_key(pseudonym_key: bytes) -> str:
    """The databases' key: 256 bits in hexadecimal digits."""
    return hmac.digest(pseudonym_key, b"pccp-monitor database key", "sha256").hex()


def is_encrypted(workspace: Path) -> bool:
    """As entry 0 says; where `init` was cut off before there is one, as `monitor.duckdb` says of itself.

    Raises:
        EvidenceError: The first line of the ledger is no entry.
    """
    bound = _bound(workspace)
    return ENTRY_KEY in bound if bound else store.is_encrypted(workspace / store.DATABASE)


def database_key(workspace: Path, key_file: Path | None = None) -> str | None:
    """What opens the databases of a workspace; None, and no key is looked for, where they are in the clear.

    Args:
        workspace: Bound, or just being made.
        key_file: Pseudonym key; the user's config folder when None.

    Raises:
        UsageError: They are encrypted, and this is not the key or no key.
    """
    if not is_encrypted(workspace):
        return None
    key_file = key_file or default_key_path()
    if not key_file.exists():
        raise UsageError(
            f"{workspace}: its databases are encrypted, and {key_file} does not exist; "
            "name the pseudonym key with --pseudonym-key"
        )
    key = read_key(key_file)
    require_key(workspace, _bound(workspace), key)
    return derived_key(key)


def require_key(workspace: Path, bound: dict[str, Any], key: bytes) -> None:
    """Refuse another pseudonym key than the one in entry 0.

    Raises:
        UsageError: Names the id that was expected.
    """
    expected = bound.get("pseudonym_key_id")
    if bound and expected != pseudonym_key_id(key):
        raise UsageError(
            f"{workspace}: bound with another pseudonym key ({expected}); name its file with --pseudonym-key"
        )


def _bound(workspace: Path) -> dict[str, Any]:
    """Body of entry 0; empty before there is one."""
    try:
        with (workspace / "ledger.jsonl").open(encoding="utf-8", errors="replace") as ledger:
            line = ledger.readline()
    except OSError:
        return {}
    return parse_line(line.rstrip("\n"), 1).body if line.endswith("\n") else {}
