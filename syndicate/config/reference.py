"""The list of keys, read off the schema: for the docs, `init`, `config show` and "did you mean"."""

from __future__ import annotations

import types
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from syndicate.config.schema import Config
from syndicate.config.source import Keys


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """One key of the file, for people."""

    path: str
    """What the editor names himself is NAME: feeds.NAME.every, digests.NAME.sections[].title."""
    default: str
    """As it would be written; "required", "none" where the key is simply absent, "" for a group of keys."""
    help: str


def _inner(annotation: Any) -> Any:
    """Return an annotation without Annotated and without "or None"."""
    if get_origin(annotation) is Annotated:
        return _inner(get_args(annotation)[0])
    if get_origin(annotation) in (Union, types.UnionType):
        return _inner(next(part for part in get_args(annotation) if part is not type(None)))
    return annotation


def _step(annotation: Any) -> tuple[Any, str]:
    """Return what a container of named or numbered parts holds, and how a path writes the step into it."""
    inner = _inner(annotation)
    if get_origin(inner) is tuple:
        return _inner(get_args(inner)[0]), "[]"
    if get_origin(inner) in (Mapping, dict):
        return _inner(get_args(inner)[1]), ".NAME"
    return inner, ""


def _is_part(annotation: Any) -> bool:
    return isinstance(annotation, type) and issubclass(annotation, BaseModel)


def _fields(part: type[BaseModel]) -> Iterator[tuple[str, FieldInfo]]:
    for name, field in part.model_fields.items():
        if not field.exclude:
            yield field.alias or name, field


def key_names(part: type[BaseModel] | None) -> tuple[str, ...]:
    """Return the keys that a part of the file may hold."""
    return tuple(name for name, _ in _fields(part)) if part else ()


def part_at(keys: Keys) -> type[BaseModel] | None:
    """Return the part of the schema at a key path such as ("digests", "weekly"), or None."""
    part: Any = Config
    named = False
    for key in keys:
        if named:
            named = False
            continue
        field = dict(_fields(part)).get(str(key)) if _is_part(part) else None
        if field is None:
            return None
        part, step = _step(field.annotation)
        named = bool(step)
    return part if _is_part(part) and not named else None


@cache
def all_keys() -> tuple[Key, ...]:
    """Return every key of the file, in the order of the schema."""
    return tuple(_walk(Config, ""))


def _walk(part: type[BaseModel], above: str) -> Iterator[Key]:
    for name, field in _fields(part):
        path = f"{above}{name}"
        inner, step = _step(field.annotation)
        yield Key(path=path, default=_default(part, name, field, inner), help=field.description or "")
        if _is_part(inner):
            yield from _walk(inner, f"{path}{step}.")


def _default(part: type[BaseModel], name: str, field: FieldInfo, inner: Any) -> str:
    if field.is_required():
        return "required"
    if field.default is None:
        return "none"
    if _is_part(inner) and not isinstance(field.default, tuple | dict):
        return ""
    shown = part.model_construct().model_dump(mode="json", by_alias=True, include=_own(part, name))[name]
    return _written(shown)


def _own(part: type[BaseModel], name: str) -> set[str]:
    return {own for own, field in part.model_fields.items() if (field.alias or own) == name}


def _written(value: object) -> str:
    match value:
        case bool():
            return str(value).lower()
        case list():
            return f"[{', '.join(map(str, value))}]"
        case dict():
            return "{}"
        case str() if value.startswith("#"):
            return f'"{value}"'  # or else YAML would read a comment
        case _:
            return str(value)


def help_of(path: str) -> str:
    """Return the line of help of a key, by its path as `all_keys` writes it."""
    return next(key.help for key in all_keys() if key.path == path)


def parts_with(name: str) -> tuple[str, ...]:
    """Return where in the file a key of this name stands: ("site",) for "timezone"."""
    paths = (key.path.rpartition(".") for key in all_keys())
    return tuple(above for above, _, last in paths if last == name and above)
