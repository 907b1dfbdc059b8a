"""Find text of prompts, assistants and chat pages, after a catalogue that users extend in their config."""

from __future__ import annotations

import re
import tomllib
from bisect import bisect
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dedupe.errors import ConfigError
from dedupe.fold import narrow
from dedupe.model import Kind, Leak, Post, Segments, Span, Strength

KINDS = ("prompt", "preamble", "refusal", "end", "page", "citation", "thought", "placeholder")
ANCHORS = ("label", "line", "start", "list", "inline", "title")

_OF_THE_TASK = re.compile(
    r"記事の(?:続き|最後|末尾)|続きを|執筆|補完し|完成させ|ご提示|ご要望|ご指定|as requested|the continuation|接着写|续写|이어서"
)
_HASHES, _FACTOR = 1 << 16, 40503
"""How many hashes pairs of characters have, and what the first is multiplied with (Knuth, TAOCP 3, 6.4)."""
_OPENS = re.compile(r"[-*_\[(【<«〈《「『〔{=#~—―](?<!\S.)")
"""A sign that may open a framed label, at the start of a word."""
_DEPTH = 6
"""Characters of a needle that are looked up by their hash."""
_QUOTING = frozenset({Kind.CODE, Kind.TABLE, Kind.QUOTE, Kind.FOOTNOTE, Kind.CONFLICT})


@dataclass(frozen=True, slots=True)
class Entry:
    """One phrase of the catalogue: where it must stand, what it proves, and a line it finds and one it must not."""

    id: str
    kind: str
    lang: str
    strength: Strength
    anchor: str
    needles: tuple[str, ...]
    pattern: str
    woven: str
    positive: str
    legitimate: str


@cache
def read_catalogue() -> tuple[Entry, ...]:
    """Return the entries that come with the tool."""
    text = files("dedupe").joinpath("leaks.toml").read_text("utf-8")
    return tuple(_build(raw) for raw in tomllib.loads(text)["leak"])


def read_entry(raw: Mapping[str, Any]) -> Entry:
    """Check one entry of a user's settings, as it stands in TOML; raises ConfigError with what is wrong."""
    name = raw.get("id", "?")
    missing = {"id", "kind", "strength", "anchor", "needle", "pattern"} - set(raw)
    if missing:
        raise ConfigError("leak {name!r} lacks {known}", name=name, known=", ".join(sorted(missing)))
    if raw["kind"] not in KINDS:
        raise ConfigError(
            "leak {name!r} has the kind {value!r}; use one of {known}", name=name, value=raw["kind"], known=", ".join(KINDS)
        )
    if raw["anchor"] not in ANCHORS:
        raise ConfigError(
            "leak {name!r} has the anchor {value!r}; use one of {known}", name=name, value=raw["anchor"], known=", ".join(ANCHORS)
        )
    if str(raw["strength"]).upper() not in Strength.__members__:
        raise ConfigError(
            "leak {name!r} has the strength {value!r}; use decisive, sign or hint", name=name, value=raw["strength"]
        )
    entry = _build(raw)
    try:
        re.compile(entry.pattern)
    except re.error as error:
        raise ConfigError("leak {name!r} has a pattern that does not compile: {error}", name=name, error=error) from error
    return entry


def _build(raw: Mapping[str, Any]) -> Entry:
    return Entry(
        id=raw["id"],
        kind=raw["kind"],
        lang=raw.get("lang", "any"),
        strength=Strength[raw["strength"].upper()],
        anchor=raw["anchor"],
        needles=(raw["needle"],) if isinstance(raw["needle"], str) else tuple(raw["needle"]),
        pattern=_anchored(raw["pattern"], raw["anchor"]),
        woven=_woven(raw["pattern"], raw["kind"], raw["anchor"]),
        positive=raw.get("positive", ""),
        legitimate=raw.get("legitimate", ""),
    )


def _anchored(pattern: str, anchor: str) -> str:
    if anchor == "inline":
        return f"(?P<leak>{pattern})"
    if anchor == "label":
        return rf"^[ \t]*(?P<bare>#{{1,6}}[ \t]+)?(?P<leak>[*_]{{0,3}}(?:{_framed(pattern)})[*_]{{0,3}})[ \t]*\r?$"
    opening = r"^[ \t]*(?:[-+*>#]+[ \t]+)*(?P<leak>[*_]{0,3}"
    return f"{opening}(?:{pattern}))" if anchor in {"start", "title"} else rf"{opening}(?:{pattern})[*_]{{0,3}})[ \t]*\r?$"


def _framed(pattern: str) -> str:
    """Return `pattern` in a frame; before a colon (captured as `colon`) or behind a heading sign (`bare`)."""
    return rf"{_in_frame(pattern)}|(?P<colon>(?:{pattern})\s*:)|(?(bare)(?:{pattern})|(?!))"


def _in_frame(pattern: str) -> str:
    """Return `pattern` in brackets or between rules."""
    brackets = rf"[\[(【<«〈《「『〔{{]{{1,3}}\s*(?:{pattern})\s*:?\s*[\])】>»〉》」』〕}}]{{1,3}}[*_]{{0,3}}\s*[:↓]?"
    return rf"{brackets}|[-=*#~—―]{{2,}}\s*(?:{pattern})\s*[-=*#~—―]{{2,}}"


def _woven(pattern: str, kind: str, anchor: str) -> str:
    """Return what finds a framed label between words of a line, as an echo flattens it, or a framed end behind them."""
    if kind == "end" and anchor == "line":
        return rf"[ \t](?<=\S.)[ \t]*(?P<leak>[*_]{{0,3}}(?=[^\w\s])(?:{pattern}))[ \t]*\r?$"
    if anchor != "label":
        return ""
    framed = rf"[*_]{{0,3}}(?:{_in_frame(pattern)})[*_]{{0,3}}|[*_]{{2,3}}(?:{pattern})\s*:?[*_]{{2,3}}\s*:?"
    bare = rf"^(?:\#{{1,6}}[ \t]+(?:{pattern})\s*:?|(?:{pattern})\s*:)(?=[ \t]+\S)"
    return rf"(?<!\S)(?P<leak>{framed}|{bare})(?!\S)"


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
    for entry, match, woven in _matches(text, post.body.start, extra):
        span = _reach(post.text, segments, Span(*match.span("leak")), "inline" if woven else entry.anchor)
        if span is not None and woven:
            found.append(Leak(entry.id, entry.kind, span, min(entry.strength, Strength.SIGN), own_line=True, woven=True))
        elif span is not None:
            # Over a text it may be a heading of the author's own; over nothing it is none.
            bare = entry.anchor == "label" and (match["bare"] or match["colon"]) and post.text[span.end :].strip()
            strength = min(entry.strength, Strength.SIGN) if bare else entry.strength
            own_line = entry.anchor != "inline" or (entry.kind == "end" and _is_at_edge(post.text, span))
            found.append(Leak(entry.id, entry.kind, span, strength, own_line))
    found.sort(key=lambda leak: (leak.span.start, -leak.span.end, leak.woven, -leak.strength, leak.id))
    return tuple(_outermost(found))


def has_leak(post: Post, extra: tuple[Entry, ...] = ()) -> bool:
    """Tell whether any entry matches somewhere in the body, wherever it stands: a quick look before `find_leaks`."""
    text = narrow(post.text)
    return "<<<<<<<" in text or any(True for _ in _matches(text, post.body.start, extra))


def find_in_titles(titles: Sequence[str], extra: tuple[Entry, ...] = ()) -> dict[int, str]:
    """Return which titles (or texts of links, by their places) are what an assistant said, and the ids of the entries that tell.

    These are the refusals and preambles of the catalogue, and the entries with the anchor `title`, which are for such short,
    often cut-off texts alone.
    """
    every = narrow("\n".join(" ".join(title.split()) for title in titles))
    lines = every.split("\n")
    found: dict[int, str] = {}
    for entry in (*read_catalogue(), *extra):
        fits = entry.anchor == "title" or (entry.kind in {"refusal", "preamble"} and entry.anchor in {"start", "line"})
        if fits and any(needle in every for needle in entry.needles):
            for place, line in enumerate(lines):
                if re.match(entry.pattern, line, re.MULTILINE):
                    found.setdefault(place, entry.id)
    return found


def _matches(text: str, start: int, extra: tuple[Entry, ...]) -> Iterator[tuple[Entry, re.Match[str], bool]]:
    """Yield what patterns find in lines that hold one of their needles, and whether as a label woven into its line.

    One search for all needles, then a few lines.
    """
    needles = _read_needles((*read_catalogue(), *extra))
    met: dict[int, set[str]] = {}
    for place, word in needles.places(text, start):
        longer = (other for other in needles.longer[word] if text.startswith(other, place))
        met.setdefault(text.rfind("\n", 0, place) + 1, set()).update([word, *longer])
    for line, words in met.items():
        end = text.find("\n", line)
        for entry in dict.fromkeys(entry for word in words for entry in needles.entries[word]):
            yield from _search_line(entry, text, max(start, line), end if end >= 0 else len(text))


def _search_line(entry: Entry, text: str, start: int, end: int) -> Iterator[tuple[Entry, re.Match[str], bool]]:
    """Yield what an entry finds in one line: at its start, or anywhere where it is meant to stand anywhere.

    To try a pattern at each place of a draft that was flattened into one line takes longer than all else that is done here.
    """
    # Compiled when first needed, and then kept by `re`: most of the catalogue never is.
    pattern = re.compile(entry.pattern, re.MULTILINE)
    if entry.anchor == "inline":
        yield from ((entry, match, False) for match in pattern.finditer(text, start, end))
    elif match := pattern.match(text, start, end):
        yield entry, match, False
    if entry.woven and entry.anchor == "label":
        woven, at = re.compile(entry.woven, re.MULTILINE), start
        for opening in (start, *(sign.start() for sign in _OPENS.finditer(text, start, end))):
            if opening >= at and (match := woven.match(text, opening, end)):
                yield entry, match, True
                at = match.end()
    elif entry.woven:
        yield from ((entry, match, True) for match in re.compile(entry.woven, re.MULTILINE).finditer(text, start, end))


@dataclass(frozen=True)
class _Needles:
    """The needles of a catalogue: their entries, which go on from which, and how they begin.

    `begins[n]` has the hashes of their first n + 2 characters, `whole[n]` those that are a needle already.
    """

    entries: Mapping[str, tuple[Entry, ...]]
    longer: Mapping[str, tuple[str, ...]]
    single: tuple[int, ...]
    pattern: re.Pattern[str]
    begins: NDArray[np.bool_]
    whole: NDArray[np.bool_]

    def places(self, text: str, start: int) -> Iterator[tuple[int, str]]:
        """Yield where a needle begins and the shortest that does: a look at all pairs at once, then a match where one is met."""
        points = np.frombuffer((text[start:] + "\n").encode("utf-32-le", "surrogatepass"), np.uint32)
        pairs = _hash(points[:-1], points[1:])
        going = np.flatnonzero(self.begins[0, pairs])
        hashes, found = pairs[going], [np.flatnonzero(points == char) for char in self.single]
        for length in range(2, _DEPTH):
            found.append(going[self.whole[length - 2, hashes]])
            hashes = _hash(hashes, points[np.minimum(going + length, len(points) - 1)])
            goes_on = self.begins[length - 1, hashes]
            going, hashes = going[goes_on], hashes[goes_on]
        # Not np.unique: it loads all of numpy.ma, which takes longer than a post.
        for place in sorted({*(np.concatenate([*found, going]) + start).tolist()}):
            if match := self.pattern.match(text, place):
                yield place, match[0]


def _hash(first: NDArray[np.uint32], second: NDArray[np.uint32]) -> NDArray[np.uint32]:
    return (first * np.uint32(_FACTOR) + second) & np.uint32(_HASHES - 1)


@cache
def _read_needles(entries: tuple[Entry, ...]) -> _Needles:
    entries = tuple(entry for entry in entries if entry.anchor != "title")
    words = sorted({needle for entry in entries for needle in entry.needles})
    begins, whole = np.zeros((2, _DEPTH - 1, _HASHES), bool)
    for word in words:
        hashed = ord(word[0])
        for number, char in enumerate(word[1:_DEPTH]):
            hashed = (hashed * _FACTOR + ord(char)) & (_HASHES - 1)
            begins[number, hashed] = True
            whole[number, hashed] |= len(word) == number + 2
    by_word: dict[str, list[Entry]] = {word: [] for word in words}
    for entry in entries:
        for needle in dict.fromkeys(entry.needles):
            by_word[needle].append(entry)
    return _Needles(
        {word: tuple(some) for word, some in by_word.items()},
        # In their order those that go on from a word follow it.
        {word: tuple(words[at : bisect(words, f"{word}\U0010ffff")]) for at, word in enumerate(words, 1)},
        tuple(ord(word) for word in words if len(word) == 1),
        re.compile("|".join(map(re.escape, words))),
        begins,
        whole,
    )


def _reach(text: str, segments: Segments, span: Span, anchor: str) -> Span | None:
    unit = int(np.searchsorted(segments.starts, span.start, "right")) - 1
    if unit < 0:
        return None
    index = int(segments.block_of[unit])
    block = segments.blocks[index]
    if block.kind in _QUOTING or block.container or span.start >= block.span.end:
        return None
    if block.kind is Kind.HEADING and anchor in {"label", "line"} and block.span.end <= span.end:
        return block.span
    line = text[text.rfind("\n", 0, span.start) + 1 : span.start]
    # A draft cut off in code leaves a sign without its fellow.
    if line.count("`") % 2 and "`" in text[span.end :].partition("\n")[0]:
        return None
    if anchor == "start":
        return Span(span.start, _end_of_answer(text, segments, unit, span))
    if anchor == "list":
        end = max(span.end, block.span.end if block.kind is Kind.ITEM else span.end)
        listed = block.kind is Kind.ITEM
        for following in segments.blocks[index + 1 :]:
            apart = text.count("\n", end, following.span.start) > 1
            if following.kind is not Kind.ITEM or following.container or (listed and apart):
                break
            end, listed = following.span.end, True
        return Span(span.start, end)
    return span


def _end_of_answer(text: str, segments: Segments, unit: int, span: Span) -> int:
    """Return where an answer ends: with its sentence, and those after it in the paragraph that speak of the task too."""
    block = segments.block_of[unit]
    while segments.ends[unit] < span.end:
        unit += 1
    while unit + 1 < len(segments) and segments.block_of[unit + 1] == block:
        if not _OF_THE_TASK.search(text, segments.starts[unit + 1], segments.ends[unit + 1]):
            break
        unit += 1
    return int(segments.ends[unit])


def _is_at_edge(text: str, span: Span) -> bool:
    """Tell whether a line begins or ends with the span."""
    begin, end = text.rfind("\n", 0, span.start) + 1, text.find("\n", span.end)
    return not text[begin : span.start].strip() or not text[span.end : end if end >= 0 else len(text)].strip()


def _outermost(leaks: list[Leak]) -> Iterator[Leak]:
    """Drop a leak that lies in another; of two over the same span the stronger stays."""
    end = -1
    for leak in leaks:
        if leak.span.end > end:
            yield leak
            end = leak.span.end
