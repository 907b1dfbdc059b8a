"""Leave of a post its first draft and what the site appended on purpose; all else goes, new text too."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby

from dedupe.config import CONTINUATION
from dedupe.model import Draft, Kind, Safety, Span, Verdict, Wording
from dedupe.scene import COPY, Scene, find_footers

_SAYS = {Wording.NEW: "has new text", Wording.COPY: "is a copy", Wording.REWRITE: "is a rewrite"}


def restore(scene: Scene, drafts: Sequence[Draft], verdicts: Sequence[Verdict]) -> tuple[Verdict, ...]:
    """Return the verdicts that leave the first draft: one on each continuation, and of the others what concerns the draft only.

    Lists of links with their headings, what is no prose at the end, and what is switched off stay wherever they stand. A post
    with an unresolved conflict has no first draft to return to before somebody resolves it.
    """
    if not drafts or Kind.CONFLICT in scene.kind:
        return tuple(verdicts)
    end = drafts[0].span.end
    inside = [verdict for verdict in verdicts if _is_inside(verdict, end)]
    if not any(verdict.rule == "CUT001" for verdict in inside):
        inside += _broken_end(scene, end)
    starts = [draft.span.start for draft in drafts[2:]]
    told: dict[int, list[Span]] = {}
    for first, last in _stretches(scene, scene.unit_from(end), starts):
        number = 1 + sum(start <= scene.spans[first].start for start in starts)
        told.setdefault(number, []).append(Span(scene.spans[first].start, scene.spans[last].end))
    later = [
        Verdict(CONTINUATION, tuple(spans), Safety.UNSAFE, evidence=(_SAYS[drafts[number].wording],))
        for number, spans in told.items()
    ]
    return tuple(sorted([*inside, *later], key=lambda verdict: verdict.spans))


def _is_inside(verdict: Verdict, end: int) -> bool:
    touched = [*verdict.spans, *(stays for _, stays in verdict.rewritten), *([verdict.witness] if verdict.witness else [])]
    return all(span.end <= end for span in touched) and (verdict.goes_on or 0) < end


def _broken_end(scene: Scene, end: int) -> Iterator[Verdict]:
    """Yield the last sentence of the first draft where it breaks off: its completion, if there was one, goes."""
    last = scene.unit_from(end) - 1
    if scene.is_cut(last):
        yield Verdict("CUT001", (scene.spans[last],), Safety.DISPLAY, None, ("the first draft breaks off here",))


def _stretches(scene: Scene, begin: int, starts: Sequence[int]) -> Iterator[tuple[int, int]]:
    """Yield the first and last units of each stretch of text that goes; rules before what stays are left to it."""
    footers = find_footers(scene)

    def stays(unit: int) -> bool:
        return scene.container[unit] < 0 or (unit in footers and scene.state[unit] is not COPY)

    borders = {scene.unit_from(start) for start in starts}
    for kept, run in groupby(range(begin, len(scene)), stays):
        units = [] if kept else list(run)
        while units and scene.kind[units[-1]] is Kind.RULE and units[-1] + 1 < len(scene):
            units.pop()
        part: list[int] = []
        for unit in units:
            if unit in borders and part:
                yield part[0], part[-1]
                part = []
            part.append(unit)
        if part:
            yield part[0], part[-1]
