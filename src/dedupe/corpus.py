"""Find the posts among paths, folders and patterns, and read them without losing a byte."""

from __future__ import annotations

import glob
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pathspec

from dedupe.config import Config
from dedupe.errors import InputError
from dedupe.header import read_post
from dedupe.model import Post

_NEVER = frozenset({".git", ".hg", ".svn", ".dedupe", ".obsidian", ".venv", "node_modules", "_site", "__pycache__"})
_IGNORE_FILES = (".gitignore", ".dedupeignore")


@dataclass(frozen=True, slots=True, order=True)
class Source:
    """A file that is a post: `name` is how reports call it, `place` its path below the folder that was given."""

    name: str
    path: Path
    place: Path


def find_sources(paths: Iterable[str | Path], config: Config) -> list[Source]:
    """Return the posts under `paths`, sorted by name, each once.

    A file named outright is taken whatever its ending; folders are searched for `config.suffixes`, minding .gitignore
    (of all parents up to the repository), .dedupeignore and `config.exclude`. Links are not followed.
    Raises InputError for a path that does not exist.
    """
    found: dict[Path, Source] = {}
    for given in paths:
        for path in _expand(str(given)):
            files = _walk(path, config) if path.is_dir() else [(path, Path(path.name))]
            for file, place in files:
                real = file.resolve()
                found.setdefault(real, Source(_name(file), real, place))
    return sorted(found.values())


def read_source(source: Source) -> tuple[bytes, Post]:
    """Return the bytes of a post and the post; raises InputError that names the byte that is not UTF-8."""
    try:
        raw = source.path.read_bytes()
    except OSError as error:
        raise InputError(f"{source.name}: cannot be read ({error.strerror}); skipped") from error
    return raw, decode(source.name, raw)


def decode(name: str, raw: bytes) -> Post:
    """Return the post in `raw`, BOM and line ends kept; raises InputError that names the byte that is not UTF-8."""
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise InputError(
            f"{name}: not UTF-8 at byte {error.start} (line {line}: 0x{raw[error.start]:02x}); convert the file, it was skipped"
        ) from error
    return read_post(name, text)


def _expand(given: str) -> list[Path]:
    path = Path(given)
    if path.exists():
        return [path]
    if glob.has_magic(given):
        matches = sorted(glob.glob(given, recursive=True))
        if matches:
            return [Path(match) for match in matches]
        raise InputError(f"no file matches the pattern {given!r}")
    raise InputError(f"there is no file or folder {given!r}")


def _name(path: Path) -> str:
    absolute = Path(os.path.abspath(path))
    here = Path.cwd()
    return (absolute.relative_to(here) if absolute.is_relative_to(here) else absolute).as_posix()


def _walk(root: Path, config: Config) -> Iterator[tuple[Path, Path]]:
    """Yield the posts below a folder with their paths below it."""
    own = pathspec.GitIgnoreSpec.from_lines(config.exclude)
    specs = _specs_above(root)
    for folder, names, files in os.walk(root):
        here = Path(folder)
        specs = {base: spec for base, spec in specs.items() if here.absolute().is_relative_to(base)} | _specs_in(here)
        names[:] = sorted(
            name for name in names if name not in _NEVER and not _is_ignored(here / name, root, own, specs, is_dir=True)
        )
        for name in sorted(files):
            path = here / name
            wanted = path.suffix.lower() in config.suffixes and path.is_file() and not path.is_symlink()
            if wanted and not _is_ignored(path, root, own, specs, is_dir=False):
                yield path, path.relative_to(root)


def _is_ignored(
    path: Path, root: Path, own: pathspec.GitIgnoreSpec, specs: dict[Path, pathspec.GitIgnoreSpec], *, is_dir: bool
) -> bool:
    slash = "/" if is_dir else ""
    if own.match_file(path.relative_to(root).as_posix() + slash):
        return True
    absolute = path.absolute()
    verdict = False
    for base in sorted(specs, key=lambda each: len(each.parts)):
        result = specs[base].check_file(absolute.relative_to(base).as_posix() + slash)
        verdict = verdict if result.include is None else result.include
    return verdict


def _specs_above(root: Path) -> dict[Path, pathspec.GitIgnoreSpec]:
    """Read the ignore files of the parents, up to the repository's top, and git's own list of exclusions."""
    specs: dict[Path, pathspec.GitIgnoreSpec] = {}
    folder = root.absolute()
    for parent in folder.parents:
        if (parent / ".git").exists() or (folder / ".git").exists():
            break
    else:
        return specs
    top = folder if (folder / ".git").exists() else parent
    for each in [folder, *folder.parents]:
        if each != folder:
            specs |= _specs_in(each)
        if each == top:
            break
    exclude = top / ".git" / "info" / "exclude"
    if exclude.is_file() and top not in specs:
        specs[top] = pathspec.GitIgnoreSpec.from_lines(exclude.read_text("utf-8", "replace").splitlines())
    return specs


def _specs_in(folder: Path) -> dict[Path, pathspec.GitIgnoreSpec]:
    lines: list[str] = []
    for name in _IGNORE_FILES:
        file = folder / name
        if file.is_file():
            lines += file.read_text("utf-8", "replace").splitlines()
    return {folder.absolute(): pathspec.GitIgnoreSpec.from_lines(lines)} if lines else {}
