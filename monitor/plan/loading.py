"""From a file to the authorised plan, or to every fault that stands in the way."""

from __future__ import annotations

import copy
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from monitor.errors import PlanError
from monitor.hashing import canonical_json, sha256_text
from monitor.plan.document import Document
from monitor.plan.fault import Fault, Key, Problem
from monitor.plan.lint import assemble, lint, repetitions, within
from monitor.plan.model import ChangePlan
from monitor.plan.sentences import problems
from monitor.plan.text import invisible_characters, is_invisible, read_text
from monitor.plan.unavailable import SINGLE, matches, unavailable
from monitor.plan.yaml import parse


@dataclass(frozen=True)
class LoadedPlan:
    """A plan that passed every check, with the hash that binds records to it.

    Attributes:
        plan: The typed plan.
        sha256: Hexadecimal SHA-256 of the canonical form: comments, order of keys and layout do not
            matter, every value does.
        text: The file's text as it was read.
        path: The file.
    """

    plan: ChangePlan
    sha256: str
    text: str
    path: Path


def load(path: Path) -> LoadedPlan:
    """Read, check and hash a plan.

    Raises:
        PlanError: The plan has faults; the message holds one line for each, in the order of the file.
    """
    text = read_text(path)
    if isinstance(text, Fault):
        raise PlanError(str(text))
    plan, faults = examine(str(path), text)
    if plan is None:
        raise PlanError("\n".join(map(str, faults)))
    return LoadedPlan(plan, sha256_text(canonical(plan)), text, path)


def check(path: Path) -> list[Fault]:
    """Every fault of a plan file at once, in the order of the file; an empty list for a sound plan."""
    text = read_text(path)
    return [text] if isinstance(text, Fault) else examine(str(path), text)[1]


def canonical(plan: ChangePlan) -> str:
    """The one text form of a plan, whose SHA-256 binds every record to it.

    A key that may be left out and is left out does not appear, so that a later version of the program which
    knows more such keys gives an old plan the same hash.
    """
    return canonical_json(plan.model_dump(mode="json", exclude_none=True))


def examine(file: str, text: str) -> tuple[ChangePlan | None, list[Fault]]:
    """The typed plan of a text, or every fault of it.

    Args:
        file: Name of the file, for the messages.
        text: Text of the plan.

    Returns:
        The plan and no fault, or no plan and at least one fault.

    Example:
        >>> for fault in examine("plan.yaml", "plan: 1\\nplan: 2\\n")[1][-2:]:
        ...     print(fault)
        plan.yaml:1:7: plan: the value has the wrong kind (expected a mapping, found whole number)
        plan.yaml:2:1: plan: the key occurs twice, first on line 1 (expected each key once)
    """
    hidden = invisible_characters(file, text)
    document = parse(file, _visible(text) if hidden else text)
    faults = hidden + document.faults
    if not document.complete:
        return None, _ordered(faults)
    plan, found = _validated(document)
    faults += [document.fault(problem) for problem in found]
    return (None, _ordered(faults)) if faults else (plan, [])


def _visible(text: str) -> str:
    return "".join(" " if is_invisible(character) and character != "\r" else character for character in text)


def _ordered(faults: list[Fault]) -> list[Fault]:
    return sorted(set(faults), key=lambda fault: (fault.line, fault.column, fault.key, fault.message))


def _validated(document: Document) -> tuple[ChangePlan | None, list[Problem]]:
    """The typed plan, or what is wrong with it, cross checks included."""
    content = document.content
    found = unavailable(content) + list(repetitions(content))
    settled = document.refused | {problem.key for problem in found}
    plan: ChangePlan | None = None
    try:
        plan = ChangePlan.model_validate_json(json.dumps(_cut(content)))
    except ValidationError as error:
        found += [problem for problem in problems(error) if not _told(problem.key, settled)]
    faulty = document.refused | {problem.key for problem in found}
    if isinstance(content, dict):
        found += lint(plan or assemble(_cut(content), faulty), faulty)
    return plan, found


def _told(key: Key, settled: set[Key]) -> bool:
    """True when something was already said about this place."""
    return any(within(key, other) for other in settled)


def _cut(content: Any) -> Any:
    """The content with one item where this version takes one; the others were refused apart."""
    cut = copy.deepcopy(content)
    for pattern in SINGLE:
        for _, value in matches(cut, pattern):
            if isinstance(value, list):
                del value[1:]
    return cut
