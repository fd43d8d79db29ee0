"""What is always true of routing (rules.md, section 4), whatever happens in whatever order."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from routing.assignment import (
    DISCIPLINE,
    FOR_STRANGERS,
    Lead,
    Offer,
    Queue,
    Waiting,
    failures,
    lead_order,
    route,
)
from routing.codes import Strategy, WaitReason
from routing.ladder import declined, expired, first_told, kept, next_step, offered, reminded
from routing.members import Member
from routing.schedule import ALWAYS, Schedule, Shift
from routing.times import DAY, HOUR, MINUTE, Micros
from tests.routing.made import MOSCOW, NOON, answers_again, present, some

PEOPLE = ("anna", "boris", "ira", "oleg", "pyotr")
MORNINGS = Schedule(zone=MOSCOW, week=(((9 * 60, 13 * 60),),) * 7)
STRATEGIES: tuple[Strategy, ...] = ("in_order", "evenly", "least_loaded", "all_at_once")

indexes = st.integers(0, 20)
people = st.sampled_from(PEOPLE)


@dataclass
class Shop:
    """A router over values: what a database and a clock would hold."""

    queue: Queue
    now: Micros = NOON
    members: dict[str, Member] = field(default_factory=dict)
    leads: dict[str, Lead] = field(default_factory=dict)
    waiting: dict[str, WaitReason] = field(default_factory=dict)
    owners: dict[str, str] = field(default_factory=dict)
    told: Counter[str] = field(default_factory=Counter)

    def pump(self) -> None:
        """Carry out whatever is due, as often as something is: what one lead frees, another may get."""
        for _ in range(20):
            order = sorted(self.leads.values(), key=lambda lead: lead_order(lead, self.now, MOSCOW))
            if not sum(self.steps(lead.id) for lead in order):
                return

    def steps(self, ref: str) -> bool:
        """Whether anything was due for this lead."""
        return sum(self.step(ref) for _ in range(20)) > 0

    def step(self, ref: str) -> bool:
        lead = self.leads[ref]
        step = next_step(lead.ladder, self.queue, self.now)
        if step.kind == "expire":
            self.free(lead)
            self.leads[ref] = replace(lead, ladder=expired(lead.ladder, self.now))
            return True
        if step.kind == "remind":
            assert step.tell
            self.told[ref] += 1
            self.leads[ref] = replace(lead, ladder=reminded(lead.ladder))
            return True
        kept_for_nobody = lead.ladder.kept_since is not None and not lead.ladder.open
        return (step.kind == "offer" or kept_for_nobody) and self.ask(lead)

    def ask(self, lead: Lead) -> bool:
        answer = route(lead, list(self.members.values()), self.queue, self.now)
        assert answers_again(answer.decision)
        assert route(lead, [*self.members.values()][::-1], self.queue, self.now) == answer
        if isinstance(answer, Waiting):
            self.waiting[lead.id] = answer.reason
            if answer.keep:
                assert first_told(self.queue)
                self.told[lead.id] += 1
                ladder = kept(lead.ladder, self.now, ended=answer.reason == "ladder_end")
                self.leads[lead.id] = replace(lead, ladder=ladder)
            return False
        self.check(lead, answer)
        self.waiting.pop(lead.id, None)
        ladder = offered(lead.ladder, answer.members, answer.expires_at, everyone=answer.everyone)
        self.leads[lead.id] = replace(lead, ladder=ladder)
        for ref in answer.members:
            member = self.members[ref]
            self.members[ref] = replace(
                member,
                open_offers=member.open_offers + 1,
                load=member.load + lead.weight,
                last_offer_at=self.now,
            )
        return True

    def check(self, lead: Lead, offer: Offer) -> None:
        """No lead is offered to somebody who fails a check, except as written and marked."""
        overlooked = {"sticky": FOR_STRANGERS, "gate_relaxed": DISCIPLINE}.get(offer.rule, frozenset())
        assert offer.members
        assert offer.everyone or len(offer.members) == 1
        assert offer.expires_at > self.now
        for ref in offer.members:
            failed = failures(self.members[ref], lead, self.queue, self.now)
            assert set(failed) <= overlooked
        marks = {row.ref: row.facts.get("failed", []) for row in offer.decision.candidates}
        for ref in offer.members:
            assert marks[ref] == [*failures(self.members[ref], lead, self.queue, self.now)]

    def free(self, lead: Lead, *, keep_load_of: str = "") -> None:
        for ref in lead.ladder.open:
            member = self.members[ref]
            load = member.load if ref == keep_load_of else member.load - lead.weight
            self.members[ref] = replace(member, open_offers=member.open_offers - 1, load=load)


class Routing(RuleBasedStateMachine):
    """Leads come, people come and go, accept, decline, let offers expire; time passes."""

    @initialize(
        strategy=st.sampled_from(STRATEGIES),
        hours=st.sampled_from([ALWAYS, MORNINGS]),
        operators=st.booleans(),
        capacities=st.lists(st.integers(0, 3), min_size=5, max_size=5),
    )
    def open_shop(self, strategy: Strategy, hours: Schedule, operators: bool, capacities: list[int]) -> None:
        queue = Queue(
            id="q",
            order=PEOPLE[:4],
            strategy=strategy,
            hours=hours,
            heads=("olga",),
            first_answer="operator" if operators else "manager",
        )
        self.shop = Shop(queue=queue)
        self.made = 0
        for ref, capacity in zip(PEOPLE, capacities, strict=True):
            self.shop.members[ref] = present(ref, capacity=capacity)

    @rule(managers=st.lists(people, max_size=2), priority=st.integers(0, 1))
    def a_lead_comes(self, managers: list[str], priority: int) -> None:
        self.made += 1
        ref = f"lead{self.made:03}"
        lead = Lead(id=ref, created_at=self.shop.now, managers=tuple(managers), priority=priority)
        self.shop.leads[ref] = lead
        self.shop.pump()

    @rule(ref=people, presence=st.sampled_from(["on_shift", "on_shift", "break", "off"]))
    def somebody_comes_or_goes(self, ref: str, presence: str) -> None:
        self.shop.members[ref] = replace(self.shop.members[ref], presence=presence)  # type: ignore[arg-type]
        self.shop.pump()

    @rule(ref=people, tasks=st.integers(0, 2), lifted=st.booleans())
    def tasks_change(self, ref: str, tasks: int, lifted: bool) -> None:
        until = self.shop.now + HOUR
        self.shop.members[ref] = replace(
            self.shop.members[ref], overdue_tasks=tasks, lifted={"discipline": until} if lifted else None
        )
        self.shop.pump()

    @rule(index=indexes, accepts=st.booleans())
    def somebody_accepts_or_declines(self, index: int, accepts: bool) -> None:
        open_ones = [lead for lead in self.shop.leads.values() if lead.ladder.open]
        if not open_ones:
            return
        lead = open_ones[index % len(open_ones)]
        ref = lead.ladder.open[index % len(lead.ladder.open)]
        if accepts:
            assert lead.id not in self.shop.owners
            self.shop.free(lead, keep_load_of=ref)
            self.shop.owners[lead.id] = ref
            del self.shop.leads[lead.id]
        else:
            self.shop.free(replace(lead, ladder=replace(lead.ladder, open=(ref,))))
            self.shop.leads[lead.id] = replace(lead, ladder=declined(lead.ladder, ref))
        self.shop.pump()

    @rule(ref=people)
    def somebody_finishes_something(self, ref: str) -> None:
        member = self.shop.members[ref]
        if member.load > member.open_offers:
            self.shop.members[ref] = replace(member, load=member.load - 1)
        self.shop.pump()

    @rule(minutes=st.sampled_from([1, 2, 3, 10, 15, 30, 60, 600]))
    def time_passes(self, minutes: int) -> None:
        self.shop.now += minutes * MINUTE
        self.shop.pump()

    @invariant()
    def nobody_is_over_capacity_or_has_two_offers(self) -> None:
        for member in self.shop.members.values():
            assert member.capacity == 0 or member.load <= member.capacity
            assert member.open_offers <= 1
            assert member.load >= member.open_offers

    @invariant()
    def a_lead_has_an_offer_or_a_stated_reason_and_a_person_told(self) -> None:
        for lead in self.shop.leads.values():
            if lead.ladder.open:
                assert lead.id not in self.shop.waiting
                continue
            reason = self.shop.waiting[lead.id]
            if reason in ("nobody", "ladder_end"):
                assert lead.ladder.kept_since is not None
                assert self.shop.told[lead.id] > 0

    @invariant()
    def no_lead_waits_for_nobody_while_somebody_passes_every_check(self) -> None:
        for lead in self.shop.leads.values():
            if self.shop.waiting.get(lead.id) == "nobody":
                for member in self.shop.members.values():
                    assert failures(member, lead, self.shop.queue, self.shop.now)


Routing.TestCase.settings = settings(
    max_examples=15, stateful_step_count=30, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
TestRouting = Routing.TestCase


@some
@given(st.integers(1, 6), st.integers(1, 40), st.lists(st.integers(0, 5), min_size=40, max_size=40))
def test_evenly_means_that_first_offers_differ_by_at_most_one(size: int, leads: int, gaps: list[int]) -> None:
    """While the same members stay available and everybody accepts at once."""
    members = {f"m{index}": present(f"m{index}", capacity=0) for index in range(size)}
    queue = Queue(id="q", order=tuple(members), strategy="evenly")
    counts: Counter[str] = Counter(dict.fromkeys(members, 0))
    now = NOON
    for index in range(leads):
        now += 1 + gaps[index]
        answer = route(Lead(id=str(index), created_at=now), list(members.values()), queue, now)
        assert isinstance(answer, Offer)
        (ref,) = answer.members
        counts[ref] += 1
        members[ref] = replace(members[ref], last_offer_at=now)
        assert max(counts.values()) - min(counts.values()) <= 1


members = st.builds(
    Member,
    id=st.sampled_from(PEOPLE),
    active=st.sampled_from([True, True, False]),
    shift=st.sampled_from(
        [None, Shift(opens_at=0, closes_at=NOON + DAY), Shift(opens_at=NOON + 1, closes_at=NOON + DAY)]
    ),
    on_leave=st.booleans(),
    presence=st.sampled_from(["on_shift", "on_shift", "break", "dnd", "off"]),
    on_call=st.booleans(),
    seen_at=st.sampled_from([0, NOON - MINUTE]),
    push_until=st.sampled_from([0, NOON, NOON + 1]),
    may_own=st.booleans(),
    sources=st.none() | st.just(frozenset({"vk"})) | st.just(frozenset({"mail"})),
    skills=st.frozensets(st.sampled_from(["english", "law"])),
    load=st.sampled_from([0, 1, 2.5, 9.5]),
    capacity=st.sampled_from([0, 1, 10]),
    weight=st.sampled_from([0.5, 1, 3]),
    open_offers=st.integers(0, 1),
    last_offer_at=st.integers(0, 3),
    overdue_tasks=st.integers(0, 2),
    idle_deals=st.integers(0, 2),
    lifted=st.none()
    | st.dictionaries(st.sampled_from(["capacity", "discipline"]), st.integers(NOON, NOON + 1)),
)  # fmt: skip
teams = st.lists(members, max_size=5, unique_by=lambda member: member.id)


@some
@given(
    teams,
    st.permutations(PEOPLE).map(lambda order: tuple(order[:4])),
    st.sampled_from(STRATEGIES),
    st.frozensets(st.sampled_from(["english", "law"]), max_size=1),
    st.lists(people, max_size=2).map(tuple),
    st.lists(people, max_size=3, unique=True),
    st.sampled_from([0.3, 1, 2]),
)
def test_the_same_input_gives_the_same_answer_and_the_record_answers_again(
    team: list[Member],
    order: tuple[str, ...],
    strategy: Strategy,
    skills: frozenset[str],
    managers: tuple[str, ...],
    tried: list[str],
    weight: float,
) -> None:
    lead = Lead(id="lead", created_at=NOON, source_id="vk", skills=skills, managers=managers, weight=weight)
    ladder = lead.ladder
    for ref in tried:
        ladder = expired(offered(ladder, (ref,), NOON, everyone=False), NOON)
    lead = replace(lead, ladder=ladder)
    queue = Queue(id="q", order=order, strategy=strategy)
    answer = route(lead, team, queue, NOON)
    assert route(lead, team[::-1], queue, NOON) == answer
    assert answers_again(answer.decision)
    if isinstance(answer, Offer):
        Shop(queue=queue, members={member.id: member for member in team}).check(lead, answer)
