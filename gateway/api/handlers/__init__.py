"""Which routes are there? One module a subject; `load` registers them all."""

from __future__ import annotations

import importlib
import pkgutil


def load() -> None:
    """Import every module of handlers, once."""
    for module in sorted(pkgutil.iter_modules(__path__), key=lambda module: module.name):
        importlib.import_module(f"{__name__}.{module.name}")
    importlib.import_module("gateway.demo.api")
