"""Run the cross checks on every part of a plan that is sound enough to be read."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator
from typing import Any, cast

from pydantic import BaseModel, TypeAdapter

from monitor.plan.fault import Key, Problem
from monitor.plan.model import ChangePlan
from monitor.plan.rules import RULES
from monitor.plan.rules.rule import repeated
from monitor.plan.shape import bare, is_record


def lint(plan: ChangePlan, faulty: Collection[Key] = ()) -> list[Problem]:
    """Every cross check whose parts of the plan have no other fault.

    Args:
        plan: The plan, or what could be assembled of it.
        faulty: Places that already have a fault.
    """
    return [problem for rule in RULES if _sound(rule.needs, faulty) for problem in rule.check(plan)]


def _sound(needs: Collection[Key], faulty: Collection[Key]) -> bool:
    return not any(within(fault, need) or within(need, fault) for need in needs for fault in faulty)


def within(key: Key, outer: Key) -> bool:
    """True when `key` is `outer` or lies inside it.

    Example:
        >>> within(("logs", "outcomes"), ("logs",)), within(("logs",), ("logs", "outcomes"))
        (True, False)
    """
    return key[: len(outer)] == outer


def assemble(content: Any, faulty: Collection[Key]) -> ChangePlan:
    """What can be made of a faulty plan: its records without the parts that have faults."""
    return cast(ChangePlan, _assemble(ChangePlan, content, (), faulty))


def _assemble(record: type[BaseModel], content: Any, key: Key, faulty: Collection[Key]) -> BaseModel:
    parts: dict[str, Any] = {}
    for name, field in record.model_fields.items():
        if name not in content:
            continue
        here = (*key, name)
        if not any(within(fault, here) for fault in faulty):
            parts[name] = TypeAdapter[Any](cast(Any, field.annotation)).validate_json(
                json.dumps(content[name])
            )
        elif is_record(bare(field.annotation)) and isinstance(content[name], dict):
            parts[name] = _assemble(bare(field.annotation), content[name], here, faulty)
    return record.model_construct(**parts)


def repetitions(content: Any, key: Key = ()) -> Iterator[Problem]:
    """Texts that a list holds twice, anywhere in the plan.

    Example:
        >>> [problem.key for problem in repetitions({"methods": ["platt", "intercept", "platt"]})]
        [('methods', 2)]
    """
    if isinstance(content, dict):
        for name, value in content.items():
            yield from repetitions(value, (*key, name))
    if isinstance(content, list):
        for position, value in enumerate(content):
            yield from repetitions(value, (*key, position))
        texts = [
            value if isinstance(value, str) else f"\0{position}" for position, value in enumerate(content)
        ]
        for position, first in repeated(texts):
            message = f"the text of item {first} again"
            yield Problem((*key, position), message, "each text once", "text")
