"""Sketch texts by MinHash: signatures whose values agree as often as the texts share shingles."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from dedupe.model import Integers

SHINGLE = 5
"""Length of a shingle, in folded characters."""
NUM_PERM = 128
"""Values of a signature. The estimate of a similarity s is off by sqrt(s * (1 - s) / NUM_PERM), some 4 % at worst."""
EMPTY = np.uint32(0xFFFFFFFF)
"""Every value of the signature of a text without shingles, as in datasketch."""

_SEED = 1  # datasketch's own, so that its sketches and ours can be compared
_CHUNK = 1 << 14  # shingles hashed at once
_CELLS = 1 << 16  # permuted hashes held at once: a quarter of a megabyte, which stays in the cache of a core
# Candidates are verified, so one too many costs a comparison, and one too few is never seen again. These weights make
# datasketch choose bands that find 99 of 100 pairs right at the threshold, where its even ones find 30 to 60.
_WEIGHTS = (0.001, 0.999)


def sketch(texts: Sequence[NDArray[np.uint32]], num_perm: int = NUM_PERM) -> NDArray[np.uint32]:
    """Return the MinHash signatures of folded texts: one row a text, `num_perm` columns.

    A text is the `codes` of a `Folded` or a slice of them. Its set is that of its SHINGLE-grams, each hashed by
    MurmurHash3_x86_32 (Appleby; seed 0) over its code points in UTF-32-LE, the same on every machine. A text shorter
    than SHINGLE has no shingles and a row of EMPTY, which is alike to nothing.

    Broder, "On the resemblance and containment of documents", 1997; values are those of datasketch's scheme `affine32`
    for the same hashes, so `MinHash(hashvalues=row, scheme="affine32")` goes on with them. Beside a copy of the texts
    and the result, memory is bounded, however long a text is. Sketch many texts in one call: a call costs about as much
    as ten paragraphs. ValueError if `num_perm` is not positive.
    """
    if num_perm < 1:
        raise ValueError(f"A signature needs at least one value, not {num_perm}.")
    signatures = np.full((len(texts), num_perm), EMPTY, np.uint32)
    counts = np.fromiter(map(len, texts), np.int64, len(texts)) - SHINGLE + 1
    rows = np.flatnonzero(counts > 0)
    if not rows.size:
        return signatures
    codes = np.concatenate([texts[row] for row in rows.tolist()])
    ends = np.cumsum(counts[rows])
    for first in range(0, int(ends[-1]), _CHUNK):
        last = min(first + _CHUNK, int(ends[-1]))
        begin, end = np.searchsorted(ends, (first, last - 1), "right").tolist()
        borders = np.concatenate(([first], ends[begin:end], [last]))
        # A text has SHINGLE - 1 more characters than shingles, so that many are skipped for each text before.
        places = np.arange(first, last) + (SHINGLE - 1) * np.repeat(np.arange(begin, end + 1), np.diff(borders))
        hashes = _hash_shingles(codes[places[0] : places[-1] + SHINGLE])[places - places[0]]
        touched = rows[begin : end + 1]
        # The first and the last text of a chunk may reach into the chunks beside it.
        signatures[touched] = np.minimum(signatures[touched], _least(hashes, borders[:-1] - first, num_perm))
    return signatures


def have_shingles(signatures: NDArray[np.uint32]) -> NDArray[np.bool_]:
    """Tell for each row whether it is the signature of a text that has shingles, that is, not all EMPTY."""
    have: NDArray[np.bool_] = signatures[:, 0] != EMPTY
    doubtful = np.flatnonzero(~have)  # next to none, so that no copy is made of millions of rows
    have[doubtful] = (signatures[doubtful] != EMPTY).any(axis=1)
    return have


@lru_cache
def choose_bands(threshold: float, num_perm: int = NUM_PERM) -> tuple[int, int]:
    """Return how many bands of how many values datasketch chooses for a threshold, with weight on missing nothing.

    Loads datasketch, and scipy with it. ValueError, from datasketch, if the threshold is not between 0 and 1 or so near 1
    that one band would do, or if there are fewer than two values.
    """
    # Imported here, as it takes half a second that only a search across posts should pay for.
    from datasketch import MinHashLSH  # type: ignore[import-untyped]  # noqa: PLC0415

    index = MinHashLSH(threshold=threshold, num_perm=num_perm, weights=_WEIGHTS)
    return index.b, index.r


def _hash_shingles(codes: NDArray[np.uint32]) -> NDArray[np.uint32]:
    """Return MurmurHash3_x86_32 of each run of SHINGLE code points, a block of the hash being just one of them."""
    blocks = _rotate(codes * np.uint32(0xCC9E2D51), 15) * np.uint32(0x1B873593)
    hashes = np.zeros(len(codes) - SHINGLE + 1, np.uint32)
    for at in range(SHINGLE):
        hashes = _rotate(hashes ^ blocks[at : at + len(hashes)], 13) * np.uint32(5) + np.uint32(0xE6546B64)
    return _finalize(hashes ^ np.uint32(4 * SHINGLE))


def _rotate(values: NDArray[np.uint32], bits: int) -> NDArray[np.uint32]:
    return (values << np.uint32(bits)) | (values >> np.uint32(32 - bits))


def _finalize(hashes: NDArray[np.uint32]) -> NDArray[np.uint32]:
    """Return the hashes after MurmurHash3's last step, in which every bit comes to bear on every other."""
    hashes = (hashes ^ (hashes >> np.uint32(16))) * np.uint32(0x85EBCA6B)
    hashes = (hashes ^ (hashes >> np.uint32(13))) * np.uint32(0xC2B2AE35)
    return hashes ^ (hashes >> np.uint32(16))


@lru_cache
def _permutations(num_perm: int) -> tuple[NDArray[np.uint32], NDArray[np.uint32]]:
    """Return the columns a (odd) and b of datasketch's permutations h -> a * h + b modulo 2**32."""
    draw = np.random.RandomState(_SEED)  # the generator datasketch draws from; numpy keeps its values frozen
    factors = draw.randint(0, 1 << 31, num_perm, np.uint32) * np.uint32(2) + np.uint32(1)
    return factors[:, None], draw.randint(0, 1 << 32, num_perm, np.uint32)[:, None]


def _least(hashes: NDArray[np.uint32], starts: Integers, num_perm: int) -> NDArray[np.uint32]:
    """Return for each text (from its start to the next) and each permutation the least permuted hash."""
    factors, terms = _permutations(num_perm)
    mixed = _finalize(hashes)  # datasketch mixes every hash once before it is permuted, whatever hash it is
    step = max(1, _CELLS // len(hashes))
    least = np.empty((num_perm, len(starts)), np.uint32)
    for at in range(0, num_perm, step):
        permuted = factors[at : at + step] * mixed
        permuted += terms[at : at + step]
        np.minimum.reduceat(permuted, starts, axis=1, out=least[at : at + step])
    return least.T
