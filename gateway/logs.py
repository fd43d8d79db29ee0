"""What is written to the log? One event, a few words, fields after; never a secret, never a client's words."""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import MutableMapping
from typing import Any

import structlog

# A bot's token stands in its network's addresses; a mailbox's password never does, but may come with an error's text.
_secrets = re.compile(
    r"(bot\d{6,}:)[\w-]{20,}|((?:access_token|password|secret|token|key)=)[^&\s\"']+", re.IGNORECASE
)


def set_up(level: str, style: str) -> None:
    """Log to stderr from now on: as text for people or as JSON, from this level up. What libraries log goes the same way."""
    renderer: Any = (
        structlog.processors.JSONRenderer()
        if style == "json"
        else structlog.dev.ConsoleRenderer(colors=False)
    )
    before: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
    ]
    structlog.configure(
        processors=[*before, redact, renderer],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level.upper()]),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    theirs = logging.StreamHandler(sys.stderr)
    theirs.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[structlog.stdlib.add_logger_name, *before],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, redact, renderer],
        )
    )
    logging.basicConfig(level=logging.WARNING, handlers=[theirs], force=True)


def redact(_: object, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Blank what looks like a secret in every field."""
    for name, value in event.items():
        if isinstance(value, str):
            event[name] = _secrets.sub(lambda found: f"{found[1] or found[2]}…", value)
    return event
