"""The posts of a collection as they are compared: in one order whatever order they came in, their texts read when needed."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from dedupe.address import Site
from dedupe.alike import Known, Sketches, name_texts
from dedupe.facts import differing_facts
from dedupe.model import Span
from dedupe.shelf import Shelf
from dedupe.traits import Traits

Read = Callable[[str], str]
"""Returns the text of a post by its name."""


@dataclass(frozen=True, slots=True)
class Member:
    """A post as it is compared: its name, those of its traits that are few, its addresses, and the site they are of.

    `key` is that of its traits on the shelf. `addresses` are in the form in which they are compared; `address` is its own as its
    generator writes it. `values` are those of its front matter together with what its site gives to posts like it.
    """

    name: str
    key: str
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
    """What earlier comparisons gave: similarities, and by the names of two texts, the lesser first, what they state otherwise."""

    similarities: Known = field(default_factory=Known)
    facts: dict[tuple[int, int], str] = field(default_factory=dict)

    def forget(self, sketches: Iterable[Sketches]) -> None:
        """Let go of what is about texts that none of `sketches` is of."""
        facts = np.array([*self.facts], np.uint64).reshape(-1, 2)
        known = np.unique(np.concatenate((self.similarities.names, facts)))
        there = np.zeros(len(known), bool)
        for each in sketches if len(known) else ():
            names = name_texts(each)
            at = np.searchsorted(known, names)
            there[at[known.take(at, mode="clip") == names]] = True
        self.similarities.keep(known[there])
        left = set(known[there].tolist())
        self.facts = {pair: value for pair, value in self.facts.items() if left.issuperset(pair)}


@dataclass(frozen=True, slots=True)
class Collection:
    """All posts in their order, how their texts are read, what is known of them, and where all of their traits are."""

    members: tuple[Member, ...]
    read: Read
    memory: Memory
    shelf: Shelf

    def traits(self, place: int) -> Traits:
        """Return the traits of a post, also those that a member is without."""
        return self.shelf.take(self.members[place].key)

    def text(self, place: int, span: Span) -> str:
        return self.read(self.members[place].name)[span.start : span.end]

    def body(self, place: int) -> Span:
        text = self.read(self.members[place].name)
        body = text[self.members[place].traits.body :]
        return Span(len(text) - len(body.lstrip()), len(text.rstrip()))

    def differ(self, one: int, other: int, texts: Texts) -> str:
        """Return in words what two of the texts state otherwise."""
        names = sorted((int(texts.names[one]), int(texts.names[other])))
        key = names[0], names[1]
        if key not in self.memory.facts:
            self.memory.facts[key] = "; ".join(differing_facts(texts[one], texts[other]))
        return self.memory.facts[key]


class Texts(Mapping[int, str]):
    """Texts by the rows of their sketches, read when they are asked for; `names` are those of `name_texts`."""

    def __init__(self, sketches: Sketches, read: Callable[[int], str]) -> None:
        self.names, self._read = name_texts(sketches), read

    def __getitem__(self, row: int) -> str:
        return self._read(row)

    def __len__(self) -> int:
        return len(self.names)

    def __iter__(self) -> Iterator[int]:
        return iter(range(len(self.names)))


def collect(members: Iterable[Member], shelf: Shelf, read: Read, memory: Memory | None = None) -> Collection:
    """Return the collection of `members`; comparisons are looked up in `memory`, and added to it."""
    return Collection(tuple(sorted(members, key=lambda member: member.age)), read, memory or Memory(), shelf)
