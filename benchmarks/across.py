"""Measure the search for near copies among many paragraphs: from a Parquet file to groups, each of them compared.

    python benchmarks/across.py [PARAGRAPHS ...]

Makes 10,000, 100,000 and 1,000,000 paragraphs of 200 characters (or as many as it is told) of which 5 % are near copies of
others, writes them to Parquet, and groups them in a process of its own: the file is read as a stream, sketched, joined, and
read once more for the texts that may be alike. Prints CPU seconds of all threads beside those of `sha256sum` on the same file,
as seconds of different machines do not compare; peak memory; how many planted pairs were found, by how much of their shingles
they share; how many of the found ones are right; and the exponent with which the CPU seconds grow. At last, a hundred thousand
copies of one paragraph, and as many near copies.
"""

from __future__ import annotations

import json
import math
import os
import random
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import duckdb
import numpy as np
from numpy.typing import NDArray
from rapidfuzz.distance import Indel

from dedupe.alike import SIMILAR, find_pairs, gather, sketch_passages
from dedupe.sketch import SHINGLE

SIZES = (10_000, 100_000, 1_000_000)
WORDS, LETTERS, VOCABULARY = 50, 4, 20_000
PLANTED = 0.05
STREAM = 1 << 13
CROWD = 100_000


@dataclass(frozen=True, slots=True)
class Cost:
    """CPU seconds of a process and its threads, and its peak memory in MB."""

    cpu: float
    peak: float


def measure(command: list[str]) -> Cost:
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    _, status, used = os.wait4(process.pid, 0)
    if status:
        raise SystemExit(f"{command} failed")
    return Cost(used.ru_utime + used.ru_stime, used.ru_maxrss / 1024)


def shingles(text: str) -> set[str]:
    return {text[at : at + SHINGLE] for at in range(len(text) - SHINGLE + 1)}


def edit(rng: random.Random, text: str, other: str) -> str:
    """Return a near copy: with slips of the typist, cut, with something added, or with a part of it written anew."""
    kind, at = rng.randrange(4), rng.randrange(len(text))
    if kind == 0:
        chars = list(text)
        for place in rng.sample(range(len(text)), rng.randint(1, len(text) // 10)):
            chars[place] = rng.choice(["", chars[place] * 2, rng.choice(other)])
        return "".join(chars)
    if kind == 1:
        return text[: -rng.randint(1, len(text) * 3 // 10)]
    if kind == 2:
        return text[:at] + other[: rng.randint(1, len(text) * 4 // 10)] + text[at:]
    length = rng.randint(1, len(text) // 6)
    return text[:at] + other[:length] + text[at + length :]


class Paragraphs:
    """Paragraphs of words that are as unequally frequent as those of a language; the same for the same number of them."""

    def __init__(self, size: int) -> None:
        draw = np.random.default_rng(size)
        self.letters = draw.integers(0x3041, 0x9000, (VOCABULARY, LETTERS), np.uint32)
        weights = np.cumsum(1 / np.arange(1, VOCABULARY + 1))
        parts = [
            np.searchsorted(weights, draw.random((min(STREAM, size - at), WORDS)) * weights[-1]) for at in range(0, size, STREAM)
        ]
        self.words = np.concatenate([part.astype(np.uint16) for part in parts])
        rng = random.Random(size)
        copies = sorted(rng.sample(range(size), int(size * PLANTED)))
        taken = {*copies}
        free = [row for row in range(size) if row not in taken]
        self.copies: dict[int, str] = {}
        self.origins: dict[int, int] = {}
        for row in copies:
            origin = rng.choice(free)
            text, other, copy = self.text(origin), self.text(row), ""
            while Indel.normalized_similarity(text, copy) < SIMILAR:
                copy = edit(rng, text, other)
            self.origins[row], self.copies[row] = origin, copy

    def text(self, row: int) -> str:
        return self.copies.get(row) or self.letters[self.words[row]].astype("<u4").tobytes().decode("utf-32-le")

    def write(self, file: Path) -> None:
        with duckdb.connect(config={"threads": 1}) as base:
            base.execute("CREATE TABLE rows (id BIGINT, text VARCHAR)")
            for at in range(0, len(self.words), STREAM):
                rows = range(at, min(at + STREAM, len(self.words)))
                texts = np.array([self.text(row) for row in rows], object)
                batch = {"id": np.array(rows), "text": texts}  # noqa: F841 (DuckDB looks it up by its name)
                base.execute("INSERT INTO rows FROM batch")
            base.execute(f"COPY rows TO '{file}' (FORMAT parquet)")


def read(file: str) -> Iterator[str]:
    with duckdb.connect(config={"memory_limit": "256MB", "threads": 1}) as base:
        rows = base.execute("SELECT text FROM read_parquet(?)", [file])
        while batch := rows.fetchmany(STREAM):
            for (text,) in batch:
                yield text


def read_some(file: str, places: NDArray[np.int64]) -> dict[int, str]:
    with duckdb.connect(config={"memory_limit": "256MB", "threads": 1}) as base:
        wanted = {"place": places}  # noqa: F841 (DuckDB looks it up by its name)
        rows = base.execute(
            "SELECT file_row_number, text FROM read_parquet(?, file_row_number=true) "
            "WHERE file_row_number IN (SELECT place FROM wanted)",
            [file],
        )
        return dict(rows.fetchall())


def group(file: str, output: str) -> None:
    """What is measured: the stars of the paragraphs in a file."""
    sketches = sketch_passages(read(file))
    pairs = find_pairs(sketches)
    texts = read_some(file, np.flatnonzero(np.bincount(pairs.ravel(), minlength=len(sketches))))
    stars = gather(texts, sketches, pairs)
    Path(output).write_text(json.dumps([[star.keeper, star.others] for star in stars]))


def judge(paragraphs: Paragraphs, output: Path) -> str:
    star_of: dict[int, int] = {}
    right, count = 0, 0
    for keeper, others in json.loads(output.read_text()):
        star_of |= dict.fromkeys([keeper, *(row for row, _ in others)], keeper)
        for row, similarity in others:
            planted = paragraphs.origins.get(row, row) == paragraphs.origins.get(keeper, keeper)
            right += (
                planted and Indel.normalized_similarity(paragraphs.text(keeper), paragraphs.text(row)) == similarity >= SIMILAR
            )
            count += 1
    found: dict[float, list[bool]] = {0.8: [], 0.6: [], 0: []}
    for row, origin in paragraphs.origins.items():
        one, other = shingles(paragraphs.text(row)), shingles(paragraphs.text(origin))
        least = next(least for least in found if len(one & other) >= least * len(one | other))
        found[least].append(star_of.get(row, -1) == star_of.get(origin, -2))
    every = [hit for hits in found.values() for hit in hits]
    parts = [f"{np.mean(hits):.2%} of the {len(hits):,} that share {least:.0%} or more" for least, hits in found.items() if hits]
    return (
        f"recall {np.mean(every):.2%} of {len(every):,} planted pairs\n  ({'; '.join(parts)} of their shingles)\n"
        f"  precision {right / max(count, 1):.2%} of {count:,}"
    )


def report(size: int, folder: Path) -> Cost:
    """Measure one size. The paragraphs are made by another process, as a child's peak memory is never below its parent's."""
    file, output = folder / f"{size}.parquet", folder / f"{size}.json"
    measure([sys.executable, __file__, "--write", str(size), str(file)])
    reference = measure(["sha256sum", str(file)])
    cost = measure([sys.executable, __file__, "--group", str(file), str(output)])
    print(
        f"{size:,} paragraphs, {file.stat().st_size / 1e6:.0f} MB: {cost.cpu:.1f} CPU s, "
        f"{cost.cpu / reference.cpu:.0f} times sha256sum, peak {cost.peak:.0f} MB",
        flush=True,
    )
    return cost


def crowd(name: str, texts: list[str], folder: Path) -> None:
    file, output = folder / "crowd.parquet", folder / "crowd.json"
    with duckdb.connect() as base:
        batch = {"text": np.array(texts, object)}  # noqa: F841 (DuckDB looks it up by its name)
        base.execute(f"COPY (FROM batch) TO '{file}' (FORMAT parquet)")
    cost = measure([sys.executable, __file__, "--group", str(file), str(output)])
    largest = max(1 + len(others) for _, others in json.loads(output.read_text()))
    print(f"{len(texts):,} {name} of one paragraph: {cost.cpu:.1f} CPU s, {largest:,} in one group", flush=True)


def main(sizes: Sequence[int]) -> None:
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        costs = [report(size, folder) for size in sizes]
        for (small, before), (large, after) in pairwise(zip(sizes, costs, strict=True)):
            exponent = math.log(after.cpu / before.cpu) / math.log(large / small)
            print(f"from {small:,} to {large:,} paragraphs CPU grows with exponent {exponent:.2f}")
        for size in sizes:
            print(f"{size:,} paragraphs: {judge(Paragraphs(size), folder / f'{size}.json')}", flush=True)
        text = Paragraphs(10).text(0)
        crowd("copies", [text] * CROWD, folder)
        crowd("near copies", [f"{text[:90]}{number:06}{text[90:]}" for number in range(CROWD)], folder)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--group"]:
        group(*sys.argv[2:])
    elif sys.argv[1:2] == ["--write"]:
        Paragraphs(int(sys.argv[2])).write(Path(sys.argv[3]))
    else:
        main([int(each) for each in sys.argv[1:]] or SIZES)
