"""The table of checks. What is not in it is not looked for (docs/linting.md says what that is, and why)."""

from __future__ import annotations

from syndicate.compose.lint import content, envelope, links, looks, markup
from syndicate.compose.lint.model import Check, Copy, Facts, Fault, Finding, Severity, Subject
from syndicate.compose.model import RenderedEmail

_E, _W, _N = Severity.ERROR, Severity.WARNING, Severity.NOTE

CHECKS: tuple[Check, ...] = (
    Check(1, "size", _E, envelope.size, "The HTML, or its encoded part, of 100,000 bytes (80,000: a warning)"),
    Check(
        2, "text part", _E, content.text_part, "No text part, or one without the link of each review and the ways out"
    ),
    Check(
        3,
        "one-click",
        _E,
        envelope.way_out_header,
        "List-Unsubscribe and -Post as RFC 8058 has them, in the bytes; no page: a warning",
    ),
    Check(
        4, "way out", _E, content.way_out, "No way out that a reader sees; none in the first 60,000 bytes: a warning"
    ),
    Check(5, "identity", _W, content.identity, "No postal address in both parts"),
    Check(
        6,
        "sender",
        _E,
        envelope.sender,
        "From or Message-ID not at the configured domain, a broken Reply-To; free mail: a warning",
    ),
    Check(7, "fields", _E, envelope.fields, "A field missing or doubled, List-Id malformed, no Auto-Submitted"),
    Check(8, "wire", _E, envelope.wire, "A line over 998 octets, a bare CR or LF, a control character in a header"),
    Check(
        9,
        "subject",
        _E,
        envelope.subject_line,
        "Empty, or arriving otherwise; over 70 characters, all capitals, !!, RE:: a warning",
    ),
    Check(
        10,
        "leftovers",
        _E,
        content.leftovers,
        "What a template did not fill: {{, {%, a lone None, undefined; not what a review itself says",
    ),
    Check(
        11,
        "addresses",
        _E,
        links.addresses,
        "Relative, empty, #, javascript:, local and private addresses; http:, and a review's own local one: a warning",
    ),
    Check(
        12,
        "review links",
        _E,
        links.review_links,
        "A review without its own link as the site has it, or behind another's",
    ),
    Check(
        13,
        "alt text",
        _E,
        links.alternatives,
        "A picture without alt; a file's name, over 250 characters, no width: a warning",
    ),
    Check(
        14,
        "formats",
        _E,
        links.formats,
        "Pictures as data: or SVG; WebP, AVIF, srcset alone, a review's own SVG: a warning",
    ),
    Check(15, "resolution", _W, links.resolution, "A lead picture under 600 pixels by its address, or one with -rw"),
    Check(
        16,
        "refused",
        _E,
        markup.refused,
        "script, iframe, object, embed, form, video, audio, base, meta refresh, stylesheets, on…",
    ),
    Check(
        17,
        "css",
        _E,
        looks.css,
        "var() and @import; position, float, flex, grid, calc(), url(), negative margins: a warning",
    ),
    Check(18, "layout tables", _W, markup.layout_tables, "A table without role=presentation"),
    Check(19, "language", _E, markup.language, "No lang or dir on html, or on the wrapper"),
    Check(20, "title", _W, markup.title, "A title that is not the subject"),
    Check(21, "headings", _W, markup.headings, "Not exactly one h1, or a level left out"),
    Check(
        22, "link text", _E, links.link_text, "A link without words; one that says only “here” or an address: a warning"
    ),
    Check(
        23,
        "contrast",
        _W,
        looks.contrast,
        "Colours under 4.5:1, or 3:1 for large letters, as the styles give them in light",
    ),
    Check(24, "letter size", _E, looks.letter_size, "Letters under 10 pixels; under 13: a warning"),
    Check(25, "preheader", _W, content.preheader, "None, not 30 to 140 characters, or the subject again"),
    Check(
        26,
        "conditionals",
        _E,
        markup.conditionals,
        "Conditional comments that do not match; no table for mso around the column: a warning",
    ),
    Check(27, "widths", _W, markup.widths, "A width over 600, or a min-width over 320"),
    Check(28, "style bytes", _E, markup.style_bytes, "A style block over 16,000 bytes"),
    Check(29, "padding", _N, looks.padding, "Padding on an element that is no cell, and nothing there for Word"),
    Check(30, "nesting", _N, markup.nesting, "Tables more than six deep"),
    Check(
        31,
        "head",
        _W,
        markup.head,
        "No charset, viewport, color-scheme, or what keeps Apple's programs from changing the letter",
    ),
    Check(32, "well-formed", _W, markup.well_formed, "Tags unclosed or crossed, an id twice, a bare & in an attribute"),
    Check(33, "hidden text", _W, content.hidden_text, "Hidden text besides the preheader"),
    Check(34, "tracking", _E, links.tracking, "A picture of one pixel"),
    Check(35, "link hosts", _W, links.link_hosts, "Links through shorteners, or to a number"),
    Check(
        36,
        "feed rests",
        _W,
        content.feed_rest,
        "“Read more »”, “appeared first on”, doubled entities, broken encodings",
    ),
    Check(37, "reviews", _E, content.no_reviews, "An issue without a review; two reviews with one link: a warning"),
    Check(
        38, "text lines", _W, content.text_lines, "Lines of the text part over 78 characters, tags or entities in it"
    ),
    Check(39, "parts", _W, envelope.parts, "A part besides text and HTML, or a message over 1 MB"),
    Check(
        40,
        "merge",
        _E,
        envelope.merge,
        "Two readers' letters that differ in more than address, token, date and Message-ID",
    ),
)


def lint(email: RenderedEmail, facts: Facts, copies: tuple[Copy, ...] = ()) -> tuple[Finding, ...]:
    """Return what is wrong with a letter, the gravest first, then by number; empty where nothing is.

    `email` is filled, as a reader sees it. `copies` are whole letters, to one reader and to another; what needs the
    bytes is not looked at where there are none. Nothing is fetched, and no name is looked up.
    """
    subject = Subject(email=email, facts=facts, copies=copies)
    found = [_finding(check, fault) for check in CHECKS for fault in check.look(subject)]
    order = list(Severity)
    return tuple(sorted(found, key=lambda each: order.index(each.severity)))


def _finding(check: Check, fault: Fault) -> Finding:
    return Finding(
        number=check.number,
        name=check.name,
        severity=fault.severity or check.severity,
        why=fault.why,
        how=fault.how,
        where=fault.where,
    )
