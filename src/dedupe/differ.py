"""Say word by word what differs between two texts that are nearly the same."""

from __future__ import annotations

import re

from dedupe.model import Change

_TOKEN = re.compile(r"[^\W\d_぀-ヿ㐀-鿿]+|\d+|\s+|.", re.DOTALL)


def differ(goes: str, stays: str) -> tuple[Change, ...]:
    """Return the words of two texts that differ, in order; a change of white space alone is none.

    Letters of a script with spaces between words are taken word by word, those of Chinese and Japanese one by one. Where one
    side has nothing, both begin with the token before, so that a person sees where.
    """
    from rapidfuzz.distance import Indel  # noqa: PLC0415 (`rules` is imported by all who write a report)

    mine, other = _TOKEN.findall(goes), _TOKEN.findall(stays)
    changes: list[Change] = []
    equal = (0, 0)  # where the last equal piece ended
    for step in [*Indel.opcodes(mine, other), None]:
        if step is not None and step.tag != "equal":
            continue
        until = (step.src_start, step.dest_start) if step else (len(mine), len(other))
        pieces = ["".join(tokens[a:b]) for tokens, a, b in zip((mine, other), equal, until, strict=True)]
        if pieces[0].split() != pieces[1].split():
            lead = mine[equal[0] - 1] if equal[0] and not all(map(str.strip, pieces)) else ""
            changes.append(Change(*(f"{lead}{piece}".strip() for piece in pieces)))
        equal = (step.src_end, step.dest_end) if step else until
    return tuple(changes)
