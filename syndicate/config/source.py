"""YAML 1.2 → plain values, each with the line it stood on. Knows nothing of our keys.

A mapping's keys are always text. Scalars are text, whole numbers, booleans or None; whatever else YAML
would see (dates, decimal numbers) stays the text that was written. Tags and merge keys are refused,
aliases are followed.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from io import StringIO

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

Keys = tuple[str | int, ...]
MAX_BYTES = 500_000
_MAX_NODES = 20_000
_CORE = "tag:yaml.org,2002:"
_TAGS = frozenset({"str", "int", "float", "bool", "null", "timestamp", "value", "merge", "map", "seq"})
"""What YAML finds by itself; whatever else stands here was written as a tag."""
_WHOLE = re.compile(r"[-+]?[0-9]{1,18}", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One thing that is wrong: its line (None: the file as a whole), its key path, what is wrong."""

    line: int | None
    keys: Keys = ()
    what: str

    def told(self, name: str) -> str:
        """Return "config.yaml line 4: site.timezon: no such key": one line, whatever the file held."""
        place = f"{name} line {self.line}" if self.line else name
        text = f"{place}: {dotted(self.keys)}: {self.what}" if self.keys else f"{place}: {self.what}"
        return "".join(character if character.isprintable() else f"\\u{ord(character):04x}" for character in text)


def dotted(keys: Keys) -> str:
    """Return a key path as people write it: digests.weekly.sections[0].title."""
    text = ""
    for key in keys:
        text += f"[{key}]" if isinstance(key, int) else f".{key}" if text else key
    return text


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """The file as plain values, the line of each key path, and what was wrong with it as YAML."""

    tree: Mapping[str, object] = field(default_factory=dict)
    marks: Mapping[Keys, int] = field(default_factory=dict)
    faults: tuple[Fault, ...] = ()

    def line(self, keys: Keys) -> int | None:
        """Return the line of this key path, or of the nearest one above it."""
        while keys and keys not in self.marks:
            keys = keys[:-1]
        return self.marks.get(keys)


def parse_source(body: bytes) -> Source:
    """Return what a configuration file says. Never raises: what cannot be read is told in `faults`."""
    if len(body) > MAX_BYTES:
        return _unreadable(None, f"is larger than {MAX_BYTES:,} bytes; that is no configuration")
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = body.count(b"\n", 0, error.start) + 1
        return _unreadable(line, "is not UTF-8; save the file as UTF-8")
    return _parse_text(text)


def _parse_text(text: str) -> Source:
    try:
        root = YAML(typ="safe", pure=True).compose(text)
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        return _unreadable(mark.line + 1 if mark else None, _words(error))
    except YAMLError as error:
        return _unreadable(_odd_character(text), f"is no YAML: {str(error).splitlines()[0]}")
    except (RecursionError, ValueError):
        return _unreadable(None, "is no YAML that can be read: it is nested too deeply or malformed")
    if root is None:
        return _unreadable(None, "is empty; write one with `syndicate init`")
    if not isinstance(root, MappingNode):
        return _unreadable(root.start_mark.line + 1, 'is no configuration: it begins with a key, such as "site:"')
    return _Walk().source(root)


def write_tree(tree: Mapping[str, object]) -> str:
    """Return plain values as YAML, a key to a line, in the order given."""
    yaml, stream = YAML(typ="safe", pure=True), StringIO()
    yaml.default_flow_style = False
    yaml.allow_unicode = True
    yaml.width = 110
    yaml.sort_base_mapping_type_on_output = False  # type: ignore[assignment]
    yaml.dump(dict(tree), stream)
    return stream.getvalue()


def _unreadable(line: int | None, what: str) -> Source:
    return Source(faults=(Fault(line=line, what=what),))


def _odd_character(text: str) -> int | None:
    match = re.search(r"[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]", text)
    return text.count("\n", 0, match.start()) + 1 if match else None


def _words(error: MarkedYAMLError) -> str:
    problem = str(error.problem or error.context or "it cannot be read")
    if "'\\t'" in problem:
        return "a tab; YAML is indented with spaces"
    if "mapping values are not allowed" in problem:
        return "a colon where none can stand; put the value in quotes"
    if "another document" in problem:
        return "a second document begins (---); one file is one configuration"
    opened = f" (opened on line {error.context_mark.line + 1})" if error.context_mark else ""
    return f"is no YAML: {problem}{opened}"


@dataclass(slots=True)
class _Walk:
    """One walk over the tree of nodes. Aliases are walked each time, so the nodes are counted."""

    marks: dict[Keys, int] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)
    inside: list[Node] = field(default_factory=list)
    seen: int = 0

    def source(self, root: MappingNode) -> Source:
        tree = self.mapping(root, ())
        self.marks[()] = root.start_mark.line + 1
        if self.seen > _MAX_NODES:
            return _unreadable(None, "says too much: its aliases (*name) multiply into thousands of values")
        return Source(tree=tree, marks=self.marks, faults=tuple(self.faults))

    def value(self, node: Node, keys: Keys) -> object:
        self.seen += 1
        if self.seen > _MAX_NODES:
            return None
        if any(node is outer for outer in self.inside):
            self.fault(node, keys, "an alias (*name) of what it stands in")
            return None
        self.inside.append(node)
        try:
            return self.plain(node, keys)
        finally:
            self.inside.pop()

    def plain(self, node: Node, keys: Keys) -> object:
        if str(node.tag).removeprefix(_CORE) not in _TAGS:
            self.fault(node, keys, f"a tag ({node.tag}) has no meaning here; write the plain value")
            return None
        if isinstance(node, MappingNode):
            return self.mapping(node, keys)
        if isinstance(node, SequenceNode):
            return self.sequence(node, keys)
        return _scalar(node)

    def mapping(self, node: MappingNode, keys: Keys) -> dict[str, object]:
        found: dict[str, object] = {}
        for key_node, value_node in node.value:
            key = self.key(key_node, keys)
            if key is None:
                continue
            if key in found:
                self.fault(key_node, (*keys, key), f"stands twice; first on line {self.marks[(*keys, key)]}")
                continue
            self.marks[(*keys, key)] = key_node.start_mark.line + 1
            found[key] = self.value(value_node, (*keys, key))
        return found

    def key(self, node: Node, keys: Keys) -> str | None:
        if not isinstance(node, ScalarNode):
            self.fault(node, keys, "a key must be a plain word")
        elif node.value == "<<":
            self.fault(node, keys, "<< (merge) is not read here; write the lines out")
        else:
            return _whole(node.value)
        return None

    def sequence(self, node: SequenceNode, keys: Keys) -> list[object]:
        found = []
        for number, item in enumerate(node.value):
            self.marks[(*keys, number)] = item.start_mark.line + 1
            found.append(self.value(item, (*keys, number)))
        return found

    def fault(self, node: Node, keys: Keys, what: str) -> None:
        self.faults.append(Fault(line=node.start_mark.line + 1, keys=keys, what=what))


def _whole(text: str) -> str:
    """Return a text whose escaped surrogate pairs ("\\ud83c\\udfac", as JSON writes them) are characters again."""
    return text if text.isascii() else text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _scalar(node: Node) -> object:
    text = _whole(node.value)
    match str(node.tag).removeprefix(_CORE):
        case "null":
            return None
        case "bool":
            return text.lower() == "true"
        case "int" if _WHOLE.fullmatch(text):
            return int(text)
        case _:
            return text
