"""Let one process at a time do something, and say who does."""

from __future__ import annotations

import fcntl
import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from dedupe.errors import LockError

_STEP = 0.05


@contextmanager
def hold(file: Path, what: str, *, wait: float = 0.0) -> Iterator[None]:
    """Hold the lock `file` while the block runs; it is made where it is missing, and stays.

    Waits up to `wait` seconds; then raises LockError, which names the process that holds it and what that does. The system
    gives the lock back when the process ends, however it ends. Raises OSError where the file cannot be opened.
    """
    handle = os.open(file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        _acquire(handle, file, time.monotonic() + wait)
        _write(handle, json.dumps({"pid": os.getpid(), "what": what, "since": time.strftime("%H:%M:%S UTC", time.gmtime())}))
        yield
        _write(handle, "")
    finally:
        os.close(handle)


def _acquire(handle: int, file: Path, until: float) -> None:
    while True:
        try:
            # A record lock, for a forked worker does not inherit it: one that outlives its parent holds nothing.
            fcntl.lockf(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except (BlockingIOError, PermissionError):
            if time.monotonic() >= until:
                raise LockError("{file}: held by {value}", file=file, value=describe_holder(file)) from None
            time.sleep(_STEP)
        else:
            return


def _write(handle: int, text: str) -> None:
    os.ftruncate(handle, 0)
    os.pwrite(handle, text.encode(), 0)


def describe_holder(file: Path) -> str:
    """Say who holds the lock `file`, or held it last and did not come to its end."""
    try:
        holder = json.loads(file.read_text("utf-8"))
        return f"`{holder['what']}` (process {holder['pid']}, since {holder['since']})"
    except (OSError, ValueError, KeyError, TypeError):
        return "another process"
