"""How is an installation copied while it runs, and unpacked elsewhere?"""

from __future__ import annotations

import contextlib
import os
import shutil
import sqlite3
import tarfile
import tempfile
import zlib
from pathlib import Path, PurePosixPath

from gateway.config import Config
from gateway.maintenance import Failed

DATABASE, KEY, FILES = "inbox.db", "secret.key", "files"


def backup(config: Config, to: Path, *, with_key: bool) -> int:
    """A consistent archive of the embedded database and the files; its size in bytes. Only its owner may read it.

    Raises Failed when the database is not the embedded one (use pg_dump) or it cannot be written.
    """
    if config.database_url:
        raise Failed("the database is PostgreSQL: use pg_dump for it, and copy the files' folder")
    if not (config.data_dir / DATABASE).exists():
        raise Failed(f"there is no database in {config.data_dir.absolute()}; INBOX_DATA_DIR names its folder")
    try:
        return _pack(config.data_dir, to, with_key)
    except OSError as error:
        raise Failed(f"{to} cannot be written: {error.strerror or error}") from error


def _pack(data: Path, to: Path, with_key: bool) -> int:
    with tempfile.TemporaryDirectory(dir=to.absolute().parent) as folder:
        copy, part = Path(folder) / DATABASE, Path(folder) / "archive"
        with (
            contextlib.closing(sqlite3.connect(data / DATABASE)) as live,
            contextlib.closing(sqlite3.connect(copy)) as kept,
        ):
            live.backup(kept)  # consistent while writers go on
        parts = [copy, data / FILES, *([data / KEY] if with_key else [])]
        with open(part, "xb", opener=_private) as raw, tarfile.open(fileobj=raw, mode="w:gz") as archive:
            for each in parts:
                if each.exists():
                    archive.add(each, each.name)
        part.replace(to)
    return to.stat().st_size


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def restore(config: Config, archive: Path) -> None:
    """Unpack a backup into a data folder without an installation, whole or not at all. Raises Failed."""
    data = config.data_dir
    if (data / DATABASE).exists():
        raise Failed(
            f"{data.absolute()} holds an installation already; restore into an empty folder (INBOX_DATA_DIR)"
        )
    try:
        data.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=data) as folder:
            _unpack(archive, Path(folder))
            for each in sorted(Path(folder).iterdir(), key=lambda path: path.name == DATABASE):
                _put(each, data / each.name)
    except (tarfile.TarError, EOFError, zlib.error) as error:
        raise Failed(f"{archive} is no backup of ours, or damaged") from error
    except OSError as error:
        raise Failed(f"{error.filename or archive}: {error.strerror or error}") from error


def _unpack(archive: Path, to: Path) -> None:
    with tarfile.open(archive) as packed:
        if DATABASE not in packed.getnames():
            raise Failed(f"{archive} is no backup of ours: there is no {DATABASE} in it")
        members = packed.getmembers()
        if not all(_ours(member) for member in members):
            raise Failed(f"{archive} is no backup of ours: it holds more than files and folders")
        for member in members:
            member.mode = 0o700 if member.isdir() else 0o600
        packed.extractall(to, members)  # `filter` came with 3.11.4, and Debian 12 has 3.11.2


def _ours(member: tarfile.TarInfo) -> bool:
    """A plain file or folder below the place where the archive is unpacked."""
    parts = PurePosixPath(member.name).parts
    return (member.isreg() or member.isdir()) and not member.name.startswith("/") and ".." not in parts


def _put(found: Path, to: Path) -> None:
    """Files join those that are there: they are named by their bytes."""
    if found.is_dir():
        shutil.copytree(found, to, dirs_exist_ok=True)
    else:
        found.replace(to)
