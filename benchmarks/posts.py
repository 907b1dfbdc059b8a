"""Make a corpus of any size from the sample posts: `python benchmarks/posts.py FOLDER MEGABYTES`.

Each paragraph of a sample serves many times, each time with other letters (kanji for kanji, vowels for vowels, digits for
digits), so that posts have the lengths, signs and little words of real text and yet no two say the same. Half of the posts are
then damaged as a text generator damages them. The same size gives the same bytes on every machine.
"""

from __future__ import annotations

import random
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path

import frontmatter

ROOT = Path(__file__).resolve().parents[1]
SAMPLES = (
    "_posts/2025-03-01-echo-with-marker.md",
    "_posts/2025-03-08-restarted-draft.md",
    "_posts/2025-03-29-echo-chinese.md",
    "_posts/2025-04-05-assistant-preamble-korean.md",
    "_posts/2025-04-19-broken-sentence-bom.md",
    "content/posts/2025-03-15-rerun-twice.md",
    "content/posts/2025-03-22-whole-body-twice.md",
    "content/posts/2025-04-26-flattened-echo-german.md",
    "docs/boat-hire-terms.md",
    "docs/tide-gauge-handbook.md",
)
"""Named one by one, so that a new sample post changes no measurement."""
DAMAGED = 0.5
TYPICAL, SPREAD, LONGEST = 8_000, 0.8, 60_000
"""Characters of a post: the median, the sigma of the logarithm, and the most."""
_FLATTENED = 600
"""A paragraph of more characters is an echo on one line; the damage is done here instead."""
_RANGES = tuple(range(ord(first), ord(last) + 1) for first, last in ("一龠", "가힣", "ァヴ"))
_LETTERS = ("0123456789", "aeiou", "AEIOU", "bcdfghjklmnpqrstvwxyz", "BCDFGHJKLMNPQRSTVWXYZ")

Paragraphs = list[str]


def write_posts(folder: Path, megabytes: float) -> None:
    """Write posts of so many million bytes together, or a little more, into `folder`; a larger corpus begins with the smaller."""
    rng, left, number = random.Random(0), megabytes * 1e6, 0
    while left > 0 or not number:
        content = make_post(rng, number).encode()
        place = folder / f"{number // 500:02}"
        place.mkdir(parents=True, exist_ok=True)
        (place / f"{number:05}.md").write_bytes(content)
        left -= len(content)
        number += 1


def make_post(rng: random.Random, number: int) -> str:
    paragraphs = read_samples()[number % len(SAMPLES)]
    wanted = min(LONGEST, rng.lognormvariate(0, SPREAD) * TYPICAL)
    body: Paragraphs = []
    while sum(map(len, body)) < wanted:
        body += [vary(paragraph, rng) for paragraph in rng.sample(paragraphs, len(paragraphs))]
    if rng.random() < DAMAGED:
        body = rng.choice(DAMAGES)(body, rng)
    text = "\n\n".join([f"---\ntitle: Post {number}\ndate: 2025-01-01\n---", *body]) + "\n"
    return text.replace("\n", "\r\n") if number % 20 == 0 else text


@cache
def read_samples() -> list[Paragraphs]:
    texts = [frontmatter.loads((ROOT / "corpus" / name).read_text("utf-8-sig")).content for name in SAMPLES]
    return [
        [paragraph for paragraph in dict.fromkeys(text.split("\n\n")) if 3 < len(paragraph.strip()) <= _FLATTENED]
        for text in texts
    ]


def vary(paragraph: str, rng: random.Random) -> str:
    """Put other letters of their alphabet for all letters: those of small alphabets shuffled, of large ones moved on."""
    table = {ord(old): new for letters in _LETTERS for old, new in zip(letters, rng.sample(letters, len(letters)), strict=True)}
    shift = rng.randrange(1, 1 << 30)
    for code in map(ord, set(paragraph)):
        for letters in _RANGES:
            if code in letters:
                table[code] = chr(letters[(code - letters.start + shift) % len(letters)])
    return paragraph.translate(table)


def _echo(body: Paragraphs, rng: random.Random) -> Paragraphs:
    flat = " ".join("\n\n".join(body).split())
    return [*body, "【既存の記事の最後の部分】", flat[: rng.randrange(len(flat) // 2, len(flat))], *body[-2:], "---END---"]


def _restart(body: Paragraphs, rng: random.Random) -> Paragraphs:
    at = rng.randrange(len(body) // 2, len(body))
    return [*body[:at], body[at][: len(body[at]) // 2], "", *body[max(0, at - 2) :]]


def _again(body: Paragraphs, rng: random.Random) -> Paragraphs:
    tail = body[-rng.randrange(2, 6) :]
    return [*body, "---END---", *tail * rng.randrange(1, 4), "---END---"]


def _twice(body: Paragraphs, _: random.Random) -> Paragraphs:
    return [*body, "---", *body]


DAMAGES: tuple[Callable[[Paragraphs, random.Random], Paragraphs], ...] = (_echo, _restart, _again, _twice)

if __name__ == "__main__":
    write_posts(Path(sys.argv[1]), float(sys.argv[2]))
