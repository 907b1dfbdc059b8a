"""Find posts that say nearly the same from their beginning to their end."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from dedupe.alike import VALUES, find_pairs, gather
from dedupe.collection import Collection, Texts
from dedupe.sketch import EMPTY
from dedupe.traits import Traits, read_passages, read_sketches

SIMILAR = 0.9
"""Least similarity of twins (see `alike`)."""
_LEAST = 200
"""A body with less prose (see `traits.measure`) is no twin: stubs are alike."""


class Twin(NamedTuple):
    """Two posts, by their places: the one that stays and the other; how alike they are, and what they state otherwise."""

    keeper: int
    other: int
    similarity: float
    facts: str


def find_twins(collection: Collection) -> Iterator[Twin]:
    """Yield each post that is a twin with the one that most of its kin are alike to: of two the older one."""
    if not collection.members:
        return
    sketches = np.stack([_sketch(collection.traits(place)) for place in range(len(collection.members))])
    texts = Texts(sketches, lambda place: collection.text(place, collection.body(place)))
    known = collection.memory.similarities
    for star in gather(texts, sketches, find_pairs(sketches), threshold=SIMILAR, known=known):
        for other, similarity in star.others:
            facts = collection.differ(other, star.keeper, texts)
            yield Twin(star.keeper, other, similarity, facts)


def _sketch(traits: Traits) -> NDArray[np.uint32]:
    """Return the row of the body; that of a stub has no signature."""
    row: NDArray[np.uint32] = read_sketches(traits)[-1].copy()
    if np.maximum(read_passages(traits)[:, 2], 0).sum() < _LEAST:
        row[:VALUES] = EMPTY
    return row
