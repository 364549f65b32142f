"""What pydantic found, as sentences for the person who edits the plan."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping
from typing import Any, get_args

from pydantic import ValidationError

from monitor.plan.fault import Problem, kind
from monitor.plan.shape import Spot, alternatives, bare, branches, spot, words, yaml_word
from monitor.plan.types import PATTERN_WORDS

Error = Mapping[str, Any]
COMPARISONS = {
    "greater_than": ("above", "gt"),
    "greater_than_equal": ("at least", "ge"),
    "less_than": ("below", "lt"),
    "less_than_equal": ("at most", "le"),
}


def problems(error: ValidationError) -> list[Problem]:
    """Every fault of a validation, one problem each, in pydantic's order."""
    details: list[Error] = [dict(detail) for detail in error.errors(include_url=False)]
    return [_problem(detail) for detail in details if not _counts_only_sound_items(detail)]


def _counts_only_sound_items(error: Error) -> bool:
    """True when a list is called too short only because its items have faults of their own."""
    return error["type"] == "too_short" and len(error["input"]) >= error["ctx"]["min_length"]


def _problem(error: Error) -> Problem:
    place = spot(error["loc"])
    sentence = SENTENCES.get(error["type"])
    if sentence is not None:
        return sentence(error, place)
    if error["type"] in COMPARISONS:
        return _comparison(error, place)
    return Problem(place.key, "the value has the wrong kind", words(place.annotation), kind(error["input"]))


def _missing(error: Error, place: Spot) -> Problem:
    if place.key and isinstance(place.key[-1], int):
        return Problem(place.key[:-1], "the list is too short", _length(error), kind(error["input"]))
    meaning = f": {place.field.description}" if place.field and place.field.description else ""
    return Problem(
        place.key, f"missing key{meaning}".rstrip("."), words(place.annotation), "nothing", on_key=True
    )


def _length(error: Error) -> str:
    """The number of items that a list of fixed length takes."""
    count = len(get_args(bare(spot(error["loc"][:-1]).annotation)))
    return f"exactly {count} item{'s' * (count > 1)}"


def _unknown(error: Error, place: Spot) -> Problem:
    name = str(place.key[-1])
    allowed = list(place.parent.model_fields) if place.parent else []
    near = difflib.get_close_matches(name, allowed, n=1)
    hint = f"; did you mean '{near[0]}'?" if near else ""
    sentence = f"unknown key '{name}'{hint}"
    return Problem(place.key, sentence, f"one of: {', '.join(allowed)}", kind(error["input"]), on_key=True)


def _literal(error: Error, place: Spot) -> Problem:
    expected = words(place.annotation)
    near = difflib.get_close_matches(str(error["input"]), expected.removeprefix("one of: ").split(", "), n=1)
    hint = f"; did you mean '{near[0]}'?" if near and isinstance(error["input"], str) else ""
    return Problem(
        place.key, f"the value is not one that this key takes{hint}", expected, kind(error["input"])
    )


def _comparison(error: Error, place: Spot) -> Problem:
    word, name = COMPARISONS[error["type"]]
    limit = yaml_word(error["ctx"][name])
    return Problem(place.key, "the number is out of range", f"{word} {limit}", kind(error["input"]))


def _pattern(error: Error, place: Spot) -> Problem:
    expected = PATTERN_WORDS.get(error["ctx"]["pattern"], "text of another form")
    return Problem(place.key, "the text has the wrong form", expected, kind(error["input"]))


def _text(error: Error, place: Spot) -> Problem:
    quotes = "; put it in quotes" if isinstance(error["input"], int | float) else ""
    return Problem(place.key, f"the value has the wrong kind{quotes}", "text", kind(error["input"]))


def _number(error: Error, place: Spot) -> Problem:
    quotes = "; write it without quotes" if isinstance(error["input"], str) else ""
    return Problem(
        place.key, f"the value has the wrong kind{quotes}", words(place.annotation), kind(error["input"])
    )


def _text_length(error: Error, place: Spot) -> Problem:
    if error["type"] == "string_too_short":
        return Problem(place.key, "the text is empty", "text", "empty text")
    return Problem(place.key, "the text is too long", f"at most {error['ctx']['max_length']} characters")


def _list_length(error: Error, place: Spot) -> Problem:
    context = error["ctx"]
    if error["type"] == "too_short":
        least = context["min_length"]
        found = "an empty list" if context["actual_length"] == 0 else "a shorter list"
        return Problem(place.key, "the list is too short", f"at least {least} item{'s' * (least > 1)}", found)
    most = context["max_length"]
    return Problem(
        place.key, "the list is too long", f"at most {most} item{'s' * (most > 1)}", "a longer list"
    )


def _branch_missing(error: Error, place: Spot) -> Problem:
    name = str(error["ctx"]["discriminator"]).strip("'")
    return Problem(
        (*place.key, name), "missing key", alternatives(branches(place.key)), "nothing", on_key=True
    )


def _branch_unknown(error: Error, place: Spot) -> Problem:
    name = str(error["ctx"]["discriminator"]).strip("'")
    value = error["input"].get(name) if isinstance(error["input"], dict) else None
    near = difflib.get_close_matches(str(value), branches(place.key), n=1)
    hint = f"; did you mean '{near[0]}'?" if near and isinstance(value, str) else ""
    sentence = f"the value is not one that this key takes{hint}"
    return Problem((*place.key, name), sentence, alternatives(branches(place.key)), kind(value))


def _rule(error: Error, place: Spot) -> Problem:
    key = (*place.key, error["ctx"]["key"])
    return Problem(key, error["msg"], error["ctx"]["expected"])


SENTENCES: Mapping[str, Callable[[Error, Spot], Problem]] = {
    "missing": _missing,
    "extra_forbidden": _unknown,
    "literal_error": _literal,
    "string_pattern_mismatch": _pattern,
    "string_type": _text,
    "float_type": _number,
    "int_type": _number,
    "int_from_float": _number,
    "string_too_short": _text_length,
    "string_too_long": _text_length,
    "too_short": _list_length,
    "too_long": _list_length,
    "union_tag_not_found": _branch_missing,
    "union_tag_invalid": _branch_unknown,
    "plan_rule": _rule,
}
