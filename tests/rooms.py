"""Which walls stand between the rooms, and who has gone through one?

Design: `gateway` imports everyone; `channels` nothing of ours outside itself; `routing` the standard library alone;
`storage` routing and the channels' message types. A rule looks at one module and names what breaks it, with the line.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path, PurePosixPath
from typing import TypeAlias

ROOT = Path(__file__).resolve().parent.parent
ROOMS = ("gateway", "channels", "routing", "storage")
OTHERS = ("tests", "scripts", "benchmarks")
CHANNELS = tuple(sorted(path.parent.name for path in (ROOT / "channels").glob("*/__init__.py")))
LIBRARIES = {
    "aiogram": ("channels/telegram/send",),
    "vk_api": ("channels/vk/",),
    "aioimaplib": ("channels/email/",),
    "aiosmtplib": ("channels/email/",),
    "sqlalchemy": ("storage/",),
    "alembic": ("storage/",),
    "redis": ("storage/",),
    "asyncpg": ("storage/",),
}
"""Beginnings of the paths that may import a library; tests, scripts and benchmarks may import what they test."""
MESSAGE_TYPES = {"channels.events"}
CLOCKS = {"time.time", "time.time_ns", "datetime.now", "datetime.utcnow", "datetime.today", "date.today"}
ALSO_ADDRESSES = {"email"}
"""Names of channels that name a kind of address too: `kind == "email"` asks for that."""


@dataclass(frozen=True)
class Module:
    """A module of ours: `path` from the root of the project, as in "storage/outbox.py"."""

    path: PurePosixPath
    tree: ast.Module = field(compare=False, repr=False)

    @property
    def room(self) -> str:
        return self.path.parts[0]

    @property
    def channel(self) -> str:
        """The channel in whose folder it lies, "" for none."""
        return self.path.parts[1] if self.room == "channels" and len(self.path.parts) > 2 else ""

    @property
    def is_fake(self) -> bool:
        """A provider played by us: it runs a server and reads the clock."""
        return self.room == "channels" and self.path.name.startswith("fake")

    def imports(self) -> Iterator[tuple[int, str]]:
        """Line and full name of whatever it imports, in functions too."""
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Import):
                yield from ((node.lineno, alias.name) for alias in node.names)
            elif isinstance(node, ast.ImportFrom):
                start = self._package(node.level) if node.level else ""
                base = ".".join(filter(None, (start, node.module)))
                yield from ((node.lineno, f"{base}.{alias.name}") for alias in node.names)

    def _package(self, level: int) -> str:
        return ".".join(self.path.with_suffix("").parts[:-level])


Broken: TypeAlias = Iterator[tuple[int, str]]
Rule: TypeAlias = Callable[[Module], Broken]


@cache
def modules(*rooms: str) -> tuple[Module, ...]:
    """All modules of these rooms."""
    return tuple(
        parse(PurePosixPath(path.relative_to(ROOT)), path.read_text("utf-8"))
        for room in rooms
        for path in sorted((ROOT / room).rglob("*.py"))
    )


def parse(path: PurePosixPath, text: str) -> Module:
    return Module(path, ast.parse(text, str(path)))


def is_within(name: str, package: str) -> bool:
    return name == package or name.startswith(f"{package}.")


def directions(module: Module) -> Broken:
    """Rooms import each other one way only."""
    if module.room not in ROOMS or module.room == "gateway":
        return
    allowed = {"channels": {"channels"}, "routing": {"routing"}, "storage": {"storage", "routing"}}[
        module.room
    ]
    for line, name in module.imports():
        room = name.partition(".")[0]
        types = module.room == "storage" and any(is_within(name, each) for each in MESSAGE_TYPES)
        if room in (*ROOMS, *OTHERS) and room not in allowed and not types:
            yield line, f"{module.room} imports {name}"


def channels_are_strangers(module: Module) -> Broken:
    """Nobody outside a channel's folder, and of its tests, imports it."""
    if module.room in OTHERS:
        return
    for line, name in module.imports():
        for channel in CHANNELS:
            if is_within(name, f"channels.{channel}") and module.channel != channel:
                yield line, f"imports {name}"


def libraries_stay_in_their_room(module: Module) -> Broken:
    """What a provider or a database needs is imported where it is dealt with."""
    if module.room in OTHERS:
        return
    for line, name in module.imports():
        homes = LIBRARIES.get(name.partition(".")[0])
        if homes is not None and not str(module.path).startswith(homes):
            yield line, f"imports {name}"


def only_the_gateway_serves(module: Module) -> Broken:
    """aiohttp.web is for the gateway, and for servers that play a provider."""
    if module.room in (*OTHERS, "gateway") or module.is_fake:
        return
    for line, name in module.imports():
        if is_within(name, "aiohttp.web"):
            yield line, "imports aiohttp.web"


def routing_is_pure(module: Module) -> Broken:
    """The standard library, and nothing that waits."""
    if module.room != "routing":
        return
    for line, name in module.imports():
        top = name.partition(".")[0]
        if top not in sys.stdlib_module_names and top != "routing":
            yield line, f"imports {name}"
        if top == "asyncio":
            yield line, "imports asyncio"
    for node in ast.walk(module.tree):
        if isinstance(node, ast.AsyncFunctionDef | ast.Await | ast.AsyncWith | ast.AsyncFor):
            yield node.lineno, "waits"


def only_the_gateway_reads_the_clock(module: Module) -> Broken:
    """`now` is an argument everywhere else."""
    if module.room in (*OTHERS, "gateway") or module.is_fake:
        return
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name | ast.Attribute):
            owner = node.value.id if isinstance(node.value, ast.Name) else node.value.attr
            if f"{owner}.{node.attr}" in CLOCKS:
                yield node.lineno, f"reads {owner}.{node.attr}"
    for line, name in module.imports():
        if name in ("time.time", "time.time_ns"):
            yield line, f"imports {name}"


def nobody_asks_for_a_channels_name(module: Module) -> Broken:
    """What a network can do is data; a comparison with its name outside its folder is a rule in the wrong place."""
    if module.room in OTHERS:
        return
    others = set(CHANNELS) - {module.channel}
    for node in _outside_literals(module.tree):
        words = {node.value} if isinstance(node, ast.Constant) else set()
        for name in (words & others) - ALSO_ADDRESSES | _asked_of_a_channel(node) & others:
            yield getattr(node, "lineno", 0), f'names "{name}"'


def _outside_literals(tree: ast.AST) -> Iterator[ast.AST]:
    """All nodes but those in `Literal[…]`, which asks nothing."""
    for node in ast.iter_child_nodes(tree):
        match node:
            case ast.Subscript(value=ast.Name(id="Literal")):
                pass
            case _:
                yield node
                yield from _outside_literals(node)


def _asked_of_a_channel(node: ast.AST) -> set[object]:
    """The texts that something called "channel" is compared with or set to."""
    match node:
        case ast.Compare():
            parts = list(ast.walk(node))
        case ast.Match():
            parts = [
                part
                for side in (node.subject, *(case.pattern for case in node.cases))
                for part in ast.walk(side)
            ]
        case ast.keyword(arg="channel"):
            return {part.value for part in ast.walk(node.value) if isinstance(part, ast.Constant)}
        case _:
            return set()
    names = [getattr(part, "attr", "") or getattr(part, "id", "") for part in parts]
    asked = any("channel" in name for name in names)
    return {part.value for part in parts if asked and isinstance(part, ast.Constant)}


RULES: tuple[Rule, ...] = (
    directions,
    channels_are_strangers,
    libraries_stay_in_their_room,
    only_the_gateway_serves,
    routing_is_pure,
    only_the_gateway_reads_the_clock,
    nobody_asks_for_a_channels_name,
)
