"""Set two texts side by side: what both say, and what only one of them says."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import groupby
from typing import NamedTuple

from rapidfuzz.distance import Indel, LCSseq

_TOKEN = re.compile(r"[^\W\d_぀-ヿ㐀-鿿]+|\d+|\s+|.", re.DOTALL)
_HEAD, _TAIL = 1200, 400
"""Characters that are shown of the beginning and the end of a long text; what is between is counted."""
_LONGEST = 20_000
"""Characters of a text that is compared as a whole: the memory that takes grows with the square."""
_SAID_AGAIN = 0.9
"""Share of a text that must read along another one, said several times, to be taken for that."""


class Piece(NamedTuple):
    """A stretch of one of two texts; `differs` where the other has something else there, `hidden` characters are left out."""

    text: str
    differs: bool = False
    hidden: int = 0


def align(one: str, other: str, *, whole: bool = False) -> tuple[list[Piece], list[Piece]]:
    """Return the pieces of each text, in order.

    White space that is only laid out otherwise is no difference, and neither is it that `one` says `other` several times.
    Of a long text the beginning and the end are returned, with an empty piece between them that tells how many characters
    are hidden, and whether any of these differ; with `whole` all of it is. Of what is too long to be compared the beginnings
    and the ends are.
    """
    if max(len(one), len(other)) <= _LONGEST:
        mine, theirs = _compare(one, other)
        return (mine, theirs) if whole else (_shorten(mine), _shorten(theirs))
    heads = _compare(one[:_HEAD], other[:_HEAD])
    tails = _compare(one[_HEAD:][-_TAIL:], other[_HEAD:][-_TAIL:])
    mine, theirs = (
        [*head, *([Piece("", hidden=len(text) - _HEAD - _TAIL)] if len(text) > _HEAD + _TAIL else []), *tail]
        for head, tail, text in zip(heads, tails, (one, other), strict=True)
    )
    return mine, theirs


def _compare(one: str, other: str) -> tuple[list[Piece], list[Piece]]:
    mine, theirs = _TOKEN.findall(one), _TOKEN.findall(other)
    left, right = _folded(mine), _folded(theirs)
    times = _count_tellings(left, right)
    lacks = [False] * len(left)
    answered = [False] * len(right)
    alone = [0] * len(right)
    for differs, group in groupby(Indel.opcodes(left, right * times), lambda step: step.tag != "equal"):
        if not differs:
            continue
        run = list(group)
        begin, end = run[0].src_start, run[-1].src_end
        lacks[begin:end] = [True] * (end - begin)
        for at in range(run[0].dest_start, run[-1].dest_end):
            alone[at % len(right)] += 1
            answered[at % len(right)] |= any(map(str.strip, mine[begin:end]))
    # What one of several tellings leaves out, another may have.
    return _pieces(mine, lacks), _pieces(theirs, [told or count == times for told, count in zip(answered, alone, strict=True)])


def _count_tellings(one: Sequence[str], other: Sequence[str]) -> int:
    """Return how many times `one` says `other`, begun tellings counted, where that is nearly all it says; else 1."""
    if not other or len(other) >= _SAID_AGAIN * len(one):
        return 1
    times = -(-len(one) // len(other))
    read_along = LCSseq.similarity(one, [*other] * times, score_cutoff=int(_SAID_AGAIN * len(one)))
    return times if read_along else 1


def _pieces(tokens: Sequence[str], differs: Sequence[bool]) -> list[Piece]:
    """Join tokens to pieces; white space differs from nothing."""
    marked = [(token, told and bool(token.strip())) for token, told in zip(tokens, differs, strict=True)]
    spaced = [
        (token, told or (not token.strip() and 0 < at < len(marked) - 1 and marked[at - 1][1] and marked[at + 1][1]))
        for at, (token, told) in enumerate(marked)
    ]
    return [Piece("".join(token for token, _ in group), told) for told, group in groupby(spaced, lambda each: each[1])]


def _shorten(pieces: Sequence[Piece]) -> list[Piece]:
    """Leave out of a long text what is between its beginning and its end."""
    size = sum(len(piece.text) for piece in pieces)
    if size <= _HEAD + _TAIL:
        return list(pieces)
    head: list[Piece] = []
    tail: list[Piece] = []
    hidden, at = False, 0
    for text, differs, _ in pieces:
        first, last = text[: max(0, _HEAD - at)], text[max(0, size - _TAIL - at) :]
        head += [Piece(first, differs)] if first else []
        tail += [Piece(last, differs)] if last else []
        hidden |= differs and len(first) + len(last) < len(text)
        at += len(text)
    return [*head, Piece("", hidden, size - _HEAD - _TAIL), *tail]


def _folded(tokens: list[str]) -> list[str]:
    return [token if token.strip() else " " for token in tokens]
