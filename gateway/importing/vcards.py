"""What does a vCard say? Versions 2.1, 3.0 (RFC 2426) and 4.0 (RFC 6350), as telephones and mail programs write them.

One card that cannot be read is a row without a name or an address, never the end of the file. vobject was looked at: it stops
at the first line it does not like.
"""

from __future__ import annotations

import quopri
import re
from collections.abc import Iterable, Iterator
from typing import Final

COLUMNS: Final = ("FN", "TEL", "EMAIL", "ORG", "TITLE", "CATEGORIES", "NOTE", "ADR", "BDAY", "URL")
MEANING: Final = (
    "name", "phone", "email", "company", "role", "tags", "field:note", "field:address", "field:birthday", "field:site",
)  # fmt: skip
LONGEST: Final = 64 * 1024
"""Characters of one property that are looked at; photographs are longer and passed over."""
_escape = re.compile(r"\\(.)")


def cards(lines: Iterable[str]) -> Iterator[list[str]]:
    """The cards of a file as cells of COLUMNS; several values of one cell stand on lines of their own."""
    card: dict[str, list[str]] | None = None
    for name, parameters, value in _properties(lines):
        if name == "BEGIN":
            card = {}
        elif name == "END" and card is not None:
            yield _cells(card)
            card = None
        elif card is not None and name in (*COLUMNS, "N"):
            text = _text(name, parameters, value)
            if text:
                card.setdefault(name, []).append(text)


def _cells(card: dict[str, list[str]]) -> list[str]:
    if not card.get("FN") and card.get("N"):
        card["FN"] = card["N"]
    return ["\n".join(card.get(name, [])[:20]) for name in COLUMNS]


def _properties(lines: Iterable[str]) -> Iterator[tuple[str, list[str], str]]:
    for line in _unfolded(lines):
        head, colon, value = line.partition(":")
        name, *parameters = head.split(";")
        if colon:
            yield name.rpartition(".")[2].strip().upper(), [one.upper() for one in parameters], value


def _unfolded(lines: Iterable[str]) -> Iterator[str]:
    """Whole lines: a space goes on with the one before, and so does what follows a soft end of quoted-printable."""
    held = ""
    for raw in lines:
        line = raw.rstrip("\r\n")
        soft = held.endswith("=") and "QUOTED-PRINTABLE" in held.partition(":")[0].upper()
        if line[:1] in (" ", "\t") and held:
            held = (held + line[1:])[:LONGEST]
        elif soft:
            held = (held[:-1] + line)[:LONGEST]
        else:
            if held:
                yield held
            held = line[:LONGEST]
    if held:
        yield held


def _text(name: str, parameters: list[str], value: str) -> str:
    if any("QUOTED-PRINTABLE" in one for one in parameters):
        charset = next((one.partition("=")[2] for one in parameters if one.startswith("CHARSET=")), "utf-8")
        raw = quopri.decodestring(value.encode("utf-8", "replace"))
        try:
            value = raw.decode(charset)
        except (LookupError, UnicodeDecodeError):
            value = raw.decode("utf-8", "replace")
    parts = [_escape.sub(_unescaped, one).strip() for one in _split(value)]
    match name:
        case "N":
            family, given, middle = (*parts, "", "", "")[:3]
            return " ".join(one for one in (family, given, middle) if one)
        case "TEL" | "EMAIL":
            return re.sub(r"^(tel|mailto):", "", parts[0] if parts else "", flags=re.IGNORECASE)
        case "ORG":
            return parts[0] if parts else ""
        case "ADR":
            return ", ".join(one for one in parts if one)
        case "CATEGORIES":
            return "\n".join(one.strip() for one in ",".join(parts).split(",") if one.strip())
        case _:
            return ";".join(parts).strip()


def _split(value: str) -> list[str]:
    """Parts at semicolons that nothing escapes."""
    return re.split(r"(?<!\\);", value)


def _unescaped(found: re.Match[str]) -> str:
    return "\n" if found[1] in "nN" else found[1]
