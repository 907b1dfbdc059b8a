"""Set values in front matter by a minimal edit of its lines: YAML, TOML or JSON, every other byte kept."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping

from dedupe.header import read_post, read_values
from dedupe.model import Edit, Post, Span

Value = bool | str | list[str]
"""What a key is set to; a list is added to the one that is there."""


def edit_front(post: Post, changes: Mapping[str, Value]) -> tuple[Edit, ...] | None:
    """Return the edits that set `changes` in the front matter of `post`; None where that cannot be proved.

    The proof reads the result: its values are the old ones and the changes, and nothing of the body is another.
    """
    head = post.text[: post.header.end]
    opening = head.lstrip("\ufeff")[:1]
    if not opening:
        return None
    write = {"-": _yaml, "+": _toml, "{": _json}[opening]
    written: dict[Span, str] = {}
    for key, value in changes.items():
        edit = write(head, key, value)
        if edit is None:
            return None
        written[edit.span] = written.get(edit.span, "") + edit.replacement
    edits = [Edit(span, replacement) for span, replacement in sorted(written.items())]
    return tuple(edits) if _is_proved(post, edits, changes) else None


def _is_proved(post: Post, edits: list[Edit], changes: Mapping[str, Value]) -> bool:
    text = post.text
    for span, replacement in sorted(edits, reverse=True):
        text = text[: span.start] + replacement + text[span.end :]
    result = read_post(post.name, text)
    old = read_values(post)
    expected = dict(old)
    for key, value in changes.items():
        there = old.get(key)
        expected[key] = [*(there if isinstance(there, list) else []), *value] if isinstance(value, list) else value
    return read_values(result) == expected and text[result.header.end :] == post.text[post.header.end :]


def _yaml(head: str, key: str, value: Value) -> Edit | None:
    there = re.search(rf"""^(?P<key>["']?{key}["']?[ \t]*:)(?P<value>[^\r\n]*)""", head, re.MULTILINE)
    if there is None:
        closing = re.search(r"(?:---|\.\.\.)[ \t]*(?:\r\n|\n|\r|\Z)\Z", head)
        if closing is None:
            return None
        end = _line_end(head)
        if isinstance(value, list):
            lines = "".join(f"  - {_quote(each)}{end}" for each in value)
            return Edit(Span(closing.start(), closing.start()), f"{key}:{end}{lines}")
        return Edit(Span(closing.start(), closing.start()), f"{key}: {_quote(value)}{end}")
    if not isinstance(value, list):
        return Edit(Span(*there.span("value")), f" {_quote(value)}")
    if "]" in there["value"]:
        return _into_list(head, there.start("value"), value)
    items = re.compile(r"(?:[ \t]*(?:\r\n|\n|\r)[ \t]*-[ \t][^\r\n]*)+").match(head, there.end())
    if there["value"].strip() or items is None:
        return None
    indent = re.findall(r"[\r\n]([ \t]*)-", items[0])[-1]
    return Edit(Span(items.end(), items.end()), "".join(f"{_line_end(head)}{indent}- {_quote(each)}" for each in value))


def _toml(head: str, key: str, value: Value) -> Edit | None:
    # A key behind the first table would be of that table.
    table = re.search(r"^[ \t]*\[", head, re.MULTILINE)
    there = re.compile(rf"""^(?P<key>[ \t]*["']?{key}["']?[ \t]*=)(?P<value>[^\r\n]*)""", re.MULTILINE).search(
        head, 0, table.start() if table else len(head)
    )
    if there is None:
        begin = head.index("+++")
        opened = re.compile(r"[^\r\n]*(?:\r\n|\n|\r)").match(head, begin)
        at = opened.end() if opened else begin
        return Edit(Span(at, at), f"{key} = {_quote(value)}{_line_end(head)}")
    if isinstance(value, list):
        return _into_list(head, there.start("value"), value)
    return Edit(Span(*there.span("value")), f" {_quote(value)}")


def _json(head: str, key: str, value: Value) -> Edit | None:
    if re.search(rf'"{key}"\s*:', head):
        return None
    begin = head.index("{") + 1
    blank = re.compile(r"\s*").match(head, begin)
    space = blank[0] if blank else ""
    follows = "" if head[begin:].lstrip().startswith("}") else ","
    return Edit(Span(begin, begin), f"{space}{json.dumps(key)}: {_quote(value)}{follows}")


def _into_list(head: str, start: int, value: list[str]) -> Edit | None:
    """Return an edit that puts texts at the end of a list in brackets that begins at `start`."""
    brackets = re.compile(r"[ \t]*\[(?P<items>[^\[\]]*?),?\s*\]").match(head, start)
    if brackets is None:
        return None
    at = brackets.end("items")
    comma = ", " if brackets["items"].strip() else ""
    return Edit(Span(at, at), comma + ", ".join(map(_quote, value)))


def _line_end(head: str) -> str:
    found = re.search(r"\r\n|\n|\r", head)
    return found[0] if found else "\n"


def _quote(value: Value) -> str:
    """Return a value as all three formats write it."""
    return json.dumps(value, ensure_ascii=False)
