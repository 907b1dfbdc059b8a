"""Join signatures by their bands: the pairs of texts that may be alike, without comparing each with every other."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from dedupe.model import Integers
from dedupe.sketch import EMPTY

CROWD = 4
"""In a band, a text is joined to at most this many texts before it; joining it to all would be quadratic."""


def find_candidates(signatures: NDArray[np.uint32], bands: int, width: int) -> Integers:
    """Return pairs of rows that agree in one of `bands` bands of `width` values: shape (n, 2), i < j, sorted, unique.

    They are candidates and no more: many are less alike, so each is to be verified on the texts. A pair of Jaccard
    similarity s is found with a chance of 1 - (1 - s**width)**bands (Leskovec, Rajaraman, Ullman, "Mining of Massive
    Datasets", chapter 3), with two exceptions that keep the pairs to CROWD at most for each row and band. Rows that are
    equal are each paired with the first of them, and only that one with others. Where more than CROWD different rows
    agree in a band, each is paired with the first CROWD.

    Rows of EMPTY have no pair.
    """
    filled = np.flatnonzero((signatures != EMPTY).any(axis=1))
    _, heads, group = np.unique(_hash_rows(signatures)[filled], return_index=True, return_inverse=True)
    first_equal = filled[heads][group]
    pairs = np.sort(_number(first_equal, filled, len(signatures))[first_equal < filled])
    different = np.sort(filled[heads])
    for band in range(bands):
        keys = _hash_rows(signatures[different, band * width : (band + 1) * width])
        pairs = _merge(pairs, _join(keys, different, len(signatures)))
    return np.stack(np.divmod(pairs, max(len(signatures), 1)), axis=1)


def _hash_rows(values: NDArray[np.uint32]) -> NDArray[np.uint64]:
    """Return one number for each row, equal for equal rows; others meet once in 2**64, and are one candidate more."""
    keys = np.zeros(len(values), np.uint64)
    for column in values.T:
        keys = (keys ^ column) * np.uint64(0x9E3779B97F4A7C15)
        keys ^= keys >> np.uint64(32)
    return keys


def _join(keys: NDArray[np.uint64], rows: Integers, size: int) -> Integers:
    """Return the numbers of the pairs of rows whose keys are equal, each row with the first CROWD before it at most."""
    order = np.argsort(keys, kind="stable")
    keys, rows = keys[order], rows[order]
    heads = np.searchsorted(keys, keys)
    counts = np.minimum(np.arange(len(keys)) - heads, CROWD)
    nth = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
    return _number(rows[np.repeat(heads, counts) + nth], np.repeat(rows, counts), size)


def _merge(some: Integers, others: Integers) -> Integers:
    """Return the numbers of two lists, the first of them sorted, as one sorted list without doubles."""
    # Not union1d: it hashes, and takes minutes for millions of numbers as regular as these.
    both = np.concatenate((some, np.sort(others)))
    both.sort(kind="stable")  # of two sorted runs this is a merge
    return both[np.diff(both, prepend=-1) > 0]


def _number(former: Integers, latter: Integers, size: int) -> Integers:
    """Return one integer for each pair, which sorts as the pair does."""
    return former * size + latter
