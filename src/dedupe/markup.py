"""Show how Markdown reads, as HTML in which nothing of the post can act: every word of it is text."""

from __future__ import annotations

import html
from collections.abc import Sequence
from typing import Any

from markupsafe import escape

from dedupe.markdown import parse

_ELEMENTS = {
    "Paragraph": "p",
    "Item": "li",
    "Emphasis": "em",
    "Strong": "strong",
    "Strikethrough": "s",
    "Table": "table",
    "TableHead": "tr",
    "TableRow": "tr",
    "TableCell": "td",
    "BlockQuote": "blockquote",
    "CodeBlock": "pre",
    "FootnoteDefinition": "div",
}
"""What comes out, whatever a post holds; a heading becomes a paragraph that looks like one, so that a page has its own."""
_LEAVES = {"SoftBreak": "<br>", "HardBreak": "<br>", "Rule": "<hr>"}


def show_markup(source: str, marks: Sequence[tuple[int, str]] = ()) -> str:
    """Return `source` (Markdown without front matter) as HTML.

    No tag of the post comes out: a link leads nowhere and only tells where it led, pictures and HTML are written out.
    Each of `marks`, which are HTML, is put before the first block that begins at or after its character, at the end where
    none does.
    """
    events, chars = parse(source)
    raw = source.encode("utf-8", "replace")
    pending = sorted(marks)
    parts: list[str] = []
    depth, skipped = 0, 0
    for event, start, end in events:
        opens, closes = _edge(event, "Start"), _edge(event, "End")
        while depth == 0 and pending and pending[0][0] <= chars[start]:
            parts.append(pending.pop(0)[1])
        depth += (opens is not None) - (closes is not None)
        if start < skipped:
            continue
        said = raw[start:end].decode("utf-8", "replace")
        if opens and opens[0] in {"Image", "HtmlBlock"}:
            parts.append(f"<code>{escape(said.strip())}</code>" if opens[0] == "Image" else f"<pre>{escape(said.rstrip())}</pre>")
            skipped = end
        elif opens or closes:
            parts.append(_tag(*(opens or closes or ("", None)), closing=closes is not None))
        else:
            parts.append(_leaf(event, said))
    return "".join([*parts, *(mark for _, mark in pending)])


def _edge(event: Any, edge: str) -> tuple[str, Any] | None:
    """Return the name of the element that an event opens (or closes), and what the parser says of it."""
    inner = event.get(edge) if isinstance(event, dict) else None
    return next(iter(inner.items())) if isinstance(inner, dict) else (inner, None) if inner else None


def _tag(name: str, told: Any, *, closing: bool) -> str:
    slash = "/" if closing else ""
    if name == "Heading":
        level = told if closing else told["level"]
        return "</p>" if closing else f'<p class="heading {"h1" if level == "H1" else "h2" if level == "H2" else "h3"}">'
    if name == "List":
        # The start tells of an ordered list its first number; the end whether it is ordered.
        return f"<{slash}ol>" if (told if closing else told is not None) else f"<{slash}ul>"
    if name == "Link" and not closing:
        return f'<span class="link" title="{escape(told["dest_url"])}">'
    if name == "Link":
        return "</span>"
    element = _ELEMENTS.get(name)
    return f"<{slash}{element}>" if element else ""


def _leaf(event: Any, said: str) -> str:
    if event == "Text":
        return str(escape(html.unescape(said)))
    if isinstance(event, str):
        return _LEAVES.get(event, str(escape(said)))
    return f"<code>{escape(event.get('Code', said))}</code>"
