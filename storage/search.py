"""How is something said found again? Stemmed words in one column, the same on both databases."""

from __future__ import annotations

import re
import threading

import Stemmer

_words = re.compile(r"[0-9a-zа-яё]+", re.IGNORECASE)
_here = threading.local()  # a stemmer is not safe to share between threads
LIMIT = 4000


def stems(text: str) -> str:
    """The text's words, folded (ё is е) and stemmed, each once, separated by spaces."""
    if not text:
        return ""
    if not hasattr(_here, "russian"):
        _here.russian, _here.english = Stemmer.Stemmer("russian"), Stemmer.Stemmer("english")
    folded = _words.findall(text[:LIMIT].casefold().replace("ё", "е"))
    words = dict.fromkeys(folded)
    latin = [word for word in words if word.isascii()]
    other = [word for word in words if not word.isascii()]
    return " ".join(dict.fromkeys([*_here.russian.stemWords(other), *_here.english.stemWords(latin)]))
