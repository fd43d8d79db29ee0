"""Do the papers say what is so?

Writes docs/configuration.md and console/openapi.json, of which the console's types are made, from the code. With --check
it only compares, and looks whether every link in every paper leads somewhere and every `make` target that a paper
names exists.
"""

from __future__ import annotations

import re
import subprocess
import sys
import unicodedata
from collections.abc import Iterator
from pathlib import Path

import orjson

from gateway.api.document import document
from gateway.cli import describe

ROOT = Path(__file__).resolve().parent.parent
CONFIGURATION = ROOT / "docs" / "configuration.md"
OPENAPI = ROOT / "console" / "openapi.json"
HEAD = """# Configuration

Every setting is an environment variable, or a line `NAME=value` in the file that INBOX_ENV_FILE names (`.env`
where it is not set). This page is made from the code by `make papers`.

| variable | default | meaning |
| --- | --- | --- |
"""
LINK = re.compile(r"(?<!!)\[[^\]]*\]\(([^)\s]+)\)")
TARGET = re.compile(r"`make ([a-z][a-z-]*)")
HEADING = re.compile(r"^#+ +(.+)$", re.MULTILINE)


def main() -> int:
    if "--check" not in sys.argv:
        CONFIGURATION.parent.mkdir(exist_ok=True)
        CONFIGURATION.write_text(configuration(), "utf-8")
        OPENAPI.write_text(openapi(), "utf-8")
        return 0
    problems = list(stale()) + [problem for paper in papers() for problem in broken(paper)]
    for problem in problems:
        print(problem, file=sys.stderr)
    return 1 if problems else 0


def configuration() -> str:
    """The page of all settings."""
    rows = [
        f"| {setting['variable']} | {shown(setting['default'])} | {setting['meaning']} |\n"
        for setting in describe()
    ]
    return HEAD + "".join(rows)


def openapi() -> str:
    """What the API says of itself."""
    return orjson.dumps(document(), option=orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS).decode() + "\n"


def shown(default: object) -> str:
    return f"`{default}`" if str(default) else ""


def stale() -> Iterator[str]:
    if not CONFIGURATION.exists() or CONFIGURATION.read_text("utf-8") != configuration():
        yield "docs/configuration.md is not what the code says: run `make papers`"
    if not OPENAPI.exists() or OPENAPI.read_text("utf-8") != openapi():
        yield "console/openapi.json is not what the code says: run `make papers`"


def papers() -> list[Path]:
    """Every Markdown file that belongs to the project."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", "*.md"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return [ROOT / name for name in sorted(filter(None, listed.stdout.split("\0"))) if (ROOT / name).exists()]


def broken(paper: Path) -> Iterator[str]:
    """Links of a paper that lead nowhere, and targets that the Makefile does not have."""
    text = re.sub(r"```.*?```", "", paper.read_text("utf-8"), flags=re.DOTALL)
    here = paper.relative_to(ROOT)
    for link in LINK.findall(text):
        if not re.match(r"[a-z]+:", link) and not leads_somewhere(paper, link):
            yield f"{here}: the link {link} leads nowhere"
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
    for target in TARGET.findall(paper.read_text("utf-8")):
        if target not in targets:
            yield f"{here}: there is no `make {target}`"


def leads_somewhere(paper: Path, link: str) -> bool:
    name, _, anchor = link.partition("#")
    target = (paper.parent / name).resolve() if name else paper
    if not target.exists():
        return False
    return not anchor or target.suffix != ".md" or anchor in anchors(target.read_text("utf-8"))


def anchors(text: str) -> set[str]:
    """The names that headings get when Markdown is shown."""
    return {slug(heading) for heading in HEADING.findall(text)}


def slug(heading: str) -> str:
    kept = (letter for letter in heading.strip().lower() if letter in " -_" or is_word(letter))
    return "".join(kept).replace(" ", "-")


def is_word(letter: str) -> bool:
    return unicodedata.category(letter)[0] in "LN"


if __name__ == "__main__":
    sys.exit(main())
