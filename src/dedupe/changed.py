"""Ask git which files changed."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterable
from pathlib import Path

from dedupe.errors import InputError, Sentence
from dedupe.language import N_


def changed_since(ref: str, paths: Iterable[str]) -> frozenset[Path]:
    """Return the files changed since `ref` in the repositories that `paths` stand in: committed, staged, edited or new.

    A renamed file counts under its new name; a deleted one does not. Where the branch and `ref` went apart, what counts is
    their last common commit, as in a pull request. Raises InputError without git, a repository, or such a commit.
    """
    return frozenset(path for top in sorted({_top(path) for path in paths}) for path in _changed(ref, top))


def _top(path: str) -> Path:
    given = Path(path)
    folder = given if given.is_dir() else given.parent if given.exists() else Path()
    top = _git(
        folder, ["rev-parse", "--show-toplevel"], Sentence.make(N_("--since: {path} is in no git repository"), {"path": path})
    )
    return Path(os.fsdecode(top.removesuffix(b"\n")))


def _changed(ref: str, top: Path) -> Iterable[Path]:
    named = {"ref": ref, "top": top}
    unknown = Sentence.make(N_("--since: git knows no commit {ref!r} in {top}; `git fetch` it, or name another"), named)
    commit = _git(top, ["rev-parse", "--verify", "--quiet", "--end-of-options", f"{ref}^{{commit}}"], unknown).decode().strip()
    apart = Sentence.make(
        N_("--since: {ref!r} and the current commit have no common history here; fetch more of it, or name another commit"), named
    )
    base = _git(top, ["merge-base", commit, "HEAD"], apart).decode().strip()
    diff = ["diff", "--name-only", "-z", "--no-renames", "--diff-filter=d", "--no-ext-diff", "--ignore-submodules", base, "--"]
    failed = Sentence.make(N_("--since: git could not compare {top} with {ref!r}"), named)
    names = _git(top, diff, failed) + _git(top, ["ls-files", "-z", "--others", "--exclude-standard"], failed)
    for name in names.split(b"\0"):
        if name:
            yield (top / os.fsdecode(name)).resolve()


def _git(folder: Path, arguments: list[str], wrong: Sentence) -> bytes:
    try:
        done = subprocess.run(["git", *arguments], cwd=folder, capture_output=True, check=False, env=_environment())  # noqa: S603, S607
    except OSError as error:
        raise InputError("--since: git cannot be started; install it, or leave --since out") from error
    if done.returncode:
        said = done.stderr.decode("utf-8", "replace").strip().splitlines()
        raise InputError("{wrong} ({said})", wrong=wrong, said=said[0]) if said else InputError(wrong.message, **wrong.values)
    return done.stdout


def _environment() -> dict[str, str]:
    """Return the environment without what a hook tells git of its repository: with it, git takes any folder for the top of it."""
    told = () if "GIT_WORK_TREE" in os.environ else ("GIT_DIR", "GIT_INDEX_FILE", "GIT_PREFIX")
    return {name: value for name, value in os.environ.items() if name not in told}
