"""What does the command line do to an installation? People, sources, keys, replay."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime

from channels.base import Check
from gateway.app import Running, make_gateway
from gateway.certificate import certify, lines
from gateway.config import Config
from gateway.context import Gateway
from gateway.permissions import PRESETS
from gateway.refusals import Refusal
from gateway.rehearsal import rehearse
from gateway.replay import replay_one, replay_source
from gateway.vault import Vault, VaultClosed
from routing.times import DAY, SECOND
from storage import devices, sessions, signing, team
from storage.certificates import Certificate
from storage.database import Database
from storage.errors import Conflict
from storage.schema import head, revision
from storage.sources import change_source, load_sources, memory_of, remember_anew
from storage.transaction import Transaction


class Failed(Exception):
    """What was asked for cannot be done; the text says why and what to do."""


@contextlib.asynccontextmanager
async def opened(config: Config) -> AsyncIterator[Gateway]:
    """An installation whose tables are up to date. Raises Failed, Unavailable, VaultClosed."""
    gateway = make_gateway(config)
    try:
        stands = await gateway.database.read(revision)
        if stands != head():
            raise Failed(
                f"the tables stand at revision {stands or 'none'}: `inbox migrate` brings them up to date"
            )
        yield gateway
    finally:
        await gateway.sources.close()
        await gateway.database.close()


async def replay(config: Config, source: str | None, envelope: int | None) -> tuple[int, int, int]:
    """Try set-aside envelopes again, with a worker of our own beside those that run. Raises Failed."""
    async with opened(config) as gateway, Running(gateway, "worker"):
        if envelope is None:
            return await replay_source(gateway, _named(gateway, source or ""))
        try:
            return await replay_one(gateway, envelope)
        except Refusal:
            raise Failed(f"there is no envelope {envelope}; the console shows their numbers") from None


async def rehearsal(config: Config, day: str, into: str) -> list[str]:
    """Open a day's events (or `all`) once more in an empty database; what came of them and its certificate, in lines.

    Raises Failed when the day is none or the database is not empty, Unavailable when one of them is gone.
    """
    since, until = _span(day)
    from storage import migrate  # nobody else needs it

    await migrate.upgrade(into)
    async with opened(config) as here, opened(config.model_copy(update={"database_url": into})) as there:
        await here.sources.look()
        try:
            found = await rehearse(here, there, since, until)
        except ValueError:
            raise Failed("the database of --into is not empty") from None
        finally:
            await there.apart.close()
        made = await certify(there)
    head = (
        f"{found.carried} events carried: {found.opened} opened, {found.ignored} ignored, {found.set_aside} set aside;"
        f" {found.erased} were erased and cannot be opened again"
    )
    return [head, *lines(made)]


def _span(day: str) -> tuple[int, int]:
    """The first moment of a day and the first behind it, UTC."""
    if day == "all":
        return 0, 2**62
    try:
        since = int(datetime.strptime(day, "%Y-%m-%d").replace(tzinfo=UTC).timestamp()) * SECOND
    except ValueError:
        raise Failed(f"{day!r} is no day; write it as 2026-11-28") from None
    return since, since + DAY


async def certificate(config: Config) -> Certificate:
    """A certificate of this moment; every body is read again. Raises Failed, Unavailable."""
    async with opened(config) as gateway:
        await gateway.sources.look()
        return await certify(gateway)


def _named(gateway: Gateway, name: str) -> str:
    for live in gateway.sources.all():
        if name in (live.row.id, live.row.name):
            return live.row.id
    raise Failed(f"there is no source {name!r}; `inbox source list` shows them")


async def list_sources(config: Config) -> list[str]:
    """A line a source."""
    async with opened(config) as gateway:
        rows = await gateway.database.read(load_sources)
    return [
        f"{row.id}  {row.state:<12} {row.channel:<10} {row.name}  {row.last_error}".rstrip() for row in rows
    ]


async def test_source(config: Config, name: str) -> Sequence[Check]:
    """Check one source by id or name. Raises Failed when there is none."""
    async with opened(config) as gateway:
        await gateway.sources.look()
        channel = await gateway.sources.channel(_named(gateway, name))
        return await channel.check()


async def add_user(config: Config, name: str, email: str, roles: list[str]) -> str:
    """A new member; the link by which they sign in. Raises Failed."""
    async with opened(config) as gateway:
        try:
            token = await gateway.database.write(_add_user, name, email, roles)
        except Conflict as conflict:
            raise Failed(_why_not(str(conflict.params.get("field")), email)) from conflict
        return f"{_address(gateway)}/enter#t={token}"


def _why_not(field: str, email: str) -> str:
    known = {
        "email": f"somebody has the address {email} already; `inbox user link` prints a link for them",
        "roles": f"there is no such role; there are {', '.join(PRESETS)}",
    }
    return known.get(field, f"{field} is not right")


def _add_user(tx: Transaction, name: str, email: str, roles: list[str]) -> str:
    team.first_start(tx, PRESETS, "Администратор")
    return sessions.open_link(tx, team.add_member(tx, name, email, roles), invitation=True)


def _address(gateway: Gateway) -> str:
    config = gateway.config
    return config.public_url.rstrip("/") or f"http://{config.host}:{config.port}"


async def sign_in_link(config: Config, email: str) -> str:
    """A one-time link for a member. Raises Failed."""
    async with opened(config) as gateway:
        account = await gateway.database.read(team.account_by_email, email)
        if account is None:
            raise Failed(f"there is nobody with the address {email}; `inbox user add` adds a person")
        return f"{_address(gateway)}/enter#t={await gateway.database.write(sessions.open_link, account.id)}"


async def rotate_keys(config: Config) -> int:
    """Seal every source's secrets and the signing keys with the newest key; how many sources.

    Raises VaultClosed when an old key is missing; nothing is changed then.
    """
    async with opened(config) as gateway:
        return await _rotate(gateway.database, gateway.vault)


async def _rotate(database: Database, vault: Vault) -> int:
    rows = [row for row in await database.read(load_sources) if row.sealed]
    sealed = [await asyncio.to_thread(vault.rotate, row.sealed) for row in rows]
    remembered = {row.id: await database.read(memory_of, row.id) for row in rows}
    anew_remembered = {ref: vault.rotate(one) for ref, one in remembered.items() if one}
    for row, anew in zip(rows, sealed, strict=True):
        await database.write(change_source, row.id, sealed=anew)
    for ref, anew in anew_remembered.items():
        await database.write(remember_anew, ref, remembered[ref], anew)
    keys = await database.read(signing.keys)
    await database.write(
        signing.store_keys, [{**one, "sealed": _rotated(vault, one["sealed"])} for one in keys]
    )
    await _rotate_push(database, vault)
    return len(rows)


async def _rotate_push(database: Database, vault: Vault) -> None:
    if held := await database.read(devices.key):
        await database.write(devices.store_key, {**held, "sealed": _rotated(vault, held["sealed"])})
    anew = {row.id: _rotated(vault, row.sealed) for row in await database.read(devices.sealed)}
    await database.write(devices.reseal, anew)


def _rotated(vault: Vault, sealed: str) -> str:
    """A key whose secret key was lost stays as it is: its public half still proves what it signed."""
    try:
        return vault.rotate(sealed)
    except VaultClosed:
        return sealed
