"""What has to be done before the gateway can start from a fresh checkout?

Makes .venv, installs the locked packages into it, builds the console. A step that was done before is known by
a hash of what it was made from, and skipped. Standard library only, and no syntax that an old Python cannot
read: it must be able to say that it is too old.
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
BIN = VENV / "bin"
CONSOLE = ROOT / "console"
STATE = VENV / "setup.json"
OLDEST, NEWEST = (3, 11), (3, 13)
OLDEST_NODE = (20, 19)
SKIP = "INBOX_WITHOUT_CONSOLE"
LAUNCHER = """#!{python}
import sys

from gateway.cli import main

sys.exit(main())
"""
NO_NETWORK = re.compile(
    r"getaddrinfo|ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ETIMEDOUT|ENETUNREACH|name resolution|dns error|"
    r"network is unreachable|connection refused|error sending request|max retries exceeded|newconnection",
    re.IGNORECASE,
)
DISTRUSTED = re.compile(
    r"SELF_SIGNED|CERTIFICATE_VERIFY_FAILED|UnknownIssuer|unable to get (local )?issuer", re.IGNORECASE
)
RESIGNED = (
    "The registry's certificate is not trusted: something between here and there signs with its own.\n"
    "  - Name a file with its certificate in SSL_CERT_FILE, PIP_CERT and NODE_EXTRA_CA_CERTS, and run again."
)
OFFLINE = (
    "The package registry cannot be reached.\n"
    "  - Is this machine on line? Behind a proxy set HTTPS_PROXY and run again.\n"
    "  - With a mirror of your own set PIP_INDEX_URL for Python and `npm config set registry …` for Node."
)


class Failed(Exception):
    """A step failed; the text says why and what to do."""


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="Prepare this checkout. Safe to run again at any time.")
    parser.add_argument("--dev", action="store_true", help="with everything that tests and checks need")
    parser.add_argument(
        "--npm", nargs=argparse.REMAINDER, help="then run npm in console/ with these arguments"
    )
    options = parser.parse_args(arguments)
    with_another_python()
    try:
        environment()
        command()
        packages("dev" if options.dev else "runtime")
        console(modules_only=options.npm is not None)
        if options.npm is not None:
            return npm_for_people(options.npm)
    except Failed as failure:
        print(f"\nsetup: {failure}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nsetup: stopped; run it again to go on", file=sys.stderr)
        return 130
    return 0


def with_another_python() -> None:
    """Go on with a newer Python of this machine if this one will not do."""
    if OLDEST <= sys.version_info[:2] <= NEWEST:
        return
    for minor in range(NEWEST[1], OLDEST[1] - 1, -1):
        found = shutil.which(f"python3.{minor}")
        if found:
            os.execv(found, [found, *sys.argv])
    here = ".".join(map(str, sys.version_info[:2]))
    sys.exit(
        f"setup: Python 3.{OLDEST[1]} to 3.{NEWEST[1]} is needed, and this is {here} ({sys.executable}).\n"
        "  Install one of them, or name it: make PYTHON=/path/to/python3.11 run"
    )


# ── Python ──


def environment() -> None:
    """Make .venv, or make it anew when its Python is gone or of another version."""
    if (BIN / "python").exists() and site_packages().is_dir():
        return
    with step("Making .venv"):
        shutil.rmtree(VENV, ignore_errors=True)
        try:
            run([sys.executable, "-m", "venv", VENV])
        except Failed as failure:
            if "ensurepip" not in str(failure):
                raise
            shutil.rmtree(VENV, ignore_errors=True)
            raise Failed(
                "This Python comes without the module venv.\n"
                f"  On Debian and Ubuntu: apt install python3.{sys.version_info[1]}-venv. Then run again."
            ) from None


def command() -> None:
    """Make the command `inbox` run what lies in this checkout."""
    write(site_packages() / "inbox-gateway.pth", f"{ROOT}\n")
    write(BIN / "inbox", LAUNCHER.format(python=BIN / "python"))
    (BIN / "inbox").chmod(0o755)


def site_packages() -> Path:
    return VENV / "lib" / f"python{sys.version_info[0]}.{sys.version_info[1]}" / "site-packages"


def write(path: Path, text: str) -> None:
    if not path.exists() or path.read_text("utf-8") != text:
        path.write_text(text, "utf-8")


def packages(wanted: str) -> None:
    """Install requirements.lock, or requirements-dev.lock, which holds the same and more."""
    locks = {"runtime": ROOT / "requirements.lock", "dev": ROOT / "requirements-dev.lock"}
    current = {name: digest([lock]) for name, lock in locks.items()}
    if any(remembered(name) == current[name] for name in (wanted, "dev")):
        return
    with step(f"Installing {locks[wanted].read_text('utf-8').count('==')} Python packages"):
        install(locks[wanted])
    remember(**{wanted: current[wanted]})


def install(lock: Path) -> None:
    """Install a lock file: with uv, which takes a second, else with pip, which takes many."""
    arguments = ["install", "--quiet", "--no-deps", "--require-hashes", "-r", str(lock)]
    pip: list[object] = [
        BIN / "python",
        "-m",
        "pip",
        "--disable-pip-version-check",
        "--retries=1",
        *arguments,
    ]
    if has_own_index():  # uv does not read pip's configuration
        run([*pip, "--no-compile"])
        return
    try:
        if not (BIN / "uv").exists():
            run([*pip[:-1], ROOT / "requirements-tools.lock"])
        run([BIN / "uv", "pip", *arguments, "--python", BIN / "python"])
    except Failed as failure:
        if NO_NETWORK.search(str(failure)):
            raise
        run([*pip, "--no-compile"])


def has_own_index() -> bool:
    said = run([BIN / "python", "-m", "pip", "config", "list"])
    return bool(re.search(r"^[^=]*\.(index-url|no-index)=", said, re.MULTILINE))


# ── The console ──


def console(*, modules_only: bool) -> None:
    """Build console/dist, unless its sources are as they were."""
    if not (CONSOLE / "package.json").exists():
        print("setup: there is no console/package.json: the gateway will serve its API only")
        return
    if os.environ.get(SKIP):
        print(f"setup: {SKIP} is set: the console is not built")
        return
    modules()
    if modules_only:
        return
    made_from = digest(sources())
    if remembered("console") == made_from and (CONSOLE / "dist" / "index.html").exists():
        return
    with step("Building the console"):
        npm("run", "build")
    remember(console=made_from)


def modules() -> None:
    """Install what the console is built with."""
    locked = digest(CONSOLE / name for name in ("package.json", "package-lock.json", ".npmrc"))
    if remembered("modules") == locked and (CONSOLE / "node_modules").is_dir():
        return
    node()
    with step("Installing what the console is built with"):
        npm("ci", "--ignore-scripts", "--no-audit", "--no-fund")
    remember(modules=locked)


TYPES = CONSOLE / "src" / "api" / "schema.ts"
"""Made of openapi.json by every build."""


def sources() -> list[Path]:
    """Whatever may change what is built; not what the build itself writes."""
    left_out = {"node_modules", "dist", "tests", "dev"}
    return [
        path
        for top in sorted(CONSOLE.iterdir())
        if top.name not in left_out
        for path in ([top] if top.is_file() else sorted(top.rglob("*")))
        if path.is_file() and path != TYPES
    ]


def node() -> None:
    """Make sure of a Node that is new enough: the system's, else one from a package."""
    if node_version("node") >= OLDEST_NODE or (BIN / "node").exists():
        return
    with step("Installing Node"):
        install(ROOT / "requirements-console.lock")


def node_version(program: str) -> tuple[int, ...]:
    if not shutil.which(program) or not shutil.which("npm"):
        return ()
    said = subprocess.run([program, "--version"], stdout=subprocess.PIPE, check=False).stdout.decode()
    return tuple(map(int, re.findall(r"\d+", said)[:2]))


def npm_environment() -> dict[str, str]:
    """The venv's Node comes first on the path: it is there only if the system's will not do."""
    return {
        **os.environ,
        "PATH": f"{BIN}{os.pathsep}{os.environ.get('PATH', '')}",
        "CI": os.environ.get("CI", "1"),
    }


def npm(*arguments: str) -> str:
    try:
        return run([npm_program(), *arguments], cwd=CONSOLE, env=npm_environment())
    except Failed as failure:
        raise Failed(f"{failure}\n  To start without the console: {SKIP}=1 make run") from None


def npm_program() -> str:
    return shutil.which("npm", path=npm_environment()["PATH"]) or "npm"


def npm_for_people(arguments: Sequence[str]) -> int:
    return subprocess.run(
        [npm_program(), *arguments], cwd=CONSOLE, env=npm_environment(), check=False
    ).returncode


# ── How a step is done ──


@contextlib.contextmanager
def step(what: str) -> Iterator[None]:
    """Say what is being done, and for how long it has been."""
    begin, over = time.monotonic(), threading.Event()
    lively = sys.stdout.isatty()

    def tick() -> None:
        while not over.wait(1):
            print(f"\r{what} … {time.monotonic() - begin:.0f} s", end="", flush=True)

    print(f"{what} …", end="" if lively else "\n", flush=True)
    if lively:
        threading.Thread(target=tick, daemon=True).start()
    try:
        yield
    except BaseException:
        over.set()
        print()
        raise
    over.set()
    print(f"{chr(13) if lively else ''}{what}: {time.monotonic() - begin:.1f} s")


def run(command: Sequence[object], *, cwd: Path = ROOT, env: dict[str, str] | None = None) -> str:
    """Run a command to its end and return what it said. Raises Failed."""
    words = list(map(str, command))
    try:
        done = subprocess.run(
            words,
            cwd=cwd,
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            check=False,
        )
    except OSError as error:
        raise Failed(f"{words[0]} cannot be started: {error.strerror}") from None
    said = done.stdout.decode("utf-8", "replace")
    if done.returncode:
        raise Failed(f"`{' '.join(words)}` failed:\n{said.strip()[-1500:]}{advice(said)}")
    return said


def advice(said: str) -> str:
    """What to do about a failure that we know, "" for others."""
    known = ((DISTRUSTED, RESIGNED), (NO_NETWORK, OFFLINE))
    return next((f"\n{text}" for pattern, text in known if pattern.search(said)), "")


def digest(paths: Iterable[Path]) -> str:
    """A hash of these files' names and contents."""
    total = hashlib.sha256()
    for path in paths:
        total.update(str(path.relative_to(ROOT)).encode() + b"\0")
        total.update(hashlib.sha256(path.read_bytes()).digest() if path.exists() else b"-")
    return total.hexdigest()


def remembered(key: str) -> str:
    """What a step was made from when it was last done, "" if never."""
    try:
        return str(json.loads(STATE.read_text("utf-8")).get(key, ""))
    except (OSError, ValueError):
        return ""


def remember(**done: str) -> None:
    try:
        state = json.loads(STATE.read_text("utf-8"))
    except (OSError, ValueError):
        state = {}
    STATE.write_text(json.dumps({**state, **done}, indent=1), "utf-8")


if __name__ == "__main__":
    sys.exit(main())
