"""What was found, as data with line numbers, and as text, JSON, JSON Lines, diff or Markdown; strings only."""

from __future__ import annotations

import json
import re
from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import lru_cache
from typing import Any

from dedupe.config import CONTINUATION, TEMPLATE
from dedupe.diff import unified_diff
from dedupe.model import Draft, Finding, Outcome, Rewording, Span, Wording
from dedupe.rules import RULES

SCHEMA_VERSION = 1
FORMATS = ("text", "json", "jsonl", "diff")
_SHOWN = 60
_CHANGES = 4
_STRIP = 76
"""Columns of a strip, so that it fits 80 with its margin; one of more drafts than half of that ends early."""
_SIGNS = {Wording.NEW: "#", Wording.COPY: "=", Wording.REWRITE: "~"}
_LEGEND = "Strips show a post from top to bottom: | begins a draft, # is new text, = a copy, ~ rewritten.\n"
_WORDS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")


@dataclass(frozen=True, slots=True)
class Place:
    """A span of a post: characters, half-open, the first and last line it touches, and its columns.

    Lines and columns count from 1; the columns are that of the first character and that after the last one. A BOM has none.
    """

    span: tuple[int, int]
    lines: tuple[int, int]
    columns: tuple[int, int]


@dataclass(frozen=True, slots=True)
class EditLine:
    """An edit: what it replaces, and by what."""

    span: tuple[int, int]
    lines: tuple[int, int]
    columns: tuple[int, int]
    replacement: str


@dataclass(frozen=True, slots=True)
class OtherPlace:
    """A span of another post: characters, half-open, and the first and last line it touches, from 1."""

    path: str
    span: tuple[int, int]
    lines: tuple[int, int]


@dataclass(frozen=True, slots=True)
class FindingLine:
    """A finding as reports show it; `excerpt` is the beginning of its text, `elsewhere` what it is about in other posts."""

    code: str
    name: str
    safety: str
    similarity: float | None
    span: tuple[int, int]
    lines: tuple[int, int]
    columns: tuple[int, int]
    witness: Place | None
    evidence: tuple[str, ...]
    edits: tuple[EditLine, ...]
    rewordings: tuple[Rewording, ...]
    message: str
    excerpt: str
    fingerprint: str
    elsewhere: tuple[OtherPlace, ...] = ()


@dataclass(frozen=True, slots=True)
class PartLine:
    """A stretch of a draft that is all new, all copied or all rewritten."""

    wording: str
    span: tuple[int, int]


@dataclass(frozen=True, slots=True)
class DraftLine:
    """A draft as reports show it: what it amounts to, and its characters without white space by what they are."""

    wording: str
    span: tuple[int, int]
    lines: tuple[int, int]
    new: int
    copied: int
    rewritten: int
    parts: tuple[PartLine, ...]


@dataclass(frozen=True, slots=True)
class PostReport:
    """What is said of one post. Shares are of its characters without white space; `error` tells why nothing was done.

    `diff` and `detail` (for the page) are empty unless asked for, and in no JSON.
    """

    path: str
    findings: tuple[FindingLine, ...] = ()
    characters: int = 0
    removed: int = 0
    repeated_share: float = 0.0
    changed: bool = False
    error: str | None = None
    drafts: tuple[DraftLine, ...] = ()
    baselined: int = 0
    diff: str = ""
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Report:
    """All posts of a run, in order of their names; whether unsafe fixes were asked for, and near copies looked for.

    `held` tells why a run that was to write wrote nothing: it would have done more than its limits allow.
    """

    posts: tuple[PostReport, ...]
    errors: tuple[str, ...] = ()
    run: str | None = None
    unsafe_fixes: bool = False
    near: bool = False
    held: str | None = None

    @property
    def findings(self) -> list[FindingLine]:
        return [finding for post in self.posts for finding in post.findings]

    @property
    def wrong(self) -> list[FindingLine]:
        """The findings that ask for something: all but templates, which are wanted where they stand."""
        return [finding for finding in self.findings if finding.code != TEMPLATE]


def report_post(outcome: Outcome, *, with_diff: bool = False) -> PostReport:
    """Return what reports say of one outcome, offsets turned into lines."""
    text = outcome.post.text
    lines = [0, *(newline.end() for newline in re.finditer("\n", text))] if outcome.findings else [0]
    edits = [edit for finding in outcome.findings for edit in finding.edits]
    before = outcome.post.ink
    after = replace(outcome.post, text=outcome.repaired).ink
    return PostReport(
        path=outcome.post.name,
        findings=tuple(_line(finding, text, lines) for finding in outcome.findings),
        characters=before,
        removed=before - after,
        repeated_share=round(outcome.repeated_share, 4),
        changed=outcome.changed,
        error=outcome.proof_error,
        drafts=tuple(_draft_line(draft, text, lines) for draft in outcome.drafts),
        baselined=outcome.baselined,
        diff=unified_diff(outcome.post.name, text, edits) if with_diff and outcome.changed else "",
    )


def report_across(found: Mapping[str, Sequence[Finding]], read: Callable[[str], str]) -> dict[str, tuple[FindingLine, ...]]:
    """Return what reports say of findings across posts, by the names of these; `read` gives the text of a post."""

    @lru_cache(maxsize=64)
    def breaks(path: str) -> list[int]:
        return [0, *(newline.end() for newline in re.finditer("\n", read(path)))]

    return {
        path: tuple(
            replace(
                _line(finding, read(path), breaks(path)),
                elsewhere=tuple(OtherPlace(other, span, _place(span, breaks(other))) for other, span in finding.elsewhere),
            )
            for finding in findings
        )
        for path, findings in found.items()
    }


def add_findings(post: PostReport, findings: Iterable[FindingLine], baselined: int = 0) -> PostReport:
    """Return the report of a post with more findings, all in the order of their places."""
    every = sorted([*post.findings, *findings], key=lambda finding: (finding.span, finding.code))
    return replace(post, findings=tuple(every), baselined=post.baselined + baselined)


def _place(span: Span, lines: list[int]) -> tuple[int, int]:
    return bisect_right(lines, span.start), bisect_right(lines, max(span.start, span.end - 1))


def _columns(span: Span, lines: list[int], text: str) -> tuple[int, int]:
    first, last = _place(span, lines)
    bom = text.startswith("\ufeff")
    return span.start - lines[first - 1] + 1 - (bom and first == 1), span.end - lines[last - 1] + 1 - (bom and last == 1)


def _draft_line(draft: Draft, text: str, lines: list[int]) -> DraftLine:
    counts = dict.fromkeys(Wording, 0)
    for wording, span in draft.parts:
        counts[wording] += sum(map(len, text[span.start : span.end].split()))
    return DraftLine(
        wording=draft.wording.value,
        span=draft.span,
        lines=_place(draft.span, lines),
        new=counts[Wording.NEW],
        copied=counts[Wording.COPY],
        rewritten=counts[Wording.REWRITE],
        parts=tuple(PartLine(wording.value, span) for wording, span in draft.parts),
    )


def _line(finding: Finding, text: str, lines: list[int]) -> FindingLine:
    excerpt = " ".join(text[finding.span.start : finding.span.end][: 2 * _SHOWN].split())
    return FindingLine(
        code=finding.code,
        name=RULES[finding.code].name,
        safety=finding.safety.name.lower(),
        similarity=finding.similarity,
        span=finding.span,
        lines=_place(finding.span, lines),
        columns=_columns(finding.span, lines, text),
        witness=_witness(finding, text, lines),
        evidence=finding.evidence,
        edits=tuple(
            EditLine(edit.span, _place(edit.span, lines), _columns(edit.span, lines, text), edit.replacement)
            for edit in finding.edits
        ),
        rewordings=finding.rewordings,
        message=finding.message,
        excerpt=excerpt[:_SHOWN] + ("…" if len(excerpt) > _SHOWN else ""),
        fingerprint=finding.fingerprint,
    )


def _witness(finding: Finding, text: str, lines: list[int]) -> Place | None:
    span = finding.witness
    return Place(span, _place(span, lines), _columns(span, lines, text)) if span else None


def summarize(report: Report) -> dict[str, Any]:
    """Return the totals of a report, as JSON has them."""
    characters = sum(post.characters for post in report.posts)
    repeated = sum(post.repeated_share * post.characters for post in report.posts)
    by_code = Counter(finding.code for finding in report.findings)
    by_safety = Counter(finding.safety for finding in report.findings)
    return {
        "posts": len(report.posts),
        "posts_with_findings": sum(bool(post.findings) for post in report.posts),
        "posts_to_change": sum(post.changed for post in report.posts),
        "findings": dict(sorted(by_code.items())),
        "safety": {name: by_safety.get(name, 0) for name in ("safe", "unsafe", "display")},
        "characters": characters,
        "removed": sum(post.removed for post in report.posts),
        "repeated_share": round(repeated / characters, 4) if characters else 0.0,
        "baselined": sum(post.baselined for post in report.posts),
        "errors": list(report.errors),
    }


def render(report: Report, form: str, *, repaired: bool = False) -> str:
    """Return the report in one of FORMATS, ended by a newline unless empty."""
    if form == "json":
        return json.dumps(to_json(report), ensure_ascii=False, indent=2) + "\n"
    if form == "jsonl":
        return "".join(_jsonl(report))
    if form == "diff":
        return "".join(post.diff for post in report.posts)
    return "".join(_text(report, repaired=repaired))


def to_json(report: Report) -> dict[str, Any]:
    """Return the report as JSON has it; `schema.json` in the package describes it."""
    return {
        "schema_version": SCHEMA_VERSION,
        "run": report.run,
        "summary": summarize(report),
        "posts": [_post_json(post) for post in report.posts if post.findings or post.error],
    }


def _post_json(post: PostReport) -> dict[str, Any]:
    raw = asdict(post)
    del raw["diff"], raw["detail"]
    return raw


def _jsonl(report: Report) -> Iterator[str]:
    for post in report.posts:
        for finding in post.findings:
            yield json.dumps({"path": post.path, **asdict(finding)}, ensure_ascii=False) + "\n"


def _text(report: Report, *, repaired: bool) -> Iterator[str]:
    for post in report.posts:
        if post.findings or post.error:
            yield from _post_text(post, unsafe_fixes=report.unsafe_fixes)
    yield from _totals(report, repaired=repaired)


def _post_text(post: PostReport, *, unsafe_fixes: bool) -> Iterator[str]:
    yield f"{post.path}\n  {_sentence(post)}\n"
    if post.drafts:
        yield f"  {_drafts_sentence(post.drafts)}\n  {_strip(post.drafts)}\n"
    for finding in post.findings:
        yield f"  {_lines(finding.lines)}: {finding.code} {finding.message}"
        yield f"; stays at {_lines(finding.witness.lines)}" if finding.witness else ""
        yield f"; see {finding.elsewhere[0].path}, {_lines(finding.elsewhere[0].lines)}" if finding.elsewhere else ""
        waits = finding.safety == "unsafe" and not unsafe_fixes
        yield "" if finding.edits else "; left alone without `--unsafe-fixes`" if waits else "; left alone"
        yield f"\n      {finding.excerpt}\n" if finding.excerpt else "\n"
        yield from _differences(finding)
    if post.error:
        yield f"  Not repaired: {post.error}\n"
    yield "\n"


def _differences(finding: FindingLine) -> Iterator[str]:
    """Yield in a line what a near copy says in other words than the text that stays."""
    changes = [change for rewording in finding.rewordings for change in rewording.changes]
    if changes:
        shown = [f"{_quoted(change.goes)} for {_quoted(change.stays)}" for change in changes[:_CHANGES]]
        more = f"; {len(changes) - _CHANGES} more" if len(changes) > _CHANGES else ""
        yield f"      differs: {', '.join(shown)}{more}\n"


def _quoted(words: str) -> str:
    flat = " ".join(words.split())
    return f'"{flat[:_SHOWN]}{"…" if len(flat) > _SHOWN else ""}"' if flat else "nothing"


def _lines(lines: tuple[int, int]) -> str:
    return f"line {lines[0]}" if lines[0] == lines[1] else f"lines {lines[0]}-{lines[1]}"


def _sentence(post: PostReport) -> str:
    """Say in a sentence what is wrong with a post, how much of it is repeated, and what would go."""
    counts = Counter(finding.code for finding in post.findings)
    wrong = _and(f"{count} {RULES[code].one if count == 1 else RULES[code].many}" for code, count in counts.items())
    share = f"{post.repeated_share:.0%} of it is repeated" if post.repeated_share >= 0.005 else ""
    gone = f"{post.removed:,} of {post.characters:,} characters can go" if post.removed else "nothing is removed"
    return "; ".join(part for part in (wrong, share, gone) if part) + "."


def _drafts_sentence(drafts: Sequence[DraftLine]) -> str:
    """Say of how many drafts a post is made, and what the later ones add to the first."""
    later = Counter(draft.wording for draft in drafts[1:])
    count = len(drafts) - 1
    number = _WORDS[count] if count < len(_WORDS) else f"{count:,}"
    if count == 1:
        (wording,) = later
        return f"One draft and one continuation, {'with new text' if wording == Wording.NEW else f'a {wording}'}."
    kinds = [
        f"{'all' if amount == count else f'{amount:,}'} {one if amount == 1 else many}"
        for wording, one, many in (
            (Wording.COPY, "copy", "copies"),
            (Wording.REWRITE, "rewrite", "rewrites"),
            (Wording.NEW, "with new text", "with new text"),
        )
        if (amount := later[wording])
    ]
    return f"One draft and {number} continuations: {', '.join(kinds)}."


def _strip(drafts: Sequence[DraftLine]) -> str:
    """Draw a post from top to bottom in one line: each draft as long as its share, each sign what most of that text is."""
    shown = drafts[: _STRIP // 2 - 1]
    lengths = [sum(part.span[1] - part.span[0] for part in draft.parts) for draft in shown]
    # Each draft has a sign at least; what room is left is shared by length.
    room = _STRIP - 2 * len(shown) - 1
    cells = [1 + room * length // max(1, sum(lengths)) for length in lengths]
    return "|" + "".join(_cells(draft, count) + "|" for draft, count in zip(shown, cells, strict=True))


def _cells(draft: DraftLine, count: int) -> str:
    text = "".join(_SIGNS[Wording(part.wording)] * (part.span[1] - part.span[0]) for part in draft.parts)
    pieces = [text[index * len(text) // count : (index + 1) * len(text) // count] or text[-1:] for index in range(count)]
    # Nearly every piece is all of one kind, and that is told sooner than counted.
    signs = [piece[0] if piece == piece[0] * len(piece) else max(_SIGNS.values(), key=piece.count) for piece in pieces]
    # A draft with new text shows some, however short it is beside the rest.
    if draft.wording == Wording.NEW and _SIGNS[Wording.NEW] not in signs:
        signs[max(range(count), key=lambda index: pieces[index].count(_SIGNS[Wording.NEW]))] = _SIGNS[Wording.NEW]
    return "".join(signs)


def _and(parts: Iterable[str]) -> str:
    every = list(parts)
    return " and ".join(filter(None, (", ".join(every[:-1]), every[-1]))) if every else ""


def _totals(report: Report, *, repaired: bool) -> Iterator[str]:
    total = summarize(report)
    count = sum(total["findings"].values())
    posts = _plural(total["posts"], "post")
    if not count and not report.errors:
        new = " that the baseline does not know" if total["baselined"] else ""
        yield f"{posts} examined: nothing repeated, nothing leaked{new}.\n"
        yield from _baselined(total["baselined"])
        return
    yield f"{_plural(count, 'finding')} in {total['posts_with_findings']} of {posts}; "
    yield f"{total['repeated_share']:.1%} of all text is repeated.\n"
    if total["findings"]:
        yield "".join(f"  {code} {RULES[code].name}: {number}\n" for code, number in total["findings"].items())
    if total["posts_to_change"]:
        verb = "Repaired" if repaired else "`dedupe fix` would repair"
        yield f"{verb} {_plural(total['posts_to_change'], 'post')}: {total['removed']:,} of {total['characters']:,} characters"
        dropped = any(finding.edits for finding in report.findings if finding.code == CONTINUATION)
        kept = "what a post said, it still says" if repaired else "`fix` proves first that what a post said, it still says"
        yield " removed, continuations with all they say.\n" if dropped else f" removed; {kept}.\n"
    left = sum(not finding.edits for finding in report.wrong)
    if left:
        yield f"{_plural(left, 'finding')} left for a person.\n"
    yield from _baselined(total["baselined"])
    yield from _unsafe(report)
    if any(post.drafts for post in report.posts):
        yield _LEGEND
    if report.errors:
        yield f"{_plural(len(report.errors), 'post')} could not be examined or repaired; see the messages.\n"


def _baselined(count: int) -> Iterator[str]:
    if count:
        yield f"{_plural(count, 'finding')} {'is' if count == 1 else 'are'} in the baseline.\n"


def _unsafe(report: Report) -> Iterator[str]:
    """Say what more `--unsafe-fixes` would do, and what only it looks for."""
    waiting = sum(not finding.edits and finding.safety == "unsafe" for finding in report.findings)
    if waiting and not report.unsafe_fixes:
        yield f"`--unsafe-fixes` would apply {waiting:,} more {'fix' if waiting == 1 else 'fixes'}.\n"
    if report.findings and not (report.near or report.unsafe_fixes):
        posts = sum(any(draft.rewritten for draft in post.drafts) for post in report.posts)
        seen = f"; {_plural(posts, 'post')} {'shows' if posts == 1 else 'show'} some" if posts else ""
        yield f"Passages that stand again with small changes are looked for only with `--unsafe-fixes`{seen}.\n"


def _plural(count: int, noun: str) -> str:
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def render_summary(report: Report, *, dry_run: bool) -> str:
    """Return the Markdown summary of a run of `fix`."""
    total = summarize(report)
    done = "would be " if dry_run else ""
    rows = "".join(f"| {code} | {RULES[code].name} | {count} |\n" for code, count in total["findings"].items())
    worst = sorted((post for post in report.posts if post.removed), key=lambda post: (-post.removed, post.path))[:20]
    posts = "".join(
        f"| {post.path.replace('|', chr(92) + '|')} | {post.removed:,} | {post.removed / max(1, post.characters):.0%} |\n"
        for post in worst
    )
    lines = [
        f"# Run {report.run}\n\n",
        f"{_plural(total['posts'], 'post')} examined, {total['posts_to_change']} {done}repaired; ",
        f"{total['removed']:,} of {total['characters']:,} characters {done}removed. ",
        f"Repeated share before: {total['repeated_share']:.1%}.\n",
        *(f"\n{sentence}" for sentence in (*_baselined(total["baselined"]), *_unsafe(report))),
    ]
    if rows:
        lines.append(f"\n| rule | name | findings |\n| --- | --- | ---: |\n{rows}")
    if posts:
        lines.append(f"\n| post | characters removed | share |\n| --- | ---: | ---: |\n{posts}")
    if report.errors:
        lines.append("\n## Not examined or not repaired\n\n" + "".join(f"- {error}\n" for error in report.errors))
    return "".join(lines)


def merge(
    reports: Sequence[PostReport],
    errors: Sequence[str],
    run: str | None = None,
    *,
    unsafe_fixes: bool = False,
    near: bool = False,
    held: str | None = None,
) -> Report:
    """Return one report of many posts, sorted by name, whatever order they were examined in."""
    posts = tuple(sorted(reports, key=lambda post: post.path))
    return Report(posts, tuple(sorted(errors)), run, unsafe_fixes=unsafe_fixes, near=near, held=held)
