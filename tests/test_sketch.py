from __future__ import annotations

import random
import subprocess
import sys

import numpy as np
import pytest
from datasketch import LeanMinHash, MinHash
from hypothesis import given, settings
from hypothesis import strategies as st

from dedupe import sketch as module
from dedupe.fold import fold
from dedupe.sketch import EMPTY, NUM_PERM, SHINGLE, choose_bands, have_shingles, sketch

JAPANESE = "港は朝の六時に開き、船は一時間ごとに出ます。冬のあいだ小屋には誰もいません。カタカナ漢字𠮷😀"
ENGLISH = "the harbour opens at six and boats leave every hour; nobody lives in the hut in winter."


def codes_of(text: str) -> np.ndarray:
    return np.array([ord(char) for char in text], np.uint32)


def shingles(text: str) -> set[str]:
    return {text[at : at + SHINGLE] for at in range(len(text) - SHINGLE + 1)}


def murmur3(data: bytes) -> int:
    """MurmurHash3_x86_32, seed 0, for data of whole blocks: written out, slow and obviously right."""
    mask, value = 0xFFFFFFFF, 0
    for at in range(0, len(data), 4):
        block = int.from_bytes(data[at : at + 4], "little") * 0xCC9E2D51 & mask
        block = (block << 15 | block >> 17) * 0x1B873593 & mask
        value ^= block
        value = ((value << 13 | value >> 19) & mask) * 5 + 0xE6546B64 & mask
    value ^= len(data)
    value = (value ^ value >> 16) * 0x85EBCA6B & mask
    value = (value ^ value >> 13) * 0xC2B2AE35 & mask
    return value ^ value >> 16


def reference(text: str, num_perm: int = NUM_PERM) -> MinHash:
    minhash = MinHash(num_perm=num_perm, hashfunc=murmur3)
    minhash.update_batch([shingle.encode("utf-32-le", "surrogatepass") for shingle in shingles(text)])
    return minhash


def load(row: np.ndarray) -> MinHash:
    return MinHash(hashvalues=row, scheme="affine32")


def random_text(rng: random.Random, size: int) -> str:
    return "".join(rng.choices(rng.choice([JAPANESE, ENGLISH]), k=size))


def changed(rng: random.Random, text: str, places: int) -> str:
    chars = list(text)
    for at in rng.sample(range(len(text)), places):
        chars[at] = "変"
    return "".join(chars)


def similarity(one: set[str], other: set[str]) -> float:
    return len(one & other) / len(one | other)


def test_the_hash_is_murmur3() -> None:
    assert murmur3(b"") == 0
    assert murmur3(b"test") == 0xBA6BD213
    assert module._hash_shingles(codes_of("港は朝の六時"[:5])).tolist() == [murmur3("港は朝の六".encode("utf-32-le"))]


@pytest.mark.parametrize("num_perm", [1, 2, 16, 100, 128, 256])
def test_values_are_those_of_datasketch(num_perm: int) -> None:
    rng = random.Random(num_perm)
    texts = [random_text(rng, size) for size in (5, 6, 7, 20, 0, 200, 4, 1000, 5, 3000)]
    assert np.array_equal(sketch([*map(codes_of, texts)], num_perm), [reference(text, num_perm).hashvalues for text in texts])


@settings(deadline=None, max_examples=60)
@given(st.lists(st.text(max_size=40), max_size=6), st.integers(1, 40))
def test_values_are_those_of_datasketch_for_any_text(texts: list[str], num_perm: int) -> None:
    signatures = sketch([*map(codes_of, texts)], num_perm)
    assert signatures.shape == (len(texts), num_perm)
    for text, row in zip(texts, signatures, strict=True):
        assert np.array_equal(row, reference(text, num_perm).hashvalues)


@settings(deadline=None)
@given(st.lists(st.integers(0, 30), max_size=12), st.integers(1, 9), st.integers(1, 64))
def test_chunks_leave_no_trace(sizes: list[int], chunk: int, cells: int) -> None:
    rng = random.Random(0)
    texts = [codes_of(random_text(rng, size)) for size in sizes]
    whole = sketch(texts, 8)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "_CHUNK", chunk)
        patch.setattr(module, "_CELLS", cells)
        assert np.array_equal(sketch(texts, 8), whole)


def test_a_long_text_is_sketched_in_chunks() -> None:
    text = random_text(random.Random(0), 3 * module._CHUNK + 7)
    assert np.array_equal(sketch([codes_of(text)], 4)[0], reference(text, 4).hashvalues)


def test_a_text_has_one_signature_alone_among_others_and_as_a_slice() -> None:
    codes = fold(f"# {JAPANESE}\n\n{ENGLISH}").codes
    pieces = [codes[:20], codes[20:], codes]
    together = sketch(pieces)
    assert np.array_equal(together, [sketch([piece])[0] for piece in pieces])
    assert not np.array_equal(together[2], together[:2].min(axis=0))  # shingles across the cut count
    assert np.array_equal(sketch([fold(ENGLISH.upper()).codes]), sketch([fold(ENGLISH).codes]))


def test_the_values_never_change() -> None:
    assert sketch([codes_of(JAPANESE)], 4).tolist() == [[31223583, 26118733, 65762483, 47819147]]


def test_texts_too_short_match_nothing() -> None:
    texts = ["", "", "港", "港は朝の", "港は朝の", "港は朝の六", "港は朝の六"]
    signatures = sketch([*map(codes_of, texts)])
    assert (signatures[:5] == EMPTY).all()
    assert np.array_equal(signatures[0], MinHash().hashvalues)
    assert have_shingles(signatures).tolist() == [False] * 5 + [True] * 2


def test_nothing_in_nothing_out() -> None:
    assert sketch([]).shape == (0, NUM_PERM)


def test_what_cannot_be_asked_for() -> None:
    with pytest.raises(ValueError, match="at least one value"):
        sketch([codes_of(ENGLISH)], 0)
    for threshold in (-0.1, 1.1, 1.0):
        with pytest.raises(ValueError, match=r"threshold|bands"):
            choose_bands(threshold)


def test_the_estimate_is_near_the_truth() -> None:
    rng = random.Random(5)
    errors = []
    for places in (0, 1, 3, 6, 12, 25, 60):
        for size in (300, 800):
            one = random_text(rng, size)
            other = changed(rng, one, places)
            pair = [load(row) for row in sketch([codes_of(one), codes_of(other)], 512)]
            errors.append(pair[0].jaccard(pair[1]) - similarity(shingles(one), shingles(other)))
    assert max(map(abs, errors)) < 0.1  # over four times the standard error, 0.022
    assert abs(sum(errors) / len(errors)) < 0.02


def test_datasketch_goes_on_with_the_values() -> None:
    more = MinHash(num_perm=NUM_PERM, hashfunc=murmur3)
    more.update_batch([shingle.encode("utf-32-le") for shingle in shingles(ENGLISH)])
    row = sketch([codes_of(JAPANESE)])[0]
    joined = load(row)
    joined.merge(more)
    assert np.array_equal(joined.hashvalues, np.minimum(row, reference(ENGLISH).hashvalues))
    lean = LeanMinHash(seed=1, hashvalues=row, scheme="affine32")
    assert lean.jaccard(LeanMinHash(reference(JAPANESE))) == 1.0


def test_bands_miss_little_at_the_threshold() -> None:
    for threshold in (0.5, 0.6, 0.7, 0.8, 0.9):
        for num_perm in (64, 128, 256):
            bands, width = choose_bands(threshold, num_perm)
            assert bands * width <= num_perm
            assert 1 - (1 - threshold**width) ** bands > 0.99


def test_datasketch_is_not_loaded_before_it_is_asked() -> None:
    code = "import sys, numpy; from dedupe.sketch import sketch; sketch([numpy.arange(9, dtype='u4')]); print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True).stdout.split()
    assert "dedupe.sketch" in loaded
    assert not {"datasketch", "scipy"} & set(loaded)
