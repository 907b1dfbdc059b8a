"""Turn verdicts into edits: what goes, what stands at the seam, and the text that results."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Sequence

from dedupe.model import Edit, Kind, Post, Segments, Span, Verdict

_BREAK = re.compile(r"\r\n|\n|\r")


def apply(text: str, edits: Iterable[Edit]) -> str:
    """Return `text` with every edit made; raises ValueError when two of them overlap."""
    pieces: list[str] = []
    at = 0
    for span, replacement in sorted(edits, key=lambda edit: edit.span):
        if span.start < at:
            raise ValueError(f"edit at {span.start} overlaps the one before it, which ends at {at}")
        pieces += [text[at : span.start], replacement]
        at = span.end
    return "".join([*pieces, text[at:]])


def repair(post: Post, segments: Segments, verdicts: Sequence[Verdict]) -> tuple[tuple[Edit, ...], ...]:
    """Return the edits of each verdict, as if all of `verdicts` were carried out together.

    Between two blocks that meet one blank line stays, or what separated list items; inside a paragraph one space at
    most; a cut-off sentence and its completion are joined. White space no seam needs is not touched.
    """
    removed = sorted((span, index) for index, verdict in enumerate(verdicts) for span in verdict.spans)
    edits: list[list[Edit]] = [[] for _ in verdicts]
    region: list[tuple[Span, int]] = []
    end = 0
    for span, index in removed:
        if region and post.text[end : span.start].strip():
            _close(post, segments, verdicts, region, edits)
            region = []
        region.append((span, index))
        end = max(end, span.end)
    if region:
        _close(post, segments, verdicts, region, edits)
    return tuple(tuple(each) for each in edits)


def _close(
    post: Post,
    segments: Segments,
    verdicts: Sequence[Verdict],
    region: list[tuple[Span, int]],
    edits: list[list[Edit]],
) -> None:
    """Add the edits of one region of text that goes, each part to its verdict, the seam to the last."""
    span = Span(region[0][0].start, max(part.end for part, _ in region))
    whole = _seam(post, segments, span, [verdicts[index] for _, index in region])
    if whole is None:
        return
    at = whole.span.start
    for position, (_, index) in enumerate(region):
        last = position + 1 == len(region)
        end = whole.span.end if last else max(at, min(region[position + 1][0].start, whole.span.end))
        replacement = whole.replacement if last else ""
        if end > at or replacement:
            edits[index].append(Edit(Span(at, end), replacement))
        at = max(at, end)


def _seam(post: Post, segments: Segments, span: Span, verdicts: Sequence[Verdict]) -> Edit | None:
    """Return the one edit that takes `span` out and leaves the right white space in its place, if any is needed."""
    text = post.text
    left, right = span
    while left > post.header.end and text[left - 1].isspace():
        left -= 1
    while right < len(text) and text[right].isspace():
        right += 1
    first, second = _block_at(segments, left - 1), _block_at(segments, right)
    inside = left > post.header.end and left > segments.blocks[_block_at(segments, span.start)].span.start
    joined = next((verdict for verdict in verdicts if verdict.goes_on == right), None)
    # A sentence that was begun again stays where it was begun, unless what stood before it there goes too.
    if joined and (inside or joined.spans[0].start == span.start):
        return Edit(Span(span.start, right), joined.glue)
    if span.start == span.end:
        return None
    before, after = text[left : span.start], text[span.end : right]
    if left == post.header.end:
        return _trimmed(text, Span(left, right), before)
    if right == len(text):
        return _trimmed(text, Span(left, right), _last_newline(after))
    if first == second:
        return _trimmed(text, Span(left, right), _within(before, after, text[right]))
    return _trimmed(text, Span(left, right), _between(text, segments, first, second, before, after))


def _last_newline(end: str) -> str:
    newline = _BREAK.search(end)
    return newline[0] if newline else ""


def _within(before: str, after: str, following: str) -> str:
    """Return the white space to stand inside a block: the break of a line, else one blank, but none before a stop."""
    if "\n" in after or (before and after):
        return after
    return before or after if following.isalnum() or not before else ""


def _between(text: str, segments: Segments, first: int, second: int, before: str, after: str) -> str:
    """Return the white space to stand between two blocks, given what stood before and after the text that goes."""
    breaks = [len(_BREAK.findall(gap)) for gap in (before, after)]
    items = segments.blocks[first].kind is segments.blocks[second].kind is Kind.ITEM
    wanted = 1 if items and max(breaks) == 1 else 2
    blanks = before[: len(before) - len(before.lstrip(" \t"))] if breaks[0] else ""
    indent = re.split(r"[\r\n]", after)[-1] if breaks[1] else ""
    if breaks[1] == wanted:
        return blanks + after.lstrip(" \t")
    if breaks[0] == wanted and not indent:
        return before
    newline = _BREAK.search(before + after) or _BREAK.search(text)
    return blanks + (newline[0] if newline else "\n") * wanted + indent


def _block_at(segments: Segments, offset: int) -> int:
    return max(0, bisect_right(segments.blocks, offset, key=lambda block: block.span.start) - 1)


def _trimmed(text: str, span: Span, replacement: str) -> Edit:
    """Shrink an edit to what really changes, so that it takes away and seldom writes."""
    start, end = span
    while replacement and text[start : start + 1] == replacement[0] and start < end:
        start, replacement = start + 1, replacement[1:]
    while replacement and end > start and text[end - 1] == replacement[-1]:
        end, replacement = end - 1, replacement[:-1]
    return Edit(Span(start, end), replacement)
