"""Find text of prompts, assistants and chat pages, after a catalogue that users extend in their config."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

import numpy as np

from dedupe.errors import ConfigError
from dedupe.fold import narrow
from dedupe.model import Kind, Leak, Post, Segments, Span, Strength

KINDS = ("prompt", "preamble", "refusal", "end", "page", "citation", "thought", "placeholder")
ANCHORS = ("line", "start", "list", "inline")

_WHOLE_PARAGRAPH = 300
"""A paragraph up to this many characters goes with the preamble it begins with; of a longer one only the sentence."""
_QUOTING = frozenset({Kind.CODE, Kind.TABLE, Kind.QUOTE, Kind.HTML, Kind.FOOTNOTE, Kind.CONFLICT})


@dataclass(frozen=True, slots=True)
class Entry:
    """One phrase of the catalogue: where it must stand, what it proves, and a line it finds and one it must not."""

    id: str
    kind: str
    lang: str
    strength: Strength
    anchor: str
    needles: tuple[str, ...]
    pattern: re.Pattern[str]
    positive: str
    legitimate: str


@cache
def read_catalogue() -> tuple[Entry, ...]:
    """Return the entries that come with the tool."""
    text = files("dedupe").joinpath("leaks.toml").read_text("utf-8")
    return tuple(read_entry(raw) for raw in tomllib.loads(text)["leak"])


def read_entry(raw: Mapping[str, Any]) -> Entry:
    """Check one entry as it stands in TOML and compile it; raises ConfigError with what is wrong."""
    name = raw.get("id", "?")
    missing = {"id", "kind", "strength", "anchor", "needle", "pattern"} - set(raw)
    if missing:
        raise ConfigError(f"leak {name!r} lacks {', '.join(sorted(missing))}")
    if raw["kind"] not in KINDS:
        raise ConfigError(f"leak {name!r} has the kind {raw['kind']!r}; use one of {', '.join(KINDS)}")
    if raw["anchor"] not in ANCHORS:
        raise ConfigError(f"leak {name!r} has the anchor {raw['anchor']!r}; use one of {', '.join(ANCHORS)}")
    if str(raw["strength"]).upper() not in Strength.__members__:
        raise ConfigError(f"leak {name!r} has the strength {raw['strength']!r}; use decisive, sign or hint")
    try:
        pattern = re.compile(_anchored(raw["pattern"], raw["anchor"]), re.M)
    except re.error as error:
        raise ConfigError(f"leak {name!r} has a pattern that does not compile: {error}") from error
    return Entry(
        id=name,
        kind=raw["kind"],
        lang=raw.get("lang", "any"),
        strength=Strength[raw["strength"].upper()],
        anchor=raw["anchor"],
        needles=(raw["needle"],) if isinstance(raw["needle"], str) else tuple(raw["needle"]),
        pattern=pattern,
        positive=raw.get("positive", ""),
        legitimate=raw.get("legitimate", ""),
    )


def _anchored(pattern: str, anchor: str) -> str:
    if anchor == "inline":
        return f"(?P<leak>{pattern})"
    opening = r"^[ \t]*(?:[-+*>#]+[ \t]+)*(?P<leak>[*_]{0,3}"
    return f"{opening}(?:{pattern}))" if anchor == "start" else rf"{opening}(?:{pattern})[*_]{{0,3}})[ \t]*\r?$"


def find_leaks(post: Post, segments: Segments, extra: tuple[Entry, ...] = ()) -> tuple[Leak, ...]:
    """Return the leaks of the body in order, none inside code, quotes, tables, HTML or elements that hold text together.

    The span of a leak is what would go with it: the line, the paragraph it begins, the list it heads, or the token.
    """
    text = narrow(post.text)
    found = [
        Leak(f"conflict:{post.text[block.span.start]}", "conflict", block.span, Strength.DECISIVE, own_line=True)
        for block in segments.blocks
        if block.kind is Kind.CONFLICT
    ]
    for entry in (*read_catalogue(), *extra):
        for match in _matches(text, post.body.start, entry):
            span = _reach(post.text, segments, Span(*match.span("leak")), entry.anchor)
            if span is not None:
                found.append(Leak(entry.id, entry.kind, span, entry.strength, own_line=entry.anchor != "inline"))
    return tuple(_outermost(sorted(found, key=lambda leak: (leak.span.start, -leak.span.end))))


def has_leak(post: Post, extra: tuple[Entry, ...] = ()) -> bool:
    """Tell whether any entry matches somewhere in the body, wherever it stands: a quick look before `find_leaks`."""
    text = narrow(post.text)
    if "<<<<<<<" in text:
        return True
    return any(True for entry in (*read_catalogue(), *extra) for _ in _matches(text, post.body.start, entry))


def _matches(text: str, start: int, entry: Entry) -> Iterator[re.Match[str]]:
    """Yield what the pattern finds in lines that hold one of its needles: text search is a hundred times as fast."""
    lines: set[int] = set()
    for needle in entry.needles:
        at = text.find(needle, start)
        while at >= 0:
            lines.add(max(start, text.rfind("\n", 0, at) + 1))
            end = text.find("\n", at)
            at = text.find(needle, end) if end >= 0 else -1
    for line in sorted(lines):
        end = text.find("\n", line)
        yield from entry.pattern.finditer(text, line, len(text) if end < 0 else end)


def _reach(text: str, segments: Segments, span: Span, anchor: str) -> Span | None:
    unit = int(np.searchsorted(segments.starts, span.start, "right")) - 1
    if unit < 0:
        return None
    index = int(segments.block_of[unit])
    block = segments.blocks[index]
    if block.kind in _QUOTING or block.container or span.start >= block.span.end:
        return None
    line = text[text.rfind("\n", 0, span.start) + 1 : span.start]
    if line.count("`") % 2:
        return None
    if anchor == "start":
        short = len(text[block.span.start : block.span.end]) <= _WHOLE_PARAGRAPH
        return Span(span.start, block.span.end if short else int(segments.ends[unit]))
    if anchor == "list":
        end = max(span.end, block.span.end if block.kind is Kind.ITEM else span.end)
        for following in segments.blocks[index + 1 :]:
            if following.kind is not Kind.ITEM or following.container:
                break
            end = following.span.end
        return Span(span.start, end)
    return span


def _outermost(leaks: list[Leak]) -> Iterator[Leak]:
    """Drop a leak that lies in another; of two over the same span the first found stays."""
    end = -1
    for leak in leaks:
        if leak.span.end > end:
            yield leak
            end = leak.span.end
