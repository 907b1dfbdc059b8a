"""Let a heading go that heads nothing any more, where the same heading or the post's title stays."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from dedupe.model import Kind, Safety, Span, Verdict
from dedupe.scene import COPY, VOID, Scene, title_of

_LEAST_TITLE = 12
"""Folded characters of a title that is no mere label, as `Notes` is."""


def find_headings(scene: Scene, verdicts: Sequence[Verdict]) -> Iterator[Verdict]:
    """Yield a verdict on each heading over nothing but what goes that stands elsewhere, or is the title in the front matter.

    A generator that writes a post once more begins with its title, which the body need not have, or has in another place.
    """
    if Kind.HEADING not in scene.kind:
        return
    going = [verdict for verdict in verdicts if verdict.safety is not Safety.DISPLAY and verdict.rule != "RPT004"]
    gone = {unit for verdict in going for unit in scene.units_in(verdict.spans)}
    headings = [unit for unit in range(1, len(scene)) if scene.kind[unit] is Kind.HEADING and unit not in gone]
    titles = [unit for unit in headings if 0 not in gone and _is_title(scene, unit) and _is_behind(scene, unit, gone)]
    for unit in titles:
        # A rule right under it set the title off from the next draft.
        last = unit + 1 if unit + 1 < len(scene) and scene.kind[unit + 1] is Kind.RULE else unit
        span = Span(scene.spans[unit].start, scene.spans[last].end)
        yield Verdict("RPT001", (span,), Safety.SAFE, scene.spans[0], ("the title once more, behind what goes",))
    idle = [unit for unit in headings if unit not in titles and _heads_nothing(scene, unit, gone)]
    for unit in idle:
        if scene.state[unit] is COPY:
            place = int(scene.root[scene.first[unit]])
            twin = scene.unit_at(place)
            stays = scene.kind[twin] is Kind.HEADING and scene.first[twin] == place and twin not in gone
            witness = scene.spans[twin] if stays and scene.length[twin] == scene.length[unit] else None
        else:
            witness = title_of(scene, unit)
        if witness:
            yield Verdict("RPT001", (scene.spans[unit],), Safety.SAFE, witness, ("a heading once more, over what goes",))


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
    after = unit + 1
    while after < len(scene) and (after in gone or scene.state[after] is VOID):
        after += 1
    went = any(each in gone for each in range(unit + 1, after))
    return went and (after == len(scene) or scene.kind[after] is Kind.HEADING)
