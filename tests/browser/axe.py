"""What axe-core finds wrong with a page and all its frames: `assert violations(page) == []`.

axe-core (MPL 2.0) comes inside the package axe-playwright-python; of that package only the script is used, since its
own runner looks at no frames and keeps its findings as JSON.
"""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import Any

from playwright.sync_api import Frame, Page

OF_WHOLE_PAGES = ("landmark-one-main", "region")
"""Rules for the page around a frame: the main part and the landmarks are its own."""
RUN = """async without => {
  const rules = Object.fromEntries(without.map(name => [name, {enabled: false}]))
  const found = await axe.run(document, {resultTypes: ["violations"], iframes: false, rules})
  return found.violations
}"""


def violations(page: Page) -> list[str]:
    """Return a line for each element that breaks a rule of axe-core, best practices too, frame by frame.

    "color-contrast (serious) at .quiet: Elements must meet minimum color contrast ratio thresholds; <p class=…".
    """
    return [line for frame in page.frames if not frame.is_detached() for line in violations_in(frame)]


def violations_in(frame: Frame) -> list[str]:
    """Return those of one frame alone. A frame whose sandbox forbids scripts cannot be asked: it never answers."""
    frame.wait_for_load_state("load")
    frame.evaluate(_script())
    without = OF_WHOLE_PAGES if frame.parent_frame else ()
    return [_line(found, node) for found in frame.evaluate(RUN, without) for node in found["nodes"]]


@cache
def _script() -> str:
    return files("axe_playwright_python").joinpath("axe.min.js").read_text(encoding="utf-8")


def _line(found: dict[str, Any], node: dict[str, Any]) -> str:
    where, html = " ".join(map(str, node["target"])), node["html"][:120]
    return f"{found['id']} ({found['impact']}) at {where}: {found['help']}; {_measured(node)}{html}"


def _measured(node: dict[str, Any]) -> str:
    """Return what a check measured of a contrast, or nothing."""
    for check in node["any"]:
        if "contrastRatio" in (data := check.get("data") or {}):
            return f"{data['fgColor']} on {data['bgColor']} is {data['contrastRatio']}; "
    return ""
