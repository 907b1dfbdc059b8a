"""Turn verdicts into edits: what goes, what stands at the seam, and the text that results."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterable, Sequence

from dedupe.judge import Verdict
from dedupe.model import Edit, Kind, Post, Segments, Span

_BREAK = re.compile(r"\r\n|\n|\r")


def apply(text: str, edits: Iterable[Edit]) -> str:
    """Return `text` with every edit made; raises ValueError when two of them overlap."""
    pieces: list[str] = []
    at = 0
    for span, replacement in sorted(edits):
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
    for span, index in removed:
        if region and post.text[region[-1][0].end : span.start].strip():
            _close(post, segments, verdicts, region, edits)
            region = []
        region.append((span, index))
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
    span = Span(region[0][0].start, region[-1][0].end)
    whole = _seam(post, segments, span, [verdicts[index] for _, index in region])
    at = whole.span.start
    for position, (part, index) in enumerate(region):
        last = position + 1 == len(region)
        end = whole.span.end if last else max(at, min(region[position + 1][0].start, whole.span.end))
        replacement = whole.replacement if last else ""
        if end > at or replacement:
            edits[index].append(Edit(Span(at, end), replacement))
        at = max(at, end)


def _seam(post: Post, segments: Segments, span: Span, verdicts: list[Verdict]) -> Edit:
    """Return the one edit that takes `span` out and leaves the right white space in its place."""
    text = post.text
    left = len(text[: span.start].rstrip())
    right = span.end + len(text[span.end :]) - len(text[span.end :].lstrip())
    for verdict in verdicts:
        if verdict.goes_on is not None and verdict.goes_on == right:
            return Edit(Span(span.start, right), verdict.glue)
    before, after = text[left : span.start], text[span.end : right]
    if left <= post.header.end:
        return _trimmed(text, Span(left, right), text[left : span.start] if left < span.start else "")
    if right == len(text):
        return _trimmed(text, Span(left, right), _last_newline(after))
    return _trimmed(text, Span(left, right), _between(text, segments, left, right, before, after))


def _last_newline(end: str) -> str:
    newline = _BREAK.search(end)
    return newline[0] if newline else ""


def _between(text: str, segments: Segments, left: int, right: int, before: str, after: str) -> str:
    """Return the white space to stand between the text that ends at `left` and the text that begins at `right`."""
    first, second = _block_at(segments, left - 1), _block_at(segments, right)
    if first == second:
        return before if before.strip(" \t") == "" and before else after
    newline = _BREAK.search(before + after) or _BREAK.search(text)
    end = newline[0] if newline else "\n"
    breaks = [len(_BREAK.findall(gap)) for gap in (before, after)]
    items = {segments.blocks[first].kind, segments.blocks[second].kind} == {Kind.ITEM}
    wanted = 1 if items and max(breaks) == 1 else 2
    indent = re.split(r"[\r\n]", after)[-1] if breaks[1] else ""
    for gap, count in zip((before, after), breaks, strict=True):
        if count == wanted and (gap is after or not indent):
            return gap
    return end * wanted + indent


def _block_at(segments: Segments, offset: int) -> int:
    starts = [block.span.start for block in segments.blocks]
    return max(0, bisect_left(starts, offset + 1) - 1)


def _trimmed(text: str, span: Span, replacement: str) -> Edit:
    """Shrink an edit to what really changes, so that it takes away and seldom writes."""
    start, end = span
    while replacement and text[start : start + 1] == replacement[0] and start < end:
        start, replacement = start + 1, replacement[1:]
    while replacement and end > start and text[end - 1] == replacement[-1]:
        end, replacement = end - 1, replacement[:-1]
    return Edit(Span(start, end), replacement)
