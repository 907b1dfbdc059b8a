"""Measure `dedupe.sketch` against plain datasketch: the same paragraphs, the same number of values.

    python benchmarks/sketch.py

Prints ratios, each the median of rounds in which both took turns, since seconds of different runs do not compare.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from functools import partial

import numpy as np
from datasketch import MinHash

from dedupe.sketch import NUM_PERM, SHINGLE, sketch
from measure import median, seconds, take_turns

ROUNDS = 5
PARAGRAPHS = 5000
CHARACTERS = 200

Work = Callable[[list[str]], None]


def paragraphs() -> list[str]:
    rng = random.Random(0)
    return ["".join(map(chr, rng.choices(range(0x3041, 0x9000), k=CHARACTERS))) for _ in range(PARAGRAPHS)]


def plain(texts: list[str]) -> None:
    """Do what datasketch's guide does: a set of shingles in UTF-8, hashed by its own hash, one MinHash a text."""
    for text in texts:
        minhash = MinHash(num_perm=NUM_PERM)
        minhash.update_batch({text[at : at + SHINGLE].encode() for at in range(len(text) - SHINGLE + 1)})


def shared(texts: list[str]) -> None:
    """The same with all that datasketch can share between texts: permutations, and texts in bulk."""
    sets = [[text[at : at + SHINGLE].encode() for at in range(len(text) - SHINGLE + 1)] for text in texts]
    MinHash.bulk(sets, num_perm=NUM_PERM)


def ours(texts: list[str]) -> None:
    """From strings as well, each made an array of code points; folding is another stage."""
    sketch([np.frombuffer(text.encode("utf-32-le"), np.uint32) for text in texts])


def by_post(texts: list[str]) -> None:
    """Twenty paragraphs a call, as one post may have: what a call costs shows."""
    for at in range(0, len(texts), 20):
        ours(texts[at : at + 20])


def main() -> None:
    texts = paragraphs()
    ours(texts[:10])
    works: tuple[Work, ...] = (plain, shared, ours, by_post)
    rounds = take_turns({work: partial(seconds, partial(work, texts)) for work in works}, ROUNDS)

    def ratio(slow: Work, fast: Work) -> float:
        return median(taken[slow] / taken[fast] for taken in rounds)

    print(f"{PARAGRAPHS:,} paragraphs of {CHARACTERS} characters, {NUM_PERM} values each; medians of {ROUNDS} rounds")
    print(f"datasketch, update_batch for each / sketch of all       {ratio(plain, ours):6.1f}")
    print(f"datasketch, bulk / sketch of all                        {ratio(shared, ours):6.1f}")
    print(f"datasketch, update_batch for each / sketch of 20 each   {ratio(plain, by_post):6.1f}")


if __name__ == "__main__":
    main()
