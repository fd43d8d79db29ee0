"""Which days does the country rest, and on which weekends does it work? The production calendar, changeable day by day.

Days are worked out for two years and stored with the company's hours, so that rules and rows need no library; the keeper of
the time renews them when a year begins.
"""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence
from typing import Any, Literal, cast

from typing_extensions import TypedDict


class CompanyDays(TypedDict):
    """What is stored: what was asked for, and what comes of it for `year` and the next."""

    calendar: Literal["", "RU"]
    own_off: list[str]
    own_on: list[str]
    off: list[str]
    dated: dict[str, list[list[int]]]
    year: int


def days_of(
    name: Literal["", "RU"], own_off: Sequence[str], own_on: Sequence[str], hours: Sequence[Any], year: int
) -> CompanyDays:
    """The days off and the working weekends; a day that the company names itself goes before the country's."""
    off, works = official(name, year) if name else (set[str](), set[str]())
    off = (off | set(own_off)) - set(own_on)
    works = (works | {day for day in own_on if _weekend(day)}) - set(own_off)
    spans: list[list[int]] = next((day for day in hours if day), [])
    return {
        "calendar": name, "own_off": [*own_off], "own_on": [*own_on], "off": sorted(off),
        "dated": dict.fromkeys(sorted(works), spans) if spans else {}, "year": year,
    }  # fmt: skip


def official(name: str, year: int) -> tuple[set[str], set[str]]:
    """Days off and working weekend days of a country in a year and the next."""
    import holidays  # a tenth of a second to load, and many installations never need it

    known = holidays.country_holidays(name, years=[year, year + 1])
    works = {day.isoformat() for day in getattr(known, "weekend_workdays", ())}
    return {day.isoformat() for day in known}, {day for day in works if int(day[:4]) in (year, year + 1)}


def stored_days(company: Mapping[str, Any]) -> CompanyDays:
    """What the company's settings hold; nothing set is no day."""
    empty = {"calendar": "", "own_off": [], "own_on": [], "off": [], "dated": {}, "year": 0}
    return cast(CompanyDays, {**empty, **(company.get("days") or {})})


def renewed(company: Mapping[str, Any], year: int) -> CompanyDays | None:
    """The days anew when a year has begun since; None: they still hold."""
    days = stored_days(company)
    if not days["calendar"] or days["year"] == year:
        return None
    return days_of(days["calendar"], days["own_off"], days["own_on"], company.get("hours") or [], year)


def with_hours(company: Mapping[str, Any], hours: Sequence[Any]) -> CompanyDays:
    """The same days when the company's hours change: a working weekend has the hours of a working day."""
    days = stored_days(company)
    return (
        days_of(days["calendar"], days["own_off"], days["own_on"], hours, days["year"])
        if days["year"]
        else days
    )


def _weekend(day: str) -> bool:
    return datetime.date.fromisoformat(day).weekday() >= 5
