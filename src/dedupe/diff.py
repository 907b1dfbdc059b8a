"""The difference an edited post makes, as a patch that `git apply` takes."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from itertools import takewhile

from dedupe.model import Edit, Span
from dedupe.repair import apply

_CONTEXT = 3


def unified_diff(name: str, text: str, edits: Sequence[Edit]) -> str:
    """Return a unified diff of `text` and its edited form, lines ended as they are; empty when nothing changes.

    Made from the edits, not by comparing: time is linear, and a post full of repeats gives the hunks one expects.
    """
    lines = _Lines(text)
    changes = _line_changes(lines, sorted(edit for edit in edits if edit.replacement or edit.span.end > edit.span.start))
    if not changes:
        return ""
    path = name.lstrip("/")
    tab = "\t" if " " in path else ""
    out = [f"diff --git a/{path} b/{path}\n", f"--- a/{path}{tab}\n", f"+++ b/{path}{tab}\n"]
    shift = 0
    for hunk in _hunks(changes):
        shift = _write_hunk(lines, hunk, shift, out)
    return "".join(out)


class _Lines:
    """Lines of a text with their ends; a last line without one stays without."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.starts = [0]
        at = text.find("\n")
        while at >= 0:
            self.starts.append(at + 1)
            at = text.find("\n", at + 1)
        if self.starts[-1] == len(text):
            self.starts.pop()

    def __len__(self) -> int:
        return len(self.starts)

    def at(self, offset: int) -> int:
        return max(0, bisect_right(self.starts, offset) - 1)

    def start(self, line: int) -> int:
        return self.starts[line] if line < len(self.starts) else len(self.text)

    def slice(self, first: int, last: int) -> list[str]:
        return [self.text[self.start(line) : self.start(line + 1)] for line in range(first, last)]


def _line_changes(lines: _Lines, edits: Sequence[Edit]) -> list[tuple[int, int, list[str]]]:
    """Return (first line, line after the last, new lines) for each row of lines the edits change."""
    groups: list[tuple[int, int, list[Edit]]] = []
    for edit in edits:
        first, last = lines.at(edit.span.start), min(lines.at(edit.span.end) + 1, len(lines))
        if groups and first < groups[-1][1]:
            groups[-1] = (groups[-1][0], max(last, groups[-1][1]), [*groups[-1][2], edit])
        else:
            groups.append((first, last, [edit]))
    changes = []
    for first, last, own in groups:
        begin = lines.start(first)
        moved = [Edit(Span(span.start - begin, span.end - begin), replacement) for span, replacement in own]
        old, new = lines.slice(first, last), _split(apply(lines.text[begin : lines.start(last)], moved))
        same = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(old, new, strict=False)))
        old, new = old[same:], new[same:]
        while old and new and old[-1] == new[-1]:
            old, new = old[:-1], new[:-1]
        if old or new:
            changes.append((first + same, first + same + len(old), new))
    return changes


def _split(text: str) -> list[str]:
    pieces = text.split("\n")
    return [piece + "\n" for piece in pieces[:-1]] + ([pieces[-1]] if pieces[-1] else [])


def _hunks(changes: list[tuple[int, int, list[str]]]) -> list[list[tuple[int, int, list[str]]]]:
    hunks: list[list[tuple[int, int, list[str]]]] = []
    for change in changes:
        if hunks and change[0] - hunks[-1][-1][1] <= 2 * _CONTEXT:
            hunks[-1].append(change)
        else:
            hunks.append([change])
    return hunks


def _write_hunk(lines: _Lines, hunk: list[tuple[int, int, list[str]]], shift: int, out: list[str]) -> int:
    """Add one hunk; return how many lines the result has gained so far."""
    first = max(0, hunk[0][0] - _CONTEXT)
    last = min(len(lines), hunk[-1][1] + _CONTEXT)
    body: list[str] = []
    at = first
    gained = 0
    for start, end, new in hunk:
        body += [" " + line for line in lines.slice(at, start)]
        body += ["-" + line for line in lines.slice(start, end)]
        body += ["+" + line for line in new]
        gained += len(new) - (end - start)
        at = end
    body += [" " + line for line in lines.slice(at, last)]
    old, new_count = last - first, last - first + gained
    begin, new_begin = first + (old > 0), first + shift + (new_count > 0)
    out.append(f"@@ -{begin},{old} +{new_begin},{new_count} @@\n")
    out += [line if line.endswith("\n") else line + "\n\\ No newline at end of file\n" for line in body]
    return shift + gained
