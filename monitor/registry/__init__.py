"""The evidence: an append-only, hash-chained ledger, what it says, and who signed."""

from monitor.registry.change import Alarm, Change, ChangeStateName, Signatures
from monitor.registry.ledger import Entry, Ledger, bound_plans, read_chain, verify_chain
from monitor.registry.signature import (
    key_id,
    key_is_protected,
    new_key,
    plan_line,
    protect_key,
    public_key_text,
    record_is_signed,
    sign,
    sign_record,
    verify_signature,
)
from monitor.registry.state import RegistryState, fold

__all__ = [
    "Alarm",
    "Change",
    "ChangeStateName",
    "Entry",
    "Ledger",
    "RegistryState",
    "Signatures",
    "bound_plans",
    "fold",
    "key_id",
    "key_is_protected",
    "new_key",
    "plan_line",
    "protect_key",
    "public_key_text",
    "read_chain",
    "record_is_signed",
    "sign",
    "sign_record",
    "verify_chain",
    "verify_signature",
]
