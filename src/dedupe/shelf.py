"""Keep what counts of many posts while they are compared: their sketches, which are most of it, wait on disk."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from mmap import ACCESS_READ, mmap
from tempfile import TemporaryFile
from typing import IO, TYPE_CHECKING

if TYPE_CHECKING:
    # Where nothing is new nobody waits for numpy.
    from dedupe.alike import Sketches
    from dedupe.traits import Traits


class Shelf:
    """Traits by keys of the caller's, put there in any order; all but their sketches stays in memory."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file, self._end = file, 0
        self._traits: dict[str, Traits] = {}
        self._places: dict[str, tuple[int, int]] = {}

    def __contains__(self, key: str) -> bool:
        return key in self._traits

    def put(self, key: str, traits: Traits) -> None:
        """Take in traits; of a key that is there already they are the same."""
        if key in self._traits:
            return
        self._file.seek(self._end)
        size = self._file.write(traits.sketches)
        self._places[key] = self._end, size
        self._end += size
        self._traits[key] = replace(traits, sketches=b"")

    def clear(self) -> None:
        self._traits.clear()
        self._places.clear()

    def look(self, key: str) -> Traits:
        """Return traits without their sketches."""
        return self._traits[key]

    def take(self, key: str) -> Traits:
        """Return traits as they were put there."""
        begin, size = self._places[key]
        self._file.seek(begin)
        return replace(self._traits[key], sketches=self._file.read(size))


@contextmanager
def open_shelf() -> Iterator[Shelf]:
    """Yield an empty shelf, whose file is gone at the end."""
    with TemporaryFile(prefix="dedupe-") as file:
        yield Shelf(file)


def line_up(parts: Iterable[Sketches]) -> Sketches:
    """Return the rows of all parts in their order, as a memory map of a file that nobody else sees."""
    import numpy as np  # noqa: PLC0415

    with TemporaryFile(prefix="dedupe-") as file:
        width = 0
        for part in parts:
            width = part.shape[1]
            file.write(part.tobytes())
        file.flush()
        rows = file.tell() // (4 * width) if width else 0
        # An empty file has no map.
        return np.ndarray((rows, width), np.uint32, mmap(file.fileno(), 0, access=ACCESS_READ) if rows else b"")
