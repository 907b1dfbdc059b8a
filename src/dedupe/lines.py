"""Posts that are lines of JSON, plain or compressed, read and written as streams; of a repaired line only the text changes."""

from __future__ import annotations

import gzip
import io
import json
import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import IO, Any

from dedupe.errors import InputError
from dedupe.records import Columns, Record, make_record, place_of, unfinished

_BLANK = re.compile(r"[ \t\r\n]*")


def read_lines(file: Path, columns: Columns) -> Iterator[Record]:
    """Yield the rows of a file of JSON Lines; raises InputError for one that cannot be read to its end."""
    for number, line in enumerate(_split(file), 1):
        yield _read_line(file, number, line, columns) if line.strip() else Record(number, None, None, line)


@contextmanager
def copy_lines(output: Path, columns: Columns) -> Iterator[Callable[[Record, str | None], None]]:
    """Yield what writes a row into a copy, with its text replaced unless that is None."""
    with unfinished(output) as path, _open(path, "wb", output.name) as stream:

        def write(record: Record, text: str | None) -> None:
            line: bytes = record.raw
            stream.write(line if text is None else _replace_text(line.decode("utf-8"), columns.text, text).encode("utf-8"))

        yield write


def _split(file: Path) -> Iterator[bytes]:
    number = 0
    try:
        with _open(file, "rb") as stream:
            for line in stream:
                yield line
                number += 1
    except Exception as error:  # each way to compress has its own errors
        raise InputError(
            "{file}: cannot be read after row {number} ({error}); nothing was written", file=file, number=number, error=error
        ) from error


def _read_line(file: Path, number: int, line: bytes, columns: Columns) -> Record:
    place = place_of(file, number)
    try:
        value = json.loads(line.decode("utf-8-sig" if number == 1 else "utf-8"))
    except (ValueError, RecursionError) as error:
        return Record(number, None, None, line, f"{place}: is not JSON ({error})")
    for column in filter(None, (columns.text, columns.id)):
        if not isinstance(value, dict) or column not in value:
            return Record(number, None, None, line, f"{place}: has no {column!r}")
    return make_record(file, number, value[columns.id] if columns.id else None, value[columns.text], line)


def _replace_text(line: str, column: str, text: str) -> str:
    """Return a line of JSON with the text of `column` (the last one of that name counts) replaced, and nothing else changed."""
    decoder = json.JSONDecoder()
    at, found = line.index("{") + 1, (0, 0)
    while True:
        at = _skip(line, at)
        key, at = decoder.raw_decode(line, at)
        start = _skip(line, _skip(line, at) + 1)
        _, at = decoder.raw_decode(line, start)
        if key == column:
            found = start, at
        at = _skip(line, at)
        if line[at] == "}":
            break
        at += 1
    old = line[found[0] : found[1]]
    return line[: found[0]] + json.dumps(text, ensure_ascii=old.isascii()) + line[found[1] :]


def _skip(line: str, at: int) -> int:
    blank = _BLANK.match(line, at)
    return blank.end() if blank else at


@contextmanager
def _open(path: Path, mode: str, name: str | None = None) -> Iterator[IO[bytes]]:
    """Open a stream of lines, compressed as the name says; the same bytes at any time of day."""
    name = (name or path.name).lower()
    with ExitStack() as stack:
        stream: Any = stack.enter_context(path.open(mode))
        if name.endswith(".gz"):
            stream = stack.enter_context(gzip.GzipFile("", mode, fileobj=stream, mtime=0))
        elif name.endswith(".zst"):
            import zstandard  # noqa: PLC0415 (few tables need it)

            reads = mode == "rb"
            stream = io.BufferedReader(_Frames(stream)) if reads else zstandard.ZstdCompressor().stream_writer(stream)
            stack.enter_context(stream)
        yield stream


class _Frames(io.RawIOBase):
    """Zstandard frames one after the other; unlike the library's reader it does not take a torn file for a short one."""

    def __init__(self, stream: IO[bytes]) -> None:
        import zstandard  # noqa: PLC0415

        self._stream, self._begin = stream, zstandard.ZstdDecompressor().decompressobj
        self._frame = self._begin()
        self._fed = False
        self._ready = b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        while not self._ready:
            rest = self._frame.unused_data if self._frame.eof else b""
            if self._frame.eof:
                self._frame, self._fed = self._begin(), False
            piece = rest or self._stream.read(1 << 16)
            if not piece:
                if self._fed:
                    raise EOFError("the file ends in the midst of a Zstandard frame")
                return 0
            self._fed = True
            self._ready = self._frame.decompress(piece)
        count = min(len(buffer), len(self._ready))
        buffer[:count], self._ready = self._ready[:count], self._ready[count:]
        return count
