"""Find texts that are nearly the same among many: sketches propose, rapidfuzz decides, groups are stars around one of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from itertools import islice, pairwise
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from rapidfuzz import process
from rapidfuzz.distance import Indel

from dedupe.engine import MEMORY, by_parts, find_candidates, find_firsts, let_go
from dedupe.fold import fold
from dedupe.model import Integers
from dedupe.sketch import have_shingles, sketch

SIMILAR = 0.8
"""Least similarity of texts that are alike: twice the characters they share in order, by the characters of both."""
BANDS, WIDTH = 18, 3
"""What datasketch chooses for texts that share 0.7 of their shingles, as a few edits leave of texts that are SIMILAR:
of these 1 in 2,000 is missed, of those that share 0.6 of them 1 in 90, of those that share half 1 in 11."""
SHARED = 0.2
"""Least share of equal values of two signatures for which a comparison is worth while: of texts that share 0.4 of their
shingles 1 in 1,000 has less. Texts that share no more than set phrases, of which there are many, are not even read."""
VALUES = BANDS * WIDTH
"""Values of a signature in a sketch."""

Sketches: TypeAlias = NDArray[np.uint32]
"""One row a text: VALUES values of its signature, then its name in two. To be kept as bytes; a memory map will do."""

Texts: TypeAlias = Sequence[str] | Mapping[int, str]
"""Texts by their places."""
_TOGETHER = 1 << 9  # texts folded at once: enough that calls cost nothing, few enough to stay in the cache of a core
_BATCH = 1 << 13  # pairs compared at once
_PAIR = np.dtype([("names", "<u8", 2), ("similarity", "<f8")])
_READ = 1 << 7  # pairs of rows read at once: of a memory map each brings two runs of pages into memory


@dataclass(frozen=True, slots=True)
class Star:
    """Texts that are alike, by their places: the keeper, and in order each of the others with its similarity to it, to 1."""

    keeper: int
    others: tuple[tuple[int, float], ...]


@dataclass(slots=True)
class Known:
    """Similarities that were measured, 0 where too low: `pairs` has the names of both texts, the lesser first, and theirs.

    They are kept as bytes, a row a pair, for there are many.
    """

    pairs: bytes = b""

    @property
    def names(self) -> NDArray[np.uint64]:
        """The names of each pair, shape (n, 2)."""
        names: NDArray[np.uint64] = np.frombuffer(self.pairs, _PAIR)["names"]
        return names

    def look_up(self, names: NDArray[np.uint64]) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
        """Return the similarities of pairs of names, shape (n, 2), the lesser first, and which of them are known."""
        rows = np.frombuffer(self.pairs, _PAIR)
        if not len(rows):
            return np.zeros(len(names)), np.zeros(len(names), bool)
        keys = _mix(rows["names"])
        order = np.argsort(keys)
        at = order[np.minimum(np.searchsorted(keys, _mix(names), sorter=order), len(rows) - 1)]
        return rows["similarity"][at], (rows["names"][at] == names).all(axis=1)

    def add(self, names: NDArray[np.uint64], similarities: NDArray[np.float64]) -> None:
        """Take in pairs that are not known, each once."""
        rows = np.empty(len(names), _PAIR)
        rows["names"], rows["similarity"] = names, similarities
        self.pairs += rows.tobytes()

    def keep(self, names: NDArray[np.uint64]) -> None:
        """Let go of what is about texts whose name is none of `names`."""
        rows = np.frombuffer(self.pairs, _PAIR)
        self.pairs = rows[np.isin(rows["names"], names).all(axis=1)].tobytes()


def find_alike(
    texts: Sequence[str], sketches: Sketches | None = None, *, threshold: float = SIMILAR, memory: int = MEMORY
) -> tuple[Star, ...]:
    """Return the stars of texts at least `threshold` alike (see `SIMILAR`), by keeper; a text is in one of them at most.

    `texts` may read each text as it is asked for: with `sketches`, those of `sketch_passages`, only texts that may be
    alike are read. Where some comparisons are known, or texts are better read in bulk, take the two steps one by one:
    `find_pairs` (which keeps to `memory`) and `gather`.
    """
    if sketches is None:
        sketches = sketch_passages(texts)
    return gather(texts, sketches, find_pairs(sketches, memory), threshold=threshold)


def sketch_passages(texts: Iterable[str]) -> Sketches:
    """Return the sketches of texts, each the same alone and among others. Texts with equal folded characters have equal ones.

    A text of fewer than `sketch.SHINGLE` folded characters has an EMPTY signature and is alike to nothing.
    """
    parts = [np.empty((0, VALUES + 2), np.uint32)]
    for codes in _fold(texts):
        names = b"".join([blake2b(each.tobytes(), digest_size=8).digest() for each in codes])
        parts.append(np.hstack((sketch(codes, VALUES), np.frombuffer(names, "<u4").reshape(-1, 2))))
    return np.concatenate(parts)


def find_pairs(sketches: Sketches, memory: int = MEMORY) -> Integers:
    """Return pairs of texts that may be alike: shape (n, 2), i < j, sorted, unique; of equal texts only the first is in any.

    They agree in a band, and in so many values that they may share SHARED of their shingles. They depend on nothing but
    the sketches and their order, so when a text changes it costs no more than its own pairs: the others are known. The
    search takes `memory` bytes at most, and goes on on the disk where that is too little.
    """
    values = sketches[:, :VALUES]
    pairs = find_candidates(values, BANDS, WIDTH, memory)
    agree = np.zeros(len(pairs), bool)
    for start in range(0, len(pairs), _READ):
        one, other = pairs[start : start + _READ].T
        agree[start : start + _READ] = (values[one] == values[other]).mean(axis=1) >= SHARED
        let_go(values)
    pairs = _find_firsts(sketches)[pairs[agree]]
    return _without_doubles(pairs[pairs[:, 0] != pairs[:, 1]])


def name_texts(sketches: Sketches) -> NDArray[np.uint64]:
    """Return 64 bits of a digest (BLAKE2b) of each text's folded characters."""
    return by_parts(sketches[:, VALUES:], lambda names: names[:, 0] | names[:, 1].astype(np.uint64) << np.uint64(32), np.uint64)


def gather(
    texts: Texts, sketches: Sketches, pairs: Integers, *, threshold: float = SIMILAR, known: Known | None = None
) -> tuple[Star, ...]:
    """Return the stars that pairs of `find_pairs` form, once compared, by keeper, with equal texts at 1 among them.

    Of the texts left, the one that most others are alike to keeps them, of such texts the first. A text that is left
    over, as all it is known to be alike to are kept, is compared with those that keep them. So each is at least
    `threshold` alike to its keeper; at the ends of a chain of texts, each alike to the next alone, some are left out.

    `known` has similarities of earlier calls with the same threshold, and takes those measured in this one. Only texts
    in pairs, and of these only such as are not known, are read.
    """
    first = _find_firsts(sketches)
    similarities = _compare(texts, sketches, pairs, threshold, known)
    pairs, similarities = pairs[similarities > 0], similarities[similarities > 0]
    keeper_of, likeness = _choose(pairs, similarities, np.bincount(first, minlength=len(sketches)))
    one, other = np.concatenate((pairs, pairs[:, ::-1])).T
    left = keeper_of[one] < 0
    more = _without_doubles(np.stack((one[left], keeper_of[other[left]]), axis=1))
    similarities = _compare(texts, sketches, more, threshold, known)
    order = np.lexsort((-more[:, 1], similarities))  # the last one written stays: the most alike, of such the first
    order = order[similarities[order] > 0]
    row, keeper = more[order].T
    keeper_of[row], likeness[row] = keeper, similarities[order]
    twice = np.flatnonzero((np.bincount(first, minlength=len(sketches)) > 1) & (keeper_of < 0))
    keeper_of[twice] = twice
    return _make_stars(keeper_of[first], np.where(keeper_of[first] == first, 1.0, likeness[first]))


def _without_doubles(pairs: Integers) -> Integers:
    # Not np.unique: it loads all of numpy.ma.
    pairs = pairs[np.lexsort((pairs[:, 1], pairs[:, 0]))]
    first_of_its_kind = np.diff(pairs, axis=0, prepend=-1).any(axis=1)
    return np.compress(first_of_its_kind, pairs, axis=0)


def _compare(texts: Texts, sketches: Sketches, pairs: Integers, threshold: float, known: Known | None) -> NDArray[np.float64]:
    """Return the similarity of each pair of texts, 0 where it is below `threshold`: from `known`, else measured."""
    if known is None:
        return _measure(texts, pairs, threshold)
    names = np.sort(name_texts(sketches)[pairs], axis=1)
    similarities, there = known.look_up(names)
    similarities[~there] = _measure(texts, pairs[~there], threshold)
    known.add(names[~there], similarities[~there])
    return similarities


def _mix(names: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Return a number for each pair of names by which to find it."""
    return names[:, 0] ^ names[:, 1] * np.uint64(0x9E3779B97F4A7C15)


def _measure(texts: Texts, pairs: Integers, threshold: float) -> NDArray[np.float64]:
    """Return the similarity of each pair of texts, 0 where it is below `threshold`: rapidfuzz's Indel, of folded texts."""
    similarities = np.zeros(len(pairs))
    order = np.argsort(pairs[:, 1], kind="stable")  # in a crowd many second texts have few first ones: each is read once
    for start in range(0, len(pairs), _BATCH):
        batch = order[start : start + _BATCH]
        rows, inverse = np.unique(pairs[batch], return_inverse=True)
        folded = [_text_of(codes) for some in _fold(texts[row] for row in rows.tolist()) for codes in some]
        sides = inverse.reshape(-1, 2).tolist()
        similarities[batch] = process.cpdist(
            [folded[one] for one, _ in sides],
            [folded[other] for _, other in sides],
            scorer=Indel.normalized_similarity,
            score_cutoff=threshold,
            dtype=np.float64,
        )
    return similarities


def _choose(pairs: Integers, similarities: NDArray[np.float64], sizes: Integers) -> tuple[Integers, NDArray[np.float64]]:
    """Return the keeper of each text (of a keeper itself, else -1), and its similarity to it, from pairs that are alike."""
    keeper_of, likeness = np.full(len(sizes), -1), np.zeros(len(sizes))
    row, near = np.concatenate((pairs, pairs[:, ::-1])).T
    order = np.lexsort((near, row))
    row, near, values = row[order], near[order], np.tile(similarities, 2)[order]
    rows, begins = np.unique(row, return_index=True)
    reach = sizes[rows] + np.add.reduceat(sizes[near], begins) if rows.size else rows
    borders = np.append(begins, len(row))
    for at in np.argsort(-reach, kind="stable").tolist():
        if keeper_of[rows[at]] < 0:
            free = begins[at] + np.flatnonzero(keeper_of[near[borders[at] : borders[at + 1]]] < 0)
            if free.size:
                keeper_of[near[free]], likeness[near[free]] = rows[at], values[free]
                keeper_of[rows[at]] = rows[at]
    return keeper_of, likeness


def _make_stars(keeper_of: Integers, likeness: NDArray[np.float64]) -> tuple[Star, ...]:
    members = np.flatnonzero((keeper_of >= 0) & (keeper_of != np.arange(len(keeper_of))))
    members = members[np.argsort(keeper_of[members], kind="stable")]
    keepers, begins = np.unique(keeper_of[members], return_index=True)
    others = [*zip(members.tolist(), likeness[members].tolist(), strict=True)]
    borders = pairwise([*begins.tolist(), len(others)])
    return tuple(Star(keeper, tuple(others[begin:end])) for keeper, (begin, end) in zip(keepers.tolist(), borders, strict=True))


def _find_firsts(sketches: Sketches) -> Integers:
    """Return for each text the first that has equal folded characters; a text without shingles is the first by itself."""
    first = np.arange(len(sketches))
    filled = np.flatnonzero(by_parts(sketches[:, :VALUES], have_shingles, np.bool_))
    first[filled] = filled[find_firsts(name_texts(sketches)[filled])]
    return first


def _fold(texts: Iterable[str]) -> Iterator[list[NDArray[np.uint32]]]:
    """Yield the folded code points of texts, some at once: joined by line ends, which are folded away."""
    stream = iter(texts)
    while some := [*islice(stream, _TOGETHER)]:
        folded = fold("\n".join(some))
        ends = np.cumsum(np.fromiter(map(len, some), np.int64, len(some)) + 1)
        cuts = [0, *np.searchsorted(folded.offsets, ends).tolist()]
        yield [folded.codes[start:end] for start, end in pairwise(cuts)]


def _text_of(codes: NDArray[np.uint32]) -> str:
    return codes.astype("<u4").tobytes().decode("utf-32-le", "surrogatepass")
