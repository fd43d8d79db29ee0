"""Which telephone number did somebody type or dial?"""

from __future__ import annotations

from functools import lru_cache

LONGEST = 64
"""Characters of a written number that are looked at."""


@lru_cache(maxsize=8192)
def e164(written: str, region: str = "RU", *, certain: bool = False) -> str:
    """The number in E.164, "" when it is none. `region` is the country of numbers written without one.

    `certain` asks for a number of an existing plan; else it is enough that one of this length could exist.
    """
    import phonenumbers  # 60 ms to load, and many sources never meet a number

    if not written or len(written) > LONGEST:
        return ""
    try:
        number = phonenumbers.parse(_with_plus(written.strip()), region or "RU")
    except phonenumbers.NumberParseException:
        return ""
    fits = phonenumbers.is_valid_number if certain else phonenumbers.is_possible_number
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164) if fits(number) else ""


def _with_plus(written: str) -> str:
    """Telephone systems write 79161234567 for +79161234567; the trunk prefix 810 is dialled for +."""
    if written.isascii() and written.isdigit():
        if len(written) > 13 and written.startswith("810"):
            return "+" + written[3:]
        if len(written) == 11 and written.startswith("7"):
            return "+" + written
    return written
