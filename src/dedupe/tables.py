"""Posts that are rows: JSON Lines (plain, .gz, .zst) and Parquet, read and written as streams."""

from __future__ import annotations

import gzip
import io
import json
import os
import re
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from itertools import islice
from pathlib import Path
from typing import IO, Any

from dedupe.config import Config
from dedupe.errors import InputError
from dedupe.header import read_post
from dedupe.model import Finding, Post
from dedupe.report import PostReport, Report, report_post

SUFFIXES = (".jsonl", ".jsonl.gz", ".jsonl.zst", ".ndjson", ".parquet")
_BATCH = 128
"""So many rows are in memory at a time."""
_BLANK = re.compile(r"[ \t\r\n]*")


@dataclass(frozen=True, slots=True)
class Columns:
    """Which column holds the text, which one the name of a row, and whether a row that cannot be read is passed by."""

    text: str
    id: str | None = None
    keep_going: bool = False


@dataclass(frozen=True, slots=True)
class _Row:
    """A row from 1: its post (None: there is nothing to examine), its line in JSON Lines, and why it cannot be read."""

    number: int
    id: Any
    post: Post | None
    line: bytes = b""
    error: str | None = None


@dataclass(frozen=True, slots=True)
class _Done:
    row: _Row
    report: PostReport | None
    findings: tuple[Finding, ...] = ()
    repaired: str | None = None
    error: str | None = None


Mapper = Callable[[Callable[[_Row], _Done], list[_Row]], Iterable[_Done]]
"""Applies a function to rows, in their order, as `map` or over processes."""


def clean_table(file: Path, columns: Columns, config: Config, mapper: Mapper, output: Path | None = None) -> Report:
    """Examine the rows of `file`; with `output` write a repaired copy there and what went to `output`.removals.jsonl.

    Both come into being whole at the end, or not at all. A row that cannot be read stops the run (InputError names it)
    unless `columns.keep_going`; then it is named in `Report.errors` and copied as it is. A row whose text is null is copied.
    """
    if not file.name.lower().endswith(SUFFIXES):
        raise InputError(f"{file}: is no table; with --text-column name a file that ends in {', '.join(SUFFIXES)}")
    if not file.is_file():
        raise InputError(f"there is no file {str(file)!r}")
    if output is not None and output.exists() and output.samefile(file):
        raise InputError(f"--output {output} would overwrite what is read; choose another file")
    parquet = file.name.lower().endswith(".parquet")
    reports: list[PostReport] = []
    errors: list[str] = []
    with ExitStack() as stack:
        write: Callable[[_Done], None] = _ignore
        removals: IO[str] | None = None
        if output is not None:
            if output.name.lower().endswith(".parquet") is not parquet:
                raise InputError(f"--output {output}: a copy is written as the original is; end it like {file.name}")
            removals = stack.enter_context(_whole(output.with_name(f"{output.name}.removals.jsonl")))
            write = stack.enter_context(_parquet_copy(file, output, columns) if parquet else _lines_copy(output, columns))
        rows = _parquet_rows(file, columns) if parquet else _json_rows(file, columns)
        for done in _examine_rows(rows, columns, config, mapper):
            if done.error:
                errors.append(done.error)
            if done.report:
                reports.append(done.report)
            write(done)
            if removals:
                removals.writelines(_removals(done))
    return Report(tuple(reports), tuple(errors), unsafe_fixes=config.unsafe_fixes, near=config.near)


def _examine_row(row: _Row, config: Config) -> _Done:
    """Examine one row; for workers."""
    from dedupe.pipeline import examine  # noqa: PLC0415 (brings numpy along)

    if row.post is None:
        return _Done(row, None, error=row.error)
    try:
        outcome = examine(row.post, config)
    except Exception as error:  # noqa: BLE001 (a defect met in one row must not keep the others from being examined)
        defect = f"{type(error).__name__}: {error}"
        return _Done(row, None, error=f"{row.post.name}: a defect of dedupe ({defect}); left as it was, please report it")
    unproved = f"{row.post.name}: {outcome.proof_error}; left as it was" if outcome.proof_error else None
    report = report_post(outcome)
    if not outcome.changed:
        return _Done(row, report, error=unproved)
    return _Done(row, report, outcome.findings, outcome.repaired, unproved)


def _examine_rows(rows: Iterator[_Row], columns: Columns, config: Config, mapper: Mapper) -> Iterator[_Done]:
    while batch := list(islice(rows, _BATCH)):
        bad = next((row.error for row in batch if row.error), None)
        if bad and not columns.keep_going:
            raise InputError(f"{bad}; nothing was written, `--keep-going` passes such rows by")
        yield from mapper(partial(_examine_row, config=config), batch)


def _row(file: Path, number: int, key: Any, text: Any, line: bytes = b"") -> _Row:
    """Return a row as read, its text checked; it is called by its id, or its number."""
    place = f"{file.as_posix()}: row {number}"
    name = f"{file.as_posix()}:{number}" if key is None else f"{file.as_posix()}#{key}"
    if text is None:
        return _Row(number, key, None, line)
    if not isinstance(text, str):
        return _Row(number, key, None, line, f"{place}: the text is no text but {type(text).__name__}")
    if any("\ud800" <= sign <= "\udfff" for sign in text):
        return _Row(number, key, None, line, f"{place}: the text holds half of a surrogate pair, which is no character")
    return _Row(number, key, read_post(name, text), line)


def _json_rows(file: Path, columns: Columns) -> Iterator[_Row]:
    with _open(file, "rb") as stream:
        number = 0
        while True:
            number += 1
            try:
                line = stream.readline()
            except Exception as error:  # each way to compress has its own errors
                raise InputError(f"{file}: damaged after row {number - 1} ({error}); nothing was written") from error
            if not line:
                return
            yield _json_row(file, number, line, columns) if line.strip() else _Row(number, None, None, line)


def _json_row(file: Path, number: int, line: bytes, columns: Columns) -> _Row:
    place = f"{file.as_posix()}: row {number}"
    try:
        value = json.loads(line.decode("utf-8-sig" if number == 1 else "utf-8"))
    except (ValueError, RecursionError) as error:
        return _Row(number, None, None, line, f"{place}: is not JSON ({error})")
    if not isinstance(value, dict) or columns.text not in value:
        return _Row(number, None, None, line, f"{place}: has no {columns.text!r}")
    if columns.id is not None and columns.id not in value:
        return _Row(number, None, None, line, f"{place}: has no {columns.id!r}")
    return _row(file, number, value[columns.id] if columns.id else None, value[columns.text], line)


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


def _removals(done: _Done) -> Iterator[str]:
    """Yield a line for each span that went: where, what, and what stays for it (characters of the row's text, half-open)."""
    if done.repaired is None or done.row.post is None:
        return
    text = done.row.post.text
    for finding in done.findings:
        stays = finding.witness
        for start, end in (edit.span for edit in finding.edits if edit.span.end > edit.span.start):
            gone = {
                "id": done.row.id,
                "row": done.row.number,
                "code": finding.code,
                "span": [start, end],
                "text": text[start:end],
                "witness": {"span": list(stays), "text": text[stays.start : stays.end]} if stays else None,
            }
            yield json.dumps(gone, ensure_ascii=False, default=str) + "\n"


def _ignore(_: _Done) -> None:
    """Write nothing."""


@contextmanager
def _lines_copy(output: Path, columns: Columns) -> Iterator[Callable[[_Done], None]]:
    with _unfinished(output) as path, _open(path, "wb", output.name) as stream:

        def write(done: _Done) -> None:
            line = done.row.line
            if done.repaired is not None:
                line = _replace_text(line.decode("utf-8"), columns.text, done.repaired).encode("utf-8")
            stream.write(line)

        yield write


@contextmanager
def _unfinished(output: Path) -> Iterator[Path]:
    """Yield a path beside `output` that takes its place when all went well, and is gone otherwise."""
    output.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=f".{output.name}.", dir=output.parent)
    os.close(handle)
    path = Path(name)
    try:
        yield path
        with path.open("rb") as written:
            os.fsync(written.fileno())
        path.chmod(0o644)
        path.replace(output)
    finally:
        path.unlink(missing_ok=True)


@contextmanager
def _whole(output: Path) -> Iterator[IO[str]]:
    with _unfinished(output) as path, path.open("w", encoding="utf-8", newline="\n") as stream:
        yield stream


def _parquet_rows(file: Path, columns: Columns) -> Iterator[_Row]:
    with _database() as base:
        try:
            names = [name for name, *_ in base.execute("DESCRIBE SELECT * FROM read_parquet(?)", [str(file)]).fetchall()]
            for column in filter(None, (columns.text, columns.id)):
                if column not in names:
                    raise InputError(f"{file}: has no column {column!r}; there are {', '.join(names)}")
            key = _quoted(columns.id) if columns.id else "NULL"
            rows = base.execute(f"SELECT {key}, {_quoted(columns.text)} FROM read_parquet(?)", [str(file)])  # noqa: S608 (quoted)
            number = 0
            while batch := rows.fetchmany(_BATCH):
                for row_key, text in batch:
                    number += 1
                    yield _row(file, number, row_key, text)
        except _duckdb().Error as error:
            raise InputError(f"{file}: cannot be read as Parquet ({str(error).splitlines()[0]}); nothing was written") from error


@contextmanager
def _parquet_copy(file: Path, output: Path, columns: Columns) -> Iterator[Callable[[_Done], None]]:
    """Collect repaired texts in a database on disk, and join them into a copy at the end."""
    with _database() as base, _unfinished(output) as path:
        base.execute("CREATE TABLE repaired (place BIGINT, words VARCHAR)")

        def write(done: _Done) -> None:
            if done.repaired is not None:
                base.execute("INSERT INTO repaired VALUES (?, ?)", [done.row.number - 1, done.repaired])

        yield write
        kind = base.execute("SELECT any_value(compression) FROM parquet_metadata(?)", [str(file)]).fetchone()
        compression = str(kind[0]).lower() if kind and kind[0] else "snappy"
        text = _quoted(columns.text)
        base.execute(
            f"COPY (SELECT original.* EXCLUDE (file_row_number) REPLACE (coalesce(repaired.words, original.{text}) AS {text}) "  # noqa: S608 (quoted)
            f"FROM read_parquet(?, file_row_number=true) original "
            f"LEFT JOIN repaired ON repaired.place = original.file_row_number ORDER BY original.file_row_number) "
            f"TO '{str(path).replace(chr(39), chr(39) * 2)}' (FORMAT parquet, COMPRESSION {compression})",
            [str(file)],
        )


@contextmanager
def _database() -> Iterator[Any]:
    """Yield a DuckDB that keeps to half a gigabyte and spills the rest to disk."""
    with tempfile.TemporaryDirectory(prefix="dedupe-") as folder:
        base = _duckdb().connect(str(Path(folder) / "rows.duckdb"), config={"memory_limit": "512MB", "threads": 1})
        try:
            yield base
        finally:
            base.close()


def _duckdb() -> Any:
    import duckdb  # noqa: PLC0415 (few posts are rows of Parquet)

    return duckdb


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


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
