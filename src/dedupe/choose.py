"""Choose which copy of each passage stays, over the whole post at once: the one that leaves the fewest seams."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import NamedTuple

import numpy as np

from dedupe.model import Integers, Keep, Kind
from dedupe.rows import is_balanced
from dedupe.scene import Scene, State

_SEAM, _TORN_START, _TORN_END = 1.0, 2.0, 1.0
"""What two texts cost that meet and never did: between paragraphs, at the start of one torn off, at the end of one."""
_TORN_SENTENCE = 2.0
"""What it costs more when the first text breaks off in a sentence, and another one follows than did."""
_LEANS, _BARE_HEADING = 2.0, 2.0
"""What it costs more when the second text refers back to what is gone, or when a heading is left with nothing under it."""
_EFFORT = 2000
"""Steps the search may weigh for each run."""
_FAR = 200
"""Runs before another one that the bound looks at; from there on it takes the least the run can cost."""
_HOLE = 0.8
"""What it costs more when a first copy that stood before is moved away."""
_LATER = 0.0004
"""Cost of a character that stays in a later copy: of equal choices the first stays."""
_ECHO = 2.0
"""Cost of a unit that stays in an echo: a draft flattened, or what stands behind the marker of a prompt."""
_BEHEADED = 2.0
"""What it costs more when the post no longer begins as it did."""
_REFORMED = 0.3
"""Cost of a unit whose block begins elsewhere than in the first copy, as in a flattened echo."""
_SLIP = 0.3
"""Cost of a character that a near copy lacks or doubles."""
_REWORDED = 0.6
"""Cost of a near copy that stays instead of the first wording, if that is as clean."""
_REFERS = re.compile(
    r"[\s*_「『“\"…．.]*(?:この|その|これ|それ|こう|そう|そこ|しかし|だが|でも|ただ|また|さらに|そして|特に|例えば|たとえば|つまり|"
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


class _Atom(NamedTuple):
    """Units [first, last] that make one text: nearly always one, or the parts of a sentence with a break in its middle."""

    first: int
    last: int


class _Run(NamedTuple):
    """Atoms that stay or go together; `passage` is -1 where they stay, else they are its copy number `copy`."""

    atoms: tuple[_Atom, ...]
    passage: int = -1
    copy: int = 0

    @property
    def units(self) -> Iterator[int]:
        return (unit for atom in self.atoms for unit in range(atom.first, atom.last + 1))


@dataclass(frozen=True, slots=True)
class _Classes:
    """`of` names for each atom the first one with its text; `copies` holds those that have a choice, in order."""

    of: Mapping[_Atom, _Atom]
    copies: Mapping[_Atom, tuple[_Atom, ...]]


_START = _Atom(-1, -1)


def choose(
    scene: Scene,
    removable: Collection[int],
    cuts: Mapping[int, int],
    joins: Mapping[int, int],
    echoes: Collection[int] = (),
    keep: Keep = Keep.BEST,
) -> Choice:
    """Return which of the `removable` copies, and of the texts they are copies of, go.

    `cuts` leads from each cut-off beginning, which goes in any case, to the unit that completes it, `joins` from each
    sentence that breaks off to the unit that goes on with it; `echoes` are copies no draft holds, which stay last.

    The cost of what stays is the sum over its seams (places where two texts meet that were never neighbours) and a little
    for each character kept later than at first. All new text stays; of each passage exactly one copy stays: the first,
    unless the cost falls when a stretch of the post stays whole instead, or `keep` names the copy, whatever it costs.
    """
    atoms = list(_atoms(scene, joins))
    classes = _classify(scene, atoms, removable, cuts)
    gone = set(removable) | set(cuts)
    if not classes.copies:
        return Choice(frozenset(gone), _lead(scene, classes, gone, cuts))
    neighbours = _neighbours(scene, atoms, classes, cuts, joins)
    stay = [atom for atom in atoms if atom.first not in cuts and (atom.first not in gone or classes.of[atom] in classes.copies)]
    runs = list(_runs(stay, classes))
    kept, cost, bound = _solve(scene, runs, classes, neighbours, cuts, echoes, keep)
    for run in runs:
        gone.update(run.units)
    for run in kept:
        gone.difference_update(run.units)
    return Choice(frozenset(gone), _lead(scene, classes, gone, cuts), cost, bound)


def _atoms(scene: Scene, joins: Mapping[int, int]) -> Iterator[_Atom]:
    """Yield the texts of the post in order; a sentence that goes on after a break is one, and so is its broken copy."""
    first = before = -1
    for unit, state in enumerate(scene.state):
        if state is State.VOID or state is State.LEAK:
            continue
        if before < 0:
            first = unit
        elif not (joins.get(before) == unit == before + 1 or scene.is_broken_copy(before, unit)):
            yield _Atom(first, before)
            first = unit
        before = unit
    if before >= 0:
        yield _Atom(first, before)


def _classify(scene: Scene, atoms: list[_Atom], removable: Collection[int], cuts: Mapping[int, int]) -> _Classes:
    """Group atoms of equal text; a passage has a choice when all its copies may go and its first text may too.

    A copy that stays anyway, as a refrain does, is a passage of its own: what copies it may stay in its place.
    """
    holder = {unit: atom for atom in atoms for unit in range(atom.first, atom.last + 1)}
    of = {atom: atom for atom in atoms}
    members: dict[_Atom, list[_Atom]] = {}
    fixed: set[_Atom] = set()
    for atom in atoms:
        place = scene.witness[atom.first]
        twin = holder.get(scene.unit_at(place)) if place >= scene.first[0] else None
        if twin is None or atom.first not in removable:
            continue
        end = scene.witness_end(atom.last)
        if scene.first[twin.first] == place and scene.last[twin.last] == end:
            of[atom] = of[twin]
            members.setdefault(of[twin], []).append(atom)
            if not _may_move(scene, atom, of[twin], removable):
                fixed.add(of[twin])
        else:
            # A copy that is not cut as its witness is stays a copy only while its witness stays in one piece.
            fixed.update(_torn(scene, holder, place, end))
    for cut, whole in cuts.items():
        of[holder[cut]] = of[holder[whole]]
    copies = {
        first: (first, *others)
        for first, others in members.items()
        if first not in fixed and first.first not in cuts and first.first not in removable
    }
    return _Classes(of, copies)


def _may_move(scene: Scene, atom: _Atom, first: _Atom, removable: Collection[int]) -> bool:
    units = range(atom.first, atom.last + 1)
    same_kind = scene.kind[atom.first] is scene.kind[first.first]
    free = not scene.container[atom.first] and not scene.container[first.first]
    return same_kind and free and all(unit in removable for unit in units)


def _torn(scene: Scene, holder: Mapping[int, _Atom], place: int, end: int) -> Iterator[_Atom]:
    """Yield the atoms a copy spans whose border is no end of a sentence."""
    unit = scene.unit_at(place)
    while unit + 1 < len(scene) and scene.last[unit] < end:
        if scene.last[unit] not in scene.whole_ends:
            yield from (holder[each] for each in (unit, unit + 1) if each in holder)
        unit += 1


def _neighbours(
    scene: Scene, atoms: list[_Atom], classes: _Classes, cuts: Mapping[int, int], joins: Mapping[int, int]
) -> set[tuple[_Atom, _Atom]]:
    """Return the pairs of texts that their author put side by side: neighbours in some draft, not across its seam."""
    pairs = {(_START, classes.of[atoms[0]])}
    reach = -1  # where the text ended that the last copy is a copy of
    stretch = 0  # where the new text began that was written since
    before = _START
    for atom in atoms:
        place = scene.witness[atom.first] if scene.state[atom.first] is State.COPY else -1
        restarts = 0 <= place < reach or place >= stretch
        if place >= 0:
            reach, stretch = place + scene.last[atom.last] - scene.first[atom.first], scene.last[atom.last]
        goes_on = place < 0 and before is not _START and _breaks_off(scene, before)
        broken = before.last in cuts or before.last + 1 < atom.first or (scene.is_wide(atom.first) and not goes_on)
        if before is not _START and (not (restarts or broken) or joins.get(before.last) == atom.first):
            pairs.add((classes.of[before], classes.of[atom]))
        before = atom
    return pairs


def _breaks_off(scene: Scene, atom: _Atom) -> bool:
    return scene.is_cut(atom.last) and scene.last[atom.last] not in scene.whole_ends


def _runs(stay: list[_Atom], classes: _Classes) -> Iterator[_Run]:
    """Cut what may stay into the longest runs whose atoms have their copies in the same order."""
    index = {atom: number for number, atom in enumerate(stay)}
    places = {first: [index[atom] for atom in copies] for first, copies in classes.copies.items()}
    own = [places.get(classes.of[atom]) for atom in stay]
    passages: dict[int, int] = {}
    start = 0
    for end in range(1, len(stay) + 1):
        here, there = own[end - 1], own[end] if end < len(stay) else ()
        if here is there is None or (here and there and there == [place + 1 for place in here]):
            continue
        first = own[start]
        if first is None:
            yield _Run(tuple(stay[start:end]))
        else:
            yield _Run(tuple(stay[start:end]), passages.setdefault(first[0], len(passages)), first.index(start))
        start = end


def _solve(
    scene: Scene,
    runs: list[_Run],
    classes: _Classes,
    neighbours: set[tuple[_Atom, _Atom]],
    cuts: Mapping[int, int],
    echoes: Collection[int],
    keep: Keep,
) -> tuple[list[_Run], float, float]:
    """Return the runs that stay, what they cost, and a lower bound for any choice."""
    firsts = {run.passage: run for run in runs if run.copy == 0}
    locked = {passage for passage, run in firsts.items() if passage >= 0 and _splits_brackets(scene, run)}
    own = [
        _cost_of_copy(scene, run, firsts) + _ECHO * sum(unit in echoes for unit in run.units) if run.passage >= 0 else 0.0
        for run in runs
    ]

    @cache
    def step(before: int, index: int) -> float:
        last, atom = runs[before].atoms[-1] if before >= 0 else _START, runs[index].atoms[0]
        in_place = last.last + 1 == atom.first or cuts.get(last.last + 1) == atom.first
        cost = own[index] + _cost_of_seam(scene, last, atom, classes, neighbours, in_place=in_place)
        moved = before < index - 1 and not runs[index].copy and not runs[index - 1].copy and runs[index - 1].passage >= 0
        return cost + _HOLE if moved else cost

    problem = _Problem(runs, locked, own, step)
    if keep == Keep.BEST:
        kept, bound = _search(problem)
    else:
        kept, bound = _keep(problem, _named(runs, locked, echoes, keep)), _bound(problem)
    return [runs[index] for index in kept.runs], kept.cost, bound


def _named(runs: list[_Run], locked: Collection[int], echoes: Collection[int], keep: Keep) -> list[int]:
    """Return the runs that stay when of each passage the first copy stays, or the last one that is no echo."""
    chosen: dict[int, int] = {}
    for index, run in enumerate(runs):
        echo = any(unit in echoes for unit in run.units)
        if run.passage < 0 or not run.copy or (keep == Keep.LAST and run.passage not in locked and not echo):
            chosen[run.passage if run.passage >= 0 else -1 - index] = index
    return sorted(chosen.values())


class _Problem(NamedTuple):
    """Runs of which one of each passage is to stay; of `locked` passages the first.

    `step(before, index)` is what it costs to keep a run right after another one (-1: after nothing); the `own` cost of the
    run is the least of it.
    """

    runs: list[_Run]
    locked: Collection[int]
    own: list[float]
    step: Callable[[int, int], float]


class _Kept(NamedTuple):
    """A choice: the runs that stay, what the step to each costs, and for each passage the number of its run there."""

    runs: list[int]
    steps: list[float]
    number: dict[int, int]
    cost: float


def _search(problem: _Problem) -> tuple[_Kept, float]:
    """Return the best choice found, and a bound no choice can cost less than.

    Begins with the first copies and, as long as that costs less, lets a stretch of runs stay whole instead of the copies of
    its passages elsewhere: a local search whose moves are all stretches. Its effort is bounded, so that it stays linear.
    """
    runs = problem.runs
    kept = _keep(problem, [index for index, run in enumerate(runs) if run.copy == 0])
    bound = _bound(problem)
    start = unchanged = 0
    effort = _EFFORT * len(runs)
    while unchanged < len(runs) and kept.cost > bound + _LATER / 2 and effort > 0:
        unchanged += 1
        if runs[start].passage >= 0 and kept.runs[kept.number[runs[start].passage]] != start:
            better, spent = _better(problem, kept, start)
            effort -= spent
            if better:
                kept, unchanged, effort = _keep(problem, better), 0, effort - len(better)
        start = (start + 1) % len(runs)
    return kept, min(kept.cost, bound)


def _keep(problem: _Problem, kept: list[int]) -> _Kept:
    steps = list(map(problem.step, [-1, *kept], kept))
    return _Kept(kept, steps, {problem.runs[index].passage: number for number, index in enumerate(kept)}, sum(steps))


def _better(problem: _Problem, kept: _Kept, start: int) -> tuple[list[int] | None, int]:
    """Return what stays when the best stretch from `start` stays whole, if it costs less than `kept`; and the effort."""
    runs, locked, own, step = problem
    found, best = None, kept.cost - _LATER / 2
    spared, inner = 0.0, 0.0  # at most what goes cost, and what the stretch itself costs
    broken: set[int] = set()  # which steps of `kept` are no longer taken
    passages: set[int] = set()
    reach = bisect_left(kept.runs, start)
    spent = 0
    for end in range(start, len(runs)):
        run = runs[end]
        inner += step(end - 1, end) if end > start else 0.0
        if run.passage in passages or (run.copy and run.passage in locked) or inner + own[start] >= best:
            break
        spent += 1
        if run.passage < 0:
            continue
        passages.add(run.passage)
        number = kept.number[run.passage]
        if kept.runs[number] == end:
            continue
        after = bisect_right(kept.runs, end, reach)
        for each in {number, number + 1, *range(reach, after + 1)} - broken:
            broken.add(each)
            spared += kept.steps[each] if each < len(kept.steps) else 0.0
        reach = after
        if kept.cost - spared + inner + _edges(problem, kept, start, end, passages) < best:
            spent += len(kept.runs)
            changed = [*_others(problem, kept.runs[: bisect_left(kept.runs, start)], passages), *range(start, end + 1)]
            changed += _others(problem, kept.runs[after:], passages)
            cost = sum(map(step, [-1, *changed], changed))
            if cost < best:
                found, best = changed, cost
    return found, spent


def _others(problem: _Problem, kept: list[int], passages: Collection[int]) -> list[int]:
    return [index for index in kept if problem.runs[index].passage not in passages]


def _edges(problem: _Problem, kept: _Kept, start: int, end: int, passages: Collection[int]) -> float:
    """Return what the steps into a stretch and out of it cost, once its passages stay nowhere else."""
    left, right = bisect_left(kept.runs, start) - 1, bisect_right(kept.runs, end)
    while left >= 0 and problem.runs[kept.runs[left]].passage in passages:
        left -= 1
    while right < len(kept.runs) and problem.runs[kept.runs[right]].passage in passages:
        right += 1
    into = problem.step(kept.runs[left] if left >= 0 else -1, start)
    return into + (problem.step(end, kept.runs[right]) if right < len(kept.runs) else 0.0)


def _bound(problem: _Problem) -> float:
    """Return what any choice costs at least: for each passage the copy that costs least after any run it may follow."""
    runs, _, own, step = problem
    least: dict[int, float] = {}
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
        least[key] = min(cost, least.get(key, np.inf))
        fixed = index if run.passage < 0 else fixed
    return float(sum(least.values()))


def _splits_brackets(scene: Scene, run: _Run) -> bool:
    first, last = run.atoms[0].first, run.atoms[-1].last + 1
    inside = not scene.opens[first] and not is_balanced(scene, first, last)
    return inside or (not scene.closes[last - 1] and not is_balanced(scene, first, last, at_end=True))


def _cost_of_slips(scene: Scene, run: _Run) -> float:
    """Return what a copy costs for what it lacks or garbles, as its likeness, or that of its near copies, tells."""
    if not scene.near:
        return 0.0
    units = {unit for atom in run.atoms for unit in range(atom.first, atom.last + 1)}
    own = sum(scene.near[unit].slips[0] for unit in units if unit in scene.near)
    return _SLIP * (own + max((like.slips[1] for like in scene.near.values() if like.witness in units), default=0))


def _cost_of_copy(scene: Scene, run: _Run, firsts: Mapping[int, _Run]) -> float:
    if run.passage < 0:
        return 0.0
    if not run.copy:
        return _cost_of_slips(scene, run)
    pairs = zip(firsts[run.passage].atoms, run.atoms, strict=True)
    reformed = sum(scene.opens[one.first] != scene.opens[other.first] for one, other in pairs)
    length = sum(scene.last[atom.last] - scene.first[atom.first] for atom in run.atoms)
    reworded = sum(like.slips[0] >= like.slips[1] for unit in run.units if (like := scene.near.get(unit)))
    return run.copy * _LATER * length + _REFORMED * reformed + _REWORDED * reworded + _cost_of_slips(scene, run)


def _cost_of_seam(
    scene: Scene, before: _Atom, atom: _Atom, classes: _Classes, neighbours: set[tuple[_Atom, _Atom]], *, in_place: bool
) -> float:
    """Return what it costs when a text follows another; `in_place` is right after it, or in place of its cut-off beginning."""
    if (classes.of.get(before, before), classes.of[atom]) in neighbours:
        return 0.0 if in_place or scene.opens[atom.first] else _REFORMED
    cost = _SEAM
    if not scene.opens[atom.first]:
        cost += _TORN_START
    if before is _START:
        cost += _BEHEADED
    elif not scene.closes[before.last]:
        cost += _TORN_END
    elif _breaks_off(scene, before):
        cost += _TORN_SENTENCE
    if scene.kind[atom.first] is Kind.HEADING:
        cost -= _SEAM / 2
    elif _REFERS.match(scene.post.text, scene.spans[atom.first].start):
        cost += _LEANS
    if before is not _START and scene.kind[before.last] is Kind.HEADING:
        cost += _BARE_HEADING
    return cost


def _lead(scene: Scene, classes: _Classes, gone: Collection[int], cuts: Mapping[int, int]) -> Integers:
    """Return `scene.source` with each cut-off beginning led to its completion, and each first text that goes to its copy."""
    source = scene.source.copy()
    for cut, whole in cuts.items():
        source[scene.first[cut] : scene.last[cut]] = np.arange(scene.first[whole], scene.first[whole] + scene.length[cut])
    for first, copies in classes.copies.items():
        if first.first in gone:
            stays = next(atom for atom in copies if atom.first not in gone)
            start, end = scene.first[first.first], scene.last[first.last]
            place, last = scene.first[stays.first], scene.last[stays.last]
            source[place:last] = np.arange(place, last)
            source[start:end] = np.minimum(np.arange(place, place + end - start), last - 1)
    return source
