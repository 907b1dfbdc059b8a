"""Other programs that read the same posts, and what is to be installed for them: each does a part of what `dedupe` does."""

from __future__ import annotations

import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

JSCPD = "5.3.2"
RENSA = "0.5.0"
_MINHASH = """\
import pathlib, sys
from rensa import RMinHash, RMinHashLSH
index, number = RMinHashLSH(threshold=0.8, num_perm=128, num_bands=16), 0
for file in sorted(pathlib.Path(sys.argv[1]).rglob("*.md")):
    for paragraph in file.read_bytes().decode().split("\\n\\n"):
        minhash = RMinHash(num_perm=128, seed=0)
        minhash.update([paragraph[at : at + 5] for at in range(max(1, len(paragraph) - 4))])
        index.query(minhash)
        index.insert(number, minhash)
        number += 1
"""


@dataclass(frozen=True, slots=True)
class Rival:
    """A program that gets a folder of posts as its last argument, or all their names; `command` None where it is not there."""

    name: str
    does: str
    command: tuple[str, ...] | None
    missing: str = ""
    lists: bool = False


def find_rivals(work: Path) -> list[Rival]:
    """Return all of them; those that come from a registry are installed under `work`, with its ordinary client."""
    return [
        _tool("sha256sum", "a digest of each file", ("sha256sum",)),
        _tool("wc -m", "decodes and counts characters", ("wc", "-m")),
        _jscpd(work),
        _rensa(work),
    ]


def _tool(name: str, does: str, command: tuple[str, ...]) -> Rival:
    there = shutil.which(command[0]) is not None
    return Rival(name, does, command if there else None, "" if there else f"{command[0]} is not installed", lists=True)


def _jscpd(work: Path) -> Rival:
    name, does = f"jscpd {JSCPD}", "exact clones of 50 tokens, within and across posts"
    folder = work / "jscpd"
    folder.mkdir()
    if shutil.which("npm") is None or not _install("npm", "install", "--prefix", folder, "--silent", "-E", f"jscpd@{JSCPD}"):
        return Rival(name, does, None, "npm is not there or could not install it")
    program = str(folder / "node_modules" / ".bin" / "jscpd")
    # Without these it skips large posts, posts of many lines, and clones of one long line, as an echo is.
    limits = ("--min-tokens", "50", "--min-lines", "1", "--max-lines", "100000000", "--max-size", "1gb")
    rest = ("--format", "markdown", "--no-gitignore", "--reporters", "silent", "--silent", "--exit-code", "0")
    return Rival(name, does, (program, *limits, *rest))


def _rensa(work: Path) -> Rival:
    name, does = f"rensa {RENSA}", "MinHash of paragraphs (128 values, 5-grams) and its index"
    python = str(work / "rensa" / "bin" / "python")
    made = _install(sys.executable, "-m", "venv", work / "rensa")
    if not made or not _install(python, "-m", "pip", "install", "-q", f"rensa=={RENSA}"):
        return Rival(name, does, None, "pip could not install it")
    script = work / "minhash.py"
    script.write_text(_MINHASH, "utf-8")
    return Rival(name, does, (python, str(script)))


def _install(*command: str | Path) -> bool:
    return subprocess.run([*map(str, command)], capture_output=True, check=False).returncode == 0
