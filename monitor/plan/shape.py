"""What the model expects at a place of the plan, in words."""

from __future__ import annotations

import types
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from monitor.plan.fault import Key
from monitor.plan.model import ChangePlan, Criterion


@dataclass(frozen=True)
class Spot:
    """A place of the plan as the model sees it.

    Attributes:
        key: The path in the file (the model's own branch labels taken out).
        parent: The record that holds the last key, if any.
        field: The last key's field, if the record has one.
        annotation: The type expected at the place; `None` where the model knows nothing.
    """

    key: Key
    parent: type[BaseModel] | None
    field: FieldInfo | None
    annotation: Any


def spot(location: Sequence[str | int]) -> Spot:
    """The place that a location of pydantic names.

    Example:
        >>> spot(("findings", 0, "id")).field.description
        'Name of the finding as the logs write it.'
    """
    here = Spot((), None, None, ChangePlan)
    for part in location:
        here = _step(here, part)
    return here


def _step(here: Spot, part: str | int) -> Spot:
    kind = bare(here.annotation)
    members = [member for member in union_members(kind) if is_record(member)]
    if members and isinstance(part, str):
        chosen = next((member for member in members if part in branch_labels(member)), None)
        return Spot(here.key, here.parent, here.field, chosen)
    if isinstance(part, int):
        items = get_args(kind) if get_origin(kind) is tuple else ()
        return Spot((*here.key, part), None, here.field, items[0] if items else None)
    record = kind if is_record(kind) else None
    field = record.model_fields.get(part) if record else None
    return Spot((*here.key, part), record, field, field.annotation if field else None)


def bare(annotation: Any) -> Any:
    """The type without its constraints and without `None`."""
    if get_origin(annotation) is Annotated:
        return bare(get_args(annotation)[0])
    if get_origin(annotation) in (Union, types.UnionType):
        members = [member for member in get_args(annotation) if member is not type(None)]
        if len(members) == 1:
            return bare(members[0])
    return annotation


def union_members(annotation: Any) -> tuple[Any, ...]:
    """The types of a union; nothing for any other type."""
    return get_args(annotation) if get_origin(annotation) in (Union, types.UnionType) else ()


def is_record(annotation: Any) -> bool:
    """True when the type is one of the plan's records."""
    return isinstance(annotation, type) and issubclass(annotation, BaseModel)


def branch_labels(member: type[BaseModel]) -> list[str]:
    """Every literal word a record may carry, and its name: what tells the branches of a union apart."""
    labels: list[str] = [member.__name__]
    for field in member.model_fields.values():
        if get_origin(field.annotation) is Literal:
            labels.extend(str(label) for label in get_args(field.annotation))
    return labels


def branches(key: Key) -> list[str]:
    """The words that choose what kind of record an item of a mixed list is."""
    if "covariates" in key:
        return ["continuous", "categorical"]
    return [label for member in get_args(get_args(Criterion)[0]) for label in metrics(member)]


def metrics(member: type[BaseModel]) -> tuple[str, ...]:
    """The metrics that one kind of criterion is for."""
    return get_args(member.model_fields["metric"].annotation)


def words(annotation: Any) -> str:
    """The type in words.

    Example:
        >>> words(float), words(Literal["manual"]), words(tuple[float, float])
        ('a number', 'manual', 'a list')
    """
    kind = bare(annotation)
    if get_origin(kind) is Literal:
        return alternatives([yaml_word(value) for value in get_args(kind)])
    if get_origin(kind) is tuple:
        return "a list"
    if is_record(kind) or any(is_record(member) for member in union_members(kind)):
        return "a mapping"
    plain = {str: "text", int: "a whole number", float: "a number", bool: "true or false"}
    return plain.get(kind, "a value")


def yaml_word(value: object) -> str:
    """A value as it is written in YAML."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def alternatives(choices: Sequence[str]) -> str:
    """Choices as people list them.

    Example:
        >>> alternatives(["a"]), alternatives(["a", "b", "c"])
        ('a', 'one of: a, b, c')
    """
    return choices[0] if len(choices) == 1 else f"one of: {', '.join(choices)}"
