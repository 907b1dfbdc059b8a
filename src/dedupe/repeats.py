"""Find what a body says twice: seeds on sampled k-grams, chained along diagonals, extended exactly."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from dedupe.model import Integers, Repeat

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


def find_repeats(codes: NDArray[np.uint32], header: int = 0) -> list[Repeat]:
    """Return every maximal run of at least K folded characters that stands earlier too, sorted.

    The first `header` characters are front matter: a body may quote its description, so they are a witness only to a
    second front matter, that is, to a run that copies them from their beginning.

    Seeds are chosen by winnowing (Schleimer, Wilkerson, Aiken: "Winnowing", SIGMOD 2003), so equal text yields equal
    seeds wherever it stands; time is O(n log n) and memory O(n) whatever the text.
    """
    if len(codes) < 2 * K:
        return []
    hashes = _hash_kgrams(codes)
    places = _winnow(hashes)
    starts, distances = _pair(places, hashes[places])
    if not starts.size:
        return []
    runs = _extend(codes, *_chain(starts, distances))
    return sorted(run for run in (_clip(run, header) for run in runs) if run.end - run.start >= K)


def _clip(run: Repeat, header: int) -> Repeat:
    """Cut from the beginning of a run what is, or is a copy of, front matter, unless it copies that from its beginning."""
    if run.start >= header and run.start == run.distance:
        return run
    start = max(run.start, header, header + run.distance)
    return run if start == run.start else run._replace(start=start)


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


def _extend(codes: NDArray[np.uint32], starts: Integers, ends: Integers, distances: Integers) -> list[Repeat]:
    """Grow each run to its full length; runs of one diagonal that meet become one."""
    reversed_codes = codes[::-1]
    right = _equal_ahead(codes, ends, ends - distances)
    left = _equal_ahead(reversed_codes, len(codes) - starts + distances, len(codes) - starts)
    runs: list[Repeat] = []
    for start, end, distance in zip((starts - left).tolist(), (ends + right).tolist(), distances.tolist(), strict=True):
        if runs and runs[-1].distance == distance and start <= runs[-1].end:
            runs[-1] = runs[-1]._replace(end=max(end, runs[-1].end))
        else:
            runs.append(Repeat(start, end, distance))
    return sorted(runs)


def _equal_ahead(codes: NDArray[np.uint32], heres: Integers, theres: Integers) -> Integers:
    """Return for each pair of places how many characters from there on are equal."""
    size = len(codes)
    lengths = np.zeros(len(heres), np.int64)
    going = np.arange(len(heres))
    # Between two seeds of one run lie fewer than WINDOW places, so nearly every run ends within as many steps.
    for _ in range(WINDOW + 1):
        going = going[np.maximum(heres[going], theres[going]) + lengths[going] < size]
        here, there = heres[going] + lengths[going], theres[going] + lengths[going]
        going = going[codes[here] == codes[there]]
        if not going.size:
            return lengths
        lengths[going] += 1
    for run in going.tolist():
        lengths[run] += _equal_run(codes[int(heres[run] + lengths[run]) :], codes[int(theres[run] + lengths[run]) :])
    return lengths


def _equal_run(first: NDArray[np.uint32], second: NDArray[np.uint32]) -> int:
    """Return how many characters two texts begin with in common, looking at ever longer pieces."""
    at, chunk = 0, 64
    while True:
        size = min(len(first), len(second), at + chunk) - at
        different = np.flatnonzero(first[at : at + size] != second[at : at + size])
        if different.size:
            return at + int(different[0])
        at += size
        if size < chunk:
            return at
        chunk *= 2
