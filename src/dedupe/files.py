"""Write posts so that a crash at any moment leaves each as before or as after, and give back what a run changed."""

from __future__ import annotations

import hashlib
import json
import os
import secrets
import stat
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from dedupe.errors import Sentence, UndoError, WriteError
from dedupe.language import N_


def digest(raw: bytes) -> str:
    """Return the name of some bytes: their SHA-256 in hexadecimal."""
    return hashlib.sha256(raw).hexdigest()


def write_atomic(path: Path, raw: bytes, expected: str | None = None) -> None:
    """Replace the file by `raw`: written beside it, flushed to disk, moved over it, mode bits kept.

    `expected` is the digest of what the file must still hold. Raises WriteError when it holds something else,
    is read-only, or cannot be written; then the file is as it was.
    """
    mode = stat.S_IMODE(path.stat().st_mode) if path.exists() else None
    if mode is not None and not os.access(path, os.W_OK):
        raise WriteError("{path}: is read-only; left as it was", path=path)
    # Named before it is made, so that an interrupt at any moment leaves none behind.
    name = path.parent / f".{path.name[:60]}.{secrets.token_hex(4)}.dedupe"
    try:
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
            stored.parent.mkdir(parents=True, exist_ok=True)
            tell_git(self.folder.parent.parent)
            if not stored.exists():
                write_atomic(stored, before)
            line = json.dumps({"path": str(path), "before": digest(before), "after": digest(after)}, ensure_ascii=False)
            with (self.folder / "posts.jsonl").open("a", encoding="utf-8") as file:
                file.write(line + "\n")
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            raise WriteError(
                "{folder}: the journal cannot be written ({why}); nothing was changed", folder=self.folder, why=error.strerror
            ) from error

    def entries(self) -> Iterator[Entry]:
        """Yield what the run meant to change, in its order; a line torn by a crash was never acted on."""
        file = self.folder / "posts.jsonl"
        for line in file.read_text("utf-8").splitlines() if file.exists() else []:
            with suppress(ValueError, KeyError):
                raw = json.loads(line)
                yield Entry(Path(raw["path"]), raw["before"], raw["after"])

    @property
    def undone(self) -> bool:
        return (self.folder / "undone").exists()


def tell_git(folder: Path) -> None:
    """Tell git what of `.dedupe/` is for this machine alone: decisions and the history may well be kept in it."""
    ignore = folder / ".gitignore"
    # The first versions hid the whole folder; what a person wrote there stays.
    if not ignore.exists() or ignore.read_bytes() == b"*\n":
        ignore.write_text("journal/\ncache/\nlock\n", "utf-8")


def list_runs(home: Path) -> list[str]:
    """Return the runs of the journal, oldest first."""
    folder = home / ".dedupe" / "journal"
    return sorted(each.name for each in folder.iterdir() if (each / "posts.jsonl").exists()) if folder.is_dir() else []


def undo(home: Path, run: str | None = None) -> tuple[list[Path], list[str]]:
    """Give back what `run` (or the last run not yet undone) changed.

    Returns the files given back, and a sentence for each file that was left alone because it changed since.
    Raises UndoError when there is nothing to undo.
    """
    runs = [each for each in list_runs(home) if not Journal(home, each).undone]
    if run is None and not runs:
        raise UndoError("there is no run to undo in {value}", value=home / ".dedupe" / "journal")
    wanted = runs[-1] if run is None else run
    if wanted not in list_runs(home):
        known = ", ".join(list_runs(home)) or Sentence.make(N_("none"), {})
        raise UndoError(
            "there is no run {wanted!r} in {value}; known runs: {known}",
            wanted=wanted,
            value=home / ".dedupe" / "journal",
            known=known,
        )
    journal = Journal(home, wanted)
    given_back: list[Path] = []
    refused: list[str] = []
    for entry in reversed(list(journal.entries())):
        now = digest(entry.path.read_bytes()) if entry.path.is_file() else None
        if now == entry.before:
            continue
        if now != entry.after:
            what = "is gone" if now is None else "changed"
            refused.append(
                f"{entry.path}: {what} since run {wanted}; its text before is {journal.folder / 'before' / entry.before}"
            )
            continue
        write_atomic(entry.path, (journal.folder / "before" / entry.before).read_bytes(), entry.after)
        given_back.append(entry.path)
    if not refused:
        (journal.folder / "undone").touch()
    return given_back, refused
