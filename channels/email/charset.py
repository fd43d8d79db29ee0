"""Which characters do these bytes stand for?

The label of a letter is a hint: it may be missing, misspelt or wrong. Order: the declared charset,
strictly; UTF-8, strictly; the Cyrillic code page whose text looks most like Russian; Western
European. Never raises.
"""

from __future__ import annotations

import codecs
import re
from functools import cache

ALIASES = {
    "cp-1251": "cp1251", "cp1251": "cp1251", "win-1251": "cp1251", "windows1251": "cp1251",
    "win1251": "cp1251", "windows-1251": "cp1251", "x-cp1251": "cp1251", "koi8r": "koi8-r",
    "koi8": "koi8-r", "koi-8": "koi8-r", "x-koi8-r": "koi8-r", "utf8": "utf-8", "utf8mb4": "utf-8",
    "utf-8mb4": "utf-8", "unicode-1-1-utf-7": "utf-7", "gb2312": "gb18030", "gbk": "gb18030",
    "x-gbk": "gb18030", "ks_c_5601-1987": "cp949", "ks_c_5601": "cp949", "euc-kr": "cp949",
    "x-sjis": "cp932", "shift_jis": "cp932", "iso-8859-1": "cp1252", "latin1": "cp1252",
    "iso-8859-8-i": "iso-8859-8", "x-mac-cyrillic": "mac-cyrillic", "ansi_x3.110-1983": "cp1252",
    "us-ascii": "ascii", "ansi": "", "default": "", "x-unknown": "", "unknown-8bit": "", "unknown": "",
    "binary": "",
}  # fmt: skip
CYRILLIC = ("cp1251", "koi8-r", "cp866", "iso8859-5")
SAMPLE = 4096

# Letters of Russian text per thousand.
_FREQUENCY = {
    "о": 110, "е": 85, "а": 80, "и": 74, "н": 67, "т": 63, "с": 55, "р": 47, "в": 45, "л": 44, "к": 35,
    "м": 32, "д": 30, "п": 28, "у": 26, "я": 20, "ы": 19, "ь": 17, "г": 17, "з": 16, "б": 16, "ч": 14,
    "й": 12, "х": 10, "ж": 9, "ш": 7, "ю": 6, "ц": 5, "щ": 4, "э": 3, "ф": 3, "ъ": 1, "ё": 8, "і": 2,
    "ї": 1, "є": 1,
}  # fmt: skip

# Pairs of letters that Russian is full of.
_PAIRS = frozenset(
    re.findall(
        "..",
        "авагадаеазайакаламанапарасатахаюаябабеблбобрбывавевквлвоврвсвувывягагиглгогрдадвдедидлдодрдуедеж"
        "езейекелеменересетешещеюеяжажджежижнзазвздзнзоиеизийикилиминириситихиюиякакиклкокрктлалелилолуль"
        "люмамемимонаненинннонуныобовогодоеожозойоколомонопоросотоуофохочошояпапепиплпопрпураргрдрерирмро"
        "рурырясвсесискслсмсоспсрстсусысьсятатвтетитотртутытьудужукумурусутучфохохрцацецицочечнчтшашишьще"
        "щиыйымыныпытыхэкэтюбютявят",
    )
)
_WORD = re.compile(rb"[A-Za-z\x80-\xff]+")
_SIGNS = "«»—–№…“”„\xa0"
_LETTERS = re.compile(r"[^\W\d_]+")
_META = re.compile(rb"<meta[^>]{0,200}?charset\s*=\s*[\"']?\s*([A-Za-z0-9_.:-]{2,40})", re.I)


def decode(body: bytes, label: str = "") -> str:
    """The text of these bytes, whatever the label says."""
    if body.isascii() and b"\x1b" not in body and not _shifted(label):
        return body.decode("ascii")
    name = known(label)
    text = _tried(body, name) if name else None
    if text is not None and _plausible(text, name):
        return text
    text = _tried(body, "utf-8")
    if text is None and name == "utf-8":
        text = _mostly_utf8(body)
    return body.decode(_guessed(body), "replace") if text is None else text


def known(label: str) -> str:
    """Python's name of a charset label; "" when the label tells nothing."""
    wanted = label.strip().strip("\"'").lower()[:40]
    wanted = ALIASES.get(wanted, wanted)
    return wanted if wanted and _exists(wanted) else ""


def of_html(body: bytes) -> str:
    """What a page says of itself in its first lines; "" when it says nothing."""
    found = _META.search(body[:4096])
    return found[1].decode("ascii") if found else ""


@cache
def _exists(name: str) -> bool:
    try:
        return codecs.lookup(name)._is_text_encoding
    except (LookupError, ValueError):
        return False


def _shifted(label: str) -> bool:
    """Charsets that write other scripts in seven bits."""
    return known(label) in ("utf-7", "utf-16", "utf-32", "utf-16-le", "utf-16-be", "hz")


def _tried(body: bytes, name: str) -> str | None:
    try:
        return body.decode(name)
    except (UnicodeDecodeError, ValueError):
        return None


def _mostly_utf8(body: bytes) -> str | None:
    """UTF-8 with a few broken letters (cut in the middle, say) stays UTF-8."""
    text = body.decode("utf-8", "replace")
    others = sum(1 for letter in text if letter > "\x7f")
    return text if text.count("\ufffd") * 4 < others else None


def _plausible(text: str, name: str) -> bool:
    """A one-byte code page decodes anything: believe it unless another one reads much better as Russian."""
    if name not in CYRILLIC and name not in ("cp1252", "latin-1"):
        return True
    body = text[:SAMPLE].encode(name, "ignore")
    if _tried(body, "utf-8") is not None and not body.isascii():
        return False
    best = _guessed(body)
    return best == name or best not in CYRILLIC or _score(body, best) < _score(body, name) + 0.6


def _guessed(body: bytes) -> str:
    sample = body[:SAMPLE]
    words = b"".join(word for word in _WORD.findall(sample) if not word.isascii())
    high = sum(1 for byte in words if byte > 0x7F)
    if not high or high < 0.6 * len(words):
        return "cp1252"
    return max(CYRILLIC, key=lambda name: _score(sample, name))


def _score(body: bytes, name: str) -> float:
    """How much the bytes read as Russian in this code page: mean points per non-ASCII letter."""
    text = body.decode(name, "replace")
    points = sum(-3.0 for letter in text if letter > "\x7f" and not letter.isalpha() and letter not in _SIGNS)
    others = sum(1 for letter in text if letter > "\x7f")
    points += sum(_points(word) for word in _LETTERS.findall(text) if not word.isascii())
    return points / others if others else 0.0


def _points(word: str) -> float:
    """Frequent letters and pairs, and a sound use of capitals: KOI8 read as 1251 turns the case over."""
    small = word.lower()
    points = sum(min(_FREQUENCY.get(letter, -120), 80) / 40 for letter in small if letter > "\x7f")
    points += sum(1.0 if small[at : at + 2] in _PAIRS else -0.7 for at in range(len(small) - 1))
    if word.islower() or word[1:].islower():
        return points
    return points - (0.3 if word.isupper() else 2.0) * len(word)
