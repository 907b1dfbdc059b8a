"""Find the posts among paths, folders and patterns, and read them without losing a byte."""

from __future__ import annotations

import glob
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from pathspec import GitIgnoreSpec

from dedupe.config import Config
from dedupe.errors import InputError
from dedupe.header import read_post
from dedupe.model import Post

_NEVER = frozenset({".git", ".hg", ".svn", ".dedupe", ".obsidian", ".venv", "node_modules", "_site", "__pycache__"})
_IGNORE_FILES = (".gitignore", ".dedupeignore")
_REPORT = frozenset({"report.html", "report.json", "summary.md"})
"""What stands beside each other in the folder of a run's report, and nowhere else."""
TABLES = (".jsonl", ".jsonl.gz", ".jsonl.zst", ".ndjson", ".parquet")
"""Endings of files whose rows are posts."""


@dataclass(frozen=True, slots=True, order=True)
class Source:
    """A file that is a post: `name` is how reports call it, `place` its path below the folder that was given."""

    name: str
    path: Path
    place: Path


@dataclass(frozen=True, slots=True)
class Choice:
    """What else decides which posts are taken: `only` these; files named outright minding exclusions; none at all is fine."""

    only: frozenset[Path] | None = None
    force_exclude: bool = False
    may_be_none: bool = False


def find_sources(paths: Iterable[str | Path], config: Config, choice: Choice | None = None) -> list[Source]:
    """Return the posts under `paths`, sorted by name, each once.

    A file named outright is taken whatever its ending; folders are searched for `config.suffixes`, minding .gitignore
    (of all parents up to the repository), .dedupeignore and `config.exclude`. Links are not followed, nor is the report of a
    run a place for posts. Raises InputError for a path that does not exist, for a table, whose rows a repair of the whole file
    would tear, and where there are no posts unless there may be none.
    """
    choice, given = choice or Choice(), list(paths)
    found: dict[Path, Source] = {}
    for path in (path for each in given for path in _expand(str(each), choice)):
        if path.is_dir():
            sources: Iterable[Source] = _walk(path, config)
        else:
            left_out = choice.force_exclude and _is_left_out(path, config)
            if not left_out:
                _refuse_table(path, config)
            sources = [] if left_out else [Source(name_file(path), path.resolve(), Path(path.name))]
        for source in sources:
            found.setdefault(source.path, source)
    if not found and not choice.may_be_none and not choice.force_exclude:
        places = ", ".join(map(str, given))
        raise InputError(
            "no posts found in {places}; posts end in {known}, or are named one by one",
            places=places,
            known=", ".join(config.suffixes),
        )
    return sorted(source for source in found.values() if choice.only is None or source.path in choice.only)


def name_file(path: Path) -> str:
    """Return how reports call a file: by its path from the current folder, or the whole path of one that is elsewhere."""
    absolute = Path(os.path.abspath(path))  # noqa: PTH100 (resolve() would follow symlinks)
    here = Path.cwd()
    return (absolute.relative_to(here) if absolute.is_relative_to(here) else absolute).as_posix()


def read_source(source: Source) -> tuple[bytes, Post]:
    """Return the bytes of a post and the post; raises InputError that names the byte that is not UTF-8.

    So it does where the name is not: no report could name the post.
    """
    shown = os.fsencode(source.name).decode("utf-8", "backslashreplace")
    if shown != source.name:
        raise InputError("{name}: the name is not UTF-8; rename the file, it was skipped", name=shown)
    try:
        raw = source.path.read_bytes()
    except OSError as error:
        raise InputError("{name}: cannot be read ({why}); skipped", name=source.name, why=error.strerror) from error
    return raw, decode(source.name, raw)


def decode(name: str, raw: bytes) -> Post:
    """Return the post in `raw`, BOM and line ends kept; raises InputError that names the byte that is not UTF-8."""
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise InputError(
            "{name}: not UTF-8 at byte {start} (line {line}: 0x{why:02x}); convert the file, it was skipped",
            name=name,
            start=error.start,
            line=line,
            why=raw[error.start],
        ) from error
    return read_post(name, text)


def _refuse_table(path: Path, config: Config) -> None:
    if path.name.lower().endswith(TABLES) and path.suffix.lower() not in config.suffixes:
        raise InputError("{file}: is a table, not a post; name the column that holds the posts with --text-column", file=path)


def _expand(given: str, choice: Choice) -> list[Path]:
    path = Path(given)
    if path.exists():
        return [path]
    if glob.has_magic(given):
        matches = sorted(glob.glob(given, recursive=True))  # noqa: PTH207 (takes an absolute pattern too)
        if matches:
            return [Path(match) for match in matches]
    if choice.may_be_none:
        return []
    if glob.has_magic(given):
        raise InputError("no file matches the pattern {given!r}", given=given)
    raise InputError("there is no file or folder {given!r}", given=given)


def _walk(root: Path, config: Config) -> Iterator[Source]:
    """Yield the posts below a folder."""
    own = GitIgnoreSpec.from_lines(config.exclude)
    rules = _rules_above(root.absolute())
    for folder, names, files in os.walk(root):
        if _REPORT.issubset(files):
            names.clear()
            continue
        here = Path(folder)
        rules = [rule for rule in rules if here.absolute().is_relative_to(rule[0])] + _rules_in(here.absolute())
        names[:] = sorted(name for name in names if name not in _NEVER and not _is_ignored(here / name, root, own, rules, "/"))
        # What holds for the folder is found once: a corpus has many posts in few folders.
        real, shown, place = here.resolve(), Path(name_file(here)), here.relative_to(root)
        for name in sorted(files):
            path = here / name
            wanted = path.suffix.lower() in config.suffixes and path.is_file() and not path.is_symlink()
            if wanted and not _is_ignored(path, root, own, rules, ""):
                yield Source((shown / name).as_posix(), real / name, place / name)


def _is_left_out(path: Path, config: Config) -> bool:
    """Tell whether a search of the current folder (or, outside of it, of the file's own) would pass a file by."""
    path, here = path.absolute(), Path.cwd()
    root = here if path.is_relative_to(here) else path.parent
    own, rules = GitIgnoreSpec.from_lines(config.exclude), _rules_above(root)
    folders = [folder for folder in reversed(path.parents) if folder.is_relative_to(root)]
    for folder in folders:
        passed_by = folder != root and (folder.name in _NEVER or _is_ignored(folder, root, own, rules, "/"))
        if passed_by:
            return True
        rules = rules + _rules_in(folder)
    is_report = all((path.parent / name).is_file() for name in _REPORT)
    return is_report or _is_ignored(path, root, own, rules, "")


_Rules = list[tuple[Path, GitIgnoreSpec]]
"""Ignore files by the folder they stand in; of two that match the later decides."""


def _is_ignored(path: Path, root: Path, own: GitIgnoreSpec, rules: _Rules, slash: str) -> bool:
    if len(own) and own.match_file(path.relative_to(root).as_posix() + slash):
        return True
    ignored = False
    for folder, spec in rules:
        include = spec.check_file(path.absolute().relative_to(folder).as_posix() + slash).include
        ignored = ignored if include is None else include
    return ignored


def _rules_above(folder: Path) -> _Rules:
    """Read git's own list of exclusions and the ignore files of the parents, from the top of the repository down."""
    top = next((each for each in [folder, *folder.parents] if (each / ".git").exists()), None)
    if top is None:
        return []
    rules = _read_rules(top, [top / ".git" / "info" / "exclude"])
    for parent in reversed(folder.parents):
        if parent.is_relative_to(top):
            rules += _rules_in(parent)
    return rules


def _rules_in(folder: Path) -> _Rules:
    return _read_rules(folder, [folder / name for name in _IGNORE_FILES])


def _read_rules(folder: Path, files: list[Path]) -> _Rules:
    lines = [line for file in files if file.is_file() for line in file.read_text("utf-8", "replace").splitlines()]
    return [(folder, GitIgnoreSpec.from_lines(lines))] if lines else []
