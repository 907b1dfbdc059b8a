"""Read Markdown: the events of a CommonMark parser, and the way from its bytes to characters."""

from __future__ import annotations

from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
import pyromark
from numpy.typing import NDArray

# pyromark's front matter option stays off: it swallows body text between two rules.
_MARKDOWN = pyromark.Markdown(
    options=pyromark.Options.ENABLE_TABLES | pyromark.Options.ENABLE_FOOTNOTES | pyromark.Options.ENABLE_STRIKETHROUGH
)
_CONTINUED = -64
"""As signed numbers, the bytes of UTF-8 that continue a character are less than that."""


class Markdown(NamedTuple):
    """Events (of pyromark, text without its words) with the bytes they cover; `chars[byte]` is the character there."""

    events: list[tuple[Any, int, int]]
    chars: NDArray[np.int32]


@lru_cache(maxsize=2)
def parse(source: str) -> Markdown:
    """Return how `source` reads as Markdown (CommonMark, tables, footnotes, strikethrough).

    Lone surrogates, which Python's strings may hold and no parser takes, count as question marks. The last two texts are
    kept, for finding and proof both read a post and what becomes of it.
    """
    raw = source.encode("utf-8", "replace")
    begins = np.frombuffer(raw, np.int8) >= _CONTINUED
    chars = np.zeros(len(raw) + 1, np.int32)
    np.cumsum(begins, dtype=np.int32, out=chars[1:])
    events = [
        ("Text" if "Text" in event else event, span["start"], span["end"])
        for event, span in _MARKDOWN.events_with_range(raw.decode())
    ]
    return Markdown(events, chars)
