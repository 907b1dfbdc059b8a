"""Rows of tables as posts: how they are called, what makes one unreadable, and files that come into being whole."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dedupe.corpus import name_file
from dedupe.errors import WriteError
from dedupe.header import read_post
from dedupe.model import Post


@dataclass(frozen=True, slots=True)
class Columns:
    """Which column holds the text, and which one the name of a row."""

    text: str
    id: str | None = None


@dataclass(frozen=True, slots=True)
class Record:
    """A row from 1: its post (None: there is nothing to examine), and why it cannot be read.

    `raw` is what a copy is made of: a line of JSON, or a batch of Parquet and the place in it. Without it nothing is copied.
    """

    number: int
    id: Any
    post: Post | None
    raw: Any
    error: str | None = None


def make_record(file: Path, number: int, key: Any, text: Any, raw: Any) -> Record:
    """Return a row as read, its text and id checked; it is called by its id, or else by its number."""
    place = place_of(file, number)
    if isinstance(key, str) and _is_torn(key):
        return Record(number, None, None, raw, f"{place}: the id holds half of a surrogate pair, which is no character")
    if text is None:
        return Record(number, key, None, raw)
    if not isinstance(text, str):
        return Record(number, key, None, raw, f"{place}: the text is no text but {type(text).__name__}")
    if _is_torn(text):
        return Record(number, key, None, raw, f"{place}: the text holds half of a surrogate pair, which is no character")
    table = name_file(file)
    return Record(number, key, read_post(f"{table}:{number}" if key is None else f"{table}#{key}", text), raw)


def place_of(file: Path, number: int) -> str:
    """Return how messages call a row."""
    return f"{name_file(file)}: row {number}"


@contextmanager
def unfinished(output: Path) -> Iterator[Path]:
    """Yield a path beside `output` that takes its place when all went well, and is gone otherwise; raises WriteError."""
    path = output.parent / f".{output.name[:60]}.{secrets.token_hex(4)}.dedupe"
    try:
        output.parent.mkdir(parents=True, exist_ok=True)
        yield path
        with path.open("rb") as written:
            os.fsync(written.fileno())
        path.replace(output)
    except OSError as error:
        raise WriteError(
            "{output}: cannot be written ({why}); nothing was", output=output, why=error.strerror or error
        ) from error
    finally:
        path.unlink(missing_ok=True)


def _is_torn(text: str) -> bool:
    return any("\ud800" <= sign <= "\udfff" for sign in text)
