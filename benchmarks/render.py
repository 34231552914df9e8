"""Rendering an issue of 25 reviews, beside premailer alone on the same HTML; and addressing its letters."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from unittest.mock import patch

from benchmarks.rows import Row, cpu_ms
from syndicate.compose import inline, letter
from syndicate.compose.email import render_email
from syndicate.compose.environment import environment
from syndicate.compose.model import Masthead, PublishedReview, RenderedEmail, Section, Selection, WayOut
from syndicate.reviews.model import Film, Image, Kind, Rating, Review

NOW = datetime(2026, 11, 20, 9, tzinfo=UTC)
REVIEWS = 25
RENDER_LIMIT = 1.3
READERS = 2_000
ADDRESS_LIMIT_MS = 0.1


def measure() -> list[Row]:
    """Return the rows: CPU time of `render_email` against premailer's, and of one reader's letter."""
    templates, selection, masthead = environment([]), issue(), this_weeks_masthead()

    def render() -> RenderedEmail:
        return render_email(selection, masthead, templates=templates, subject=None)

    with patch.object(inline, "inline_css", side_effect=inline.inline_css) as inlining:
        rendered = render()
    html = inlining.call_args.args[0]
    premailer_alone(html)
    # Interleaved in three bursts each, so that a slow minute of the machine falls on both.
    ours, theirs = zip(
        *((cpu_ms(render, 15), cpu_ms(lambda: premailer_alone(html), 15)) for _ in range(3)), strict=True
    )
    ratio = sorted(ours)[1] / sorted(theirs)[1]
    return [
        Row(
            f"render an issue of {REVIEWS}",
            sorted(ours)[1],
            "ms",
            "premailer alone",
            ratio,
            f"≤ {RENDER_LIMIT} ×",
            ratio <= RENDER_LIMIT,
        ),
        addressing(rendered),
    ]


def addressing(rendered: RenderedEmail) -> Row:
    """Return the row of joining one reader's letter from the compiled one."""
    ways_out = (f"https://l.example/u/{letter.TOKEN}",)
    envelope = letter.Envelope(sender="L <n@l.example>", list_id="w.l.example", ways_out=ways_out)
    compiled = letter.compile_letter(rendered, envelope)
    slots = letter.Slots(address="a@r.example", name="Ada", message_id="<m@l.example>", date=NOW, token="x")

    def address_all() -> None:
        for number in range(READERS):
            compiled.address(slots._replace(address=f"reader{number}@r.example"))

    each = cpu_ms(address_all, 5) / READERS
    return Row("address one letter", each * 1000, "µs", "rendering it", None, "≤ 100 µs", each <= ADDRESS_LIMIT_MS)


def premailer_alone(html: str) -> str:
    """Return what premailer makes of the HTML, with its own parser and the options that a letter needs."""
    inliner: Any = inline._premailer().Premailer(
        html,
        keep_style_tags=True,
        strip_important=False,
        disable_validation=True,
        allow_network=False,
        align_floating_images=False,
    )
    return str(inliner.transform(pretty_print=False))


def this_weeks_masthead() -> Masthead:
    """Return a masthead with one web way out."""
    return Masthead(
        site_name="The Lantern",
        site_url="https://lantern.example/",
        language="en",
        timezone="Europe/Dublin",
        postal="12 Quay Street, Galway",
        digest_name="The Friday Reel",
        number=34,
        date=NOW,
        ways_out=(WayOut(url="https://l.example/u/x"),),
    )


def issue() -> Selection:
    """Return 25 full reviews of invented films in three sections."""
    reviews = [review(number) for number in range(REVIEWS)]
    runs = ("In cinemas", reviews[1:9]), ("At home", reviews[9:17]), ("Elsewhere", reviews[17:])
    return Selection(lead=reviews[0], sections=tuple(Section(title=title, reviews=tuple(run)) for title, run in runs))


def review(number: int) -> PublishedReview:
    """Return one full review."""
    understood = Review(
        film=Film(title=f"The Lamplighter's Winter, Part {number}", year=2026),
        strand="New Release Review",
        reviewers=("Orla Devane",),
        directors=("Mira Talvane",),
        cast=("Ines Corrado", "Paul Ashgrove", "Teodor Vance"),
        standfirst=f"In her film number {number} a lamplighter refuses to put out the last flame of a drowned town.",
        excerpt=f"It is reel {number} before anyone speaks, and by then we have learned to read the light instead. "
        * 3,
        rating=Rating(value=number % 10 / 2, maximum=5),
    )
    return PublishedReview(
        id=number,
        feed="reviews",
        link=f"https://lantern.example/2026/11/lamplighters-winter-{number}-review.html",
        kind=Kind.REVIEW,
        title=understood.film.title,
        review=understood,
        image=Image(url=f"https://pictures.lantern.example/img/a/b/w1200/still-{number}.jpg"),
        labels=(),
        published=NOW,
        counts_from=NOW,
    )


if __name__ == "__main__":
    for row in measure():
        print(row)
