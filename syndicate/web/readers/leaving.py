"""Leaving: by one click of a mail program (RFC 8058), or by a button; and the choice of lists.

The same path serves both, asks for no cookie, Origin or Referer, and answers 200 without a redirect whatever the
token: a mail provider that met anything else would stop showing its button. What the page says is true all the same.
"""

from __future__ import annotations

import logging

from starlette.requests import Request
from starlette.responses import Response

from syndicate.audience.tokens import Purpose, read_web_token
from syndicate.log import event
from syndicate.pipeline.leaving import Preferences, leave, preferences, set_preferences
from syndicate.web.readers.desk import LIST, Desk, fields_of
from syndicate.web.readers.forms import BadForm

ONE_CLICK = ("List-Unsubscribe", "One-Click")
"""RFC 8058 §3.1: the one field of the body."""
NOTHING = "leave-all"
"""The name of the button that leaves everything."""


def leaving(desk: Desk, request: Request) -> Response:
    """Answer with the button that leaves. Changes nothing: mail scanners open every link."""
    token = request.path_params["token"]
    choices = preferences(desk.app, token)
    if choices is None:
        event("token-unknown", level=logging.WARNING, how="looked at")
        return desk.page("unknown")
    claim = read_web_token(Purpose.READER, token)
    named = claim.lists if claim else ()
    on = tuple(each.key for each in choices.lists if each.subscribed and (not named or each.key in named))
    # Where the link names no list it is about all of them, and the site's name says so.
    lists = desk.titles(on or named) if named else ()
    return desk.page("leave", lists=lists, is_on=bool(on), token=token)


def left(desk: Desk, request: Request) -> Response:
    """Take the reader off. A body that is not understood is a press of the button: the token is what counts."""
    token = request.path_params["token"]
    done = leave(desk.app, token, _how(request))
    if not done.known:
        return desk.page("unknown")
    claim = read_web_token(Purpose.READER, token)
    lists = desk.titles(done.lists) if claim and claim.lists else ()
    return desk.page("leave", lists=lists, is_on=False, token=token)


def choices(desk: Desk, request: Request) -> Response:
    """Answer with the lists that the reader may choose. Changes nothing."""
    token = request.path_params["token"]
    return _choices(desk, preferences(desk.app, token), token, said="")


def chosen(desk: Desk, request: Request) -> Response:
    """Put the reader on the lists that were ticked, and off all others."""
    token = request.path_params["token"]
    try:
        fields = fields_of(request)
    except BadForm:
        return desk.refusal(request, 400)
    wanted = () if fields.one(NOTHING) else fields.all(LIST)
    now = set_preferences(desk.app, token, wanted, "the preferences page")
    has_any = now is not None and any(each.subscribed for each in now.lists)
    return _choices(desk, now, token, said="choices.saved" if has_any else "choices.saved_none")


def _choices(desk: Desk, found: Preferences | None, token: str, *, said: str) -> Response:
    if found is None:
        return desk.page("unknown", status=404)
    return desk.page("preferences", choices=found, token=token, said=said, leave_all=NOTHING)


def _how(request: Request) -> str:
    name, value = ONE_CLICK
    try:
        return "one-click" if fields_of(request).one(name) == value else "the page"
    except BadForm:
        return "the page"
