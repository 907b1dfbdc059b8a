"""Find the blocks of a body with exact character offsets, and what holds several of them together."""

from __future__ import annotations

import re
from collections.abc import Iterator

import numpy as np

from dedupe.markdown import Markdown, parse
from dedupe.model import Block, Kind, Post, Span

_LEAVES = {
    "Paragraph": Kind.PARAGRAPH,
    "Heading": Kind.HEADING,
    "CodeBlock": Kind.CODE,
    "Table": Kind.TABLE,
    "HtmlBlock": Kind.HTML,
    "BlockQuote": Kind.QUOTE,
    "FootnoteDefinition": Kind.FOOTNOTE,
}
_OPAQUE = {"BlockQuote", "FootnoteDefinition", "Table", "CodeBlock", "HtmlBlock", "Heading", "Paragraph"}
_ATOMS = {"Strong", "Emphasis", "Strikethrough", "Link", "Image"}

_CONFLICT = re.compile(r"^(?:<{7}(?: [^\r\n]*)?|\|{7}(?: [^\r\n]*)?|={7}|>{7}(?: [^\r\n]*)?)\r?$", re.MULTILINE)
_FENCE = re.compile(r"^ {0,3}(`{3,}|~{3,})([^\r\n]*)$", re.MULTILINE)
_NEWLINE = re.compile(r"\r\n|\n|\r")
BOLD_LINE = re.compile(r"\s*(\*\*|__)(?=\S)[^\r\n]{1,160}?(?<=\S)\1[ \t]*[:：]?\s*")
"""A line all in bold: a heading by another name."""
_DIRECTIVE_LINE = re.compile(r"\s*(?:\{%.*%\}|\{\{.*\}\}|\{:.*\}|:::+.*|<[^>]+>|(?:import|export)\s.*|%%.*%%|\[TOC\]|\[toc\])\s*")
_LINK = re.compile(r"!?\[[^\]\r\n]*\](?:\([^)\r\n]*\)|\[[^\]\r\n]*\])|<https?:[^>\s]*>|https?://\S+|\{:[^}]*\}|\[\[[^\]]*\]\]")
_SENTENCES = re.compile(r"[。！？]|[.!?](?=\s)")
_LETTERS = re.compile(r"[^\W\d_]")
_ENDS = re.compile(r"[。．｡！？!?.…：:；;,،、।॥؟۔။።」』）)】][\"'”’*_~`\s\\]*$")
_TAG = re.compile(
    r"<!--+\s*(?i:dedupe)\s*[:：]\s*(?P<switch>(?i:on|off))(?:\s+--\s[^>]*?)?\s*--+>|<!--.*?-->"
    r"|<(?P<close>/?)(?P<tag>[A-Za-z][\w.-]*)(?:\s[^<>]*?)?(?P<void>/?)>"
    r"|\{%-?\s*(?P<liquid>\w+)[^%]*%\}|\{\{[<%]\s*(?P<shut>/?)\s*(?P<short>[\w-]+)[^}]*[>%]\}\}"
    r"|^(?P<colons>:{3,})[ \t]*(?P<aside>[^\r\n]*)",
    re.DOTALL | re.MULTILINE,
)
_OFF = "dedupe: off"
_MARKUP = frozenset({Kind.HTML, Kind.DIRECTIVE, Kind.OTHER})
# Wrappers of a whole layout, inline tags and tags without an end hold nothing together.
_LOOSE = frozenset(
    (  # noqa: SIM905
        "a abbr area b base body br button center cite code col del div em embed font head hr html i img input ins kbd label "
        "li link main mark meta nav p param s samp section small source span strike strong sub sup tbody td th tr tt u "
        "var wbr article header footer think thinking end"
    ).split()
)


def find_blocks(post: Post) -> tuple[list[Block], list[Span]]:
    """Return the leaf blocks of the body in order, and the inline spans no sentence ends in; characters of `post.text`."""
    blocks: list[Block] = []
    atoms: list[Span] = []
    for piece, kind in _pieces(post):
        if kind is Kind.CONFLICT:
            blocks.append(Block(piece, kind))
        else:
            _parse(post.text, piece, blocks, atoms)
    return _contain(post.text, blocks), atoms


def _pieces(post: Post) -> Iterator[tuple[Span, Kind]]:
    """Cut the body at unresolved conflict markers: each side is Markdown of its own."""
    at, end = post.body
    text = post.text
    if "<<<<<<<" in text and ">>>>>>>" in text:
        fenced = _fenced(text, post.body)
        for marker in _CONFLICT.finditer(text, at):
            line_end = marker.end() - text[marker.start() : marker.end()].endswith("\r")
            if any(span.start <= marker.start() < span.end for span in fenced):
                continue
            yield Span(at, marker.start()), Kind.OTHER
            yield Span(marker.start(), line_end), Kind.CONFLICT
            at = line_end
    yield Span(at, end), Kind.OTHER


def _fenced(text: str, body: Span) -> list[Span]:
    spans: list[Span] = []
    opened: re.Match[str] | None = None
    for fence in _FENCE.finditer(text, body.start):
        if opened is None:
            opened = fence
        elif fence[1][0] == opened[1][0] and len(fence[1]) >= len(opened[1]) and not fence[2].strip():
            spans.append(Span(opened.start(), fence.end()))
            opened = None
    if opened is not None:
        spans.append(Span(opened.start(), body.end))
    return spans


def _parse(text: str, piece: Span, blocks: list[Block], atoms: list[Span]) -> None:
    """Add the leaf blocks of one piece of Markdown, and the inline spans no sentence ends in."""
    source = text[piece.start : piece.end]
    if not source.strip():
        return
    markdown = parse(source)
    found, inline = _leaves(markdown)
    chars = markdown.chars + piece.start
    at = piece.start
    begins, stops = chars[[start for start, _, _ in found]].tolist(), chars[[end for _, end, _ in found]].tolist()
    for (_, _, kind), start, stop in zip(found, begins, stops, strict=True):
        begin = max(at, start)
        if not text[at:begin].isspace() and at < begin:
            _add(text, Span(at, begin), Kind.OTHER, blocks)
        _add(text, Span(begin, stop), kind, blocks)
        at = max(at, stop)
    _add(text, Span(at, piece.end), Kind.OTHER, blocks)
    atoms.extend(Span(*whole) for whole in chars[np.array(inline, np.int64).reshape(-1, 2)].tolist())


def _leaves(markdown: Markdown) -> tuple[list[tuple[int, int, Kind]], list[tuple[int, int]]]:
    """Walk the events of the parser; return leaf blocks in order and inline spans, in bytes."""
    leaves: list[tuple[int, int, Kind]] = []
    inline: list[tuple[int, int]] = []
    inside = 0  # how deep in a block that stands or goes whole
    items = 0
    marker: int | None = None  # start of a list item whose text has not come yet
    loose: int | None = None  # index of the leaf that gathers the text of a tight item
    for event, start, end in markdown.events:
        if isinstance(event, str):  # a rule, a line break, or words
            if event == "Rule" and not inside:
                leaves.append((start, end, Kind.RULE))
                loose = None
            if event != "Text":
                continue
        elif "Start" in event:
            name = event["Start"] if isinstance(event["Start"], str) else next(iter(event["Start"]))
            if name in _ATOMS:
                inline.append((start, end))
            if inside:
                inside += name in _OPAQUE
                continue
            if name in _LEAVES:
                begin = start if marker is None or name != "Paragraph" else marker
                leaves.append((begin, end, Kind.ITEM if items and name == "Paragraph" else _LEAVES[name]))
                marker = loose = None
                inside += 1
                continue
            if name == "Item":
                items += 1
                marker, loose = start, None
                continue
        elif "End" in event:
            name = event["End"] if isinstance(event["End"], str) else next(iter(event["End"]))
            if inside:
                inside -= name in _OPAQUE
            elif name == "Item":
                items -= 1
                marker = loose = None
            continue
        elif "Code" in event or "InlineHtml" in event:
            inline.append((start, end))
        if inside or not items:
            continue
        if loose is None:
            leaves.append((start if marker is None else marker, end, Kind.ITEM))
            loose, marker = len(leaves) - 1, None
        else:
            leaves[loose] = (leaves[loose][0], max(leaves[loose][1], end), Kind.ITEM)
    return leaves, inline


def _add(text: str, span: Span, kind: Kind, blocks: list[Block]) -> None:
    """Append the block without the white space around it, its kind seen more closely."""
    piece = text[span.start : span.end]
    bare = piece.rstrip()
    if not bare:
        return
    start = span.start if kind is Kind.CODE else span.end - len(piece.lstrip())
    span = Span(start, span.start + len(bare))
    blocks.append(Block(span, _look(text[span.start : span.end], kind)))


def _look(piece: str, kind: Kind) -> Kind:
    if kind is Kind.HEADING and (len(piece) > 200 or (len(piece) > 120 and len(_SENTENCES.findall(piece)) > 1)):
        return Kind.PARAGRAPH  # a draft on one line behind `#`, or a text with a rule right below it
    if kind is Kind.OTHER and re.fullmatch(r"[-*_=+\s]+", piece):
        return Kind.RULE
    if kind is not Kind.PARAGRAPH and kind is not Kind.ITEM:
        return kind
    if kind is Kind.PARAGRAPH:
        if len(piece) < 170 and piece.startswith(("**", "__")) and BOLD_LINE.fullmatch(piece):
            return Kind.HEADING
        if piece[0] in "{:<[ie%" and all(_DIRECTIVE_LINE.fullmatch(line) for line in _NEWLINE.split(piece)):
            return Kind.DIRECTIVE
        if ("\n" in piece or "\r" in piece) and _is_verse(_NEWLINE.split(piece)):
            return Kind.VERSE
    if ("[" in piece or "http" in piece) and (kind is Kind.ITEM or piece[-1] not in ".。!！?？") and _is_links(piece):
        return Kind.LINKS
    return kind


def _is_verse(lines: list[str]) -> bool:
    """Short lines that end without a stop are verse, an address, a list of facts: never sentences of their own.

    Lines that go on in lower case, or end in a stop only at the last, are prose someone wrapped.
    """
    open_ended = sum(not _ENDS.search(line) for line in lines)
    if len(lines) == 2 and (open_ended < 2 or BOLD_LINE.fullmatch(lines[0])):
        return False
    wrapped = sum(line.lstrip()[:1].islower() for line in lines[1:])
    short = sum(map(len, lines)) <= 45 * len(lines) and max(map(len, lines)) <= 60
    return short and open_ended >= 0.5 * len(lines) and 2 * wrapped <= len(lines) - 1


def _is_links(piece: str) -> bool:
    rest = _LINK.sub("", piece)
    return len(rest) < len(piece) and 3 * len(_LETTERS.findall(rest)) < len(_LETTERS.findall(piece))


def _contain(text: str, blocks: list[Block]) -> list[Block]:
    """Number the elements (HTML, Liquid, shortcode, `:::`, switched-off text) that hold several blocks together."""
    openers = [text.startswith(("<", ":::", "{%"), block.span.start) for block in blocks]
    if not any(openers):
        return blocks
    held = [0] * len(blocks)
    open_tags: list[tuple[str, int]] = []
    count = 0
    for index, block in enumerate(blocks):
        if open_tags:
            held[index] = open_tags[0][1]
        if block.kind not in _MARKUP and not openers[index]:
            continue
        for tag in _TAG.finditer(text, *block.span):
            name, closes = _tag_name(tag)
            names = [open_name for open_name, _ in open_tags]
            if name and not closes:
                count += not open_tags
                number = open_tags[0][1] if open_tags else -count if name == _OFF else count
                open_tags.append((name, number))
                held[index] = held[index] or number
            elif name in names:
                del open_tags[len(names) - 1 - names[::-1].index(name) :]
    # What is never closed holds nothing, for half of the web leaves a tag open; but switched off stays switched off.
    if open_tags and open_tags[0][0] != _OFF:
        held = [0 if number == open_tags[0][1] else number for number in held]
    return [Block(block.span, block.kind, number) for block, number in zip(blocks, held, strict=True)]


def _tag_name(tag: re.Match[str]) -> tuple[str, bool]:
    """Return the name of an element and whether the tag ends it; no name when it holds nothing."""
    if tag["switch"]:
        return _OFF, tag["switch"].lower() == "on"
    if tag["tag"]:
        loose = tag["tag"].lower() in _LOOSE or bool(tag["void"])
        return ("" if loose else "<" + tag["tag"].lower()), bool(tag["close"])
    if tag["liquid"]:
        ends = tag["liquid"].startswith("end")
        name = tag["liquid"].removeprefix("end")
        paired = {"raw", "highlight", "capture", "comment", "if", "for", "unless", "case", "tabs", "tab", "details", "note"}
        return ("%" + name if name in paired else ""), ends
    if tag["colons"]:
        return ":::", not tag["aside"].strip()
    # Most shortcodes stand alone; only the end tag would tell, so they hold nothing until they are seen closed.
    return "", False
