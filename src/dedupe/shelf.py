"""Keep what counts of many posts while they are compared: what each post has many of waits on disk."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from mmap import ACCESS_READ, mmap
from tempfile import TemporaryFile
from typing import IO, TYPE_CHECKING, Any, TypeVar

import msgspec

if TYPE_CHECKING:
    # Where nothing is new nobody waits for numpy.
    import numpy as np
    from numpy.typing import NDArray

    from dedupe.traits import Traits

    _Value = TypeVar("_Value", bound=np.generic[Any])

_encode = msgspec.msgpack.encode


class Shelf:
    """Traits by keys of the caller's, put there in any order; their passages, sketches and links are in its file alone."""

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
        size = self._file.write(_encode(traits))
        self._places[key] = self._end, size
        self._end += size
        self._traits[key] = replace(traits, passages=b"", sketches=b"", links=())

    def clear(self) -> None:
        self._traits.clear()
        self._places.clear()

    def look(self, key: str) -> Traits:
        """Return traits without their passages, sketches and links."""
        return self._traits[key]

    def take(self, key: str) -> Traits:
        """Return traits as they were put there."""
        from dedupe.traits import Traits  # noqa: PLC0415

        begin, size = self._places[key]
        self._file.seek(begin)
        return msgspec.msgpack.decode(self._file.read(size), type=Traits)


@contextmanager
def open_shelf() -> Iterator[Shelf]:
    """Yield an empty shelf, whose file is gone at the end."""
    with TemporaryFile(prefix="dedupe-") as file:
        yield Shelf(file)


def line_up(parts: Iterable[NDArray[_Value]]) -> NDArray[_Value]:
    """Return the rows of all parts in their order, as a memory map of a file that nobody else sees."""
    import numpy as np  # noqa: PLC0415

    with TemporaryFile(prefix="dedupe-") as file:
        rows, width = 0, 0
        dtype: np.dtype[Any] = np.dtype(np.uint32)
        for part in parts:
            rows, width, dtype = rows + len(part), part.shape[1], part.dtype
            file.write(part.tobytes())
        file.flush()
        # An empty file has no map.
        return np.ndarray((rows, width), dtype, mmap(file.fileno(), 0, access=ACCESS_READ) if rows else b"")
