"""Say of each unit where its text stands earlier in the body: repeats of characters become copies of sentences."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import groupby

import numpy as np
from numpy.typing import NDArray

from dedupe.model import Folded, Integers, Kind, Post, Repeats, Segments
from dedupe.repeats import K, cover

_SELDOM = 0.2
"""Where fewer paragraphs than this share end without a stop, one that does was cut off."""
_NEXT = 12
"""How many units on the beginning of a cut-off scrap is looked for: an echo may have left out a list or a table."""


@dataclass(frozen=True, slots=True)
class Copies:
    """Per unit: its folded range, and the folded start of the equal text before it (-1: none).

    `source[x]` is the folded place the character at folded place x is a copy of (itself where it is none);
    `begins` are the folded starts of units, `whole_ends` the ends of those that were not cut off, both with the borders
    of the front matter's lines.
    """

    starts: Integers
    ends: Integers
    witness: Integers
    source: Integers
    begins: frozenset[int]
    whole_ends: frozenset[int]


def find_copies(post: Post, segments: Segments, folded: Folded, repeats: Repeats) -> Copies:
    """Return the copies among the units of `segments`.

    A unit is a copy when one repeat covers all of it, or several that meet where sentences of the witness end and begin
    (as in an echo that dropped a heading or a code block). The longest repeat decides which witness is named.
    """
    starts = np.searchsorted(folded.offsets, segments.starts)
    ends = np.searchsorted(folded.offsets, segments.ends)
    witness = np.full(len(segments), -1, np.int64)
    source = np.arange(len(folded.codes), dtype=np.int64)
    for start, end, distance, first, last in _covering(repeats, starts, ends):
        witness[first:last] = starts[first:last] - distance
        source[start:end] = np.arange(start - distance, end - distance)
    witness[starts == ends] = -1
    lines = [newline.end() for newline in re.finditer("\n", post.text[: post.header.end])]
    borders = frozenset(np.searchsorted(folded.offsets, lines).tolist())
    whole_ends = borders.union(ends[_are_whole(post, segments)].tolist())
    copies = Copies(starts, ends, witness, source, borders.union(starts.tolist()), whole_ends)
    if repeats:
        _join_pieces(copies, folded, repeats)
        _mark_scraps(copies, folded, segments)
    return copies


def _covering(repeats: Repeats, starts: Integers, ends: Integers) -> list[tuple[int, int, int, int, int]]:
    """Return the repeats that cover whole units, shortest first, each cut down to them and with their range."""
    first = np.searchsorted(starts, repeats.starts, "left")
    last = np.searchsorted(ends, repeats.ends, "right")
    whole = np.flatnonzero(last > first)
    order = whole[np.lexsort((-repeats.distances[whole], (repeats.ends - repeats.starts)[whole]))]
    columns = (starts[first[order]], ends[last[order] - 1], repeats.distances[order], first[order], last[order])
    return list(zip(*(column.tolist() for column in columns), strict=True))


def _join_pieces(copies: Copies, folded: Folded, repeats: Repeats) -> None:
    """Mark units that several repeats cover together, each piece ending where a unit (or header line) of its witness does."""
    starts, ends = copies.starts, copies.ends
    inside = np.concatenate(([0], np.cumsum(cover(repeats, len(folded.codes)))))
    share = inside[ends] - inside[starts]
    length = ends - starts
    candidates = np.flatnonzero((copies.witness < 0) & (share >= np.maximum(K, length - K + 1))).tolist()
    if not candidates:
        return
    for unit in candidates:
        pieces = _pieces(int(starts[unit]), int(ends[unit]), folded, repeats, copies)
        if pieces:
            copies.witness[unit] = pieces[0][2]
            for start, end, origin in pieces:
                copies.source[start:end] = np.arange(origin, origin + end - start)


def _are_whole(post: Post, segments: Segments) -> NDArray[np.bool_]:
    """Tell which units end as their author meant: where a sentence was cut off, no other may be pieced together.

    Without a stop, a list item is whole among items without stops, a paragraph where it leads into a list or a table, or
    where paragraphs often end so.
    """
    if not len(segments):
        return np.zeros(0, bool)
    closing = np.flatnonzero(np.append(segments.block_of[1:] != segments.block_of[:-1], True)).tolist()
    kinds = [block.kind for block in segments.blocks]
    stopped = segments.stopped[closing]
    plain = np.array([kind is Kind.PARAGRAPH for kind in kinds], bool)
    seldom = np.count_nonzero(plain & ~stopped) < _SELDOM * np.count_nonzero(plain)
    items = _item_styles(kinds, stopped)
    whole = np.ones(len(segments), bool)
    for index, unit in enumerate(closing):
        if stopped[index] or kinds[index] not in {Kind.PARAGRAPH, Kind.ITEM}:
            continue
        several = unit > 0 and segments.block_of[unit - 1] == index
        if kinds[index] is Kind.ITEM:
            whole[unit] = items[index] and not several
            continue
        following = index + 1
        gap = post.text.count("\n", segments.ends[unit], segments.blocks[following].span.start) if following < len(kinds) else 3
        leads = gap < 3 and kinds[following] not in {Kind.PARAGRAPH, Kind.RULE}
        whole[unit] = leads or (not seldom and not several and gap < 3)
    return whole


def _item_styles(kinds: list[Kind], stopped: NDArray[np.bool_]) -> list[bool]:
    """Tell for each list item whether most items of its list end without a stop."""
    styles = [False] * len(kinds)
    for is_item, run in groupby(range(len(kinds)), key=lambda index: kinds[index] is Kind.ITEM):
        members = list(run) if is_item else []
        for index in members:
            styles[index] = 2 * int(np.count_nonzero(stopped[members])) < len(members)
    return styles


def _pieces(start: int, end: int, folded: Folded, repeats: Repeats, copies: Copies) -> list[tuple[int, int, int]]:
    """Return (start, end, start of the witness) of pieces that make up a unit, or nothing if some part stands nowhere."""
    pieces: list[tuple[int, int, int]] = []
    at = start
    while at < end:
        best = _short_rest(at, end, folded, copies.begins) if at > start else None
        over = np.flatnonzero(repeats.ends[: np.searchsorted(repeats.starts, at, "right")] > at)
        for run_end, distance in zip(repeats.ends[over].tolist(), repeats.distances[over].tolist(), strict=True):
            if at > start and at - distance not in copies.begins:
                continue
            reach = min(run_end, end)
            while at < reach < end and reach - distance not in copies.whole_ends:
                reach -= 1
            if reach > at and (best is None or reach > best[1]):
                best = (at, reach, at - distance)
        if best is None:
            return []
        pieces.append(best)
        at = best[1]
    return pieces


def _short_rest(at: int, end: int, folded: Folded, begins: frozenset[int]) -> tuple[int, int, int] | None:
    """The cut-off last words of an echo may be too short for a seed: they must begin some earlier unit."""
    rest = folded.codes[at:end]
    for begin in sorted(begins):
        if begin + len(rest) > at:
            return None
        if np.array_equal(folded.codes[begin : begin + len(rest)], rest):
            return at, end, begin
    return None


def _mark_scraps(copies: Copies, folded: Folded, segments: Segments) -> None:
    """Mark the torn ends of an echo that are too short for a seed: its first words, and its last.

    The first end a sentence that stands shortly before what the echo goes on with, the last begin one shortly after.
    """
    starts, ends, witness = copies.starts, copies.ends, copies.witness
    short = (witness < 0) & (ends > starts) & (ends - starts < 2 * K)
    for unit in np.flatnonzero(short[1:] & (witness[:-1] >= 0)) + 1:
        after = int(np.searchsorted(starts, witness[unit - 1] + ends[unit - 1] - starts[unit - 1]))
        places = starts[after : min(after + _NEXT, int(unit))]
        _mark_first(copies, folded, int(unit), places)
    # A sentence cannot begin behind a stop, and be torn: only behind a label or at the beginning of a block.
    block = segments.block_of
    opening = np.append(True, (block[1:] != block[:-1]) | ~segments.stopped[:-1])
    for unit in np.flatnonzero(short[:-1] & (witness[1:] >= 0) & opening[:-1]):
        if block[unit] == block[unit + 1]:
            before = int(np.searchsorted(ends, witness[unit + 1], "right"))
            places = ends[max(0, before - _NEXT) : before][::-1] - (ends[unit] - starts[unit])
            _mark_first(copies, folded, int(unit), places[places >= 0])


def _mark_first(copies: Copies, folded: Folded, unit: int, places: Integers) -> None:
    """Mark the unit as a copy of the first of `places` where its text stands."""
    start, end = int(copies.starts[unit]), int(copies.ends[unit])
    for place in places.tolist():
        if np.array_equal(folded.codes[place : place + end - start], folded.codes[start:end]):
            copies.witness[unit] = place
            copies.source[start:end] = np.arange(place, place + end - start)
            return
