"""premailer, wrapped once: CSS rules become style attributes, and nothing is ever fetched.

The traps that this module stands between (each has a test): premailer follows `<link>` by default; its CSS parser
follows `@import` even when premailer may not; `!important` is stripped from what stays in `<style>`; a width in a style
overwrites the width attribute that Outlook needs; one memo of 128 slots thrashes on a real stylesheet.
"""

from __future__ import annotations

import logging
import os
import re
from functools import cache, lru_cache
from types import ModuleType
from typing import Any

_TAG = re.compile(r"""<[a-zA-Z][^\s<>"']*(?:\s+[^\s=<>"']+(?:=(?:"[^"]*"|'[^']*'))?)*\s*/?>""")

_ATTRIBUTE = re.compile(r"""\s([^\s=<>"']+)=("[^"]*"|'[^']*')""")
_DROPPED = re.compile(r'<style data-after="drop">.*?</style>\n?', re.DOTALL)


def inline_css(html: str) -> str:
    """Return the document with its `<style>` rules copied into style attributes, its attributes escaped.

    `<style data-premailer="ignore">` is left whole: that is where dark-mode, Outlook and phone rules live.
    `<style data-after="drop">` goes once it is inlined, any other stays beside its copies.
    CSS that does not parse is dropped by rule, silently, as a mail client would drop it.
    """
    inliner = _inliner(html)
    inliner._parse_style_rules = _rules
    inliner._style_to_basic_html_attributes = _leave_attributes
    inlined = str(inliner.transform(pretty_print=False))
    return _TAG.sub(_mend_tag, _DROPPED.sub("", inlined))


def _inliner(html: str) -> Any:
    return _premailer().Premailer(
        html,
        keep_style_tags=True,
        strip_important=False,
        disable_validation=True,
        allow_network=False,
        align_floating_images=False,
    )


@lru_cache(maxsize=32)
def _rules(css: str, index: int) -> Any:
    """Return premailer's reading of a stylesheet, kept: an installation has one or two, and reading costs a fifth."""
    reader = _inliner("")
    reader._parse_css_string = _parse_css
    return reader._parse_style_rules(css, index)


def _leave_attributes(*_: object, **__: object) -> None:
    """Do nothing where premailer would turn a width: 100% into width="100%" and overwrite the template's own 600."""


def _mend_tag(tag: re.Match[str]) -> str:
    """Return the tag with < and > in its attributes escaped again, and its style without the blanks between pairs.

    libxml2 writes them raw. Browsers do not mind; filters and Outlook, which look for "<!--[if" by text, do.
    """
    return _ATTRIBUTE.sub(_mend_attribute, tag[0])


def _mend_attribute(attribute: re.Match[str]) -> str:
    name, value = attribute[1], attribute[2].replace("<", "&lt;").replace(">", "&gt;")
    return f" {name}={value.replace('; ', ';').replace(', ', ',') if name == 'style' else value}"


@cache
def _premailer() -> ModuleType:
    """Return premailer, imported on first use (0.2 s, and requests with it) with a memo that fits its CSS."""
    os.environ.setdefault("PREMAILER_CACHE", "LRU")
    os.environ.setdefault("PREMAILER_CACHE_MAXSIZE", "4096")
    import cssutils
    import premailer.premailer

    cssutils.log.setLevel(logging.CRITICAL + 1)
    module: ModuleType = premailer.premailer
    return module


def _parse_css(css: str, validate: bool = False) -> Any:
    """Return the parsed stylesheet; an @import in it is never followed."""
    import cssutils

    parser = cssutils.CSSParser(validate=validate, fetcher=_fetch_nothing)
    return parser.parseString(css)


def _fetch_nothing(url: str) -> tuple[None, bytes]:
    """Answer every @import with an empty stylesheet."""
    del url
    return None, b""
