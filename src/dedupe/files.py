"""Write posts so that a crash at any moment leaves each as before or as after, and give back what a run changed."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import re
import secrets
import stat
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from dedupe.errors import Sentence, UndoError, WriteError
from dedupe.language import N_

_NUMBERED = re.compile(r"(?P<moment>.*?)(?:(?<=Z)-(?P<number>[0-9]+))?", re.DOTALL)
"""The name of a run: its moment, and a number when others began in the same second."""


def digest(raw: bytes) -> str:
    """Return the name of some bytes: their SHA-256 in hexadecimal."""
    return hashlib.sha256(raw).hexdigest()


def write_atomic(path: Path, raw: bytes, expected: str | None = None) -> None:
    """Replace the file by `raw`: written beside it, flushed to disk, moved over it, mode bits kept.

    `expected` is the digest of what the file must still hold. Raises WriteError when it holds something else, has become a
    link, is read-only, or cannot be written; then the file is as it was. Where nothing is expected, what a link leads to is
    replaced.
    """
    if expected is None:
        path = path.resolve()
    # Named before it is made, so that an interrupt at any moment leaves none behind; no name may have more than 255 bytes.
    name = path.parent / f".{path.name[:50]}.{secrets.token_hex(4)}.dedupe"
    try:
        if path.is_symlink():
            raise WriteError("{path}: has become a link; left as it is", path=path)
        mode = stat.S_IMODE(path.stat().st_mode) if path.exists() else None
        if mode is not None and not os.access(path, os.W_OK):
            raise WriteError("{path}: is read-only; left as it was", path=path)
        # Never open to more than the post is, not even for a moment.
        with open(name, "xb", opener=partial(os.open, mode=0o666 if mode is None else mode)) as file:
            file.write(raw)
            file.flush()
            os.fsync(file.fileno())
        if mode is not None:
            os.chmod(name, mode)
        if expected is not None and digest(path.read_bytes()) != expected:
            raise WriteError("{path}: changed while it was being examined; left as it is, run again", path=path)
        os.replace(name, path)
        _sync_folder(path.parent)
    except OSError as error:
        raise WriteError("{path}: cannot be written ({why}); left as it was", path=path, why=error.strerror) from error
    finally:
        with suppress(OSError):
            name.unlink()


def _sync_folder(folder: Path) -> None:
    with suppress(OSError):  # some file systems cannot sync a folder
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


@dataclass(frozen=True, slots=True)
class Entry:
    """One file a run changed: the digests of its bytes before and after."""

    path: Path
    before: str
    after: str


class Journal:
    """What runs changed, under `<home>/.dedupe/journal/<run>/`: the original bytes, and a line per file.

    The bytes and the line are on disk before the post is touched.
    """

    def __init__(self, home: Path, run: str) -> None:
        self.folder = home / ".dedupe" / "journal" / run
        self.run = run

    def record(self, path: Path, before: bytes, after: bytes) -> None:
        """Keep the original bytes of a post; raises WriteError when they cannot be kept."""
        stored = self.folder / "before" / digest(before)
        try:
            if not stored.parent.is_dir():
                stored.parent.mkdir(parents=True, exist_ok=True)
                tell_git(self.folder.parent.parent)
                for folder in self.folder.parents[:3]:
                    _sync_folder(folder)
            if not stored.exists():
                write_atomic(stored, before)
            line = json.dumps({"path": str(path), "before": digest(before), "after": digest(after)}, ensure_ascii=False)
            # A name need not be UTF-8.
            _append(self.folder / "posts.jsonl", f"{line}\n".encode("utf-8", "surrogateescape"))
            # Undone while it goes on, the run is to be undone once more.
            (self.folder / "undone").unlink(missing_ok=True)
        except OSError as error:
            raise WriteError(
                "{folder}: the journal cannot be written ({why}); nothing was changed", folder=self.folder, why=error.strerror
            ) from error

    def read(self) -> tuple[list[Entry], list[int]]:
        """Return what the run meant to change, in its order, and the numbers of the lines that cannot be read.

        A last line without an end was torn by a crash and never acted on.
        """
        entries: list[Entry] = []
        damaged: list[int] = []
        # Only this sign ends a line: others that do elsewhere may stand in the name of a file.
        for number, line in enumerate((self.folder / "posts.jsonl").read_bytes().split(b"\n")[:-1], 1):
            try:
                raw = json.loads(line.decode("utf-8", "surrogateescape"))
                entries.append(Entry(Path(raw["path"]), str(raw["before"]), str(raw["after"])))
            except (ValueError, KeyError, TypeError):
                damaged.append(number)
        return entries, damaged

    def before(self, entry: Entry) -> bytes:
        """Return the original bytes of a post; raises UndoError where they are gone or others."""
        stored = self.folder / "before" / entry.before
        try:
            raw = stored.read_bytes()
        except OSError as error:
            raise UndoError(
                "{path}: left as it is, for {stored} cannot be read ({why})", path=entry.path, stored=stored, why=error.strerror
            ) from error
        if digest(raw) != entry.before:
            raise UndoError("{path}: left as it is, for {stored} is not what was kept", path=entry.path, stored=stored)
        return raw

    @property
    def undone(self) -> bool:
        return (self.folder / "undone").exists()


def _append(file: Path, line: bytes) -> None:
    """Write a line at the end of a file and flush it to disk; raises OSError where that fails, and nothing is written."""
    with file.open("ab", buffering=0) as raw:
        size = raw.seek(0, os.SEEK_END)
        done = False
        try:
            if raw.write(line) == len(line):
                os.fsync(raw.fileno())
                done = True
        finally:
            if not done:
                # Half a line would run into the next one.
                raw.truncate(size)
        if not done:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    if not size:
        _sync_folder(file.parent)


def tell_git(folder: Path) -> None:
    """Tell git what of `.dedupe/` is for this machine alone: decisions and the history may well be kept in it."""
    ignore = folder / ".gitignore"
    # The first versions hid the whole folder; what a person wrote there stays.
    if not ignore.exists() or ignore.read_bytes() == b"*\n":
        ignore.write_text("journal/\ncache/\nlock\n", "utf-8")


def list_runs(home: Path) -> list[str]:
    """Return the runs of the journal, oldest first."""
    folder = home / ".dedupe" / "journal"
    if not folder.is_dir():
        return []
    return sorted((each.name for each in folder.iterdir() if (each / "posts.jsonl").exists()), key=_order)


def _order(run: str) -> tuple[str, int]:
    match = _NUMBERED.fullmatch(run)
    assert match
    return match["moment"], int(match["number"] or 1)


def undo(home: Path, run: str | None = None) -> tuple[list[Path], list[str]]:
    """Give back what `run` (or the last run not yet undone) changed.

    Returns the files given back, and a sentence for each file that was left alone: because it changed since, cannot be written,
    or is kept no more. Raises UndoError when there is nothing to undo.
    """
    known = list_runs(home)
    folder = home / ".dedupe" / "journal"
    runs = [each for each in known if not Journal(home, each).undone]
    if run is None and not runs:
        raise UndoError("there is no run to undo in {value}", value=folder)
    wanted = runs[-1] if run is None else run
    if wanted not in known:
        raise UndoError(
            "there is no run {wanted!r} in {value}; known runs: {known}",
            wanted=wanted,
            value=folder,
            known=", ".join(known) or Sentence.make(N_("none"), {}),
        )
    journal = Journal(home, wanted)
    entries, damaged = journal.read()
    given_back: list[Path] = []
    refused = [_tell_damage(journal, number) for number in damaged]
    for entry in reversed(entries):
        try:
            if _give_back(journal, entry):
                given_back.append(entry.path)
        except (UndoError, WriteError) as error:
            refused.append(str(error))
    if not refused:
        (journal.folder / "undone").touch()
    return given_back, refused


def _give_back(journal: Journal, entry: Entry) -> bool:
    """Write the original bytes of a post and tell whether that was necessary; raises UndoError or WriteError where it cannot."""
    try:
        now = digest(entry.path.read_bytes()) if entry.path.is_file() else None
    except OSError as error:
        raise UndoError("{path}: cannot be read ({why}); left as it is", path=entry.path, why=error.strerror) from error
    if now == entry.before:
        return False
    if now != entry.after:
        message = (
            N_("{path}: is gone since run {run}; its text before is {stored}")
            if now is None
            else N_("{path}: changed since run {run}; its text before is {stored}")
        )
        raise UndoError(message, path=entry.path, run=journal.run, stored=journal.folder / "before" / entry.before)
    write_atomic(entry.path, journal.before(entry), entry.after)
    return True


def _tell_damage(journal: Journal, number: int) -> str:
    values = {"file": journal.folder / "posts.jsonl", "number": number, "before": journal.folder / "before"}
    return Sentence.make(
        N_("{file}: line {number} cannot be read; a post may not be given back, all texts of before are in {before}"), values
    )
