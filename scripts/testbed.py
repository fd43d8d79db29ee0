"""What do the tests need that no Python package carries?

A browser, fonts with Cyrillic letters, a mail server. Where root has apt-get, what is missing gets installed;
others are told what it is, and the tests use what stands in for it. --required: nothing may be missing.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

SBIN = f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin"
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
DOVECOT = ("imap", "lmtp", "submission")


def main() -> int:
    wanted = missing()
    if wanted and os.geteuid() == 0 and shutil.which("apt-get"):
        print(f"testbed: installing {' '.join(wanted)}", flush=True)
        apt("update")
        apt("install", "--no-install-recommends", *wanted)
        wanted = missing()
    if not wanted:
        return 0
    print(f"testbed: not installed: {' '.join(wanted)}", file=sys.stderr)
    if "--required" in sys.argv:
        return 1
    print("testbed: the tests use what stands in for it; README says what that cannot show", file=sys.stderr)
    return 0


def missing() -> list[str]:
    """The Debian packages of what this machine lacks."""
    wanted = []
    if not any(shutil.which(name) for name in BROWSERS):
        wanted.append("chromium")
    if not any(Path("/usr/share/fonts").rglob("*.[to]tf")):
        wanted.append("fonts-dejavu-core")
    if not shutil.which("dovecot", path=SBIN) or not all(
        Path("/usr/lib/dovecot", name).exists() for name in DOVECOT
    ):
        wanted += ["dovecot-imapd", "dovecot-lmtpd", "dovecot-submissiond"]
    return wanted


def apt(*arguments: str) -> None:
    """Run apt-get without questions; what it says is shown only when it fails, which is not the end yet."""
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    command = ["apt-get", "-q", "-y", *arguments]
    done = subprocess.run(
        command, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )
    if done.returncode:
        print(f"testbed: {' '.join(command)} failed:\n{(done.stdout + done.stderr)[-1500:]}", file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main())
