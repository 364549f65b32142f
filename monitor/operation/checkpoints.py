"""Signs the ledger's head after every run that wrote to it, with a key that lives outside the workspace."""

from __future__ import annotations

import hmac
from collections.abc import Sequence
from pathlib import Path

from monitor.errors import UsageError
from monitor.operation.keys import read_key
from monitor.registry import Entry, RegistryState, new_key, public_key_text
from monitor.registry.checkpoint import Checkpoint, seal

FOLDER = "checkpoints"
KEY_NAME = "checkpoint.pem"


def checkpoint_key(pseudonym_key: Path) -> Path:
    """The checkpoint key lies beside the pseudonym key."""
    return pseudonym_key.with_name(KEY_NAME)


def read_or_make_checkpoint_key(pseudonym_key: Path) -> str:
    """Public text of the checkpoint key, which is made when there is none.

    It is derived from the pseudonym key, so that one pseudonym key always gives the same entry 0.
    """
    file = checkpoint_key(pseudonym_key)
    if file.exists():
        return public_key_text(file)
    seed = hmac.digest(read_key(pseudonym_key), b"pccp-monitor checkpoint key", "sha256")
    return new_key(file, seed=seed)


def sign_head(path: Path, entries: Sequence[Entry], state: RegistryState, pseudonym_key: Path) -> None:
    """Put `checkpoints/<sequence>.json` beside the ledger unless its head has one.

    Without the key that entry 0 lists nothing is signed: the nights go on, a warning says so, and
    `verify` says up to which entry checkpoints reach.

    Args:
        path: The workspace.
        entries: Of its ledger.
        state: After the last of them.
        pseudonym_key: Beside which the checkpoint key lies.
    """
    file = path / FOLDER / f"{entries[-1].sequence}.json"
    key = checkpoint_key(pseudonym_key)
    if file.exists():
        return
    try:
        listed = public_key_text(key) == state.bound.get("checkpoint_key")
    except UsageError as error:
        _warn(str(error))
        return
    if not listed:
        _warn(f"{key} is not the key that entry 0 lists")
        return
    head = Checkpoint(len(entries), entries[-1].hash, state.bound["plan"]["sha256"], state.last_night)
    file.parent.mkdir(exist_ok=True)
    part = file.with_name(file.name + ".part")
    part.write_bytes(seal(head, key))
    part.replace(file)


def _warn(reason: str) -> None:
    import logging  # hardly a night has something to warn of

    logging.getLogger(__name__).warning("no checkpoint was signed: %s", reason)
