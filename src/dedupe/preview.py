"""What a post would be after the repair, as a page shows it: rendered, as a diff, and what could not be done."""

from __future__ import annotations

import re
from itertools import accumulate
from typing import Any

from markupsafe import Markup

from dedupe.decide import BOTH_STAY
from dedupe.diff import unified_diff
from dedupe.header import read_post
from dedupe.markup import show_markup
from dedupe.model import Edit, Outcome
from dedupe.pipeline import LEFT
from dedupe.show import guess_language
from dedupe.words import Words

_KINDS = {"-": "gone", "+": "new", "@": "hunk"}


def preview(outcome: Outcome, t: Words) -> dict[str, Any]:
    """Return what the template of a preview needs; `rendered` alone is HTML, made of words that were escaped."""
    post = outcome.post
    edits = sorted(edit for finding in outcome.findings for edit in finding.edits) if outcome.changed else []
    after = read_post(post.name, outcome.repaired)
    seam = Markup('<p class="seam"><span>{}</span></p>')
    sizes = [len("".join(post.text[edit.span.start : edit.span.end].split())) for edit in edits]
    body = after.text[after.body.start :]
    marks = [
        (place - after.body.start, str(seam.format(t("seam", count=size))))
        for place, size in zip(_places(edits), sizes, strict=True)
        if size
    ]
    return {
        "error": outcome.proof_error or "",
        "changed": outcome.changed,
        "characters": post.ink,
        "removed": post.ink - after.ink,
        "tellings": list(_tellings(outcome, t)),
        "header": after.text[: after.body.start].strip(),
        "rendered": Markup(show_markup(body, marks)),  # noqa: S704 (every word in it was escaped)
        "diff": _diff(post.name, post.text, edits),
        "language": guess_language(post.text),
    }


def _places(edits: list[Edit]) -> list[int]:
    """Return where in the result the seam of each edit is."""
    taken = accumulate((len(edit.replacement) - (edit.span.end - edit.span.start) for edit in edits), initial=0)
    return [edit.span.start + before for edit, before in zip(edits, taken, strict=False)]


def _tellings(outcome: Outcome, t: Words) -> list[str]:
    """Return a sentence for each finding that was decided and cannot be done."""
    keys = {BOTH_STAY: "preview_both_stay", LEFT: "preview_left"}
    return [
        t(keys[reason], line=outcome.post.text.count("\n", 0, finding.span.start) + 1)
        for finding in outcome.findings
        for reason in finding.evidence
        if reason in keys
    ]


def _diff(name: str, text: str, edits: list[Edit]) -> list[tuple[str, str]]:
    """Return the lines of a diff without its file names, each with what it is."""
    if not edits:
        return []
    lines = re.split(r"\r?\n", unified_diff(name, text, edits))[2:]
    return [
        (_KINDS.get(line[:1], "same"), line if line.startswith("@") else line[1:])
        for line in lines
        if line and not line.startswith("\\")
    ]
