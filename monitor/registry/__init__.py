"""The evidence: an append-only, hash-chained ledger, what it says, and who signed."""

from monitor.registry.ledger import Entry, Ledger, read_chain, verify_chain
from monitor.registry.signature import key_id, new_key, public_key_text, sign, verify_signature
from monitor.registry.state import Alarm, Change, RegistryState, fold, read_calibrator

__all__ = [
    "Alarm",
    "Change",
    "Entry",
    "Ledger",
    "RegistryState",
    "fold",
    "key_id",
    "new_key",
    "public_key_text",
    "read_calibrator",
    "read_chain",
    "sign",
    "verify_chain",
    "verify_signature",
]
