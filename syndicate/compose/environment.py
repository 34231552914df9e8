"""The template environment: sandboxed, escaping, strict; the editor's folder before the package's.

Templates are text of the editor's, the values in them are text of the world: HTML is escaped by default, an unknown
name is an error and not a blank, and a template reaches no Python but what it is given.
"""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import jinja2
from jinja2.runtime import Context
from jinja2.sandbox import SandboxedEnvironment
from markupsafe import Markup, escape

from syndicate.compose.words import Words, tongue
from syndicate.errors import TemplateError

PACKAGE_TEMPLATES = Path(__file__).resolve().parent.parent / "templates"
TEXT_WIDTH = 72


def environment(folders: Sequence[Path]) -> jinja2.Environment:
    """Return an environment that looks in `folders` first, file by file, and then in the package's templates."""
    env = SandboxedEnvironment(
        loader=jinja2.FileSystemLoader([*folders, PACKAGE_TEMPLATES]),
        autoescape=jinja2.select_autoescape(["html"], default=False),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    env.filters |= FILTERS
    return env


def render(template: jinja2.Template, context: Mapping[str, object]) -> str:
    """Return the template's text. Raises TemplateError, with file, line and a hint, for whatever goes wrong in it."""
    try:
        return template.render(context)
    except jinja2.TemplateError as error:
        raise explain(error, context) from error
    except (ArithmeticError, LookupError, TypeError, ValueError, AttributeError) as error:
        raise explain(error, context) from error


def load(env: jinja2.Environment, name: str) -> jinja2.Template:
    """Return a template by name. Raises TemplateError where it is missing or does not parse."""
    try:
        return env.get_template(name)
    except jinja2.TemplateNotFound as error:
        raise TemplateError(
            f'there is no template "{error.name}"', hint=f"put it at {name} in the folder of `templates:`"
        ) from error
    except jinja2.TemplateError as error:
        raise explain(error, {}) from error


def from_string(env: jinja2.Environment, source: str) -> jinja2.Template:
    """Return a template written in the config. Raises TemplateError where it does not parse."""
    try:
        return env.from_string(source)
    except jinja2.TemplateError as error:
        raise explain(error, {}) from error


def explain(error: Exception, known: Mapping[str, object]) -> TemplateError:
    """Return the TemplateError for what Jinja2 raised: the place, and the nearest name that exists."""
    return TemplateError(_sentence(error), where=_place(error), hint=_hint(error, known))


def _sentence(error: Exception) -> str:
    text = error.message if isinstance(error, jinja2.TemplateError) else f"{type(error).__name__}: {error}"
    return f"the template does not render: {text or type(error).__name__}"


def _place(error: Exception) -> str | None:
    """Return "file:line" of the template. Jinja2 rewrites tracebacks so that their frames name template lines."""
    if isinstance(error, jinja2.TemplateSyntaxError):
        return f"{error.filename or 'config.yaml, subject'}:{error.lineno}"
    place, trace = None, error.__traceback__
    while trace is not None:
        name = trace.tb_frame.f_code.co_filename
        if name == "<template>":
            place = "config.yaml, subject"
        elif Path(name).suffix != ".py":
            place = f"{name}:{trace.tb_lineno}"
        trace = trace.tb_next
    return place


def _hint(error: Exception, known: Mapping[str, object]) -> str | None:
    if not isinstance(error, jinja2.UndefinedError) or not known:
        return None
    words = (error.message or "").replace("'", " ").split()
    near = next((match for word in words for match in get_close_matches(word, known, n=1)), None)
    return f'did you mean "{near}"?' if near else f"a template knows {', '.join(sorted(known))}"


def wrapped(text: str, indent: int = 0) -> str:
    """Return a paragraph as lines of at most 72 columns, each set in by `indent` blanks."""
    blank = " " * indent
    if len(blank) + len(text) <= TEXT_WIDTH:
        return blank + text
    return textwrap.fill(text, TEXT_WIDTH, initial_indent=blank, subsequent_indent=blank, break_on_hyphens=False)


def _words(context: Context) -> Words:
    words = context["t"]
    if not isinstance(words, Words):
        raise TypeError("t must be the letter's words")
    return words


@jinja2.pass_context
def _longdate(context: Context, moment: Any) -> str:
    return _words(context).date(moment)


@jinja2.pass_context
def _quoted(context: Context, names: Sequence[str]) -> str:
    return _words(context).quoted(names)


@jinja2.pass_context
def _names(context: Context, names: Sequence[str]) -> str:
    return _words(context).names(names)


@jinja2.pass_context
def _tongue(context: Context, text: str) -> Markup:
    """Return ` lang="…" dir="…"` for a text that is not in the letter's own language, or nothing."""
    attributes = tongue(str(text), _words(context))
    return Markup("").join(Markup(' {}="{}"').format(name, escape(value)) for name, value in attributes.items())


FILTERS: Mapping[str, Callable[..., Any]] = {
    "longdate": _longdate,
    "names": _names,
    "quoted": _quoted,
    "tongue": _tongue,
    "wrapped": wrapped,
}
"""`date|longdate`, `directors|names`, `lists|quoted`, `text|tongue` (lang, dir), `text|wrapped(2)` for text parts."""
