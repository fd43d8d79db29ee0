"""One's own, the team's, those of all teams below, everybody's: each scope on each kind of thing, list, act and news."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final

import pytest
from sqlalchemy import text

from gateway.clock import new_id
from gateway.permissions import SCOPED, SCOPES
from storage.transaction import Transaction
from tests.gateway.api.house import House, Person

CLIENTS: Final = ("anna", "carl", "dora", "eva")
"""Each has one client of the same name: Anna is looked through, Carl is her colleague, Dora in a team below, Eva elsewhere."""
WITHIN: Final = {
    "own": {"anna"},
    "team": {"anna", "carl"},
    "below": {"anna", "carl", "dora"},
    "all": set(CLIENTS),
}


@dataclass(slots=True)
class Firm:
    """People in a tree of teams, each with a client, and whoever looks at them."""

    house: House
    people: dict[str, Person] = field(default_factory=dict)
    talks: dict[str, str] = field(default_factory=dict)
    contacts: dict[str, str] = field(default_factory=dict)
    deals: dict[str, str] = field(default_factory=dict)
    messages: dict[str, str] = field(default_factory=dict)
    tasks: dict[str, str] = field(default_factory=dict)
    teams: dict[str, str] = field(default_factory=dict)

    async def let(self, **scopes: str) -> None:
        """Give Anna these permissions; `every`: how far all that can be narrower go."""
        every = scopes.pop("every", None)
        given = dict.fromkeys(SCOPED, every) if every else {}
        given |= {name.replace("_", "."): scope for name, scope in scopes.items()} | {"member.read": "all"}
        roles = (await self.house.admin.get("/roles"))["items"]
        role = next(one for one in roles if one["name"] == "watcher")
        await self.house.admin.put(f"/roles/{role['id']}", {"permissions": given})


def _hold(tx: Transaction, deal_id: str, talk: str, member_id: str, *, by_deal: bool) -> None:
    """Somebody's client: by the owner of the deal, or by whom the conversation is assigned to."""
    if by_deal:
        tx.connection.execute(
            text("UPDATE deal SET owner_id = :me, waiting = '' WHERE id = :id"),
            {"me": member_id, "id": deal_id},
        )
    else:
        tx.connection.execute(text("UPDATE deal SET open = 0 WHERE id = :id"), {"id": deal_id})
        tx.connection.execute(
            text("UPDATE conversation SET assignee_id = :me WHERE id = :id"), {"me": member_id, "id": talk}
        )
    tx.changed("deal", deal_id)
    tx.changed("conversation", talk)


async def a_firm(house: House) -> Firm:
    """Anna heads «Продажи», where Carl is; «Север» is below, where Dora is; Eva is in «Сервис»."""
    firm = Firm(house)
    await house.admin.post("/roles", {"name": "watcher", "permissions": {}})
    for name in CLIENTS:
        firm.people[name] = await house.person("watcher" if name == "anna" else "manager", name=name.title())
        talk = firm.talks[name] = await house.hears(name, f"words for {name}")
        card = await house.admin.get(f"/conversations/{talk}")
        firm.contacts[name], firm.deals[name] = card["contact"]["id"], card["row"]["deal"]["id"]
        firm.messages[name] = (await house.admin.get(f"/conversations/{talk}/messages"))["items"][0]["id"]
        task = {"title": "call", "deal_id": firm.deals[name], "owner_id": firm.people[name].id}
        firm.tasks[name] = (await house.admin.post("/tasks", task))["id"]
        ids = firm.deals[name], talk, firm.people[name].id
        await house.gateway.database.write(_hold, *ids, by_deal=name != "eva")
    above: str | None = None
    for team, head, names in (
        ("sales", "anna", ["anna", "carl"]),
        ("north", None, ["dora"]),
        ("service", None, ["eva"]),
    ):
        made = {
            "name": team, "parent_id": above if team == "north" else None, "deputy_id": None,
            "head_id": firm.people[head].id if head else None, "members": [firm.people[one].id for one in names],
        }  # fmt: skip
        items = (await house.admin.post("/teams", made))["items"]
        above = firm.teams[team] = next(one["id"] for one in items if one["name"] == team)
    return firm


def _routes(firm: Firm, name: str) -> list[tuple[str, str, Any]]:
    """What can be asked about somebody's client: one thing, and each kind of act that changes nothing twice."""
    talk, contact, deal, message, task = (
        firm.talks[name], firm.contacts[name], firm.deals[name], firm.messages[name], firm.tasks[name],
    )  # fmt: skip
    return [
        ("GET", f"/conversations/{talk}", None), ("GET", f"/conversations/{talk}/messages", None),
        ("GET", f"/conversations/{talk}/questions", None), ("GET", f"/conversations/{talk}/scheduled", None),
        ("GET", f"/messages/{message}/decisions", None), ("GET", f"/messages/{message}/raw", None),
        ("GET", f"/messages/{message}/versions", None), ("PUT", f"/conversations/{talk}/read", {"message_id": message}),
        ("POST", f"/conversations/{talk}/claim", None), ("PUT", f"/drafts/{talk}/reply", {"text": "x"}),
        ("POST", f"/conversations/{talk}/notes", {"id": new_id(), "text": "x"}),
        ("GET", f"/contacts/{contact}", None), ("GET", f"/contacts/{contact}/history", None),
        ("GET", f"/contacts/{contact}/conversations", None), ("GET", f"/contacts/{contact}/mismatch", None),
        ("GET", f"/contacts/{contact}/fields", None), ("GET", f"/contacts/{contact}/count", None),
        ("PATCH", f"/contacts/{contact}", {"name": name}), ("GET", f"/deals?contact={contact}", None),
        ("PUT", f"/contacts/{contact}/responsible", {"member_id": None}),
        ("GET", f"/deals/{deal}", None), ("GET", f"/deals/{deal}/page", None), ("GET", f"/deals/{deal}/history", None),
        ("GET", f"/deals/{deal}/tasks", None), ("GET", f"/deals/{deal}/automations", None),
        ("GET", f"/deals/{deal}/decisions", None), ("PATCH", f"/deals/{deal}", {"values": {"title": f"of {name}"}}),
        ("PUT", f"/tasks/{task}", {"title": "call them"}), ("GET", f"/members/{firm.people[name].id}/handover", None),
    ]  # fmt: skip


@pytest.mark.parametrize("scope", SCOPES)
async def test_every_route_asks_how_far_the_right_goes(house: House, scope: str) -> None:
    firm = await a_firm(house)
    await firm.let(every=scope)
    anna, wrong = firm.people["anna"], []
    for name in CLIENTS:
        for method, path, body in _routes(firm, name):
            answer = await anna.call(method, path, body)
            fits = 200 <= answer.status < 300 if name in WITHIN[scope] else answer.status in (403, 404)
            if not fits:
                wrong.append((name, method, path, answer.status, answer.body[:200]))
    assert wrong == []


async def _listed(anna: Person, pipeline: str) -> dict[str, set[str]]:
    """What Anna's lists show."""
    rows = (await anna.get("/conversations?view=all&order=newest"))["rows"]
    board = (await anna.get(f"/pipelines/{pipeline}/board"))["columns"]
    cards = [
        card["deal"]["id"]
        for column in board
        for card in (await anna.get(f"/pipelines/{pipeline}/cards?stage={column['stage_id']}"))["items"]
    ]
    hits = [*(await anna.get("/search?q=words&tab=messages"))["items"]]
    return {
        "talks": {one["id"] for one in rows},
        "contacts": {one["id"] for one in (await anna.get("/contacts"))["items"]},
        "deals": {one["id"] for one in (await anna.get("/deals"))["items"]},
        "cards": set(cards),
        "found": {one["conversation_id"] for one in hits},
    }


async def test_lists_show_what_can_be_opened_and_nothing_else(house: House) -> None:
    firm = await a_firm(house)
    pipeline = (await house.admin.get("/pipelines"))["items"][0]["id"]
    anna = firm.people["anna"]
    for scope in SCOPES:
        await firm.let(every=scope)
        listed = await _listed(anna, pipeline)
        within = WITHIN[scope]
        assert listed["talks"] == listed["found"] == {firm.talks[one] for one in within}, scope
        assert listed["contacts"] == {firm.contacts[one] for one in within}, scope
        assert listed["deals"] == {firm.deals[one] for one in within}, scope
        assert listed["cards"] == {firm.deals[one] for one in within} - {firm.deals["eva"]}, (
            scope
        )  # hers is closed
        assert (await anna.get("/counters"))["all"] == len(within)
        for kind, path in (("talks", "conversations"), ("contacts", "contacts"), ("deals", "deals")):
            for ref in getattr(firm, kind).values():
                opened = (await anna.call("GET", f"/{path}/{ref}")).status == 200
                assert opened == (ref in listed[kind]), (scope, path)
        people = (await anna.get("/now"))["people"]
        named = {one["member"]["name"].lower() for one in people} & set(CLIENTS)
        assert named == within, scope


async def test_who_may_see_more_than_they_may_change_is_told_which_right_they_lack(house: House) -> None:
    firm = await a_firm(house)
    anna = firm.people["anna"]
    await firm.let(
        conversation_read="all",
        conversation_reply="team",
        contact_read="all",
        contact_edit="own",
        deal_read="below",
    )
    for name, talk in firm.talks.items():
        assert (await anna.call("GET", f"/conversations/{talk}")).status == 200
        answer = await anna.call("POST", f"/conversations/{talk}/claim")
        assert answer.status == (200 if name in WITHIN["team"] else 403), name
        if answer.status == 403:
            assert answer.json["params"] == {"permission": "conversation.reply"}
        edited = await anna.call("PATCH", f"/contacts/{firm.contacts[name]}", {"name": name})
        assert edited.status == (200 if name == "anna" else 403), name
        assert (await anna.call("GET", f"/deals/{firm.deals[name]}")).status == (
            200 if name in WITHIN["below"] else 404
        )


async def test_news_of_clients_out_of_reach_do_not_come_by_the_socket(house: House) -> None:
    firm = await a_firm(house)
    await firm.let(every="below")
    async with firm.people["anna"].live() as line:
        await house.hears("eva", "a secret for eva")
        await house.admin.patch(f"/contacts/{firm.contacts['eva']}", {"name": "Secret name"})
        await house.admin.put(f"/tasks/{firm.tasks['eva']}", {"title": "secret task"})
        await house.hears("dora", "within reach")
        assert (await line.next("message.upsert"))["patch"]["text"] == "within reach"
        ids = {firm.talks["eva"], firm.contacts["eva"], firm.deals["eva"], firm.tasks["eva"]}
        assert not ids & {frame["id"] for frame in line.heard}
        assert "ecret" not in str(line.heard)


async def test_a_move_in_the_tree_is_followed_at_once(house: House) -> None:
    firm = await a_firm(house)
    await firm.let(every="below")
    anna, admin = firm.people["anna"], house.admin
    team = {
        "name": "north",
        "parent_id": None,
        "head_id": None,
        "deputy_id": None,
        "members": [firm.people["dora"].id],
    }
    async with anna.live() as line:
        await admin.put(f"/teams/{firm.teams['north']}", team)
        await line.next("snapshot_required")
        assert (await anna.call("GET", f"/conversations/{firm.talks['dora']}")).status == 404
        await admin.put(f"/teams/{firm.teams['north']}", {**team, "parent_id": firm.teams["sales"]})
        await line.next("snapshot_required")
        assert (await anna.call("GET", f"/conversations/{firm.talks['dora']}")).status == 200
        await admin.post(
            f"/conversations/{firm.talks['eva']}/assignee", {"member_id": firm.people["dora"].id}
        )
        await line.next("conversation.upsert", firm.talks["eva"])
        await admin.post(f"/conversations/{firm.talks['eva']}/assignee", {"member_id": firm.people["eva"].id})
        await line.next("conversation.remove", firm.talks["eva"])


async def test_a_lead_that_waits_in_a_teams_queue_is_seen_by_the_team(house: House) -> None:
    firm = await a_firm(house)
    await firm.let(every="team")
    anna = firm.people["anna"]
    talk = await house.hears("greta", "who takes me?")
    assert (await anna.call("GET", f"/conversations/{talk}")).status == 404
    (queue,) = (await house.admin.get("/queues"))["items"]
    async with anna.live() as line:
        await house.admin.patch(f"/queues/{queue['id']}", {"team_id": firm.teams["sales"]})
        await line.next("snapshot_required")
    assert (await anna.call("GET", f"/conversations/{talk}")).status == 200
    assert talk in {one["id"] for one in (await anna.get("/conversations?view=all&order=newest"))["rows"]}


async def test_a_head_of_a_team_takes_back_what_their_people_did_and_nobody_else(house: House) -> None:
    firm = await a_firm(house)
    await firm.let(every="team")
    anna = firm.people["anna"]
    for name, status in (("carl", 200), ("dora", 404)):
        changed = await firm.people[name].patch(f"/deals/{firm.deals[name]}", {"values": {"title": "new"}})
        assert (
            await anna.call("POST", changed["undo"]["path"].removeprefix("/api/v1"), {})
        ).status == status, name


# --- roles -----------------------------------------------------------------------------------------------------------


async def test_a_role_says_how_far_each_right_goes_and_refuses_what_means_nothing(house: House) -> None:
    admin = house.admin
    answer = await admin.get("/roles")
    offered = {one["name"]: one["scopes"] for one in answer["permissions"]}
    assert offered["conversation.read"] == ["own", "team", "below", "all"]
    assert offered["source.edit"] == ["all"]
    made = await admin.post("/roles", {"name": " Старший ", "permissions": {"deal.read": "team"}})
    role = next(one for one in made["items"] if one["name"] == "Старший")
    assert role["permissions"] == {"deal.read": "team"}
    preset = next(one for one in made["items"] if one["name"] == "admin")
    for method, path, body, code in (
        ("POST", "/roles", {"name": "Старший", "permissions": {}}, "bad_request"),
        ("POST", "/roles", {"name": "x", "permissions": {"source.edit": "team"}}, "bad_request"),
        ("POST", "/roles", {"name": "x", "permissions": {"fly": "all"}}, "bad_request"),
        ("POST", "/roles", {"name": "x", "permissions": {"deal.read": "most"}}, "bad_request"),
        ("PUT", f"/roles/{preset['id']}", {"permissions": {}}, "not_now"),
        ("DELETE", f"/roles/{preset['id']}", None, "not_now"),
        ("PUT", "/roles/none", {"permissions": {}}, "not_found"),
    ):
        assert (await admin.call(method, path, body)).code == code, (method, path, body)
    person = await house.person("Старший", name="Senior")
    assert (await admin.call("DELETE", f"/roles/{role['id']}")).code == "not_now"
    assert (await person.get("/session"))["permissions"] == ["deal.read:team"]
    await admin.put(f"/roles/{role['id']}", {"permissions": {"deal.read": "below", "member.read": "all"}})
    assert (await person.get("/session"))["permissions"] == ["deal.read:below", "member.read:all"]
    await admin.patch(f"/members/{person.id}", {"roles": ["manager"]})
    assert (await admin.call("DELETE", f"/roles/{role['id']}")).status == 204
    written = [
        row.action
        for row in await house.rows("SELECT action FROM audit_log WHERE object_kind = 'role' ORDER BY at")
    ]
    assert written == ["role.add", "role.change", "role.remove"]


async def test_a_team_that_is_put_back_has_its_people_its_queues_and_what_was_below(house: House) -> None:
    firm, admin = await a_firm(house), house.admin
    (queue,) = (await admin.get("/queues"))["items"]
    await admin.patch(f"/queues/{queue['id']}", {"team_id": firm.teams["sales"]})
    before = (await admin.get("/teams"))["items"]
    assert (await admin.call("POST", f"/teams/{firm.teams['sales']}/restore", {})).code == "not_now"
    assert (await admin.call("DELETE", f"/teams/{firm.teams['sales']}")).status == 204
    assert (await admin.get("/queues"))["items"][0]["team_id"] is None
    assert {one["name"]: one["parent_id"] for one in (await admin.get("/teams"))["items"]}["north"] is None
    assert (await admin.post(f"/teams/{firm.teams['sales']}/restore"))["items"] == before
    assert (await admin.get("/queues"))["items"][0]["team_id"] == firm.teams["sales"]
    assert (await admin.call("POST", "/teams/none/restore", {})).code == "not_found"
    await admin.call("DELETE", f"/teams/{firm.teams['sales']}")
    carl = firm.people["carl"].id
    await admin.patch(f"/members/{carl}", {"team_id": firm.teams["service"]})
    after = (await admin.post(f"/teams/{firm.teams['sales']}/restore"))["items"]
    assert {one["name"]: [who["name"] for who in one["members"]] for one in after} == {
        "sales": ["Anna"], "north": ["Dora"], "service": ["Carl", "Eva"],
    }, "who was moved since stays where they are"  # fmt: skip
