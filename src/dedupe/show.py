"""Show one finding in its context: what goes beside what stays, and how much they differ; text only, nothing is marked up."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from dedupe.align import Piece, align
from dedupe.model import Change
from dedupe.report import FindingLine

_AROUND = 110
"""Characters of context before and after."""
_AFTER = 240
"""Characters on each side of a seam, where a finding has no other copy."""
_KANA = re.compile(r"[぀-ヿ]")
_SIGNS = re.compile(r"[\s*_`~>#|-]+")


@dataclass(frozen=True, slots=True)
class Side:
    """One of the two texts: what to call it, the lines and characters it has, and its words between their context."""

    title: str
    lines: tuple[int, int]
    size: int
    before: str
    pieces: tuple[Piece, ...]
    after: str
    language: str


@dataclass(frozen=True, slots=True)
class Shown:
    """A finding to be looked at. `comparison` is a key of the catalogue of words, empty where there is nothing to compare."""

    left: Side
    right: Side | None
    comparison: str
    changes: tuple[Change, ...]


def show(text: str, finding: FindingLine, *, whole: bool = False) -> Shown:
    """Return both sides of a finding on `text`; with `whole` nothing of a long one is left out."""
    start, end = finding.span
    copy = text[start:end]
    title = {"safe": "goes", "unsafe": "would_go"}.get(finding.safety, "told_here")
    if finding.witness is None:
        left = _side(title, text, finding.span, finding.lines, [Piece(copy)])
        return Shown(left, _afterwards(text, finding), "", ())
    stays = text[slice(*finding.witness.span)]
    mine, theirs = align(copy, stays, whole=whole)
    left = _side(title, text, finding.span, finding.lines, mine)
    right = _side("stays", text, finding.witness.span, finding.witness.lines, theirs)
    changes = tuple(change for rewording in finding.rewordings for change in rewording.changes)
    marked = any(piece.differs for piece in (*mine, *theirs))
    comparison = _compare(copy, stays, marked=marked or bool(changes))
    if comparison == "differs" and finding.similarity == 1.0 and finding.edits and left.size > right.size:
        # The copies of its parts stand in several places; the finding names the one of them that says where to look first.
        comparison = "in_parts"
    return Shown(left, right, comparison, changes)


def guess_language(text: str) -> str:
    """Return `ja` where a text has kana, so that a browser sets it in Japanese glyphs, else nothing."""
    return "ja" if _KANA.search(text) else ""


def _compare(copy: str, stays: str, *, marked: bool) -> str:
    if copy.strip() == stays.strip():
        return "same_text"
    if _SIGNS.sub("", copy) == _SIGNS.sub("", stays):
        return "same_words"
    # What differs and is not marked is how often it is said.
    return "differs" if marked else "said_again"


def _side(
    title: str, text: str, span: tuple[int, int], lines: tuple[int, int], pieces: Sequence[Piece], around: int = _AROUND
) -> Side:
    start, end = span
    before, after = text[max(0, start - around) : start], text[end : end + around]
    return Side(
        title=title,
        lines=lines,
        size=len("".join(text[start:end].split())),
        before=("…" if start > around else "") + before,
        pieces=tuple(pieces),
        after=after + ("…" if end + around < len(text) else ""),
        language=guess_language(before + text[start : start + 400] + after),
    )


def _afterwards(text: str, finding: FindingLine) -> Side | None:
    """Return how the text reads once the edits of a finding without another copy are made."""
    if not finding.edits:
        return None
    start, end = finding.edits[0].span[0], finding.edits[-1].span[1]
    inner, at = "", start
    for edit in finding.edits:
        inner += text[at : edit.span[0]] + edit.replacement
        at = edit.span[1]
    side = _side("reads_after", text, (start, end), finding.lines, [Piece(inner)], _AFTER)
    return Side(side.title, side.lines, len("".join(inner.split())), side.before, side.pieces, side.after, side.language)
