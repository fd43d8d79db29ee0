"""Which routes are there? One module a subject; `load` registers them all."""

from __future__ import annotations

import importlib

MODULES = (
    "signing",
    "people",
    "inbox",
    "actions",
    "writing",
    "why",
    "cards",
    "sources",
    "designs",
    "quarantine",
    "files",
    "live",
)


def load() -> None:
    """Import every module of handlers, once."""
    for name in MODULES:
        importlib.import_module(f"gateway.api.handlers.{name}")
    importlib.import_module("gateway.demo.api")
