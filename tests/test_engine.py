from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
from datasketch import MinHash, MinHashLSH
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from dedupe import engine
from dedupe.engine import CROWD, MEMORY, find_candidates
from dedupe.sketch import EMPTY

BANDS, WIDTH = 3, 2
ENGINES = pytest.mark.parametrize("memory", [MEMORY, 0], ids=["numpy", "DuckDB"])


FEW = [0, 1, 2, 3, int(EMPTY)]


def draw(rows: int, different: int, seed: int = 0) -> np.ndarray:
    """Signatures of so few values that many agree somewhere."""
    return np.random.default_rng(seed).integers(0, different, (rows, BANDS * WIDTH), np.uint32)


def expected(signatures: np.ndarray, crowd: int = CROWD) -> list[list[int]]:
    """What the documentation says, told row by row."""
    pairs: set[tuple[int, int]] = set()
    firsts: dict[bytes, int] = {}
    buckets: dict[tuple[int, bytes], list[int]] = {}
    for row, signature in enumerate(signatures):
        if (signature == EMPTY).all():
            continue
        first = firsts.setdefault(signature.tobytes(), row)
        if first < row:
            pairs.add((first, row))
            continue
        for band in range(BANDS):
            bucket = buckets.setdefault((band, signature[band * WIDTH : (band + 1) * WIDTH].tobytes()), [])
            pairs |= {(other, row) for other in bucket[:crowd]}
            bucket.append(row)
    return [*map(list, sorted(pairs))]


@ENGINES
@settings(deadline=None, max_examples=20)
@given(signatures=arrays(np.uint32, st.tuples(st.integers(0, 40), st.just(BANDS * WIDTH)), elements=st.sampled_from(FEW)))
def test_candidates_are_as_documented(signatures: np.ndarray, memory: int) -> None:
    assert find_candidates(signatures, BANDS, WIDTH, memory).tolist() == expected(signatures)


@ENGINES
@pytest.mark.parametrize("different", [2, 5, 40, 1000])
def test_many_candidates_are_as_documented(different: int, memory: int) -> None:
    signatures = draw(3000, different)
    pairs = find_candidates(signatures, BANDS, WIDTH, memory)
    assert pairs.tolist() == expected(signatures)
    assert pairs.dtype == np.int64


def test_signatures_come_in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "_CHUNK", 7)
    signatures = draw(100, 6)
    signatures[::9] = EMPTY
    assert find_candidates(signatures, BANDS, WIDTH, 0).tolist() == expected(signatures)


def test_little_memory_is_enough_for_many() -> None:
    """More keys than DuckDB may hold at once."""
    signatures = draw(300_000, 1 << 31)
    signatures[200_000:, WIDTH:] = signatures[100_000:200_000, WIDTH:]
    pairs = find_candidates(signatures, BANDS, WIDTH, 0)
    assert np.array_equal(pairs, find_candidates(signatures, BANDS, WIDTH))
    assert pairs.tolist() == [[row - 100_000, row] for row in range(200_000, 300_000)]


def test_duckdb_is_loaded_for_large_collections_only() -> None:
    code = "import sys, numpy; from dedupe.engine import *; find_candidates(numpy.ones((9, 4), 'u4'), 2, 2); print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True).stdout.split()
    assert "dedupe.engine" in loaded
    assert "duckdb" not in loaded


def test_neighbours_are_those_of_datasketch(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "CROWD", 10_000)
    signatures = np.unique(draw(500, 8), axis=0)
    index = MinHashLSH(num_perm=BANDS * WIDTH, params=(BANDS, WIDTH))
    neighbours = []
    for number, row in enumerate(signatures):
        minhash = MinHash(hashvalues=row, scheme="affine32")
        neighbours += [[other, number] for other in index.query(minhash)]
        index.insert(number, minhash)
    assert len(neighbours) > 1000
    assert find_candidates(signatures, BANDS, WIDTH).tolist() == sorted(neighbours)


@ENGINES
@pytest.mark.parametrize("rows", [0, 1, 3])
def test_nothing_in_nothing_out(rows: int, memory: int) -> None:
    for signatures in (np.full((rows, BANDS * WIDTH), EMPTY), draw(rows, 1 << 31)):
        pairs = find_candidates(signatures, BANDS, WIDTH, memory)
        assert pairs.shape == (0, 2)
        assert pairs.dtype == np.int64


@ENGINES
def test_equal_signatures_form_a_star(memory: int) -> None:
    signatures = np.repeat(draw(2, 1 << 31), [1, 5000], axis=0)
    assert find_candidates(signatures, BANDS, WIDTH, memory).tolist() == [[1, number] for number in range(2, 5001)]


@ENGINES
def test_a_crowd_of_different_texts_is_not_quadratic(memory: int) -> None:
    signatures = draw(20_000, 1 << 31)
    signatures[:, :WIDTH] = 7
    pairs = find_candidates(signatures, BANDS, WIDTH, memory)
    assert len(pairs) == CROWD * (20_000 - CROWD) + CROWD * (CROWD - 1) // 2
    assert set(pairs[:, 1].tolist()) == set(range(1, 20_000))  # everyone is joined to someone before
