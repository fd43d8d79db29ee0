"""What do the fields of an unknown telephone system seem to mean? Guessed from three test calls, to be put right by a person.

What is looked for: the call's id is the same all through a call and another in the next; the client is the number that
somebody typed; what happened changes within a call and recurs in the next; the direction is the same in both incoming
calls and another in the outgoing one.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, timedelta, timezone
from typing import Any, Final

from channels.base import Envelope
from channels.errors import PayloadUnreadable
from channels.pages import Leaf, Trial
from channels.telephony.converters import CONVERTERS, Reading
from channels.telephony.document import clean, read
from channels.telephony.numbers import bare

MOST_LEAVES: Final = 400
MOST_VALUES: Final = 12
LONGEST: Final = 10**9
"""A talk's length; what is more is a time."""
DAY: Final = 86_400_000_000
HOUR: Final = 3_600_000_000
NAMES: Final[Mapping[str, str]] = {
    "call_id": r"call.?(s?id|api|uuid)|session|entry|uuid|linked|track|(^|\.)id$",
    "event": r"event|(^|\.)(ev|type|cmd|notification)$|state|action|call.?status",
    "direction": r"direct|flow|(^|\.)type$|src_type",
    "caller": r"from|caller|src|cid|(^|[._])a(_|$)|source",
    "callee": r"to$|called|dst|callee|dest|(^|[._])b(_|$)",
    "client": r"client|phone|contact|number|from|caller",
    "line": r"did|line|virtual|diversion|called|to$|dst",
    "ext": r"ext|user|agent|employee|internal|short|abon|login|operator|manager|called|callee|to$|dst",
    "outcome": r"status|result|reason|disposition|outcome|cause",
    "talk": r"talk|bill|dur|(^|_)sec",
    "ts": r"time|stamp|date|(^|\.)ts$",
    "seq": r"^seq|sequence",
    "recording": r"rec|link|file",
    "name": r"name",
}
VOCABULARY: Final = (
    ("recording", r"record"),
    ("call_ended", r"disconnect|no.?answer|not.?answered|unanswer|not.?connected"),
    ("answered", r"answer|accept|connect|talk|progress|bridge|establish|pick"),
    (
        "call_ended",
        r"hang|end|complet|finish|cancel|bye|releas|lost|miss|busy|fail|drop|close|terminat|over|stop",
    ),
    ("ringing", r"ring|incom|outgo|dial|appear|start|new|init|call|queue|in$|out$|origin|creat"),
)
MISSED: Final = r"miss|no|busy|cancel|fail|lost|reject|drop|abandon|unavail"
SECRETS: Final = re.compile(r"token|secret|sign|passw|hash|(^|[._])(api_?)?key$", re.IGNORECASE)

Told = Mapping[str, str]
"""path -> value of one request."""


def leaves_of(envelope: Envelope) -> tuple[Leaf, ...]:
    """Every value of a request in its order, JSON inside a form's field opened too; what looks secret is covered. Raises
    PayloadUnreadable."""
    found = _values(envelope, encoded=False)
    if is_encoded(found):
        found = _values(envelope, encoded=True)
    return tuple(
        Leaf(path=path, value="•••" if SECRETS.search(path) else value[:500]) for path, value in found
    )


def _values(envelope: Envelope, *, encoded: bool) -> list[tuple[str, str]]:
    document = read(envelope, encoded=encoded)
    inside = [
        name
        for name, value in document.items()
        if isinstance(value, str) and value.lstrip()[:1] in ("{", "[")
    ]
    if inside:
        document = read(envelope, inside, encoded=encoded)
    return [(path, value) for path, value in _walk(document, "") if not path.startswith("@")][:MOST_LEAVES]


def is_encoded(found: Sequence[tuple[str, str]]) -> bool:
    """Whether texts inside JSON are percent-encoded once more."""
    return any(
        "." in path and "://" not in value and re.search(r"%[0-9A-Fa-f]{2}", value) for path, value in found
    )


def _walk(value: Any, path: str) -> Iterator[tuple[str, str]]:
    match value:
        case Mapping():
            for name, inner in value.items():
                yield from _walk(inner, f"{path}.{name}" if path else name)
        case list():
            for place, inner in enumerate(value):
                yield from _walk(inner, f"{path}.{place}" if path else str(place))
        case _:
            if written := clean(value):
                yield path, written


@dataclass(frozen=True, slots=True)
class _Call:
    """A trial as its requests' values."""

    kind: str
    digits: str
    told: tuple[Told, ...]
    at: tuple[int, ...]
    encoded: bool


class Guess:
    """One look at the trials: a target is looked for after the others have taken their paths."""

    def __init__(self, trials: Sequence[Trial], members: frozenset[str]) -> None:
        self._calls = [call for call in map(_call, trials) if call.told]
        self._members = members
        self.fields: dict[str, str] = {}
        self.meanings: dict[str, dict[str, str]] = {}
        self.zone = "+00:00"
        paths = [path for call in self._calls for told in call.told for path in told]
        self._paths = list(dict.fromkeys(path for path in paths if not SECRETS.search(path)))

    def lessons(self) -> dict[str, Any]:
        """Everything that could be guessed."""
        if self._calls:
            self._numbers()
            self._take(
                "recording", lambda path: self._any(path, _is_address) and _sounds(path, self._first(path))
            )
            self._times()
            self._take("call_id", self._is_call_id)
            self._event()
            self._direction()
            self._talk()
            self._outcome()
            self._take("line", self._is_line)
            self._take("ext", self._is_extension)
        return {
            "fields": self.fields, "meanings": self.meanings, "zone": self.zone, "lines": self._lines(),
            "encoded": any(call.encoded for call in self._calls),
        }  # fmt: skip

    def _lines(self) -> list[str]:
        """How our own numbers are written where callers stand: they call out."""
        outgoing = self._of("outgoing")
        caller = next((path for path, target in self.fields.items() if target == "caller"), "")
        if outgoing is None or not caller:
            return []
        return sorted({told[caller] for told in outgoing.told if _is_number(told.get(caller, ""))})

    def _free(self, target: str) -> list[str]:
        """Paths not taken yet, those whose name fits first, then the short ones."""
        free = [path for path in self._paths if path not in self.fields]
        return sorted(free, key=lambda path: (not _named(target, path), len(path)))

    def _take(self, target: str, fits: Callable[[str], bool]) -> str:
        found = next((path for path in self._free(target) if fits(path)), "")
        if found:
            self.fields[found] = target
        return found

    def _values(self, path: str) -> list[list[str]]:
        """What a path says in each trial, request by request, without those that say nothing."""
        return [[told[path] for told in call.told if path in told] for call in self._calls]

    def _any(self, path: str, fits: Callable[[str], bool]) -> bool:
        return any(fits(value) for values in self._values(path) for value in values)

    def _of(self, kind: str) -> _Call | None:
        return next((call for call in self._calls if call.kind == kind), None)

    def _numbers(self) -> None:
        """Where the typed number stands: under one name in all calls, or as who calls and who is called."""
        inward = [call for call in self._calls if call.kind != "outgoing"]
        outward = [call for call in self._calls if call.kind == "outgoing"]
        comes = [
            path for path in self._free("client") if inward and all(_mostly(call, path) for call in inward)
        ]
        goes = [
            path for path in self._free("client") if outward and all(_mostly(call, path) for call in outward)
        ]
        both = (
            [path for path in comes if path in goes]
            if outward
            else [p for p in comes if not _named("caller", p)]
        )
        if both:
            self.fields[both[0]] = "client"
            return
        for target, paths in (("caller", comes), ("callee", goes)):
            named = sorted(paths, key=lambda path: not _named(target, path))
            if named:
                self.fields[named[0]] = target
        self._other_side()

    def _other_side(self) -> None:
        """The same field when nobody is outside: who called stands where callers stand, in outgoing calls too."""
        if "caller" in self.fields.values() and "callee" not in self.fields.values():
            self._take("callee", lambda path: _named("callee", path) and self._any(path, _is_number))

    def _times(self) -> None:
        for path in self._free("ts"):
            moments = [
                (float(_time(told[path])), at)
                for call in self._calls
                for told, at in zip(call.told, call.at, strict=True)
                if told.get(path) and _time(told[path])
            ]
            requests = sum(len(call.told) for call in self._calls)
            if moments and len(moments) * 2 > requests and all(abs(told - at) < DAY for told, at in moments):
                self.fields[path] = "ts"
                naive = not re.search(r"Z$|[+-]\d\d:?\d\d$|^\d+(\.\d+)?$", self._first(path))
                hours = round((moments[0][0] - moments[0][1]) / HOUR)
                if naive and abs(hours) <= 14:
                    self.zone = f"{'-' if hours < 0 else '+'}{abs(hours):02}:00"
                return

    def _first(self, path: str) -> str:
        return next((value for values in self._values(path) for value in values), "")

    def _is_call_id(self, path: str) -> bool:
        """The same in every request of a call, another in every call."""
        values = self._values(path)
        whole = all(
            len(said) == len(call.told) and len(set(said)) == 1
            for said, call in zip(values, self._calls, strict=True)
        )
        return whole and len({said[0] for said in values}) == len(values) and len(values[0][0]) > 2

    def _event(self) -> None:
        """Changes within a call, in few words that the next call says again."""
        best: tuple[tuple[bool, int, int], str] | None = None
        for path in self._free("event"):
            values = self._values(path)
            kinds = {value for said in values for value in said}
            changes = any(len(set(said)) > 1 for said in values)
            again = sum(sum(value in said for said in values) > 1 for value in kinds)
            wordy = any(re.search(r"[A-Za-zА-Яа-я]", value) for value in kinds)
            if not changes or not again or len(kinds) > MOST_VALUES or not (wordy or _named("event", path)):
                continue
            if all(_is_number(value) for value in kinds):
                continue
            score = (_named("event", path), self._words(kinds), again)
            if best is None or score > best[0]:
                best = (score, path)
        if best is not None:
            self.fields[best[1]] = "event"
            self.meanings[best[1]] = self._events(best[1])

    def _words(self, kinds: set[str]) -> int:
        """How many of the values are words that events are told by."""
        return sum(any(re.search(pattern, one, re.IGNORECASE) for _, pattern in VOCABULARY) for one in kinds)

    def _events(self, path: str) -> dict[str, str]:
        """What each value means: by its word; by its place where the word says nothing."""
        values = self._values(path)
        answered, missed = self._said("answered", path), self._said("missed", path)
        meanings: dict[str, str] = {}
        for said in values:
            for value in said:
                word = _meaning(value)
                known = word and not (word == "answered" and value in missed)
                meanings.setdefault(value, word if known else self._by_place(value, said, answered, missed))
        last = {said[-1] for said in values if said}
        for value, meaning in meanings.items():
            once = all(said.count(value) <= 1 for said in values)
            if meaning == "call_ended" and not (once and value in last):
                meanings[value] = "leg_ended"
        if not {"call_ended", "leg_ended"} & set(meanings.values()):
            meanings.update(dict.fromkeys(last, "call_ended"))
        return meanings

    def _said(self, kind: str, path: str) -> list[str]:
        call = self._of(kind)
        return [told[path] for told in call.told if path in told] if call is not None else []

    @staticmethod
    def _by_place(value: str, said: Sequence[str], answered: Sequence[str], missed: Sequence[str]) -> str:
        if value == said[-1]:
            return "call_ended"
        if value == said[0]:
            return "ringing"
        return "answered" if value in answered and missed and value not in missed else "ignore"

    def _direction(self) -> None:
        """The same in both incoming calls, another in the outgoing one."""
        outgoing = self._of("outgoing")
        inward = [call for call in self._calls if call.kind != "outgoing"]
        if outgoing is None or not inward:
            return

        def fits(path: str) -> bool:
            comes = {told[path] for call in inward for told in call.told if path in told}
            goes = {told[path] for told in outgoing.told if path in told}
            few = len(comes) == 1 and len(goes) == 1 and comes != goes
            return few and not any(_is_number(one) or len(one) > 20 for one in comes | goes)

        if path := self._take("direction", fits):
            self.meanings[path] = {
                self._first_of(inward[0], path): "in",
                self._first_of(outgoing, path): "out",
            }

    @staticmethod
    def _first_of(call: _Call, path: str) -> str:
        return next(told[path] for told in call.told if path in told)

    def _talk(self) -> None:
        """A number that is something where people talked and nothing where nobody did."""
        answered, missed = self._of("answered"), self._of("missed")
        if answered is None:
            return

        def fits(path: str) -> bool:
            long = _largest(answered, path)
            none = 0.0 if missed is None else _largest(missed, path)
            return _named("talk", path) and 0 < long < LONGEST and none == 0

        if path := self._take("talk", fits):
            spent = (answered.at[-1] - answered.at[0]) / 1_000_000
            ratio = _largest(answered, path) / max(60.0, spent)
            self.fields[path] = "talk_us" if ratio > 30_000 else "talk_ms" if ratio > 30 else "talk"

    def _outcome(self) -> None:
        answered, missed = self._of("answered"), self._of("missed")
        if answered is None or missed is None:
            return

        def last(call: _Call, path: str) -> str:
            return next((told[path] for told in reversed(call.told) if path in told), "")

        def fits(path: str) -> bool:
            good, bad = last(answered, path), last(missed, path)
            words = (
                good != bad
                and bad
                and good
                and not any(one.isdigit() or _is_number(one) for one in (good, bad))
            )
            return bool(words) and _named("outcome", path) and max(len(good), len(bad)) <= 30

        if path := self._take("outcome", fits):
            self.meanings[path] = {last(answered, path): "answered", last(missed, path): "missed"}

    def _is_line(self, path: str) -> bool:
        """An outer number of ours: the same in every incoming call."""
        inward = [
            {told[path] for told in call.told if path in told}
            for call in self._calls
            if call.kind != "outgoing"
        ]
        numbers = set().union(*inward) if inward else set()
        return len(numbers) == 1 and all(_is_number(one) for one in numbers)

    def _is_extension(self, path: str) -> bool:
        """Somebody's extension as we know it, else a short number under a name that fits."""
        values = [value for said in self._values(path) for value in said]
        found = {CONVERTERS["ext"](value, Reading()) for value in values}
        if found & self._members:
            return True
        short = bool(values) and all(re.fullmatch(r"(000\*)?\d{2,5}", value) for value in values)
        return short and _named("ext", path)


def _call(trial: Trial) -> _Call:
    told, at, encoded = [], [], False
    for envelope in trial.envelopes:
        try:
            told.append({leaf.path: leaf.value for leaf in leaves_of(envelope)})
        except PayloadUnreadable:
            continue
        at.append(envelope.received_at)
        encoded = encoded or is_encoded(_values(envelope, encoded=False))
    return _Call(trial.kind, re.sub(r"\D", "", trial.number)[-10:], tuple(told), tuple(at), encoded)


def _named(target: str, path: str) -> bool:
    return re.search(NAMES[target], path, re.IGNORECASE) is not None


def _mostly(call: _Call, path: str) -> bool:
    """Whether this is the typed number wherever it is told, in half of the requests at least."""
    said = [told[path] for told in call.told if path in told]
    same = [re.sub(r"\D", "", bare(value))[-10:] == call.digits for value in said]
    return len(call.digits) >= 7 and bool(said) and all(same) and 2 * len(said) >= len(call.told)


def _is_number(value: str) -> bool:
    return 7 <= len(re.sub(r"\D", "", value)) <= 15 and re.search(r"[^\d+() \-]", value) is None


def _is_address(value: str) -> bool:
    return re.match(r"https?://\S+", value, re.IGNORECASE) is not None


def _sounds(path: str, address: str) -> bool:
    audio = re.search(r"\.(mp3|wav|ogg|m4a|opus)\b", address, re.IGNORECASE)
    return audio is not None or _named("recording", path)


def _time(value: str) -> str:
    return CONVERTERS["ts"](value, Reading(zone=timezone(timedelta(0)) if value else UTC))


def _meaning(value: str) -> str:
    return next((meant for meant, words in VOCABULARY if re.search(words, value, re.IGNORECASE)), "")


def _largest(call: _Call, path: str) -> float:
    found = [told[path] for told in call.told if re.fullmatch(r"\d{1,12}(\.\d+)?", told.get(path, ""))]
    return max(map(float, found), default=0.0)
