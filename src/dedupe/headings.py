"""Let a heading go that heads nothing any more, or says again what the heading above it says."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise

import numpy as np

from dedupe.model import Kind, Safety, Span, Verdict
from dedupe.scene import COPY, NEW, VOID, Scene, level, title_of

_LEAST_TITLE = 12
"""Folded characters of a title that is no mere label, as `Notes` is."""
_PLAIN = re.compile(r"#{1,6}[ \t][^\[\]<>`{}\r\n]*")
"""A heading that is nothing but words; a line in bold may be a sentence, and links and marks are more than words."""
_GOES_ON = re.compile(r"[(\[【](?:続き?|つづき|続編|深掘り|continued|cont\.)[)\]】]\Z")
"""What a heading ends with, folded, that says that what stands under the one above goes on: a third of it at most, so that the
two are near copies."""


def find_headings(scene: Scene, verdicts: Sequence[Verdict]) -> Iterator[Verdict]:
    """Yield a verdict on each heading whose text goes, and on each that only says that what stands above it goes on.

    It is safe where the heading stands elsewhere too, or is the title in the front matter. A generator that writes a post
    once more begins with its title, which the body need not have, or has in another place.
    """
    if not scene.heads:
        return
    going = [verdict for verdict in verdicts if verdict.safety is not Safety.DISPLAY and verdict.rule != "RPT004"]
    gone = {unit for verdict in going for unit in scene.units_in(verdict.spans)}
    headings = sorted(scene.heads - gone - {0})
    titles = [unit for unit in headings if 0 not in gone and _is_title(scene, unit) and _is_behind(scene, unit, gone)]
    for unit in titles:
        # A rule right under it set the title off from the next draft.
        last = unit + 1 if unit + 1 < len(scene) and scene.kind[unit + 1] is Kind.RULE else unit
        span = Span(scene.spans[unit].start, scene.spans[last].end)
        yield Verdict("RPT001", (span,), Safety.SAFE, scene.spans[0], ("the title once more, behind what goes",))
    idle = [unit for unit in headings if unit not in titles and _heads_nothing(scene, unit, gone)]
    for unit in idle:
        yield from _judge_idle(scene, unit, gone)
    for above, unit in pairwise(unit for unit in headings if unit not in {*titles, *idle}):
        said, before = scene.folded_text(unit), scene.folded_text(above)
        goes_on = before == _GOES_ON.sub("", said) != said and 2 * (len(said) - len(before)) <= len(before)
        if goes_on and (same := _find_same(scene, unit, gone)) is not None:
            witness = scene.spans[above]
            pairs = tuple((scene.spans[each], witness) for each in (unit, *same))
            evidence = ("a heading once more, over what goes on",)
            yield Verdict("RPT001", (scene.spans[unit],), Safety.UNSAFE, witness, evidence, rewritten=pairs)


def _judge_idle(scene: Scene, unit: int, gone: set[int]) -> Iterator[Verdict]:
    """Yield the verdict on a heading over nothing but what goes."""
    if scene.state[unit] is COPY:
        place = int(scene.root[scene.first[unit]])
        twin = scene.unit_at(place)
        stays = scene.kind[twin] is Kind.HEADING and scene.first[twin] == place and twin not in gone
        witness = scene.spans[twin] if stays and scene.length[twin] == scene.length[unit] else None
    else:
        witness = title_of(scene, unit)
    if witness:
        yield Verdict("RPT001", (scene.spans[unit],), Safety.SAFE, witness, ("a heading once more, over what goes",))
    elif (same := _find_same(scene, unit, gone)) is not None and all(_lost_all(scene, each, gone) for each in (unit, *same)):
        bare = tuple(scene.spans[each] for each in (unit, *same))
        yield Verdict("RPT001", bare[:1], Safety.UNSAFE, None, ("a heading, all under it goes",), bare=bare)


def _find_same(scene: Scene, unit: int, gone: set[int]) -> list[int] | None:
    """Return the headings among `gone` that say the same; None where other text that goes needs this one to stay."""
    said, places = scene.folded_text(unit), scene.root[scene.first[unit] : scene.last[unit]]
    plain = _PLAIN.fullmatch(scene.text(unit)) and "](#" not in scene.post.text
    if not said or not plain or (unit in scene.near and scene.near[unit].witness in gone):
        return None
    copied = (scene.root >= places.min()) & (scene.root <= places.max())
    copies = {scene.unit_at(place) for place in np.flatnonzero(copied).tolist()}
    near = {each for each, like in scene.near.items() if like.witness <= unit <= like.until}
    begun = {each for each in scene.heads & gone if said.startswith(scene.folded_text(each))}
    same = {each for each in begun if scene.folded_text(each) == said}
    return None if gone.intersection((copies | near | begun) - same) else sorted(same)


def _lost_all(scene: Scene, unit: int, gone: set[int]) -> bool:
    """Tell whether a section had text, and none of it stays, nor any section in it."""
    after = unit + 1
    while after < len(scene) and (after in gone or scene.kind[after] is Kind.RULE):
        after += 1
    had = any(each in gone and scene.state[each] in {NEW, COPY} and each not in scene.heads for each in range(unit + 1, after))
    return had and (after == len(scene) or (after in scene.heads and level(scene, after) <= level(scene, unit)))


def _end_of_void(scene: Scene, unit: int, gone: set[int]) -> int:
    """Return the first unit after another one that stays and says something."""
    after = unit + 1
    while after < len(scene) and (after in gone or scene.state[after] is VOID):
        after += 1
    return after


def _is_title(scene: Scene, unit: int) -> bool:
    """Tell whether a heading says again what the post begins with."""
    codes = scene.folded.codes
    title, other = (codes[scene.first[each] : scene.last[each]] for each in (0, unit))
    return scene.kind[0] is Kind.HEADING and len(title) >= _LEAST_TITLE and np.array_equal(title, other)


def _is_behind(scene: Scene, unit: int, gone: set[int]) -> bool:
    before = unit - 1
    while before > 0 and scene.state[before] is VOID:
        before -= 1
    return before in gone


def _heads_nothing(scene: Scene, unit: int, gone: set[int]) -> bool:
    """Tell whether what stands under a heading goes, all of it."""
    after = _end_of_void(scene, unit, gone)
    went = any(each in gone for each in range(unit + 1, after))
    return went and (after == len(scene) or after in scene.heads)
