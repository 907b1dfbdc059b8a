"""Golden cases: a damaged post and what an editor makes of it, in every guise a file can have."""

from __future__ import annotations

from pathlib import Path

import pytest

from dedupe import Config, examine, read_post

CASES = sorted((Path(__file__).parent / "cases").glob("*.in.md"))

GUISES = {
    "plain": lambda text: text,
    "crlf": lambda text: text.replace("\n", "\r\n"),
    "bom": lambda text: "\ufeff" + text,
    "no-last-newline": lambda text: text.removesuffix("\n"),
}


@pytest.mark.parametrize("guise", GUISES)
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name.removesuffix(".in.md"))
def test_case(case: Path, guise: str) -> None:
    dress = GUISES[guise]
    damaged = dress(case.read_text("utf-8"))
    expected = dress(case.with_name(case.name.replace(".in.", ".out.")).read_text("utf-8"))
    outcome = examine(read_post(case.name, damaged), Config())
    assert outcome.proof_error is None
    assert outcome.repaired == expected
    again = examine(read_post(case.name, outcome.repaired), Config())
    assert again.repaired == outcome.repaired
    assert not any(finding.edits for finding in again.findings)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name.removesuffix(".in.md"))
def test_findings_say_where_and_why(case: Path) -> None:
    text = case.read_text("utf-8")
    for finding in examine(read_post(case.name, text), Config()).findings:
        assert text[slice(*finding.span)].strip() or finding.code == "RPT004"
        if finding.code in {"RPT001", "RPT002"}:
            assert finding.witness is not None
            assert finding.similarity == 1.0
        assert finding.message
