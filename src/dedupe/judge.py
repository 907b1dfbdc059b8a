"""Weigh the evidence: which copies, cut-off beginnings and leaks may go, and how sure that is."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby

import numpy as np

from dedupe.header import read_values
from dedupe.model import Folded, Kind, Leak, Repeat, Safety, Span, Strength
from dedupe.repeats import K
from dedupe.scene import Scene, State, weigh

_ROW, _ROW_WEIGHT = 2, 100
"""Sentences in a row, and their weight, that make a repeat a duplicate and not a refrain."""
_DRAFT_ROW, _DRAFT_WEIGHT = 15, 3000
"""A row of that many sentences and that weight is a draft, wherever it stands."""
_DRAFT_STEP = 600
"""Folded characters between the witnesses of two rows of one draft."""
_ECHO_WEIGHT = 60
"""A lone sentence right beside its witness is an echo from that weight on."""
_TAIL_WEIGHT = 300
_FLAT_WEIGHT = 150
_SCRAP_WEIGHT = 20
_RESTART_ROW = 5
_LEAST_CUT = 2
_SEAM = 16
"""Folded characters between two copies, or a copy and its witness, too few for a sentence that counts."""

_EDGE = frozenset({Kind.HEADING, Kind.LINKS, Kind.DIRECTIVE, Kind.HTML, Kind.CODE, Kind.TABLE, Kind.VERSE, Kind.OTHER})
"""What stays over or under new text though it stands twice: a heading goes only with its body."""
_TEXT = frozenset({Kind.PARAGRAPH, Kind.VERSE, Kind.LINKS})
_LOOSE = frozenset({Kind.LINKS, Kind.DIRECTIVE, Kind.HTML})
"""What may stand before a repeat and has nothing to do with it."""
_BRACKETS = {"」": "「", "』": "『", "）": "（", ")": "(", "】": "【", "]": "[", "〉": "〈", "》": "《"}

_STARTS_ANEW = re.compile(
    r"[\s*_…．.]*(?:[「『【（(#\-\d“\"]|しかし|また|そし|さらに|特に|例え|たとえ|まず|次に|この|その|これ|それ|そこ|そう|こう|"
    r"ここ|彼|私|僕|あなた|個人的|もちろん|では|だか|だが|ただ|一方|なぜ|最後|もし|つまり|でも|じゃあ|さて|さあ|とはいえ|"
    r"正直|実際|皆さん|加えて|同時に|今回|今後|現在|想像|考えて|結局|むしろ|以上|要する|いや|ええ|はい)"
)
_GOES_ON = re.compile(r"[*_…．.]*(?:[ぁ-んー]|[a-z]|[、。，])")
_ABOUT_PROMPTS = re.compile(r"プロンプト|prompt|提示词|提示詞|프롬프트", re.I)


@dataclass(frozen=True, slots=True)
class Verdict:
    """One thing that is wrong: its rule, its text, the text that stays for it, and what speaks for removing it.

    `goes_on` is the offset where the text continues right after what stands before `spans`, with `glue` between.
    """

    rule: str
    spans: tuple[Span, ...]
    safety: Safety
    witness: Span | None = None
    evidence: tuple[str, ...] = ()
    goes_on: int | None = None
    glue: str = ""
    leak: Leak | None = None


@dataclass(frozen=True, slots=True)
class _Row:
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


def is_suspect(folded: Folded, repeats: Sequence[Repeat]) -> bool:
    """Tell from the repeats alone whether `judge` could find anything but leaks and sentences cut at a wide gap.

    Every sign needs a repeat beside its witness, a heavy one, or many: all lighter than what the rules ask for.
    """
    if not repeats:
        return False
    starts, ends, distances = np.array(repeats, np.int64).T
    if np.any(distances <= ends - starts + _SEAM):
        return True
    # Repeats that touch, whatever their witnesses, may make up one row.
    reach = np.maximum.accumulate(ends)
    fresh = np.concatenate(([True], starts[1:] > reach[:-1] + _SEAM))
    heads = np.flatnonzero(fresh)
    weights = weigh(folded.codes, starts[heads], np.maximum.reduceat(ends, heads))
    return bool(weights.max() >= _FLAT_WEIGHT or weights[weights >= _ROW_WEIGHT].sum() >= _DRAFT_WEIGHT)


def judge(scene: Scene) -> tuple[Verdict, ...]:
    """Return what is wrong with a post, in order of its text.

    A repeat alone proves nothing. First come repeats that only a machine leaves behind: beside their witness, flattened,
    cut off, at the tail, beside a leak. Only in a post that has one of these are other repeats in a row taken too.
    """
    rows = _mark_drafts(scene, [_weigh(scene, row) for row in _rows(scene)])
    breaks = list(_breaks(scene, rows))
    damaged = (
        any(row.signs for row in rows)
        or any(verdict.rule == "RPT003" for verdict in breaks)
        or any(leak.own_line and leak.strength is Strength.DECISIVE and leak.kind != "conflict" for leak in scene.leaks)
    )
    taken = [row for row in rows if row.signs or damaged and _is_duplicate(row)]
    taken = _keep_sections(scene, taken)
    verdicts = [verdict for verdict in breaks if verdict.rule == "RPT003" or damaged]
    verdicts = _repeated_all(scene, taken, verdicts)
    verdicts.extend(_leaked(scene, taken, damaged))
    if not damaged:
        verdicts.extend(_suspect(scene, rows))
    else:
        verdicts.extend(_dangling(scene, verdicts))
    return tuple(sorted(verdicts, key=lambda verdict: verdict.spans))


def _is_duplicate(row: _Row) -> bool:
    return row.sentences >= _ROW and row.weight >= _ROW_WEIGHT


# --- rows of copies -----------------------------------------------------------------------------------------------------


def _rows(scene: Scene) -> Iterator[range]:
    """Yield the longest rows of copies and leaks; rules between them belong to them, at the edges they do not."""
    state = scene.state
    for is_new, run in groupby(range(len(scene)), key=lambda unit: state[unit] is State.NEW):
        row = [] if is_new else [unit for unit in run if state[unit] is not State.VOID]
        if any(state[unit] is State.COPY for unit in row):
            yield from _trim(scene, range(row[0], row[-1] + 1))


def _trim(scene: Scene, row: range) -> Iterator[range]:
    """Leave to the text around a row what belongs to it: headings over new text, links, halves of brackets."""
    first, last = row.start, row.stop
    whole = _repeats_what_stands_before(scene, row)
    while (
        not whole and last > first and last < len(scene) and scene.kind[last - 1] in _EDGE and scene.state[last - 1] is State.COPY
    ):
        last -= 1
    while first < last and scene.kind[first] in _LOOSE and scene.witness[first] > scene.first[0]:
        first += 1
    first, last = _drop_strays(scene, first, last)
    while first < last and not scene.opens[first] and not _is_balanced(scene, first, last):
        first += 1
    while last > first and not scene.closes[last - 1] and not _is_balanced(scene, first, last, at_end=True):
        last -= 1
    if any(scene.state[unit] is State.COPY for unit in range(first, last)):
        yield range(first, last)


def _repeats_what_stands_before(scene: Scene, row: range) -> bool:
    """Tell whether a row, to its last unit, copies what ends where the row begins."""
    copies = [unit for unit in row if scene.state[unit] is State.COPY]
    if not all(scene.follows(before, unit) for before, unit in zip(copies, copies[1:], strict=False)):
        return False
    return scene.witness[copies[-1]] + scene.length[copies[-1]] == scene.first[copies[0]]


def _drop_strays(scene: Scene, first: int, last: int) -> tuple[int, int]:
    """Let go of what only happens to stand before or after a row: a short copy of quite another place."""
    copies = [unit for unit in range(first, last) if scene.state[unit] is State.COPY]
    while len(copies) > 1 and not scene.prose[copies[0]] and not scene.follows(copies[0], copies[1]):
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


def _is_balanced(scene: Scene, first: int, last: int, *, at_end: bool = False) -> bool:
    """Tell whether the part of a block a row takes leaves no half of a bracket behind."""
    if at_end:
        first = max(first, bisect_left(scene.block, scene.block[last - 1]))
    else:
        last = min(last, bisect_right(scene.block, scene.block[first]))
    text = scene.post.text[scene.spans[first].start : scene.spans[last - 1].end]
    opened: list[str] = []
    for char in text:
        if char in _BRACKETS.values():
            opened.append(char)
        elif char in _BRACKETS and (not opened or opened.pop() != _BRACKETS[char]):
            return False
    return not opened and text.count("**") % 2 == 0 and text.count("`") % 2 == 0


def _weigh(scene: Scene, units: range) -> _Row:
    copies = [unit for unit in units if scene.state[unit] is State.COPY]
    weight = sum(scene.weight[unit] for unit in copies if scene.prose[unit])
    sentences, plain = _longest_runs(scene, copies)
    paragraphs = [unit for unit in copies if scene.prose[unit] and scene.kind[unit] is Kind.PARAGRAPH]
    signs = tuple(_signs(scene, units, copies, paragraphs, plain)) if weight else ()
    return _Row(units.start, units.stop, sentences, plain, weight, signs)


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
    if whole and weight >= _ECHO_WEIGHT and _is_beside(scene, copies) and all(scene.stopped[unit] for unit in plain):
        yield "stands right beside its witness"
    if any(scene.state[unit] is State.LEAK for unit in range(max(0, units.start - 1), min(len(scene), units.stop + 1))):
        yield "stands beside a leak"
    last = not any(scene.prose[units.stop :])
    if weight >= _FLAT_WEIGHT and _is_flattened(scene, plain, 2 if last and whole else 3):
        yield "is a flattened copy"
    if whole and last and _is_tail(scene, units, paragraphs, weight):
        yield "ends the post"
    if sentences >= _ROW and weight >= _FLAT_WEIGHT and _ends_cut(scene, copies[-1]):
        yield "is cut off"
    if sentences >= _RESTART_ROW and paragraphs >= 2 and scene.unit_at(scene.witness[copies[0]]) <= 2:
        yield "starts the post over"


def _mark_drafts(scene: Scene, rows: list[_Row]) -> list[_Row]:
    """Mark rows that together are as long as a draft: each goes on near where the witness of the one before ended."""
    marked: list[_Row] = []
    chain: list[_Row] = []
    end = -1
    for row in [*rows, None]:
        copies = [unit for unit in range(row.first, row.last) if scene.state[unit] is State.COPY] if row else []
        if row and (row.plain < _ROW or row.weight < _ROW_WEIGHT):
            marked.append(row)
            continue
        start = scene.witness[copies[0]] if row else -1
        if not row or not chain or not 0 <= start - end <= _DRAFT_STEP:
            long = sum(each.plain for each in chain) >= _DRAFT_ROW and sum(each.weight for each in chain) >= _DRAFT_WEIGHT
            marked += [replace(each, signs=(*each.signs, "is part of a second draft")) for each in chain] if long else chain
            chain = []
        if row:
            chain.append(row)
            end = scene.witness[copies[-1]] + scene.length[copies[-1]]
    return sorted(marked, key=lambda row: row.first)


def _is_tail(scene: Scene, units: range, paragraphs: int, weight: int) -> bool:
    """Tell whether the last paragraphs of a post are an appendix: two or more of some weight, or lists after a seam."""
    everything = sum(scene.weight[unit] for unit in units)
    if scene.is_wide(units.start) or _is_cut_before(scene, units.start):
        return paragraphs >= 2 and weight >= _TAIL_WEIGHT // 2 or len(units) >= 3 and everything >= _TAIL_WEIGHT
    return paragraphs >= 2 and weight >= _TAIL_WEIGHT or len(units) >= 8 and everything >= 4 * _TAIL_WEIGHT


def _is_cut_before(scene: Scene, unit: int) -> bool:
    while unit > 0 and scene.state[unit - 1] is State.VOID:
        unit -= 1
    return unit > 0 and scene.is_cut(unit - 1) and scene.prose[unit - 1]


def _is_beside(scene: Scene, copies: list[int]) -> bool:
    """Tell whether what the row begins to copy ends where the row begins."""
    end = 0
    for before, unit in zip([copies[0], *copies], copies, strict=False):
        if before != unit and not scene.follows(before, unit):
            break
        end = scene.witness[unit] + scene.length[unit]
    return end >= scene.first[copies[0]]


def _is_flattened(scene: Scene, plain: list[int], least: int) -> bool:
    """Tell whether some block of the copy holds what `least` blocks or more hold in the witness."""
    for _, units in groupby(plain, key=lambda unit: scene.block[unit]):
        blocks: set[int] = set()
        for unit in units:
            place = scene.witness[unit]
            blocks.add(scene.block[scene.unit_at(place)])
            blocks.add(scene.block[scene.unit_at(place + scene.length[unit] - 1)])
        if len(blocks) >= least:
            return True
    return False


def _ends_cut(scene: Scene, unit: int) -> bool:
    """Tell whether a copy breaks off where its witness goes on."""
    end = scene.witness[unit] + scene.length[unit]
    return scene.is_cut(unit) and scene.kind[unit] is Kind.PARAGRAPH and scene.last[scene.unit_at(end - 1)] >= end + 4


def _keep_sections(scene: Scene, rows: list[_Row]) -> list[_Row]:
    """Give back what stands under a new heading that would be left with nothing under it."""
    gone = {unit for row in rows for unit in range(row.first, row.last)}
    kept: list[_Row] = []
    for row in rows:
        first = row.first
        heading = first - 1
        while heading >= 0 and scene.state[heading] is State.VOID:
            heading -= 1
        if heading >= 0 and scene.kind[heading] is Kind.HEADING and heading not in gone and not row.signs:
            after = row.last
            while after < len(scene) and scene.state[after] is State.VOID:
                after += 1
            inner = next((u for u in range(first, row.last) if scene.kind[u] is Kind.HEADING), None)
            if inner is not None:
                first = inner
            elif after >= len(scene) or scene.kind[after] is Kind.HEADING:
                continue
        kept.append(row if first == row.first else _Row(first, row.last, row.sentences, row.plain, row.weight, row.signs))
    return kept


# --- verdicts -----------------------------------------------------------------------------------------------------------


def _repeated_all(scene: Scene, rows: list[_Row], breaks: list[Verdict]) -> list[Verdict]:
    """Return the verdicts on rows and breaks, without those whose witness would go too.

    Copies are stars around text that stays: from each character that goes the way leads, copy by copy, to one that stays.
    """
    spared: set[int] = set()
    while True:
        spliced = [span for verdict in breaks for span in verdict.spans]
        verdicts = breaks + [verdict for row in rows for verdict in _repeated(scene, row, spliced, spared)]
        lost = _unsupported(scene, verdicts)
        if lost <= spared:
            return verdicts
        spared |= lost
        breaks = [
            verdict
            for verdict in breaks
            if not any(scene.spans[unit] in verdict.spans or _covers(verdict, scene.spans[unit]) for unit in lost)
        ]


def _covers(verdict: Verdict, span: Span) -> bool:
    return any(part.start <= span.start and span.end <= part.end for part in verdict.spans)


def _unsupported(scene: Scene, verdicts: list[Verdict]) -> set[int]:
    """Return the units that would go though what they are copies of goes too."""
    offsets = scene.folded.offsets
    gone = np.zeros(len(offsets), bool)
    source = scene.source.copy()
    for verdict in verdicts:
        for span in verdict.spans:
            gone[np.searchsorted(offsets, span.start) : np.searchsorted(offsets, span.end)] = True
        if verdict.rule == "RPT003" and verdict.witness:
            start, stays = np.searchsorted(offsets, (verdict.spans[0].start, verdict.witness.start)).tolist()
            length = int(np.searchsorted(offsets, verdict.witness.end)) - stays
            source[start : start + length] = np.arange(stays, stays + length)
    root = source
    while not np.array_equal(root, source[root]):
        root = source[root]
    torn = np.zeros(len(root), bool)
    torn[1:] = gone[1:] & (root[1:] != root[:-1] + 1)
    begins = np.array(scene.first, np.int64)
    torn[begins[begins < len(root)]] = False
    for place in np.flatnonzero(torn).tolist():
        torn[place] = int(root[place - 1]) + 1 not in scene.whole_ends or int(root[place]) not in scene.begins
    bad = np.flatnonzero(gone & gone[root] | torn)
    return {unit for unit in {scene.unit_at(place) for place in bad.tolist()} if scene.state[unit] is State.COPY}


def _repeated(scene: Scene, row: _Row, spliced: list[Span], spared: set[int]) -> Iterator[Verdict]:
    """Yield one verdict for each part of a row between leaks; what a splice takes along is not taken twice."""
    part: list[int] = []
    for unit in range(row.first, row.last + 1):
        inside = unit < row.last and scene.state[unit] is not State.LEAK and unit not in spared
        if inside and not any(span.start <= scene.spans[unit].start < span.end for span in spliced):
            part.append(unit)
        elif part:
            while part and scene.state[part[-1]] is State.VOID:
                part.pop()
            while part and scene.state[part[0]] is State.VOID:
                part.pop(0)
            if part:
                yield _repeat_verdict(scene, part, row.signs)
            part = []


def _repeat_verdict(scene: Scene, part: list[int], signs: tuple[str, ...]) -> Verdict:
    copies = [unit for unit in part if scene.state[unit] is State.COPY]
    flat = "is a flattened copy" in signs
    start = scene.witness[copies[0]]
    end = scene.witness[copies[-1]] + scene.length[copies[-1]]
    witness = scene.span_of(start, max(end - start, scene.length[copies[0]]))
    span = Span(scene.spans[_with_rule_before(scene, part)].start, scene.spans[part[-1]].end)
    return Verdict("RPT002" if flat else "RPT001", (span,), Safety.SAFE, witness, signs)


def _with_rule_before(scene: Scene, part: list[int]) -> int:
    """Return the unit a removal begins with: a rule that only fenced it off goes too."""
    before, after = part[0] - 1, part[-1] + 1
    fenced = before > 0 and scene.kind[before] is Kind.RULE and (after == len(scene) or scene.kind[after] is Kind.RULE)
    return before if fenced else part[0]


def _breaks(scene: Scene, rows: list[_Row]) -> Iterator[Verdict]:
    """Yield what a sentence cut off at the end of its block leads to: its complete version, or just its rest."""
    closing = [unit for unit in range(len(scene) - 1) if scene.block[unit] != scene.block[unit + 1]]
    for cut in closing:
        if scene.state[cut] is not State.NEW or scene.container[cut]:
            continue
        after = cut + 1
        while after < len(scene) and scene.state[after] is not State.NEW:
            after += 1
        if after == len(scene) or scene.kind[after] in {Kind.CONFLICT, Kind.CODE, Kind.TABLE, Kind.QUOTE, Kind.HTML}:
            continue
        between = [unit for unit in range(cut + 1, after) if scene.state[unit] is State.COPY]
        wide = scene.is_wide(cut + 1) or scene.is_wide(after)
        verdict = _restart(scene, cut, after, between, wide=wide) or _rest(scene, cut, after, between, wide=wide)
        if verdict:
            yield verdict


def _may_be_cut(scene: Scene, unit: int) -> bool:
    whole = scene.kind[unit] in {Kind.HEADING, Kind.VERSE} and not scene.stopped[unit]
    return (scene.is_cut(unit) or whole) and not scene.container[unit]


def _restart(scene: Scene, cut: int, after: int, between: list[int], *, wide: bool) -> Verdict | None:
    """The complete sentence comes next, maybe after a restart some paragraphs earlier."""
    length = scene.length[cut]
    if length < _LEAST_CUT or scene.length[after] <= length or not scene.begins_with(after, cut):
        return None
    if not _is_likely_restart(scene, cut, after, between, wide=wide):
        return None
    spans = _around_leaks(scene, cut, after)
    witness = scene.span_of(scene.first[after], length)
    return Verdict("RPT003", spans, Safety.SAFE, witness, ("breaks off where a complete copy follows",), scene.spans[after].start)


def _is_likely_restart(scene: Scene, cut: int, after: int, between: list[int], *, wide: bool) -> bool:
    """Tell a sentence that was begun again from a label and a text that begins with its words."""
    length, weight = scene.length[cut], scene.weight[cut]
    kinds = {scene.kind[cut], scene.kind[after]}
    restarted = sum(scene.weight[unit] for unit in between if scene.kind[unit] is Kind.PARAGRAPH) >= _FLAT_WEIGHT
    if len(kinds) > 1 and not kinds <= _TEXT:
        return restarted and weight >= _SCRAP_WEIGHT
    if wide or restarted:
        loose = scene.stopped[cut] or not kinds <= _TEXT  # behind a stop, as in a web address, or in a list
        return not loose or weight >= _SCRAP_WEIGHT or sum(scene.weight[unit] for unit in between) >= _FLAT_WEIGHT
    inside = not scene.opens[cut]
    return scene.is_cut(cut) and kinds <= _TEXT and length >= K and weight >= (_SCRAP_WEIGHT if inside else 2 * _SCRAP_WEIGHT)


def _around_leaks(scene: Scene, first: int, last: int) -> tuple[Span, ...]:
    """Return the text from unit `first` up to unit `last` but for leaks, which have verdicts of their own."""
    spans: list[Span] = []
    for unit in range(first, last):
        if scene.state[unit] is State.LEAK:
            continue
        if spans and scene.state[unit - 1] is not State.LEAK:
            spans[-1] = Span(spans[-1].start, scene.spans[unit].end)
        else:
            spans.append(scene.spans[unit])
    return tuple(spans)


def _rest(scene: Scene, cut: int, after: int, between: list[int], *, wide: bool) -> Verdict | None:
    """The rest of the sentence comes next, maybe with its last words once more."""
    seam = wide or between or any(scene.state[unit] is State.LEAK for unit in range(cut + 1, after))
    if not seam or not scene.is_cut(cut) or scene.kind[after] is not Kind.PARAGRAPH or not scene.opens[after]:
        return None
    text = scene.post.text
    overlap = _overlap(scene, cut, after)
    end, start = scene.spans[cut].end, scene.spans[after].start
    if overlap:
        words = scene.span_of(scene.last[cut] - overlap, overlap)
        repeated = Span(words.start, end)
        witness = scene.span_of(scene.first[after], overlap)
        return Verdict("RPT004", (repeated,), Safety.SAFE, witness, ("goes on after a break with its last words again",), start)
    if _STARTS_ANEW.match(text, start) or not _GOES_ON.match(text, start):
        return None
    glue = "" if scene.weight[cut] > scene.length[cut] else " "  # Japanese has no spaces, and may break in a word
    return Verdict("RPT004", (Span(end, end),), Safety.SAFE, None, ("goes on after a break",), start, glue)


def _overlap(scene: Scene, cut: int, after: int) -> int:
    """Return how many folded characters at the end of one unit begin the other."""
    codes = scene.folded.codes
    first = codes[scene.first[cut] : scene.last[cut]]
    second = codes[scene.first[after] : scene.last[after]]
    for length in range(min(len(first), len(second), 80), 1, -1):
        if np.array_equal(first[len(first) - length :], second[:length]):
            latin = int(second[0]) < 0x2E80
            start = int(scene.folded.offsets[scene.last[cut] - length])
            if not latin or length >= 6 and not scene.post.text[start - 1 : start].isalnum():
                return length
    return 0


def _leaked(scene: Scene, taken: list[_Row], damaged: bool) -> Iterator[Verdict]:
    codes = {kind: f"LEAK00{number}" for number, kind in enumerate(_LEAK_KINDS, 1)}
    about_prompts = any(leak.kind != "conflict" for leak in scene.leaks) and _is_about_prompts(scene)
    for leak in scene.leaks:
        structure = _structure(scene, leak, taken, damaged)
        if leak.kind == "conflict":
            safety = Safety.DISPLAY
        elif leak.strength is Strength.DECISIVE and not about_prompts or leak.strength >= Strength.SIGN and structure:
            safety = Safety.SAFE
        elif leak.strength is Strength.HINT and not damaged:
            continue
        else:
            safety = Safety.SAFE if structure and leak.own_line and leak.kind == "prompt" else Safety.DISPLAY
        yield Verdict(codes[leak.kind], (_with_rule(scene, leak),), safety, None, structure, leak=leak)


_LEAK_KINDS = ("prompt", "preamble", "refusal", "end", "page", "citation", "thought", "placeholder", "conflict")


def _is_about_prompts(scene: Scene) -> bool:
    values = read_values(scene.post)
    told = [values.get(key) for key in ("title", "tags", "categories", "keywords")]
    headings = [scene.text(unit) for unit in range(len(scene)) if scene.kind[unit] is Kind.HEADING][:1]
    return bool(_ABOUT_PROMPTS.search(" ".join(map(str, [*told, *headings]))))


def _structure(scene: Scene, leak: Leak, taken: list[_Row], damaged: bool) -> tuple[str, ...]:
    """Return what stands beside a leak and makes it one: a copy, a cut sentence, the end of the post, another leak."""
    if not leak.own_line:
        return ("in a damaged post",) if damaged else ()
    before = bisect_units(scene, leak.span.start) - 1
    after = bisect_units(scene, leak.span.end)
    while before >= 0 and scene.state[before] is State.VOID:
        before -= 1
    while after < len(scene) and scene.state[after] is State.VOID:
        after += 1
    found = []
    if any(unit in row for row in taken for unit in (before, after)):
        found.append("beside a repeat")
    if before >= 0 and _may_be_cut(scene, before):
        found.append("after a cut sentence")
    if damaged and not any(scene.prose[max(after, 0) :]) or leak.kind == "end" and after >= len(scene):
        found.append("at the end")
    if any(0 <= unit < len(scene) and scene.state[unit] is State.LEAK for unit in (before, after)):
        found.append("beside another leak")
    return tuple(found)


def bisect_units(scene: Scene, offset: int) -> int:
    """Return the first unit that starts at or after a text offset."""
    return int(np.searchsorted(scene.segments.starts, offset, "left"))


def _with_rule(scene: Scene, leak: Leak) -> Span:
    """A rule right after the words of an assistant only fences them."""
    after = bisect_units(scene, leak.span.end)
    if leak.kind == "preamble" and after < len(scene) and scene.kind[after] is Kind.RULE:
        return Span(leak.span.start, scene.spans[after].end)
    return leak.span


def _suspect(scene: Scene, rows: Iterable[_Row]) -> Iterator[Verdict]:
    """A long repeat in a post that shows no other damage is told and left alone."""
    for row in rows:
        if row.sentences >= 3 and row.weight >= 5 * _ROW_WEIGHT:
            for verdict in _repeated(scene, row, [], set()):
                yield Verdict("RPT001", verdict.spans, Safety.DISPLAY, verdict.witness, ("no other damage in the post",))


def _dangling(scene: Scene, verdicts: list[Verdict]) -> Iterator[Verdict]:
    """A sentence that breaks off and stands complete nowhere keeps its content: told, never removed."""
    gone = [span for verdict in verdicts for span in verdict.spans]
    for unit in range(len(scene)):
        if scene.state[unit] is not State.NEW or not scene.prose[unit] or not scene.is_cut(unit):
            continue
        wide = unit + 1 == len(scene) or scene.newlines[unit + 1] >= 3 or scene.state[unit + 1] is State.LEAK
        span = scene.spans[unit]
        if wide and not any(part.start <= span.end and span.start <= part.end for part in gone):
            yield Verdict("CUT001", (span,), Safety.DISPLAY, None, ("breaks off and stands complete nowhere",))
