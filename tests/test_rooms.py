"""The walls between the rooms stand."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import PurePosixPath

import pytest

from tests.rooms import CHANNELS, OTHERS, ROOMS, ROOT, RULES, Rule, modules, parse

PLANTED = {
    "directions": [
        ("channels/base.py", "from storage import outbox"),
        ("channels/base.py", "def f():\n    import gateway.clock"),
        ("routing/window.py", "from channels.events import InboundMessage"),
        ("storage/outbox.py", "from gateway.clock import now"),
        ("storage/outbox.py", "from channels.base import Channel"),
        ("storage/outbox.py", "import tests.rooms"),
    ],
    "channels_are_strangers": [
        ("gateway/sender.py", "from channels.vk.send import send"),
        ("gateway/sender.py", "import channels.vk"),
        ("gateway/sender.py", "from channels import vk"),
        ("channels/base.py", "from channels.vk import CHANNEL"),
        ("channels/telegram/parse.py", "from channels.vk.parse import photo"),
        ("channels/telegram/parse.py", "from ..vk import parse"),
    ],
    "libraries_stay_in_their_room": [
        ("gateway/app.py", "import aiogram"),
        ("channels/telegram/parse.py", "from aiogram.types import Update"),
        ("channels/telegram/send.py", "import vk_api"),
        ("gateway/worker.py", "from sqlalchemy import select"),
        ("gateway/worker.py", "def f():\n    import redis.asyncio"),
        ("routing/window.py", "import sqlalchemy"),
        ("gateway/media.py", "import aiosmtplib"),
        ("channels/vk/send.py", "import aioimaplib"),
    ],
    "only_the_gateway_serves": [
        ("channels/vk/send.py", "from aiohttp import web"),
        ("storage/files.py", "import aiohttp.web"),
    ],
    "routing_is_pure": [
        ("routing/window.py", "import pydantic"),
        ("routing/window.py", "async def f(): ..."),
        ("routing/window.py", "import asyncio"),
    ],
    "only_the_gateway_reads_the_clock": [
        ("storage/leases.py", "import time\nnow = time.time()"),
        ("storage/leases.py", "from time import time_ns"),
        ("routing/window.py", "from datetime import datetime\nnow = datetime.now()"),
        ("channels/vk/parse.py", "import datetime\nnow = datetime.datetime.utcnow()"),
    ],
    "nobody_asks_for_a_channels_name": [
        ("gateway/sender.py", 'if source.channel == "telegram": ...'),
        ("gateway/sender.py", 'if source.channel in ("max", "vk"): ...'),
        ("gateway/sender.py", 'match source.channel:\n    case "email": ...'),
        ("gateway/sender.py", 'if "email" == source.channel: ...'),
        ("gateway/sender.py", 'make(channel="email")'),
        ("gateway/sender.py", 'SENDERS = {"vk": print}'),
        ("storage/outbox.py", 'f(channel="webform")'),
        ("channels/vk/send.py", 'if x == "telegram": ...'),
    ],
}
ALLOWED = [
    (
        "gateway/app.py",
        "from storage import outbox\nfrom channels.base import Channel\nfrom aiohttp import web",
    ),
    ("gateway/clock.py", "import time\nnow = time.time_ns()"),
    ("storage/outbox.py", "from channels.events import Attachment\nfrom routing import window"),
    ("channels/vk/parse.py", 'from channels.events import Event\nfrom .keyboard import x\nn = "vk" == y'),
    ("channels/vk/fake.py", "import time\nfrom aiohttp import web\nnow = time.time()"),
    ("channels/telegram/send.py", "def f():\n    import aiogram"),
    ("routing/identity.py", 'if kind == "email": ...\nif "email" not in roles.values(): ...'),
    ("gateway/people.py", 'row["email"]\nf(email="x")\ng("email")\nd = {"email": 1}'),
    ("channels/about.py", 'colour: Literal["tg", "vk"]'),
    ("tests/channels/vk/test_send.py", 'import vk_api\nfrom channels.vk import send\nx = "vk" == y'),
]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_the_wall_stands(rule: Rule) -> None:
    broken = [
        f"{module.path}:{line}: {what}" for module in modules(*ROOMS, *OTHERS) for line, what in rule(module)
    ]
    assert broken == []


@pytest.mark.parametrize(
    ("rule", "path", "text"),
    [(rule, *case) for rule in RULES for case in PLANTED[rule.__name__]],
    ids=lambda value: value if isinstance(value, str) else value.__name__,
)
def test_a_hole_in_the_wall_is_found(rule: Rule, path: str, text: str) -> None:
    assert list(rule(parse(PurePosixPath(path), text)))


@pytest.mark.parametrize(("path", "text"), ALLOWED)
def test_a_door_is_no_hole(path: str, text: str) -> None:
    module = parse(PurePosixPath(path), text)
    assert [what for rule in RULES for _, what in rule(module)] == []


def test_the_console_asks_no_channels_name() -> None:
    names = "|".join(name for name in CHANNELS if name != "email")  # which is a kind of field, too
    asks = re.compile(rf"(?:[=!]==?|case|in)\s*\(?[\"'`](?:{names})[\"'`]")
    assert asks.search('if (source.channel === "vk")')
    sources = [path for path in (ROOT / "console" / "src").rglob("*") if path.suffix in (".ts", ".vue")]
    assert [str(path) for path in sources if asks.search(path.read_text("utf-8"))] == []


def alone(code: str) -> str:
    """What a fresh Python says."""
    command = [sys.executable, "-W", "error", "-c", code]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=240)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("package", [*ROOMS, *(f"channels.{name}" for name in CHANNELS), "gateway.app"])
def test_a_package_can_be_imported_alone_and_first(package: str) -> None:
    assert alone(f"import {package}; print('ok')") == "ok\n"


def test_starting_the_gateway_imports_no_providers_library() -> None:
    libraries = "{'aiogram', 'vk_api', 'aioimaplib', 'aiosmtplib', 'requests'}"
    asked = f"import sys, gateway.app, gateway.cli; print(sorted({libraries} & set(sys.modules)))"
    assert alone(asked) == "[]\n"
    assert alone(f"import sys, requests; print(sorted({libraries} & set(sys.modules)))") == "['requests']\n"
