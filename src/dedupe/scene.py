"""One post as the rules see it: its units with their kinds, states and neighbours, and what stands where before."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import Enum
from itertools import pairwise
from textwrap import dedent

import numpy as np
from numpy.typing import NDArray

from dedupe.copies import Copies
from dedupe.fold import fold
from dedupe.model import PROSE, Folded, Integers, Kind, Leak, Post, Segments, Span, Strength
from dedupe.near import Likeness
from dedupe.split import begins_again

_SHORT = 12
"""A sentence of fewer folded characters proves nothing by standing twice."""
_LONG = 40
"""A unit that long counts as a sentence even where no stop ends it."""


_STEP = 400
"""Folded characters a copy may leave out between two sentences and still follow its witness."""
_STYLE, _TIDY = 5, 0.8
"""From that many paragraphs on, and that share of them ended by a stop, a post is tidy: one without was cut off."""
_WIDE_FROM = 0x1100
_DOTS = ".…"
_DOTTED = 6
"""More dots than that are no ellipsis."""


class State(Enum):
    """What a unit is to the rest of its post; void are rules, dots that stand alone, and signs that fold to nothing."""

    NEW = "new"
    COPY = "copy"
    LEAK = "leak"
    VOID = "void"


_BOLD = re.compile(r"\*\*[^*\n]+\*\*[:：]?")
_TITLE = re.compile(r"""^[ \t]*"?title"?[ \t]*[:=][ \t]*(?P<quote>["']?)(?P<title>.+?)(?P=quote),?[ \t]*\r?$""", re.MULTILINE)
NEW, COPY, LEAK, VOID = State
"""The states by short names: to look up a member of an enumeration takes longer than most of what is asked of a unit."""


@dataclass(frozen=True, slots=True)
class Scene:
    """Units as plain lists, for rules that look at a few of them many times; folded offsets unless said otherwise.

    `heads` are the headings and what looks like one; `witness_first` and `witness_last` the units in which the witness of each
    begins and ends, -1 for none. `chars` are the folded codes as a string; `source` is that of Copies, `root` where it leads to
    in the end.
    """

    post: Post
    segments: Segments
    folded: Folded
    chars: str
    leaks: tuple[Leak, ...]
    spans: list[Span]
    block: list[int]
    kind: list[Kind]
    container: list[int]
    first: list[int]
    last: list[int]
    length: list[int]
    opens: list[bool]
    closes: list[bool]
    heads: frozenset[int]
    witness: list[int]
    witness_first: list[int]
    witness_last: list[int]
    source: Integers
    root: Integers
    state: list[State]
    stopped: list[bool]
    prose: list[bool]
    weight: list[int]
    newlines: list[int]
    roomy: bool
    tidy: bool
    begins: frozenset[int]
    whole_ends: frozenset[int]
    near: Mapping[int, Likeness]

    def __len__(self) -> int:
        return len(self.spans)

    def text(self, unit: int) -> str:
        return self.post.text[slice(*self.spans[unit])]

    def folded_text(self, unit: int) -> str:
        return self.chars[self.first[unit] : self.last[unit]]

    def is_cut(self, unit: int) -> bool:
        """Tell whether the unit ends its block without ending a sentence."""
        return self.kind[unit] in PROSE and self.closes[unit] and not self.stopped[unit] and self.length[unit] > 0

    def stem(self, unit: int) -> int:
        """Return the length of the unit without the dots of an ellipsis at its end."""
        if self.chars[self.last[unit] - 1] not in _DOTS:
            return self.length[unit]
        chars = self.folded_text(unit)
        stem = chars.rstrip(_DOTS)
        dots = chars[len(stem) :]
        return len(stem) if len(dots) >= 3 or "…" in dots else len(chars)

    def witness_end(self, unit: int) -> int:
        """Return the folded place where what the unit is a copy of ends."""
        like = self.near.get(unit)
        return self.witness[unit] + self.length[unit] if like is None else like.place.end

    def follows(self, before: int, unit: int) -> bool:
        """Tell whether two copies stand in this order, near each other, in what they are copies of or where that stood first."""
        if 0 <= self.witness[unit] - self.witness_end(before) <= _STEP:
            return True
        return bool(0 <= self.root[self.first[unit]] - (self.root[self.last[before] - 1] + 1) <= _STEP)

    def is_broken_copy(self, before: int, unit: int) -> bool:
        """Tell whether two units are copies of one that a break cut in two."""
        both = self.state[before] is COPY and self.state[unit] is COPY
        if not both or before + 1 != unit or self.stopped[before] or not self.is_cut(before):
            return False
        place = self.witness[unit]
        return self.witness_end(before) == place and self.first[self.unit_at(place)] < place

    def is_wide(self, unit: int) -> bool:
        """Tell whether more than one blank line stands before the unit in a post that seldom leaves so much room."""
        return self.newlines[unit] >= 3 and not self.roomy

    def unit_at(self, place: int) -> int:
        """Return the unit that holds a folded place."""
        return bisect_right(self.first, place) - 1

    def unit_from(self, offset: int) -> int:
        """Return the first unit that starts at or after an offset of the text."""
        return bisect_left(self.spans, (offset,))

    def units_in(self, spans: Iterable[Span]) -> list[int]:
        """Return the units that lie in spans of the text."""
        return [
            unit
            for span in spans
            for unit in range(self.unit_from(span.start), self.unit_from(span.end))
            if self.spans[unit].end <= span.end
        ]

    def begins_with(self, unit: int, other: int) -> bool:
        """Tell whether the text from `unit` on begins with the whole of `other`, but for an ellipsis at its end."""
        start = self.first[other]
        return self.chars.startswith(self.chars[start : start + self.stem(other)], self.first[unit])

    def span_of(self, place: int, length: int) -> Span:
        """Return the span of the text at a folded place."""
        offsets = self.folded.offsets
        return Span(int(offsets[place]), int(offsets[place + length - 1]) + 1)


def set_scene(
    post: Post,
    segments: Segments,
    folded: Folded,
    copies: Copies,
    leaks: tuple[Leak, ...],
    near: Mapping[int, Likeness] | None = None,
) -> Scene:
    """Lay out what the stages before found, unit by unit; `near` are those of `copies` that are no exact ones."""
    blocks = segments.blocks
    spans = list(map(Span, segments.starts.tolist(), segments.ends.tolist()))
    block = segments.block_of.tolist()
    borders = [
        a != b or ("\n" in post.text[left.end : right.start] and begins_again(post.text, blocks[a], left.end, right.start))
        for (a, left), (b, right) in pairwise(zip(block, spans, strict=True))
    ]
    kind = [blocks[index].kind for index in block]
    container = [blocks[index].container for index in block]
    first, last, witness = copies.starts.tolist(), copies.ends.tolist(), copies.witness.tolist()
    stopped = segments.stopped.tolist()
    chars = folded.codes.tobytes().decode("utf-32-le", "surrogatepass")

    def breaks_off(unit: int) -> bool:
        behind_another = unit > 0 and block[unit - 1] == block[unit]
        return kind[unit] is Kind.PARAGRAPH and not stopped[unit] and (behind_another or last[unit] - first[unit] >= _LONG)

    leaky = _leaky(spans, block, witness, leaks, breaks_off)
    opens, closes = _find_edges(borders, leaky, len(block))
    state = _find_states(post, spans, kind, container, copies, chars, leaky, near or {})
    for unit in _begun_again(block, kind, closes, stopped, state, copies, chars):
        state[unit] = NEW
    prose = [
        kind[unit] in PROSE
        and not container[unit]
        and last[unit] - first[unit] >= _SHORT
        and (stopped[unit] or last[unit] - first[unit] >= _LONG)
        for unit in range(len(spans))
    ]
    newlines = _count_newlines(post.text, spans)
    endings = [stopped[unit] for unit in range(len(spans)) if closes[unit] and kind[unit] is Kind.PARAGRAPH]
    # Room that damage left says nothing of how the author spaces paragraphs.
    quiet = [kind_ is NEW and (stop or not shut) for kind_, stop, shut in zip(state, stopped, closes, strict=True)]
    gaps = [count for unit, count in enumerate(newlines) if count >= 2 and quiet[unit - 1] and state[unit] is NEW]
    return Scene(
        post=post,
        segments=segments,
        folded=folded,
        chars=chars,
        leaks=leaks,
        spans=spans,
        block=block,
        kind=kind,
        container=container,
        first=first,
        last=last,
        length=(copies.ends - copies.starts).tolist(),
        opens=opens,
        closes=closes,
        heads=_find_heads(post.text, spans, kind, opens),
        witness=witness,
        witness_first=_find_units(copies, copies.witness),
        witness_last=_find_units(copies, _find_witness_ends(copies, near or {}) - 1),
        source=copies.source,
        root=find_roots(copies.source),
        state=state,
        stopped=stopped,
        prose=prose,
        weight=weigh(folded.codes, copies.starts, copies.ends).tolist(),
        newlines=newlines,
        begins=copies.begins,
        whole_ends=copies.whole_ends,
        near=near or {},
        tidy=len(endings) >= _STYLE and sum(endings) >= _TIDY * len(endings),
        roomy=sum(count >= 3 for count in gaps) > max(2, 0.25 * len(gaps)),
    )


def title_of(scene: Scene, unit: int) -> Span | None:
    """Return where the front matter has the title that a unit says once more; None for any other unit."""
    title = _TITLE.search(scene.post.text, 0, scene.post.header.end)
    if not title or not np.array_equal(fold(title["title"]).codes, scene.folded.codes[scene.first[unit] : scene.last[unit]]):
        return None
    return Span(*title.span("title"))


def find_footers(scene: Scene) -> frozenset[int]:
    """Return the units a site appends on purpose: lists of links with their heading, and what is no prose after them."""
    if Kind.LINKS not in scene.kind:
        return frozenset()
    footers: set[int] = set()
    for unit, kind in enumerate(scene.kind):
        if kind is Kind.LINKS:
            footers.add(unit)
            if unit and scene.kind[unit - 1] is Kind.HEADING:
                footers.add(unit - 1)
    tail = len(scene) - 1
    while tail >= 0 and (tail in footers or not (scene.prose[tail] or scene.kind[tail] in {Kind.HEADING, Kind.CODE, Kind.TABLE})):
        tail -= 1
    rest = range(tail + 1, len(scene))
    first = next((unit for unit in rest if unit in footers), len(scene))
    return frozenset(footers.union(unit for unit in rest if unit >= first))


def level(scene: Scene, heading: int) -> int:
    """Return the level of a heading: 1 to 6, and 7, below all, for a line in bold."""
    text = scene.text(heading)
    return len(text) - len(text.lstrip("#")) or 7


def find_roots(source: Integers) -> Integers:
    """Return for each folded place where the way from copy to copy ends, given one step of it.

    Raises AssertionError for a way that leads in a circle: no copy would stay.
    """
    root = source
    for _ in range(len(source).bit_length() + 1):
        if np.array_equal(root, further := root[root]):
            assert np.array_equal(source[root], root)
            return root
        root = further
    raise AssertionError


def _find_heads(text: str, spans: list[Span], kind: list[Kind], opens: list[bool]) -> frozenset[int]:
    """Return the headings, and the lines in bold that open a paragraph: they head it though it comes without a blank line."""
    heads = [unit for unit, each in enumerate(kind) if each is Kind.HEADING]
    starts = [unit for unit in range(len(spans) - 1) if opens[unit] and text.startswith("**", spans[unit].start)]
    bold = [
        unit for unit in starts if _BOLD.fullmatch(text, *spans[unit]) and "\n" in text[spans[unit].end : spans[unit + 1].start]
    ]
    return frozenset([*heads, *bold])


def _count_newlines(text: str, spans: list[Span]) -> list[int]:
    """Return how many line breaks stand before each unit, none counted before the first."""
    gaps = ((before.end, after.start) for before, after in pairwise(spans))
    return [0, *(text.count("\n", end, start) if start > end else 0 for end, start in gaps)]


def _find_units(copies: Copies, places: Integers) -> list[int]:
    """Return the units that hold folded places, -1 for places before all of them."""
    units: list[int] = (np.searchsorted(copies.starts, places, "right") - 1).tolist()
    return units


def _find_witness_ends(copies: Copies, near: Mapping[int, Likeness]) -> Integers:
    """Return where the witness of each unit ends, 0 for none."""
    ends = np.where(copies.witness < 0, 0, copies.witness + copies.ends - copies.starts)
    for unit, like in near.items():
        ends[unit] = like.place.end
    return ends


def _find_edges(borders: list[bool], leaky: set[int], count: int) -> tuple[list[bool], list[bool]]:
    """Tell which units open and close their block; what a leak opens or closes is opened or closed by the text beside it."""
    opens, closes = [True, *borders][:count], [*borders, True][:count]
    for unit in sorted(leaky):
        if opens[unit] and not closes[unit]:
            opens[unit + 1] = True
    for unit in sorted(leaky, reverse=True):
        if closes[unit] and not opens[unit]:
            closes[unit - 1] = True
    return opens, closes


def _find_states(
    post: Post,
    spans: list[Span],
    kind: list[Kind],
    container: list[int],
    copies: Copies,
    chars: str,
    leaky: set[int],
    near: Mapping[int, Likeness],
) -> list[State]:
    first, last, witness = copies.starts.tolist(), copies.ends.tolist(), copies.witness.tolist()
    # An element (a `<details>`, a `:::` box) goes as a whole or not at all.
    held = {
        number
        for unit, number in enumerate(container)
        if number < 0 or (number and witness[unit] < 0 and first[unit] < last[unit])
    }
    # What is switched off does not count as the copy that stays either: whoever wants one of the two wants both.
    off = [(first[unit], last[unit]) for unit, number in enumerate(container) if number < 0]
    sides = _conflict_sides(post, spans, kind)
    state: list[State] = []
    for unit in range(len(spans)):
        if unit in leaky:
            state.append(LEAK)
        elif last[unit] - first[unit] <= _DOTTED and _is_dots(chars[first[unit] : last[unit]]):
            state.append(VOID)
        elif witness[unit] < 0 or kind[unit] is Kind.CONFLICT or container[unit] in held:
            state.append(NEW)
        elif kind[unit] is Kind.CODE and unit not in near and not _is_same_code(post, spans, kind, unit, witness[unit], copies):
            state.append(NEW)  # folding drops case and indentation, which are all in all to code
        elif kind[unit] is Kind.HEADING and witness[unit] not in copies.begins:
            state.append(NEW)  # a heading that only ends like another
        elif off and any(witness[unit] < end and start < witness[unit] + last[unit] - first[unit] for start, end in off):
            state.append(NEW)
        elif not (sides or leaky) or _may_witness(unit, witness[unit], copies, sides, leaky):
            state.append(COPY)
        else:
            state.append(NEW)
    return state


def _begun_again(
    block: list[int], kind: list[Kind], closes: list[bool], stopped: list[bool], state: list[State], copies: Copies, chars: str
) -> list[int]:
    """Return the copies that break off at the end of a new paragraph, before a leak, and are begun again right after that.

    There they go on otherwise than what they are copies of, so they are beginnings and no copies.
    """
    first, last = copies.starts.tolist(), copies.ends.tolist()
    begun: list[int] = []
    fresh = -1  # the last block that begins with new text
    for unit, each in enumerate(state):
        if each is NEW and (not unit or block[unit - 1] != block[unit]):
            fresh = block[unit]
        if each is not COPY or block[unit] != fresh or not closes[unit] or stopped[unit] or kind[unit] is not Kind.PARAGRAPH:
            continue
        after = unit + 1
        while after < len(state) and state[after] in {VOID, LEAK}:
            after += 1
        seam = after < len(state) and LEAK in state[unit + 1 : after]
        if seam and state[after] is NEW and chars.startswith(chars[first[unit] : last[unit]], first[after]):
            begun.append(unit)
    return begun


def _is_dots(chars: str) -> bool:
    return not chars.strip(_DOTS)


def weigh(codes: NDArray[np.uint32], starts: Integers, ends: Integers) -> Integers:
    """Return what folded ranges say in Latin letters: a Chinese, Japanese or Korean character says as much as 2.5."""
    wide = np.concatenate(([0], np.cumsum(codes >= _WIDE_FROM)))
    return np.asarray(ends - starts + (wide[ends] - wide[starts]) * 3 // 2, np.int64)


def _leaky(
    spans: list[Span], block: list[int], witness: list[int], leaks: tuple[Leak, ...], breaks_off: Callable[[int], bool]
) -> set[int]:
    """Return the units that lie wholly in a leak with lines of its own.

    A hint counts only right beside the leak of a prompt, as one instruction among others, or as the end of a draft that
    breaks off before more text; a label in the midst of a line only among copies, for a post may well speak of
    such labels.
    """
    starts = [span.start for span in spans]
    found: set[int] = set()
    prompts: set[int] = set()
    hints: list[range] = []
    woven: list[range] = []
    for leak in leaks:
        if leak.kind == "conflict" or not leak.own_line:
            continue
        first = last = bisect_left(starts, leak.span.start)
        while last < len(spans) and spans[last].end <= leak.span.end:
            last += 1
        if leak.woven and leak.kind == "end":
            inside = range(bisect_left(block, block[first - 1]), first) if first and first < last else range(0)
            if any(witness[each] >= 0 for each in inside) and (witness[first - 1] >= 0 or breaks_off(first - 1)):
                found.update(range(first, last))
        elif leak.woven:
            woven.append(range(first, last))
        elif leak.strength is Strength.HINT:
            hints.append(range(first, last))
            if leak.kind == "end" and 0 < first < last < len(spans) and breaks_off(first - 1):
                found.update(range(first, last))
        else:
            found.update(range(first, last))
            if leak.kind == "prompt":
                prompts.update(range(first, last))
    for hint in hints:
        if hint and (hint.start - 1 in prompts or hint.stop in prompts):
            found.update(hint)
    for label in woven:
        sides = [side for side in (label.start - 1, label.stop) if 0 <= side < len(spans) and block[side] == block[label.start]]
        # Copies stand on both sides, or the label opens or closes their block.
        if any(witness[side] >= 0 for side in sides) and all(witness[side] >= 0 or side in found for side in sides):
            found.update(label)
    return found


def _conflict_sides(post: Post, spans: list[Span], kind: list[Kind]) -> list[int]:
    """Number the sides of unresolved conflicts, each its own; 0 is outside of all. Empty when there are none."""
    if Kind.CONFLICT not in kind:
        return []
    sides, side, count = [], 0, 0
    for span, each in zip(spans, kind, strict=True):
        if each is Kind.CONFLICT:
            count += 1
            side = 0 if post.text[span.start] == ">" else count
        sides.append(side)
    return sides


def _is_same_code(post: Post, spans: list[Span], kind: list[Kind], unit: int, witness: int, copies: Copies) -> bool:
    """Tell whether the witness of a block of code is such a block and reads the same, line by line, once both are dedented."""
    holder = int(np.searchsorted(copies.starts, witness, "right")) - 1
    if holder < 0 or kind[holder] is not Kind.CODE:
        return False
    here, there = (dedent(post.text[slice(*spans[each])]).splitlines() for each in (unit, holder))
    return [line.rstrip() for line in here] == [line.rstrip() for line in there]


def _may_witness(unit: int, witness: int, copies: Copies, sides: list[int], leaky: set[int]) -> bool:
    """Tell whether the witness stays: a leak goes, and one side of a conflict will be thrown away by whoever resolves it."""
    holder = int(np.searchsorted(copies.starts, witness, "right")) - 1
    return holder not in leaky and (not sides or sides[holder] in {0, sides[unit]})
