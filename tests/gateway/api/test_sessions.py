"""Who gets in, for how long, and who does not."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from gateway import clock
from gateway.api.handlers import signing
from gateway.passwords import Guesses
from routing.times import DAY, MINUTE, SECOND
from storage import sessions, team
from tests.gateway.api.house import House, Person

PASSWORD = "correct horse battery"


@pytest.fixture(autouse=True)
def _fresh_guesses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(signing, "guesses", Guesses())


async def set_up(house: House) -> None:
    await house.admin.put("/setup", {"name": "Olga", "email": "Olga@Example.org", "password": PASSWORD})


def token_of(answer: Any) -> str:
    """The session in an answer's cookie."""
    return str(answer.headers["Set-Cookie"].split(";")[0].partition("=")[2])


async def test_nobody_reads_without_signing_in(house: House) -> None:
    found = await (await house.person()).call("GET", "/conversations")
    assert (found.status, found.code) == (401, "signed_out")


async def test_the_first_admin_sets_up_and_signs_in_with_the_password(house: House) -> None:
    assert (await house.admin.get("/session"))["needs_setup"] is True
    await set_up(house)
    nobody = await house.person()
    found = await nobody.call(
        "POST", "/session", {"email": " olga@example.ORG", "password": PASSWORD, "remember": True}
    )
    assert found.status == 200
    assert found.json["name"] == "Olga"
    assert found.json["needs_setup"] is False
    nobody.token = token_of(found)
    assert (await nobody.get("/session"))["roles"] == ["admin", "head"]


async def test_set_up_happens_once(house: House) -> None:
    await set_up(house)
    again = await house.admin.call("PUT", "/setup", {"name": "Eve", "email": "e@x.org", "password": PASSWORD})
    assert (again.status, again.code) == (409, "not_now")


async def test_a_session_cookie_is_kept_from_scripts_and_other_sites(house: House) -> None:
    await set_up(house)
    body = {"email": "olga@example.org", "password": PASSWORD, "remember": False}
    nobody = await house.person()
    plain = (await nobody.call("POST", "/session", body)).headers["Set-Cookie"]
    assert plain.startswith("inbox=")
    assert "HttpOnly" in plain
    assert "SameSite=Lax" in plain
    assert "Max-Age" not in plain


@pytest.mark.parametrize(
    ("email", "password"), [("olga@example.org", "wrong"), ("nobody@example.org", PASSWORD)]
)
async def test_a_wrong_pair_and_an_unknown_address_answer_alike(
    house: House, email: str, password: str
) -> None:
    await set_up(house)
    body = {"email": email, "password": password, "remember": False}
    found = await (await house.person()).call("POST", "/session", body)
    assert (found.status, found.json) == (
        401, {"code": "signed_out", "message": "Sign in first.", "params": {"reason": "wrong_pair"}},
    )  # fmt: skip


async def test_after_five_wrong_pairs_one_waits_a_minute(house: House) -> None:
    await set_up(house)
    nobody = await house.person()
    body = {"email": "olga@example.org", "password": "wrong", "remember": False}
    for _ in range(5):
        assert (await nobody.call("POST", "/session", body)).status == 401
    right = {**body, "password": PASSWORD}
    found = await nobody.call("POST", "/session", right)
    assert (found.status, found.code) == (429, "too_many")
    assert 0 < found.json["params"]["retry_after"] <= 60
    assert found.headers["Retry-After"] == str(found.json["params"]["retry_after"])
    other = {"email": "else@example.org", "password": "wrong", "remember": False}
    assert (await nobody.call("POST", "/session", other)).status == 401


async def test_at_most_five_guesses_even_all_at_once(house: House) -> None:
    import asyncio

    await set_up(house)
    nobody = await house.person()
    body = {"email": "olga@example.org", "password": "wrong", "remember": False}
    found = await asyncio.gather(*(nobody.call("POST", "/session", body) for _ in range(9)))
    assert sorted(answer.status for answer in found) == [401] * 5 + [429] * 4


async def test_a_session_ends_and_is_pushed_on_while_used(house: House) -> None:
    person = await house.person("operator", keep=False)
    try:
        clock.turn(11 * 60 * MINUTE)
        assert (await person.call("GET", "/session")).status == 200
        clock.turn(11 * 60 * MINUTE)
        assert (await person.call("GET", "/session")).status == 200
        clock.turn(13 * 60 * MINUTE)
        assert (await person.call("GET", "/session")).status == 401
    finally:
        clock.turn(-35 * 60 * MINUTE)


async def test_signing_out_ends_the_session_everywhere_it_is_known(house: House) -> None:
    person = await house.person("operator")
    assert (await person.call("DELETE", "/session")).status == 204
    assert (await person.call("GET", "/session")).status == 401


async def link(house: House, member_id: str) -> str:
    return await house.gateway.database.write(sessions.open_link, member_id)


async def test_an_enter_link_works_once(house: House) -> None:
    token = await link(house, house.admin.id)
    nobody = await house.person()
    first = await nobody.call("POST", "/enter", {"token": token})
    assert first.status == 200
    assert (await nobody.call("POST", "/enter", {"token": token})).status == 401
    nobody.token = token_of(first)
    assert (await nobody.get("/session"))["id"] == house.admin.id


async def test_an_enter_link_is_good_for_ten_minutes(house: House) -> None:
    token = await link(house, house.admin.id)
    try:
        clock.turn(10 * MINUTE + SECOND)
        assert (await (await house.person()).call("POST", "/enter", {"token": token})).status == 401
    finally:
        clock.turn(-10 * MINUTE - SECOND)


async def test_a_link_is_no_session_and_a_session_is_no_link(house: House) -> None:
    token = await link(house, house.admin.id)
    assert (await Person(house.http, house.base, token=token).call("GET", "/session")).status == 401
    nobody = await house.person()
    assert (await nobody.call("POST", "/enter", {"token": house.admin.token})).status == 401


async def test_tokens_are_kept_only_as_digests(house: House) -> None:
    stored = [row.digest for row in await house.rows("SELECT digest FROM session")]
    assert sessions.digest_of(house.admin.token) in stored
    assert house.admin.token not in stored


async def test_an_invited_colleague_chooses_a_password_and_signs_in(house: House) -> None:
    made = await house.admin.post(
        "/members", {"name": "Ira", "email": "ira@example.org", "roles": ["operator"], "queue_ids": []}
    )
    assert made["member"]["invited"] is True
    token = made["link"].partition("#t=")[2]
    nobody = await house.person()
    entered = await nobody.call("POST", "/enter", {"token": token})
    nobody.token = token_of(entered)
    await nobody.patch("/me", {"password": {"old": "", "new": PASSWORD}})
    body = {"email": "ira@example.org", "password": PASSWORD, "remember": False}
    assert (await (await house.person()).call("POST", "/session", body)).status == 200


async def test_a_member_let_go_is_out_at_once(house: House) -> None:
    person = await house.person("operator")
    await house.admin.patch(f"/members/{person.id}", {"active": False})
    assert (await person.call("GET", "/session")).status == 401


async def test_the_last_administrator_stays(house: House) -> None:
    found = await house.admin.call("PATCH", f"/members/{house.admin.id}", {"active": False})
    assert (found.status, found.code) == (409, "not_now")
    assert (await house.admin.call("PATCH", f"/members/{house.admin.id}", {"roles": ["head"]})).status == 409


async def test_a_head_cannot_touch_an_administrator(house: House) -> None:
    head = await house.person("head")
    for body in ({"roles": ["operator"]}, {"active": False}, {"name": "Mallory"}):
        found = await head.call("PATCH", f"/members/{house.admin.id}", body)
        assert found.status == 403, body
    assert (await head.call("POST", f"/members/{house.admin.id}/link")).status == 403
    assert (await head.call("PATCH", f"/members/{head.id}", {"roles": ["admin"]})).status == 403


async def test_a_changed_password_ends_the_other_sessions(house: House) -> None:
    await set_up(house)
    other_token, _ = await house.gateway.database.write(
        sessions.open_session, house.admin.id, keep=True, agent="", ip=""
    )
    other = Person(house.http, house.base, house.admin.id, other_token)
    assert (await other.call("GET", "/session")).status == 200
    await house.admin.patch("/me", {"password": {"old": PASSWORD, "new": "another long one"}})
    assert (await other.call("GET", "/session")).status == 401
    assert (await house.admin.call("GET", "/session")).status == 200


async def test_the_old_password_is_asked_for(house: House) -> None:
    await set_up(house)
    found = await house.admin.call("PATCH", "/me", {"password": {"old": "wrong", "new": "another long one"}})
    assert (found.status, found.code) == (403, "forbidden")


# --- other sites and programs ------------------------------------------------------------------------------------


async def test_a_page_of_another_site_changes_nothing(house: House) -> None:
    body = {"state": "off"}
    for headers in ({"X-Inbox": ""}, {"Origin": "https://evil.example"}, {"Origin": "null"}):
        found = await house.admin.call("POST", "/me/presence", body, headers=headers)
        assert (found.status, found.code) == (403, "forbidden"), headers
    ours = {"Origin": house.base}
    assert (await house.admin.call("POST", "/me/presence", body, headers=ours)).status == 200


async def test_a_program_signs_in_with_a_token_until_it_is_revoked(house: House) -> None:
    made = await house.admin.post("/tokens", {"name": "reports"})
    headers = {"Authorization": f"Bearer {made['token']}", "X-Inbox": ""}
    program = await house.person()
    assert (await program.call("GET", "/session", headers=headers)).json["id"] == house.admin.id
    assert (await program.call("POST", "/me/presence", {"state": "off"}, headers=headers)).status == 200
    listed = await house.admin.get("/tokens")
    assert [one["name"] for one in listed["items"]] == ["reports"]
    assert made["token"] not in str(listed)
    assert (await house.admin.call("DELETE", f"/tokens/{made['id']}")).status == 204
    assert (await program.call("GET", "/session", headers=headers)).status == 401


async def test_a_cookie_beside_a_bad_token_does_not_help(house: House) -> None:
    headers = {"Authorization": "Bearer nonsense"}
    assert (await house.admin.call("GET", "/session", headers=headers)).status == 401
    found = await house.admin.call(
        "POST", "/me/presence", {"state": "off"}, headers={**headers, "X-Inbox": ""}
    )
    assert found.status == 401


async def test_ended_sessions_are_swept(house: House) -> None:
    await house.person("operator", keep=False)
    try:
        clock.turn(2 * DAY)
        assert await house.gateway.database.write(sessions.sweep) == 1
        clock.turn(30 * DAY)
        assert await house.gateway.database.write(sessions.sweep) >= 1, "the one that was to be kept, too"
    finally:
        clock.turn(-32 * DAY)
    assert await house.rows("SELECT 1 FROM session") == []


async def test_every_member_has_exactly_the_rights_of_their_roles(house: House) -> None:
    person = await house.person("marketer", "manager")
    account = await house.gateway.database.read(team.account_of, person.id)
    assert account is not None
    assert account.permissions["deal.read"] == "all"
    assert account.permissions["conversation.read"] == "own"
    assert not account.may("company.edit")


async def test_preferences_that_are_changed_in_the_same_moment_are_all_kept(house: House) -> None:
    person = await house.person("operator")
    wishes = [{f"notify.kind{number}": "screen"} for number in range(8)]
    await asyncio.gather(*(person.patch("/me", {"prefs": wish}) for wish in wishes))
    kept = (await person.get("/session"))["prefs"]
    assert {name for name in kept if name.startswith("notify.kind")} == {
        name for wish in wishes for name in wish
    }


async def test_a_change_of_oneself_that_is_refused_changes_nothing(house: House) -> None:
    person = await house.person("operator")
    wrong = {"prefs": {"density": "compact"}, "password": {"old": "x", "new": "short"}}
    assert (await person.call("PATCH", "/me", wrong)).status in (403, 422)
    assert "density" not in (await person.get("/session"))["prefs"]
