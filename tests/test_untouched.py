"""What must not change comes first: repetition that people meant."""

from __future__ import annotations

from pathlib import Path

import pytest

from dedupe import Config, examine, read_post

UNTOUCHED = sorted((Path(__file__).parent / "untouched").glob("*.md"))


@pytest.mark.parametrize("file", UNTOUCHED, ids=lambda file: file.stem)
@pytest.mark.parametrize("unsafe", [False, True], ids=["safe", "unsafe"])
def test_wanted_repetition_stays(file: Path, unsafe: bool) -> None:
    text = file.read_text("utf-8")
    outcome = examine(read_post(file.name, text), Config(unsafe_fixes=unsafe))
    assert outcome.repaired == text, [(finding.code, finding.evidence) for finding in outcome.findings]
    assert not any(finding.edits for finding in outcome.findings)


@pytest.mark.parametrize("file", UNTOUCHED, ids=lambda file: file.stem)
def test_wanted_repetition_stays_with_windows_line_ends(file: Path) -> None:
    text = file.read_text("utf-8").replace("\n", "\r\n")
    assert examine(read_post(file.name, text), Config()).repaired == text
