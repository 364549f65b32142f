"""From the bytes of a plan file to text that shows everything it says."""

from __future__ import annotations

import os
import stat
import unicodedata
from pathlib import Path

from monitor.plan.fault import Fault

MAXIMUM_BYTES = 256 * 1024
INVISIBLE = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})


def read_text(path: Path) -> str | Fault:
    """The file's text, or the fault that makes it unreadable as a whole."""
    name = str(path)
    try:
        with os.fdopen(os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC), "rb") as handle:
            if not stat.S_ISREG(os.fstat(handle.fileno()).st_mode):
                return Fault(name, 1, 1, "", "not a regular file", "a readable YAML file")
            content = handle.read(MAXIMUM_BYTES + 1)
    except (OSError, ValueError):
        return Fault(name, 1, 1, "", "the file cannot be read", "a readable YAML file")
    if len(content) > MAXIMUM_BYTES:
        return Fault(name, 1, 1, "", "the file is too large", f"at most {MAXIMUM_BYTES // 1024} kB")
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        column = error.start - (content.rfind(b"\n", 0, error.start) + 1) + 1
        return Fault(name, line, column, "", "the file is not UTF-8 text", "UTF-8")


def is_invisible(character: str) -> bool:
    """True for characters that a reviewer cannot see: control, direction and formatting marks.

    Example:
        >>> is_invisible("\\u202e"), is_invisible("a"), is_invisible("é")
        (True, False, False)
    """
    return (not character.isascii() and unicodedata.category(character) in INVISIBLE) or not (
        character.isprintable() or character in " \n" or not character.isascii()
    )


def invisible_characters(name: str, text: str) -> list[Fault]:
    """A fault for the first tab or invisible character of each line."""
    faults: list[Fault] = []
    for number, line in enumerate(text.replace("\r\n", "\n").split("\n"), start=1):
        column = next((at for at, character in enumerate(line, start=1) if is_invisible(character)), None)
        if column is None:
            continue
        if line[column - 1] == "\t":
            faults.append(Fault(name, number, column, "", "a tab", "spaces"))
        else:
            code = f"U+{ord(line[column - 1]):04X}"
            faults.append(Fault(name, number, column, "", f"an invisible character {code}", "visible text"))
    return faults
