"""One line an event, key=value or JSON, on stderr. Secrets are never given to it."""

from __future__ import annotations

import json
import logging
import sys
from datetime import UTC, datetime

logger = logging.getLogger("syndicate")


def event(name: str, *, level: int = logging.INFO, **facts: object) -> None:
    """Log an event by name with its facts, in the order given; what is None is left out."""
    logger.log(level, name, extra={"facts": {key: value for key, value in facts.items() if value is not None}})


class _Lines(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        facts = getattr(record, "facts", {})
        told = " ".join(f"{key}={_quoted(value)}" for key, value in facts.items())
        return f"{_moment(record)} {record.levelname.lower():7} {record.getMessage()} {told}".rstrip()


class _Json(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        head = {"time": _moment(record), "level": record.levelname.lower(), "event": record.getMessage()}
        return _json({**head, **getattr(record, "facts", {})})


def configure(*, as_json: bool, verbosity: int) -> None:
    """Send our events to stderr; verbosity 0 shows warnings, 1 what happens, 2 everything."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_Json() if as_json else _Lines())
    logger.handlers[:] = [handler]
    logger.propagate = False
    logger.setLevel({0: logging.WARNING, 1: logging.INFO}.get(verbosity, logging.DEBUG))


def _moment(record: logging.LogRecord) -> str:
    return f"{datetime.fromtimestamp(record.created, UTC):%Y-%m-%dT%H:%M:%SZ}"


def _quoted(value: object) -> str:
    text = " ".join(str(value).split())
    return text if text and all(char.isprintable() and char not in ' "=' for char in text) else _json(text)


def _json(value: object) -> str:
    """Return a value as JSON, in ASCII alone where a terminal would obey a character of it or nobody see it."""
    text = json.dumps(value, default=str, ensure_ascii=False)
    return text if text.isprintable() else json.dumps(value, default=str)
