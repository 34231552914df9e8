"""A commented config.yaml, as `syndicate init` writes it: answers and the schema's help in one template."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from syndicate.config.reference import help_of

_TEMPLATES = Path(__file__).parent.parent / "templates"
_PLAIN = re.compile(r"[A-Za-z][\w./@+-]*(?:[ :][\w./@+-]+)*|https?://[\w./?=&%+-]+|sample:[a-z0-9-]+")
_WORDS = frozenset({"true", "false", "null", "yes", "no", "on", "off", "y", "n"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Answers:
    """What `init` needs to know. What is None stays in the file as a choice not taken."""

    name: str
    url: str
    feed: str
    sender: str
    editor: str | None = None
    postal: str | None = None
    language: str = "en"
    timezone: str = "UTC"
    list_key: str = "readers"
    list_name: str = "The weekly letter"


SAMPLE = Answers(
    name="The Lantern",
    url="https://lantern.example",
    feed="sample:lantern",
    sender="The Lantern <news@lantern.example>",
    editor="ed@lantern.example",
    postal="The Lantern, 12 Quay Lane, Galway, Ireland",
    timezone="Europe/Dublin",
)
SAMPLE_BACKFILL = 6


def render_config(answers: Answers) -> str:
    """Return the text of a config.yaml; of the repository's own where the answers are SAMPLE."""
    sample = answers is SAMPLE
    return (
        _environment()
        .get_template("config.yaml.j2")
        .render(
            sample=sample,
            site=answers,
            feed={"url": answers.feed, "backfill": SAMPLE_BACKFILL if sample else 0},
            mail={
                "sender": answers.sender,
                "unsubscribe_mailto": "leave@lantern.example" if sample else answers.editor,
            },
            list={"key": answers.list_key, "name": answers.list_name},
            notify=answers.editor,
            first_issue="now" if sample else "next",
        )
    )


def _environment() -> Environment:
    """Return an environment whose marks are << >> and <% %>, for the file itself may hold {{ }}."""
    made = Environment(  # noqa: S701 (the result is YAML, not HTML)
        loader=FileSystemLoader(_TEMPLATES),
        undefined=StrictUndefined,
        variable_start_string="<<",
        variable_end_string=">>",
        block_start_string="<%",
        block_end_string="%>",
        comment_start_string="<#",
        comment_end_string="#>",
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    made.filters["yaml"] = _quoted
    made.globals.update(help=help_of, key=_line)
    return made


def _line(key: str, value: str | None, example: str) -> str:
    """Return "key: value", or the key with an example as a choice not taken."""
    return f"{key}: {_quoted(value)}" if value else f"#{key}: {_quoted(example)}"


def _quoted(text: str) -> str:
    """Return a text as YAML: bare where it cannot be misread, else in double quotes (JSON's are YAML's)."""
    if _PLAIN.fullmatch(text) and ": " not in text and text.lower() not in _WORDS:
        return text
    return json.dumps(text, ensure_ascii=False)
