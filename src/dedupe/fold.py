"""Fold text into what is compared: width, case, white space and Markdown signs gone, with a map back."""

from __future__ import annotations

import unicodedata
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from dedupe.model import Folded

_UNSEEN = np.uint32(0xFFFFFFFF)
_NOTHING = np.uint32(0xFFFFFFFE)
_INVISIBLE = frozenset("`\u00ad\u200b\u200c\u200d\u2060\ufeff") | {chr(c) for c in range(0xFE00, 0xFE10)}

# Filled the first time a code point is met: a corpus uses a few thousand of the 1.1 million.
_TABLE: NDArray[np.uint32] = np.full(0x110000, _UNSEEN, np.uint32)


def fold(text: str) -> Folded:
    """Return the comparable code points of `text` and the character offset of each.

    NFKC and lower case where they map one code point to one (Unicode Standard Annex 15); a combining mark is
    composed with what stands before it. Emphasis, bullets, heading and quote signs, table bars and white space
    map to nothing, but a sign between two ASCII letters or digits stays (`2*3`, `snake_case`).
    """
    points, codes = _read(text)
    keep = (codes != _NOTHING) & ~_markdown_signs(points, codes)
    codes, keep = _compose(points, codes, keep)
    offsets = np.flatnonzero(keep)
    return Folded(codes[offsets], offsets)


@lru_cache(maxsize=2)
def narrow(text: str) -> str:
    """Return `text` with wide and upper-case forms made narrow and lower, each character in its place."""
    points, codes = _read(text)
    return np.where(codes == _NOTHING, points, codes).tobytes().decode("utf-32-le", "surrogatepass")


@lru_cache(maxsize=2)
def _read(text: str) -> tuple[NDArray[np.uint32], NDArray[np.uint32]]:
    """Return the code points of a text and what each is compared as; several stages ask of the same few texts."""
    points = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), "<u4")
    return points, _lookup(points)


def _lookup(points: NDArray[np.uint32]) -> NDArray[np.uint32]:
    codes = _TABLE[points]
    if unseen := sorted({*points[codes == _UNSEEN].tolist()}):
        _TABLE[unseen] = [_fold_one(point) for point in unseen]
        codes = _TABLE[points]
    return codes


def _fold_one(point: int) -> int:
    char = chr(point)
    if char.isspace() or char in _INVISIBLE:
        return int(_NOTHING)
    narrow = unicodedata.normalize("NFKC", char)
    if len(narrow) != 1:
        narrow = char
    lower = narrow.lower()
    return ord(lower if len(lower) == 1 else narrow)


def _markdown_signs(points: NDArray[np.uint32], codes: NDArray[np.uint32]) -> NDArray[np.bool_]:
    around = np.full(len(points) + 2, ord("\n"), np.uint32)
    around[1:-1] = points
    before, after = around[:-2], around[2:]
    word = _is_ascii_word(around)
    signs = _one_of(points, "*_") & ~(word[:-2] & word[2:])
    signs |= (points == ord("~")) & ((before == ord("~")) | (after == ord("~")))
    # Bullets, heading and quote signs, table rulers: a token of such signs with white space on both sides.
    token = np.zeros(len(points) + 2, bool)
    token[1:-1] = _one_of(points, "-+#>|:")
    if token.any():
        space = np.ones(len(points) + 2, bool)
        space[1:-1] = codes == _NOTHING
        edges = np.flatnonzero(token[1:] != token[:-1])
        starts, ends = edges[::2], edges[1::2]
        alone = space[starts] & space[ends + 1]
        change = np.zeros(len(points) + 1, np.int8)
        change[starts[alone]] += 1
        change[ends[alone]] -= 1
        signs |= np.cumsum(change[:-1], dtype=np.int8) > 0
    return signs


def _one_of(points: NDArray[np.uint32], chars: str) -> NDArray[np.bool_]:
    found = np.zeros(len(points), bool)
    for char in chars:
        found |= points == ord(char)
    return found


def _is_ascii_word(points: NDArray[np.uint32]) -> NDArray[np.bool_]:
    lower = points | 0x20
    return np.asarray((points >= 48) & (points < 58) | (lower >= 97) & (lower < 123), bool)


def _compose(
    points: NDArray[np.uint32], codes: NDArray[np.uint32], keep: NDArray[np.bool_]
) -> tuple[NDArray[np.uint32], NDArray[np.bool_]]:
    """Join each combining mark with the character before it, so that decomposed text folds as composed text."""
    marks = np.flatnonzero(_is_mark(points) & keep)
    if not marks.size:
        return codes, keep
    codes, keep = codes.copy(), keep.copy()
    base = -1
    last = -2
    for mark in marks.tolist():
        if mark != last + 1:
            base = mark - 1
        last = mark
        if base < 0 or not keep[base]:
            continue
        joined = unicodedata.normalize("NFC", chr(codes[base]) + unicodedata.normalize("NFKC", chr(points[mark])))
        if len(joined) == 1:
            codes[base], keep[mark] = ord(joined), False
    return codes, keep


def _is_mark(points: NDArray[np.uint32]) -> NDArray[np.bool_]:
    """Tell the marks that compose: Latin, Greek, Cyrillic, kana voicing, half-width voicing, conjoining Hangul."""
    marks = (points >= 0x0300) & (points <= 0x036F)
    marks |= (points == 0x3099) | (points == 0x309A) | (points == 0xFF9E) | (points == 0xFF9F)
    jamo = (points >= 0x1160) & (points <= 0x11FF)
    return np.asarray(marks | jamo, bool)
