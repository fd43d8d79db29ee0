"""Which columns and rows does a file have? Encodings, delimiters and forms are found out; a person may say otherwise."""

from __future__ import annotations

import codecs
import contextlib
import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO, Final

from gateway.importing import vcards
from gateway.refusals import Refusal
from storage.clean import clean

ENCODINGS: Final = ("utf-8", "cp1251", "utf-16")
DELIMITERS: Final = {"comma": ",", "semicolon": ";", "tab": "\t", "pipe": "|"}
MOST_ROWS: Final = 100_000
MOST_BYTES: Final = 50 * 1024 * 1024
MOST_COLUMNS: Final = 100
LONGEST_CELL: Final = 4_000
HEAD: Final = 256 * 1024


@dataclass(frozen=True, slots=True)
class Form:
    """How a file is written: csv or vcard, with its encoding and delimiter."""

    kind: str
    encoding: str
    delimiter: str = ""


def form_of(head: bytes, *, whole: bool, encoding: str = "", delimiter: str = "") -> Form:
    """How the file is written, by its beginning; `encoding` and `delimiter` are what a person said.

    Raises Refusal unreadable for what is no text.
    """
    encoding = encoding or _encoding(head, whole)
    text = head.decode(encoding, "replace").lstrip("\ufeff")
    if "\0" in text or text.startswith("PK\x03\x04"):
        raise Refusal("unreadable", 422, reason="not_a_table")
    if text.lstrip()[:11].upper() == "BEGIN:VCARD":
        return Form("vcard", encoding)
    return Form("csv", encoding, delimiter or _delimiter(text))


def _encoding(head: bytes, whole: bool) -> str:
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    try:
        codecs.getincrementaldecoder("utf-8")().decode(head, whole)
    except UnicodeDecodeError:
        return "cp1251"
    return "utf-8"


def _delimiter(text: str) -> str:
    """The one that parts most lines into the same number of cells."""
    lines = [line for line in text.splitlines()[:50] if line.strip()][:20]

    def score(sign: str) -> tuple[int, int]:
        counts: list[int] = []
        with contextlib.suppress(csv.Error):
            counts = [len(row) for row in csv.reader(lines, delimiter=sign)]
        width = counts[0] if counts else 0
        return (sum(count == width for count in counts) if width > 1 else 0, width)

    return max(DELIMITERS, key=lambda name: score(DELIMITERS[name]))


def table(file: IO[bytes], form: Form) -> tuple[list[str], Iterator[list[str]]]:
    """The columns' names and the rows, read as they are asked for. Raises Refusal unreadable, too_large as it goes."""
    text = io.TextIOWrapper(file, form.encoding, errors="replace", newline="")
    if text.read(1) != "\ufeff":
        text.seek(0)
    if form.kind == "vcard":
        return list(vcards.COLUMNS), _counted(map(_clean, vcards.cards(text)))
    rows = _counted(_rows(text, DELIMITERS[form.delimiter]))
    names = next(rows, None)
    if names is None:
        raise Refusal("unreadable", 422, reason="empty")
    return names, rows


def _rows(text: IO[str], delimiter: str) -> Iterator[list[str]]:
    try:
        for row in csv.reader(text, delimiter=delimiter):
            cells = _clean(row)
            if any(cells):
                yield cells
    except csv.Error as error:
        raise Refusal("unreadable", 422, reason="table", problem=str(error)[:200]) from None


def _counted(rows: Iterator[list[str]]) -> Iterator[list[str]]:
    for count, row in enumerate(rows):
        if count > MOST_ROWS:  # the first one is the columns' names
            raise Refusal("too_large", 413, rows=MOST_ROWS)
        yield row


def _clean(row: list[str]) -> list[str]:
    cells = [clean(cell).strip()[:LONGEST_CELL] for cell in row[:MOST_COLUMNS]]
    return [cell[1:] if cell[:2] in _GUARDED else cell for cell in cells]


_GUARDED: Final = frozenset(f"'{sign}" for sign in "=+-@")
"""An export's guard against formulas, taken off again."""
