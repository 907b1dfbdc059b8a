"""Say what was found in the formats of other programs: editors, code hosts, test reports, tables; strings only."""

from __future__ import annotations

import csv
import io
import json
import re
import xml.etree.ElementTree as ET
from collections import Counter
from collections.abc import Iterator, Sequence
from hashlib import blake2b
from importlib.metadata import version
from itertools import groupby
from typing import Any
from urllib.parse import quote

from dedupe.page import write_page
from dedupe.report import FORMATS as OWN
from dedupe.report import FindingLine, OtherPlace, Place, PostReport, Report, render, render_summary
from dedupe.rules import RULES

FORMATS = (*OWN, "concise", "html", "markdown", "csv", "sarif", "github", "gitlab", "junit", "rdjson", "rdjsonl")

_SARIF_LEVELS = {"safe": "warning", "unsafe": "warning", "display": "note"}
_GITHUB_LEVELS = {"safe": "warning", "unsafe": "warning", "display": "notice"}
_GITLAB_SEVERITIES = {"safe": "major", "unsafe": "minor", "display": "info"}
_RD_SEVERITIES = {"safe": "WARNING", "unsafe": "WARNING", "display": "INFO"}
_COLUMNS = (
    *("path", "line", "end_line", "code", "name", "safety", "similarity", "witness_line", "other_path", "other_line"),
    *("fingerprint", "message"),
)
_RANKS = ("safe", "unsafe", "display")
_STAYS, _OTHER = "the copy that stays", "in another post"
_MOST_RELATED = 100
"""GitHub shows no more related locations of a result."""
_NO_XML = re.compile(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def write_format(report: Report, form: str, *, repaired: bool = False) -> str:
    """Return the report in one of FORMATS, ended by a newline unless empty; posts and findings in the order of the report.

    Lines and columns count from 1, columns in characters (code points), ends exclusive, a BOM not counted.
    """
    if form in OWN:
        return render(report, form, repaired=repaired)
    if form == "html":
        return write_page(report, done=repaired)
    if form == "markdown":
        return render_summary(report, dry_run=not repaired)
    if form == "csv":
        return _csv(report)
    if form == "junit":
        return _junit(report)
    if form in {"sarif", "gitlab", "rdjson"}:
        value = {"sarif": _sarif, "gitlab": _gitlab, "rdjson": _rdjson}[form](report)
        return json.dumps(value, ensure_ascii=False, indent=2) + "\n"
    lines = {"concise": _concise, "github": _github, "rdjsonl": _rdjsonl}[form](report)
    return "".join(f"{line}\n" for line in lines)


def _concise(report: Report) -> Iterator[str]:
    for post in report.posts:
        for finding in post.findings:
            yield f"{post.path}:{finding.lines[0]}:{finding.columns[0]}: {finding.code} {_message(finding)}"


def _message(finding: FindingLine) -> str:
    """Return what a finding says and, across posts, where it stands in the first of the others."""
    if not finding.elsewhere:
        return finding.message
    other = finding.elsewhere[0]
    more = f" and {len(finding.elsewhere) - 1} more" if len(finding.elsewhere) > 1 else ""
    return f"{finding.message}; see {other.path}, line {other.lines[0]}{more}"


def _csv(report: Report) -> str:
    out = io.StringIO()
    table = csv.writer(out, lineterminator="\n")
    table.writerow(_COLUMNS)
    for post in report.posts:
        for finding in post.findings:
            witness = finding.witness.lines[0] if finding.witness else None
            other, line = (_cell(finding.elsewhere[0].path), finding.elsewhere[0].lines[0]) if finding.elsewhere else (None, None)
            told = [finding.code, finding.name, finding.safety, finding.similarity, witness, other, line, finding.fingerprint]
            table.writerow([_cell(post.path), *finding.lines, *told, finding.message])
    return out.getvalue()


def _cell(text: str) -> str:
    """Keep a file name from being read as a formula (OWASP, CSV injection)."""
    return f"'{text}" if text.startswith(("=", "+", "-", "@", "\t", "\r")) else text


def _github(report: Report) -> Iterator[str]:
    """Yield workflow commands, worst posts first and one for each, for only some ten of a run are shown."""
    for error in report.errors:
        yield f"::error::{_escape_data(error)}"
    for post in sorted(report.posts, key=lambda post: (-post.removed, -len(post.findings), post.path)):
        if not post.findings:
            continue
        first = _worst(post.findings)
        more = f" ({len(post.findings) - 1} more in this post)" if len(post.findings) > 1 else ""
        title = f"{first.code} {first.name}"
        place = f"file={_escape(post.path)},line={first.lines[0]},endLine={first.lines[1]},title={_escape(title)}"
        yield f"::{_GITHUB_LEVELS[first.safety]} {place}::{_escape_data(_message(first) + more)}"


def _worst(findings: Sequence[FindingLine]) -> FindingLine:
    return min(findings, key=lambda finding: (_RANKS.index(finding.safety), finding.span[0] - finding.span[1], finding.span))


def _escape_data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _escape(text: str) -> str:
    return _escape_data(text).replace(":", "%3A").replace(",", "%2C")


def _gitlab(report: Report) -> list[dict[str, Any]]:
    """Return a Code Quality report; what stands twice in a post has its number in the fingerprint, lines have no part in it."""
    issues = []
    for post in report.posts:
        met: Counter[str] = Counter()
        for finding in post.findings:
            met[finding.fingerprint] += 1
            own = f"{post.path}\0{finding.fingerprint}\0{met[finding.fingerprint]}"
            issues.append(
                {
                    "description": f"{finding.code} {_message(finding)}",
                    "check_name": finding.name,
                    "fingerprint": _digest(own),
                    "severity": _GITLAB_SEVERITIES[finding.safety],
                    "location": {"path": post.path, "lines": {"begin": finding.lines[0], "end": finding.lines[1]}},
                }
            )
    return issues


def _digest(text: str) -> str:
    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


def _junit(report: Report) -> str:
    """Return a test suite with a case for each post, which fails by its findings."""
    failed = sum(bool(post.findings) for post in report.posts)
    counts = {"name": "dedupe", "tests": str(len(report.posts)), "failures": str(failed), "errors": str(len(report.errors))}
    root = ET.Element("testsuites", counts)
    suite = ET.SubElement(root, "testsuite", counts)
    for post in report.posts:
        folder, _, name = _xml(post.path).rpartition("/")
        case = ET.SubElement(suite, "testcase", classname=folder or ".", name=name, file=_xml(post.path))
        if post.findings:
            message = f"{len(post.findings)} finding{'' if len(post.findings) == 1 else 's'}"
            failure = ET.SubElement(case, "failure", message=message, type=_worst(post.findings).code)
            failure.text = _xml("\n".join(f"line {each.lines[0]}: {each.code} {_message(each)}" for each in post.findings))
    for error in report.errors:
        case = ET.SubElement(suite, "testcase", classname="dedupe", name=_xml(error.split(":", 1)[0]))
        ET.SubElement(case, "error", message=_xml(error), type="error")
    ET.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ET.tostring(root, encoding="unicode") + "\n"


def _xml(text: str) -> str:
    return _NO_XML.sub("\ufffd", text)


def _rdjson(report: Report) -> dict[str, Any]:
    return {"source": {"name": "dedupe"}, "diagnostics": [each for post in report.posts for each in _diagnostics(post)]}


def _rdjsonl(report: Report) -> Iterator[str]:
    for post in report.posts:
        for each in _diagnostics(post):
            yield json.dumps(each | {"source": {"name": "dedupe"}}, ensure_ascii=False)


def _diagnostics(post: PostReport) -> Iterator[dict[str, Any]]:
    """Yield diagnostics by lines: columns of the Reviewdog Diagnostic Format are bytes, and suggestions come as a diff."""
    for finding in post.findings:
        related = [(_STAYS, post.path, finding.witness.lines)] if finding.witness else []
        related += [(_OTHER, other.path, other.lines) for other in finding.elsewhere]
        diagnostic: dict[str, Any] = {
            "message": _message(finding),
            "location": _rd_location(post.path, finding.lines),
            "severity": _RD_SEVERITIES[finding.safety],
            "code": {"value": finding.code},
        }
        if related:
            diagnostic["related_locations"] = [
                {"message": message, "location": _rd_location(path, lines)} for message, path, lines in related
            ]
        yield diagnostic


def _rd_location(path: str, lines: tuple[int, int]) -> dict[str, Any]:
    return {"path": path, "range": {"start": {"line": lines[0]}, "end": {"line": lines[1]}}}


def _sarif(report: Report) -> dict[str, Any]:
    """Return a SARIF 2.1.0 log with one result for each post and rule, for code hosts show only some thousands."""
    used = sorted({finding.code for finding in report.findings})
    run = {
        "tool": {"driver": {"name": "dedupe", "version": version("dedupe-posts"), "rules": [_sarif_rule(code) for code in used]}},
        "columnKind": "unicodeCodePoints",
        "invocations": [
            {
                "executionSuccessful": not report.errors,
                "toolExecutionNotifications": [{"level": "error", "message": {"text": error}} for error in report.errors],
            }
        ],
        "results": [_sarif_result(post, findings) for post in report.posts for findings in _by_rule(post)],
    }
    return {"$schema": "https://json.schemastore.org/sarif-2.1.0.json", "version": "2.1.0", "runs": [run]}


def _sarif_rule(code: str) -> dict[str, Any]:
    rule = RULES[code]
    page = rule.page().strip()
    return {
        "id": code,
        "name": "".join(word.capitalize() for word in rule.name.split("-")),
        "shortDescription": {"text": rule.one},
        "fullDescription": {"text": rule.summary},
        "help": {"text": page, "markdown": page},
        "defaultConfiguration": {"level": "warning"},
        "properties": {"tags": ["duplication"], "precision": "high"},
    }


def _by_rule(post: PostReport) -> Iterator[list[FindingLine]]:
    for _, findings in groupby(sorted(post.findings, key=lambda each: (each.code, each.span)), key=lambda each: each.code):
        yield list(findings)


def _sarif_result(post: PostReport, findings: list[FindingLine]) -> dict[str, Any]:
    worst = _worst(findings)
    more = f" ({len(findings) - 1} more in this post)" if len(findings) > 1 else ""
    related = [_location(post.path, each, "also here") for each in findings if each is not worst]
    related += [_location(post.path, each.witness, _STAYS) for each in findings if each.witness]
    # That of the finding whose message names it comes first, and is not lost where there are too many.
    others = (other for each in (worst, *findings) for other in each.elsewhere)
    related = [*(_location(other.path, other, _OTHER) for other in dict.fromkeys(others)), *related]
    result = {
        "ruleId": worst.code,
        "level": _SARIF_LEVELS[worst.safety],
        "message": {"text": _message(worst) + more},
        "locations": [_location(post.path, worst)],
        "relatedLocations": [{"id": number, **each} for number, each in enumerate(related[:_MOST_RELATED], 1)],
        "partialFingerprints": {"dedupePostAndRule/v1": _digest(f"{post.path}\0{worst.code}")},
        "properties": {"safety": worst.safety, "findings": [each.fingerprint for each in findings]},
    }
    edits = [edit for finding in findings for edit in finding.edits]
    # Only all edits of a post together are proved, so a fix is offered where one rule makes all of them.
    if edits and post.changed and all(finding.code == worst.code for finding in post.findings if finding.edits):
        replacements = [
            {"deletedRegion": _region(edit.lines, edit.columns), "insertedContent": {"text": edit.replacement}} for edit in edits
        ]
        change = {"artifactLocation": {"uri": _uri(post.path)}, "replacements": replacements}
        result["fixes"] = [{"description": {"text": "Remove what stands twice"}, "artifactChanges": [change]}]
    return result


def _location(path: str, place: FindingLine | Place | OtherPlace, message: str | None = None) -> dict[str, Any]:
    physical = {"artifactLocation": {"uri": _uri(path)}, "region": _region(place.lines, place.columns)}
    return {"physicalLocation": physical, **({"message": {"text": message}} if message else {})}


def _region(lines: tuple[int, int], columns: tuple[int, int]) -> dict[str, int]:
    return {"startLine": lines[0], "startColumn": columns[0], "endLine": lines[1], "endColumn": columns[1]}


def _uri(path: str) -> str:
    return ("file://" if path.startswith("/") else "") + quote(path)
