"""How is somebody's card written as a vCard (RFC 2426, which every address book reads)?"""

from __future__ import annotations

from channels.events import ContactCard


def vcard(card: ContactCard) -> str:
    """The card, lines ended by CRLF."""
    lines = ["BEGIN:VCARD", "VERSION:3.0", f"N:{_escaped(card.name)};;;;", f"FN:{_escaped(card.name)}"]
    lines += [f"TEL;TYPE=CELL:{_escaped(number)}" for number in card.phones]
    lines += [f"EMAIL;TYPE=INTERNET:{_escaped(address)}" for address in card.emails]
    return "\r\n".join([*lines, "END:VCARD", ""])


def _escaped(text: str) -> str:
    """RFC 2426, section 4: a value on one line."""
    plain = " ".join(text.split())
    return plain.replace("\\", "\\\\").replace(",", "\\,").replace(";", "\\;")
