"""The posts of a collection as they are compared: in one order whatever order they came in, their texts read when needed."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dedupe.address import Site
from dedupe.alike import VALUES, Known
from dedupe.facts import differing_facts
from dedupe.model import Span
from dedupe.traits import Traits, read_sketches

Read = Callable[[str], str]
"""Returns the text of a post by its name."""


@dataclass(frozen=True, slots=True)
class Member:
    """A post as it is compared: its name, its traits, the addresses it is published at, and the site they are of.

    `addresses` are in the form in which they are compared; `address` is its own as its generator writes it. `values` are those
    of its front matter together with what its site gives to posts like it.
    """

    name: str
    traits: Traits
    addresses: tuple[str, ...] = ()
    root: str = ""
    site: Site = field(default_factory=Site)
    address: str | None = None
    values: Mapping[str, Any] = field(default_factory=dict)

    @property
    def age(self) -> tuple[str, str]:
        """What posts are put in order by: of two that say the same the older one stays."""
        day = re.search(r"\d{4}-\d\d-\d\d", f"{self.traits.values.get('date', '')} {self.name}")
        return day[0] if day else "9999", self.name


@dataclass(slots=True)
class Memory:
    """What earlier comparisons gave, by the names of two texts, the lesser first: similarities, and what they state otherwise."""

    similarities: Known = field(default_factory=dict)
    facts: dict[tuple[int, int], str] = field(default_factory=dict)

    def forget(self, traits: Iterable[Traits]) -> None:
        """Let go of what is about texts that none of `traits` has."""
        halves = np.concatenate([np.empty((0, 2), np.uint32), *(read_sketches(each)[:, VALUES:] for each in traits)])
        names = {*(halves[:, 0] | halves[:, 1].astype(np.uint64) << np.uint64(32)).tolist()}
        self.similarities = {pair: value for pair, value in self.similarities.items() if names.issuperset(pair)}
        self.facts = {pair: value for pair, value in self.facts.items() if names.issuperset(pair)}


@dataclass(frozen=True, slots=True)
class Collection:
    """All posts in their order, how their texts are read, and what is known of them."""

    members: tuple[Member, ...]
    read: Read
    memory: Memory

    def text(self, place: int, span: Span) -> str:
        return self.read(self.members[place].name)[span.start : span.end]

    def body(self, place: int) -> Span:
        text = self.read(self.members[place].name)
        body = text[self.members[place].traits.body :]
        return Span(len(text) - len(body.lstrip()), len(text.rstrip()))

    def differ(self, one: NDArray[np.uint32], other: NDArray[np.uint32], texts: Mapping[int, str], rows: tuple[int, int]) -> str:
        """Return in words what two texts state otherwise, known by their sketches `one` and `other`."""
        names = sorted(int(each[VALUES]) | int(each[VALUES + 1]) << 32 for each in (one, other))
        key = names[0], names[1]
        if key not in self.memory.facts:
            self.memory.facts[key] = "; ".join(differing_facts(texts[rows[0]], texts[rows[1]]))
        return self.memory.facts[key]


class Texts(Mapping[int, str]):
    """Texts by their rows, read when they are asked for."""

    def __init__(self, size: int, read: Callable[[int], str]) -> None:
        self._size, self._read = size, read

    def __getitem__(self, row: int) -> str:
        return self._read(row)

    def __len__(self) -> int:
        return self._size

    def __iter__(self) -> Iterator[int]:
        return iter(range(self._size))


def collect(members: Iterable[Member], read: Read, memory: Memory | None = None) -> Collection:
    """Return the collection of `members`; comparisons are looked up in `memory`, and added to it."""
    return Collection(tuple(sorted(members, key=lambda member: member.age)), read, memory or Memory())
