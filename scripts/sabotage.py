"""Does each promise's test fail once the promise's mechanism is taken out?

Every mechanism of sabotage.toml is cut out of a copy of this checkout, and its named test runs there: it has to fail. The
copy is thrown away. With words after the command, only mechanisms whose promise or text has them.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
import tomllib
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TABLE = Path(__file__).with_suffix(".toml")
ROOMS = ("gateway", "channels", "routing", "storage", "tests", "scripts", "benchmarks", "pyproject.toml")
SLOW = -1
LONGEST = 900
"""Seconds that one test may take."""


@dataclass(frozen=True, slots=True)
class Mechanism:
    """What is taken out of which file, and the test that has to notice."""

    promise: str
    what: str
    file: str
    cut: str
    put: str
    test: str


def mechanisms() -> tuple[Mechanism, ...]:
    """The table, in its order."""
    return tuple(Mechanism(**row) for row in tomllib.loads(TABLE.read_text("utf-8"))["mechanism"])


def main(words: list[str]) -> int:
    """Try them; how many went unnoticed."""
    wanted = [one for one in mechanisms() if all(word in f"{one.promise} {one.what}" for word in words)]
    with tempfile.TemporaryDirectory(prefix="inbox-sabotage-") as folder:
        copy = copied(Path(folder))
        unnoticed = [one for one in wanted if not noticed(copy, one)]
    print(f"{len(wanted) - len(unnoticed)} of {len(wanted)} noticed")
    return len(unnoticed)


def copied(folder: Path) -> Path:
    """The rooms of this checkout; the built console is lent, not copied."""
    for room in ROOMS:
        place = ROOT / room
        if place.is_dir():
            shutil.copytree(place, folder / room, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(place, folder / room)
    (folder / "console").symlink_to(ROOT / "console")
    return folder


def noticed(copy: Path, one: Mechanism) -> bool:
    """Cut it out, run its test, put it back. Says what came of it."""
    file = copy / one.file
    whole = file.read_text("utf-8")
    if whole.count(one.cut) != 1:
        raise SystemExit(
            f"{one.file}: what is to be cut for «{one.what}» stands there {whole.count(one.cut)} times"
        )
    file.write_text(whole.replace(one.cut, one.put), "utf-8")
    try:
        code, said = run(copy, one.test)
    finally:
        file.write_text(whole, "utf-8")
    why = next((line[1:].strip() for line in said.splitlines() if line.startswith("E  ")), "")
    verdict = {0: "NOT NOTICED", 1: "noticed"}.get(code, "DID NOT RUN")
    if "Timeout" in why or code == SLOW:
        verdict = "TOO SLOW"  # a machine that is busy is no proof
    print(
        f"{one.promise:5} {verdict:12} {one.what}: {one.test.rpartition('::')[2]}\n{'':18} {why[:200]}",
        flush=True,
    )
    return verdict == "noticed"


def run(copy: Path, test: str) -> tuple[int, str]:
    """The exit code of pytest for one test, and its words."""
    command = [sys.executable, "-m", "pytest", "-q", "-x", "-n", "0", "-p", "no:cacheprovider", test]
    try:
        done = subprocess.run(command, cwd=copy, capture_output=True, text=True, timeout=LONGEST, check=False)
    except subprocess.TimeoutExpired:
        return SLOW, ""
    return done.returncode, done.stdout + done.stderr


if __name__ == "__main__":
    sys.exit(min(1, main(sys.argv[1:])))
