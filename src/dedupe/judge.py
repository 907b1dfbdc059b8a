"""Weigh the evidence: which copies, cut-off beginnings and leaks may go, and how sure that is."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import groupby, pairwise

import numpy as np
from numpy.typing import NDArray
from rapidfuzz import fuzz

from dedupe.breaks import find_breaks, find_fragments, is_cut_in_a_word, needs_more, splice
from dedupe.choose import Choice, choose
from dedupe.fences import fence
from dedupe.header import read_values
from dedupe.headings import find_headings
from dedupe.leaks import KINDS as LEAK_KINDS
from dedupe.model import PROSE, Integers, Keep, Kind, Leak, Safety, Span, Strength, Verdict
from dedupe.near import is_within
from dedupe.rows import LEAST_ROW, LEAST_WEIGHT, Row, find_rows, is_flattened, weak_signs
from dedupe.scene import COPY, LEAK, NEW, VOID, Scene, find_roots

_ABOUT_PROMPTS = re.compile(r"プロンプト|prompt|提示词|提示詞|프롬프트", re.IGNORECASE)


_LEAST_DANGLING = 20
"""Weight of the last words of a paragraph, too many for a label."""
_SCRAP = 16
"""Folded characters, at most, of words that break off and need no completion to go, for they say nothing."""
_GOING_ON = ("は", "が", "を", "に", "で", "と", "の", "も", "へ", "や", "、", "「")
"""What Japanese words end with that end no sentence, no answer and no name: in other languages nothing short is so sure."""
_LONELY = 12
"""Folded characters of a sentence that is looked for elsewhere because all around it goes."""
_RAN_TOGETHER = 3
"""Paragraphs in one block from which on it is an echo's: a later draft may well make one of two."""
_ALIKE = 80
"""Percent by which a near copy must be like what stays, not only like another copy of it."""
_MORE = 8
"""Folded characters by which a near copy is longer than what stays when it may say what nothing else does."""
_PUT_IN = 2
"""Sentences that a later draft may put in between two of an earlier one."""
_OF_A_PATTERN = {"stands right beside its witness", "is a flattened copy", "is the block before it once more"}
"""Signs that a row of near copies has where an author made entries to one pattern, too."""
_FRAGMENT = ("breaks off and stands complete elsewhere",)
_LEAK_CODES = {kind: f"LEAK{number:03d}" for number, kind in enumerate((*LEAK_KINDS, "conflict"), 1)}


def judge(scene: Scene, keep: Keep = Keep.BEST, asked: Sequence[Span] = ()) -> tuple[Verdict, ...]:
    """Return what is wrong with a post, in order of its text; `keep` names the copies that stay.

    The copies in `asked` stay instead of what they are copies of, where that may go.

    A repeat alone proves nothing. First come repeats that only a machine leaves behind: beside their witness, flattened,
    cut off, at the tail, beside a leak. Only in a post that has one of these are other repeats in a row taken too.
    """
    rows = find_rows(scene)
    breaks = list(find_breaks(scene))
    fragments = find_fragments(scene)
    damaged = (
        any(_is_evidence(scene, row) for row in rows)
        or any(verdict.rule == "RPT003" and _is_surely_broken(scene, verdict) for verdict in breaks)
        or any(leak.own_line and leak.strength is Strength.DECISIVE and leak.kind != "conflict" for leak in scene.leaks)
        or any(_is_begun_over(unit, wholes, rows) for unit, wholes in fragments.items() if scene.kind[unit] is not Kind.HEADING)
    )
    taken: list[Row] = []
    if damaged:
        rows = [row if row.signs else replace(row, signs=weak_signs(scene, row)) for row in rows]
        taken = [row for row in rows if row.signs or _is_duplicate(row)]
        taken = _keep_sections(scene, _with_remnants(scene, rows, taken))
    verdicts = [verdict for verdict in breaks if damaged or _is_surely_broken(scene, verdict)]
    fragments = fragments if damaged else {}
    verdicts = [verdict for verdict in verdicts if not _goes_on_elsewhere(scene, verdict, fragments)]
    verdicts = _repeated_all(scene, taken, verdicts, fragments, keep, asked)
    verdicts.extend(_leaked(scene, taken, damaged))
    verdicts.extend(find_headings(scene, verdicts))
    verdicts = fence(scene, verdicts)
    if not damaged:
        verdicts.extend(_suspect(scene, rows))
    verdicts.extend(_scraps(scene, verdicts) if damaged else ())
    verdicts.extend(_dangling(scene, verdicts, damaged))
    return tuple(sorted(verdicts, key=lambda verdict: verdict.spans))


def _is_evidence(scene: Scene, row: Row) -> bool:
    """Tell whether a row speaks of damage by itself: entries made to one pattern, side by side, are near copies too."""
    likes = (scene.near[unit] for unit in range(row.first, row.last) if unit in scene.near)
    reworded = any(not like.only_typos for like in likes)
    return bool(set(row.signs) - _OF_A_PATTERN if reworded else row.signs)


def _is_begun_over(cut: int, wholes: list[int], rows: list[Row]) -> bool:
    """Tell whether a draft broke off, and the next text repeats it from further up, and brings it to the end."""
    return wholes[-1] > cut and any(row.first == cut + 1 and _is_duplicate(row) for row in rows)


def _is_lone_heading(scene: Scene, verdict: Verdict) -> bool:
    """Tell whether only a heading was cut off, a name or between words, nothing after it.

    `## 1.2` before `## 1.2.1` looks the same, and so does `## mod` before `## modify`.
    """
    units = scene.units_in(verdict.spans)
    if len(units) > 1 or scene.kind[units[0]] is not Kind.HEADING:
        return False
    is_name = scene.text(units[0]).isascii() and len(scene.text(units[0]).split()) < 3
    return is_name or not is_cut_in_a_word(scene, units[0], _completed(scene, verdict))


def _is_surely_broken(scene: Scene, verdict: Verdict) -> bool:
    """Tell a broken sentence, in a post without other damage, from a caption or a title before a text."""
    if verdict.rule == "RPT003":
        return scene.state[_completed(scene, verdict)] is NEW and not _is_lone_heading(scene, verdict)
    text, end, start = scene.post.text, verdict.spans[0].start, verdict.goes_on or 0
    cut = _broken(scene, verdict)
    prose = scene.prose[cut] or not scene.opens[cut]  # neither a caption nor a title
    if not scene.tidy and not (prose and text[end - 1].isalnum()):
        return False
    return bool(verdict.witness or needs_more(text, end, start) or text[start].islower())


def _is_duplicate(row: Row) -> bool:
    return row.sentences >= LEAST_ROW and row.weight >= LEAST_WEIGHT


def _with_remnants(scene: Scene, rows: list[Row], taken: list[Row]) -> list[Row]:
    """Return the rows taken with those that are too short by themselves, but go on in the witness where another one ended.

    Between the two the later draft put in a sentence or two. Where neither is taken, they stand in one paragraph: at the
    beginning of another one a sentence of an earlier draft may well say what the new text is about.
    """
    chosen = {row.first for row in taken}
    pairs = [(before, after) for before, after in pairwise(rows) if _is_split(scene, before, after)]
    for before, after in pairs:
        together = before.sentences + after.sentences >= LEAST_ROW and before.weight + after.weight >= LEAST_WEIGHT
        if together and scene.block[before.last - 1] == scene.block[after.first]:
            chosen |= {before.first, after.first}
    for before, after in (*pairs, *reversed(pairs)):
        if before.first in chosen or after.first in chosen:
            chosen |= {before.first, after.first}
    return [row for row in rows if row.first in chosen]


def _is_split(scene: Scene, before: Row, after: Row) -> bool:
    """Tell whether two rows are one in the witness, and here a few new sentences stand between."""
    copies = [[unit for unit in range(row.first, row.last) if scene.state[unit] is COPY] for row in (before, after)]
    if not all(copies) or not min(row.sentences for row in (before, after)):
        return False
    between = range(before.last, after.first)
    plain = all(scene.state[unit] is NEW and scene.kind[unit] is Kind.PARAGRAPH for unit in between)
    end, begin = copies[0][-1], copies[1][0]
    goes_on = int(scene.root[scene.last[end] - 1]) + 1 == int(scene.root[scene.first[begin]])
    return plain and len(between) <= _PUT_IN and (goes_on or scene.witness_end(end) == scene.witness[begin])


def _keep_sections(scene: Scene, rows: list[Row]) -> list[Row]:
    """Give back what stands under a new heading that would be left with nothing under it."""
    gone = {unit for row in rows for unit in range(row.first, row.last)}
    kept: list[Row] = []
    for row in rows:
        first = row.first
        heading = first - 1
        while heading >= 0 and scene.state[heading] is VOID:
            heading -= 1
        if heading >= 0 and scene.kind[heading] is Kind.HEADING and heading not in gone and not row.signs:
            after = row.last
            while after < len(scene) and scene.state[after] is VOID:
                after += 1
            inner = next((u for u in range(first, row.last) if scene.kind[u] is Kind.HEADING), None)
            if inner is not None:
                first = inner
            elif after >= len(scene) or scene.kind[after] is Kind.HEADING:
                first = _behind_near(scene, row)
                if first in {row.first, row.last}:
                    continue
        kept.append(replace(row, first=first))
    return kept


def _behind_near(scene: Scene, row: Row) -> int:
    """Return the first unit of a row behind the near copies it begins with: in their own words they may stay under a heading."""
    return next((unit for unit in range(row.first, row.last) if unit not in scene.near), row.last)


def _goes_on_elsewhere(scene: Scene, verdict: Verdict, fragments: dict[int, list[int]]) -> bool:
    """Tell whether a sentence stands complete elsewhere, and goes on there otherwise than with what comes next."""
    if verdict.rule != "RPT004" or verdict.witness:
        return False
    cut, rest = _broken(scene, verdict), scene.first[_completed(scene, verdict)]
    ends = [scene.first[whole] + scene.length[cut] for whole in fragments.get(cut, ())]
    return bool(ends) and not any(scene.chars.startswith(scene.chars[end : end + 2], rest) for end in ends)


def _repeated_all(
    scene: Scene,
    rows: list[Row],
    breaks: list[Verdict],
    fragments: dict[int, list[int]],
    keep: Keep,
    asked: Sequence[Span],
) -> list[Verdict]:
    """Return the verdicts on rows, breaks and fragments, without those whose witness would go too.

    Copies are stars around text that stays: from each character that goes the way leads, copy by copy, to one that stays.
    """
    if not rows and not breaks and not fragments:
        return []
    spared: set[int] = set()
    echoes = set(_echoes(scene, rows))
    stay = {unit for unit in scene.units_in(asked) if scene.state[unit] in {NEW, COPY}}
    while True:
        removable = {unit for row in rows for unit in range(row.first, row.last) if scene.state[unit] is COPY}
        cuts: dict[int, int] = {}
        joins: dict[int, int] = {}
        for verdict in breaks:
            if verdict.rule == "RPT003":
                units = scene.units_in(verdict.spans)
                removable |= {unit for unit in units if scene.state[unit] is COPY}
                cuts |= {unit: _completed(scene, verdict) for unit in units if scene.state[unit] is NEW}
            else:
                joins[_broken(scene, verdict)] = _completed(scene, verdict)
        # What completes a beginning is no copy of it, however near.
        removable -= {
            whole for cut, whole in cuts.items() if (like := scene.near.get(whole)) and like.witness <= cut <= like.until
        }
        loose = {unit: wholes for unit, wholes in fragments.items() if unit not in spared.union(joins)}
        sure = _surely_complete(scene, loose, cuts)
        choice = choose(scene, removable - spared, cuts | sure, joins, echoes, keep, stay - spared)
        choice, dropped = _drop_fragments(scene, _drop_lonely(scene, choice, spared | stay), loose)
        dropped = {**dropped, **sure}
        gone, root = choice.gone, find_roots(choice.source)
        spliced = [
            splice(scene, cut, whole, *_FRAGMENT)
            for cut, whole in sure.items()
            if cut < whole and not scene.opens[cut] and not scene.opens[whole]
        ]
        verdicts = [*_tell(scene, gone, root, rows, [*breaks, *spliced], dropped), *_dots(scene, dropped)]
        lost = _unsupported(scene, verdicts, root, _through_near(scene, choice.source)) | _unlike(scene, verdicts)
        if lost <= spared:
            return [*verdicts, *(_rejoined(scene, gone) if rows else ())]
        spared |= lost
        breaks = [verdict for verdict in breaks if not lost.intersection(scene.units_in(verdict.spans))]


def _dots(scene: Scene, dropped: Mapping[int, int]) -> Iterator[Verdict]:
    """Yield a verdict on the dots with which a whole sentence takes up the thread of a beginning that broke off, and goes."""
    for whole in sorted(set(dropped.values())):
        if _is_behind_dots(scene, whole):
            yield Verdict("RPT003", (scene.spans[whole - 1],), Safety.SAFE, scene.spans[whole], ("takes up what broke off",))


def _surely_complete(scene: Scene, fragments: Mapping[int, list[int]], cuts: Collection[int]) -> dict[int, int]:
    """Return the beginnings that go whatever is chosen, each with the new text that completes it: they keep nothing together."""
    sure: dict[int, int] = {}
    for unit, wholes in fragments.items():
        new = [whole for whole in wholes if scene.state[whole] is NEW and whole not in cuts and whole not in fragments]
        if new and scene.state[unit] is NEW and unit not in cuts:
            sure[unit] = next((whole for whole in new if whole > unit), new[-1])
    return sure


def _drop_fragments(scene: Scene, choice: Choice, fragments: dict[int, list[int]]) -> tuple[Choice, Mapping[int, int]]:
    """Return the choice when beginnings that broke off go too where a whole one stays; and which these are, each with it."""
    more: dict[int, int] = {}
    for unit, wholes in fragments.items():
        stay = [whole for whole in wholes if whole not in choice.gone]
        joined = unit + 1 < len(scene) and scene.is_broken_copy(unit, unit + 1)
        if stay and unit not in choice.gone and not joined:
            more[unit] = next((whole for whole in stay if whole > unit), stay[-1])
    source = choice.source.copy()
    for whole in more.values():  # stays, so leads nowhere: it may have been a copy of the beginning that goes
        source[scene.first[whole] : scene.last[whole]] = np.arange(scene.first[whole], scene.last[whole])
    for unit, whole in more.items():
        source[scene.first[unit] : scene.last[unit]] = np.arange(scene.first[whole], scene.first[whole] + scene.length[unit])
    return replace(choice, gone=choice.gone.union(more), source=source), more


def _drop_lonely(scene: Scene, choice: Choice, spared: Collection[int]) -> Choice:
    """Return the choice without units of which both neighbours go, and which stand once more, to the letter, in what stays.

    Where all around it goes, a sentence is no refrain within new text; and a heading is none where all below it goes.
    """
    gone, source = set(choice.gone), choice.source.copy()
    said = [unit for unit, state in enumerate(scene.state) if state is NEW or state is COPY]
    threes = zip(said, said[1:], said[2:], strict=False)
    last = [(before, unit) for before, unit, after in threes if after in gone and unit not in gone and unit not in spared]
    lonely = [
        unit
        for before, unit in last
        if (scene.kind[unit] in PROSE and before in gone and scene.length[unit] >= _LONELY)
        or (scene.kind[unit] is Kind.HEADING and _is_bare(scene, unit, gone))
    ]
    twins: dict[str, list[int]] = {scene.folded_text(unit): [] for unit in lonely}
    for unit in said if lonely else ():
        if (found := twins.get(scene.folded_text(unit))) is not None:
            found.append(unit)
    for unit in lonely:
        stays = next(
            (twin for twin in twins[scene.folded_text(unit)] if twin != unit and _may_stay_for(scene, twin, unit, gone)), -1
        )
        if stays >= 0:
            gone.add(unit)
            place = np.arange(scene.first[stays], scene.last[stays])
            source[scene.first[unit] : scene.last[unit]] = source[place] = place
    return replace(choice, gone=frozenset(gone), source=source)


def _may_stay_for(scene: Scene, twin: int, unit: int, gone: Collection[int]) -> bool:
    return twin not in gone and (scene.kind[twin] is scene.kind[unit] or scene.kind[unit] is not Kind.HEADING)


def _is_bare(scene: Scene, heading: int, gone: Collection[int]) -> bool:
    """Tell whether all text below a heading goes, up to the next one."""
    for unit in range(heading + 1, len(scene)):
        if scene.kind[unit] is Kind.HEADING:
            break
        if unit not in gone and scene.state[unit] is not VOID:
            return False
    return True


def _echoes(scene: Scene, rows: list[Row]) -> Iterator[int]:
    """Yield the units no draft holds: of rows that are flattened, and what stands in a row behind a prompt's marker."""
    prompts = [scene.unit_from(leak.span.end) for leak in scene.leaks if leak.kind == "prompt" and leak.own_line]
    for row in rows:
        behind = [unit for unit in prompts if unit in row]
        for block, units in groupby(range(max(behind, default=row.first), row.last), key=lambda unit: scene.block[unit]):
            inside = list(units)
            if (behind and block == scene.block[behind[-1]]) or (
                "is a flattened copy" in row.signs and is_flattened(scene, inside, _RAN_TOGETHER)
            ):
                yield from inside


def _broken(scene: Scene, verdict: Verdict) -> int:
    """Return the unit that breaks off."""
    return scene.unit_from(verdict.spans[0].start + 1) - 1


def _completed(scene: Scene, verdict: Verdict) -> int:
    """Return the unit that completes a broken sentence, or goes on with it."""
    return scene.unit_from(verdict.goes_on or 0)


def _tell(
    scene: Scene,
    gone: Collection[int],
    root: Integers,
    rows: list[Row],
    breaks: list[Verdict],
    fragments: Collection[int] = (),
) -> list[Verdict]:
    """Return a verdict for each stretch of units that go: breaks where all they take goes, the rest by rows."""
    signs = {unit: row.signs for row in rows for unit in range(row.first, row.last)}
    signs |= dict.fromkeys(fragments, _FRAGMENT)
    verdicts = [_with_rewritten(scene, verdict, gone, root) for verdict in breaks if _is_mended(scene, verdict, gone)]
    told = {unit for verdict in verdicts for unit in scene.units_in(verdict.spans)}
    part: list[int] = []
    for unit in [*range(len(scene)), -1]:
        goes = unit >= 0 and unit not in told and (unit in gone or (part and scene.state[unit] is VOID))
        if part and (not goes or signs.get(unit, signs.get(part[-1])) != signs.get(part[-1])):
            while scene.state[part[-1]] is VOID:
                part.pop()
            lead = part[0] if scene.state[part[0]] is not VOID else part[1]
            verdicts.append(_repeat_verdict(scene, part, gone, root, signs.get(lead)))
            part = []
        if goes and not part and scene.state[unit] is not VOID and _is_behind_dots(scene, unit):
            part.append(unit - 1)
        if goes and not (not part and scene.state[unit] is VOID):
            part.append(unit)
    return verdicts


def _is_behind_dots(scene: Scene, unit: int) -> bool:
    """Tell whether only dots, with which a draft takes up the thread, stand before a unit in its block."""
    before = unit - 1
    return before >= 0 and scene.state[before] is VOID and scene.block[before] == scene.block[unit] and scene.opens[before]


def _is_mended(scene: Scene, verdict: Verdict, gone: Collection[int]) -> bool:
    """Tell whether a break still closes: what it leads to stays, and all between goes."""
    end, begin = _completed(scene, verdict), _broken(scene, verdict)
    if verdict.rule == "RPT004":
        if begin in gone:
            return False
        begin += 1
    between = (unit for unit in range(begin, end) if scene.state[unit] not in {VOID, LEAK})
    return end not in gone and all(unit in gone for unit in between)


def _repeat_verdict(
    scene: Scene, part: list[int], gone: Collection[int], root: Integers, signs: tuple[str, ...] | None
) -> Verdict:
    texts = [unit for unit in part if scene.state[unit] is not VOID]
    flat = signs is not None and "is a flattened copy" in signs
    start = int(root[scene.first[texts[0]]])
    end = int(root[scene.last[texts[-1]] - 1]) + 1
    witness = scene.span_of(start, end - start if end > start else scene.length[texts[0]])
    span = Span(scene.spans[part[0]].start, scene.spans[part[-1]].end)
    evidence = ("stands again where the text goes on",) if signs is None else signs or ("repeats of a damaged post",)
    rewritten, similarity = _rewritten(scene, texts, gone, root)
    safety = Safety.UNSAFE if rewritten else Safety.SAFE
    rule = "RPT003" if signs == _FRAGMENT else "RPT002" if flat else "RPT001"
    verdict = Verdict(rule, (span,), safety, witness, evidence, rewritten=rewritten, similarity=similarity)
    return _joined(scene, verdict, part[0], texts[-1], gone, root)


def _rejoined(scene: Scene, gone: Collection[int]) -> Iterator[Verdict]:
    """Yield the breaks in the midst of copies that stay, for the sentence stands whole where it was copied from."""
    for before, unit in pairwise(range(len(scene))):
        if before in gone or unit in gone or not scene.is_broken_copy(before, unit):
            continue
        place = scene.witness[unit]
        whole = scene.span_of(scene.witness[before], scene.witness_end(unit) - scene.witness[before])
        glue = scene.post.text[scene.span_of(place - 1, 1).end : scene.span_of(place, 1).start]
        end, start = scene.spans[before].end, scene.spans[unit].start
        evidence = ("stands unbroken where it was copied from",)
        yield Verdict(
            "RPT004", (Span(end, end),), Safety.SAFE, whole, evidence, goes_on=start, glue=glue if glue.isspace() else ""
        )


def _joined(scene: Scene, verdict: Verdict, first: int, copy: int, gone: Collection[int], root: Integers) -> Verdict:
    """Return the verdict on units [first, copy], joining what stays around them where that is one block begun twice."""
    before = first - 1
    while before >= 0 and (scene.state[before] in {VOID, LEAK} or before in gone):
        before -= 1
    if before < 0 or not _is_restart_in_block(scene, before, copy, root):
        return verdict
    end, start = scene.spans[before].end, scene.spans[copy + 1].start
    glue = scene.post.text[scene.spans[copy].end : start]
    return replace(verdict, spans=(Span(end, end), *verdict.spans), goes_on=start, glue=glue)


def _is_restart_in_block(scene: Scene, before: int, copy: int, root: Integers) -> bool:
    """Tell whether a draft that stopped at the end of a sentence was begun again, and now goes on in the midst of a block."""
    block, other = (scene.segments.blocks[scene.block[unit]] for unit in (before, copy))
    goes_on = not scene.closes[copy] and scene.closes[before] and block.kind is other.kind and block.kind in PROSE
    if not goes_on or block.container != other.container or int(root[scene.last[copy] - 1]) != scene.last[before] - 1:
        return False
    opening, begin = (bisect_left(scene.block, scene.block[unit]) for unit in (copy, before))
    return int(root[scene.first[opening]]) == scene.first[begin]


def _rewritten(
    scene: Scene, texts: list[int], gone: Collection[int], root: Integers
) -> tuple[tuple[tuple[Span, Span], ...], float | None]:
    """Return the units that are not equal to what stays for them, each with it, and the least similarity."""
    pairs: list[tuple[Span, Span]] = []
    for unit in texts if scene.near else ():
        like = scene.near.get(unit)
        if like and not any(each in gone for each in range(like.witness, like.until + 1)):
            pairs.append((scene.spans[unit], scene.span_of(like.place.start, like.place.end - like.place.start)))
        elif like:
            pairs.append((scene.spans[unit], _kept(scene, root[scene.first[unit] : scene.last[unit]])))
        else:
            pairs.extend(_rewritten_parts(scene, unit, root))
    text = scene.post.text
    likeness = [fuzz.ratio(text[gone.start : gone.end], text[stays.start : stays.end]) / 100 for gone, stays in pairs]
    return tuple(pairs), round(min(likeness), 3) if pairs else None


def _rewritten_parts(scene: Scene, unit: int, root: Integers) -> Iterator[tuple[Span, Span]]:
    """Yield what of a copy is not equal to what stays for it: of one that ran together, the sentences it was copied from."""
    codes, start = scene.folded.codes, scene.first[unit]
    if np.array_equal(codes[start : scene.last[unit]], codes[root[start : scene.last[unit]]]):
        return
    place, end = scene.witness[unit], scene.witness_end(unit)
    if place < 0:  # a first text that goes for one of its copies, or a beginning for its whole
        places = root[start : scene.last[unit]]
        begun = scene.is_cut(unit) and int(places[-1]) > int(places[0])
        kept = scene.span_of(int(places[0]), int(places[-1]) + 1 - int(places[0])) if begun else _kept(scene, places)
        yield scene.spans[unit], kept
        return
    for part in range(scene.unit_at(place), scene.unit_at(end - 1) + 1):
        first = start + max(place, scene.first[part]) - place
        last = start + min(end, scene.last[part]) - place
        if not np.array_equal(codes[first:last], codes[root[first:last]]):
            yield scene.span_of(first, last - first), _kept(scene, root[first:last])


def _kept(scene: Scene, places: Integers) -> Span:
    """Return the span of the units that hold the first and the last of some places."""
    return Span(scene.spans[scene.unit_at(int(places[0]))].start, scene.spans[scene.unit_at(int(places[-1]))].end)


def _through_near(scene: Scene, source: Integers) -> NDArray[np.bool_]:
    """Tell of which folded characters the way to what stays leads through a near copy."""
    through = np.zeros(len(source), bool)
    for unit in scene.near:
        through[scene.first[unit] : scene.last[unit]] = True
    while scene.near and not np.array_equal(source, further := source[source]):
        through, source = through | through[source], further
    return through | through[source]


def _with_rewritten(scene: Scene, verdict: Verdict, gone: Collection[int], root: Integers) -> Verdict:
    """Return a verdict on a restart with the near copies among what it takes, which make it unsafe."""
    copies = [unit for unit in scene.units_in(verdict.spans) if scene.state[unit] is COPY] if scene.near else []
    rewritten, similarity = _rewritten(scene, copies, gone, root)
    return replace(verdict, safety=Safety.UNSAFE, rewritten=rewritten, similarity=similarity) if rewritten else verdict


def _unsupported(scene: Scene, verdicts: list[Verdict], root: Integers, through: NDArray[np.bool_]) -> set[int]:
    """Return the units that would go though what they are copies of goes too, or does not stay in one piece.

    A way that leads `through` a near copy goes by the place in it, not sign by sign.
    """
    offsets = scene.folded.offsets
    gone = np.zeros(len(offsets), bool)
    for unit in range(len(scene)):
        if scene.state[unit] is LEAK:  # goes too, so keeps nothing
            gone[scene.first[unit] : scene.last[unit]] = True
    for verdict in verdicts:
        for span in verdict.spans:
            gone[np.searchsorted(offsets, span.start) : np.searchsorted(offsets, span.end)] = True
    torn = np.zeros(len(root), bool)
    torn[1:] = gone[1:] & (root[1:] != root[:-1] + 1)
    begins = np.array(scene.first, np.int64)
    torn[begins[begins < len(root)]] = False
    torn[1:] &= ~(through[1:] & through[:-1])
    for like in scene.near.values():  # whichever of the two goes
        torn[like.place.start : like.place.end] = False
    for place in np.flatnonzero(torn).tolist():
        torn[place] = int(root[place - 1]) + 1 not in scene.whole_ends or int(root[place]) not in scene.begins
    bad = {scene.unit_at(place) for place in np.flatnonzero(gone & gone[root] | torn).tolist()}
    firsts = {scene.first[unit] for unit in bad if scene.state[unit] is NEW}
    return {unit for unit in range(len(scene)) if scene.state[unit] is COPY and (unit in bad or scene.witness[unit] in firsts)}


def _unlike(scene: Scene, verdicts: list[Verdict]) -> set[int]:
    """Return the near copies that would go, or stay instead of their witness, though what stays is not like what goes.

    Nor is it where it says less.
    """
    pairs = [pair for verdict in verdicts for pair in verdict.rewritten]
    bad = {scene.unit_from(gone.start) for gone, stays in pairs if not _is_alike(_folded(scene, gone), _folded(scene, stays))}
    firsts = {scene.first[unit] for unit in bad if scene.state[unit] is NEW}
    return bad | {unit for unit in range(len(scene)) if scene.state[unit] is COPY and scene.witness[unit] in firsts}


def _is_alike(gone: str, stays: str) -> bool:
    return len(gone) - len(stays) < _MORE and (fuzz.ratio(gone, stays) >= _ALIKE or is_within(gone, stays))


def _folded(scene: Scene, span: Span) -> str:
    start, end = np.searchsorted(scene.folded.offsets, span).tolist()
    return scene.chars[start:end]


def _is_broken_off(scene: Scene, unit: int) -> bool:
    whole = scene.kind[unit] in {Kind.HEADING, Kind.VERSE} and not scene.stopped[unit]
    return (scene.is_cut(unit) or whole) and not scene.container[unit]


def _leaked(scene: Scene, taken: list[Row], damaged: bool) -> Iterator[Verdict]:
    """Yield a verdict on each leak: safe when it proves itself or has structure beside it, else told."""
    about_prompts = any(leak.kind != "conflict" for leak in scene.leaks) and _is_about_prompts(scene)
    for leak in scene.leaks:
        structure = _structure(scene, leak, taken, damaged)
        proves_itself = leak.strength is Strength.DECISIVE and not about_prompts
        hint = leak.strength is Strength.HINT
        first = scene.unit_from(leak.span.start)
        if leak.woven and (first == len(scene) or scene.state[first] is not LEAK):
            continue
        listed = hint and leak.kind == "prompt" and first < len(scene) and scene.state[first] is LEAK
        ending = hint and leak.kind == "end" and damaged and bool(structure)  # words that people close a text with, too
        if hint and not listed and not damaged:
            continue
        supported = leak.strength >= Strength.SIGN and bool(structure)
        safe = leak.kind != "conflict" and (proves_itself or supported or listed or ending)
        safety = Safety.SAFE if safe else Safety.DISPLAY
        yield Verdict(_LEAK_CODES[leak.kind], (_with_rule(scene, leak),), safety, None, structure, leak=leak)


def _is_about_prompts(scene: Scene) -> bool:
    values = read_values(scene.post)
    told = [values.get(key) for key in ("title", "tags", "categories", "keywords")]
    headings = [scene.text(unit) for unit in range(len(scene)) if scene.kind[unit] is Kind.HEADING][:1]
    return bool(_ABOUT_PROMPTS.search(" ".join(map(str, [*told, *headings]))))


def _structure(scene: Scene, leak: Leak, taken: list[Row], damaged: bool) -> tuple[str, ...]:
    """Return what stands beside a leak and makes it one: a copy, a cut sentence, the end of the post, another leak."""
    if not leak.own_line:
        return ("in a damaged post",) if damaged else ()
    before = scene.unit_from(leak.span.start) - 1
    after = scene.unit_from(leak.span.end)
    while before >= 0 and scene.state[before] is VOID:
        before -= 1
    while after < len(scene) and scene.state[after] is VOID:
        after += 1
    found = []
    if any(unit in row for row in taken for unit in (before, after)):
        found.append("beside a repeat")
    # People who write about writing say "Here is the completed article:" before a rule as well.
    if damaged and leak.kind == "preamble" and _with_rule(scene, leak) != leak.span:
        found.append("fenced off by a rule")
    if before >= 0 and _is_broken_off(scene, before):
        found.append("after a cut sentence")
    if (damaged and not any(scene.prose[max(after, 0) :])) or (leak.kind == "end" and after >= len(scene)):
        found.append("at the end")
    if any(0 <= unit < len(scene) and scene.state[unit] is LEAK for unit in (before, after)):
        found.append("beside another leak")
    return tuple(found)


def _with_rule(scene: Scene, leak: Leak) -> Span:
    """Return the span of a leak with the rule that only fences it: one right after the words of an assistant."""
    after = scene.unit_from(leak.span.end)
    if leak.kind == "preamble" and after < len(scene) and scene.kind[after] is Kind.RULE:
        return Span(leak.span.start, scene.spans[after].end)
    return leak.span


def _suspect(scene: Scene, rows: Iterable[Row]) -> Iterator[Verdict]:
    """Yield long repeats of a post that shows no other damage: told, left alone."""
    for row in rows:
        if row.sentences >= 3 and row.weight >= 5 * LEAST_WEIGHT:
            copies = {unit for unit in range(row.first, row.last) if scene.state[unit] is COPY}
            for verdict in _tell(scene, copies, scene.root, [row], []):
                yield Verdict("RPT001", verdict.spans, Safety.DISPLAY, verdict.witness, ("no other damage in the post",))


def _scraps(scene: Scene, verdicts: list[Verdict]) -> Iterator[Verdict]:
    """Yield the first words of a sentence that break off before damage, so few that another one begins with them by chance."""
    begin = set(scene.first)
    spans = [span for verdict in verdicts for span in verdict.spans]
    gone = {unit for verdict in verdicts if verdict.safety is not Safety.DISPLAY for unit in scene.units_in(verdict.spans)}
    for unit in range(1, len(scene)):
        if (
            scene.stopped[unit]
            or scene.state[unit] is not NEW
            or scene.kind[unit] is not Kind.PARAGRAPH
            or not scene.is_cut(unit)
        ):
            continue
        words, span, after = scene.folded_text(unit), scene.spans[unit], unit + 1
        damage = after < len(scene) and (after in gone or scene.state[after] is LEAK)
        touched = any(part.start <= span.end and span.start <= part.end for part in spans)
        if not damage or touched or len(words) > _SCRAP or not words.endswith(_GOING_ON):
            continue
        begins = (scene.unit_at(found.start()) for found in re.finditer(re.escape(words), scene.chars) if found.start() in begin)
        holder = next((each for each in begins if each != unit and each not in gone and scene.state[each] is not LEAK), None)
        if holder is not None:
            evidence = ("a few words that break off and stand elsewhere",)
            yield Verdict("RPT003", (span,), Safety.UNSAFE, scene.spans[holder], evidence)


def _dangling(scene: Scene, verdicts: list[Verdict], damaged: bool) -> Iterator[Verdict]:
    """Yield sentences that break off and stand complete nowhere: they keep their content, so are told, never removed."""
    gone = [span for verdict in verdicts for span in verdict.spans]
    for unit in range(len(scene)):
        if scene.state[unit] is not NEW or not scene.is_cut(unit) or scene.weight[unit] < _LEAST_DANGLING:
            continue
        if (scene.kind[unit] is not Kind.PARAGRAPH and not scene.prose[unit]) or not (damaged or scene.tidy):
            continue
        last = unit + 1 == len(scene)
        seam = (last and damaged) or (not last and (scene.is_wide(unit + 1) or scene.state[unit + 1] is LEAK))
        span = scene.spans[unit]
        if seam and not any(part.start <= span.end and span.start <= part.end for part in gone):
            yield Verdict("CUT001", (span,), Safety.DISPLAY, None, ("breaks off and stands complete nowhere",))
