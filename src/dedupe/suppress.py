"""Find what an author wrote into a post to have text left alone: comments and front matter."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from dedupe.header import read_values
from dedupe.model import Block, Post, Span

# Whoever writes a mark by hand, with an input method, or with a reason is understood.
_OPEN = r"<!--+\s*dedupe\s*"
_CLOSE = r"(?:\s--\s.*?)?\s*--+>"
_SWITCH = re.compile(rf"{_OPEN}[:：]\s*(?P<switch>on|off){_CLOSE}", re.DOTALL | re.IGNORECASE)
_NEXT = re.compile(rf"{_OPEN}[:：]\s*ignore-next-block\b(?P<codes>.*?){_CLOSE}", re.DOTALL | re.IGNORECASE)
_MARK = re.compile(rf"{_OPEN}[:：].*?-->", re.DOTALL | re.IGNORECASE)
_DIRECTIVE = re.compile(rf"(?P<before>{_OPEN})[:：]", re.IGNORECASE)
_CODE_SPAN = re.compile(r"(?<!`)(?P<ticks>`+)(?!`)[^\r\n]+?(?<!`)(?P=ticks)(?!`)")
_KEY = re.compile(r"""^[ \t]*["']?dedupe["']?[ \t]*[:=][^\r\n]*|^\[dedupe\][^\r\n]*""", re.MULTILINE)
_LINE = re.compile(r"""(?:^|(?<=\r))["']?dedupe["']?[ \t]*[:=：][ \t]*(?P<value>[^\r\n#]*)""", re.MULTILINE | re.IGNORECASE)
_FALSE = frozenset({"false", "no", "off"})


@dataclass(frozen=True, slots=True)
class Suppression:
    """One suppression: where it is written, the text it covers, and the beginnings of the codes it names (none: all).

    `whole` marks one of the front matter; `wrong` says what cannot be understood, and then it covers nothing.
    """

    span: Span
    covers: Span
    codes: tuple[str, ...] = ()
    whole: bool = False
    wrong: str = ""

    def holds(self, code: str, spans: Sequence[Span]) -> bool:
        """Tell whether it covers any character of `spans` for the rule `code`."""
        if self.wrong or (self.codes and not code.startswith(self.codes)):
            return False
        return any(span.start < self.covers.end and self.covers.start < span.end for span in spans)


def find_suppressions(post: Post, known: Sequence[str], blocks: Sequence[Block] = ()) -> tuple[Suppression, ...]:
    """Return the suppressions of a post in order; `known` are the codes of all rules.

    Without `blocks` the next block ends at the next blank line, which is what it does in prose.
    """
    if not may_suppress(post.text):
        return ()
    code = [block.span for block in blocks if block.kind == "code"]
    code += [Span(*shown.span()) for shown in _CODE_SPAN.finditer(post.text, post.header.end)]

    def is_written(mark: re.Match[str]) -> bool:
        return not any(span.start <= mark.start() < span.end for span in code)

    marks = [mark for mark in _MARK.finditer(post.text, post.header.end) if is_written(mark)]
    found = [*_in_header(post, known), *_switched(post, marks), *_next_blocks(post, marks, known, blocks), *_strange(marks)]
    return tuple(sorted(found, key=lambda each: each.span))


def may_suppress(text: str) -> bool:
    """Tell whether a text names `dedupe`: only then is it worth a closer look."""
    return any(name in text for name in ("dedupe", "Dedupe", "DEDUPE"))


def without_suppressions(post: Post) -> Post:
    """Return the post with its directives spoilt, no offset moved: what would be found if nothing were suppressed."""
    head, body = post.text[: post.header.end], post.text[post.header.end :]
    return Post(post.name, head + _DIRECTIVE.sub(r"\g<before>.", body), post.header)


def _in_header(post: Post, known: Sequence[str]) -> Iterator[Suppression]:
    head, body = post.text[: post.header.end], Span(post.header.end, len(post.text))
    if not may_suppress(head):
        return
    values = read_values(post)
    if "dedupe" not in values:
        # What cannot be read as a whole still says plainly that the post is to be left alone.
        if line := _LINE.search(head):
            off = line["value"].strip().strip("\"'").lower() in _FALSE
            yield Suppression(Span(*line.span()), body, whole=True, wrong="" if off else "stands where it cannot be read")
    elif values["dedupe"] is not True:
        key = _KEY.search(head)
        codes, wrong = _read_value(values["dedupe"], known)
        if codes is not None:
            yield Suppression(Span(*key.span()) if key else post.header, body, codes, whole=True, wrong=wrong)


def _read_value(value: Any, known: Sequence[str]) -> tuple[tuple[str, ...] | None, str]:
    """Return the codes that `dedupe` in front matter names (empty: all; None: nothing asked for), and what is wrong."""
    if value is False:
        return (), ""
    if not isinstance(value, dict) or set(value) - {"ignore"}:
        return (), "is neither `false` nor `{ignore: [codes]}`"
    given = value.get("ignore", [])
    if not isinstance(given, list) or not all(isinstance(code, str) for code in given):
        return (), "has an `ignore` that is not a list of codes"
    return _read_codes(given, known) if given else (None, "")


def _read_codes(given: Sequence[str], known: Sequence[str]) -> tuple[tuple[str, ...], str]:
    codes = tuple(code.strip().upper() for code in given)
    strange = [code for code in codes if not code or not any(rule.startswith(code) for rule in known)]
    return codes, f"names no rule with {strange[0]!r}" if strange else ""


def _switched(post: Post, marks: Sequence[re.Match[str]]) -> Iterator[Suppression]:
    begin: Span | None = None
    for mark in marks:
        switch, span = _SWITCH.fullmatch(mark[0]), Span(*mark.span())
        if switch is None:
            continue
        if switch["switch"].lower() == "off":
            begin = begin or span
        elif begin:
            yield Suppression(begin, Span(begin.end, span.start))
            begin = None
        else:
            yield Suppression(span, span, wrong="switches on what was not off")
    if begin:
        yield Suppression(begin, Span(begin.end, len(post.text)))


def _next_blocks(
    post: Post, marks: Sequence[re.Match[str]], known: Sequence[str], blocks: Sequence[Block]
) -> Iterator[Suppression]:
    for mark in marks:
        if note := _NEXT.fullmatch(mark[0]):
            given = [code for code in re.split(r"[,、，\s]+", note["codes"]) if code]
            codes, wrong = _read_codes(given, known) if given else ((), "names no rule")
            yield Suppression(Span(*mark.span()), _next_block(post.text, mark.end(), blocks), codes, wrong=wrong)


def _strange(marks: Sequence[re.Match[str]]) -> Iterator[Suppression]:
    for mark in marks:
        if not _SWITCH.fullmatch(mark[0]) and not _NEXT.fullmatch(mark[0]):
            yield Suppression(Span(*mark.span()), Span(*mark.span()), wrong="is neither `off`, `on` nor `ignore-next-block`")


def _next_block(text: str, at: int, blocks: Sequence[Block]) -> Span:
    for block in blocks:
        # What else is said in comments, as another suppression, is no block to a reader.
        if block.span.start >= at and not text.startswith("<!--", block.span.start):
            return block.span
    begin = re.compile(r"(?:\s|<!--.*?-->)*", re.DOTALL).match(text, at)
    start = begin.end() if begin else at
    end = re.compile(r"\n[ \t\r]*\n|\Z").search(text, start)
    return Span(start, end.start() if end else len(text))
