"""Which exact packages does every installation get? Writes the requirements*.lock files anew.

Pins and hashes for every platform and Python we support, and no address of an index: who installs has one.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
UV = ROOT / ".venv" / "bin" / "uv"
FLAGS = (
    *("--universal", "--python-version", "3.11"),
    *("--generate-hashes", "--no-header", "--no-annotate", "--no-emit-index-url", "--quiet"),
)
NEVER = ("://", "--index-url", "--extra-index-url", "--find-links")


def main() -> None:
    compile_lock("requirements.lock", "pyproject.toml")
    # What is tested is what runs: the second lock holds the first.
    compile_lock("requirements-dev.lock", "pyproject.toml", "--group", "dev", "-c", "requirements.lock")
    compile_lock("requirements-console.lock", "--group", "console")
    compile_lock("requirements-tools.lock", "--group", "tools")


def compile_lock(lock: str, *what: str) -> None:
    upgrade = sys.argv[1:]  # --upgrade, or --upgrade-package NAME; without it pins stay as they are
    subprocess.run([UV, "pip", "compile", *what, *FLAGS, *upgrade, "-o", lock], cwd=ROOT, check=True)
    path = ROOT / lock
    text = path.read_text("utf-8")
    found = [line for line in text.splitlines() if any(word in line for word in NEVER)]
    if found:
        path.unlink()
        sys.exit(f"{lock}: {found[0]}")
    print(f"{lock}: {text.count('==')} packages")


if __name__ == "__main__":
    main()
