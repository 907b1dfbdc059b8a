"""What other programs are told: valid in their own terms, exact to the column, the same on every run."""

from __future__ import annotations

import csv
import io
import json
import re
import xml.etree.ElementTree as ET
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from dedupe import Config, examine, read_post, scan
from dedupe.formats import FORMATS, write_format
from dedupe.report import PostReport, Report, merge, report_post

NET = "朝の港には網を繕う人がいる。🐟 指の動きは早く、目は沖を見たままだ。糸は祖父の代から同じ店で買う。"
BOAT = "船の名は港の古い言葉で朝を表す。塗り直すのは年に一度、祭りの前の晴れた日と決まっている。"
MARKET = "市場は夜明け前に開く。氷の上に並ぶ魚の目は、まだ海の色を覚えている。"
RERUN = f"{NET}\n\n{BOAT}\n\n{MARKET}\n\n\n{NET}\n\n{BOAT}\n"
ECHO = f"{NET}\n\n{BOAT}\n\n{MARKET}\n\n【既存の記事の最後の部分】\n{NET} {BOAT}\n\n---END---\n"
SAMPLE = Path(__file__).parents[1] / "corpus" / "_posts" / "2025-03-08-restarted-draft.md"
CLEAN = f"{NET}\n\n{BOAT}\n"


def told(name: str, text: str) -> PostReport:
    return report_post(examine(read_post(name, text), Config()))


def report(*errors: str) -> Report:
    posts = {"a/rerun.md": RERUN, "b,c: 100%/echo.md": ECHO, "clean.md": CLEAN, "日本 語.md": f"\ufeff{RERUN}"}
    return merge([told(name, text) for name, text in posts.items()], errors)


def load(form: str, *errors: str) -> Any:
    return json.loads(write_format(report(*errors), form))


TWIN = f"{NET}\n\n{BOAT}\n\n{MARKET}\n"


@pytest.fixture
def across(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Report:
    """A report of three posts that say the same, one of which begins with a BOM."""
    monkeypatch.chdir(tmp_path)
    for name, text in {"2025-01-01-日本.md": f"\ufeff{TWIN}", "2025-01-02-b,c.md": TWIN, "2025-01-03-=d.md": TWIN}.items():
        (tmp_path / name).write_text(text, "utf-8")
    report = scan(["."])
    assert [finding.code for finding in report.findings] == ["POST001", "POST001"]
    return report


def offset(text: str, line: int, column: int) -> int:
    """Return the offset of a place as its reader finds it: no BOM, lines end with a line feed."""
    body = text.removeprefix("\ufeff")
    starts = [0, *(newline.end() for newline in re.finditer("\n", body))]
    return starts[line - 1] + column - 1


@pytest.mark.parametrize("form", FORMATS)
def test_a_clean_post_is_no_finding_in_any_format(form: str) -> None:
    text = write_format(merge([told("clean.md", CLEAN)], []), form)
    assert "RPT" not in text
    assert not text or text.endswith("\n")


@pytest.mark.parametrize("form", FORMATS)
def test_the_order_of_posts_changes_nothing(form: str) -> None:
    whole = report()
    assert write_format(merge(list(reversed(whole.posts)), []), form) == write_format(whole, form)


@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("bom", ["", "\ufeff"])
def test_the_fixes_of_sarif_applied_give_the_repaired_text(end: str, bom: str) -> None:
    text = bom + RERUN.replace("\n", end)
    outcome = examine(read_post("a.md", text), Config())
    assert outcome.changed
    (run,) = json.loads(write_format(merge([report_post(outcome)], []), "sarif"))["runs"]
    (change,) = run["results"][0]["fixes"][0]["artifactChanges"]
    body = text.removeprefix("\ufeff")
    for replacement in reversed(change["replacements"]):
        region = replacement["deletedRegion"]
        start = offset(text, region["startLine"], region["startColumn"])
        stop = offset(text, region["endLine"], region["endColumn"])
        body = body[:start] + replacement["insertedContent"]["text"] + body[stop:]
    assert bom + body == outcome.repaired


def test_sarif_offers_no_fix_that_is_only_a_part_of_a_repair() -> None:
    results = [each for each in load("sarif")["runs"][0]["results"] if "echo.md" in json.dumps(each["locations"])]
    assert len(results) == 3
    assert not any("fixes" in each for each in results)


def test_sarif_says_one_result_for_each_post_and_rule() -> None:
    (run,) = load("sarif", "x.md: not UTF-8")["runs"]
    keys = [(each["locations"][0]["physicalLocation"]["artifactLocation"]["uri"], each["ruleId"]) for each in run["results"]]
    assert len(set(keys)) == len(keys) == len({each["partialFingerprints"]["dedupePostAndRule/v1"] for each in run["results"]})
    assert {rule["id"] for rule in run["tool"]["driver"]["rules"]} == {code for _, code in keys}
    assert all(each["help"]["text"] for each in run["tool"]["driver"]["rules"])
    assert [uri for uri, _ in keys if not re.fullmatch(r"[A-Za-z0-9/._%-]+", uri)] == []
    assert run["columnKind"] == "unicodeCodePoints"
    assert run["invocations"][0]["executionSuccessful"] is False
    copies = [each for result in run["results"] for each in result["relatedLocations"] if "stays" in each["message"]["text"]]
    assert copies
    assert all(each["physicalLocation"]["region"]["startLine"] == 1 for each in copies)


def test_columns_are_characters_of_the_line() -> None:
    text = SAMPLE.read_bytes().decode("utf-8")
    post = told(SAMPLE.name, text)
    inside = [each for each in post.findings if each.columns[0] > 1]
    assert inside
    for place in (*post.findings, *(edit for finding in post.findings for edit in finding.edits)):
        start = offset(text, place.lines[0], place.columns[0])
        stop = offset(text, place.lines[1], place.columns[1])
        assert (start, stop) == place.span


def test_github_is_told_the_worst_post_first_and_each_once() -> None:
    lines = write_format(report("x.md: line\nbreak 5%"), "github").splitlines()
    assert lines[0] == "::error::x.md: line%0Abreak 5%25"
    assert [
        line
        for line in lines[1:]
        if not re.fullmatch(r"::(warning|notice) file=[^,:]+,line=\d+,endLine=\d+,title=[^,:]+::.+", line)
    ] == []
    assert len(lines) == 4
    assert sum("b%2Cc%3A 100%25/echo.md" in line for line in lines) == 1
    removed = {post.path: post.removed for post in report().posts}
    order = [next(path for path in removed if path.split("/")[-1] in line) for line in lines[1:]]
    assert [removed[path] for path in order] == sorted((removed[path] for path in order), reverse=True)


def test_gitlab_knows_a_finding_again_wherever_its_lines_move() -> None:
    issues = load("gitlab")
    assert len({issue["fingerprint"] for issue in issues}) == len(issues)
    assert {issue["severity"] for issue in issues} <= {"info", "minor", "major", "critical", "blocker"}
    assert all(issue["location"]["lines"]["begin"] > 0 and not issue["location"]["path"].startswith("./") for issue in issues)
    moved = json.loads(write_format(merge([told("a/rerun.md", f"新しい段落。\n\n{RERUN}")], []), "gitlab"))
    before = {issue["fingerprint"]: issue["location"]["lines"]["begin"] for issue in issues}
    assert [before[issue["fingerprint"]] + 2 == issue["location"]["lines"]["begin"] for issue in moved] == [True]


def test_junit_fails_posts_with_findings_and_holds_only_what_xml_may() -> None:
    bad = told("a\x0b.md", RERUN)
    root = ET.fromstring(write_format(merge([bad, told("b.md", CLEAN)], ["c.md: no"]), "junit"))
    (suite,) = root
    assert (suite.get("tests"), suite.get("failures"), suite.get("errors")) == ("2", "1", "1")
    assert [case.get("name") for case in suite if case.find("failure") is not None] == ["a\ufffd.md"]
    assert [case.get("name") for case in suite if case.find("error") is not None] == ["c.md"]


def test_rdjson_and_its_lines_say_the_same() -> None:
    whole = load("rdjson")
    lines = [json.loads(line) for line in write_format(report(), "rdjsonl").splitlines()]
    assert [{**each, "source": whole["source"]} for each in whole["diagnostics"]] == lines
    assert {each["severity"] for each in lines} <= {"UNKNOWN_SEVERITY", "ERROR", "WARNING", "INFO"}
    assert all(each["location"]["range"]["start"]["line"] <= each["location"]["range"]["end"]["line"] for each in lines)


def test_csv_has_a_row_for_each_finding_and_no_formula() -> None:
    whole = merge([told("=1+1.md", RERUN), *report().posts], [])
    rows = list(csv.DictReader(io.StringIO(write_format(whole, "csv"))))
    assert len(rows) == len(whole.findings)
    assert {row["path"] for row in rows} == {"'=1+1.md", *(post.path for post in report().posts if post.findings)}
    assert [int(row["line"]) for row in rows] == [finding.lines[0] for finding in whole.findings]


def test_concise_leads_an_editor_to_the_place() -> None:
    lines = write_format(report(), "concise").splitlines()
    assert len(lines) == len(report().findings)
    assert all(re.fullmatch(r".+\.md:\d+:\d+: [A-Z]+\d{3} .+", line) for line in lines)


def test_sarif_relates_a_finding_to_the_other_post(across: Report) -> None:
    results = json.loads(write_format(across, "sarif"))["runs"][0]["results"]
    assert len(results) == 2
    for result in results:
        (other,) = result["relatedLocations"]
        place = other["physicalLocation"]
        assert place["artifactLocation"]["uri"] == "2025-01-01-%E6%97%A5%E6%9C%AC.md"
        region = place["region"]
        start = offset(f"\ufeff{TWIN}", region["startLine"], region["startColumn"])
        stop = offset(f"\ufeff{TWIN}", region["endLine"], region["endColumn"])
        assert TWIN[start:stop] == TWIN.rstrip()
        assert other["id"] == 1
        assert "see 2025-01-01-日本.md, line 1" in result["message"]["text"]


def test_sarif_shows_the_other_posts_first_and_each_once(across: Report) -> None:
    (post,) = [each for each in across.posts if "b,c" in each.path]
    (finding,) = post.findings
    many = replace(post, findings=(finding, *[replace(finding, span=(1, 5), posts=number) for number in range(2, 300)]))
    (result,) = json.loads(write_format(merge([many], []), "sarif"))["runs"][0]["results"]
    messages = [each["message"]["text"] for each in result["relatedLocations"]]
    assert messages == ["in another post", *["also here"] * 99]


@pytest.mark.parametrize("form", ["text", "concise", "github", "gitlab", "junit", "rdjson", "rdjsonl", "csv", "markdown", "html"])
def test_every_format_names_the_other_post(across: Report, form: str) -> None:
    assert "2025-01-01-日本.md" in write_format(across, form)


def test_rdjson_and_csv_have_fields_for_the_other_post(across: Report) -> None:
    for diagnostic in json.loads(write_format(across, "rdjson"))["diagnostics"]:
        (other,) = diagnostic["related_locations"]
        assert other["location"] == {"path": "2025-01-01-日本.md", "range": {"start": {"line": 1}, "end": {"line": 5}}}
    (told, _) = csv.DictReader(io.StringIO(write_format(across, "csv")))
    assert (told["other_path"], told["other_line"]) == ("2025-01-01-日本.md", "1")
