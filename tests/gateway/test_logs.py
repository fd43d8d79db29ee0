"""No secret and no client's words in a log, whatever happens."""

from __future__ import annotations

import asyncio
import sys
from asyncio.subprocess import PIPE
from pathlib import Path

import orjson
import pytest

from tests.gateway.whole_run import ANSWER, CLIENT, WORDS

ROOT = Path(__file__).parents[2]


async def told(*command: str) -> tuple[str, str]:
    """What a program of ours prints, and what it logs."""
    child = await asyncio.create_subprocess_exec(sys.executable, *command, cwd=ROOT, stdout=PIPE, stderr=PIPE)
    printed, logged = await child.communicate()
    assert child.returncode == 0, logged.decode()[-3000:]
    return printed.decode(), logged.decode()


@pytest.mark.timeout(300)
async def test_a_whole_run_logs_no_secret_and_no_clients_words(sqlite_url: str, tmp_path: Path) -> None:
    printed, logged = await told("-m", "tests.gateway.whole_run", sqlite_url, str(tmp_path))
    secrets: dict[str, str] = orjson.loads(printed)
    assert logged.count('"event"') > 5, "hardly anything was logged"
    assert len(secrets) >= 5
    theirs = (WORDS, ANSWER, CLIENT.name, CLIENT.phone[1:], CLIENT.email, CLIENT.username)
    for word in (*theirs, *secrets.values()):
        assert word not in logged
        assert word.encode("unicode_escape").decode() not in logged


SHOWN = """
import logging, structlog
from gateway import logs
logs.set_up("info", "json")
token = "bot123456789:AAEexample_example_example_example_1"
structlog.get_logger("ours").warning("asked", url=f"https://api.example/{token}/send?access_token=verysecret")
logging.getLogger("a.library").error("cannot reach %s password=verysecret", f"https://api.example/{token}")
"""


async def test_what_looks_like_a_secret_is_blanked_in_our_words_and_in_those_of_libraries() -> None:
    _, logged = await told("-c", SHOWN)
    assert "AAEexample" not in logged
    assert "verysecret" not in logged
    assert [orjson.loads(line)["event"][:5] for line in logged.splitlines()] == ["asked", "canno"]
