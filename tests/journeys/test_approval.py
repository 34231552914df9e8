"""An issue that needs a person, by the real command line and a real mail server: asked, looked at, approved, sent."""

from __future__ import annotations

import json
import re
import urllib.request
from email.message import EmailMessage
from email.parser import BytesParser
from email.policy import default
from pathlib import Path
from urllib.parse import urlencode

import pytest

from tests.channels.smtp_server import Action, Moment, Say, ScriptedSmtp, Step
from tests.journeys.site import Site
from tests.journeys.test_readers import make_site, serving, wait_for

pytestmark = pytest.mark.journey

EDITOR = "editor@journey.example"


class Down:
    """A relay that takes nothing until somebody mends it."""

    def __init__(self) -> None:
        self.is_down = True

    def __call__(self, moment: Moment) -> Action | None:
        return Say("451 4.3.0 try later") if self.is_down and moment.step is Step.MAIL else None


def needing_approval(folder: Path, server: ScriptedSmtp) -> tuple[Site, str]:
    """Return an installation with three readers whose first issue needs a person, and where its pages are."""
    site, address = make_site(folder, server)
    path = folder / "config.yaml"
    config = json.loads(path.read_text(encoding="utf-8"))
    config["digests"]["weekly"]["approval"] = "required"
    path.write_text(json.dumps(config), encoding="utf-8")
    site.subscribe(3)
    return site, address


def mails(server: ScriptedSmtp, *, to_editor: bool) -> list[EmailMessage]:
    """Return the mails that were taken for the editor, or for readers."""
    found = [each for each in server.messages if (EDITOR in each.recipients) == to_editor]
    parser = BytesParser(_class=EmailMessage, policy=default)
    return [parser.parsebytes(each.content) for each in found]


def link_in(mail: EmailMessage) -> str:
    """Return the address of the page with the button."""
    body = mail.get_body(("plain",))
    assert body
    found = re.search(r"http://\S+/approve/\S+", body.get_content())
    assert found
    return found[0]


def test_the_editor_is_asked_by_mail_looks_presses_and_the_letters_go(tmp_path: Path) -> None:
    with ScriptedSmtp() as server:
        site, address = needing_approval(tmp_path, server)
        for _ in range(2):
            site.run("run", "--once")
        (asked,) = mails(server, to_editor=True)
        assert asked["Subject"].startswith("[The Journey] Approve: ")
        assert mails(server, to_editor=False) == []
        with serving(site, address, "run"):
            with urllib.request.urlopen(link_in(asked), timeout=20) as answer:
                page = answer.read().decode()
            assert mails(server, to_editor=False) == []
            (shown,) = re.findall(r'name="letter" value="([0-9a-f]+)"', page)
            pressed = urllib.request.Request(
                link_in(asked), urlencode({"letter": shown}).encode(), headers={"Origin": address}
            )
            with urllib.request.urlopen(pressed, timeout=20) as answer:
                assert "<h1>Approved</h1>" in answer.read().decode()
            wait_for(lambda: len(mails(server, to_editor=False)) == 3, 60)
        (issue,) = site.json("issues", "list")
        assert (issue["state"], issue["number"]) == ("sent", 1)
        assert "was approved before" in site.run("issues", "approve", str(issue["id"])).stderr
        assert len(mails(server, to_editor=False)) == 3
        letter = mails(server, to_editor=False)[0].get_body(("plain",))
        preview = asked.get_body(("plain",))
        assert letter
        assert preview
        below = preview.get_content().partition("=" * 72)[2].strip()
        assert re.sub(r"/leave/\S+", "/leave/example", letter.get_content()).strip() == below


def test_a_relay_that_is_down_when_it_is_asked_costs_no_mail_and_sends_none_twice(tmp_path: Path) -> None:
    down = Down()
    with ScriptedSmtp(on_step=down) as server:
        site, _ = needing_approval(tmp_path, server)
        assert "was not taken" in site.run("run", "--once", code=1).stderr
        down.is_down = False
        for _ in range(2):
            site.run("run", "--once")
        assert len(mails(server, to_editor=True)) == 1


def test_several_commands_at_once_approve_one_issue(tmp_path: Path) -> None:
    with ScriptedSmtp() as server:
        site, _ = needing_approval(tmp_path, server)
        site.run("run", "--once")
        processes = [site.start("issues", "approve", "1") for _ in range(4)]
        told = [each.communicate(timeout=60)[1] for each in processes]
        assert [each.returncode for each in processes] == [0, 0, 0, 0]
        assert sum(" is approved: " in each for each in told) == 1
        assert sum(" was approved before: " in each for each in told) == 3
        site.run("run", "--once")
        assert len(mails(server, to_editor=False)) == 3
