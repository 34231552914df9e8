"""The archive, served: every issue that left, a list of them and a feed. No token, no reader, and it may be found."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from datetime import datetime
from email.utils import format_datetime

from starlette.requests import Request
from starlette.responses import Response

from syndicate.compose.archive import ArchivedIssue, Place, changed
from syndicate.compose.archive_letter import PAGE_POLICY
from syndicate.config.privacy import private_digests
from syndicate.store.archive import ArchiveStore
from syndicate.web.readers.archive_pages import feed_of, index_page, issue_page, served_place
from syndicate.web.readers.desk import Desk
from syndicate.web.readers.gate import policy

_HTML = "text/html; charset=utf-8"
_NUMBER = re.compile(r"[1-9][0-9]{0,8}")


def index(desk: Desk, request: Request) -> Response:
    """Answer with the list of all issues."""
    issues = _issues(desk)
    page = index_page(desk.app.config, issues, _place(desk), desk.pages.draw)
    headers = {"Content-Type": _HTML, "Content-Security-Policy": policy(page.style_hash)}
    return _answer(request, page.html.encode(), changed(issues), headers)


def issue(desk: Desk, request: Request) -> Response:
    """Answer with an issue's page, or say that there is none."""
    issues = _issues(desk)
    found = _named(issues, request.path_params["digest"], request.path_params["number"])
    if found is None:
        return desk.refusal(request, 404)
    page = issue_page(
        desk.app.config, found, issues, ArchiveStore(desk.app.database).letter(found), _place(desk), desk.pages.draw
    )
    headers = {"Content-Type": _HTML, "Content-Security-Policy": f"{PAGE_POLICY}; frame-ancestors 'none'"}
    return _answer(request, page.encode(), changed(issues), headers)


def feed(desk: Desk, request: Request) -> Response:
    """Answer with the feed of issues."""
    issues = _issues(desk)
    headers = {"Content-Type": "application/atom+xml; charset=utf-8"}
    return _answer(request, feed_of(desk.app.config, issues, _place(desk)), changed(issues), headers)


def _issues(desk: Desk) -> tuple[ArchivedIssue, ...]:
    return ArchiveStore(desk.app.database).issues(private_digests(desk.app.config))


def _place(desk: Desk) -> Place:
    return served_place(desk.app.config, desk.public_url)


def _named(issues: tuple[ArchivedIssue, ...], digest: str, number: str) -> ArchivedIssue | None:
    if not _NUMBER.fullmatch(number):
        return None
    return next((each for each in issues if each.digest == digest and each.number == int(number)), None)


def _answer(request: Request, body: bytes, since: datetime, headers: Mapping[str, str]) -> Response:
    """Return what is asked for, or that the asker has it: by its tag alone, since a template changes it without a date.

    So If-Modified-Since is passed over; whoever sends the tag too is answered by the tag (RFC 9110 §13.1.3).
    """
    tag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
    own = {
        **headers,
        "ETag": tag,
        "Last-Modified": format_datetime(since, usegmt=True),
        "Cache-Control": "public, no-cache",
        "X-Robots-Tag": "all",
    }
    known = [each.strip().removeprefix("W/") for each in request.headers.get("if-none-match", "").split(",")]
    if tag in known or "*" in known:
        return Response(status_code=304, headers=own)
    return Response(body, headers=own)
