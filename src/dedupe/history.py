"""Remember what each run did, a line of JSON each, and draw how the posts fared; deleting the cache leaves it alone."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import msgspec

from dedupe.errors import InputError
from dedupe.language import say, say_many
from dedupe.report import Report, summarize

FILE = Path(".dedupe") / "history.jsonl"
"""Where the history is, from the folder that also holds the journal."""
_BAR = 20
"""Columns of the longest bar; with the figures before it a line fits 80."""
_EIGHTHS = " ▏▎▍▌▋▊▉"


@dataclass(frozen=True, slots=True)
class Row:
    """One run: what it found in how many posts, and what it did; `held` tells why it wrote nothing, if it had to hold back.

    The shares and `characters` are of the posts before the run; `left` are findings that stay for a person.
    """

    run: str
    posts: int
    findings: dict[str, int]
    left: int
    characters: int
    repeated_share: float
    changed: int
    removed: int
    held: str | None = None


def note_run(home: Path, report: Report) -> None:
    """Append what a run did to the history in `home`; a line is written at once or not at all."""
    total = summarize(report)
    row = Row(
        run=str(report.run),
        posts=total["posts"],
        findings=total["findings"],
        left=report.left if report.held is None else len(report.wrong),
        characters=total["characters"],
        repeated_share=total["repeated_share"],
        changed=0 if report.held else total["posts_to_change"],
        removed=0 if report.held else total["removed"],
        held=report.held,
    )
    file = home / FILE
    file.parent.mkdir(parents=True, exist_ok=True)
    handle = os.open(file, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o644)
    try:
        _drop_torn(handle)
        os.write(handle, (json.dumps(asdict(row), ensure_ascii=False) + "\n").encode("utf-8"))
        os.fsync(handle)
    finally:
        os.close(handle)


def _drop_torn(handle: int) -> None:
    """Cut off a last line without an end: it counts as not written, and the next one must not run into it."""
    size = os.fstat(handle).st_size
    if size and os.pread(handle, 1, size - 1) != b"\n":
        os.ftruncate(handle, os.pread(handle, size, 0).rfind(b"\n") + 1)


def read_history(home: Path) -> list[Row]:
    """Return the runs noted in `home`, oldest first; raises InputError for a line that is none of ours.

    A last line without an end was being written when its run was killed; it counts as not written.
    """
    file = home / FILE
    if not file.exists():
        return []
    rows: list[Row] = []
    for number, line in enumerate(file.read_bytes().split(b"\n")[:-1], 1):
        try:
            rows.append(msgspec.json.decode(line, type=Row))
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
            raise InputError(
                "{file}:{number}: is no line of the history; delete the line, or the file to begin anew", file=file, number=number
            ) from error
    return rows


def draw_history(rows: Sequence[Row]) -> str:
    """Return a table of the runs with a bar for the repeated share each one met; lines fit 80 columns."""
    if not rows:
        return say("no run is noted yet; `dedupe fix` notes what it does") + "\n"
    most = max(row.repeated_share for row in rows)
    lines = [f"{'run':<20} {'posts':>7} {'found':>6} {'fixed':>6} {'removed':>10} repeated\n"]
    for row in rows:
        figures = f"{row.posts:>7,} {sum(row.findings.values()):>6,} {row.changed:>6,} {row.removed:>10,}"
        bar = _bar(row.repeated_share / most if most else 0.0)
        lines.append(f"{row.run:<20} {figures} {row.repeated_share:>5.1%} {bar}".rstrip() + "\n")
        if row.held:
            lines.append("    " + say("nothing written: {why}", why=row.held) + "\n")
    last = rows[-1]
    runs = say_many("{count:,} run", "{count:,} runs", len(rows))
    removed = sum(row.removed for row in rows)
    lines.append("\n" + say("{runs}; {removed:,} characters removed in all.", runs=runs, removed=removed) + "\n")
    left = say_many(
        "The last one left {count:,} finding for a person.", "The last one left {count:,} findings for a person.", last.left
    )
    lines.append(f"{left}\n")
    return "".join(lines)


def _bar(share: float) -> str:
    eighths = round(share * _BAR * 8)
    return "█" * (eighths // 8) + _EIGHTHS[eighths % 8].strip()
