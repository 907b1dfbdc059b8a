"""Find what a body says twice: seeds on sampled k-grams, chained along diagonals, extended exactly."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from dedupe.model import Integers, Repeats

K = 16
"""Length of a seed, in folded characters."""
WINDOW = 8
"""Of every WINDOW k-grams in a row at least one is a seed, so no repeat of K + WINDOW - 1 characters is missed."""
_FACTORS = np.array([0x9E3779B97F4A7C15, 0xD1B54A32D192ED03, 0xABC98388FB8FAC03, 0x8CB92BA72F3D8DD7], np.uint64)
"""Odd numbers without a pattern, one for each doubling from 1 character to K."""
_UPPER = np.uint64(0xFFFFFFFF_00000000)
"""The half of a number to sort by; the other holds what is sorted, which takes a fraction of the time of an argsort."""
LINKS = 8
"""An occurrence is joined to this many occurrences before it; joining it to all would be quadratic."""
_AT_ONCE = 1 << 16
"""Characters that are compared at once, at most."""
_NONE: Integers = np.zeros(0, np.int64)


def find_repeats(codes: NDArray[np.uint32], header: int = 0) -> Repeats:
    """Return every maximal run of at least K folded characters that stands earlier too, sorted.

    The first `header` characters are front matter: a body may quote its description, so they are a witness only to a
    second front matter, that is, to a run that copies them from their beginning.

    Seeds are chosen by winnowing (Schleimer, Wilkerson, Aiken: "Winnowing", SIGMOD 2003), so equal text yields equal
    seeds wherever it stands; time is O(n log n) and memory O(n) whatever the text.
    """
    if len(codes) < 2 * K:
        return Repeats(_NONE, _NONE, _NONE)
    hashes = _hash_kgrams(codes)
    places = _winnow(hashes)
    starts, distances = _pair(places, hashes[places])
    if not starts.size:
        return Repeats(_NONE, _NONE, _NONE)
    starts, ends, distances = _extend(codes, *_chain(starts, distances))
    starts = _clip(starts, distances, header)
    long = np.flatnonzero(ends - starts >= K)
    order = long[np.lexsort((distances[long], ends[long], starts[long]))]
    return Repeats(starts[order], ends[order], distances[order])


def cover(repeats: Repeats, size: int) -> NDArray[np.bool_]:
    """Tell for each of `size` folded characters whether it lies in a repeat."""
    change = np.bincount(repeats.starts, minlength=size + 1) - np.bincount(repeats.ends, minlength=size + 1)
    return np.asarray(np.cumsum(change[:-1]) > 0)


def _clip(starts: Integers, distances: Integers, header: int) -> Integers:
    """Return where runs start without what is, or is a copy of, front matter, unless they copy that from its beginning."""
    whole = (starts >= header) & (starts == distances)
    return np.where(whole, starts, np.maximum(starts, header + distances))


def _hash_kgrams(codes: NDArray[np.uint32]) -> NDArray[np.uint64]:
    """Hash all k-grams by doubling: a hash of 2m characters is made of two hashes of m; mixed so that the least is any."""
    hashes = codes.astype(np.uint64)
    length = 1
    for factor in _FACTORS:
        hashes = hashes[:-length] * factor + hashes[length:]
        length *= 2
    hashes = (hashes ^ (hashes >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    return hashes ^ (hashes >> np.uint64(31))


def _winnow(hashes: NDArray[np.uint64]) -> Integers:
    """Return the places of all k-grams whose hash is the least of some window that holds them."""
    if len(hashes) < WINDOW:
        return np.arange(len(hashes))
    least = _slide(hashes, np.minimum)
    padded = np.zeros(len(hashes) + WINDOW - 1, np.uint64)
    padded[WINDOW - 1 : WINDOW - 1 + len(least)] = least
    chosen = hashes == _slide(padded, np.maximum)
    # One character over and over says nothing, and each of its k-grams would be a seed.
    chosen[1:-1] &= (hashes[1:-1] != hashes[:-2]) | (hashes[1:-1] != hashes[2:])
    return np.flatnonzero(chosen)


def _slide(values: NDArray[np.uint64], ufunc: np.ufunc) -> NDArray[np.uint64]:
    length = 1
    while length < WINDOW:
        values = ufunc(values[:-length], values[length:])
        length *= 2
    return values


def _pair(places: Integers, hashes: NDArray[np.uint64]) -> tuple[Integers, Integers]:
    """Join each seed to earlier seeds of the same hash; return starts and distances."""
    order = np.sort((hashes & _UPPER) | np.arange(len(hashes), dtype=np.uint64)) & ~_UPPER
    places, hashes = places[order], hashes[order]
    starts, distances = [], []
    for back in range(1, min(LINKS, len(places) - 1) + 1):
        same = np.flatnonzero(hashes[back:] == hashes[:-back])
        if not same.size:
            break
        starts.append(places[same + back])
        distances.append(places[same + back] - places[same])
    if not starts:
        return places[:0], places[:0]
    return np.concatenate(starts), np.concatenate(distances)


def _chain(starts: Integers, distances: Integers) -> tuple[Integers, Integers, Integers]:
    """Join seeds of one diagonal that touch: seeds at most K apart cover all that lies between them."""
    both = np.sort((distances << 32) | starts)
    starts, distances = both & 0xFFFFFFFF, both >> 32
    joined = (distances[1:] == distances[:-1]) & (starts[1:] - starts[:-1] <= K)
    head = np.ones(len(starts), bool)
    head[1:] = ~joined
    tail = np.ones(len(starts), bool)
    tail[:-1] = ~joined
    return starts[head], starts[tail] + K, distances[head]


def _extend(
    codes: NDArray[np.uint32], starts: Integers, ends: Integers, distances: Integers
) -> tuple[Integers, Integers, Integers]:
    """Grow each run to its full length; those of one diagonal that meet then are the same one."""
    reversed_codes = codes[::-1]
    ends = ends + _equal_ahead(codes, ends, ends - distances)
    starts = starts - _equal_ahead(reversed_codes, len(codes) - starts + distances, len(codes) - starts)
    first = np.append(True, (distances[1:] != distances[:-1]) | (starts[1:] > ends[:-1]))
    return starts[first], ends[first], distances[first]


def _equal_ahead(codes: NDArray[np.uint32], heres: Integers, theres: Integers) -> Integers:
    """Return for each pair of places how many characters from there on are equal, looking at ever longer pieces of all."""
    lengths = np.zeros(len(heres), np.int64)
    going = np.arange(len(heres))
    # Between two seeds of one run lie fewer than WINDOW places, so nearly every run ends within as many steps.
    width = WINDOW
    while going.size:
        steps = np.arange(max(1, min(width, _AT_ONCE // going.size)))
        here, there = heres[going] + lengths[going], theres[going] + lengths[going]
        ahead = [codes[np.minimum(place[:, None] + steps, len(codes) - 1)] for place in (here, there)]
        different = ahead[0] != ahead[1]
        count = np.where(different.any(1), different.argmax(1), len(steps))
        lengths[going] += np.minimum(count, len(codes) - np.maximum(here, there))
        going = going[(count == len(steps)) & (np.maximum(here, there) + len(steps) < len(codes))]
        width *= 2
    return lengths
