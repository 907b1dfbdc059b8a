"""What of one post counts when it is compared with others: its paragraphs and their sketches, its address, its links."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from hashlib import blake2b
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from dedupe.alike import VALUES, Sketches, sketch_passages
from dedupe.config import CODES, Config
from dedupe.header import read_values
from dedupe.leaks import find_in_titles
from dedupe.model import Post, Span
from dedupe.sketch import EMPTY
from dedupe.suppress import Suppression, find_suppressions

_PARAGRAPH = re.compile(r"[^\n]*\S[^\n]*(?:\n[^\n]*\S[^\n]*)*")
_FENCE = re.compile(r"^[ \t>]*(?:[-*+][ \t]+)?(?:```|~~~)", re.MULTILINE)
_NO_PROSE = re.compile(
    r"<[^<>]*>|\{[{%:][^}]*\}|!?\[[^\]\n]*\](?:\([^)\n]*\)|\[[^\]\n]*\]|:[ \t]*\S+[^\n]*)|https?://\S+|`[^`\n]*`|^[ \t]*\|[^\n]*",
    re.MULTILINE,
)
_SIGNS_OF_NO_PROSE = ("<", "{", "[", "http", "`", "|")
"""One of them is in whatever _NO_PROSE finds; nothing is found sooner than that there is none."""
_DEFINITIONS = re.compile(r"(?:[ \t]*\[[^\]\n]+\]:[^\n]*\n?)+")
_INDENTED = re.compile(r"(?: {4}|\t)[^\n]*(?:\n(?: {4}|\t)[^\n]*)*\Z")
_LINKED = re.compile(r"\[[^\[\]\n]+\](?:\([^()\n]*\)|\[[^\]\n]*\])?")
_DATA = re.compile(r"[ \t]*<(?:table|t[rdh]|svg|style|script|pre)\b", re.IGNORECASE)
_SHORT = 20
"""A paragraph of fewer characters is compared with none."""
_LINK = re.compile(r"\[(?P<text>[^\[\]\n]+)\]\((?P<url>[^()\s]+)[^()\n]*\)")
_TITLES = ("title", "excerpt", "description", "summary", "subtitle")
"""Keys of front matter that readers see as what the post is about."""
_ADDRESSING = (
    "date",
    "slug",
    "permalink",
    "url",
    "aliases",
    "redirect_from",
    "redirect_to",
    "canonical_url",
    "canonicalURL",
    "categories",
    "category",
    "draft",
    "published",
)


Passages: TypeAlias = NDArray[np.int32]
"""One row a passage, see `Traits`."""


class Link(NamedTuple):
    """A link of the text: its span, its target, and the id of the entry of the catalogue its words are, if any."""

    start: int
    end: int
    target: str
    leak: str | None


class Head(NamedTuple):
    """A title or the like in the front matter: the span of its line, its text, and the id of the entry that it is, if any."""

    start: int
    end: int
    text: str
    leak: str | None


@dataclass(frozen=True, slots=True)
class Traits:
    """What counts of one post. `body` is where its body begins.

    `passages` has a row for each paragraph, as bytes: where it begins and ends, and how much prose is in it (see `measure`),
    -1 where it is data: code, a table, links.
    `sketches` has the rows of `sketch_passages` for `passages`, and one more, for the body as a whole, as bytes.
    `values` are those of the front matter that say where and whether the post is published.
    """

    body: int
    passages: bytes
    sketches: bytes
    heads: tuple[Head, ...]
    links: tuple[Link, ...]
    values: dict[str, str | bool | list[str]]
    marks: tuple[Suppression, ...]


def find_traits(post: Post, config: Config) -> Traits:
    """Return the traits of a post; of `config` only its entries for the catalogue count."""
    # Of texts that stand in the post several times the first is compared.
    spans = {post.text[start:end]: (start, end, code) for start, end, code in reversed(list(_find_passages(post)))}
    texts = sorted(spans, key=spans.__getitem__)
    sketches = sketch_passages(texts)
    compared = [place for place, text in enumerate(texts) if len(text) >= _SHORT]
    passages = [_describe(texts[place], *spans[texts[place]]) for place in compared]
    values = read_values(post)
    heads, links = _with_leaks(_find_heads(post, values), list(_find_links(post)), post.text, config)
    return Traits(
        post.body.start,
        np.array(passages, np.int32).tobytes(),
        np.vstack((sketches[compared], _join(sketches, post))).tobytes(),
        heads,
        links,
        {key: _plain(values[key]) for key in _ADDRESSING if key in values},
        find_suppressions(post, CODES),
    )


def read_sketches(traits: Traits) -> Sketches:
    """Return the sketches of the passages and, in the last row, of the body."""
    return np.frombuffer(traits.sketches, np.uint32).reshape(-1, VALUES + 2)


def read_passages(traits: Traits) -> Passages:
    """Return the passages, one a row: start, end, prose."""
    return np.frombuffer(traits.passages, np.int32).reshape(-1, 3)


def measure(text: str) -> int:
    """Return how much prose a text has: its characters but for links, code, tags and white space, a wide one for two."""
    prose = _NO_PROSE.sub("", text) if any(sign in text for sign in _SIGNS_OF_NO_PROSE) else text
    said = "".join(prose.split())
    if _INDENTED.match(text):
        return 0
    # In UTF-8 a wide character has three bytes.
    return (len(said) + len(said.encode("utf-8", "surrogatepass"))) // 2


def _describe(text: str, start: int, end: int, code: bool) -> tuple[int, int, int]:
    return start, end, -1 if code or _is_data(text) else measure(text)


def _find_passages(post: Post) -> Iterator[tuple[int, int, bool]]:
    """Yield the paragraphs of the body, as blank lines part them, and whether they are code between fences."""
    fenced = False
    for match in _PARAGRAPH.finditer(post.text, post.header.end):
        fences = len(_FENCE.findall(match[0])) if "```" in match[0] or "~~~" in match[0] else 0
        yield match.start() + len(match[0]) - len(match[0].lstrip()), match.start() + len(match[0].rstrip()), fenced or fences > 0
        fenced ^= fences % 2 == 1


def _is_data(text: str) -> bool:
    return bool(_DEFINITIONS.fullmatch(text) or _DATA.match(text)) or _is_links(text)


def _is_links(text: str) -> bool:
    """Tell whether every line of a list is a link, with a few words at most: such lists stand where they are wanted."""
    lines = [line for line in text.splitlines() if line.strip()]
    return len(lines) > 1 and all(_LINKED.search(line) and measure(_LINKED.sub("", line)) < 20 for line in lines)


def _join(sketches: Sketches, post: Post) -> Sketches:
    """Return the sketch of the body: a signature of least values is that of all texts together."""
    body = np.full((1, VALUES + 2), EMPTY, np.uint32)
    if len(sketches):
        body[0, :VALUES] = sketches[:, :VALUES].min(axis=0)
    said = "".join(post.text[post.header.end :].split())
    name = blake2b(said.encode("utf-8", "surrogatepass"), digest_size=8).digest()
    body[0, VALUES:] = np.frombuffer(name, "<u4")
    return body


def _find_heads(post: Post, values: dict[str, Any]) -> Iterator[tuple[Span, str]]:
    head = post.text[: post.header.end]
    for key in _TITLES:
        if isinstance(values.get(key), str) and values[key].strip():
            line = re.search(rf"""^[ \t]*["']?{key}["']?[ \t]*[:=][^\r\n]*""", head, re.MULTILINE)
            yield Span(*line.span()) if line else post.header, values[key].strip()


def _find_links(post: Post) -> Iterator[tuple[Span, str]]:
    """Yield the links to other pages of the same site."""
    # A pattern that begins with a look behind would be tried at each character, this one at each bracket.
    for match in _LINK.finditer(post.text, post.header.end):
        image = match.start() > 0 and post.text[match.start() - 1] == "!"
        if not image and not match["url"].startswith(("#", "mailto:", "http:", "https:")):
            yield Span(*match.span()), match["url"]


def _with_leaks(
    heads: Iterator[tuple[Span, str]], links: list[tuple[Span, str]], text: str, config: Config
) -> tuple[tuple[Head, ...], tuple[Link, ...]]:
    every = list(heads)
    words = [text[span.start + 1 : text.index("](", span.start)] for span, _ in links]
    leaks = find_in_titles([*(title for _, title in every), *words], config.leaks)
    titles = tuple(Head(*span, title, leaks.get(place)) for place, (span, title) in enumerate(every))
    return titles, tuple(Link(*span, url, leaks.get(place)) for place, (span, url) in enumerate(links, len(every)))


def _plain(value: Any) -> str | bool | list[str]:
    if isinstance(value, list | tuple):
        return [str(each) for each in value]
    if isinstance(value, date):
        return value.isoformat()
    return value if isinstance(value, str | bool) else "" if value is None else str(value)
