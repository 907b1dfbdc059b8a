"""Tell a damaged post's first draft from its continuations, and in each what is copied, rewritten and new."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby, pairwise

import numpy as np
from rapidfuzz import fuzz

from dedupe.model import Draft, Kind, Repeats, Safety, Span, Verdict, Wording
from dedupe.scene import COPY, LEAK, NEW, Scene, find_footers

_BETWEEN = frozenset({"prompt", "preamble", "refusal", "end", "thought"})
"""Leaks that stand between two drafts; a label of a chat page or a citation mark stands in the midst of one."""
_ALIKE = 90
"""Least similarity, in percent, of a sentence and the one it rewrites."""
_LEAST = 12
"""Folded characters of a sentence worth comparing."""
_TEXT, _SHARE = 100, 4
"""New text counts from that weight on, or where it is that part (a quarter) of its draft."""
_AGAIN, _ROW = 3, 5
"""Copied sentences in a row that begin a draft: if their draft has told the first of them, and if only a later one."""
_END = 0.67
"""A shorter end of a continuation, as a share of what stands before it there, may say again how that began."""
_LAST = 300
"""Weight of what a draft may leave out of the last text before it when it begins with it again."""
_BROKEN = 4
"""Folded characters a copy that was cut off lacks at least."""


def find_drafts(scene: Scene, repeats: Repeats, verdicts: Iterable[Verdict]) -> tuple[Draft, ...]:
    """Return the drafts of a post in order; none where it is but one, or shows no damage.

    A draft begins where the text before it breaks off, behind what stands between drafts (the marker of a prompt, the words
    of an assistant, a gap no author leaves), and where a draft would tell for the second time what it has told.
    """
    # What is only told may well be meant: a clean post says nothing of drafts.
    sure = [verdict for verdict in verdicts if verdict.safety is not Safety.DISPLAY]
    if not sure:
        return ()
    footers = find_footers(scene)
    texts = [
        unit
        for unit, state in enumerate(scene.state)
        if (state is NEW or state is COPY) and unit not in footers and scene.kind[unit] is not Kind.CONFLICT
    ]
    broken = _broken(scene, sure)
    seams = _hard_seams(scene, texts, broken, _marks(scene, sure))
    going = _going(scene, sure)
    seams |= _restarts(scene, texts, footers, seams, going)
    seams = {unit - 1 if _is_title(scene, unit - 1, going - broken) else unit for unit in seams}
    if not seams:
        return ()
    borders = [0, *(number for number, unit in enumerate(texts) if unit in seams), len(texts)]
    rewritten = _find_rewritten(scene, repeats, texts[borders[1] :])
    # The first draft may break off, but it copies nothing that comes later.
    first = _draft(scene, texts[: borders[1]], rewritten, frozenset())
    return (first, *(_draft(scene, texts[start:end], rewritten, broken) for start, end in pairwise(borders[1:])))


def _broken(scene: Scene, verdicts: Iterable[Verdict]) -> frozenset[int]:
    """Return the units that break off and are completed, or gone on with, further on."""
    broken: set[int] = set()
    for verdict in verdicts:
        if verdict.rule == "RPT003":
            broken.update(unit for unit in scene.units_in(verdict.spans) if scene.state[unit] is NEW)
        elif verdict.rule == "RPT004":
            broken.add(scene.unit_from(verdict.spans[0].start + 1) - 1)
    return frozenset(broken)


def _going(scene: Scene, verdicts: Iterable[Verdict]) -> frozenset[int]:
    repeats = (verdict for verdict in verdicts if verdict.rule.startswith("RPT"))
    return frozenset(unit for verdict in repeats for unit in scene.units_in(verdict.spans))


def _hard_seams(scene: Scene, texts: list[int], broken: frozenset[int], marks: frozenset[int]) -> set[int]:
    """Return the units that begin a draft for what stands before them, whatever they say."""
    seams: set[int] = set()
    signed: list[int] = []
    plain: list[int] = []
    for before, unit in pairwise(texts):
        if not scene.opens[unit] and unit == before + 1:
            continue
        if before in broken or _is_cut_copy(scene, before) or not marks.isdisjoint(range(before + 1, unit)):
            seams.add(unit)
        elif any(map(scene.is_wide, range(before + 1, unit + 1))):
            told = scene.is_cut(before) or scene.state[unit] is COPY
            (signed if told else plain).append(unit)
    # Where wide gaps mostly stand between drafts, one that nothing else speaks for does too.
    return seams.union(signed, plain if len(plain) <= len(signed) + len(seams) else ())


def _is_title(scene: Scene, unit: int, going: frozenset[int]) -> bool:
    """Tell whether a unit is the title over a draft that says the post once more."""
    return unit > 0 and scene.kind[unit] is Kind.HEADING and scene.state[unit] is NEW and unit in going


def _marks(scene: Scene, verdicts: Iterable[Verdict]) -> frozenset[int]:
    """Return the units of leaks that stand between drafts."""
    leaks = [verdict.leak for verdict in verdicts if verdict.leak and verdict.leak.own_line and verdict.leak.kind in _BETWEEN]
    units = (range(scene.unit_from(leak.span.start), scene.unit_from(leak.span.end)) for leak in leaks)
    return frozenset(unit for each in units for unit in each if scene.state[unit] is LEAK)


def _is_cut_copy(scene: Scene, unit: int) -> bool:
    """Tell whether a copy breaks off where its witness goes on."""
    if scene.state[unit] is not COPY or not scene.is_cut(unit):
        return False
    end = scene.witness_end(unit)
    return scene.last[scene.unit_at(end - 1)] >= end + _BROKEN


@dataclass(frozen=True, slots=True)
class _Places:
    """Where the text of each unit stands first: the folded places of its first and of its last character."""

    first: list[int]
    last: list[int]


def _find_places(scene: Scene) -> _Places:
    # A sign that folds to nothing stands where the next character does.
    root = np.append(scene.root, len(scene.root))
    return _Places(root[scene.first].tolist(), root[np.maximum(scene.last, 1) - 1].tolist())


def _restarts(scene: Scene, texts: list[int], footers: frozenset[int], seams: set[int], going: frozenset[int]) -> set[int]:
    """Return the units that begin a row of copies in which a draft tells for the second time what it has told.

    A sentence or two that stand again do not begin a draft, unless they are the last ones before the row; behind a list of
    links they do though they may be no repeat to the rules.
    """
    places = _find_places(scene)
    told: dict[int, int] = {}
    found: set[int] = set()
    hard = sorted(seams)
    draft = 0  # the unit the draft begins with
    for number, row in _rows(scene, texts, seams, places):
        draft = row[0] if row[0] in seams else draft
        again = [unit for unit in row if told.get(places.first[unit]) == draft] if scene.state[row[0]] is COPY else []
        opening = _opening(scene, row) if again else 0
        if again and draft < opening <= again[0]:
            known = any(unit in going or scene.unit_at(places.first[unit]) in going for unit in again)
            long = sum(scene.prose[unit] for unit in row) >= (_AGAIN if again[0] == row[0] else _ROW)
            end = next((seam for seam in hard if seam > opening), len(scene)) - 1
            rest, so_far = scene.last[end] - scene.first[opening], scene.first[opening] - scene.first[draft]
            long = long and (draft == texts[0] or rest >= _END * so_far)
            near = _told_last(scene, places, texts[:number], again[-1])
            if (known and (long or near < opening)) or not footers.isdisjoint(range(near, opening)):
                found.add(opening)
                draft = opening
        for unit in row:
            told[places.first[unit]] = draft
    return found


def _opening(scene: Scene, row: list[int]) -> int:
    """Return the unit that opens the block a row begins in, if at most the rest of a sentence stands before the row."""
    if scene.opens[row[0]] or (row[0] and scene.opens[row[0] - 1]):
        return row[0] - (not scene.opens[row[0]])
    return next((unit for unit in row if scene.opens[unit]), 0)


def _told_last(scene: Scene, places: _Places, before: list[int], unit: int) -> int:
    """Return which of the last of the texts `before` says the end of a unit, or the unit where none does."""
    left = _LAST
    for near in reversed(before):
        if places.first[near] <= places.last[unit] <= places.last[near]:
            return near
        left -= scene.weight[near]
        if left < 0:
            break
    return unit


def _rows(scene: Scene, texts: list[int], seams: set[int], places: _Places) -> Iterator[tuple[int, list[int]]]:
    """Yield copies that stand in this order at first, and each new text for itself, with the number of their first text."""
    start = 0
    for number in range(1, len(texts) + 1):
        unit, before = texts[number % len(texts)], texts[number - 1]
        copies = scene.state[unit] is scene.state[before] is COPY
        if not (copies and unit not in seams and number < len(texts) and places.first[unit] > places.last[before]):
            yield start, texts[start:number]
            start = number


def _find_rewritten(scene: Scene, repeats: Repeats, texts: list[int]) -> frozenset[int]:
    """Return which of the new sentences among `texts` say again, with small changes, what an earlier one says.

    Runs of characters they share propose the earlier one, and so does the text before them, when it is told again.
    """
    wanted = {unit for unit in texts if scene.state[unit] is NEW and scene.length[unit] >= _LEAST}
    shared: dict[int, dict[int, int]] = {}
    for start, end, distance in _touching(scene, repeats, wanted):
        unit = scene.unit_at(start)
        while unit < len(scene) and scene.first[unit] < end:
            low, high = max(start, scene.first[unit]), min(end, scene.last[unit])
            if unit in wanted and high - low >= _LEAST:
                other = scene.unit_at((low + high) // 2 - distance)
                votes = shared.setdefault(unit, {})
                votes[other] = votes.get(other, 0) + high - low
            unit += 1
    of: dict[int, int] = {}
    for unit in texts:
        if scene.state[unit] is COPY:
            of[unit] = scene.witness_first[unit]
        elif unit in wanted:
            votes = shared.get(unit, {})
            likely = [max(votes, key=lambda other: (votes[other], -other))] if votes else []
            likely += [of[unit - 1] + 1] if unit - 1 in of else []
            of.update((unit, other) for other in likely if 0 <= other < unit and _is_alike(scene, unit, other))
    return frozenset(wanted.intersection(of))


def _touching(scene: Scene, repeats: Repeats, units: Collection[int]) -> Repeats:
    """Return the repeats that lie partly in some of `units`."""
    among = np.zeros(len(scene) + 1, np.int64)
    among[[unit + 1 for unit in units]] = 1
    count = np.cumsum(among)
    first = np.maximum(np.searchsorted(scene.first, repeats.starts, "right") - 1, 0)
    last = np.searchsorted(scene.first, repeats.ends, "left")
    return repeats.among(count[last] > count[first])


def _is_alike(scene: Scene, unit: int, other: int) -> bool:
    this, that = (scene.folded_text(each) for each in (unit, other))
    return fuzz.ratio(this, that, score_cutoff=_ALIKE) > 0


def _draft(scene: Scene, units: list[int], rewritten: frozenset[int], broken: frozenset[int]) -> Draft:
    def wording(unit: int) -> Wording:
        if unit in rewritten:
            return Wording.REWRITE
        # What breaks off and is completed further on says nothing of its own.
        return Wording.COPY if scene.state[unit] is COPY or unit in broken else Wording.NEW

    parts = [(each, list(run)) for each, run in groupby(units, wording)]
    spans = tuple((each, Span(scene.spans[run[0]].start, scene.spans[run[-1]].end)) for each, run in parts)
    return Draft(Span(spans[0][1].start, spans[-1][1].end), spans, _amounts_to(scene, parts))


def _amounts_to(scene: Scene, parts: list[tuple[Wording, list[int]]]) -> Wording:
    weight = dict.fromkeys(Wording, 0)
    for each, run in parts:
        weight[each] += sum(scene.weight[unit] for unit in run if scene.kind[unit] is not Kind.HEADING)
    if weight[Wording.NEW] >= min(_TEXT, max(1, sum(weight.values()) / _SHARE)):
        return Wording.NEW
    return Wording.REWRITE if weight[Wording.REWRITE] > weight[Wording.COPY] else Wording.COPY
