"""How are values and conditions of a mapping written? As data: no code, no expressions.

value   "dotted.path" | {"const": x} | {"path": p, "re": "…(…)…", "map": {…}, "else": x, "as": converter}
        | {"first_of": […]} | {"when": [{"if": condition, "then": value}]}
condition  {"all": […]} | {"any": […]} | {"not": …}
        | {"field": path, "eq"|"in"|"prefix"|"gt"|"exists"|"len_lt": x}
converter  text lower digits phone ext bool url ts ts_s ts_ms ts_us dur_s dur_ms dur_us
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import timedelta, timezone, tzinfo
from typing import Any, TypeAlias, cast

from channels.telephony.converters import CONVERTERS, Convert, Reading, as_number
from channels.telephony.document import Document, find

DEEPEST = 12
LONGEST_PATTERN, LONGEST_INPUT = 100, 256
MOST_REPEATS = 2
"""With three, a text of 256 letters takes a second; with twenty `a?` an hour. All of it would hold the event loop."""


class BadMapping(ValueError):
    """The mapping cannot be used; `where` is the place in it."""

    def __init__(self, code: str, where: str = "") -> None:
        super().__init__(f"{code} {where}".strip())
        self.code = code
        self.where = where


Value: TypeAlias = Callable[[Document, Reading], str]
Condition: TypeAlias = Callable[[Document], bool]


def read_value(raw: Any, where: str, convert: str, depth: int = 0) -> Value:
    """A value's reader; `convert` is how its text is taken when it does not say itself."""
    if depth > DEEPEST:
        raise BadMapping("mapping_too_deep", where)
    if isinstance(raw, str):
        return _converted(lambda document: find(document, raw), converter(convert, where))
    told = an_object(raw, where)
    match told:
        case {"const": constant, **rest} if not rest:
            fixed = converter(convert, where)
            return lambda _, reading: fixed(str(constant), reading)
        case {"first_of": options, **rest} if not rest:
            several = [
                read_value(one, f"{where}.first_of.{place}", convert, depth + 1)
                for place, one in enumerate(a_list(options, where))
            ]
            return lambda document, reading: next(
                (found for one in several if (found := one(document, reading))), ""
            )
        case {"when": cases, **rest} if not rest:
            return _when(a_list(cases, where), where, convert, depth)
        case {"path": str(path)}:
            return _path(told, path, where, convert)
    raise BadMapping("mapping_bad_value", where)


def _when(cases: list[Any], where: str, convert: str, depth: int) -> Value:
    branches = []
    for place, raw in enumerate(cases):
        told = an_object(raw, f"{where}.when.{place}")
        only(told, where, "if then")
        condition = read_condition(told.get("if"), f"{where}.when.{place}.if")
        branches.append(
            (condition, read_value(told.get("then"), f"{where}.when.{place}.then", convert, depth + 1))
        )
    return lambda document, reading: next(
        (value(document, reading) for condition, value in branches if condition(document)), ""
    )


def _path(told: Mapping[str, Any], path: str, where: str, convert: str) -> Value:
    only(told, where, "path re map else as")
    pattern = _pattern(told["re"], where) if "re" in told else None
    convert_it = converter(str(told.get("as", convert)), where)
    table = {
        str(name).casefold(): str(value) for name, value in an_object(told.get("map", {}), where).items()
    }
    other = str(told["else"]) if "else" in told else None

    def read(document: Document) -> str:
        found = find(document, path)
        if pattern is not None:
            matched = pattern.search(found[:LONGEST_INPUT])
            found = matched[1] or "" if matched is not None else ""
        if not table:
            return found or (other or "")
        return table.get(found.casefold(), found if other is None else other)

    return _converted(read, convert_it)


def _pattern(raw: Any, where: str) -> re.Pattern[str]:
    """An expression with one group. What could take more than a glance at the text is refused: groups repeated
    as a whole, back references, looking round."""
    written = str(raw)
    repeats = re.findall(r"[*+?{]", re.sub(r"\\.|\[\^?\]?[^\]]*\]", "x", written))
    unsafe = re.search(r"\)[*+{?]|\(\?|\\[1-9]", written) or len(repeats) > MOST_REPEATS
    try:
        pattern = re.compile(written)
    except (re.error, OverflowError):
        raise BadMapping("mapping_bad_pattern", where) from None
    if unsafe or pattern.groups != 1 or len(written) > LONGEST_PATTERN:
        raise BadMapping("mapping_bad_pattern", where)
    return pattern


def _converted(read: Callable[[Document], str], convert: Convert) -> Value:
    def value(document: Document, reading: Reading) -> str:
        found = read(document)
        return convert(found, reading) if found else ""

    return value


def read_condition(raw: Any, where: str, depth: int = 0) -> Condition:
    told = an_object(raw, where)
    if depth > DEEPEST:
        raise BadMapping("mapping_too_deep", where)
    for word, judge in (("all", all), ("any", any)):
        if word in told:
            only(told, where, word)
            inner = [read_condition(one, f"{where}.{word}", depth + 1) for one in a_list(told[word], where)]
            return lambda document, inner=inner, judge=judge: judge(one(document) for one in inner)  # type: ignore[misc]
    if "not" in told:
        only(told, where, "not")
        denied = read_condition(told["not"], f"{where}.not", depth + 1)
        return lambda document: not denied(document)
    return _comparison(told, where)


def _comparison(told: Mapping[str, Any], where: str) -> Condition:
    only(told, where, "field eq in prefix gt exists len_lt")
    path = told.get("field")
    if not isinstance(path, str) or len(told) != 2:
        raise BadMapping("mapping_bad_condition", where)
    match told:
        case {"eq": wanted}:
            same = str(wanted).casefold()
            return lambda document: find(document, path).casefold() == same
        case {"in": wanted}:
            known = {str(one).casefold() for one in a_list(wanted, where)}
            return lambda document: find(document, path).casefold() in known
        case {"prefix": wanted}:
            start = str(wanted).casefold()
            return lambda document: find(document, path).casefold().startswith(start)
        case {"exists": wanted}:
            return lambda document: bool(find(document, path)) is bool(wanted)
        case {"gt": wanted}:
            least = a_number(wanted, where)
            return lambda document: as_number(find(document, path)) > least
    most = a_number(told["len_lt"], where)
    return lambda document: len(find(document, path)) < most


def an_object(raw: Any, where: str) -> Mapping[str, Any]:
    if not isinstance(raw, dict):
        raise BadMapping("mapping_no_object", where)
    return cast(Mapping[str, Any], raw)


def a_list(raw: Any, where: str) -> list[Any]:
    if not isinstance(raw, list):
        raise BadMapping("mapping_no_list", where)
    return raw


def a_number(raw: Any, where: str) -> int:
    if isinstance(raw, bool) or not isinstance(raw, int):
        raise BadMapping("mapping_no_number", where)
    return raw


def only(told: Mapping[str, Any], where: str, allowed: str) -> None:
    """A misspelt word must not be passed over: it would change what the mapping means."""
    for name in told:
        if name not in allowed.split():
            raise BadMapping("mapping_unknown_word", f"{where}.{name}".strip("."))


def zone(written: str) -> tzinfo:
    found = re.fullmatch(r"([+-])(\d{2}):(\d{2})", written, re.ASCII)
    if found is None or int(found[2]) > 14:
        raise BadMapping("mapping_bad_zone", "tz")
    offset = timedelta(hours=int(found[2]), minutes=int(found[3]))
    return timezone(-offset if found[1] == "-" else offset)


def converter(name: str, where: str) -> Convert:
    try:
        return CONVERTERS[name]
    except KeyError:
        raise BadMapping("mapping_bad_converter", where) from None
