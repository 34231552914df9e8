"""Which picture is shown, and its address."""

from __future__ import annotations

import pytest

from syndicate.feeds.model import RawHtml
from syndicate.reviews.blocks import read_body
from syndicate.reviews.images import absolute, best_image, resize
from syndicate.reviews.model import Image

B = "https://blog.example/b.jpg"
G = "https://blogger.googleusercontent.com/img/b/R29vZ2xl/AVvXsEabc"


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        (f"{G}/s72-c/x.jpg", f"{G}/w1200/x.jpg"),
        (f"{G}/s72-w640-c-h360/x.jpg", f"{G}/w1200/x.jpg"),
        (f"{G}/s260-e100/x.jpg", f"{G}/w1200/x.jpg"),
        (f"{G}/s16000-rw/x.jpg", f"{G}/w1200/x.jpg"),
        (f"{G}/w1200-h630-p-k-no-nu/x.jpg", f"{G}/w1200/x.jpg"),
        (f"{G}/s00/x.jpg", f"{G}/w1200/x.jpg"),
        (f"{G}/h300/x.jpg", f"{G}/w1200/x.jpg"),
        (f"{G}=s320", f"{G}=w1200"),
        ("http://1.bp.blogspot.com/-a/b/AAAAAAAAc/tok/s400/x.jpg", "https://1.bp.blogspot.com/-a/b/AAAAAAAAc/tok/w1200/x.jpg"),
        ("http://4.bp.blogspot.com/_lMN/S/AAA/s320/x.jpg", "https://4.bp.blogspot.com/_lMN/S/AAA/w1200/x.jpg"),
        ("https://lh3.googleusercontent.com/tok=w640-h360-rw", "https://lh3.googleusercontent.com/tok=w1200"),
        ("http://img.youtube.com/vi/abcDEF12345/default.jpg", "https://img.youtube.com/vi/abcDEF12345/hqdefault.jpg"),
        ("http://stills.example/s400/x.jpg", "http://stills.example/s400/x.jpg"),
        ("http://evil.example/1.bp.blogspot.com/s400/x.jpg", "http://evil.example/1.bp.blogspot.com/s400/x.jpg"),
        ("http://1.bp.blogspot.com.evil.example/a/s400/x.jpg", "http://1.bp.blogspot.com.evil.example/a/s400/x.jpg"),
        (f"{G}/x.jpg", f"{G}/x.jpg"),
    ],
)  # fmt: skip
def test_google_pictures_are_asked_for_at_the_letters_size_and_no_others(given: str, wanted: str) -> None:
    assert resize(given) == wanted


def test_the_largest_size_can_be_asked_for() -> None:
    assert resize(f"{G}/s72-c/x.jpg", "s1600") == f"{G}/s1600/x.jpg"


def best(html: str, thumbnail: str | None = None) -> Image | None:
    body = read_body(RawHtml(html))
    return best_image(body.pictures, base="https://blog.example/2026/p.html", thumbnail=thumbnail, frames=body.frames)


@pytest.mark.parametrize(
    ("html", "url", "alt"),
    [
        pytest.param("<img src=/a.jpg>", "https://blog.example/a.jpg", "", id="relative"),
        pytest.param("<img src=//cdn.example/a.jpg>", "https://cdn.example/a.jpg", "", id="without scheme"),
        pytest.param(
            "<img src=/a.jpg><img src=/b.jpg alt='B  still'>", "https://blog.example/b.jpg", "B still", id="alt first"
        ),
        pytest.param("<img src=/a.jpg alt='IMG_1.jpg'>", "https://blog.example/a.jpg", "", id="a file name is no alt"),
        pytest.param("<img src='data:image/gif;base64,R0' data-src=/b.jpg>", B, "", id="lazy"),
        pytest.param("<img src=/ph.gif data-lazy-src=/b.jpg>", B, "", id="lazy beside a stand-in"),
        pytest.param(
            "<img srcset='/s.jpg 300w, /m.jpg 1300w, /l.jpg 2600w'>", "https://blog.example/m.jpg", "", id="srcset"
        ),
        pytest.param(
            "<img srcset='/s.jpg 300w, /m.jpg 900w' src=/s.jpg>", "https://blog.example/m.jpg", "", id="widest"
        ),
        pytest.param(
            "<img srcset='/a.jpg 1x, /b.jpg 2x' src=/c.jpg>", "https://blog.example/c.jpg", "", id="densities"
        ),
        pytest.param("<img src=/px.jpg width=1 height=1><img src=/b.jpg>", B, "", id="beacon"),
        pytest.param("<img src=/i.png width=32 height=32 alt=me><img src=/b.jpg>", B, "", id="tiny"),
        pytest.param("<img src=https://secure.gravatar.com/x alt=Ann><img src=/b.jpg>", B, "", id="avatar"),
        pytest.param("<img src=/a.png class='avatar x' alt=Ann><img src=/b.jpg>", B, "", id="avatar class"),
        pytest.param("<img src=http://feeds.feedburner.com/~r/x alt=y><img src=/b.jpg>", B, "", id="feed beacon"),
        pytest.param("<img src='/a b.jpg'>", "https://blog.example/a%20b.jpg", "", id="blank"),
        pytest.param("<img src='/é.jpg'>", "https://blog.example/%C3%A9.jpg", "", id="letters beyond ASCII"),
    ],
)
def test_the_best_picture_is_chosen(html: str, url: str, alt: str) -> None:
    assert best(html) == Image(url=url, alt=alt)


@pytest.mark.parametrize(
    "html",
    [
        "",
        "<img>",
        "<img src=javascript:alert(1)>",
        "<img data-src='javascript://x.example/%0aalert(1)'>",
        "<img data-src='ftp://x.example/a.jpg'>",
        "<img data-src=javascript:alert(1)>",
        "<img data-src='data:image/png;base64,AA'>",
        "<img srcset='javascript:alert(1) 900w'>",
        "<img src='https://[::1'>",
        "<img src='https://x.example/\"onerror=alert(1)'>",
        "<img src='http:///nohost'>",
        f"<img src='https://x.example/{'a' * 3000}'>",
    ],
)
def test_an_address_that_is_none_gives_no_picture(html: str) -> None:
    assert best(html) is None


def test_the_feeds_thumbnail_and_a_videos_still_are_last_resorts() -> None:
    frame = "<iframe src='//www.youtube.com/embed/abcDEF12345?rel=0'></iframe>"
    assert best(frame) == Image(url="https://img.youtube.com/vi/abcDEF12345/hqdefault.jpg")
    assert best(frame, thumbnail=f"{G}/s72-c/x.jpg") == Image(url=f"{G}/w1200/x.jpg")
    assert best("<img src=/a.jpg>" + frame, thumbnail="https://x.example/t.jpg") == Image(
        url="https://blog.example/a.jpg"
    )


def test_an_address_without_a_base_must_be_whole() -> None:
    assert absolute("/a.jpg", None) is None
    assert absolute("https://x.example/a.jpg", None) == "https://x.example/a.jpg"
