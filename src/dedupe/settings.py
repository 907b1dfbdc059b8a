"""Find the settings file that governs some paths, and read it."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from dedupe.baseline import Baseline, name_post, read_baseline, split_name
from dedupe.config import Config, build_config
from dedupe.decisions import Decision, read_decisions
from dedupe.errors import ConfigError

DECISIONS = Path(".dedupe") / "decisions.jsonl"
"""Where decisions are, from the current folder, unless the command line names another file."""
BASELINE = ".dedupe-baseline.json"
"""How the file of known findings is called; it stands beside the settings, else in the current folder."""
_NAMES = ("dedupe.toml", ".dedupe.toml", "pyproject.toml")


def read_settings(given: Path | None, paths: Sequence[str], overrides: Mapping[str, Any]) -> tuple[Config, Path | None]:
    """Return the settings for `paths` and the file they come from: `given`, else the nearest one upward.

    `overrides` (from the command line) win over the file. Raises ConfigError for what cannot be read or is not known.
    """
    file = given or _nearest(paths)
    config = build_config(_read(file), str(file)) if file is not None else Config()
    return build_config(overrides, "command line", config), file


def find_decisions(given: Path | None) -> dict[str, Decision]:
    """Return the decisions in the file `given`, else in that of the current folder, else none.

    Raises ConfigError for a file that was given and is not there, or cannot be read.
    """
    file = given or DECISIONS
    if given is None and not file.exists():
        return {}
    try:
        return read_decisions(file.read_text("utf-8"), str(file))
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError("{file}: the decisions cannot be read ({error})", file=file, error=error) from error


def place_baseline(given: Path | None, settings: Path | None) -> Path:
    """Return where the baseline is, or goes: `given`, else beside the file of settings, else the current folder."""
    return given or (settings.parent if settings else Path()) / BASELINE


def find_baseline(file: Path, *, named: bool) -> Baseline:
    """Return the baseline in `file` as written, none where it is not there and not `named`; raises ConfigError."""
    if not named and not file.exists():
        return {}
    try:
        return read_baseline(file.read_text("utf-8"), str(file))
    except FileNotFoundError as error:
        raise ConfigError("there is no baseline {file}; `dedupe baseline` writes one", file=file) from error
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError("{file}: the baseline cannot be read ({error})", file=file, error=error) from error


def rename_posts(baseline: Baseline, begin: Path, end: Path) -> Baseline:
    """Return the baseline with the paths of its posts, given from the folder `begin`, given from the folder `end`."""
    here, there = os.path.abspath(begin), os.path.abspath(end)  # noqa: PTH100 (resolve() would follow links)

    def rename(post: str) -> str:
        file, row = split_name(post)
        whole = os.path.normpath(os.path.join(here, file))  # noqa: PTH118 (so does Path)
        inside = not os.path.relpath(whole, there).startswith("..")
        return Path(os.path.relpath(whole, there) if inside else whole).as_posix() + row

    return {name_post(rename(post)): counts for post, counts in baseline.items()}


def _nearest(paths: Sequence[str]) -> Path | None:
    first = Path(paths[0]) if paths and paths[0] != "-" else Path()
    start = first if first.is_dir() else first.parent
    for folder in [start.absolute(), *start.absolute().parents]:
        for name in _NAMES:
            file = folder / name
            if file.is_file() and (name != "pyproject.toml" or "dedupe" in _load(file).get("tool", {})):
                return file
    return None


def _read(file: Path) -> Mapping[str, Any]:
    values = _load(file)
    table = values.get("tool", {}).get("dedupe", {}) if file.name == "pyproject.toml" else values
    if not isinstance(table, dict):
        raise ConfigError("{file}: [tool.dedupe] must be a table", file=file)
    return table


def _load(file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(file.read_text("utf-8"))
    except OSError as error:
        raise ConfigError("{file}: cannot be read ({why})", file=file, why=error.strerror) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError("{file}: is not valid TOML ({error})", file=file, error=error) from error
