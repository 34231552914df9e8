"""Every state of an entry has its sentence, and by which rule; a table over all of them."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from syndicate.compose.model import IssueState
from syndicate.compose.select import LeadRule, PassedOver
from syndicate.delivery.model import DeliveryState
from syndicate.reviews.admission import EntryState, Hold
from syndicate.web.studio.why import (
    AsStatus,
    Control,
    EntryFacts,
    InIssue,
    InNext,
    Tone,
    as_status,
    explain,
    in_issue,
    in_next,
    label_of,
)

NEXT = InNext(review=7, digest="weekly", number=34, place=2, count=5, cap=12, max_age=timedelta(days=45))
ENTRY = EntryFacts(
    number=7, feed="reviews", state=EntryState.READY, reason=None, reading="its title says so",
    settle=timedelta(minutes=10),
)  # fmt: skip

PLACES = {
    "newest lead": (replace(NEXT, is_lead=True), "In issue 34 of weekly, the lead: newest first."),
    "rated lead": (
        replace(NEXT, is_lead=True, lead_rule=LeadRule.RATING),
        "In issue 34 of weekly, the lead: rated highest.",
    ),
    "chosen lead": (
        replace(NEXT, is_lead=True, lead_is_chosen=True),
        "In issue 34 of weekly, the lead: chosen by you.",
    ),
    "lead though the rule has none": (
        replace(NEXT, is_lead=True, lead_rule=LeadRule.NONE),
        "In issue 34 of weekly, the lead: chosen by you.",
    ),
    "lead by the order": (
        replace(NEXT, is_lead=True, order_is_chosen=True),
        "In issue 34 of weekly, the lead: first in your order.",
    ),
    "section": (
        replace(NEXT, section="In cinemas", strand="New Release Review", has_sections=True),
        "In issue 34 of weekly, section In cinemas (strand New Release Review).",
    ),
    "section in a chosen order": (
        replace(NEXT, section="In cinemas", strand="New Release Review", has_sections=True, order_is_chosen=True),
        "In issue 34 of weekly, section In cinemas (strand New Release Review, in your order).",
    ),
    "no section fits": (
        replace(NEXT, strand="First Look", has_sections=True),
        "In issue 34 of weekly, below the sections (strand First Look is in none of them).",
    ),
    "no strand": (replace(NEXT, has_sections=True), "In issue 34 of weekly, below the sections."),
    "no sections": (NEXT, "In issue 34 of weekly, place 2 of 5 (newest first)."),
    "no sections, chosen order": (
        replace(NEXT, order_is_chosen=True),
        "In issue 34 of weekly, place 2 of 5 (your order).",
    ),
}


@pytest.mark.parametrize(("of", "text"), PLACES.values(), ids=PLACES.keys())
def test_what_is_in_the_next_issue_says_where_and_by_which_rule(of: InNext, text: str) -> None:
    said = in_next(of)
    assert (said.text, said.tone, said.control) == (text, Tone.GOES, Control.LEAVE_OUT)


PASSED = {
    PassedOver.CAP: ("Past the cap of 12: not in issue 34 of weekly, it waits for the next.", Control.BRING_IN),
    PassedOver.TOO_OLD: ("Not in issue 34 of weekly: older than max_age, 45d.", None),
    PassedOver.LEFT_OUT: ("Left out of issue 34 of weekly by you; it waits for the next.", Control.PUT_BACK),
    PassedOver.AFTER_ASKING: (
        "Announced after issue 34 of weekly was shown for approval; it waits for the next.",
        None,
    ),
    PassedOver.TO_FIT: (
        "Left out of issue 34 of weekly to fit Gmail's limit; it waits for the next.",
        Control.BRING_IN,
    ),
}


@pytest.mark.parametrize("passed", PassedOver)
def test_what_is_passed_over_says_why_and_what_changes_it(passed: PassedOver) -> None:
    said = in_next(replace(NEXT, passed=passed))
    assert (said.text, said.control) == PASSED[passed]
    assert said.command or said.control


ISSUES = {
    IssueState.SENT: ("Sent in issue 33 of weekly.", Tone.WENT),
    IssueState.FROZEN: ("In issue 33 of weekly, which is on its way.", Tone.GOES),
    IssueState.SENDING: ("In issue 33 of weekly, which is on its way.", Tone.GOES),
    IssueState.CANCELLED: ("It was in issue 33 of weekly, which was cancelled: it is free for the next.", Tone.WAITS),
    IssueState.SKIPPED: ("It was in issue 33 of weekly, which was skipped: it is free for the next.", Tone.WAITS),
    IssueState.DRAFT: ("It was in issue 33 of weekly, which was draft: it is free for the next.", Tone.WAITS),
}


@pytest.mark.parametrize("state", IssueState)
def test_an_issue_that_carries_it_says_how_far_it_is(state: IssueState) -> None:
    said = in_issue(InIssue(id=5, digest="weekly", number=33, state=state))
    assert (said.text, said.tone) == ISSUES[state]


STATUSES = {
    DeliveryState.PLANNED: "Status on Tue 24 Nov, 10:00 on films.",
    DeliveryState.SENDING: "Its status is being posted on films.",
    DeliveryState.DEFERRED: "Status on films is tried again on Tue 24 Nov, 10:00: busy.",
    DeliveryState.SENT: "Status posted on Tue 24 Nov, 10:00 on films.",
    DeliveryState.IN_DOUBT: "Nobody knows whether its status stands on films: busy. It is looked for there first.",
    DeliveryState.FAILED: "Status on films failed: busy.",
    DeliveryState.CANCELLED: "No status on films: busy.",
    DeliveryState.SUPPRESSED: "No status on films: suppressed: busy.",
    DeliveryState.BOUNCED: "No status on films: bounced: busy.",
    DeliveryState.COMPLAINED: "No status on films: complained: busy.",
}


@pytest.mark.parametrize("state", DeliveryState)
def test_every_state_of_a_status_has_its_sentence(state: DeliveryState) -> None:
    of = AsStatus(account="films", status=4, state=state, when="on Tue 24 Nov, 10:00", reply="busy")
    assert as_status(of).text == STATUSES[state]


ENTRIES = {
    "history": (replace(ENTRY, state=EntryState.HISTORY), "first run", "syndicate reviews release 7"),
    "not a review": (
        replace(ENTRY, state=EntryState.IGNORED, reason="other: an interview"),
        "Not a review (other): an interview.",
        "syndicate reviews release 7",
    ),
    "no label that is wanted": (
        replace(ENTRY, state=EntryState.IGNORED, reason="carries none of the feed's include.labels"),
        "Not carried: carries none of the feed's include.labels.",
        "syndicate reviews release 7",
    ),
    "flood": (
        replace(ENTRY, state=EntryState.HELD, reason=Hold.NOVELTY),
        "until you have looked",
        "syndicate feeds accept reviews --as-history   (or --as-new)",
    ),
    "settling": (
        replace(ENTRY, state=EntryState.HELD, reason=Hold.UNSETTLED),
        "unchanged for 10m",
        "syndicate reviews hold 7",
    ),
    "left out": (
        replace(ENTRY, state=EntryState.HELD, reason=Hold.LEFT_OUT),
        "Left out by you",
        "syndicate reviews release 7",
    ),
    "held for another reason": (
        replace(ENTRY, state=EntryState.HELD, reason="odd"),
        "Held: odd.",
        "syndicate reviews release 7",
    ),
    "nobody draws on it": (ENTRY, "No digest and no account", None),
}


@pytest.mark.parametrize(("facts", "words", "command"), ENTRIES.values(), ids=ENTRIES.keys())
def test_an_entry_that_goes_nowhere_says_why_and_what_changes_it(
    facts: EntryFacts, words: str, command: str | None
) -> None:
    (said,) = explain(facts)
    assert words in said.text
    assert said.command == command


@pytest.mark.parametrize("hold", [*Hold, "odd", None])
@pytest.mark.parametrize("state", EntryState)
def test_every_state_has_words_and_at_least_one_sentence(state: EntryState, hold: str | None) -> None:
    assert label_of(state, hold)[1]
    assert explain(replace(ENTRY, state=state, reason=hold))


def test_an_announced_review_says_first_what_carries_it_then_the_next_issues_then_the_statuses() -> None:
    status = AsStatus(account="films", status=None, state=DeliveryState.PLANNED, when="")
    past = InIssue(id=5, digest="monthly", number=2, state=IssueState.SENT)
    said = [each.text for each in explain(replace(ENTRY, next=(NEXT,), issues=(past,), statuses=(status,)))]
    assert said == [
        "Sent in issue 2 of monthly.",
        "In issue 34 of weekly, place 2 of 5 (newest first).",
        "Status as soon as anything runs on films.",
    ]
