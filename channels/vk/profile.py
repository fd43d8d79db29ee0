"""Who is it? VK's events carry no names, so they are asked for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from channels.base import Profile
from channels.errors import SendFailed, TryLater
from channels.events import Identity
from channels.vk.api import Api
from channels.vk.chats import CLUB, PERSON
from channels.vk.wire import Json, rows, words

NO_PICTURE = ("camera_", "deactivated_", "community_")
"""Beginnings of the file names of the pictures that VK shows for people without one."""


async def profiles(api: Api, identities: Sequence[Identity]) -> Mapping[Identity, Profile]:
    """People by one call (users.get takes a thousand ids), communities one by one. Raises TryLater."""
    people = {one.value: one for one in identities if one.kind == PERSON and one.value.isdecimal()}
    clubs = {one: await profile(api, one) for one in identities if one.kind == CLUB}
    found = {one: told for one, told in clubs.items() if told is not None}
    if not people:
        return found
    try:
        answer = await api.call("users.get", user_ids=",".join(people), fields="photo_200,domain", lang="ru")
    except TryLater:
        raise
    except SendFailed:
        return found
    for person in answer if isinstance(answer, list) else ():
        named = _person([person])
        if named is not None and str(person.get("id")) in people:
            found[people[str(person["id"])]] = named
    return found


async def profile(api: Api, identity: Identity) -> Profile | None:
    """Name, short name and picture of a person or community; None when VK tells nothing."""
    if not identity.value.isdecimal():
        return None
    try:
        if identity.kind == PERSON:
            return _person(
                await api.call("users.get", user_ids=identity.value, fields="photo_200,domain", lang="ru")
            )
        if identity.kind == CLUB:
            return _club(
                await api.call("groups.getById", group_ids=identity.value, fields="photo_200", lang="ru")
            )
    except SendFailed:
        return None
    return None


def _person(answer: object) -> Profile | None:
    found = _first(answer)
    name = " ".join(filter(None, (words(found, "first_name"), words(found, "last_name"))))
    return Profile(name=name, username=words(found, "domain"), picture=_picture(found)) if name else None


def _club(answer: object) -> Profile | None:
    found = _first(rows(answer, "groups") if isinstance(answer, dict) else answer)
    name = words(found, "name")
    return Profile(name=name, username=words(found, "screen_name"), picture=_picture(found)) if name else None


def _first(answer: object) -> Json:
    return answer[0] if isinstance(answer, list) and answer and isinstance(answer[0], dict) else {}


def _picture(found: Json) -> str:
    link = words(found, "photo_200")
    name = link.rpartition("/")[2]
    return "" if name.startswith(NO_PICTURE) else link
