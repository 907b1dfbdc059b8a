"""Set two texts side by side: what both say, and what only one of them says."""

from __future__ import annotations

import re
from typing import NamedTuple

from rapidfuzz.distance import Indel

_TOKEN = re.compile(r"[^\W\d_぀-ヿ㐀-鿿]+|\d+|\s+|.", re.DOTALL)
_HEAD, _TAIL = 1200, 400
"""Characters that are shown of the beginning and the end of a long text; what is between is counted."""


class Piece(NamedTuple):
    """A stretch of one of two texts; `differs` where the other has something else there, `hidden` characters are left out."""

    text: str
    differs: bool = False
    hidden: int = 0


def align(one: str, other: str, *, whole: bool = False) -> tuple[list[Piece], list[Piece]]:
    """Return the pieces of each text, in order.

    White space that is only laid out otherwise is no difference. Of a long text the beginning and the end are compared and
    returned, with an empty piece between them that tells how many characters are hidden; with `whole` all of it is.
    """
    if whole or max(len(one), len(other)) <= _HEAD + _TAIL:
        return _compare(one, other)
    heads = _compare(one[:_HEAD], other[:_HEAD])
    tails = _compare(one[_HEAD:][-_TAIL:], other[_HEAD:][-_TAIL:])
    mine, theirs = (
        [*head, *([Piece("", hidden=len(text) - _HEAD - _TAIL)] if len(text) > _HEAD + _TAIL else []), *tail]
        for head, tail, text in zip(heads, tails, (one, other), strict=True)
    )
    return mine, theirs


def _compare(one: str, other: str) -> tuple[list[Piece], list[Piece]]:
    mine, theirs = _TOKEN.findall(one), _TOKEN.findall(other)
    left: list[Piece] = []
    right: list[Piece] = []
    for step in Indel.opcodes(_folded(mine), _folded(theirs)):
        for pieces, text in (
            (left, "".join(mine[step.src_start : step.src_end])),
            (right, "".join(theirs[step.dest_start : step.dest_end])),
        ):
            differs = step.tag != "equal" and bool(text.strip())
            if pieces and pieces[-1].differs == differs:
                pieces[-1] = Piece(pieces[-1].text + text, differs)
            elif text:
                pieces.append(Piece(text, differs))
    return left, right


def _folded(tokens: list[str]) -> list[str]:
    return [token if token.strip() else " " for token in tokens]
