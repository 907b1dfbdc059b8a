"""Find passages that stand in several posts: stars of paragraphs that are alike, those that always follow each other as one."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from dedupe.alike import Star, find_pairs, gather
from dedupe.collection import Collection, Texts
from dedupe.model import Integers, Span
from dedupe.shelf import line_up
from dedupe.traits import Traits, read_passages, read_sketches

SIMILAR = 0.9
"""Least similarity of paragraphs that are taken for one passage (see `alike`)."""
_LEAST_SHARED, _LEAST_TEMPLATE = 120, 40
"""Prose (see `traits.measure`) of a shared passage, and characters of a template, at least."""
_SEVERAL, _MANY = 5, 8
"""A passage in several posts, at a like place in most of them, is a template; in many it is one wherever it stands, for what
damage is appended to a post moves what was its end."""
_MOST, _NEAR = 0.8, 0.15
"""Most are that share of all; two places are alike that are no farther apart, in shares of their posts."""


class Shared(NamedTuple):
    """A passage: where it stands by the places of posts, the one that stays for it first; how alike each is to that one."""

    spans: dict[int, Span]
    similarities: dict[int, float]
    template: bool


@dataclass(frozen=True, slots=True)
class _Rows:
    """The paragraphs that are compared: of which post each is (its place), its number there, where it stands, and its prose."""

    table: NDArray[np.int32]

    def place(self, row: int) -> int:
        return int(self.table[row, 0])

    def number(self, row: int) -> int:
        return int(self.table[row, 1])

    def span(self, row: int) -> Span:
        start, end = self.table[row, 2:4].tolist()
        return Span(start, end)

    def prose(self, row: int) -> int:
        return int(self.table[row, 4])


_Paragraphs = dict[int, tuple[int, float]]
"""A paragraph of several posts: by the place of each its row, and how alike it is to that of the keeper, which is first."""


def find_passages(collection: Collection) -> Iterator[Shared]:
    """Yield the passages that stand in two posts or more, by the first place of each."""
    if not collection.members:
        return
    places = range(len(collection.members))
    rows = _Rows(line_up(_number(place, collection.traits(place)) for place in places))
    sketches = line_up(read_sketches(traits)[_find_compared(traits)] for traits in map(collection.traits, places))
    texts = Texts(sketches, lambda row: collection.text(rows.place(row), rows.span(row)))
    known = collection.memory.similarities
    stars = gather(texts, sketches, find_pairs(sketches), threshold=SIMILAR, known=known)
    found = [each for star in stars if len(each := _by_post(star, rows)) > 1]
    shared = [_describe(chain, rows, texts, collection) for chain in _chain(found, rows)]
    yield from sorted((each for each in shared if each), key=lambda each: min(each.spans.items()))


def _find_compared(traits: Traits) -> Integers:
    """Return the numbers of the passages that are compared: all but data."""
    return np.flatnonzero(read_passages(traits)[:, 2] >= 0)


def _number(place: int, traits: Traits) -> NDArray[np.int32]:
    """Return the rows of a post, as `_Rows` has them."""
    numbers = _find_compared(traits)
    return np.column_stack((np.full_like(numbers, place), numbers, read_passages(traits)[numbers])).astype(np.int32)


def _by_post(star: Star, rows: _Rows) -> _Paragraphs:
    by_post: _Paragraphs = {rows.place(star.keeper): (star.keeper, 1.0)}
    for row, similarity in star.others:
        by_post.setdefault(rows.place(row), (row, similarity))
    return by_post


def _chain(found: Sequence[_Paragraphs], rows: _Rows) -> Iterator[list[_Paragraphs]]:
    """Yield paragraphs in chains: each next one follows in most of the posts in which either stands."""
    at: defaultdict[int, dict[int, int]] = defaultdict(dict)
    for index, paragraphs in enumerate(found):
        for place, (row, _) in paragraphs.items():
            at[place][rows.number(row)] = index
    pairs = Counter(
        (numbers[one], numbers[next_one])
        for numbers in at.values()
        for one, next_one in pairwise(sorted(numbers))
        if next_one == one + 1
    )
    follows = {
        one: other
        for (one, other), count in sorted(pairs.items())
        if one != other and count >= _MOST * max(len(found[one]), len(found[other]))
    }
    begins = [index for index in range(len(found)) if index not in set(follows.values())]
    for begin in begins:
        chain = [begin]
        while chain[-1] in follows:
            chain.append(follows[chain[-1]])
        yield [found[index] for index in chain]


def _describe(chain: list[_Paragraphs], rows: _Rows, texts: Texts, collection: Collection) -> Shared | None:
    """Return what a chain amounts to; None where it is too short, or states something else in each post."""
    spans, similarities = _measure(chain, rows)
    if len(spans) >= _MANY or (len(spans) >= _SEVERAL and _stand_alike(spans, collection)):
        size = sum(len("".join(texts[row].split())) for row, _ in (paragraphs[next(iter(paragraphs))] for paragraphs in chain))
        return Shared(spans, similarities, template=True) if size >= _LEAST_TEMPLATE else None
    kept = [
        {
            place: (row, similarity)
            for place, (row, similarity) in paragraphs.items()
            if similarity == 1 or not collection.differ(keeper, row, texts)
        }
        for paragraphs in chain
        for keeper in [next(iter(paragraphs.values()))[0]]
    ]
    prose: Counter[int] = Counter()
    for paragraphs in kept:
        for place, (row, _) in paragraphs.items():
            prose[place] += rows.prose(row)
    spans, similarities = _measure(kept, rows)
    enough = [place for place in spans if prose[place] >= _LEAST_SHARED]
    if len(enough) < 2:
        return None
    return Shared({place: spans[place] for place in enough}, {place: similarities[place] for place in enough}, template=False)


def _measure(chain: Sequence[_Paragraphs], rows: _Rows) -> tuple[dict[int, Span], dict[int, float]]:
    """Return from where to where a chain stands in each post, and how alike the least like of its paragraphs is."""
    spans: dict[int, Span] = {}
    similarities: dict[int, float] = {}
    for paragraphs in chain:
        for place, (row, similarity) in paragraphs.items():
            span = rows.span(row)
            begun = spans.setdefault(place, span)
            # In a few posts the paragraphs of a chain stand apart; then the first of them is shown.
            if span.start >= begun.end and rows.number(row):
                spans[place] = Span(begun.start, span.end)
            similarities[place] = min(similarity, similarities.get(place, 1.0))
    return spans, similarities


def _stand_alike(spans: dict[int, Span], collection: Collection) -> bool:
    """Tell whether a passage stands at a like place in most of its posts, counted from their beginning or from their end."""
    shares = []
    for place, span in spans.items():
        traits = collection.traits(place)
        begin, end = traits.body, int(read_passages(traits)[-1, 1])
        shares.append((span.start - begin) / max(1, end - begin))
    middle = median(shares)
    return sum(abs(share - middle) <= _NEAR for share in shares) >= _MOST * len(shares)
