"""Choose which copy of each passage stays, over the whole post at once: the one that leaves the fewest seams."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from itertools import pairwise, takewhile
from typing import NamedTuple

import numpy as np

from dedupe.model import Integers, Keep, Kind
from dedupe.rows import is_balanced
from dedupe.scene import COPY, NEW, Scene, find_footers

_ONE = 2500
"""What a plain seam costs, in characters: each that stays in a later copy costs 1, so of equal choices the first stays."""
_SEAM, _TORN_START, _TORN_END = _ONE, 2 * _ONE, _ONE
"""What two texts cost that meet and never did: between paragraphs, at the start of one torn off, at the end of one."""
_TORN_SENTENCE = 2 * _ONE
"""What it costs more when the first text breaks off in a sentence, and another one follows than did."""
_TORN_ITEM = 2 * _ONE
"""What it costs more when a list item loses its beginning, and with it its sign."""
_LEANS, _BARE_HEADING = 2 * _ONE, 2 * _ONE
"""What it costs more when the second text refers back to what is gone, or when a heading is left with nothing under it."""
_EFFORT = 2000
"""Steps the search may weigh for each run."""
_CHEAP = 100
"""To copy so many runs takes as long as to weigh one step."""
_FAR = 200
"""Runs before another one that the bound looks at; from there on it takes the least the run can cost."""
_HOLE = 8 * _ONE // 10
"""What it costs more when a first copy that stood before is moved away."""
_ECHO = 2 * _ONE
"""Cost of a unit that stays in an echo: a draft flattened, or what stands behind the marker of a prompt."""
_BEHEADED = 2 * _ONE
"""What it costs more when the post no longer begins as it did."""
_UNENDED = _ONE
"""What it costs more when the post no longer ends as it did, but for what the site appends: a conclusion is no conclusion
before more text."""
_REFORMED = 3 * _ONE // 10
"""Cost of a unit whose block begins elsewhere than in the first copy, as in a flattened echo."""
_SLIP = 3 * _ONE // 10
"""Cost of a character that a near copy lacks or doubles."""
_REWORDED = 6 * _ONE // 10
"""Cost of a near copy that stays instead of the first wording, if that is as clean."""
_ASKED_FOR = 10_000 * _ONE
"""What it costs more when another copy stays than the one a person asked for: more than all seams of a post."""
_REFERS = re.compile(
    r"[\s*_「『“\"…．.]*(?:この|その|これ(?!まで|から)|それ(?!ぞれ)|こう|そう|そこ|しかし|だが|でも|ただ|また(?!は)|さらに|そして|特に|例えば|たとえば|つまり|"
    r"だから|一方|加えて|同時に|なぜなら|这|那|但|然而|這|그|이것|이런|하지만|그러나|"
    r"(?:this|that|these|those|however|but|and|such|it|they|also"
    r"|dies(?:e[mnrs]?)?|jene[mnrs]?|aber|doch|jedoch|und|auch|deshalb|darum"
    r"|ce(?:la|ci|t|tte|s)?|c’est|c'est|mais|pourtant|cependant|et|aussi|donc"
    r"|est[eao]s?|es[eao]s?|pero|sin embargo|y|también|por eso|ess[ea]s?|isso|isto|mas|porém|e|também)\b)",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Choice:
    """The units that go; `source` as in Scene, led to what stays; and a bound.

    `cost` of this choice exceeds that of the best one by at most `cost - bound`; the two are equal where it is the best.
    """

    gone: frozenset[int]
    source: Integers
    cost: float = 0.0
    bound: float = 0.0


class _Texts(NamedTuple):
    """The texts of a post, each called by its first unit: nearly always its only one, else parts of a broken sentence.

    `last[text]` is its last unit, `holder[unit]` the text that holds a unit (-1: none does).
    """

    firsts: list[int]
    last: list[int]
    holder: list[int]

    def units(self, texts: Iterable[int]) -> list[int]:
        return [unit for text in texts for unit in range(text, self.last[text] + 1)]


class _Run(NamedTuple):
    """Texts that stay or go together; `passage` is -1 where they stay, else they are its copy number `copy`."""

    texts: tuple[int, ...]
    passage: int = -1
    copy: int = 0


@dataclass(frozen=True, slots=True)
class _Classes:
    """`of` names for each text the first one that says the same; `copies` holds those that have a choice, in order."""

    of: list[int]
    copies: Mapping[int, tuple[int, ...]]


_START = -1
"""The text before the first one."""


def choose(
    scene: Scene,
    removable: Collection[int],
    cuts: Mapping[int, int],
    joins: Mapping[int, int],
    echoes: Collection[int] = (),
    keep: Keep = Keep.BEST,
    asked: Collection[int] = (),
) -> Choice:
    """Return which of the `removable` copies, and of the texts they are copies of, go.

    `cuts` leads from each cut-off beginning, which goes in any case, to the unit that completes it, `joins` from each
    sentence that breaks off to the unit that goes on with it; `echoes` are copies no draft holds, which stay last. The units
    `asked` for stay instead of their other copies wherever these have a choice.

    The cost of what stays is the sum over its seams (places where two texts meet that were never neighbours) and a little
    for each character kept later than at first. All new text stays; of each passage exactly one copy stays: the first,
    unless the cost falls when a stretch of the post stays whole instead, or `keep` names the copy, whatever it costs.
    """
    texts = _find_texts(scene, cuts, joins)
    classes = _classify(scene, texts, removable, cuts)
    gone = set(removable) | set(cuts)
    if not classes.copies:
        return Choice(frozenset(gone), _lead(scene, texts, classes, gone, cuts))
    neighbours = _neighbours(scene, texts, classes, cuts, joins)
    may_stay = {text for copies in classes.copies.values() for text in copies}
    stay = [text for text in texts.firsts if text not in cuts and (text not in gone or text in may_stay)]
    wanted = {texts.holder[unit] for unit in asked}
    runs = list(_runs(stay, classes, {classes.of[text] for text in wanted}))
    kept, cost, bound = _solve(scene, texts, runs, classes, neighbours, cuts, echoes, keep, wanted)
    for run in runs:
        if run.passage >= 0:
            gone.update(texts.units(run.texts))
    for run in kept:
        gone.difference_update(texts.units(run.texts))
    return Choice(frozenset(gone), _lead(scene, texts, classes, gone, cuts), cost / _ONE, bound / _ONE)


def _find_texts(scene: Scene, cuts: Mapping[int, int], joins: Mapping[int, int]) -> _Texts:
    """Return the texts of the post.

    A sentence that goes on after a break is one, and so is its broken copy; and so are sentences of a block that stand
    elsewhere without the line break between them, as one. A cut-off beginning goes by itself, so is part of none.
    """
    glued = _glued(scene)
    last = list(range(len(scene)))
    holder = [unit if state is NEW or state is COPY else -1 for unit, state in enumerate(scene.state)]
    for before, unit in pairwise(last):
        joined = unit in glued or joins.get(before) == unit or scene.is_broken_copy(before, unit)
        if joined and before not in cuts and unit not in cuts and holder[before] >= 0 and holder[unit] >= 0:
            holder[unit] = holder[before]
            last[holder[before]] = unit
    return _Texts([unit for unit, text in enumerate(holder) if text == unit], last, holder)


def _glued(scene: Scene) -> set[int]:
    """Return the units that are one text with the unit before, because a copy of both is a single unit."""
    inner: set[int] = set()
    for unit, (first, last) in enumerate(zip(scene.witness_first, scene.witness_last, strict=True)):
        if 0 <= first < last and scene.state[unit] is COPY and scene.block[first] == scene.block[last]:
            inner.update(scene.first[first + 1 : last + 1])
    if not inner:
        return set()
    root = scene.root
    places = {int(root[place]) for place in inner}
    return {
        unit
        for unit in range(1, len(scene))
        if scene.block[unit] == scene.block[unit - 1]
        and scene.length[unit]
        and scene.length[unit - 1]
        and (place := int(root[scene.first[unit]])) in places
        and root[scene.last[unit - 1] - 1] + 1 == place
    }


def _classify(scene: Scene, texts: _Texts, removable: Collection[int], cuts: Mapping[int, int]) -> _Classes:
    """Group texts that say the same; a passage has a choice when all its copies may go and its first text may too.

    A copy that stays anyway, as a refrain does, is a passage of its own: what copies it may stay in its place.
    """
    of = list(range(len(scene)))
    members: dict[int, list[int]] = {}
    fixed: set[int] = set()
    for text in texts.firsts:
        place = scene.witness[text]
        if text not in removable or place < scene.first[0]:
            continue
        twin = texts.holder[scene.witness_first[text]]
        if twin < 0:
            continue
        end = scene.witness_end(texts.last[text])
        if scene.first[twin] == place and scene.last[texts.last[twin]] == end:
            of[text] = first = of[twin]
            members.setdefault(first, [])
            if not all(unit in removable for unit in range(text + 1, texts.last[text] + 1)):
                fixed.add(first)
            elif _may_stay(scene, text, first):
                members[first].append(text)
        else:
            # A copy that is not cut as its witness is stays a copy only while its witness stays in one piece.
            fixed.update(_torn(scene, texts, place, end))
    for cut, whole in cuts.items():
        of[texts.holder[cut]] = of[texts.holder[whole]]
    copies = {
        first: (first, *others)
        for first, others in members.items()
        if others and first not in fixed and first not in cuts and first not in removable
    }
    return _Classes(of, copies)


def _may_stay(scene: Scene, text: int, first: int) -> bool:
    """Tell whether a copy may stay instead of the first text: not a flattened one instead of an item or a heading."""
    alike = scene.kind[text] is scene.kind[first] or (text in scene.heads and first in scene.heads)
    return alike and not scene.container[text] and not scene.container[first]


def _torn(scene: Scene, texts: _Texts, place: int, end: int) -> Iterator[int]:
    """Yield the texts a copy spans whose border is no end of a sentence."""
    unit = scene.unit_at(place)
    while unit + 1 < len(scene) and scene.last[unit] < end:
        if scene.last[unit] not in scene.whole_ends:
            yield from (texts.holder[each] for each in (unit, unit + 1))
        unit += 1


def _neighbours(
    scene: Scene,
    texts: _Texts,
    classes: _Classes,
    cuts: Mapping[int, int],
    joins: Mapping[int, int],
) -> set[tuple[int, int]]:
    """Return the pairs of texts that their author put side by side: neighbours in some draft, not across its seam."""
    pairs = {(_START, classes.of[texts.firsts[0]])}
    reach = -1  # where the text ended that the last copy is a copy of
    stretch = 0  # where the new text began that was written since
    before = end = _START  # the text before, and its last unit
    for text in texts.firsts:
        restarts, goes_on = False, False
        if scene.state[text] is COPY:
            place = int(scene.root[scene.first[text]])
            # Nobody begins anew right below a heading.
            restarts = (place < reach or place >= stretch) and end not in scene.heads
            stretch = scene.last[texts.last[text]]
            reach = int(scene.root[stretch - 1]) + 1
        else:
            goes_on = before >= 0 and _breaks_off(scene, end)
        broken = end in cuts or end + 1 < text or (scene.is_wide(text) and not goes_on)
        if before >= 0 and (not (restarts or broken) or joins.get(end) == text):
            pairs.add((classes.of[before], classes.of[text]))
        before, end = text, texts.last[text]
    return pairs


def _breaks_off(scene: Scene, unit: int) -> bool:
    return scene.is_cut(unit) and scene.last[unit] not in scene.whole_ends


def _runs(stay: list[int], classes: _Classes, asked: Collection[int]) -> Iterator[_Run]:
    """Cut what may stay into the longest runs whose texts have their copies in the same order, all `asked` for or none."""
    index = {text: number for number, text in enumerate(stay)}
    places = {first: [index[text] for text in copies] for first, copies in classes.copies.items()}
    own = [places.get(classes.of[text]) for text in stay]
    passages: dict[int, int] = {}
    start = 0
    for end in range(1, len(stay) + 1):
        here, there = own[end - 1], own[end] if end < len(stay) else ()
        alike = not asked or end == len(stay) or (classes.of[stay[end - 1]] in asked) == (classes.of[stay[end]] in asked)
        if here is there is None or (alike and here and there and there == [place + 1 for place in here]):
            continue
        first = own[start]
        if first is None:
            yield _Run(tuple(stay[start:end]))
        else:
            yield _Run(tuple(stay[start:end]), passages.setdefault(first[0], len(passages)), first.index(start))
        start = end


def _solve(
    scene: Scene,
    texts: _Texts,
    runs: list[_Run],
    classes: _Classes,
    neighbours: Collection[tuple[int, int]],
    cuts: Mapping[int, int],
    echoes: Collection[int],
    keep: Keep,
    asked: Collection[int],
) -> tuple[list[_Run], int, int]:
    """Return the runs that stay, what they cost, and a lower bound for any choice."""
    firsts = {run.passage: run for run in runs if run.copy == 0}
    locked = {passage for passage, run in firsts.items() if passage >= 0 and _splits_brackets(scene, texts, run)}
    wordings = _find_wordings(scene)
    own = [_cost_of_copy(scene, texts, run, wordings, firsts, echoes) if run.passage >= 0 else 0 for run in runs]
    wanted = {
        run.passage: index
        for index, run in enumerate(runs)
        if run.passage >= 0 and run.passage not in locked and any(text in asked for text in run.texts)
    }
    for index, run in enumerate(runs):
        own[index] += _ASKED_FOR if wanted.get(run.passage, index) != index else 0
    begins = [run.texts[0] for run in runs]
    # What stands at -1 is before all: there a post begins.
    ends = [*(run.texts[-1] for run in runs), _START]
    torn = [*(_cost_after(scene, texts.last[end]) for end in ends[:-1]), _BEHEADED]
    anew = [_SEAM + _cost_before(scene, begin) for begin in begins]
    holes = [run.passage >= 0 and not run.copy and not after.copy for run, after in pairwise(runs)]
    heading_of = _headings(scene)
    says = [*(classes.of[end] for end in ends[:-1]), _START]
    ending, after_ending = _find_ending(scene, texts, runs, wordings, echoes)

    @cache
    def step(before: int, index: int) -> int:
        lost = _UNENDED if index == after_ending and says[before] != says[ending] else 0
        if index < 0:
            return lost
        cost, end, begin = own[index] + lost, ends[before], begins[index]
        if before < index - 1 and holes[index - 1]:
            cost += _HOLE
        if (says[before], classes.of[begin]) not in neighbours:
            headed = end >= 0 and heading_of[begin] == texts.last[end]
            return cost + torn[before] + anew[index] - (_BARE_HEADING if headed else 0)
        after = texts.last[end] + 1 if end >= 0 else 0
        # It follows in its place right behind, or instead of its cut-off beginning.
        return cost if scene.opens[begin] or after == begin or cuts.get(after) == begin else cost + _REFORMED

    problem = _Problem(runs, locked, own, step)
    if keep == Keep.BEST:
        kept, bound = _search(problem)
    else:
        kept, bound = _keep(problem, _named(texts, runs, locked, echoes, keep, wanted)), _bound(problem)
    return [runs[index] for index in kept.runs], kept.cost, bound


def _find_ending(scene: Scene, texts: _Texts, runs: list[_Run], wordings: _Wordings, echoes: Collection[int]) -> tuple[int, int]:
    """Return the run that ends the post, and the one of the links that come after, -1 for none.

    What breaks off or is an echo ends nothing, nor does a stretch of copies in which somebody slipped; then both are a run
    there is not.
    """
    footers, links = find_footers(scene), len(runs)
    while links and runs[links - 1].texts[0] in footers:
        links -= 1
    if not links:
        return len(runs), len(runs)
    copies = [*takewhile(lambda run: run.passage >= 0, reversed(runs[:links]))]
    said = [scene.folded_text(unit) for run in copies for unit in texts.units(run.texts)] if scene.near else []
    slipped = any(mine > theirs for mine, theirs in (wordings.own[each] for each in said if each in wordings.own))
    last = texts.last[runs[links - 1].texts[-1]]
    if scene.is_cut(last) or last in echoes or slipped:
        return len(runs), len(runs)
    return links - 1, links if links < len(runs) else -1


def _named(
    texts: _Texts, runs: list[_Run], locked: Collection[int], echoes: Collection[int], keep: Keep, wanted: Mapping[int, int]
) -> list[int]:
    """Return the runs that stay when of each passage the `wanted` copy stays, else the first, or the last that is no echo."""
    chosen: dict[int, int] = {}
    for index, run in enumerate(runs):
        echo = any(unit in echoes for unit in texts.units(run.texts))
        if run.passage < 0 or not run.copy or (keep == Keep.LAST and run.passage not in locked and not echo):
            chosen[run.passage if run.passage >= 0 else -1 - index] = index
    return sorted({**chosen, **wanted}.values())


class _Problem(NamedTuple):
    """Runs of which one of each passage is to stay; of `locked` passages the first.

    `step(before, index)` is what it costs to keep a run right after another one (-1: after nothing), or to end with that
    (-1); the `own` cost of the run is the least of it.
    """

    runs: list[_Run]
    locked: Collection[int]
    own: list[int]
    step: Callable[[int, int], int]


class _Kept(NamedTuple):
    """A choice: the runs that stay, for each passage which of them it is, and what they cost.

    Also the way from each to the ones `before` and `after` it; -1 is before the first one and after the last.
    """

    runs: list[int]
    stays: dict[int, int]
    before: list[int]
    after: list[int]
    cost: int


def _search(problem: _Problem) -> tuple[_Kept, int]:
    """Return the best choice found, and a bound no choice can cost less than.

    Begins with the first copies and, as long as that costs less, lets a stretch of runs stay whole instead of the copies of
    its passages elsewhere: a local search whose moves are all stretches. Its effort is bounded, so that it stays linear.
    """
    runs = problem.runs
    kept = _keep(problem, [index for index, run in enumerate(runs) if run.copy == 0])
    bound = _bound(problem)
    start = unchanged = 0
    effort = _EFFORT * len(runs)
    while unchanged < len(runs) and kept.cost > bound and effort > 0:
        unchanged += 1
        if runs[start].passage >= 0 and kept.stays[runs[start].passage] != start:
            end, spent = _best_end(problem, kept, start)
            effort -= spent
            if end >= 0:
                kept, unchanged = _keep(problem, _with_stretch(problem, kept, start, end)), 0
                effort -= len(kept.runs)
        start = (start + 1) % len(runs)
    return kept, min(kept.cost, bound)


def _keep(problem: _Problem, kept: list[int]) -> _Kept:
    before, after = ([-1] * (len(problem.runs) + 1) for _ in range(2))
    for one, other in pairwise([-1, *kept, -1]):
        after[one], before[other] = other, one
    cost = sum(map(problem.step, [-1, *kept], [*kept, -1]))
    return _Kept(kept, {problem.runs[index].passage: index for index in kept}, before, after, cost)


def _with_stretch(problem: _Problem, kept: _Kept, start: int, end: int) -> list[int]:
    """Return what stays when the runs from `start` to `end` stay instead of the copies of their passages elsewhere."""
    stretch = range(start, end + 1)
    passages = {problem.runs[index].passage for index in stretch} - {-1}
    return sorted({index for index in kept.runs if problem.runs[index].passage not in passages}.union(stretch))


def _best_end(problem: _Problem, kept: _Kept, start: int) -> tuple[int, int]:
    """Return where the best stretch from `start` ends, if it costs less than `kept` that it stays whole, else -1; and the effort.

    A stretch grows by one run at a time, for which the copy of its passage that stayed leaves the chain of what stays.
    """
    runs, locked, own, step = problem
    before, after = kept.before.copy(), kept.after.copy()
    found, best, cost = -1, kept.cost, kept.cost
    inner = own[start]  # what the stretch costs at least
    passages: set[int] = set()
    at = bisect_left(kept.runs, start)
    last = kept.runs[at - 1] if at else -1  # of what stays, the one before `end`
    end = start
    for end in range(start, len(runs)):
        passage = runs[end].passage
        inner += step(last, end) if end > start else 0
        if passage in passages or (runs[end].copy and passage in locked) or inner >= best:
            break
        if passage >= 0:
            passages.add(passage)
            other = kept.stays[passage]
            if other != end:
                one, two = last, after[last]
                cost += step(one, end) + step(end, two) - step(one, two)
                after[one], before[end], after[end], before[two] = end, one, two, end
                one, two = before[other], after[other]
                cost += step(one, two) - step(one, other) - step(other, two)
                after[one], before[two] = two, one
                if cost < best:
                    found, best = end, cost
        last = end
    return found, end - start + 1 + len(runs) // _CHEAP


def _bound(problem: _Problem) -> int:
    """Return what any choice costs at least: for each passage the copy that costs least after any run it may follow."""
    runs, _, own, step = problem
    least: dict[int, int] = {}
    fixed = -1  # the last run before that stays in any case
    for index, run in enumerate(runs):
        cost = step(fixed, index)
        for before in range(index - 1, max(fixed, index - 1 - _FAR), -1):
            if cost <= own[index]:
                break
            if runs[before].passage != run.passage:
                cost = min(cost, step(before, index))
        else:
            cost = own[index] if index - 1 - _FAR > fixed else cost
        key = run.passage if run.passage >= 0 else -1 - index
        least[key] = min(cost, least.get(key, cost))
        fixed = index if run.passage < 0 else fixed
    return sum(least.values())


def _splits_brackets(scene: Scene, texts: _Texts, run: _Run) -> bool:
    first, last = run.texts[0], texts.last[run.texts[-1]] + 1
    inside = not scene.opens[first] and not is_balanced(scene, first, last)
    return inside or (not scene.closes[last - 1] and not is_balanced(scene, first, last, at_end=True))


def _cost_of_copy(
    scene: Scene, texts: _Texts, run: _Run, wordings: _Wordings, firsts: Mapping[int, _Run], echoes: Collection[int]
) -> int:
    """Return what a copy costs that stays, whatever it follows: for where it stands, and how it is cut and written."""
    units = texts.units(run.texts)
    said = list(map(scene.folded_text, units)) if scene.near else []
    slips = [wordings.own[each] for each in said if each in wordings.own]
    cost = _SLIP * (sum(mine for mine, _ in slips) + max((wordings.lacks.get(each, 0) for each in said), default=0))
    if echoes:
        cost += _ECHO * sum(unit in echoes for unit in units)
    if not run.copy:
        return cost
    pairs = zip(firsts[run.passage].texts, run.texts, strict=True)
    reformed = sum(scene.opens[one] != scene.opens[other] for one, other in pairs)
    length = sum(scene.last[texts.last[text]] - scene.first[text] for text in run.texts)
    reworded = sum(mine >= theirs for mine, theirs in slips)
    return cost + run.copy * length + _REFORMED * reformed + _REWORDED * reworded


class _Wordings(NamedTuple):
    """What is known of wordings, by their folded characters, wherever they stand.

    `own` has the slips of near copies, `lacks` how much a wording lacks that near copies of it have.
    """

    own: dict[str, tuple[int, int]]
    lacks: dict[str, int]


def _find_wordings(scene: Scene) -> _Wordings:
    own: dict[str, tuple[int, int]] = {}
    lacks: dict[str, int] = {}
    for unit, like in scene.near.items():
        own.setdefault(scene.folded_text(unit), like.slips)
        if like.witness >= 0:
            witness = scene.folded_text(like.witness)
            lacks[witness] = max(lacks.get(witness, 0), like.slips[1])
    return _Wordings(own, lacks)


def _cost_after(scene: Scene, unit: int) -> int:
    """Return what it costs when another text follows the one that ends in a unit than did."""
    cost = _BARE_HEADING if unit in scene.heads else 0
    if not scene.closes[unit] and not cost:
        return cost + _TORN_END
    return cost + _TORN_SENTENCE if _breaks_off(scene, unit) else cost


def _headings(scene: Scene) -> list[int]:
    """Return for each unit the last heading before it, -1 where there is none."""
    last = [-1]
    for unit in range(len(scene) - 1):
        last.append(unit if unit in scene.heads else last[-1])
    return last[: len(scene)]


def _cost_before(scene: Scene, unit: int) -> int:
    """Return what it costs, on top of the seam, when the text that begins with a unit follows another than it did."""
    cost = 0 if scene.opens[unit] else _TORN_START + (_TORN_ITEM if scene.kind[unit] is Kind.ITEM else 0)
    if unit in scene.heads:
        return cost - _SEAM // 2
    return cost + _LEANS if _REFERS.match(scene.post.text, scene.spans[unit].start) else cost


def _is_of_whole_units(scene: Scene, unit: int) -> bool:
    place, end = scene.witness[unit], scene.witness_end(unit)
    return scene.first[scene.witness_first[unit]] == place and scene.last[scene.witness_last[unit]] == end


def _lead(scene: Scene, texts: _Texts, classes: _Classes, gone: Collection[int], cuts: Mapping[int, int]) -> Integers:
    """Return `scene.source` with each cut-off beginning led to its completion, and each first text that goes to its copy.

    A copy of whole sentences that stays leads nowhere: what is copied from it, and from what stands beside it, stands there in
    one piece and to the letter.
    """
    source = scene.source.copy()
    for unit in [unit for unit, state in enumerate(scene.state) if state is COPY and unit not in gone]:
        if _is_of_whole_units(scene, unit):
            source[scene.first[unit] : scene.last[unit]] = np.arange(scene.first[unit], scene.last[unit])
    for cut, whole in cuts.items():
        source[scene.first[cut] : scene.last[cut]] = np.arange(scene.first[whole], scene.first[whole] + scene.length[cut])
    for first, copies in classes.copies.items():
        if first in gone:
            stays = next(text for text in copies if text not in gone)
            start, end = scene.first[first], scene.last[texts.last[first]]
            place, last = scene.first[stays], scene.last[texts.last[stays]]
            source[place:last] = np.arange(place, last)
            source[start:end] = np.minimum(np.arange(place, place + end - start), last - 1)
    return source
