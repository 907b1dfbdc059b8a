"""Join signatures by their bands: the pairs of texts that may be alike, without comparing each with every other."""

from __future__ import annotations

import mmap
import tempfile
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dedupe.model import Integers
from dedupe.sketch import have_shingles

CROWD = 4
"""In a band, a text is joined to at most this many texts before it; joining it to all would be quadratic."""
MEMORY = 1 << 30
"""Bytes that a join may take, beside the signatures and the pairs found."""

_PER_ROW = 64  # bytes numpy takes for each row: its key in two orders, its number, where its bucket begins, and how many pairs
_LEAST = 1 << 27  # bytes without which DuckDB does not get far
_CHUNK = 1 << 12  # rows looked at at once


def find_candidates(signatures: NDArray[np.uint32], bands: int, width: int, memory: int = MEMORY) -> Integers:
    """Return pairs of rows that agree in one of `bands` bands of `width` values: shape (n, 2), i < j, sorted, unique.

    They are candidates and no more: many are less alike, so each is to be verified on the texts. A pair of Jaccard
    similarity s is found with a chance of 1 - (1 - s**width)**bands (Leskovec, Rajaraman, Ullman, "Mining of Massive
    Datasets", chapter 3), with two exceptions that keep the pairs to CROWD at most for each row and band. Rows that are
    equal are each paired with the first of them, and only that one with others. Where more than CROWD different rows
    agree in a band, each is paired with the first CROWD. Rows of EMPTY have no pair.

    The join is numpy's as long as that takes less than `memory` bytes, and else DuckDB's, which spills to the disk what
    is more, or than 128 MB; the pairs are the same. `signatures` may be a memory map.
    """
    if len(signatures) * _PER_ROW <= memory:
        return _join_in_memory(signatures, bands, width)
    return _join_on_disk(signatures, bands, width, max(memory, _LEAST))


def by_parts(rows: NDArray[np.uint32], work: Callable[[NDArray[np.uint32]], NDArray[Any]], dtype: type) -> NDArray[Any]:
    """Return one value for each row: what `work` gives for the rows, some at a time."""
    values: NDArray[Any] = np.empty(len(rows), dtype)
    for start, part in _parts(rows):
        values[start : start + len(part)] = work(part)
    return values


def find_firsts(keys: NDArray[np.uint64]) -> Integers:
    """Return for each key the place of the first that is equal to it."""
    firsts = np.arange(len(keys))
    shared = _find_shared(keys)
    order = shared[np.argsort(keys[shared], kind="stable")]
    firsts[order] = order[np.searchsorted(keys[order], keys[order])]
    return firsts


def let_go(rows: NDArray[np.uint32]) -> None:
    """Let what was read of a memory map leave memory: all of it would count as taken, though none of it has to stay."""
    base = rows.base
    while isinstance(base, np.ndarray):
        base = base.base
    if isinstance(base, mmap.mmap) and hasattr(mmap, "MADV_DONTNEED"):
        base.madvise(mmap.MADV_DONTNEED)


def _parts(rows: NDArray[np.uint32]) -> Iterator[tuple[int, NDArray[np.uint32]]]:
    for start in range(0, len(rows), _CHUNK):
        yield start, rows[start : start + _CHUNK]
        let_go(rows)


def _join_in_memory(signatures: NDArray[np.uint32], bands: int, width: int) -> Integers:
    filled = np.flatnonzero(by_parts(signatures, have_shingles, np.bool_))
    first_equal = filled[find_firsts(by_parts(signatures, _hash_rows, np.uint64)[filled])]
    pairs = np.sort(_number(first_equal, filled, len(signatures))[first_equal < filled])
    different = filled[first_equal == filled]
    for band in range(bands):
        keys = by_parts(signatures[:, band * width : (band + 1) * width], _hash_rows, np.uint64)[different]
        pairs = _merge(pairs, _join(keys, different, len(signatures)))
    return np.stack(np.divmod(pairs, max(len(signatures), 1)), axis=1)


def _join_on_disk(signatures: NDArray[np.uint32], bands: int, width: int, memory: int) -> Integers:
    import duckdb  # noqa: PLC0415 (takes a fifth of a second, and few collections are that large)

    with (
        tempfile.TemporaryDirectory(prefix="dedupe-") as folder,
        duckdb.connect(config={"memory_limit": f"{memory}B", "temp_directory": folder, "threads": 1}) as base,
    ):
        _write_keys(base, signatures, 0, signatures.shape[1])
        base.execute(
            "CREATE TABLE pairs AS SELECT head, row FROM keys "
            "JOIN (SELECT key, min(row) AS head FROM keys GROUP BY key HAVING count(*) > 1) USING (key) WHERE head < row"
        )
        base.execute("CREATE TABLE equal AS SELECT row FROM pairs")
        for band in range(bands):
            _write_keys(base, signatures, band * width, (band + 1) * width)
            base.execute("DELETE FROM keys WHERE row IN (FROM equal)")
            base.execute(
                "CREATE OR REPLACE TEMP TABLE shared AS "
                "FROM keys SEMI JOIN (SELECT key FROM keys GROUP BY key HAVING count(*) > 1) USING (key)"
            )
            base.execute(
                "INSERT INTO pairs SELECT head, row FROM shared "
                "JOIN (SELECT key, unnest(min(row, ?)) AS head FROM shared GROUP BY key) USING (key) WHERE head < row",
                [CROWD],
            )
        columns = base.execute("SELECT DISTINCT head, row FROM pairs ORDER BY ALL").fetchnumpy()
        return np.stack((columns["head"], columns["row"]), axis=1)


def _write_keys(base: Any, signatures: NDArray[np.uint32], begin: int, end: int) -> None:
    """Make a table of the rows of signatures that are not EMPTY, each with the key of its values from `begin` to `end`."""
    base.execute("CREATE OR REPLACE TABLE keys (key UBIGINT, row BIGINT)")
    for start, part in _parts(signatures):
        filled = np.flatnonzero(have_shingles(part))
        batch = {"key": _hash_rows(part[filled, begin:end]), "row": filled + start}  # noqa: F841 (DuckDB looks it up by its name)
        base.execute("INSERT INTO keys FROM batch")


def _hash_rows(values: NDArray[np.uint32]) -> NDArray[np.uint64]:
    """Return one number for each row, equal for equal rows; others meet once in 2**64, and are one candidate more."""
    keys = np.zeros(len(values), np.uint64)
    for column in values.T:
        keys = (keys ^ column) * np.uint64(0x9E3779B97F4A7C15)
        keys ^= keys >> np.uint64(32)
    return keys


def _join(keys: NDArray[np.uint64], rows: Integers, size: int) -> Integers:
    """Return the numbers of the pairs of rows whose keys are equal, each row with the first CROWD before it at most."""
    shared = _find_shared(keys)
    order = shared[np.argsort(keys[shared], kind="stable")]
    keys, rows = keys[order], rows[order]
    heads = np.searchsorted(keys, keys)
    counts = np.minimum(np.arange(len(keys)) - heads, CROWD)
    nth = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
    return _number(rows[np.repeat(heads, counts) + nth], np.repeat(rows, counts), size)


def _find_shared(keys: NDArray[np.uint64]) -> Integers:
    """Return the places of keys that stand more than once: most stand alone, and are not worth a sort that keeps places."""
    ordered = np.sort(keys)
    shared = ordered[1:][ordered[1:] == ordered[:-1]]
    found = [np.empty(0, np.int64)]
    for start in range(0, len(keys) if len(shared) else 0, _CHUNK):
        part = keys[start : start + _CHUNK]
        same = shared[np.minimum(np.searchsorted(shared, part), len(shared) - 1)] == part
        found.append(np.flatnonzero(same) + start)
    return np.concatenate(found)


def _merge(some: Integers, others: Integers) -> Integers:
    """Return the numbers of two lists, the first of them sorted, as one sorted list without doubles."""
    # Not union1d: it hashes, and takes minutes for millions of numbers as regular as these.
    both = np.concatenate((some, np.sort(others)))
    both.sort(kind="stable")  # of two sorted runs this is a merge
    return both[np.diff(both, prepend=-1) > 0]


def _number(former: Integers, latter: Integers, size: int) -> Integers:
    """Return one integer for each pair, which sorts as the pair does."""
    return former * size + latter
