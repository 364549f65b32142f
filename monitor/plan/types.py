"""The kinds of value a plan is made of: closed, strict, and worded for a reader."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

IDENTIFIER = r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,79}$"
VERSION = r"^\d{1,6}\.\d{1,6}\.\d{1,6}$"
PUBLIC_KEY = r"^ed25519:[A-Za-z0-9_-]{43}$"

PATTERN_WORDS = {
    IDENTIFIER: "up to 80 letters, digits, '_', '-' or '.', starting with a letter or digit",
    VERSION: "three whole numbers with dots, such as 1.0.0",
    PUBLIC_KEY: "'ed25519:' and the 43 characters that `pccp key show` prints",
}

Text = Annotated[str, StringConstraints(min_length=1, max_length=4000)]
Identifier = Annotated[str, StringConstraints(pattern=IDENTIFIER)]
Version = Annotated[str, StringConstraints(pattern=VERSION)]
PublicKey = Annotated[str, StringConstraints(pattern=PUBLIC_KEY)]
Probability = Annotated[float, Field(gt=0.0, lt=1.0)]
PositiveInt = Annotated[int, Field(ge=1, le=1_000_000_000)]
Texts = Annotated[tuple[Text, ...], Field(min_length=1)]
Identifiers = Annotated[tuple[Identifier, ...], Field(min_length=1)]

AiInfluence = Literal["blinded", "aware", "prefilled", "unknown"]
TimePrecision = Literal["second", "day", "month", "integer_day", "none"]
Comparator = Literal["last_deployed", "original"]
Require = Literal["demonstrated", "not_contradicted"]


class Closed(BaseModel):
    """Unknown keys are refused, types are not coerced, values never change.

    Modules with such records do without `from __future__ import annotations`: pydantic would have to
    compile every annotation from its text, at every start.
    """

    model_config = ConfigDict(
        extra="forbid",
        strict=True,
        frozen=True,
        allow_inf_nan=False,
        protected_namespaces=(),
        defer_build=True,
    )
