"""A FHIR R4 bundle as resources that find each other; strict about types, silent about values."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from monitor.interchange.records import Refused, text_cell

MOST_ENTRIES = 100_000
Resource = dict[str, Any]


@dataclass(frozen=True)
class Bundle:
    """The resources of one bundle.

    Attributes:
        resources: Position in the file and resource, in file order.
        by_reference: What a reference may name; None where two resources have the same name.
    """

    resources: tuple[tuple[str, Resource], ...]
    by_reference: dict[str, Resource | None]

    def of_type(self, kind: str) -> Iterator[tuple[str, Resource]]:
        return ((place, item) for place, item in self.resources if item.get("resourceType") == kind)

    def contained(self, kind: str) -> Iterator[str]:
        """Where resources of a kind stand inside others; they have no reference of their own."""
        for place, holder in self.resources:
            inside = holder.get("contained")
            for number, item in enumerate(inside if isinstance(inside, list) else []):
                if isinstance(item, dict) and item.get("resourceType") == kind:
                    yield f"{place}.contained[{number}]"

    def resolve(self, holder: Resource, reference: object) -> Resource | None:
        """The resource that a reference of `holder` means, or None when the bundle does not hold it."""
        name = mapping_of(reference).get("reference")
        if not isinstance(name, str):
            return None
        if name.startswith("#"):
            inside = [item for item in mappings_in(holder, "contained") if item.get("id") == name[1:]]
            return inside[0] if len(inside) == 1 else None
        return self.by_reference.get(name)


def read_bundle(content: Any) -> Bundle:
    """The bundle of a parsed JSON text.

    Raises:
        Refused: It is no bundle, or its entries are no list of resources.
    """
    if not isinstance(content, dict) or content.get("resourceType") != "Bundle":
        raise Refused("not_a_bundle")
    entries = content.get("entry", [])
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise Refused("wrong_type")
    if len(entries) > MOST_ENTRIES:
        raise Refused("too_many_entries")
    resources: list[tuple[str, Resource]] = []
    named: dict[str, Resource | None] = {}
    for number, entry in enumerate(entries):
        resource = entry.get("resource")
        if not isinstance(resource, dict):
            raise Refused("wrong_type")
        resources.append((f"entry[{number}].resource", resource))
        for name in _names(entry, resource):
            named[name] = None if name in named else resource
    return Bundle(tuple(resources), named)


def _names(entry: dict[str, Any], resource: Resource) -> set[str]:
    full, kind, own = entry.get("fullUrl"), resource.get("resourceType"), resource.get("id")
    relative = f"{kind}/{own}" if isinstance(kind, str) and isinstance(own, str) else None
    return {name for name in (full, relative) if isinstance(name, str)}


def mapping_of(value: object) -> dict[str, Any]:
    """The value when it is an object, an empty one when absent.

    Raises:
        Refused: It is something else.
    """
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise Refused("wrong_type")
    return value


def mappings_in(holder: dict[str, Any], key: str) -> list[dict[str, Any]]:
    """The objects of a list; none when absent.

    Raises:
        Refused: It is no list of objects.
    """
    value = holder.get(key, [])
    if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
        raise Refused("wrong_type")
    return value


def codes_of(concept: object) -> list[str]:
    """The codings of a CodeableConcept as system|code."""
    found: list[str] = []
    for coding in mappings_in(mapping_of(concept), "coding"):
        system, code = coding.get("system"), coding.get("code")
        if isinstance(system, str) and isinstance(code, str):
            found.append(f"{system}|{code}")
    return found


def identifiers_of(resource: dict[str, Any], systems: Sequence[str]) -> set[str]:
    """The resource's identifiers of the named systems; `identifier` may be one object or a list of them."""
    value = resource.get("identifier", [])
    listed = mappings_in({"identifier": [value] if isinstance(value, dict) else value}, "identifier")
    return {
        text_cell(item.get("value"), "missing_identifier")
        for item in listed
        if item.get("system") in tuple(systems)
    }


def one_meaning(codes: Sequence[str], table: dict[str, Any]) -> Any:
    """What the codes mean together.

    Raises:
        Refused: None of them is in the table, or they contradict each other.

    Example:
        >>> one_meaning(["a|1", "b|2"], {"b|2": "lesion"})
        'lesion'
    """
    meanings = {table[code] for code in codes if code in table}
    if not meanings:
        raise Refused("unknown_code")
    if len(meanings) > 1:
        raise Refused("contradictory_codes")
    return meanings.pop()
