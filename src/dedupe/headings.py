"""Let a heading go that heads nothing any more, where the same heading or the post's title stays."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from dedupe.model import Kind, Safety, Verdict
from dedupe.scene import COPY, VOID, Scene, title_of


def find_headings(scene: Scene, verdicts: Sequence[Verdict]) -> Iterator[Verdict]:
    """Yield a verdict on each heading over nothing but what goes that stands elsewhere, or is the title in the front matter.

    A generator that writes a post once more begins with its title, which the body need not have, or has in another place.
    """
    if Kind.HEADING not in scene.kind:
        return
    going = [verdict for verdict in verdicts if verdict.safety is not Safety.DISPLAY and verdict.rule != "RPT004"]
    gone = {unit for verdict in going for unit in scene.units_in(verdict.spans)}
    headings = [unit for unit in range(1, len(scene)) if scene.kind[unit] is Kind.HEADING and unit not in gone]
    idle = [unit for unit in headings if _heads_nothing(scene, unit, gone)]
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


def _heads_nothing(scene: Scene, unit: int, gone: set[int]) -> bool:
    """Tell whether what stands under a heading goes, all of it."""
    after = unit + 1
    while after < len(scene) and (after in gone or scene.state[after] is VOID):
        after += 1
    went = any(each in gone for each in range(unit + 1, after))
    return went and (after == len(scene) or scene.kind[after] is Kind.HEADING)
