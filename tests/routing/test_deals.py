"""Rules of attachment (rules.md, section 2)."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routing.codes import EvidenceKind, Nature
from routing.deals import (
    DEFAULT_POLICY,
    Attachment,
    AttachPolicy,
    ClosedDeal,
    Conversation,
    Evidence,
    OpenDeal,
    after,
    attach,
    attach_outgoing,
    touch,
)
from routing.times import DAY, HOUR, MINUTE
from tests.routing.made import NOON, answers_again, some

TALK = Conversation(id="talk")
OLD = OpenDeal(id="998", created_at=NOON - 30 * DAY, active_at=NOON - 3 * DAY)
FRESH = OpenDeal(id="1042", created_at=NOON - 20 * DAY, active_at=NOON - HOUR)
WON = ClosedDeal(id="871", closed_at=NOON - HOUR, owner_id="pyotr")


def attached(
    *deals: OpenDeal,
    talk: Conversation = TALK,
    evidence: tuple[Evidence, ...] = (),
    policy: AttachPolicy = DEFAULT_POLICY,
    now: int = NOON,
) -> Attachment:
    return attach(talk, deals, evidence, policy, now=now)


def verdicts(attachment: Attachment) -> dict[str, str]:
    return {row.ref: row.verdict for row in attachment.decision.candidates}


def test_the_most_recently_active_open_deal_of_the_contact() -> None:
    found = attached(OLD, FRESH)
    assert (found.deal_id, found.rule, found.new_lead) == ("1042", "most_recent", None)
    assert verdicts(found) == {"1042": "chosen", "998": "less_recent"}


def test_a_message_attached_by_recency_is_no_activity_of_the_deal() -> None:
    assert not attached(OLD, FRESH).activity
    assert after((OLD, FRESH), attached(OLD, FRESH), now=NOON) == (OLD, FRESH)


def test_creation_counts_as_activity() -> None:
    born = OpenDeal(id="1", created_at=NOON - MINUTE)
    assert attached(FRESH, born).deal_id == "1"


def test_ties_go_to_the_younger_deal_then_to_the_greater_id() -> None:
    one = OpenDeal(id="a", created_at=NOON - DAY, active_at=NOON)
    younger = OpenDeal(id="b", created_at=NOON - HOUR, active_at=NOON)
    twin = OpenDeal(id="c", created_at=NOON - HOUR, active_at=NOON)
    assert attached(one, younger).deal_id == "b"
    assert attached(twin, one, younger).deal_id == "c"


def test_recency_by_creation() -> None:
    policy = AttachPolicy(recency="creation")
    assert attached(replace(OLD, active_at=NOON), FRESH, policy=policy).deal_id == "1042"


def test_a_pin_beats_evidence_and_recency() -> None:
    talk = Conversation(id="talk", pinned="998")
    found = attached(FRESH, OLD, talk=talk, evidence=(Evidence(kind="reply", deal_id="1042"),))
    assert (found.deal_id, found.rule, found.activity) == ("998", "pinned", True)
    assert verdicts(found) == {"1042": "not_pinned", "998": "chosen"}


def test_a_pin_to_a_closed_deal_is_lifted() -> None:
    found = attached(FRESH, talk=Conversation(id="talk", pinned="871"))
    assert (found.deal_id, found.rule, found.lift_pin) == ("1042", "most_recent", True)


@pytest.mark.parametrize("kind", ["reply", "quote", "button"])
def test_a_reply_quote_or_button_points_at_its_deal(kind: EvidenceKind) -> None:
    found = attached(OLD, FRESH, evidence=(Evidence(kind=kind, deal_id="998"),))
    assert (found.deal_id, found.rule, found.activity) == ("998", "evidence", True)
    assert verdicts(found)["1042"] == "no_evidence"


@pytest.mark.parametrize("kind", ["extension", "tracking", "deep_link"])
def test_other_evidence_counts_only_where_it_is_switched_on(kind: EvidenceKind) -> None:
    evidence = (Evidence(kind=kind, deal_id="998"),)
    assert attached(OLD, FRESH, evidence=evidence).deal_id == "1042"
    policy = AttachPolicy(evidence=frozenset({kind}))
    assert attached(OLD, FRESH, evidence=evidence, policy=policy).deal_id == "998"


def test_evidence_of_a_closed_deal_counts_for_nothing() -> None:
    assert attached(FRESH, evidence=(Evidence(kind="reply", deal_id="871"),)).rule == "most_recent"


def test_a_reply_beats_a_button_whatever_their_order() -> None:
    evidence = (Evidence(kind="button", deal_id="1042"), Evidence(kind="reply", deal_id="998"))
    assert attached(OLD, FRESH, evidence=evidence).deal_id == "998"
    assert attached(OLD, FRESH, evidence=evidence[::-1]).deal_id == "998"


def test_activity_by_evidence_moves_the_deal_to_the_front() -> None:
    found = attached(OLD, FRESH, evidence=(Evidence(kind="reply", deal_id="998"),))
    assert attached(*after((OLD, FRESH), found, now=NOON)).deal_id == "998"


def test_a_deal_of_others_is_reached_by_pin_or_evidence_but_never_by_recency() -> None:
    foreign = OpenDeal(id="777", created_at=NOON, party=False)
    assert attached(foreign, OLD).deal_id == "998"
    assert verdicts(attached(foreign, OLD))["777"] == "not_a_party"
    assert attached(foreign).rule == "new_lead"
    assert attached(foreign, OLD, evidence=(Evidence(kind="reply", deal_id="777"),)).deal_id == "777"


@pytest.mark.parametrize(("idle", "stale"), [(90 * DAY - 1, False), (90 * DAY, True)])
def test_a_deal_that_was_idle_for_90_days_is_asked_about(idle: int, stale: bool) -> None:
    assert attached(OpenDeal(id="1", created_at=NOON - idle)).stale is stale


def test_a_stranger_makes_a_new_lead() -> None:
    found = attached()
    assert (found.rule, found.deal_id) == ("new_lead", "")
    assert found.new_lead is not None
    assert not found.new_lead.repeat
    assert not found.new_lead.quiet


def test_a_client_with_closed_deals_makes_a_repeat_lead() -> None:
    found = attached(talk=Conversation(id="talk", closed_deals=2))
    assert found.rule == "repeat_lead"
    assert found.new_lead is not None
    assert found.new_lead.repeat


@pytest.mark.parametrize(("ago", "quiet"), [(72 * HOUR - 1, True), (72 * HOUR, False)])
def test_a_message_within_72_h_after_a_deal_makes_a_quiet_lead_of_its_owner(ago: int, quiet: bool) -> None:
    talk = Conversation(id="talk", closed_deals=1, last_closed=replace(WON, closed_at=NOON - ago))
    lead = attached(talk=talk).new_lead
    assert lead is not None
    assert (lead.quiet, lead.repeat) == (quiet, True)
    assert (lead.owner_id, lead.after_deal) == (("pyotr", "871") if quiet else ("", ""))


@pytest.mark.parametrize("reason", ["stopped_responding", "too_expensive"])
def test_a_deal_lost_for_want_of_answers_or_money_can_be_taken_up_again(reason: str) -> None:
    lead = attached(talk=Conversation(id="talk", last_closed=replace(WON, lost_reason=reason))).new_lead
    assert lead is not None
    assert lead.choices == ("of_last_deal", "new_enquiry", "revive")


def test_a_won_deal_cannot_be_taken_up_again() -> None:
    lead = attached(talk=Conversation(id="talk", last_closed=WON)).new_lead
    assert lead is not None
    assert lead.choices == ("of_last_deal", "new_enquiry")


@pytest.mark.parametrize("last", [replace(WON, owner_id=""), replace(WON, junk=True)])
def test_without_an_owner_or_after_junk_nothing_is_quiet(last: ClosedDeal) -> None:
    found = attached(talk=Conversation(id="talk", last_closed=last))
    assert found.rule == "repeat_lead"


def test_an_open_deal_comes_before_a_quiet_lead() -> None:
    assert attached(OLD, talk=Conversation(id="talk", last_closed=WON)).deal_id == "998"


def test_a_form_may_ask_for_a_lead_of_its_own() -> None:
    policy = AttachPolicy(on_open_deal="new_lead")
    found = attached(OLD, policy=policy, talk=Conversation(id="talk", last_closed=WON, closed_deals=1))
    assert found.rule == "own_lead"
    assert verdicts(found) == {"998": "own_lead_asked", "871": "closed"}
    assert found.new_lead is not None
    assert not found.new_lead.quiet
    assert attached(policy=policy).rule == "new_lead"


@pytest.mark.parametrize("nature", ["internal", "test", "personal", "automatic", "spam", "imported", "group"])
def test_only_clients_make_leads_or_touch_deals(nature: Nature) -> None:
    for deals in ((), (FRESH,)):
        found = attached(*deals, talk=Conversation(id="talk", nature=nature))
        assert (found.rule, found.deal_id, found.new_lead) == ("not_client", "", None)


def test_a_group_goes_to_the_deal_that_a_person_bound_it_to() -> None:
    found = attached(OLD, FRESH, talk=Conversation(id="talk", nature="group", pinned="998"))
    assert (found.rule, found.deal_id) == ("pinned", "998")


def test_two_first_messages_at_once_make_one_lead() -> None:
    first = attached()
    deals = after((), first, now=NOON, new_id="lead")
    second = attached(*deals)
    assert (second.rule, second.deal_id, second.new_lead) == ("most_recent", "lead", None)


def outgoing(talk: Conversation = TALK, *deals: OpenDeal, **more: str) -> tuple[str, str]:
    found = attach_outgoing(talk, deals, DEFAULT_POLICY, now=NOON, **more)
    assert found.new_lead is None
    assert answers_again(found.decision)
    return found.rule, found.deal_id


def test_our_own_message_goes_where_it_was_started() -> None:
    talk = Conversation(id="talk", last_deal="998")
    assert outgoing(talk, OLD, FRESH, started_from="871") == ("started_from", "871")
    assert outgoing(talk, OLD, FRESH, started_from="871", fired_by="5") == ("fired_by", "5")
    assert outgoing(talk, OLD, FRESH) == ("last_there", "998")
    assert outgoing(Conversation(id="talk", last_deal="871"), OLD, FRESH) == ("most_recent", "1042")
    assert outgoing(TALK) == ("no_deal", "")
    assert outgoing(Conversation(id="talk", nature="internal"), FRESH) == ("not_client", "")


@pytest.mark.parametrize(
    ("enquiry", "first", "before", "kind"),
    [
        (True, False, True, "repeat"),
        (True, False, False, "first"),
        (False, True, False, "first"),
        (False, True, True, "repeat"),
        (False, False, False, ""),
    ],
)
def test_a_new_enquiry_is_never_lost_from_the_figures(
    enquiry: bool, first: bool, before: bool, kind: str
) -> None:
    assert touch(enquiry=enquiry, first_message=first, touched_before=before) == kind


def test_a_policy_survives_json() -> None:
    policy = AttachPolicy(recency="creation", evidence=frozenset({"tracking"}), on_open_deal="new_lead")
    assert AttachPolicy.from_json(policy.to_json()) == policy


def test_a_record_holds_what_the_popover_shows() -> None:
    rows = attached(FRESH, OLD, talk=Conversation(id="talk", last_closed=WON)).decision.candidates
    assert [(row.ref, row.verdict) for row in rows] == [
        ("1042", "chosen"),
        ("998", "less_recent"),
        ("871", "closed"),
    ]
    assert rows[0].facts == {"created_at": FRESH.created_at, "active_at": FRESH.active_at}


moments = st.integers(NOON - 200 * DAY, NOON)
open_deals = st.lists(
    st.builds(
        OpenDeal,
        id=st.sampled_from("abcdef"),
        created_at=moments,
        active_at=st.just(0) | moments,
        party=st.booleans(),
    ),
    max_size=5,
    unique_by=lambda deal: deal.id,
)
talks = st.builds(
    Conversation,
    id=st.just("talk"),
    nature=st.sampled_from(["client", "client", "client", "group", "spam"]),
    pinned=st.sampled_from(["", "a", "z"]),
    closed_deals=st.integers(0, 2),
    last_closed=st.none()
    | st.builds(
        ClosedDeal,
        id=st.just("k"),
        closed_at=moments,
        owner_id=st.sampled_from(["", "m"]),
        lost_reason=st.sampled_from(["", "too_expensive"]),
        junk=st.booleans(),
    ),
)
kinds: st.SearchStrategy[EvidenceKind] = st.sampled_from(
    ["reply", "quote", "button", "deal_link", "extension", "tracking", "deep_link"]
)
evidences = st.lists(st.builds(Evidence, kind=kinds, deal_id=st.sampled_from("abz")), max_size=3)
policies = st.builds(
    AttachPolicy,
    recency=st.sampled_from(["activity", "creation"]),
    evidence=st.frozensets(kinds),
    on_open_deal=st.sampled_from(["attach", "new_lead"]),
)


@some
@given(talks, open_deals, evidences, policies)
def test_attachment_always(
    talk: Conversation, deals: list[OpenDeal], evidence: list[Evidence], policy: AttachPolicy
) -> None:
    found = attach(talk, deals, evidence, policy, now=NOON)
    if talk.nature == "client":
        assert (found.deal_id != "") != (found.new_lead is not None)
    else:
        assert found.new_lead is None
    assert found.deal_id in {"", *(deal.id for deal in deals)}
    assert answers_again(found.decision)
    assert attach(talk, deals[::-1], evidence, policy, now=NOON) == found
    turned = attach(talk, deals, evidence[::-1], policy, now=NOON)
    assert (turned.rule, turned.deal_id) == (found.rule, found.deal_id)
    lead = found.new_lead
    assert lead is None or not lead.quiet or lead.owner_id


@some
@given(open_deals, st.lists(evidences, min_size=1, max_size=5))
def test_a_batch_of_one_contacts_messages_makes_at_most_one_lead(
    deals: list[OpenDeal], batch: list[list[Evidence]]
) -> None:
    known: list[OpenDeal] | tuple[OpenDeal, ...] = deals
    leads = 0
    for index, evidence in enumerate(batch):
        found = attach(TALK, known, evidence, DEFAULT_POLICY, now=NOON + index)
        leads += found.new_lead is not None
        known = list(after(known, found, now=NOON + index, new_id=f"lead{index}"))
    assert leads <= 1
