"""What does the command line do to an installation? Backup, restore, people, sources, keys, replay."""

from __future__ import annotations

import asyncio
import sqlite3
import tarfile
import tempfile
from collections.abc import Sequence
from pathlib import Path

from channels.base import Check
from gateway.app import Running, make_gateway
from gateway.certificate import certify
from gateway.config import Config
from gateway.context import Gateway
from gateway.permissions import PRESETS
from gateway.replay import replay_one, replay_source
from gateway.vault import Vault, VaultClosed, load_keys
from storage import sessions, signing, team
from storage.certificates import Certificate
from storage.database import Database
from storage.errors import Conflict
from storage.sources import change_source, load_sources
from storage.transaction import Transaction

DATABASE, KEY, FILES = "inbox.db", "secret.key", "files"


def backup(config: Config, to: Path, *, with_key: bool) -> int:
    """A consistent archive of the embedded database and the files; its size in bytes.

    Raises ValueError when the database is not the embedded one (use pg_dump), OSError when it cannot be written.
    """
    if config.database_url:
        raise ValueError("the database is PostgreSQL: use pg_dump for it, and copy the files' folder")
    source = config.data_dir / DATABASE
    if not source.exists():
        raise ValueError(f"there is no database in {config.data_dir}")
    with tempfile.TemporaryDirectory(dir=to.parent) as folder:
        copy = Path(folder) / DATABASE
        with sqlite3.connect(source) as live, sqlite3.connect(copy) as kept:
            live.backup(kept)  # consistent while writers go on
        part = Path(folder) / "archive"
        with tarfile.open(part, "w:gz") as archive:
            archive.add(copy, DATABASE)
            if (config.data_dir / FILES).is_dir():
                archive.add(config.data_dir / FILES, FILES)
            if with_key and (config.data_dir / KEY).exists():
                archive.add(config.data_dir / KEY, KEY)
        part.replace(to)
    return to.stat().st_size


def restore(config: Config, archive: Path) -> None:
    """Unpack a backup into an empty data folder. Raises ValueError when it is not empty or this is no backup."""
    if (config.data_dir / DATABASE).exists():
        raise ValueError(
            f"{config.data_dir} holds an installation already; restore into an empty folder (INBOX_DATA_DIR)"
        )
    config.data_dir.mkdir(parents=True, exist_ok=True)
    with tarfile.open(archive) as packed:
        if DATABASE not in packed.getnames():
            raise ValueError(f"{archive} is no backup of ours")
        packed.extractall(config.data_dir, filter="data")


async def replay(config: Config, source: str | None, envelope: int | None) -> tuple[int, int, int]:
    """Try set-aside envelopes again, with a worker of our own beside those that run."""
    gateway = make_gateway(config)
    async with Running(gateway, "worker"):
        if envelope is not None:
            return await replay_one(gateway, envelope)
        return await replay_source(gateway, _named(gateway, source or ""))


async def certificate(config: Config) -> Certificate:
    """A certificate of this moment; every body is read again. Raises Unavailable."""
    gateway = make_gateway(config)
    try:
        await gateway.sources.look()
        return await certify(gateway)
    finally:
        await gateway.sources.close()
        await gateway.database.close()


def _named(gateway: Gateway, name: str) -> str:
    for live in gateway.sources.all():
        if name in (live.row.id, live.row.name):
            return live.row.id
    raise ValueError(f"there is no source {name!r}; `inbox source list` shows them")


async def list_sources(config: Config) -> list[str]:
    """A line a source."""
    gateway = make_gateway(config)
    try:
        rows = await gateway.database.read(load_sources)
    finally:
        await gateway.database.close()
    return [
        f"{row.id}  {row.state:<12} {row.channel:<10} {row.name}  {row.last_error}".rstrip() for row in rows
    ]


async def test_source(config: Config, name: str) -> Sequence[Check]:
    """Check one source by id or name. Raises ValueError when there is none."""
    gateway = make_gateway(config)
    try:
        await gateway.sources.look()
        channel = await gateway.sources.channel(_named(gateway, name))
        return await channel.check()
    finally:
        await gateway.sources.close()
        await gateway.database.close()


async def add_user(config: Config, name: str, email: str, roles: list[str]) -> str:
    """A new member; the link by which they sign in. Raises ValueError."""
    gateway = make_gateway(config)
    try:
        token = await gateway.database.write(_add_user, name, email, roles)
    except Conflict as conflict:
        raise ValueError(
            f"{conflict.params.get('field')}: {conflict.params.get('reason', 'not allowed')}"
        ) from conflict
    finally:
        await gateway.database.close()
    return f"{_address(gateway)}/enter#t={token}"


def _add_user(tx: Transaction, name: str, email: str, roles: list[str]) -> str:
    team.first_start(tx, PRESETS, "Администратор")
    return sessions.open_link(tx, team.add_member(tx, name, email, roles), invitation=True)


def _address(gateway: Gateway) -> str:
    config = gateway.config
    return config.public_url.rstrip("/") or f"http://{config.host}:{config.port}"


async def sign_in_link(config: Config, email: str) -> str:
    """A one-time link for a member. Raises ValueError."""
    gateway = make_gateway(config)
    try:
        account = await gateway.database.read(team.account_by_email, email)
        if account is None:
            raise ValueError(f"there is nobody with the address {email}")
        token = await gateway.database.write(sessions.open_link, account.id)
    finally:
        await gateway.database.close()
    return f"{_address(gateway)}/enter#t={token}"


async def rotate_keys(config: Config) -> int:
    """Seal every source's secrets and the signing key with the newest key; how many sources.

    Raises VaultClosed when an old key is missing.
    """
    vault = Vault(load_keys(config.secret_keys.get_secret_value(), config.data_dir))
    gateway = make_gateway(config)
    try:
        return await _rotate(gateway.database, vault)
    finally:
        await gateway.database.close()


async def _rotate(database: Database, vault: Vault) -> int:
    rows = [row for row in await database.read(load_sources) if row.sealed]
    for row in rows:
        sealed = await asyncio.to_thread(vault.rotate, row.sealed)
        await database.write(change_source, row.id, sealed=sealed)
    keys = await database.read(signing.keys)
    await database.write(signing.store_keys, [{**one, "sealed": vault.rotate(one["sealed"])} for one in keys])
    return len(rows)


def _rotated(vault: Vault, sealed: str) -> str:
    """A signing key whose secret key was lost stays as it is: its public half still proves what it signed."""
    try:
        return vault.seal(vault.open(sealed))
    except VaultClosed:
        return sealed
