"""What do the columns mean, and what does a row say then?"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from channels.phones import e164
from gateway.importing import vcards
from routing.imports import Address, Entry

TARGETS: Final = (
    "", "name", "last_name", "first_name", "middle_name", "phone", "email", "company", "role", "tags", "responsible",
)  # fmt: skip
"""What a column may mean besides `field:<name>`; "" is nothing."""
NAME_PARTS: Final = ("last_name", "first_name", "middle_name")
_field = re.compile(r"field:.{1,60}", re.DOTALL)
_email = re.compile(r"[^\s@<>,;]{1,64}@[^\s@<>,;]{1,190}\.[^\s@<>,;.]{2,63}")

GUESSES: Final[Mapping[str, str]] = {
    word: target
    for target, words in {
        "name": "имя фамилия|фио|ф и о|контакт|имя контакта|полное имя|клиент|название контакта|name|full name|contact"
        "|display name|fn",
        "last_name": "фамилия|last name|surname|family name",
        "first_name": "имя|first name|given name",
        "middle_name": "отчество|middle name|additional name",
        "phone": "телефон|телефоны|номер|номер телефона|мобильный|мобильный телефон|рабочий телефон|сотовый|тел|phone|phones"
        "|mobile|mobile phone|phone number|work phone|phone 1 value|phone 2 value|tel",
        "email": "почта|e mail|email|эл почта|электронная почта|адрес почты|рабочий email|mail|e mail address"
        "|e mail 1 value|emails",
        "company": "компания|организация|фирма|company|organization|organization name|organization 1 name|org",
        "role": "должность|position|job title|title|role",
        "tags": "метки|теги|тег|метка|категории|группы|tags|labels|group membership|categories",
        "responsible": "ответственный|менеджер|owner|responsible|manager",
    }.items()
    for word in words.split("|")
}  # fmt: skip


def known(target: str) -> bool:
    """Whether a column may mean this."""
    return target in TARGETS or _field.fullmatch(target) is not None


def guess(columns: Sequence[str], kind: str) -> list[str]:
    """What the columns probably mean, by their names; an unknown one becomes a custom field of its name."""
    if kind == "vcard":
        return list(vcards.MEANING)
    found = [_meaning(name) for name in columns]
    if not {"name", "last_name"} & set(found):
        found = ["name" if one == "first_name" else one for one in found]
    taken: set[str] = set()
    for place, one in enumerate(found):
        if one in taken and one not in ("phone", "email", "tags"):
            found[place] = f"field:{columns[place][:60]}" if columns[place] else ""
        taken.add(one)
    return found


def _meaning(name: str) -> str:
    word = " ".join(re.findall(r"\w+", name.casefold().replace("ё", "е")))
    return GUESSES.get(word) or (f"field:{name[:60]}" if name else "")


@dataclass(slots=True)
class _Said:
    parts: dict[str, str] = field(default_factory=dict)
    addresses: list[Address] = field(default_factory=list)
    fields: dict[str, str] = field(default_factory=dict)
    tags: list[str] = field(default_factory=list)


def understand(
    n: int, cells: Sequence[str], columns: Sequence[str], mapping: Sequence[str], members: Mapping[str, str], tag: str,
) -> Entry:  # fmt: skip
    """What a row says. A number or an address that is none is kept as a field of its column's name: nothing is lost."""
    said = _Said()
    for cell, name, target in zip(cells, columns, mapping, strict=False):
        if cell and target:
            _take(said, cell, name or target, target, members)
    parts = said.parts
    name = parts.get("name") or " ".join(parts[one] for one in NAME_PARTS if one in parts)
    return Entry(
        n=n, name=name[:200], addresses=tuple(dict.fromkeys(said.addresses)), fields=said.fields,
        tags=tuple(dict.fromkeys((*said.tags, *((tag,) if tag else ())))), company=parts.get("company", "")[:200],
        role=parts.get("role", "")[:200], responsible_id=parts.get("responsible", ""),
    )  # fmt: skip


def _take(said: _Said, cell: str, name: str, target: str, members: Mapping[str, str]) -> None:
    match target:
        case "phone" | "email":
            _addresses(said, cell, name, target)
        case "tags":
            said.tags += [one.strip()[:60] for one in re.split(r"[,;\n]", cell) if one.strip()]
        case "responsible":
            member = members.get(cell.casefold())
            if member:
                said.parts["responsible"] = member
            else:
                said.fields[name[:60]] = cell
        case _ if target.startswith("field:"):
            said.fields[target.removeprefix("field:")] = cell
        case _:
            said.parts.setdefault(target, cell)


def _addresses(said: _Said, cell: str, name: str, kind: str) -> None:
    left = []
    for one in re.split(r"[,;\n]|\s/\s", cell):
        value = (e164(one) if kind == "phone" else email(one)) if one.strip() else ""
        if value:
            said.addresses.append((kind, value))
        elif one.strip():
            left.append(one.strip())
    if left:
        said.fields[name[:60]] = ", ".join(left)


def email(written: str) -> str:
    """A mail address as identities keep it, "" when it is none."""
    address = written.strip().strip("<>").strip()
    if not _email.fullmatch(address):
        return ""
    local, _, domain = address.rpartition("@")
    try:
        return f"{local.lower()}@{domain.lower().encode('idna').decode()}"
    except UnicodeError:
        return ""
