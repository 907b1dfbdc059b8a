"""Gather copies into rows, and say of each row what tells a leftover from a wanted repetition."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import groupby, pairwise

import numpy as np

from dedupe.model import Folded, Kind, Repeats
from dedupe.scene import COPY, LEAK, NEW, VOID, Scene, level, title_of, weigh

LEAST_ROW, LEAST_WEIGHT = 2, 100
"""Sentences in a row, and their weight, that make a repeat a duplicate and not a refrain."""
HEAVY = 150
"""Weight of what no label and no refrain reaches."""
_DRAFT_ROW, _DRAFT_WEIGHT = 15, 3000
"""A row of that many sentences and that weight is a draft, wherever it stands."""
_DRAFT_STEP = 600
"""Folded characters between the witnesses of two rows of one draft."""
_ECHO_WEIGHT, _ECHO_PAIR = 60, 40
"""A lone sentence right beside its witness is an echo from that weight on; two, or one over a wide gap, from the second."""
_ECHO_INSIDE = 80
"""Weight of a sentence that stands twice in a row inside a paragraph, more than a chant has."""
_TAIL_WEIGHT = 300
"""Two paragraphs that weigh that much, again at the very end, are an appendix."""
_RERUN_PARAGRAPHS, _RERUN_WEIGHT, _RERUN_SHARE = 3, 500, 0.8
"""An unbroken row of that many paragraphs and that weight, and that share of all that repeats, is no manual's boilerplate."""
_RESTART_ROW = 5
"""A row of that many sentences that begins where the post begins starts it over."""
_LEAST_CUT = 20
"""Weight of the last words of a paragraph that are too many to stand elsewhere by chance."""
_SEAM = 16
"""Folded characters between two copies, or a copy and its witness, too few for a sentence that counts."""

_EDGE = frozenset({Kind.HEADING, Kind.LINKS, Kind.DIRECTIVE, Kind.HTML, Kind.CODE, Kind.TABLE, Kind.VERSE, Kind.OTHER})
"""What stays over or under new text though it stands twice: a heading goes only with its body."""
_LOOSE = frozenset({Kind.LINKS, Kind.DIRECTIVE, Kind.HTML})
"""What may stand before a repeat and has nothing to do with it."""
_LED_INTO = frozenset({Kind.CODE, Kind.TABLE, Kind.ITEM, Kind.HTML})
"""What a paragraph may lead into."""
_LISTED = frozenset({Kind.ITEM, Kind.LINKS})
"""What stands in lists, of which only whole ones of several items count."""
_UNREPEATED = frozenset({Kind.HTML, Kind.VERSE, Kind.DIRECTIVE, Kind.CONFLICT, Kind.HEADING, Kind.QUOTE})
"""What people repeat on purpose, right beside itself too."""
_CLOSERS = {"」": "「", "』": "『", "）": "（", ")": "(", "】": "【", "]": "[", "〉": "〈", "》": "《"}
_BRACKET = re.compile("[" + re.escape("".join((*_CLOSERS, *_CLOSERS.values()))) + "]")


@dataclass(frozen=True, slots=True)
class Row:
    """Units [first, last) that all stand earlier or are leaks, and what speaks for their being left over.

    `sentences` counts the longest run of prose sentences that stand in this order in the witness too; `plain` counts
    only those of paragraphs, since lists and changelogs say the same things over and over.
    """

    first: int
    last: int
    sentences: int
    plain: int
    weight: int
    signs: tuple[str, ...]

    def __contains__(self, unit: int) -> bool:
        return self.first <= unit < self.last


def is_suspect(folded: Folded, repeats: Repeats) -> bool:
    """Tell from the repeats alone whether `judge` could find anything but leaks and sentences cut at a wide gap.

    Every sign needs a repeat beside its witness, a heavy one, or many: all lighter than what the rules ask for.
    """
    if not repeats:
        return False
    starts, ends = repeats.starts, repeats.ends
    if np.any(repeats.distances <= ends - starts + _SEAM):
        return True
    # Repeats that touch, whatever their witnesses, may make up one row.
    reach = np.maximum.accumulate(ends)
    fresh = np.concatenate(([True], starts[1:] > reach[:-1] + _SEAM))
    heads = np.flatnonzero(fresh)
    weights = weigh(folded.codes, starts[heads], np.maximum.reduceat(ends, heads))
    return bool(weights.max() >= HEAVY or weights[weights >= LEAST_WEIGHT].sum() >= _DRAFT_WEIGHT)


def find_rows(scene: Scene) -> list[Row]:
    """Return the rows of copies of a post, in order, each with the signs that speak for its being left over."""
    return _mark_drafts(scene, _mark_reruns(scene, [_look_at(scene, row) for row in _rows(scene)]))


def _rows(scene: Scene) -> Iterator[range]:
    """Yield the longest rows of copies and leaks; rules between them belong to them, at the edges they do not."""
    state = scene.state
    for is_new, run in groupby(range(len(scene)), key=lambda unit: state[unit] is NEW):
        row = [] if is_new else [unit for unit in run if state[unit] is not VOID]
        if any(state[unit] is COPY for unit in row):
            yield from _trim(scene, range(row[0], row[-1] + 1))


def _trim(scene: Scene, row: range) -> Iterator[range]:
    """Leave to the text around a row what belongs to it: headings over new text, links, halves of brackets."""
    first, last = row.start, row.stop
    whole = _repeats_what_stands_before(scene, row)
    over_text = not whole and not _is_over(scene, last)
    while over_text and last > first and scene.kind[last - 1] in _EDGE and scene.state[last - 1] is COPY:
        last -= 1
    while not whole and first < last and scene.kind[first] in _LOOSE and scene.witness[first] > scene.first[0]:
        first += 1
    first, last = _drop_strays(scene, first, last)
    while first < last and not scene.opens[first] and not is_balanced(scene, first, last) and not _is_cut_copy(scene, first):
        first += 1
    while last > first and not scene.closes[last - 1] and not is_balanced(scene, first, last, at_end=True):
        if LEAK in scene.state[max(0, first - 1) : first + 1] and _leaves_whole(scene, first, last):
            break  # an echo, torn at its beginning
        last -= 1
    if any(scene.state[unit] is COPY for unit in range(first, last)):
        yield range(first, last)


def _repeats_what_stands_before(scene: Scene, row: range) -> bool:
    """Tell whether a row, to its last unit, copies what ends where the row begins."""
    copies = [unit for unit in row if scene.state[unit] is COPY]
    if not all(scene.follows(before, unit) for before, unit in pairwise(copies)):
        return False
    return scene.witness_end(copies[-1]) == scene.first[copies[0]]


def _is_over(scene: Scene, unit: int) -> bool:
    """Tell whether nothing comes from the unit on but what ends a draft."""
    ends = {scene.unit_from(leak.span.start) for leak in scene.leaks if leak.kind == "end" and leak.own_line}
    return all(scene.state[each] is VOID or each in ends for each in range(unit, len(scene)))


def _drop_strays(scene: Scene, first: int, last: int) -> tuple[int, int]:
    """Let go of what only happens to stand before or after a row: a short copy of quite another place."""
    copies = [unit for unit in range(first, last) if scene.state[unit] is COPY]
    while (
        len(copies) > 1
        and not scene.prose[copies[0]]
        and not scene.follows(copies[0], copies[1])
        and not _is_cut_copy(scene, copies[0])
    ):
        copies.pop(0)
        first = copies[0]
    while (
        len(copies) > 1
        and last == copies[-1] + 1
        and not scene.prose[copies[-1]]
        and not scene.follows(*copies[-2:])
        and not scene.is_cut(copies[-1])
    ):
        copies.pop()
        last = copies[-1] + 1
    return first, last


def is_balanced(scene: Scene, first: int, last: int, *, at_end: bool = False) -> bool:
    """Tell whether the part of a block a row takes leaves no half of a bracket behind."""
    if at_end:
        first = max(first, bisect_left(scene.block, scene.block[last - 1]))
    else:
        last = min(last, bisect_right(scene.block, scene.block[first]))
    return _is_paired(scene.post.text[scene.spans[first].start : scene.spans[last - 1].end])


def _leaves_whole(scene: Scene, first: int, last: int) -> bool:
    """Tell whether what a row leaves of the block it ends in has no half of a bracket."""
    begin, end = bisect_left(scene.block, scene.block[last - 1]), bisect_right(scene.block, scene.block[last - 1])
    before = scene.post.text[scene.spans[begin].start : scene.spans[max(first, begin)].start]
    return _is_paired(before + scene.post.text[scene.spans[last - 1].end : scene.spans[end - 1].end])


def _is_paired(text: str) -> bool:
    opened: list[str] = []
    for bracket in _BRACKET.findall(text):
        if bracket not in _CLOSERS:
            opened.append(bracket)
        elif not opened or opened.pop() != _CLOSERS[bracket]:
            return False
    return not opened and text.count("**") % 2 == 0 and text.count("`") % 2 == 0


def _look_at(scene: Scene, units: range) -> Row:
    copies = [unit for unit in units if scene.state[unit] is COPY]
    weight = sum(scene.weight[unit] for unit in copies if scene.prose[unit])
    if _is_block_twice(scene, units, copies):
        return Row(units.start, units.stop, 0, 0, weight, ("is the block before it once more",))
    if not weight:
        return Row(units.start, units.stop, 0, 0, 0, ())
    sentences, plain = _longest_runs(scene, copies)
    paragraphs = [unit for unit in copies if scene.prose[unit] and scene.kind[unit] is Kind.PARAGRAPH]
    signs = tuple(_signs(scene, units, copies, paragraphs, plain))
    return Row(units.start, units.stop, sentences, plain, weight, signs)


def _is_block_twice(scene: Scene, units: range, copies: list[int]) -> bool:
    """Tell whether a whole list, table or block of code stands twice in a row, nothing between; code to the letter."""
    first, last = units.start, units.stop - 1
    kinds = {scene.kind[unit] for unit in units}
    if Kind.PARAGRAPH in kinds or len(copies) < len(units) or not _repeats_what_stands_before(scene, units):
        return False
    before = scene.unit_at(scene.witness[first]) - 1
    begun = before >= 0 and scene.kind[before] is scene.kind[first]
    goes_on = last + 1 < len(scene) and scene.kind[last + 1] is scene.kind[last]
    if kinds & _LISTED and (len({scene.block[unit] for unit in units}) < LEAST_ROW or begun or goes_on):
        return False
    whole = scene.opens[first] and scene.closes[last] and not kinds & _UNREPEATED
    twins = [scene.text(unit) == scene.text(scene.unit_at(scene.witness[unit])) for unit in units]
    return whole and all(twins) and sum(scene.weight[unit] for unit in units) >= _ECHO_WEIGHT


def _longest_runs(scene: Scene, copies: list[int]) -> tuple[int, int]:
    """Count the prose sentences, and those of paragraphs alone, that follow one another here and in the witness."""
    longest = longest_plain = count = count_plain = 0
    before = copies[0]
    for unit in copies:
        if before != unit and not scene.follows(before, unit):
            count = count_plain = 0
        if scene.prose[unit]:
            count += 1
            count_plain += scene.kind[unit] is Kind.PARAGRAPH
            longest, longest_plain = max(longest, count), max(longest_plain, count_plain)
        before = unit
    return longest, longest_plain


def _signs(scene: Scene, units: range, copies: list[int], plain: list[int], sentences: int) -> Iterator[str]:
    """Yield what tells a leftover from a wanted repetition; `plain` are the copied sentences of paragraphs."""
    weight = sum(scene.weight[unit] for unit in plain)
    paragraphs = len({scene.block[unit] for unit in plain})
    whole = scene.opens[units.start] and scene.closes[units.stop - 1]
    echo = weight >= (_ECHO_WEIGHT if sentences < LEAST_ROW else _ECHO_PAIR)
    titled = scene.kind[copies[0]] is Kind.HEADING and scene.witness[copies[0]] == scene.first[0]
    if whole and echo and _is_beside(scene, copies) and (titled or all(scene.stopped[unit] for unit in plain)):
        yield "stands right beside its witness"
    elif not whole and _is_echo(scene, units, weight) and all(scene.stopped[unit] for unit in plain):
        yield "echoes the sentence before it"
    if any(scene.state[unit] is LEAK for unit in range(max(0, units.start - 1), min(len(scene), units.stop + 1))):
        yield "stands beside a leak"
    last = not any(scene.prose[units.stop :])
    if weight >= HEAVY and is_flattened(scene, plain, 2 if last and whole else 3):
        yield "is a flattened copy"
    headed = _is_headed_anew(scene, units.start)
    if whole and last and not headed and not _leads_on(scene, units.stop) and _is_tail(scene, units, paragraphs, weight):
        yield "ends the post"
    if sentences >= LEAST_ROW and weight >= HEAVY and _ends_cut(scene, copies[-1], plain):
        yield "is cut off"
    if not headed and sentences >= _RESTART_ROW and paragraphs >= 2 and scene.unit_at(scene.witness[copies[0]]) <= 2:
        yield "starts the post over"


def _is_echo(scene: Scene, units: range, weight: int) -> bool:
    """Tell whether part of a block says again what ends right before it: in the same block, over a wide gap, or at length."""
    if not _repeats_what_stands_before(scene, units):
        return False
    if scene.block[units.start] == scene.block[scene.unit_at(scene.first[units.start] - 1)]:
        return weight >= _ECHO_INSIDE
    least = _ECHO_PAIR if scene.is_wide(units.start) else HEAVY
    return scene.opens[units.start] and weight >= least


def weak_signs(scene: Scene, row: Row) -> tuple[str, ...]:
    """Return what speaks against a row only in a post with other damage: a light echo, a heading twice, cut-off words."""
    units = range(row.first, row.last)
    copies = [unit for unit in units if scene.state[unit] is COPY]
    prose = [unit for unit in copies if scene.prose[unit]]
    if not copies:
        return ()
    if scene.opens[row.first] and _repeats_what_stands_before(scene, units):
        if len(units) == 1 and scene.kind[row.first] is Kind.HEADING:
            same = scene.text(row.first) == scene.text(scene.unit_at(scene.witness[row.first]))
            return ("is the heading before it once more",) if same else ()
        plain = all(scene.kind[unit] is Kind.PARAGRAPH and scene.stopped[unit] for unit in prose)
        if plain and sum(scene.weight[unit] for unit in prose) >= _ECHO_WEIGHT:
            return ("echoes the sentence before it",)
    in_order = all(scene.witness[unit] == scene.witness_end(before) for before, unit in pairwise(copies))
    return ("is cut off",) if in_order and _is_cut_copy(scene, copies[-1]) else ()


def _is_cut_copy(scene: Scene, unit: int) -> bool:
    """Tell whether the last words of a paragraph break off where what they are a copy of goes on."""
    last = not scene.opens[unit] and scene.is_cut(unit) and scene.kind[unit] is Kind.PARAGRAPH
    if not last or scene.state[unit] is not COPY or scene.weight[unit] < _LEAST_CUT:
        return False
    return scene.witness_end(unit) not in scene.whole_ends and _is_balanced_before(scene, unit)


def _is_balanced_before(scene: Scene, unit: int) -> bool:
    """Tell whether what stands before the last unit of a block has no half of a bracket."""
    begin = bisect_left(scene.block, scene.block[unit])
    return _is_paired(scene.post.text[scene.spans[begin].start : scene.spans[unit].start])


def _mark_drafts(scene: Scene, rows: list[Row]) -> list[Row]:
    """Mark rows that together are as long as a draft: each goes on near where the witness of the one before ended."""
    marked: list[Row] = []
    chain: list[Row] = []
    end = -1
    for row in [*rows, None]:
        copies = [unit for unit in range(row.first, row.last) if scene.state[unit] is COPY] if row else []
        if row and (row.plain < LEAST_ROW or row.weight < LEAST_WEIGHT):
            marked.append(row)
            continue
        start = scene.witness[copies[0]] if row else -1
        if not row or not chain or not 0 <= start - end <= _DRAFT_STEP:
            long = sum(each.plain for each in chain) >= _DRAFT_ROW and sum(each.weight for each in chain) >= _DRAFT_WEIGHT
            marked += [replace(each, signs=(*each.signs, "is part of a second draft")) for each in chain] if long else chain
            chain = []
        if row:
            chain.append(row)
            end = scene.witness_end(copies[-1])
    return sorted(marked, key=lambda row: row.first)


def _mark_reruns(scene: Scene, rows: list[Row]) -> list[Row]:
    """Mark rows that are a stretch of the post once more, in a post that hardly repeats anything else.

    Manuals and scriptures say many things again, in many places; an essay that says a page of paragraphs again does not.
    """
    reruns = [row for row in rows if _is_rerun(scene, row)]
    weight = sum(scene.weight[unit] for unit in range(len(scene)) if scene.prose[unit] and scene.state[unit] is COPY)
    if not reruns or sum(row.weight for row in reruns) < _RERUN_SHARE * weight:
        return rows
    return [replace(row, signs=(*row.signs, "is a stretch of the post once more")) if row in reruns else row for row in rows]


def _is_rerun(scene: Scene, row: Row) -> bool:
    """Tell whether a row is several whole paragraphs of one place, without a gap, not two sections that end alike."""
    copies = [unit for unit in range(row.first, row.last) if scene.state[unit] is COPY]
    begin, end = (scene.unit_at(place) for place in (scene.witness[copies[0]], scene.witness_end(copies[-1]) - 1))
    edges = (scene.opens[row.first], scene.closes[row.last - 1], scene.opens[begin], scene.closes[end])
    paragraphs = {scene.block[unit] for unit in copies if scene.prose[unit] and scene.kind[unit] is Kind.PARAGRAPH}
    wide = scene.is_wide(row.first)
    if not all(edges) or len(paragraphs) < _RERUN_PARAGRAPHS - wide or row.weight < _RERUN_WEIGHT // (1 + wide):
        return False
    if any(scene.witness[unit] != scene.witness_end(before) for before, unit in pairwise(copies)):
        return False
    headed = wide or any(scene.kind[unit] is Kind.HEADING for unit in copies)
    alike = not headed and _ends_section(scene, row.last) and _ends_section(scene, end + 1)
    return not alike and not _is_headed_anew(scene, row.first)


def _ends_section(scene: Scene, unit: int) -> bool:
    """Tell whether a heading or the end of the post comes next."""
    while unit < len(scene) and scene.state[unit] is VOID:
        unit += 1
    return unit == len(scene) or scene.kind[unit] is Kind.HEADING


def _is_tail(scene: Scene, units: range, paragraphs: int, weight: int) -> bool:
    """Tell whether the last paragraphs of a post are an appendix: two or more of some weight, or lists after a seam."""
    everything = sum(scene.weight[unit] for unit in units)
    if scene.is_wide(units.start) or _is_cut_before(scene, units.start):
        return (paragraphs >= 2 and weight >= _TAIL_WEIGHT // 2) or (len(units) >= 3 and everything >= _TAIL_WEIGHT)
    return (paragraphs >= 2 and weight >= _TAIL_WEIGHT) or (len(units) >= 8 and everything >= 4 * _TAIL_WEIGHT)


def _is_cut_before(scene: Scene, unit: int) -> bool:
    while unit > 0 and scene.state[unit - 1] is VOID:
        unit -= 1
    return unit > 0 and scene.is_cut(unit - 1) and scene.prose[unit - 1]


def _is_beside(scene: Scene, copies: list[int]) -> bool:
    """Tell whether some part of the row copies, without a gap, what ends where that part begins."""
    start, weight = copies[0], 0
    for before, unit in pairwise([copies[0], *copies]):
        if before != unit and scene.witness[unit] != scene.witness_end(before):
            start, weight = unit, 0
        weight += scene.weight[unit] if scene.prose[unit] else 0
        if scene.witness_end(unit) >= scene.first[start] and weight >= _ECHO_PAIR:
            # A heading over it that comes again with it is the last of a draft, no heading of its own.
            return scene.kind[unit] is Kind.HEADING or not _is_headed_anew(scene, start)
    return False


def _is_headed_anew(scene: Scene, unit: int) -> bool:
    """Tell whether a heading of its own stands over the unit: sections that run alike say the same on purpose."""
    over = unit - 1
    while over >= 0 and scene.state[over] is VOID:
        over -= 1
    if over < 0 or scene.kind[over] is not Kind.HEADING or scene.state[over] is not NEW or title_of(scene, over):
        return False
    return scene.kind[unit] is not Kind.HEADING or level(scene, over) < level(scene, unit)


def _leads_on(scene: Scene, unit: int) -> bool:
    """Tell whether new code, a list, a table or HTML comes after: then the text before leads into it, and ends nothing."""
    return any(scene.state[each] is NEW and scene.kind[each] in _LED_INTO for each in range(unit, len(scene)))


def is_flattened(scene: Scene, plain: list[int], least: int) -> bool:
    """Tell whether some block of the copy holds what `least` blocks or more hold in the witness."""
    for _, units in groupby(plain, key=lambda unit: scene.block[unit]):
        blocks: set[int] = set()
        for unit in units:
            if scene.witness[unit] >= 0:
                blocks.update((scene.block[scene.witness_first[unit]], scene.block[scene.witness_last[unit]]))
        if len(blocks) >= least:
            return True
    return False


def _ends_cut(scene: Scene, unit: int, plain: list[int]) -> bool:
    """Tell whether a copy breaks off where its witness goes on: before a seam, or at the end of what was flattened."""
    end = scene.witness_end(unit)
    if not scene.is_cut(unit) or scene.kind[unit] is not Kind.PARAGRAPH or scene.last[scene.unit_at(end - 1)] < end + 4:
        return False
    after = unit + 1
    seam = after == len(scene) or scene.is_wide(after) or scene.state[after] is LEAK
    return seam or is_flattened(scene, plain, 2)
