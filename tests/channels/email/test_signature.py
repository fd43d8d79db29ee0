"""From a signature come a few addresses that suggest, and from the rest of a letter none."""

from __future__ import annotations

import pytest

from channels.email.signature import MOST, signed
from channels.events import Identity


def phone(value: str) -> Identity:
    return Identity(kind="phone", value=value)


def mail(value: str) -> Identity:
    return Identity(kind="email", value=value)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Добрый день!\n\n-- \nПётр\nтел. +7 (916) 000-11-22\np@romashka.ru", (phone("+79160001122"), mail("p@romashka.ru"))),
        ("Жду счёт.\n\nС уважением,\nПётр Иванов\n8 916 000 11 22", (phone("+79160001122"),)),
        ("Please call.\n\nBest regards,\nPeter\n+49 30 901820", (phone("+4930901820"),)),
        ("С уважением, Пётр, +7 916 000-11-22", (phone("+79160001122"),)),
        ("Позвоните 8 916 000 11 22, Пётр", ()),
        ("Мой номер +7 916 000-11-22\n-- \nПётр", ()),
        ("-- \nФакс: +7 (495) 123-45-67", ()),
        ("-- \nЗаказ № 79160001122334455, счёт 40702810900000012345", ()),
        ("-- \nИНН 770708389312, стр. 12", ()),
        ("Да.\n\n30.11.2026, 10:00, Анна <anna@firma.ru>:\n> -- \n> Анна\n> +7 916 000-11-22", ()),
        ("С уважением,\nПётр\n" + "\n".join(f"Абзац {n}" for n in range(30)) + "\n+7 916 000-11-22", ()),
        ("-- \n" + "\n".join(f"p{n}@firma.ru" for n in range(MOST + 1)), ()),
        ("-- \nPETR@Romashka.RU petr@romashka.ru", (mail("petr@romashka.ru"),)),
        ("", ()),
    ],
)  # fmt: skip
def test_what_stands_in_a_signature(text: str, found: tuple[Identity, ...]) -> None:
    assert signed(text) == found


@pytest.mark.timeout(10)
def test_a_hostile_signature_takes_no_time() -> None:
    for line in (
        "1 " * 50_000,
        "a@" * 50_000,
        "a." * 50_000 + "@b",
        "+7 (" * 30_000,
        "x@" + "a." * 40_000,
        "1-" * 40_000 + "@",
    ):
        assert signed(f"-- \n{line}") == ()
