"""The page behind the mail that asks: looking approves nothing, the button approves what it shows, once."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from html import unescape
from pathlib import Path

import pytest

from syndicate.audience.tokens import Purpose, approval_token, web_token
from syndicate.compose.choices import Choices
from syndicate.compose.model import IssueState
from syndicate.schedule import parse_slot
from syndicate.store.approvals import content_of
from syndicate.web.readers.app import readers_app
from tests.pipeline.studio import DAY, FRIDAY, HOUR, MINUTE, Studio, studio
from tests.pipeline.test_approval import APPROVAL, ASKED, PUBLIC, TEMPLATES, _restart, at, begun, letter_of, waiting
from tests.pipeline.test_lint import BAD, house_template
from tests.web.readers.house import BLOG, BLOGSPOT, OWN, House

LIMITED = ("public_url: 'https://news.lantern.example'", "public_url: 'https://news.lantern.example', per_network: 2")


class Editor:
    """An editor who was asked, with a browser."""

    def __init__(self, site: Studio) -> None:
        self.site = site
        self.web = House(site.app, site.clock, readers_app(site.app))
        self.path = self.link()

    def link(self) -> str:
        """Return the path of the link in the newest mail."""
        found = re.search(r"https://news\.lantern\.example(/approve/\S+)", letter_of(self.site)[1])
        assert found
        return found[1]

    def look(self) -> tuple[int, str]:
        """Return the status of the page, and its words."""
        answer = self.web.get(self.path)
        return answer.status_code, words(answer.text)

    def shown(self) -> str:
        """Return the hash in the form of the page."""
        found = re.search(r'name="letter" value="([0-9a-f]{16})"', self.web.get(self.path).text)
        assert found
        return found[1]

    def press(self, shown: str | None = None, *, origin: str | None = OWN, **more: str) -> tuple[int, str]:
        """Press the button of the page as it is now, or as it was; return the answer's status and words."""
        fields = {"letter": self.shown() if shown is None else shown, **more}
        answer = self.web.post(self.path, fields, origin=origin)
        return answer.status_code, words(answer.text)

    @property
    def state(self) -> IssueState:
        """Return where the issue stands."""
        return self.site.issues()[-1].state


def words(html: str) -> str:
    """Return the words of a page's main part."""
    main = re.sub(r"<[^>]+>", " ", html.partition("<main>")[2].partition("</main>")[0])
    return " ".join(unescape(main).split())


@pytest.fixture
def editor(tmp_path: Path) -> Iterator[Editor]:
    """Return an editor who was asked three hours before the hour."""
    (tmp_path / "own").mkdir()
    with studio(tmp_path, APPROVAL, PUBLIC, TEMPLATES) as site:
        at(begun(site), ASKED)
        yield Editor(site)


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_looking_approves_nothing_however_often(editor: Editor, method: str) -> None:
    before = editor.web.dump()
    for path in (editor.path, f"{editor.path}/{editor.shown()}"):
        assert [editor.web.ask(method, path).status_code for _ in range(3)] == [200, 200, 200]
    assert editor.web.dump() == before
    editor.site.live(4 * HOUR)
    assert (editor.state, editor.site.letters()) == (IssueState.DRAFT, [])


def test_the_page_says_what_goes_to_how_many_and_when(editor: Editor) -> None:
    issue = waiting(editor.site)
    assert issue.email
    status, said = editor.look()
    assert status == 200
    for part in (issue.email.subject, "3 readers", "Friday 20 November, 09:00", "Approve this letter"):
        assert part in said


def test_the_letter_stands_in_a_frame_in_which_nothing_runs_with_nobodys_token(editor: Editor) -> None:
    answer = editor.web.get(editor.path)
    assert "frame-src 'self'" in answer.headers["content-security-policy"]
    (source,) = re.findall(r'<iframe[^>]* sandbox="allow-popups[^"]*" src="([^"]+)"', answer.text)
    framed = editor.web.get(source)
    policy = framed.headers["content-security-policy"]
    assert policy.startswith("sandbox allow-popups")
    assert "allow-scripts" not in policy
    assert "frame-ancestors 'self'" in policy
    assert '<base target="_blank">' in framed.text
    assert set(re.findall(r"/leave/([^\"<]+)", framed.text)) == {"example"}
    assert editor.web.get(f"{editor.path}/{'0' * 16}").status_code == 404


def test_one_press_approves_and_the_letters_leave_at_the_hour(editor: Editor) -> None:
    assert editor.press() == (200, said(editor, "Approved It goes out Friday 20 November, 09:00."))
    assert (editor.state, editor.site.letters()) == (IssueState.FROZEN, [])
    assert editor.look() == (200, said(editor, "It is approved already It goes out Friday 20 November, 09:00."))
    at(editor.site, FRIDAY)
    assert len(editor.site.letters()) == 3
    assert editor.look()[1].startswith("It has been sent It was all out on Friday 20 November, 09:00.")


def said(editor: Editor, head: str) -> str:
    """Return the words of the page of an issue that is approved."""
    issue = editor.site.issues()[-1]
    subject = issue.email.subject if issue.email else ""
    return f"{head} Subject {subject} To 3 readers To stop it before that: syndicate issues stop {issue.id}"


def test_pressing_twice_approves_once(editor: Editor) -> None:
    shown = editor.shown()
    assert editor.press(shown)[1].startswith("Approved")
    assert editor.press(shown)[1].startswith("It is approved already")
    at(editor.site, FRIDAY + HOUR)
    assert len(editor.site.letters()) == 3


@pytest.mark.parametrize("origin", [None, "null", BLOG, BLOGSPOT, "https://news.lantern.example.evil.example"])
def test_a_press_on_another_page_approves_nothing_and_shows_ours(editor: Editor, origin: str | None) -> None:
    status, text = editor.press(origin=origin)
    assert status == 403
    assert "nothing was approved. Press it here" in text
    assert editor.state is IssueState.DRAFT


def test_a_browser_that_keeps_our_origin_to_itself_is_believed_by_where_it_says_it_was(editor: Editor) -> None:
    fields = {"letter": editor.shown()}
    assert editor.web.post(editor.path, fields, origin="null", Sec_Fetch_Site="cross-site").status_code == 403
    assert editor.web.post(editor.path, fields, origin="null", Sec_Fetch_Site="same-origin").status_code == 200
    assert editor.state is IssueState.FROZEN


@pytest.mark.parametrize("shown", ["", "0" * 16, "nonsense"])
def test_a_form_that_shows_no_letter_of_ours_approves_nothing(editor: Editor, shown: str) -> None:
    status, text = editor.press(shown)
    assert status == 409
    assert "nothing was approved" in text
    assert editor.state is IssueState.DRAFT


def test_what_changed_is_shown_anew_at_the_old_link_and_approved_only_as_it_is_now(editor: Editor) -> None:
    shown = editor.shown()
    chosen = Choices(subject="A pier, at length")
    editor.site.app.choices.keep("weekly", chosen, revision=0, now=editor.site.clock.now())
    status, text = editor.press(shown)
    assert status == 409
    assert "The letter has changed since you were asked." in text
    assert "A pier, at length" in text
    assert editor.state is IssueState.DRAFT
    status, text = editor.look()
    assert (status, "has changed since you were asked" in text) == (200, True)
    assert editor.press(shown)[0] == 409
    old = editor.path
    editor.site.live(15 * MINUTE)
    assert editor.link() != old
    assert editor.press()[1].startswith("Approved")
    issue = editor.site.issues()[-1]
    assert issue.email
    assert issue.email.subject == "A pier, at length"


def test_errors_are_told_and_the_box_beside_them_lets_it_go(tmp_path: Path) -> None:
    with studio(tmp_path, APPROVAL, PUBLIC, TEMPLATES) as site:
        begun(site)
        house_template(site, BAD)
        at(site, ASKED)
        editor = Editor(site)
        assert "Send it with 1 error" in editor.look()[1]
        status, text = editor.press()
        assert (status, "The letter has errors, so it was not approved." in text) == (409, True)
        assert editor.state is IssueState.DRAFT
        assert editor.press(anyway="1")[1].startswith("Approved")


def test_a_letter_that_does_not_render_any_more_is_not_approved_and_says_why(editor: Editor) -> None:
    shown = editor.shown()
    (editor.site.folder / "own/email").mkdir()
    (editor.site.folder / "own/email/issue.txt").write_text("{{ nonsense }}", encoding="utf-8")
    _restart(editor.site)
    for status, text in (editor.look(), editor.press(shown)):
        assert status == 409
        assert text.startswith("The letter cannot be shown")
        assert "nonsense" in text
    assert editor.state is IssueState.DRAFT


def test_after_its_time_the_link_approves_nothing(editor: Editor) -> None:
    shown = editor.shown()
    editor.site.clock.set(FRIDAY + DAY)
    for status, text in (editor.look(), editor.press(shown)):
        assert (status, text[:28]) == (410, "Nothing waits here any more ")
    editor.site.tick()
    assert editor.state is IssueState.SKIPPED
    for status, text in (editor.look(), editor.press(shown)):
        assert status == 200
        assert text.startswith("It does not go out It was not approved in time.")
    assert editor.site.letters() == []


def test_an_issue_that_was_stopped_says_so(editor: Editor) -> None:
    editor.press()
    editor.site.app.issues.cancel(editor.site.issues()[-1].id, editor.site.clock.now())
    assert editor.look()[1].startswith("It does not go out It was stopped by hand.")


def test_a_draft_of_which_nothing_is_left_says_so(editor: Editor) -> None:
    shown = editor.shown()
    (review,) = editor.site.app.issues.reviews_of(waiting(editor.site).id)
    chosen = Choices(left_out=frozenset({review.id}))
    editor.site.app.choices.keep("weekly", chosen, revision=0, now=editor.site.clock.now())
    assert editor.press(shown)[0] == 410
    assert editor.look()[0] == editor.press(shown)[0] == 410


def test_no_other_token_opens_it(editor: Editor) -> None:
    issue, keyring = waiting(editor.site), editor.site.app.keyring
    shown, until = content_of(issue) or "", FRIDAY + DAY

    def link(until: datetime) -> str:
        period = issue.period
        return approval_token(keyring, issue=issue.id, digest=issue.digest, period=period, content=shown, until=until)

    token = link(until)
    assert editor.web.get(f"/approve/{token}").status_code == 200
    later = link(until + timedelta(days=9))
    forged = [
        web_token(keyring, Purpose.READER, subscriber=issue.id, lists=(shown,), issued=until),
        web_token(keyring, Purpose.CONFIRM, subscriber=issue.id, lists=(shown,), issued=until),
        web_token(keyring, Purpose.APPROVAL, subscriber=issue.id, issued=until),
        web_token(keyring, Purpose.APPROVAL, subscriber=issue.id, lists=(shown,)),
        f"{later.rpartition('.')[0]}.{token.rpartition('.')[2]}",
        token[:-1],
        "x",
    ]
    for each in forged:
        editor.path = f"/approve/{each}"
        assert (editor.look()[0], editor.press(shown)[0]) == (404, 404)
        assert editor.web.get(f"/approve/{each}/{shown}").status_code == 404
    assert editor.state is IssueState.DRAFT


def test_presses_are_counted_and_refused_past_the_limit(tmp_path: Path) -> None:
    with studio(tmp_path, APPROVAL, PUBLIC, LIMITED) as site:
        at(begun(site), ASKED)
        editor = Editor(site)
        shown = editor.shown()
        assert [editor.press("0" * 16)[0] for _ in range(2)] == [409, 409]
        status, text = editor.press(shown)
        assert (status, "Too many requests" in text) == (429, True)
        assert editor.state is IssueState.DRAFT


def test_a_body_that_is_no_form_is_refused(editor: Editor) -> None:
    answer = editor.web.ask("POST", editor.path, headers={"Origin": OWN, "Content-Type": "text/plain"}, content=b"x")
    assert answer.status_code == 400
    assert editor.state is IssueState.DRAFT


def test_a_link_opens_no_other_issue_that_has_the_number_of_a_dropped_one(editor: Editor) -> None:
    before, app = waiting(editor.site), editor.site.app
    app.approvals.drop(before.id)
    moved = app.config.digests["weekly"].model_copy(update={"at": parse_slot("sat 09:00")})
    app.config = app.config.model_copy(update={"digests": {"weekly": moved}})
    at(editor.site, ASKED + DAY)
    after = waiting(editor.site)
    assert (after.id, after.period) == (before.id, FRIDAY + DAY)
    assert editor.look()[0] == 410
    assert editor.press(content_of(after))[0] == 410
    assert editor.state is IssueState.DRAFT
