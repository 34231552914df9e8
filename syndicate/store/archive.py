"""What the public archive reads: the issues that left, and which film each leads with."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from sqlalchemy import Row, select

from syndicate.compose.archive import PUBLIC, ArchivedIssue
from syndicate.store.database import Database
from syndicate.store.entries import stored_entry
from syndicate.store.tables import entries, issue_reviews, issues


class ArchiveStore:
    """The rows of `issues` that everybody may see. It writes nothing."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def issues(self, private: Collection[str]) -> tuple[ArchivedIssue, ...]:
        """Return every issue that was sent or is being sent, without its letter, newest first.

        None of a private digest (config/privacy.py).
        """
        query = (
            select(*(issues.c[name] for name in ("id", "digest", "number", "period", "frozen", "subject", "preheader")))
            .where(issues.c.state.in_(PUBLIC), issues.c.number.is_not(None), issues.c.html.is_not(None))
            .where(issues.c.digest.not_in(private))
            .order_by(issues.c.period.desc(), issues.c.id.desc())
        )
        leads = (
            select(entries, issue_reviews.c.issue_id)
            .join(issue_reviews, entries.c.id == issue_reviews.c.entry_id)
            .join(issues, issues.c.id == issue_reviews.c.issue_id)
            .where(issue_reviews.c.position == 0, issues.c.state.in_(PUBLIC), issues.c.digest.not_in(private))
        )
        with self._database.read() as connection:
            films = {row.issue_id: _film(row) for row in connection.execute(leads)}
            return tuple(_issue(row, films.get(row.id)) for row in connection.execute(query))

    def letter(self, issue: ArchivedIssue) -> str:
        """Return the HTML of an issue as it was frozen, its slots still marked."""
        with self._database.read() as connection:
            return str(connection.execute(select(issues.c.html).where(issues.c.id == issue.id)).scalar_one())


def _film(row: Row[Any]) -> str:
    review = stored_entry(row).published_review()
    return review.review.film.title or review.title


def _issue(row: Row[Any], film: str | None) -> ArchivedIssue:
    return ArchivedIssue(
        id=row.id,
        digest=row.digest,
        number=row.number,
        date=row.period,
        frozen=row.frozen,
        subject=row.subject or "",
        preheader=row.preheader or "",
        film=film,
    )
