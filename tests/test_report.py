from __future__ import annotations

import json
from importlib.resources import files
from pathlib import Path

import jsonschema
import pytest

from dedupe import Config, Edit, Span, examine, read_post
from dedupe.repair import apply
from dedupe.report import merge, render, render_summary, report_post

CASES = sorted((Path(__file__).parent / "cases").glob("*.in.md"))
SCHEMA = json.loads(files("dedupe").joinpath("schema.json").read_text("utf-8"))


@pytest.fixture(scope="module")
def outcomes() -> list:
    return [examine(read_post(case.name, case.read_text("utf-8")), Config()) for case in CASES]


def test_json_is_valid_against_its_schema(outcomes: list) -> None:
    report = merge([report_post(outcome) for outcome in outcomes], ["x.md: not UTF-8"])
    raw = json.loads(render(report, "json"))
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    jsonschema.validate(raw, SCHEMA)
    assert raw["summary"]["posts_to_change"] == len(CASES)


def test_edits_of_the_report_give_the_repaired_post(outcomes: list) -> None:
    for outcome in outcomes:
        raw = json.loads(render(merge([report_post(outcome)], []), "json"))["posts"][0]
        edits = [Edit(Span(*edit["span"]), edit["replacement"]) for finding in raw["findings"] for edit in finding["edits"]]
        assert apply(outcome.post.text, edits) == outcome.repaired


def test_lines_are_where_the_text_is(outcomes: list) -> None:
    for outcome in outcomes:
        lines = outcome.post.text.split("\n")
        for finding in report_post(outcome).findings:
            first, last = finding.lines
            text = outcome.post.text[slice(*finding.span)]
            if text:
                assert text.split("\n")[0] in lines[first - 1]
                assert text.split("\n")[-1] in lines[last - 1]


def test_one_json_line_for_each_finding(outcomes: list) -> None:
    report = merge([report_post(outcome) for outcome in outcomes], [])
    lines = render(report, "jsonl").splitlines()
    assert len(lines) == len(report.findings)
    assert {"path", "code", "span", "lines"} <= set(json.loads(lines[0]))


def test_the_text_says_what_is_wrong_how_much_and_what_would_go(outcomes: list) -> None:
    text = render(merge([report_post(outcome) for outcome in outcomes], []), "text")
    assert "1 prompt echo, 1 echo of the post and 1 end marker; " in text
    assert "of it is repeated; " in text
    assert "characters can go." in text
    assert f"`dedupe fix` would repair {len(CASES)} posts" in text


def test_nothing_found_is_said_in_a_sentence() -> None:
    outcome = examine(read_post("a.md", "All is well.\n"), Config())
    assert render(merge([report_post(outcome)], []), "text") == "1 post examined: nothing repeated, nothing leaked.\n"


def test_the_summary_is_markdown(outcomes: list) -> None:
    summary = render_summary(merge([report_post(outcome) for outcome in outcomes], ["x.md: broken"], "run-1"), dry_run=True)
    assert summary.startswith("# Run run-1\n")
    assert "would be removed" in summary
    assert "| RPT001 | repeated-passage |" in summary
    assert "- x.md: broken" in summary


def test_a_scan_is_not_called_a_run(outcomes: list) -> None:
    report = merge([report_post(outcome) for outcome in outcomes], [])
    assert render_summary(report, dry_run=True).startswith("# dedupe\n")


def test_nothing_is_said_of_unsafe_fixes_where_nothing_is_wrong_or_they_were_asked_for(outcomes: list) -> None:
    clean = merge([report_post(examine(read_post("a.md", "All is well.\n"), Config()))], [])
    asked = merge([report_post(outcome) for outcome in outcomes], [], unsafe_fixes=True, near=True)
    for report in (clean, asked):
        assert "unsafe" not in render(report, "text")
        assert "unsafe" not in render_summary(report, dry_run=False)


def test_the_summary_says_what_was_not_looked_for(outcomes: list) -> None:
    summary = render_summary(merge([report_post(outcome) for outcome in outcomes], []), dry_run=False)
    assert "are looked for only with `--unsafe-fixes`; " in summary
