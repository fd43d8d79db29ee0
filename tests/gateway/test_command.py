"""What the command `inbox` does to an installation, and what it says when it cannot."""

from __future__ import annotations

import shutil
import stat
import tarfile
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from cryptography.fernet import Fernet
from pydantic import SecretStr, ValidationError

from gateway import maintenance
from gateway.backup import backup, restore
from gateway.cli import _sentence
from gateway.config import Config
from gateway.doctor import Finding, examine
from gateway.maintenance import Failed
from gateway.vault import VaultClosed
from storage import migrate
from storage.errors import Unavailable
from tests.gateway.town import open_town
from tests.rig.process import free_port


@pytest.fixture
def config(sqlite_url: str, tmp_path: Path) -> Config:
    """An empty installation in one folder."""
    data = tmp_path / "data"
    data.mkdir()
    shutil.copy(sqlite_url.removeprefix("sqlite:///"), data / "inbox.db")
    return Config(_env_file=None, data_dir=data)


def at(config: Config, **other: Any) -> Config:
    return config.model_copy(update=other)


def dead() -> str:
    """An address at which nobody answers."""
    return f"127.0.0.1:{free_port()}"


async def test_a_copy_of_a_running_installation_is_whole_elsewhere(config: Config, tmp_path: Path) -> None:
    archive, other = tmp_path / "copy.tar.gz", at(config, data_dir=tmp_path / "other")
    async with open_town("", config.data_dir) as town:
        await town.connect("messenger1")
        await town.say("messenger1", "Сохраните это")
        await town.opened()
        size = backup(config, archive, with_key=True)
    assert size == archive.stat().st_size
    assert stat.S_IMODE(archive.stat().st_mode) == 0o600
    restore(other, archive)
    assert stat.S_IMODE((other.data_dir / "secret.key").stat().st_mode) == 0o600
    async with open_town("", other.data_dir) as town:
        assert [row.text for row in await town.rows("SELECT text FROM message WHERE kind = 'text'")] == [
            "Сохраните это"
        ]
        (live,) = town.gateway.sources.all()
        assert live.channel.settings["token"]


async def test_a_copy_without_the_key_cannot_open_the_secrets_and_says_so(
    config: Config, tmp_path: Path
) -> None:
    archive, other = tmp_path / "copy.tar.gz", at(config, data_dir=tmp_path / "other")
    async with open_town("", config.data_dir) as town:
        await town.connect("messenger1")
        backup(config, archive, with_key=False)
    restore(other, archive)
    found = failures(await examine(other))
    assert "put the old key back" in found["secrets"].detail + found["secrets"].advice
    shutil.copy(config.data_dir / "secret.key", other.data_dir / "secret.key")
    assert "secrets" not in failures(await examine(other))


async def test_new_keys_seal_everything_and_the_old_one_may_go(config: Config) -> None:
    async with open_town("", config.data_dir) as town:
        source_id = await town.connect("messenger1")
        live = town.gateway.sources.get(source_id)
        assert live is not None and live.channel.account.memory is not None
        await live.channel.account.memory.write({"refresh_token": "grown"})
    old = (config.data_dir / "secret.key").read_text().strip()
    new = Fernet.generate_key().decode()
    assert await maintenance.rotate_keys(at(config, secret_keys=SecretStr(f"{new},{old}"))) == 1
    only_new = at(config, secret_keys=SecretStr(new))
    async with maintenance.opened(only_new) as gateway:
        await gateway.sources.look()
        live = gateway.sources.get(source_id)
        assert live is not None
        assert live.channel.settings["token"]
        assert live.channel.account.memory is not None
        assert await live.channel.account.memory.read() == {"refresh_token": "grown"}
    with pytest.raises(VaultClosed):
        await maintenance.rotate_keys(at(config, secret_keys=SecretStr(Fernet.generate_key().decode())))


async def test_what_was_set_aside_is_tried_again_by_the_command(config: Config) -> None:
    async with open_town("", config.data_dir) as town:
        await town.connect("messenger1")
        await town.say("messenger1", "", doing="broken")
        await town.opened()
    assert await maintenance.replay(config, "messenger1", None) == (1, 0, 1)


async def test_an_archive_that_is_none_leaves_nothing_behind(config: Config, tmp_path: Path) -> None:
    other = at(config, data_dir=tmp_path / "other")
    (tmp_path / "garbage").write_bytes(b"garbage" * 1000)
    whole = tmp_path / "whole.tar.gz"
    backup(config, whole, with_key=False)
    (tmp_path / "cut").write_bytes(whole.read_bytes()[: whole.stat().st_size // 2])
    for archive in ("garbage", "cut", "missing"):
        with pytest.raises(Failed) as failed:
            restore(other, tmp_path / archive)
        assert archive in str(failed.value)
        assert list(other.data_dir.iterdir()) == []


@pytest.mark.parametrize(
    ("name", "kind"),
    [("../above", tarfile.REGTYPE), ("/tmp/absolute", tarfile.REGTYPE), ("link", tarfile.SYMTYPE)],
)
async def test_an_archive_that_reaches_elsewhere_is_refused_whole(
    config: Config, tmp_path: Path, name: str, kind: bytes
) -> None:
    other, archive = at(config, data_dir=tmp_path / "other"), tmp_path / "evil"
    member = tarfile.TarInfo(name)
    member.type, member.linkname = kind, "/etc/passwd" if kind == tarfile.SYMTYPE else ""
    with tarfile.open(archive, "w:gz") as made:
        made.add(config.data_dir / "inbox.db", "inbox.db")
        made.addfile(member)
    with pytest.raises(Failed, match="no backup of ours"):
        restore(other, archive)
    assert list(other.data_dir.iterdir()) == []


Command = Callable[[Config], Awaitable[Any]]


async def restored(config: Config) -> None:
    restore(config, config.data_dir / "archive")


async def written_nowhere(config: Config) -> None:
    backup(config, Path("/nowhere/copy.tar.gz"), with_key=False)


@pytest.mark.parametrize(
    ("command", "words"),
    [
        (lambda config: maintenance.test_source(config, "nothing"), "there is no source 'nothing'"),
        (lambda config: maintenance.replay(config, "nothing", None), "inbox source list"),
        (lambda config: maintenance.replay(config, None, 5), "there is no envelope 5"),
        (lambda config: maintenance.sign_in_link(config, "x@y.z"), "inbox user add"),
        (lambda config: maintenance.add_user(config, "Eve", "e@x.org", ["boss"]), "there is no such role"),
        (restored, "holds an installation already"),
        (written_nowhere, "cannot be written"),
    ],
)
async def test_a_command_that_cannot_says_why(config: Config, command: Command, words: str) -> None:
    with pytest.raises(Failed) as failed:
        await command(config)
    assert words in (_sentence(failed.value) or "")


async def test_the_same_address_twice_is_told(config: Config) -> None:
    link = await maintenance.add_user(config, "Ira", "ira@x.org", ["operator"])
    assert "/enter#t=" in link
    with pytest.raises(Failed, match="already"):
        await maintenance.add_user(config, "Ira", "IRA@x.org", ["operator"])


async def test_commands_on_tables_that_are_not_there_tell_to_migrate(config: Config, tmp_path: Path) -> None:
    with pytest.raises(Failed, match="inbox migrate"):
        await maintenance.list_sources(at(config, data_dir=tmp_path / "empty"))


def failures(findings: list[Finding]) -> dict[str, Finding]:
    """What is not well; each says what to do."""
    found = {finding.what: finding for finding in findings if not finding.ok}
    assert all(finding.advice for finding in found.values()), found
    return found


@pytest.mark.parametrize(
    ("changed", "what", "words"),
    [
        ({"database_url": "postgresql://a:b@{dead}/c"}, "database", "is it running"),
        ({"secret_keys": SecretStr("abc")}, "configuration", "inbox keys new"),
        ({"redis_url": "redis://{dead}/0"}, "redis", "some seconds later"),
        ({"public_url": "http://inbox.example.com"}, "public address", "https"),
        ({"public_url": "https://10.0.0.1"}, "public address", "cannot be reached from outside"),
        ({"public_url": "https://inbox.invalid"}, "reachable", "does the name point here"),
    ],
)  # fmt: skip
async def test_the_doctor_names_each_fault_and_what_to_do(
    config: Config, changed: dict[str, Any], what: str, words: str
) -> None:
    values = {
        name: value.format(dead=dead()) if isinstance(value, str) else value
        for name, value in changed.items()
    }
    found = failures(await examine(at(config, **values)))
    assert words in found[what].detail + found[what].advice


@pytest.mark.parametrize(
    ("setting", "value", "words"),
    [
        ("database_url", "mysql://x/y", "postgresql://"),
        ("redis_url", "nonsense", "redis://"),
        ("port", 99999, "65535"),
    ],
)
def test_a_setting_that_makes_no_sense_is_named(setting: str, value: str | int, words: str) -> None:
    with pytest.raises(ValidationError) as refused:
        Config(_env_file=None, **{setting: value})  # type: ignore[arg-type]
    (error,) = refused.value.errors()
    assert error["loc"] == (setting,)
    assert words in error["msg"]


async def test_an_installation_without_a_public_address_is_warned_and_well(config: Config) -> None:
    found = {one.what: one for one in await examine(config)}
    address = found["public address"]
    assert (address.ok, address.grave, address.mark) == (False, False, "warn")
    assert "INBOX_PUBLIC_URL" in address.advice
    wrong = {one.what: one for one in await examine(at(config, public_url="http://inbox.example"))}
    assert wrong["public address"].mark == "FAIL"


async def test_the_doctor_sees_old_tables_and_a_source_whose_network_is_gone(config: Config) -> None:
    await migrate.downgrade(config.database(), "0001")
    assert "inbox migrate" in failures(await examine(config))["database"].advice
    await migrate.upgrade(config.database())
    async with open_town("", config.data_dir) as town:
        await town.connect("messenger1")
    assert "it says what to do" in failures(await examine(config))["source messenger1"].advice


async def test_the_doctor_of_a_server_that_lets_nobody_in(config: Config, postgres_url: str) -> None:
    there, _, _ = postgres_url.rpartition("/")
    found = failures(await examine(at(config, database_url=f"{there}/no_such_database")))
    assert "INBOX_DATABASE_URL" in found["database"].advice
    with pytest.raises(Unavailable):
        await maintenance.list_sources(at(config, database_url=f"{there}/no_such_database"))
