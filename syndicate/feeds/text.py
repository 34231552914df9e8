"""Bytes → text, and text → text that is safe to keep: decoding, mending, folding. Pure.

Everything is decoded here, once: the checks and the parser then see the same characters, whatever encoding
hid them.
"""

from __future__ import annotations

import codecs
import html
import re
from html.entities import html5

_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
    ("<\0\0\0".encode("latin-1"), "utf-32-le"),
    ("\0\0\0<".encode("latin-1"), "utf-32-be"),
    (b"<\0", "utf-16-le"),
    (b"\0<", "utf-16-be"),
)
# A codec is run on a stranger's word: only character sets that decode in linear time (punycode does not).
_KNOWN = re.compile(
    r"utf-?8|us-ascii|ascii|iso-?8859-?\d+|latin-?1|windows-125\d|cp125\d|koi8-[ru]|shift[_-]jis|euc-(?:jp|kr)"
    r"|iso-2022-jp|gb2312|gbk|gb18030|big5|macintosh",
    re.I,
)
_DECLARED = re.compile(rb"""^\s*<\?xml[^>]{0,200}?encoding\s*=\s*["']([\w.:-]+)["']""")
_CHARSET = re.compile(r"""charset\s*=\s*["']?([\w.:-]+)""", re.I)

_FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ufffe\uffff\ud800-\udfff]")
"""What XML 1.0 does not allow, and DEL."""
_REFERENCE = re.compile(r"&(?:#(\d{1,8})|#[xX]([0-9a-fA-F]{1,7})|([A-Za-z][A-Za-z0-9]{0,31}));|&")
_CDATA = re.compile(r"(<!\[CDATA\[.*?\]\]>)", re.S)
_XML_NAMES = frozenset({"lt", "gt", "amp", "quot", "apos"})

_TAG = re.compile(r"<(?:!--.*?--|!\[CDATA\[|/?[A-Za-z][^<>]*)>", re.S)
_BLOCK = re.compile(r"<(?:br|/?(?:p|div|h[1-6]|li|td))\b[^<>]*>", re.I)
_MARKUP = re.compile(
    r"</?(?:a|abbr|b|big|br|cite|code|del|div|em|font|h[1-6]|i|img|ins|mark|p|q|s|small|span|strong|sub|sup|tt|u|wbr)"
    r"(?:\s[^<>]*)?/?>|&(?:#\d{1,7}|#x[0-9a-f]{1,6}|[a-z][a-z0-9]{1,31});",
    re.I,
)


def decode(body: bytes, content_type: str | None) -> tuple[str, str | None]:
    """Return the text of a document, and a warning where its encoding was not what it said, else None.

    A byte order mark wins; then UTF-8, whatever was declared, if the bytes are valid UTF-8 (no other text
    is, by chance); then the declared encoding, the document's own before the server's (servers declare by
    default).
    """
    for mark, encoding in _BOMS:
        if body.startswith(mark):
            return body.decode(encoding, "replace").lstrip("\ufeff"), None
    declared = _declared(body, content_type)
    if declared.lower() != "iso-2022-jp":
        try:
            return body.decode("utf-8"), None
        except UnicodeDecodeError:
            pass
    text = body.decode(declared, "replace")
    return text, f"some bytes are not {declared}" if "\ufffd" in text else None


def _declared(body: bytes, content_type: str | None) -> str:
    own = _DECLARED.match(body)
    served = _CHARSET.search(content_type or "")
    named = [own.group(1).decode("ascii")] if own else []
    named += [served.group(1)] if served else []
    for name in named:
        if _KNOWN.fullmatch(name):
            # As browsers do (WHATWG Encoding): Latin-1 and ASCII mean Windows-1252.
            return "cp1252" if re.fullmatch(r"iso-?8859-?1|latin-?1|(us-)?ascii", name, re.I) else name
    return "cp1252"


def tidy(text: str) -> str:
    """Return `text` without control characters and lone surrogates: neither XML nor a database takes them."""
    return _FORBIDDEN.sub("", text)


def mend(text: str) -> str:
    """Return ill-formed XML with its commonest faults mended.

    Those are bare ampersands, undefined entities and control characters. CDATA sections keep their
    ampersands. Crossed and missing tags are left as they are.
    """
    parts = _CDATA.split(tidy(text))
    return "".join(part if part.startswith("<![CDATA[") else _REFERENCE.sub(_mended_reference, part) for part in parts)


def _mended_reference(found: re.Match[str]) -> str:
    decimal, hexadecimal, name = found.groups()
    if name:
        return found[0] if name in _XML_NAMES else html.escape(html5.get(name + ";", f"&{name};"), quote=False)
    if decimal is None and hexadecimal is None:
        return "&amp;"
    code = int(decimal) if decimal else int(hexadecimal, 16)
    allowed = code in (9, 10, 13) or (32 <= code <= 0x10FFFF and not _FORBIDDEN.match(chr(code)))
    return found[0] if allowed else "\ufffd"


def fold(text: str) -> str:
    """Return `text` tidy, with every run of white space as one blank, and none at the ends."""
    return " ".join(tidy(text).split())


def plain(text: str, *, markup: bool | None = None) -> str:
    """Return a title or label as folded plain text.

    `markup` says whether it is HTML; None is a guess, for formats that do not say: HTML where it has a
    known tag or an entity. "5 < 6 & 7 > 2" has neither and is kept.
    """
    if markup is None:
        markup = _MARKUP.search(text) is not None
    if markup:
        text = html.unescape(_TAG.sub("", _BLOCK.sub(" ", text)))
    return fold(text)


def as_html(text: str) -> str:
    """Return plain text as HTML that reads the same, line breaks kept."""
    return html.escape(text, quote=False).replace("\n", "<br>\n")
