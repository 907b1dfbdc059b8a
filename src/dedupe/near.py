"""Find units that say again, with small changes, what stands earlier: near copies of sentences and headings."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache

import numpy as np
from rapidfuzz import fuzz
from rapidfuzz.distance import OSA, Indel, LCSseq, Opcodes

from dedupe.copies import Copies
from dedupe.facts import differing_facts
from dedupe.fold import narrow
from dedupe.model import PROSE, Folded, Kind, Repeats, Segments, Span

_ALONE, _IN_ORDER = 90.0, 80.0
"""Least similarity, in percent, of a near copy by itself, and of one whose neighbour is a copy of its witness's neighbour."""
_LEAST = 12
"""Folded characters of a unit worth comparing, and of a seed's overlap with it."""
_LEAST_WITHIN, _MOST_MORE, _WITHIN = 20, 2.0, 0.9
"""Characters of a sentence that was written again with more in it, how much longer that may be, and how much of it is there."""
_TRIED = 3
"""Witnesses tried for each unit, by how much of it they share."""
_SLIP = 2
"""Characters that a slip of the typist may drop or double in a row."""
_FIELDS = 8
"""Units that front matter, taken for text, is cut into at most."""
_CLAUSE = 4
"""Characters in a row that one text has more than the other: content, not a slip."""
_NEVER = frozenset({Kind.CONFLICT, Kind.DIRECTIVE, Kind.HTML, Kind.VERSE})
_EXACT = frozenset({Kind.CODE, Kind.TABLE, Kind.QUOTE, Kind.LINKS, Kind.FOOTNOTE, Kind.OTHER})
"""Where every character counts: a difference there is for a person to judge, unless the passage is full of slips."""
_WHOLE = frozenset({Kind.CODE, Kind.HEADING})
"""What says the same only where all of it does: a piece of another one is no copy."""
_NEIGHBOURS, _NOISE = 4, 2
"""A passage is full of slips when so many units around a unit show so many doubled, dropped or exchanged signs."""
_LETTERS, _LATIN = re.compile(r"[^\W\d_ぁ-ヿ一-龥々㐀-䶿가-힣]+"), re.compile("[a-z]")
_LIKE_WORDS = 60
"""Percent by which two words are alike that may stand for each other."""
_TAIL = 4
"""Characters at the end that two words share which only begin otherwise."""
_SHORT_NEGATION = re.compile(r"ない|ず|no|ne|不|没|無|无|未|非|안|못|않|없")


_NOWHERE = Span(0, 0)


@dataclass(frozen=True, slots=True)
class Likeness:
    """A near copy: the units it is like (first and last), how much (0 to 1), and what differs that a person must judge.

    `place` is the folded range of its witness; that of front matter, which has no units, lies before all of them.
    `slips` counts what the copy, and what its witness, doubles or lacks; `typos` all single signs doubled, dropped or
    exchanged; `only_typos` tells whether nothing else differs.
    """

    witness: int
    until: int
    similarity: float
    place: Span = _NOWHERE
    conflict: str = ""
    slips: tuple[int, int] = (0, 0)
    typos: int = 0
    only_typos: bool = False


def find_near(text: str, segments: Segments, folded: Folded, repeats: Repeats, copies: Copies) -> dict[int, Likeness]:
    """Return the near copies among the units that are no exact ones, each with its witness, one or two earlier units.

    Seeds propose: units that share runs of equal characters, and the neighbours of copies. rapidfuzz decides.
    """
    whole = folded.codes.astype("<u4").tobytes().decode("utf-32-le", "surrogatepass")
    texts = [whole[start:end] for start, end in zip(copies.starts.tolist(), copies.ends.tolist(), strict=True)]
    kinds = [segments.blocks[block].kind for block in segments.block_of.tolist()]
    wanted = [
        place < 0 and len(each) >= _LEAST and kind not in _NEVER
        for place, each, kind in zip(copies.witness.tolist(), texts, kinds, strict=True)
    ]
    found: dict[int, Likeness] = {}
    for unit, others in _propose(repeats, copies, wanted).items():
        tried = [_like(texts, unit, other, prose=kinds[unit] in PROSE) for other in others]
        best = max(tried, key=lambda like: (like.similarity, -like.witness))
        if best.similarity:
            found[unit] = best
    holders = (np.searchsorted(copies.starts, copies.witness, "right") - 1).tolist()
    exact = [
        place >= 0 and (kind not in _WHOLE or texts[unit] == texts[holders[unit]])
        for unit, (place, kind) in enumerate(zip(copies.witness.tolist(), kinds, strict=True))
    ]
    of: dict[int, int] = {unit: holders[unit] for unit in range(len(texts)) if exact[unit]}
    of |= {unit: like.witness for unit, like in found.items()}
    fresh = {unit for unit in range(len(texts)) if not exact[unit] and texts[unit]}
    for unit, step in [*((unit, 1) for unit in range(1, len(texts))), *((unit, -1) for unit in range(len(texts) - 2, -1, -1))]:
        other = of.get(unit - step, -2) + step
        if unit in fresh and unit not in of and 0 <= other < unit and kinds[unit] is kinds[other]:
            like = _like(texts, unit, other, prose=kinds[unit] in PROSE)
            if like.similarity:
                found[unit] = like
                of[unit] = other
    # Last, and not beside each other: whatever is more alike comes first.
    for unit in sorted(unit for unit in fresh.difference(of) if unit - 1 in of and unit + 1 in of):
        other = of[unit - 1] + 1
        if other == of[unit + 1] - 1 and kinds[unit] in PROSE and kinds[unit] is kinds[other]:
            shorter, longer = sorted((texts[unit], texts[other]), key=len)
            # One that only begins the other is a cut-off beginning and its completion, no copy.
            if is_within(shorter, longer) and not longer.startswith(shorter):
                found[unit] = Likeness(other, other, fuzz.ratio(shorter, longer) / 100)
    of |= {unit: like.witness for unit, like in found.items()}
    words = cache(lambda: _count_words(text))  # few ask
    firsts: list[int] = []  # what stands several times is in order with what follows any of it
    for unit, holder in enumerate(holders):
        firsts.append(firsts[holder] if exact[unit] and holder >= 0 else unit)
    near = {
        unit: _compare(like, text, segments, unit, texts, words)
        for unit, like in found.items()
        if like.similarity >= _ALONE / 100 or _is_in_order(unit, of) or _is_beside_copy(unit, like, exact, firsts)
    }
    forgiven = {unit: _forgive(near, unit, like, kinds[unit]) for unit, like in near.items()}
    placed = {
        unit: replace(like, place=Span(int(copies.starts[like.witness]), int(copies.ends[like.until])))
        for unit, like in forgiven.items()
        if wanted[unit] or (like.only_typos and not like.conflict)
    }
    return placed | _find_header(text, segments, whole, texts, copies)


def _find_header(text: str, segments: Segments, whole: str, texts: list[str], copies: Copies) -> dict[int, Likeness]:
    """Return the units that say again, between lines of `+++`, what the front matter says."""
    begin = int(copies.starts[0]) if len(copies.starts) else 0
    found: dict[int, Likeness] = {}
    for unit in range(1, len(texts)) if text.startswith("+++") else ():
        if not text.startswith("+++", segments.starts[unit]):
            continue
        last = next((u for u in range(unit, min(unit + _FIELDS, len(texts))) if text.endswith("\n+++", 0, segments.ends[u])), -1)
        copy = "".join(texts[unit : last + 1])
        similarity = fuzz.ratio(copy, whole[:begin], score_cutoff=_ALONE) / 100
        if last < 0 or not similarity or copy == whole[:begin]:
            continue
        at, steps = 0, Indel.opcodes(copy, whole[:begin])
        for each in range(unit, last + 1):
            start, end = (_led(steps, place) for place in (at, at + len(texts[each])))
            at += len(texts[each])
            found[each] = Likeness(-1, -1, similarity, Span(start, begin if each == last else end))
    return found


def _led(steps: Opcodes, at: int) -> int:
    """Return where an alignment leads a place of its first text."""
    step = next(step for step in steps if at <= step.src_end)
    return min(step.dest_start + at - step.src_start, step.dest_end)


def _like(texts: list[str], unit: int, other: int, *, prose: bool) -> Likeness:
    """Compare a unit with another, or with that and the next ones when it is so much longer."""
    begun = texts[other].rstrip(".…") if texts[other].endswith(("...", "…")) else texts[other]
    more = len(texts[unit]) - len(begun)
    if texts[unit].startswith(begun) and more > (0 if prose else _SLIP):
        return Likeness(other, other, 0.0)  # a cut-off beginning and its completion, no copy
    copy, witness, until = texts[unit], texts[other], other
    best = Likeness(other, other, fuzz.ratio(copy, witness, score_cutoff=_IN_ORDER) / 100)
    while until + 1 < unit and len(witness) + len(texts[until + 1]) // 2 < len(copy):
        until += 1
        witness += texts[until]
        similarity = fuzz.ratio(copy, witness, score_cutoff=_IN_ORDER) / 100
        if similarity > best.similarity:
            best = Likeness(other, until, similarity)
    return best


def is_within(short: str, long: str) -> bool:
    """Tell whether nearly all of a folded text stands in another one, in the same order, which has some clauses more."""
    if not _LEAST_WITHIN <= len(short) <= len(long) <= _MOST_MORE * len(short):
        return False
    return LCSseq.similarity(short, long) >= _WITHIN * len(short)


def _forgive(near: Mapping[int, Likeness], unit: int, like: Likeness, kind: Kind) -> Likeness:
    """Return the likeness without its conflict where the passage is full of slips and this is one more."""
    around = [near[each] for each in range(unit - _NEIGHBOURS, unit + _NEIGHBOURS + 1) if each in near]
    if like.only_typos and sum(each.typos for each in around) >= _NOISE:
        return replace(like, conflict="")
    return replace(like, conflict=like.conflict or ("not prose" if kind in _EXACT else ""))


def _propose(repeats: Repeats, copies: Copies, wanted: list[bool]) -> dict[int, list[int]]:
    """Return for each wanted unit the earlier units it shares most characters with."""
    shared: dict[int, Counter[int]] = defaultdict(Counter)
    starts, ends = copies.starts, copies.ends
    for start, end, distance in repeats:
        unit = int(np.searchsorted(ends, start, "right"))
        while unit < len(starts) and starts[unit] < end:
            low, high = max(start, int(starts[unit])), min(end, int(ends[unit]))
            if wanted[unit] and high - low >= _LEAST:
                other = int(np.searchsorted(starts, (low + high) // 2 - distance, "right")) - 1
                if 0 <= other < unit:
                    shared[unit][other] += high - low
            unit += 1
    return {unit: [other for other, _ in votes.most_common(_TRIED)] for unit, votes in shared.items()}


def _is_in_order(unit: int, of: Mapping[int, int]) -> bool:
    return of.get(unit - 1, -2) + 1 == of[unit] or of.get(unit + 1, -2) - 1 == of[unit]


def _is_beside_copy(unit: int, like: Likeness, exact: Sequence[bool], firsts: Sequence[int]) -> bool:
    """Tell whether beside a unit stands a copy of what stands beside its witness, or beside another copy of that."""
    place = firsts[like.witness]
    return any(0 <= unit + step < len(exact) and exact[unit + step] and firsts[unit + step] == place + step for step in (-1, 1))


def _compare(
    like: Likeness, text: str, segments: Segments, unit: int, texts: list[str], words: Callable[[], Counter[str]]
) -> Likeness:
    copy, witness = texts[unit], "".join(texts[like.witness : like.until + 1])
    raw = [text[segments.starts[unit] : segments.ends[unit]], text[segments.starts[like.witness] : segments.ends[like.until]]]
    slips, typos, others = [0, 0], 0, 0
    for at, mine, other_at, other in _differences(copy, witness):
        typo = _is_typo(mine, other)
        typos += typo
        others += not typo
        if abs(len(mine) - len(other)) >= _CLAUSE:
            slips[0 if len(mine) < len(other) else 1] += abs(len(mine) - len(other))
        elif len(mine) + len(other) == 1:
            slips[0] += bool(mine) and _is_doubled(copy, at)
            slips[1] += bool(other) and _is_doubled(witness, other_at)
    entries = _are_entries(raw, words)
    return replace(
        like,
        conflict="; ".join((*differing_facts(*raw), *(["a word begins otherwise"] if entries else []))),
        slips=(slips[0], slips[1]),
        typos=typos,
        only_typos=not (others or entries or _are_other_numbers(raw)),
    )


def _differences(copy: str, witness: str) -> Iterator[tuple[int, str, int, str]]:
    """Yield the fewest characters by which two texts differ: where and what the copy has, where and what its witness has."""
    pending: tuple[int, str, int, str] | None = None
    for step in Indel.opcodes(copy, witness):
        if step.tag == "equal":
            if pending:
                yield pending
            pending = None
            continue
        at, mine, other_at, other = pending or (step.src_start, "", step.dest_start, "")
        pending = at, mine + copy[step.src_start : step.src_end], other_at, other + witness[step.dest_start : step.dest_end]
    if pending:
        yield pending


def _is_typo(mine: str, other: str) -> bool:
    """Tell whether one piece is the other after a slip: signs dropped or doubled, or marks exchanged; never a negation."""
    if mine and other:
        return not any(map(str.isalnum, mine + other))
    return len(mine or other) <= _SLIP and not _SHORT_NEGATION.search(mine or other)


def _are_entries(raw: Sequence[str], words: Callable[[], Counter[str]]) -> bool:
    """Tell whether texts differ in a word that stands for another one (`mounted`, `unmounted`), and the post knows both."""
    mine, other = map(_count_words, raw)
    return any(
        min(words()[each] - mine[each] - other[each] for each in (word, twin)) > 0
        for word in mine - other
        for twin in other - mine
        if _is_another_word(word, twin)
    )


def _is_another_word(word: str, twin: str) -> bool:
    """Tell whether a word only begins otherwise than another one, or is as near to it as `encoder` to `decoder`."""
    tail = min(len(word), len(twin), _TAIL)
    begins_otherwise = abs(len(word) - len(twin)) > 1 and tail >= _TAIL and word[-tail:] == twin[-tail:]
    return begins_otherwise or (fuzz.ratio(word, twin) >= _LIKE_WORDS and OSA.distance(word, twin) > 1)


def _are_other_numbers(raw: Sequence[str]) -> bool:
    """Tell whether texts differ in a number of as many digits: a slip drops or doubles one, and 589 and 590 are two numbers."""
    mine, other = (Counter(re.findall(r"\d+", narrow(each))) for each in raw)
    return any(len(number) == len(twin) for number in mine - other for twin in other - mine)


def _count_words(text: str) -> Counter[str]:
    """Return how often each word with a Latin letter stands in a text."""
    return Counter(word for word in _LETTERS.findall(narrow(text)) if _LATIN.search(word))


def _is_doubled(text: str, at: int) -> bool:
    return text[at] in {text[at - 1 : at], text[at + 1 : at + 2]}


def add_near(copies: Copies, near: Mapping[int, Likeness]) -> Copies:
    """Return `copies` with the near ones added to the exact ones; characters beyond the witness's end lead to its last."""
    witness, source = copies.witness.copy(), copies.source.copy()
    for unit, like in near.items():
        start, end = like.place
        witness[unit] = start
        here = np.arange(int(copies.starts[unit]), int(copies.ends[unit]))
        source[here] = np.minimum(start + here - here[0], end - 1)
    return replace(copies, witness=witness, source=source)
