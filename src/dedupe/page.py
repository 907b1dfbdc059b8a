"""Make the report a page: one HTML file with everything in it, which opens from disk and asks nobody for anything."""

from __future__ import annotations

import base64
import hashlib
import json
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from html import escape
from importlib.resources import files
from typing import Any

from dedupe.config import TEMPLATE, TWIN
from dedupe.language import language, say, speaking
from dedupe.report import FindingLine, PostReport, Report, say_error, say_finding, summarize
from dedupe.rules import RULES

DETAILED = 500
"""Of so many posts, those that lose most, the page holds the texts."""


@dataclass(frozen=True, slots=True)
class Trend:
    """An earlier run, as the page draws it: the share that was repeated before it, and the characters it removed."""

    run: str
    share: float
    removed: int


def pack_detail(post: PostReport, text: str) -> str:
    """Return what the page shows of one post, its text included: JSON, deflated (RFC 1950), in base64.

    Spans are characters of `text`. Made where the post was examined, so that nobody has to hold the texts of a corpus.
    """
    told = asdict(post)
    detail = {key: told[key] for key in ("findings", "drafts", "changed", "error")} | {"text": text}
    raw = json.dumps(detail, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")
    return base64.b64encode(zlib.compress(raw, 9)).decode("ascii")


def rank(post: PostReport) -> tuple[int, int, str]:
    """Return by what the page sorts posts: those that lose most first."""
    return -post.removed, -len(post.findings), post.path


def write_page(report: Report, *, done: bool = False, trend: Sequence[Trend] = ()) -> str:
    """Return the page of a report as HTML; `done` tells that the repairs it speaks of were written.

    Of two runs or more in `trend`, oldest first, it draws how the repeated share went.

    It begins in the language that is spoken, and holds what it says in the other ones too. Nothing in it is loaded from
    elsewhere, and its policy lets no other script run than its own; text of posts is data, and becomes text on the page, never
    markup.
    """
    shown = sorted((post for post in report.posts if post.findings or post.error), key=rank)
    web = files("dedupe").joinpath("web")
    words = json.loads(web.joinpath("words.json").read_text("utf-8"))
    spoken = language() if language() in words else "en"
    data = {
        "language": spoken,
        "said": {code: _say_all(report, code) for code in words if code != "en"},
        "run": report.run,
        "done": done,
        "summary": summarize(report),
        "left": report.left,
        "names": {finding.code: RULES[finding.code].name for finding in report.findings},
        "shares": [post.repeated_share for post in report.posts],
        "posts": [_row(post) for post in shown],
        "twins": [_twin(post, finding) for post, finding in _told(report, TWIN) if finding.similarity is not None],
        "templates": [_template(post, finding) for post, finding in _told(report, TEMPLATE)],
        "trend": [asdict(each) for each in trend],
        "details": [post.detail for post in shown[:DETAILED]],
    }
    style, script = (web.joinpath(name).read_text("utf-8") for name in ("report.css", "report.js"))
    library = web.joinpath("vendor", "chart.umd.min.js").read_text("utf-8")
    pieces = {
        "%LANGUAGE%": spoken,
        "%POLICY%": _policy([style], [library, script]),
        "%CSS%": style,
        "%DATA%": _inline(data),
        "%WORDS%": _inline(words),
        "%NOSCRIPT%": escape(say("This report needs JavaScript. The same figures are in summary.md and report.json beside it.")),
        "%CHART%": library,
        "%SCRIPT%": script,
    }
    page = []
    for line in web.joinpath("report.html").read_text("utf-8").splitlines(keepends=True):
        mark = next((mark for mark in pieces if mark in line), None)
        page.append(line.replace(mark, pieces[mark]) if mark else line)
    return "".join(page)


def _say_all(report: Report, code: str) -> dict[str, str]:
    """Return what is told of findings and errors in another language, by what is told in English."""
    with speaking(code):
        told = {finding.message: say_finding(finding) for finding in report.findings}
        names = {rule.name: say(rule.one) for rule in (RULES[code] for code in {finding.code for finding in report.findings})}
        errors = [*report.errors, *(post.error for post in report.posts if post.error)]
        return dict(sorted(names.items())) | told | {error: say_error(error) for error in errors}


def _told(report: Report, code: str) -> Iterator[tuple[PostReport, FindingLine]]:
    return ((post, finding) for post in report.posts for finding in post.findings if finding.code == code)


def _twin(post: PostReport, finding: FindingLine) -> dict[str, Any]:
    return {"path": post.path, "other": finding.elsewhere[0].path, "similarity": finding.similarity}


def _template(post: PostReport, finding: FindingLine) -> dict[str, Any]:
    return {"path": post.path, "text": finding.excerpt, "posts": finding.posts}


def _row(post: PostReport) -> dict[str, Any]:
    return {
        "path": post.path,
        "removed": post.removed,
        "characters": post.characters,
        "share": post.repeated_share,
        "findings": len(post.findings),
    }


def _inline(value: Any) -> str:
    """Return JSON that ends no script element, whatever it says."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace").decode("utf-8")
    return text.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")


def _policy(styles: Sequence[str], scripts: Sequence[str]) -> str:
    """Return a Content Security Policy (level 3) that allows these elements alone."""

    def allowed(texts: Sequence[str]) -> str:
        digests = (hashlib.sha256(text.encode("utf-8")).digest() for text in texts)
        return " ".join(f"'sha256-{base64.b64encode(digest).decode('ascii')}'" for digest in digests)

    return f"default-src 'none'; style-src {allowed(styles)}; script-src {allowed(scripts)}; base-uri 'none'; form-action 'none'"
