"""How is a real server kept running exactly as long as somebody needs it?

It runs as `nobody` where we are root, says in its log when it is ready, and dies with us. Its files lie in a
folder in memory named after our process, so that whoever comes later can sweep up what a killed run left.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

PR_SET_PDEATHSIG = 1  # prctl(2)
PREFIX = "inbox-rig-"
ROOM_NEEDED = 1024**3  # a container's /dev/shm is often 64 MB: too small for a database
LIBC = ctypes.CDLL(None)


class ServerFailed(Exception):
    """A server did not start, stop or answer; the text holds the end of its log."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Account:
    """Whom a server runs as."""

    name: str
    uid: int
    gid: int


def account() -> Account | None:
    """`nobody` when we are root, which PostgreSQL and Dovecot refuse to be; None: whoever we are."""
    if os.geteuid() != 0:
        return None
    nobody = pwd.getpwnam("nobody")
    return Account(name=nobody.pw_name, uid=nobody.pw_uid, gid=nobody.pw_gid)


_GIVEN: set[int] = set()


def free_port() -> int:
    """A port of 127.0.0.1 that nobody listens on at this moment; never the same twice in one process."""
    while True:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = int(probe.getsockname()[1])
        if port not in _GIVEN:
            _GIVEN.add(port)
            return port


@contextlib.contextmanager
def folder(name: str, *, on_disk: bool = False) -> Iterator[Path]:
    """An empty folder that everybody may enter, in memory where there is room; gone afterwards."""
    root = Path(tempfile.gettempdir()) if on_disk else _memory()
    _sweep(root)
    made = Path(tempfile.mkdtemp(prefix=f"{PREFIX}{os.getpid()}-{name}-", dir=root))
    made.chmod(0o755)
    try:
        yield made
    finally:
        shutil.rmtree(made, ignore_errors=True)


def _memory() -> Path:
    shared = Path("/dev/shm")
    if shared.is_dir() and os.access(shared, os.W_OK) and shutil.disk_usage(shared).free > ROOM_NEEDED:
        return shared
    return Path(tempfile.gettempdir())


def _sweep(root: Path) -> None:
    """Remove the folders of processes that were killed before they could."""
    for left in root.glob(f"{PREFIX}*"):
        owner = left.name.removeprefix(PREFIX).split("-")[0]
        if owner.isdigit() and not Path("/proc", owner).exists():
            shutil.rmtree(left, ignore_errors=True)


def give(path: Path, to: Account | None) -> None:
    """Make `path` and all below it belong to the account."""
    if to is None:
        return
    for each in (path, *path.rglob("*")):
        os.chown(each, to.uid, to.gid, follow_symlinks=False)


def reachable(path: Path) -> bool:
    """Whether somebody who is nobody can get to it."""
    return all(parent.stat().st_mode & 0o001 for parent in path.resolve().parents)


def run(
    command: Sequence[str | Path],
    *,
    user: Account | None = None,
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
) -> None:
    """Run a command to its end. Raises ServerFailed with what it said."""
    done = subprocess.run(
        command,
        capture_output=True,
        text=True,
        cwd=cwd,
        env=env,
        check=False,
        timeout=120,
        user=user.uid if user else None,
        group=user.gid if user else None,
        extra_groups=[] if user else None,
    )
    if done.returncode:
        raise ServerFailed(
            f"{Path(command[0]).name} ended with {done.returncode}:\n{done.stdout}{done.stderr}"
        )


class Child:
    """One server process. It can be stopped, killed, frozen and started again with the same data and port.

    `ready` is what its log says, `ports` those that answer, when it is. The log lies beside the folder `cwd`.
    """

    def __init__(
        self,
        command: Sequence[str | Path],
        *,
        cwd: Path,
        ready: str = "",
        ports: Sequence[int] = (),
        stopping: signal.Signals = signal.SIGTERM,
        user: Account | None = None,
        env: Mapping[str, str] | None = None,
    ) -> None:
        self.name = Path(command[0]).name
        self._command = command
        self._cwd = cwd
        self._says = ready.encode()
        self._ports = ports
        self._stopping = stopping
        self._user = user
        self._env = env
        self._log = cwd.parent / f"{self.name}.log"
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        """Raises ServerFailed when it is not running."""
        if self._process is None or self._process.poll() is not None:
            raise ServerFailed(f"{self.name} is not running")
        return self._process.pid

    def start(self, seconds: float = 30) -> None:
        """Start it and wait until it is ready. Raises ServerFailed with the end of its log."""
        with self._log.open("ab") as log:
            begin = log.tell()
            self._process = subprocess.Popen(
                self._command,
                cwd=self._cwd,
                env=self._env,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                preexec_fn=_die_with_parent(self._stopping),
                user=self._user.uid if self._user else None,
                group=self._user.gid if self._user else None,
                extra_groups=[] if self._user else None,
            )
        if not _soon(lambda: self._is_ready(begin) or self._ended(), seconds) or self._ended():
            self.kill()
            raise ServerFailed(
                f"{self.name} did not start:\n{self._said(begin)[-3000:].decode(errors='replace')}"
            )

    def _is_ready(self, begin: int) -> bool:
        return self._says in self._said(begin) and all(map(_listens, self._ports))

    def _said(self, begin: int) -> bytes:
        return self._log.read_bytes()[begin:]

    def said(self) -> str:
        """All that it has written so far."""
        return self._said(0).decode(errors="replace") if self._log.exists() else ""

    def _ended(self) -> bool:
        return self._process is None or self._process.poll() is not None

    def stop(self, seconds: float = 20) -> None:
        """End it as its manual says; safe to call twice."""
        if self._process is None or self._ended():
            return
        self.thaw()
        self._process.send_signal(self._stopping)
        try:
            self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.kill()

    def kill(self) -> None:
        """kill -9, then wait until its children are gone too; safe to call twice."""
        if self._process is None:
            return
        family = self._family() if not self._ended() else []
        self._process.kill()
        self._process.wait(20)
        if not _soon(lambda: not any(map(_alive, family)), 5):
            for pid in filter(_alive, family):
                _signal(pid, signal.SIGKILL)

    def freeze(self) -> None:
        """Stop its heart: it keeps its connections and answers nothing."""
        for pid in self._family():
            _signal(pid, signal.SIGSTOP)

    def thaw(self) -> None:
        """Let a frozen server go on."""
        for pid in self._family():
            _signal(pid, signal.SIGCONT)

    def _family(self) -> list[int]:
        """The server and its direct children."""
        children = Path(f"/proc/{self.pid}/task/{self.pid}/children")
        below = children.read_text() if children.exists() else ""
        return [self.pid, *map(int, below.split())]


def _die_with_parent(sign: signal.Signals) -> Callable[[], None] | None:
    if sys.platform != "linux":
        return None
    us = os.getpid()

    def prepare() -> None:
        LIBC.prctl(PR_SET_PDEATHSIG, int(sign))
        if os.getppid() != us:  # we died in between
            os._exit(1)

    return prepare


def _listens(port: int) -> bool:
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 0.2):
        return True
    return False


def _signal(pid: int, sign: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, sign)


def _alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


def _soon(true: Callable[[], bool], seconds: float) -> bool:
    end = time.monotonic() + seconds
    while not true():
        if time.monotonic() > end:
            return False
        time.sleep(0.01)
    return True
