"""What was found, as data with line numbers, and as text, JSON, JSON Lines, diff or Markdown; strings only."""

from __future__ import annotations

import json
from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from itertools import accumulate
from typing import Any

from dedupe.config import CONTINUATION, TEMPLATE
from dedupe.diff import unified_diff
from dedupe.language import N_, say, say_again, say_many
from dedupe.model import Draft, Elsewhere, Finding, Outcome, Rewording, Span, Wording
from dedupe.rules import RULES, say_reason

SCHEMA_VERSION = 1
FORMATS = ("text", "json", "jsonl", "diff")
_SHOWN = 60
_CHANGES = 4
_LISTED = 50
_STRIP = 76
"""Columns of a strip, so that it fits 80 with its margin; one of more drafts than half of that ends early."""
_SIGNS = {Wording.NEW: "#", Wording.COPY: "=", Wording.REWRITE: "~"}
_LEGEND = N_("Strips show a post from top to bottom: | begins a draft, # is new text, = a copy, ~ rewritten.")
_REPAIRED = N_("Repaired {posts}: {removed:,} of {characters:,} characters removed")
_WOULD_REPAIR = N_("`dedupe fix` would repair {posts}: {removed:,} of {characters:,} characters removed")
_DROPPED = N_(", continuations with all they say.")
_KEPT = N_("; what a post said, it still says.")
_WILL_BE_KEPT = N_("; `fix` proves first that what a post said, it still says.")
_RAN = N_("{posts} examined, {repaired} repaired; {removed:,} of {characters:,} characters removed.")
_DRY_RUN = N_("{posts} examined, {repaired} would be repaired; {removed:,} of {characters:,} characters would be removed.")
ERRORS = (
    N_("{file}: row {number}: {why}"),
    N_("{file}: row {number} and all up to row {end} cannot be read ({error}); they are not in the copy"),
    N_("{file}: row {number} and all up to row {end} cannot be read ({error})"),
    N_("has no {column}"),
    N_("is not JSON ({error})"),
    N_("is no text ({error})"),
    N_("the id holds half of a surrogate pair, which is no character"),
    N_("the text holds half of a surrogate pair, which is no character"),
    N_("the text is no text but {kind}"),
    N_("{file}: is from another version; made anew"),
    N_("{file}: is damaged ({error}); made anew"),
    N_("{file}: in use by {holder}; went on without it"),
    N_("{file}: cannot be used ({error}); went on without it"),
    N_("{file}: cannot be used ({error})"),
    N_("{file}: cannot be written ({error})"),
    N_("{name}: a defect of dedupe ({defect}); left as it was, please report it"),
    N_("{name}: changed on disk meanwhile; looked at again, nothing written"),
    N_("{name}: {why}; left as it was"),
    N_("the repair would remove {share} of the post; `--force` allows it"),
    N_("the repair does not settle after {count} rounds"),
    N_("{why} at {place}: {text}"),
    N_("the catalogue entry {entry} does not find its leak"),
    N_("a {kind} changes its meaning"),
)
"""What errors are made of that are put together where they are met, the more special ones first; `{place}` is in characters."""
_WORDS = (
    *(N_("no"), N_("one"), N_("two"), N_("three"), N_("four"), N_("five"), N_("six"), N_("seven"), N_("eight"), N_("nine")),
    *(N_("ten"), N_("eleven"), N_("twelve")),
)


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
    """A span of another post: characters, half-open, the lines it touches and its columns, as those of a `Place`."""

    path: str
    span: tuple[int, int]
    lines: tuple[int, int]
    columns: tuple[int, int]


@dataclass(frozen=True, slots=True)
class FindingLine:
    """A finding as reports show it; `excerpt` is the beginning of its text, `elsewhere` what it is about in other posts.

    `posts` counts those a template stands in, of which `elsewhere` names the first only.
    """

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
    posts: int | None = None


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

    @property
    def left(self) -> int:
        """How many of those stay for a person, because nothing is done about them."""
        return sum(not finding.edits for finding in self.wrong)


def report_post(outcome: Outcome, *, with_diff: bool = False) -> PostReport:
    """Return what reports say of one outcome, offsets turned into lines."""
    text = outcome.post.text
    lines = _find_lines(text) if outcome.findings else [0]
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
    named: defaultdict[str, set[Span]] = defaultdict(set)
    for other in (other for findings in found.values() for finding in findings for other in finding.elsewhere):
        named[other.path].add(other.span)
    told: dict[str, list[FindingLine]] = {}
    places: dict[Elsewhere, OtherPlace] = {}
    # Each post is read once, however many name it.
    for path in sorted({*found, *named}):
        text = read(path)
        lines = _find_lines(text)
        told[path] = [_line(finding, text, lines) for finding in found.get(path, ())]
        for span in named[path]:
            places[Elsewhere(path, span)] = OtherPlace(path, span, _place(span, lines), _columns(span, lines, text))
    return {
        path: tuple(
            replace(line, elsewhere=tuple(places[other] for other in finding.elsewhere))
            for line, finding in zip(told[path], findings, strict=True)
        )
        for path, findings in found.items()
    }


def add_findings(post: PostReport, findings: Iterable[FindingLine], baselined: int = 0) -> PostReport:
    """Return the report of a post with more findings, all in the order of their places."""
    every = sorted([*post.findings, *findings], key=lambda finding: (finding.span, finding.code))
    return replace(post, findings=tuple(every), baselined=post.baselined + baselined)


def _find_lines(text: str) -> list[int]:
    """Return where each line begins, and where one after the last would."""
    return [*accumulate(map((1).__add__, map(len, text.split("\n"))), initial=0)]


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
        posts=finding.posts,
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
        yield f"  {_lines(finding.lines)}: {finding.code} {say_finding(finding)}"
        yield say("; stays at {lines}", lines=_lines(finding.witness.lines)) if finding.witness else ""
        if finding.elsewhere:
            yield say("; see {path}, {lines}", path=finding.elsewhere[0].path, lines=_lines(finding.elsewhere[0].lines))
        waits = finding.safety == "unsafe" and not unsafe_fixes
        yield "" if finding.edits else say("; left alone without `--unsafe-fixes`") if waits else say("; left alone")
        yield f"\n      {finding.excerpt}\n" if finding.excerpt else "\n"
        yield from _differences(finding)
    if post.error:
        yield "  " + say("Not repaired: {why}", why=say_error(post.error)) + "\n"
    yield "\n"


def _differences(finding: FindingLine) -> Iterator[str]:
    """Yield in a line what a near copy says in other words than the text that stays."""
    changes = [change for rewording in finding.rewordings for change in rewording.changes]
    if changes:
        pairs = ({"goes": _quoted(change.goes), "stays": _quoted(change.stays)} for change in changes[:_CHANGES])
        shown = say(", ").join(say("{goes} for {stays}", **pair) for pair in pairs)
        more = say("; {count} more", count=len(changes) - _CHANGES) if len(changes) > _CHANGES else ""
        yield "      " + say("differs: {changes}", changes=shown) + f"{more}\n"


def _quoted(words: str) -> str:
    flat = " ".join(words.split())
    return f'"{flat[:_SHOWN]}{"…" if len(flat) > _SHOWN else ""}"' if flat else say("nothing")


def _lines(lines: tuple[int, int]) -> str:
    first, last = lines
    return say("line {first}", first=first) if first == last else say("lines {first}-{last}", first=first, last=last)


def say_finding(finding: FindingLine) -> str:
    """Return what a finding says, in the language of the reader."""
    said = say(RULES[finding.code].summary)
    reasons = [say_reason(reason) for reason in finding.evidence]
    return say("{wrong} ({said})", wrong=said, said=say("; ").join(reasons)) if reasons else said


def say_error(error: str) -> str:
    """Return why something was not done, in the language of the reader."""
    return say_again(error, ERRORS)


def _sentence(post: PostReport) -> str:
    """Say in a sentence what is wrong with a post, how much of it is repeated, and what would go."""
    counts = Counter(finding.code for finding in post.findings)
    wrong = _and(
        say("{count} {things}", count=count, things=say(RULES[code].one if count == 1 else RULES[code].many))
        for code, count in counts.items()
    )
    share = say("{share:.0%} of it is repeated", share=post.repeated_share) if post.repeated_share >= 0.005 else ""
    figures = {"removed": post.removed, "characters": post.characters}
    gone = say("{removed:,} of {characters:,} characters can go", **figures) if post.removed else say("nothing is removed")
    return say("; ").join(part for part in (wrong, share, gone) if part) + say(".")


def _drafts_sentence(drafts: Sequence[DraftLine]) -> str:
    """Say of how many drafts a post is made, and what the later ones add to the first."""
    later = Counter(draft.wording for draft in drafts[1:])
    count = len(drafts) - 1
    number = say(_WORDS[count]) if count < len(_WORDS) else f"{count:,}"
    if count == 1:
        (wording,) = later
        return {
            Wording.COPY: say("One draft and one continuation, a copy."),
            Wording.REWRITE: say("One draft and one continuation, a rewrite."),
            Wording.NEW: say("One draft and one continuation, with new text."),
        }[Wording(wording)]
    amounts = [
        (later[Wording.COPY], say_many("{amount} copy", "{amount} copies", later[Wording.COPY], amount="{amount}")),
        (later[Wording.REWRITE], say_many("{amount} rewrite", "{amount} rewrites", later[Wording.REWRITE], amount="{amount}")),
        (later[Wording.NEW], say("{amount} with new text", amount="{amount}")),
    ]
    kinds = [said.format(amount=say("all") if amount == count else f"{amount:,}") for amount, said in amounts if amount]
    return say("One draft and {number} continuations: {kinds}.", number=number, kinds=say(", ").join(kinds))


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
    return say(" and ").join(filter(None, (say(", ").join(every[:-1]), every[-1]))) if every else ""


def _totals(report: Report, *, repaired: bool) -> Iterator[str]:
    total = summarize(report)
    count = sum(total["findings"].values())
    posts = _posts(total["posts"])
    if not count and not report.errors:
        known, share = total["baselined"], total["repeated_share"]
        if known:
            yield say("{posts} examined: nothing repeated, nothing leaked that the baseline does not know.", posts=posts)
        elif share:
            yield say("{posts} examined: nothing found to tell; {share:.1%} of all text is repeated.", posts=posts, share=share)
        else:
            yield say("{posts} examined: nothing repeated, nothing leaked.", posts=posts)
        yield "\n"
        yield from _baselined(known)
        return
    where = {"findings": _findings(count), "some": total["posts_with_findings"], "posts": posts}
    yield say("{findings} in {some} of {posts}; {share:.1%} of all text is repeated.", **where, share=total["repeated_share"])
    yield "\n"
    if total["findings"]:
        yield "".join(f"  {code} {RULES[code].name}: {number}\n" for code, number in total["findings"].items())
    if total["posts_to_change"]:
        figures = {"posts": _posts(total["posts_to_change"]), "removed": total["removed"], "characters": total["characters"]}
        yield say(_REPAIRED if repaired else _WOULD_REPAIR, **figures)
        dropped = any(finding.edits for finding in report.findings if finding.code == CONTINUATION)
        yield say(_DROPPED) if dropped else say(_KEPT if repaired else _WILL_BE_KEPT)
        yield "\n"
    if report.left:
        yield say("{findings} left for a person.", findings=_findings(report.left)) + "\n"
    yield from _baselined(total["baselined"])
    yield from _unsafe(report)
    if any(post.drafts for post in report.posts):
        yield say(_LEGEND) + "\n"
    if report.errors:
        yield say("{posts} could not be examined or repaired; see the messages.", posts=_posts(len(report.errors))) + "\n"


def _baselined(count: int) -> Iterator[str]:
    if count:
        yield say_many("{count:,} finding is in the baseline.", "{count:,} findings are in the baseline.", count) + "\n"


def _unsafe(report: Report) -> Iterator[str]:
    """Say what more `--unsafe-fixes` would do, and what only it looks for."""
    waiting = sum(not finding.edits and finding.safety == "unsafe" for finding in report.findings)
    if waiting and not report.unsafe_fixes:
        yield say_many(
            "`--unsafe-fixes` would apply {count:,} more fix.", "`--unsafe-fixes` would apply {count:,} more fixes.", waiting
        )
        yield "\n"
    if report.findings and not (report.near or report.unsafe_fixes):
        posts = sum(any(draft.rewritten for draft in post.drafts) for post in report.posts)
        seen = say_many("; {count:,} post shows some", "; {count:,} posts show some", posts) if posts else ""
        yield say("Passages that stand again with small changes are looked for only with `--unsafe-fixes`{seen}.", seen=seen)
        yield "\n"


def _posts(count: int) -> str:
    return say_many("{count:,} post", "{count:,} posts", count)


def _findings(count: int) -> str:
    return say_many("{count:,} finding", "{count:,} findings", count)


def render_summary(report: Report, *, dry_run: bool) -> str:
    """Return the Markdown summary of a run of `fix`, or of a scan, which is no run."""
    total = summarize(report)
    rows = "".join(f"| {code} | {RULES[code].name} | {count} |\n" for code, count in total["findings"].items())
    worst = sorted((post for post in report.posts if post.removed), key=lambda post: (-post.removed, post.path))[:20]
    posts = "".join(
        f"| {_cell(post.path)} | {post.removed:,} | {post.removed / max(1, post.characters):.0%} |\n" for post in worst
    )
    total_figures = {"repaired": total["posts_to_change"], "removed": total["removed"], "characters": total["characters"]}
    told = say(_DRY_RUN if dry_run else _RAN, posts=_posts(total["posts"]), **total_figures)
    lines = [
        "# " + (say("Run {run}", run=report.run) if report.run else "dedupe") + "\n\n",
        say("{sentence} Repeated share before: {share:.1%}.", sentence=told, share=total["repeated_share"]) + "\n",
        *(f"\n{sentence}" for sentence in (*_baselined(total["baselined"]), *_unsafe(report))),
    ]
    if rows:
        lines.append("\n" + say("| rule | name | findings |") + f"\n| --- | --- | ---: |\n{rows}")
    lines += _across(report)
    if posts:
        lines.append("\n" + say("| post | characters removed | share |") + f"\n| --- | ---: | ---: |\n{posts}")
    if report.errors:
        errors = "".join(f"- {say_error(error)}\n" for error in report.errors)
        lines.append("\n## " + say("Not examined or not repaired") + f"\n\n{errors}")
    return "".join(lines)


def _across(report: Report) -> Iterator[str]:
    """Yield a table of what posts have in common with others."""
    told = [(post, finding) for post in report.posts for finding in post.findings if finding.elsewhere]
    if not told:
        return
    yield "\n" + say("| post | rule | other post |") + "\n| --- | --- | --- |\n"
    for post, finding in told[:_LISTED]:
        other = finding.elsewhere[0]
        here, there = (
            f"{_cell(path)}, {_lines(lines)}" for path, lines in ((post.path, finding.lines), (other.path, other.lines))
        )
        yield f"| {here} | {finding.code} {finding.name} | {there} |\n"
    if len(told) > _LISTED:
        yield "\n" + say("And {count:,} more.", count=len(told) - _LISTED) + "\n"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


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
