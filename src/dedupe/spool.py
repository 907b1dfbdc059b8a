"""Compare the rows of a table with each other: their texts wait on disk, what counts of them in memory, up to a limit."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import lru_cache
from tempfile import TemporaryFile
from typing import IO, TYPE_CHECKING

from dedupe.address import Site, find_addresses
from dedupe.baseline import name_post
from dedupe.config import Config
from dedupe.model import Post
from dedupe.page import DETAILED, pack_detail, rank
from dedupe.peers import Found, add_across
from dedupe.report import PostReport, Report, report_across

if TYPE_CHECKING:
    from dedupe.traits import Traits

ROOM = 1 << 29
"""Bytes of what counts of rows that are held; to compare them takes about as much once more, and what the join takes."""
_EACH = 1500
"""Bytes that a row takes beside its sketches."""
_HELD = 1024
"""Texts that are held while rows are compared."""


class Spool:
    """Takes in the rows of a table one by one, and then says what they have in common."""

    def __init__(self, file: IO[bytes], room: int) -> None:
        self._file, self._left = file, room
        self._names: list[str] = []
        self._ends = [0]
        self._traits: list[Traits] = []

    @property
    def is_full(self) -> bool:
        """Tell whether there were more rows than can be compared."""
        return self._left < 0

    def add(self, post: Post, traits: Traits) -> None:
        self._left -= len(traits.sketches) + len(traits.passages) + _EACH
        if self.is_full:
            self._traits.clear()
            return
        # Rows may share a name; and of two that say the same the one that comes first counts as older.
        self._names.append(f"{len(self._names):012}\0{post.name}")
        self._file.write(raw := post.text.encode("utf-8"))
        self._ends.append(self._ends[-1] + len(raw))
        self._traits.append(traits)

    def compare(self, report: Report, config: Config, *, page: bool) -> Report:
        """Return the report of these rows with what was found across them; with `page` also what its page shows of that."""
        from dedupe.across import compare  # noqa: PLC0415 (brings numpy along)
        from dedupe.collection import Member  # noqa: PLC0415

        read = lru_cache(maxsize=_HELD)(self._read)
        # Without an address of its own, which only a site can give it, no row is proposed an edit.
        members = (
            Member(name, each, find_addresses("", each.values, Site()), values=each.values)
            for name, each in zip(self._names, self._traits, strict=True)
        )
        comparison = compare(members, read)
        found = Found(report_across(comparison.findings, read), dict(comparison.used))
        known = {name_post(name): config.baseline.get(name_post(_call(name)), {}) for name in found.findings}
        before = [replace(post, path=name) for name, post in zip(self._names, report.posts, strict=True)]
        posts = [_rename(post) for post in add_across(before, found, replace(config, baseline=known))]
        if page:
            for row in sorted(range(len(posts)), key=lambda row: rank(posts[row]))[:DETAILED]:
                if posts[row].findings != report.posts[row].findings:
                    posts[row] = replace(posts[row], detail=pack_detail(posts[row], read(self._names[row])))
        return replace(report, posts=tuple(posts))

    def _read(self, name: str) -> str:
        row = int(name.partition("\0")[0])
        self._file.seek(self._ends[row])
        return self._file.read(self._ends[row + 1] - self._ends[row]).decode("utf-8")


def _rename(post: PostReport) -> PostReport:
    """Return a report that calls rows as everybody does."""
    findings = tuple(
        replace(each, elsewhere=tuple(replace(other, path=_call(other.path)) for other in each.elsewhere))
        for each in post.findings
    )
    return replace(post, path=_call(post.path), findings=findings)


def _call(name: str) -> str:
    return name.partition("\0")[2]


@contextmanager
def open_spool() -> Iterator[Spool]:
    """Yield an empty spool, whose file is gone at the end."""
    with TemporaryFile(prefix="dedupe-") as file:
        yield Spool(file, ROOM)
