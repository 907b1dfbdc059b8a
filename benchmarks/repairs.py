"""Measure what `dedupe fix` leaves and loses on real posts, and what it restores of clean posts that were damaged.

    python benchmarks/repairs.py [SHARED]

SHARED holds `corpus/` and `tools/` (default: `../shared` beside the project); where it is missing, a word is said and
nothing measured. Works on copies.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
SEEDS = (1, 2, 3)


def run(*command: str | Path, cwd: Path) -> str:
    return subprocess.run([*map(str, command)], cwd=cwd, check=False, capture_output=True, text=True, encoding="utf-8").stdout


def fix(source: Path, work: Path, name: str, *options: str) -> tuple[Path, dict[str, int]]:
    """Repair a copy of `source`; return the copy and the summary of the run."""
    copy = work / name
    shutil.copytree(source, copy)
    for file in copy.rglob("*"):
        file.chmod(0o755 if file.is_dir() else 0o644)
    output = run(sys.executable, "-m", "dedupe", "fix", "--quiet", "--format", "json", name, *options, cwd=work)
    return copy, json.loads(output)["summary"]


def main() -> None:
    shared = Path(sys.argv[1] if len(sys.argv) > 1 else ROOT.parent / "shared").resolve()
    tools, corpus = shared / "tools", shared / "corpus"
    if not tools.is_dir():
        print(f"{shared} has no tools and no posts; nothing measured")
        return
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        print("# damaged posts: what is left, what is lost")
        copy, _ = fix(corpus / "posts-ja", work, "posts")
        print(run(sys.executable, tools / "residual.py", corpus / "posts-ja", copy, cwd=work))
        for options in ((), ("--unsafe-fixes",)):
            print("# posts repaired by hand,", *(options or ("safe fixes only",)))
            copy, _ = fix(corpus / "gold" / "damaged", work, f"gold{len(options)}", *options)
            print(run(sys.executable, tools / "score.py", corpus / "gold" / "expected", copy, "--worst", "0", cwd=work))
        print("# clean posts")
        _, summary = fix(corpus / "clean", work, "clean")
        print(f"{summary['posts_to_change']} of {summary['posts']} changed\n")
        for seed in SEEDS:
            print(f"# clean posts, damaged (seed {seed})")
            damage = work / f"damage{seed}"
            run(sys.executable, tools / "inject.py", corpus / "clean", damage, "--seed", str(seed), cwd=work)
            copy, _ = fix(damage / "damaged", work, f"restored{seed}")
            index = damage / "index.jsonl"
            print(run(sys.executable, tools / "score.py", damage / "clean", copy, "--index", index, "--worst", "0", cwd=work))


if __name__ == "__main__":
    main()
