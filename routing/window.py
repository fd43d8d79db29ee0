"""May we send this now?

A window belongs to an address (an identity on a source), never to a conversation, and only the client moves
it. It is half-open: open at its anchor, shut at exactly `anchor + until`. A policy is data.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import field
from typing import Final, Literal, TypeAlias, cast

from routing.codes import (
    Alert,
    AuthorKind,
    Enforcement,
    Fallback,
    Limit,
    Purpose,
    Reach,
    Refusal,
    Tone,
    WindowPhase,
)
from routing.decision import Decision, Facts, Json, flag, inner, moment, number, rows, text, texts
from routing.schedule import Schedule, is_working, spans_between
from routing.times import DAY, HOUR, MINUTE, SECOND, Micros
from routing.values import value

PROVIDER_MARGIN: Final = 30 * SECOND
UNDO_HOLD: Final = 5 * SECOND
UNDO_MARGIN: Final = 10 * SECOND
LAST_CALL: Final = 60 * MINUTE

ClientAct: TypeAlias = Literal[
    "message", "button", "start", "allow", "contact_card", "edit", "deletion", "reaction", "vote", "join",
    "leave", "read", "automatic",
]  # fmt: skip
OPENING_ACTS: Final = frozenset({"message", "button", "start", "allow", "contact_card"})


@value(frozen=True, kw_only=True, slots=True)
class Phase:
    """Until when after the client's last message what may be sent; no limits: anything."""

    until: Micros
    limits: tuple[Limit, ...] = ()


@value(frozen=True, kw_only=True, slots=True)
class WindowPolicy:
    """The window of a source. No phases: none at all. Keep one a source: its facts are prepared once."""

    phases: tuple[Phase, ...] = ()
    then: Literal["nothing", "template"] = "nothing"
    """What may still be sent after the last phase."""
    enforcement: Enforcement = "block"
    fixed: bool = False
    """The provider's own rule: nobody may override it."""
    margin: Micros = 0
    """How much earlier than the provider we stop."""
    writes_first: bool = True
    """Whether the network lets us write before the client ever did."""
    facts: dict[str, Json] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "facts", self.to_json())

    def to_json(self) -> dict[str, Json]:
        """The same as a plain dict."""
        return {
            "phases": [{"until": phase.until, "limits": [*phase.limits]} for phase in self.phases],
            "then": self.then,
            "enforcement": self.enforcement,
            "fixed": self.fixed,
            "margin": self.margin,
            "writes_first": self.writes_first,
        }

    @classmethod
    def from_json(cls, record: Facts) -> WindowPolicy:
        """The policy that `to_json` made the dict of."""
        phases = tuple(
            Phase(until=number(row, "until"), limits=cast("tuple[Limit, ...]", texts(row, "limits")))
            for row in rows(record, "phases")
        )
        return cls(
            phases=phases,
            then=cast('Literal["nothing", "template"]', text(record, "then") or "nothing"),
            enforcement=cast(Enforcement, text(record, "enforcement") or "block"),
            fixed=flag(record, "fixed"),
            margin=number(record, "margin"),
            writes_first=flag(record, "writes_first", True),
        )


NO_WINDOW: Final = WindowPolicy()
"""E-mail, forms, telephony."""
COMPANY_RULE: Final = WindowPolicy(phases=(Phase(until=24 * HOUR),), writes_first=False)
"""Networks without a rule of their own: 24 hours, overridable."""
PROVIDER_RULE: Final = WindowPolicy(
    phases=(Phase(until=24 * HOUR),), fixed=True, margin=PROVIDER_MARGIN, writes_first=False
)
HUMAN_AGENT_RULE: Final = WindowPolicy(
    phases=(
        Phase(until=24 * HOUR),
        Phase(until=7 * DAY, limits=("by_hand", "no_links", "no_promotion")),
    ),
    fixed=True,
    margin=PROVIDER_MARGIN,
    writes_first=False,
)
TEMPLATE_RULE: Final = WindowPolicy(
    phases=(Phase(until=24 * HOUR),), then="template", fixed=True, margin=PROVIDER_MARGIN, writes_first=False
)


@value(frozen=True, kw_only=True, slots=True)
class Content:
    """What is to be sent, as far as a window cares."""

    purpose: Purpose = "reply"
    links: bool = False
    template: bool = False
    """An approved template of the provider."""


PLAIN: Final = Content()


@value(frozen=True, kw_only=True, slots=True)
class Window:
    """The answer for one message at one moment."""

    phase: WindowPhase
    closes_at: Micros | None = None
    """When the present phase ends; for a closed window when it closed; None: no window, or never opened."""
    allow: bool
    enforcement: Enforcement
    """`off` where nothing is enforced (no window); `warn`: allowed after a question."""
    refusal: Refusal | None = None
    """Why not; also set on a warning."""
    overridable: bool = False
    """A holder of `window.override` may send this one message with a reason."""
    limits: tuple[Limit, ...] = ()
    """How a message must be to be allowed now."""
    template: bool = False
    """An approved template may be sent now."""


def reply_window(
    policy: WindowPolicy,
    last_client_at: Micros | None,
    now: Micros,
    content: Content = PLAIN,
    author_kind: AuthorKind = "person",
    *,
    reach: Reach = "ok",
) -> Window:
    """Whether a message may leave now. `last_client_at` is the address's anchor, `reach` its state."""
    if reach != "ok":
        return Window(phase="unreachable", allow=False, enforcement="block", refusal=reach)
    template = policy.then == "template"
    if last_client_at is None:
        return _never_opened(policy, content, template)
    closed_at: Micros | None = None
    for phase in policy.phases:
        closed_at = last_client_at + phase.until - policy.margin
        if now < closed_at:
            if not phase.limits:
                return Window(
                    phase="open",
                    closes_at=closed_at,
                    allow=True,
                    enforcement=policy.enforcement,
                    template=template,
                )
            return _limited(policy, phase, closed_at, content, author_kind, template)
    if closed_at is None:
        return Window(phase="none", allow=True, enforcement="off", template=template)
    return _closed(policy, closed_at, content, author_kind, template)


def closes_at(policy: WindowPolicy, last_client_at: Micros | None, now: Micros) -> Micros | None:
    """When the present phase ends, or the last one ended; None: no window, or never opened."""
    if last_client_at is None or not policy.phases:
        return None
    closing = last_client_at
    for phase in policy.phases:
        closing = last_client_at + phase.until - policy.margin
        if now < closing:
            return closing
    return closing


def gone_at(policy: WindowPolicy, last_client_at: Micros | None) -> Micros | None:
    """From when on nothing at all may be sent; None: never, or it never opened."""
    if last_client_at is None or not policy.phases:
        return None
    if policy.then == "template" or policy.enforcement != "block":
        return None
    return last_client_at + policy.phases[-1].until - policy.margin


def advance_anchor(old: Micros | None, provider_at: Micros | None, received_at: Micros) -> Micros:
    """The anchor after a client's message: the earlier of its two times, and never back."""
    said_at = received_at if provider_at is None or provider_at > received_at else provider_at
    return said_at if old is None or said_at > old else old


def opens_window(act: ClientAct) -> bool:
    """Whether what the client did moves the anchor."""
    return act in OPENING_ACTS


def not_before(now: Micros, closing: Micros | None) -> Micros:
    """Until when a message is held for the undo: 5 s, less when the window closes, never before now."""
    held = now + UNDO_HOLD
    return held if closing is None else max(now, min(held, closing - UNDO_MARGIN))


def tone(closing: Micros | None, now: Micros) -> Tone:
    """How urgent the countdown is."""
    if closing is None:
        return "none"
    left = closing - now
    if left > 6 * HOUR:
        return "calm"
    if left > HOUR:
        return "soon"
    if left > 10 * MINUTE:
        return "near"
    return "last" if left > 0 else "closed"


def alerts(anchor: Micros, closing: Micros, schedule: Schedule) -> tuple[tuple[Micros, Alert], ...]:
    """When to warn about an unanswered conversation: in working time only, in order of time.

    A window that closes outside working time has its last call an hour before the end of the last working
    interval inside it, or at that interval's beginning.
    """
    found: list[tuple[Micros, Alert]] = []
    for before, alert in ((2 * HOUR, "closes_in_2h"), (30 * MINUTE, "closes_in_30m")):
        at = closing - before
        if at >= anchor and is_working(schedule, at):
            found.append((at, cast(Alert, alert)))
    if not is_working(schedule, closing):
        spans = spans_between(schedule, anchor, closing)
        if spans:
            opens, ends = spans[-1]
            found.append((max(opens, ends - LAST_CALL), "last_call"))
    return tuple(sorted(found))


@value(frozen=True, kw_only=True, slots=True)
class Address:
    """One identity of the contact on one source, as a way to write or call."""

    ref: str
    policy: WindowPolicy
    last_client_at: Micros | None = None
    reach: Reach = "ok"
    used_at: Micros = 0
    """When the client last used it; 0: never."""
    consent: bool = True
    """False: the client forbade this way, or a law wants a consent that is not there."""
    verified: bool = True
    """False: only typed somewhere, so it may be a stranger's."""
    calls: bool = False
    """A telephone number that can be called (and not written to)."""


@value(frozen=True, kw_only=True, slots=True)
class WayOut:
    """Something that can be done instead of the refused message."""

    kind: Fallback
    ref: str = ""
    closes_at: Micros | None = None


def fallbacks(
    addresses: Sequence[Address], now: Micros, *, template: bool = False, refused: str = ""
) -> tuple[WayOut, ...]:
    """What else can be done: addresses in the order of the client's last use, template, call, wait.

    `refused` is the address that just said no, `template` whether it takes an approved template.
    """
    usable = [row for row in addresses if row.ref != refused and row.consent and row.verified]
    usable.sort(key=lambda row: (-row.used_at, row.ref))
    ways: list[WayOut] = []
    for row in usable:
        if not row.calls:
            window = reply_window(row.policy, row.last_client_at, now, reach=row.reach)
            if window.allow:
                ways.append(WayOut(kind="address", ref=row.ref, closes_at=window.closes_at))
    if template:
        ways.append(WayOut(kind="template", ref=refused))
    ways.extend(WayOut(kind="call", ref=row.ref) for row in usable if row.calls and row.reach == "ok")
    return (*ways, WayOut(kind="wait", ref=refused))


def decide(
    policy: WindowPolicy,
    last_client_at: Micros | None,
    now: Micros,
    content: Content = PLAIN,
    author_kind: AuthorKind = "person",
    *,
    reach: Reach = "ok",
) -> Decision:
    """`reply_window` as a record: `chosen` is `allow`, `warn` or nothing, the rule its refusal or phase."""
    window = reply_window(policy, last_client_at, now, content, author_kind, reach=reach)
    facts: dict[str, Json] = {
        "now": now,
        "last_client_at": last_client_at,
        "closes_at": window.closes_at,
        "policy": policy.facts,
        "author_kind": author_kind,
        "purpose": content.purpose,
        "links": content.links,
        "template": content.template,
        "reach": reach,
    }
    verdict = ("warn" if window.refusal else "allow") if window.allow else ""
    return Decision(
        kind="window",
        rule=window.refusal or window.phase,
        chosen=(verdict,) if verdict else (),
        facts=facts,
    )


def reevaluate(record: Decision) -> Decision:
    """The decision again, from what the record holds."""
    facts = record.facts
    return decide(
        WindowPolicy.from_json(inner(facts, "policy")),
        moment(facts, "last_client_at"),
        number(facts, "now"),
        Content(
            purpose=cast(Purpose, text(facts, "purpose")),
            links=flag(facts, "links"),
            template=flag(facts, "template"),
        ),
        cast(AuthorKind, text(facts, "author_kind")),
        reach=cast(Reach, text(facts, "reach")),
    )


def _never_opened(policy: WindowPolicy, content: Content, template: bool) -> Window:
    """The client has not written here yet. Only a template or a network that lets us begin helps."""
    if policy.writes_first:
        return Window(phase="none", allow=True, enforcement="off", template=template)
    return Window(
        phase="never_opened",
        allow=template and content.template,
        enforcement="block",
        refusal=None if template and content.template else "never_opened",
        template=template,
    )


def _limited(
    policy: WindowPolicy,
    phase: Phase,
    closing: Micros,
    content: Content,
    author_kind: AuthorKind,
    template: bool,
) -> Window:
    refusal: Refusal | None = None
    if "by_hand" in phase.limits and author_kind != "person":
        refusal = "by_hand_only"
    elif "no_links" in phase.limits and content.links:
        refusal = "no_links"
    elif "no_promotion" in phase.limits and content.purpose == "promotion":
        refusal = "no_promotion"
    if template and content.template:
        refusal = None
    return _enforced(policy, "limited", closing, refusal, author_kind, phase.limits, template)


def _closed(
    policy: WindowPolicy, closed_at: Micros, content: Content, author_kind: AuthorKind, template: bool
) -> Window:
    refusal: Refusal | None = None if template and content.template else "window_closed"
    return _enforced(policy, "closed", closed_at, refusal, author_kind, (), template)


def _enforced(
    policy: WindowPolicy,
    phase: WindowPhase,
    closing: Micros,
    refusal: Refusal | None,
    author_kind: AuthorKind,
    limits: tuple[Limit, ...],
    template: bool,
) -> Window:
    """What a refusal comes to: a block, a question to the person who writes, or nothing."""
    enforcement = policy.enforcement
    if enforcement == "off":
        refusal = None
    by_person = author_kind == "person"
    return Window(
        phase=phase,
        closes_at=closing,
        allow=refusal is None or (enforcement == "warn" and by_person),
        enforcement=enforcement,
        refusal=refusal,
        overridable=refusal is not None and enforcement == "block" and not policy.fixed and by_person,
        limits=limits,
        template=template,
    )
