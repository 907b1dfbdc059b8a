"""Cut paragraphs and list items into sentences with exact character offsets; other blocks stay whole."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from itertools import pairwise

import numpy as np

from dedupe.blocks import BOLD_LINE, find_blocks
from dedupe.model import PROSE, Block, Post, Segments, Span

_NEWLINE = re.compile(r"\r\n|\n|\r")
_INK = re.compile(r"\S")
_STOPPED = re.compile(r"[。．｡！？!?.…：:；;।॥؟۔။።][\"'”’）)」』】\]〉》*_~`]*$")
_LABEL_LINE = re.compile(
    r"[ \t]*(?:[-=*_]{2,}[ \t]*[^\s\-=*_][^\r\n]{0,40}?[-=*_]{2,}"
    r"|【[^】\r\n]*】|[（(][^）)\r\n]*[）)]|\[[^\]\r\n]*\]|<[|/]?[\w|]+>)[ \t]*"
)
_ELLIPSIS = re.compile(r"(?:\.{3,}|…+)(?=[ \t]*(?:[^\W_]|[「『（*]))")
_STOP = re.compile(r"[。！？｡।॥؟۔။።.!?．]+[\"'”’»」』）)】\]〉》*_~]*")
_ABBREVIATION = re.compile(
    r"(?:\b(?:Mr|Mrs|Ms|Dr|Prof|St|Jr|Sr|vs|etc|cf|[Ff]ig|No|no|Nr|vol|pp?|ca|approx|Inc|Ltd|Co|Corp|al|ed|eds"
    r"|e\.g|i\.e|z\.B|d\.h|u\.a|usw|bzw|Mme|M|Mlle|p\.ex|Sra?|Dra?|núm|pág|тыс|др|г)|\b[^\W\d_]|(?:^|[\s(])(?:\d{1,4}\.)*\d{1,4})\.$"
)
_WOVEN = re.compile(r"\{%.*?%\}|\{\{.*?\}\}|\{:[^}\r\n]*\}|\[\[[^\]\r\n]*\]\]|\[\^[^\]\r\n]+\]|\$[^$\r\n]+\$")
_FULL_STOPS = frozenset("。．｡！？!?.…：:；;।॥؟۔။።")
_CLOSERS = frozenset("\"'”’»」』）)】]〉》*_~")
_PLAIN, _LATIN, _CLOSING = 1, 2, 3
_ROLES = np.zeros(0x10000, np.uint8)
"""What a code point is to the end of a sentence: a stop of a script without abbreviations, another stop, a closing sign."""
for _role, _signs in ((_PLAIN, "。！？｡।॥؟۔။።．"), (_LATIN, ".!?"), (_CLOSING, _CLOSERS)):
    _ROLES[list(map(ord, _signs))] = _role
_CJK = 0x2E80
_AGAIN = 16
"""Characters with which a block begins again in a later line."""
_GOES_ON = "とっはがをにでものへやか、，,)）」』"


def split(post: Post) -> Segments:
    """Return the blocks and units of the body of `post`; all offsets are characters of `post.text`."""
    blocks, atoms = find_blocks(post)
    return _units(post.text, post.body.start, blocks, atoms)


def cut_at(post: Post, segments: Segments, spans: Collection[Span]) -> Segments:
    """Return the segments with their units cut around `spans` too: a leak on a line of its own is a unit of its own."""
    text = post.text
    borders = {border for span in spans for border in span}
    ends = np.array(sorted(border - len(text[:border]) + len(text[:border].rstrip()) for border in borders), np.int64)
    starts = np.array([_ink_from(text, int(end)) for end in ends], np.int64)
    holders = np.searchsorted(segments.starts, ends, "right") - 1
    inside = (holders >= 0) & (segments.starts[holders] < ends) & (starts < segments.ends[holders])
    holders = holders[inside]
    return Segments(
        segments.blocks,
        np.insert(segments.starts, holders + 1, starts[inside]),
        np.insert(segments.ends, holders, ends[inside]),
        np.insert(segments.block_of, holders, segments.block_of[holders]),
        np.insert(segments.stopped, holders, [_is_stopped(text, int(end)) for end in ends[inside]]),
    )


def begins_again(text: str, block: Block, end: int, line: int) -> bool:
    """Tell whether all of a block up to `end` stands again from a line on, as where a draft was begun again in the next line."""
    start = block.span.start
    if not text.startswith(text[start : start + _AGAIN], line):
        return False
    head, rest = ("".join(part.split()) for part in (text[start:end], text[line : block.span.end]))
    return rest.startswith(head)


def _is_stopped(text: str, end: int) -> bool:
    last = text[end - 1]
    return last in _FULL_STOPS or (last in _CLOSERS and bool(_STOPPED.search(text, max(0, end - 12), end)))


def _ink_from(text: str, offset: int) -> int:
    ink = _INK.search(text, offset)
    return ink.start() if ink else len(text)


def _units(text: str, begin: int, blocks: list[Block], atoms: list[Span]) -> Segments:
    """Cut paragraphs and list items at the ends of their sentences; every other block is one unit."""
    stops = _find_stops(text, begin)
    cuts = _outside(stops.union(_line_cuts(text, blocks)), _whole_spans(text, atoms))
    starts: list[int] = []
    ends: list[int] = []
    block_of: list[int] = []
    stopped: list[bool] = []
    at = 0
    for index, block in enumerate(blocks):
        start, end = block.span
        while at < len(cuts) and cuts[at] <= start:
            at += 1
        while at < len(cuts) and cuts[at] < end:
            if block.kind in PROSE:
                cut = cuts[at]
                starts.append(start)
                ends.append(cut)
                block_of.append(index)
                stopped.append(cut in stops)
                start = cut
                while text[start].isspace():
                    start += 1
            at += 1
        starts.append(start)
        ends.append(end)
        block_of.append(index)
        stopped.append(_is_stopped(text, end))
    return Segments(
        tuple(blocks), np.array(starts, np.int64), np.array(ends, np.int64), np.array(block_of, np.int64), np.array(stopped, bool)
    )


def _find_stops(text: str, begin: int) -> set[int]:
    """Return where a sentence may end in a stop, its closing brackets and quotes included."""
    points = np.frombuffer((text[begin:] + "\n").encode("utf-32-le", "surrogatepass"), np.uint32)
    role = _ROLES[np.minimum(points, len(_ROLES) - 1)]
    stop = (role == _PLAIN) | (role == _LATIN)
    stop[1:] &= ~stop[:-1]
    # Nearly all stops of Chinese and Japanese: one, and no bracket after it.
    plain = stop[:-1] & (role[:-1] == _PLAIN) & (role[1:] == 0)
    stops = set((np.flatnonzero(plain) + begin + 1).tolist())
    stop[:-1] &= ~plain
    stops.update(_stops_in_context(text, begin, (np.flatnonzero(stop) + begin).tolist()))
    return stops


def _stops_in_context(text: str, begin: int, starts: list[int]) -> Iterator[int]:
    """Yield the ends of those stops that end a sentence, by what stands around them."""
    for start in starts:
        stop = _STOP.match(text, start)
        assert stop
        cut = stop.end()
        following = text[cut : cut + 1]
        if text[cut - 1] in _CLOSERS:
            signs = cut - start - len(text[start:cut].rstrip("*_~"))
            line = max(text.rfind("\n", 0, start) + 1, cut - 400)
            if signs and following.strip() and text.count("**", line, cut - signs) % 2 == 0:
                cut -= signs  # the signs open what follows
            elif following and following in _GOES_ON:
                continue
        if text[start] in ".!?":
            if following.strip() and (text[start] == "." or ord(text[start - 1]) < _CJK):
                continue
            ink = _INK.search(text, cut)
            if ink and text[ink.start()].islower():
                continue
            if text[start] == "." and _ABBREVIATION.search(text, max(begin, cut - 14), start + 1):
                continue
        yield cut


def _line_cuts(text: str, blocks: list[Block]) -> Iterator[int]:
    """Yield the ends of lines that stand for themselves, or after which the block begins again, and of an opening ellipsis."""
    for block in blocks:
        if block.kind not in PROSE:
            continue
        if text[block.span.start] in ".…" and (opening := _ELLIPSIS.match(text, *block.span)):
            yield opening.end()
        if text.find("\n", *block.span) < 0 and text.find("\r", *block.span) < 0:
            continue
        lines = _lines(text, block.span)
        yield from (line.end for line, after in pairwise(lines) if begins_again(text, block, line.end, after.start))
        alone = [bool(_LABEL_LINE.fullmatch(text, *line) or BOLD_LINE.fullmatch(text, *line)) for line in lines]
        for line, this_alone, next_alone in zip(lines, alone, alone[1:], strict=False):
            if this_alone or next_alone:
                yield line.end


def _lines(text: str, span: Span) -> list[Span]:
    lines: list[Span] = []
    start = span.start
    for newline in _NEWLINE.finditer(text, *span):
        lines.append(Span(start, start + len(text[start : newline.start()].rstrip())))
        start = newline.end()
    return [*lines, Span(start, span.end)]


def _whole_spans(text: str, atoms: list[Span]) -> list[Span]:
    """Return what no sentence ends in, merged: emphasis, links, code, tags, directives, footnote signs, formulas."""
    woven = [Span(*m.span()) for m in _WOVEN.finditer(text)] if any(sign in text for sign in ("{", "[[", "[^", "$")) else []
    whole = [span for span in atoms if not _is_mispaired(text, span)]
    merged: list[Span] = []
    for span in sorted(whole + woven):
        if merged and span.start < merged[-1].end:
            merged[-1] = Span(merged[-1].start, max(span.end, merged[-1].end))
        else:
            merged.append(span)
    return merged


def _is_mispaired(text: str, span: Span) -> bool:
    """Tell emphasis from two signs that a lost line break made a pair: it begins within a sentence and ends behind the next."""
    before = text[span.start - 1 : span.start]
    within = bool(before) and not before.isspace() and before not in _FULL_STOPS
    return within and text[span.start] in "*_~" and len(_STOP.findall(text, *span)) > 1


def _outside(offsets: Collection[int], whole: list[Span]) -> list[int]:
    """Return the offsets, sorted, that lie strictly inside none of the spans."""
    cuts = np.array(sorted(offsets), np.int64)
    if not whole or not cuts.size:
        return list(map(int, cuts))
    spans = np.array([*whole, (np.iinfo(np.int64).max,) * 2], np.int64)
    following = np.searchsorted(spans[:-1, 1], cuts, "right")
    result: list[int] = cuts[spans[following, 0] >= cuts].tolist()
    return result
