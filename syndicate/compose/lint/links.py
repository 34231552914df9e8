"""Checks of links and pictures."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator
from urllib.parse import urlsplit

from syndicate.compose.lint.clients import ignored_by
from syndicate.compose.lint.document import FILLER, Element
from syndicate.compose.lint.model import Fault, Severity, Subject

MOST_ALT_CHARS = 250
LEAD_PIXELS = 600
_WARNING, _ERROR = Severity.WARNING, Severity.ERROR
_SAYS_NOTHING = frozenset(
    {"here", "click here", "read more", "more", "click", "link", "this", "read", "continue reading"}
)
_URL_TEXT = re.compile(r"(?:https?://|www\.)\S+")
_FILE_NAME = re.compile(
    r"\S+\.(?:jpe?g|png|gif|webp|avif|bmp|svg)|(?:img|dsc|image|screenshot)[\W_]*\d+", re.IGNORECASE
)
_SIZED = re.compile(r"/(?:s|w)(\d{2,4})(?:-[^/]*)?/|=(?:s|w)(\d{2,4})(?:-|$)")
_SHORTENERS = frozenset(
    ["bit.ly", "t.co", "goo.gl", "tinyurl.com", "ow.ly", "is.gd", "buff.ly", "rebrand.ly", "cutt.ly"]
)
_LOCAL = ("localhost", ".localhost", ".local", ".internal", ".invalid")


def addresses(subject: Subject) -> Iterator[Fault]:
    """11: addresses that lead somewhere, for a stranger too."""
    seen: set[str] = set()
    for element in subject.document.elements:
        for name in ("href", "src", "background"):
            url = element.attributes.get(name)
            if (
                url is None
                or url in seen
                or url in subject.facts.ways_out
                or (name == "src" and url.startswith("data:"))
            ):
                continue
            seen.add(url)
            if told := _address(url.strip()):
                why, severity = told
                is_own = url in subject.facts.quoted
                yield Fault(element.where, why, "write a whole https address", _WARNING if is_own else severity)


def _address(url: str) -> tuple[str, Severity] | None:
    """Return what is wrong with an address."""
    if not url or url == "#":
        return "a link that leads nowhere", _ERROR
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
    except ValueError:
        return f'"{url[:60]}" is no address', _ERROR
    if parts.scheme == "mailto" and "@" in parts.path:
        return None
    if parts.scheme not in ("http", "https"):
        what = f"{parts.scheme}: addresses do not work in mail" if parts.scheme else "a relative address"
        return f'"{url[:60]}": {what}', _ERROR
    if not host or _is_local(host):
        return f'"{url[:60]}" leads to a machine that readers cannot reach', _ERROR
    return (f'"{url[:60]}" is not encrypted', _WARNING) if parts.scheme == "http" else None


def _is_local(host: str) -> bool:
    if host == "localhost" or host.endswith(_LOCAL):
        return True
    try:
        return not ipaddress.ip_address(host).is_global
    except ValueError:
        return False


def review_links(subject: Subject) -> Iterator[Fault]:
    """12: a link to each review, and no two reviews behind one link."""
    there = {each.attributes.get("href") for each in subject.document.all("a")}
    links = subject.facts.review_links
    for link in links:
        if link not in there:
            yield Fault("html", f"no link to {link}, or a rewritten one", "link each review as the site has it")
    headings: dict[str, str] = {}
    for each in subject.document.all("a"):
        heading = next((above for above in each.parents if above.tag == "h2"), None)
        link = each.attributes.get("href", "")
        if heading is None or link == subject.facts.site_url or links.count(link) > 1:
            continue  # Feeds give several reviews one link, or none: no template's fault.
        title = FILLER.sub(" ", heading.text).strip()
        if headings.setdefault(link, title) != title:
            yield Fault(each.where, f"{headings[link]} and {title} have one link", "link each review on its own")


def link_text(subject: Subject) -> Iterator[Fault]:
    """22: links that say where they lead."""
    for link in subject.document.all("a"):
        if "href" not in link.attributes:
            continue
        said = FILLER.sub(" ", link.text).strip()
        if not said:
            severity = _WARNING if link.text and link.text in subject.facts.quoted else _ERROR
            yield Fault(link.where, "a link without words: nobody hears where it leads", "name the film", severity)
        elif said in subject.facts.quoted:
            continue  # A film may be called "Click".
        elif said.casefold().strip(" .…»>→") in _SAYS_NOTHING or _URL_TEXT.fullmatch(said):
            yield Fault(link.where, f'"{said[:60]}" does not say where it leads', "name the film", _WARNING)


def link_hosts(subject: Subject) -> Iterator[Fault]:
    """35: links through shorteners and to bare numbers, as spam has them."""
    for link in subject.document.all("a"):
        host = _host(link.attributes.get("href", ""))
        if host in _SHORTENERS:
            yield Fault(link.where, f"{host} hides where the link leads", "link the page itself")
        elif (
            re.fullmatch(r"[\d.]+|[\da-f:]*:[\da-f:.]*", host) and link.attributes["href"] not in subject.facts.ways_out
        ):
            yield Fault(link.where, f"{host} is a number, and no name", "link by the site's name")


def _host(url: str) -> str:
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""


def tracking(subject: Subject) -> Iterator[Fault]:
    """34: no picture that only counts who opens the letter."""
    for image in subject.document.all("img"):
        sizes = {_pixels(image, "width"), _pixels(image, "height")}
        if sizes & {0, 1}:
            yield Fault(image.where, "a picture of one pixel: it can only watch readers", "take it out of the template")


def _pixels(image: Element, name: str) -> int | None:
    found = re.fullmatch(r"(\d+)(?:px)?", image.attributes.get(name) or image.style.get(name, ""))
    return int(found[1]) if found else None


def alternatives(subject: Subject) -> Iterator[Fault]:
    """13: pictures that are described, and keep their place where they are not shown."""
    for image in subject.document.all("img"):
        alt = image.attributes.get("alt")
        if alt is None:
            yield Fault(image.where, "a picture without alt text: its file's name is read aloud", "write one", _ERROR)
        elif _FILE_NAME.fullmatch(alt.strip()):
            yield Fault(image.where, f'"{alt}" is a file\'s name', "syndicate reviews edit sets the alt text", _WARNING)
        elif len(alt) > MOST_ALT_CHARS:
            yield Fault(image.where, f"an alt text of {len(alt)} characters", "shorten it to 250", _WARNING)
        if not image.attributes.get("width", "").isdigit():
            yield Fault(image.where, "no width: Outlook on Windows shows it as large as it is", "write width", _WARNING)


def formats(subject: Subject) -> Iterator[Fault]:
    """14: pictures that programs can show."""
    for image in subject.document.all("img"):
        source = image.attributes.get("src", "").strip().lower()
        path = source.partition("?")[0]
        kind = "data:" if source.startswith("data:") else path.rpartition(".")[2]
        if kind in ("data:", "svg"):
            severity = _WARNING if image.attributes["src"] in subject.facts.quoted else _ERROR
            yield Fault(image.where, f"{ignored_by(kind)} {kind} pictures", "use a JPEG or PNG of the web", severity)
        elif kind in ("webp", "avif"):
            yield Fault(image.where, f"{ignored_by(kind)} {kind} pictures", "use a JPEG or PNG", _WARNING)
        elif not source and "srcset" in image.attributes:
            yield Fault(image.where, f"{ignored_by('srcset')} srcset", "write src too", _WARNING)


def resolution(subject: Subject) -> Iterator[Fault]:
    """15: pictures large enough for their place, and not turned into WebP by their host."""
    for image in subject.document.all("img"):
        source = image.attributes.get("src", "")
        sizes = [int(one or two) for one, two in _SIZED.findall(source)]
        if (_pixels(image, "width") or 0) >= LEAD_PIXELS and sizes and sizes[-1] < LEAD_PIXELS:
            yield Fault(image.where, f"{sizes[-1]} pixels wide, shown at 600: it will be blurred", "use a larger size")
        if re.search(r"[/=][^/=]*-rw(?:[-/]|$)", source):
            yield Fault(image.where, f"its host will send WebP, which {ignored_by('webp')}", "take -rw out of it")
