"""Find what an author wrote into a post to have text left alone: comments and front matter."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from dedupe.header import read_values
from dedupe.model import Block, Post, Span

_SWITCH = re.compile(r"<!--\s*dedupe:\s*(?P<switch>on|off)\s*-->")
_NEXT = re.compile(r"<!--\s*dedupe:\s*ignore-next-block\b(?P<codes>.*?)(?:\s--\s.*?)?\s*-->", re.DOTALL)
_DIRECTIVE = re.compile(r"(?P<before><!--\s*dedupe):(?=\s*(?:on|off|ignore-next-block)\b)")
_KEY = re.compile(r"""^[ \t]*["']?dedupe["']?[ \t]*[:=][^\r\n]*|^\[dedupe\][^\r\n]*""", re.MULTILINE)


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
    if "dedupe" not in post.text:
        return ()
    code = [block.span for block in blocks if block.kind == "code"]
    found = [*_in_header(post, known), *_switched(post), *_next_blocks(post, known, blocks)]
    written = (each for each in found if not any(span.start <= each.span.start < span.end for span in code))
    return tuple(sorted(written, key=lambda each: each.span))


def without_suppressions(post: Post) -> Post:
    """Return the post with its directives spoilt, no offset moved: what would be found if nothing were suppressed."""
    head, body = post.text[: post.header.end], post.text[post.header.end :]
    return Post(post.name, head + _DIRECTIVE.sub(r"\g<before>.", body), post.header)


def _in_header(post: Post, known: Sequence[str]) -> Iterator[Suppression]:
    head = post.text[: post.header.end]
    if "dedupe" not in head:
        return
    values = read_values(post)
    if "dedupe" not in values or values["dedupe"] is True:
        return
    key = _KEY.search(head)
    span = Span(*key.span()) if key else post.header
    codes, wrong = _read_value(values["dedupe"], known)
    if codes is not None:
        yield Suppression(span, Span(post.header.end, len(post.text)), codes, whole=True, wrong=wrong)


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


def _switched(post: Post) -> Iterator[Suppression]:
    begin: re.Match[str] | None = None
    for switch in _SWITCH.finditer(post.text, post.header.end):
        if switch["switch"] == "off":
            begin = begin or switch
        elif begin:
            yield Suppression(Span(*begin.span()), Span(begin.end(), switch.start()))
            begin = None
        else:
            yield Suppression(Span(*switch.span()), Span(*switch.span()), wrong="switches on what was not off")
    if begin:
        yield Suppression(Span(*begin.span()), Span(begin.end(), len(post.text)))


def _next_blocks(post: Post, known: Sequence[str], blocks: Sequence[Block]) -> Iterator[Suppression]:
    for note in _NEXT.finditer(post.text, post.header.end):
        given = [code for code in re.split(r"[,\s]+", note["codes"]) if code]
        codes, wrong = _read_codes(given, known) if given else ((), "names no rule")
        yield Suppression(Span(*note.span()), _next_block(post.text, note.end(), blocks), codes, wrong=wrong)


def _next_block(text: str, at: int, blocks: Sequence[Block]) -> Span:
    for block in blocks:
        # What else is said in comments, as another suppression, is no block to a reader.
        if block.span.start >= at and not text.startswith("<!--", block.span.start):
            return block.span
    begin = re.compile(r"(?:\s|<!--.*?-->)*", re.DOTALL).match(text, at)
    start = begin.end() if begin else at
    end = re.compile(r"\n[ \t\r]*\n|\Z").search(text, start)
    return Span(start, end.start() if end else len(text))
