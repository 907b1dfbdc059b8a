"""Compare the rows of a table with each other: their texts and sketches wait on disk, the rest in memory, up to a limit."""

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
from dedupe.shelf import Shelf, open_shelf

if TYPE_CHECKING:
    from dedupe.traits import Traits

ROOM = 1 << 30
"""Bytes that holding and comparing rows may take."""
_EACH, _FOR_PASSAGES = 1700, 9
"""Bytes that a row takes, and for each byte of its passages: some 110 for a paragraph."""
_HELD = 128
"""Texts that are held while rows are compared."""


class Spool:
    """Takes in the rows of a table one by one, and then says what they have in common."""

    def __init__(self, file: IO[bytes], shelf: Shelf, room: int) -> None:
        self._file, self._shelf, self._left = file, shelf, room
        self._names: list[str] = []
        self._ends = [0]

    @property
    def is_full(self) -> bool:
        """Tell whether there were more rows than can be compared."""
        return self._left < 0

    def add(self, post: Post, traits: Traits) -> None:
        self._left -= _EACH + len(traits.passages) * _FOR_PASSAGES
        if self.is_full:
            self._shelf.clear()
            return
        # Rows may share a name; and of two that say the same the one that comes first counts as older.
        self._names.append(f"{len(self._names):012}\0{post.name}")
        self._file.write(raw := post.text.encode("utf-8"))
        self._ends.append(self._ends[-1] + len(raw))
        self._shelf.put(self._names[-1], traits)

    def compare(self, report: Report, config: Config, *, page: bool) -> Report:
        """Return the report of these rows with what was found across them; with `page` also what its page shows of that."""
        from dedupe.across import compare  # noqa: PLC0415 (brings numpy along)
        from dedupe.collection import Member  # noqa: PLC0415

        read = lru_cache(maxsize=_HELD)(self._read)
        # Without an address of its own, which only a site can give it, no row is proposed an edit.
        members = (
            Member(name, name, each, find_addresses("", each.values, Site()), values=each.values)
            for name in self._names
            for each in [self._shelf.look(name)]
        )
        comparison = compare(members, self._shelf, read)
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
    """Yield an empty spool, whose files are gone at the end."""
    with TemporaryFile(prefix="dedupe-") as file, open_shelf() as shelf:
        yield Spool(file, shelf, ROOM)
