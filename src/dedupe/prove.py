"""Check a repaired post against its original, with other means than those that found the edits.

Nothing here knows of repeats, units or evidence: the proof reads the two texts and the edits between them.
"""

from __future__ import annotations

import re
import textwrap
import unicodedata
from collections.abc import Sequence
from functools import cached_property
from itertools import accumulate

from rapidfuzz import fuzz
from rapidfuzz.distance import LCSseq

from dedupe.leaks import Entry
from dedupe.markdown import parse
from dedupe.model import Edit, Post, Span

_EMPHASIS = re.compile(r"[*_](?:(?<![A-Za-z0-9][*_])|(?![A-Za-z0-9]))|~{2,}|[`\u200b-\u200d\u2060\ufeff\u00ad\ufe00-\ufe0f]")
_BULLET = re.compile(r"[-+#>|:]+")
_SENTENCE = re.compile(r"[。！？!?｡।؟۔။።]|\.(?=\s)")
_HEADING = re.compile(r"^ {0,3}#{1,6}[ \t]+\S|^[ \t]*(\*\*|__)(?=\S)[^\r\n]*(?<=\S)\1[ \t]*[:：]?[ \t]*$")
_BARE = re.compile(r"#{1,6}[ \t][^\[\]<>`{}\r\n]*")
_RULE = re.compile(r"[ \t]*(?:(?:-[ \t]*){3,}|(?:\*[ \t]*){3,}|(?:_[ \t]*){3,})")
_FENCE = re.compile(
    r"(?:^|(?<=\A\ufeff)) {0,3}(`{3,}(?=[^`\r\n]*\r?\n)|~{3,})[^\r\n]*\r?\n.*?^ {0,3}\1[`~]*[ \t]*$", re.MULTILINE | re.DOTALL
)
_WHOLE = re.compile(
    r"(?P<ticks>`+)[^`]+(?P=ticks)(?!`)|!?\[[^\]\r\n]*\]\([^)\r\n]*\)|<[A-Za-z/!][^<>\r\n]*>|\{%[^\r\n]*?%\}|\{\{[^\r\n]*?\}\}"
    r"|\[\[[^\]\r\n]*\]\]|\[\^[^\]\r\n]*\]"
)
_LINK_LINE = re.compile(r"^[ \t]*[-*+][ \t]+\[[^\]\r\n]+\]\([^)\r\n]*\)[ \t]*$", re.MULTILINE)
_SWITCH = re.compile(r"<!--+\s*dedupe\s*[:：]\s*(on|off)(?:\s+--\s[^>]*?)?\s*--+>", re.IGNORECASE)
_CONFLICT = re.compile(r"^(?:<{7}|={7}|>{7}|\|{7})(?: [^\r\n]*)?\r?$", re.MULTILINE)
_TITLE = re.compile(r"""^\s*"?title"?\s*[:=]\s*["']?(.+?)["']?,?\s*$""", re.MULTILINE)
_LONGEST_HEADING = 120
"""A longer one is a draft flattened behind a heading sign: its sentences are looked for like all others."""
_NEAR = 2000
"""Characters on in which the next sentence is looked for first."""
_ALIKE = 75
"""Least similarity, in percent, of a near copy and what stays for it, folded."""
_LEAST_WITHIN, _WITHIN, _MOST_MORE = 15, 0.85, 2.2
"""Where that is less: the least characters of a near copy, the least share of them that stands in order in what stays, and how
much longer this may be."""


class ProofError(Exception):
    """A result that is not provably right; the text names the rule and the spans (characters of the original)."""


def prove(
    post: Post,
    edits: Sequence[Edit],
    repaired: str,
    scaffolds: Sequence[tuple[Span, Entry]] = (),
    rewritten: Sequence[tuple[Span, Span]] = (),
    dropped: Sequence[Span] = (),
    bare: Sequence[Span] = (),
) -> None:
    """Return if `repaired` keeps all that `post` says; raise ProofError otherwise.

    `scaffolds` are the spans that go as leaks, each with the entry of the catalogue that must find it there; `rewritten`
    those that go as near copies, each with the span that must stay and be like it; `dropped` text was asked to go whatever it
    says, but for its lists of links; `bare` headings go because all under them does.
    """
    edits = sorted(edits, key=lambda edit: edit.span)
    _only_removes(post, edits, repaired)
    _spares_whole_things(post, edits)
    result = _Result(repaired)
    _keeps_links(post, dropped, result)
    removed = _without(_without_scaffolds(post, edits, scaffolds), [*(gone for gone, _ in rewritten), *dropped, *bare])
    for gone, stays in rewritten:
        _is_kept_alike(post, gone, stays, result)
    for span in bare:
        _heads_nothing(post, span, edits)
    for span in removed:
        _stays(post, span, result)
    _keeps_headings(post, removed, result)
    _keeps_code(post, removed, result)
    _keeps_blocks(post, edits, repaired)


def _fail(rule: str, span: Span, text: str, **named: str) -> ProofError:
    shown = " ".join(text.split())
    return ProofError(f"{rule.format(**named)} at {span.start}-{span.end}: {shown[:80]}{'…' if len(shown) > 80 else ''}")


def _lines(text: str) -> list[str]:
    return text.replace("\r", "\n").split("\n")


def _squeeze(text: str) -> str:
    """Drop white space and the words that are only Markdown signs; lines stay lines."""
    lines = []
    for line in _lines(text):
        words = line.split()
        lines.append("".join([word for word in words if word[0] not in "-+#>|:" or not _BULLET.fullmatch(word)]))
    return "\n".join(lines)


def _plain(text: str) -> str:
    """Fold by string methods: width, case, white space and Markdown signs gone; lines stay lines."""
    return _squeeze(_EMPHASIS.sub("", unicodedata.normalize("NFKC", text).lower()))


def _verbatim(code: str) -> tuple[str, ...]:
    return tuple(line.rstrip() for line in textwrap.dedent(code).splitlines())


class _Result:
    """The repaired text as the proof asks about it, made only as far as it asks."""

    def __init__(self, text: str) -> None:
        self._text = text
        squeezed = _squeeze(text)
        self.verbatim_lines = frozenset(squeezed.split("\n"))
        self.verbatim = squeezed.replace("\n", "")

    def end_of(self, squeezed: str, at: int) -> int:
        """Return where a squeezed text ends, or -1.

        The next one mostly stands next: looking there first keeps the proof of a long post linear.
        """
        found = self.verbatim.find(squeezed, at, at + len(squeezed) + _NEAR)
        found = found if found >= 0 else self.verbatim.find(squeezed)
        return found + len(squeezed) if found >= 0 else -1

    @cached_property
    def _plain_lines(self) -> list[str]:
        return _plain(self._text).split("\n")

    @cached_property
    def lines(self) -> frozenset[str]:
        return frozenset(self._plain_lines)

    @cached_property
    def plain(self) -> str:
        return "".join(self._plain_lines)

    @cached_property
    def _borders(self) -> frozenset[int]:
        return frozenset(accumulate(map(len, self._plain_lines), initial=0))

    def stands_from_a_line(self, text: str) -> bool:
        """Tell whether `text` stands in the result from the beginning of a line."""
        at = self.plain.find(text)
        while at >= 0:
            if at in self._borders:
                return True
            at = self.plain.find(text, at + 1)
        return False

    @cached_property
    def fences(self) -> frozenset[tuple[str, ...]]:
        return frozenset(_verbatim(fence[0]) for fence in _FENCE.finditer(self._text))

    @cached_property
    def headings(self) -> frozenset[str]:
        return frozenset(_plain(line) for line in _lines(self._text) if _HEADING.match(line))


def _only_removes(post: Post, edits: Sequence[Edit], repaired: str) -> None:
    """Text outside the edits is the same, the front matter is untouched, and what is put in is white space."""
    at, pieces = 0, []
    for span, replacement in edits:
        if span.start < max(at, post.header.end) or span.end > len(post.text) or span.end < span.start:
            raise _fail("an edit overlaps another one or the front matter", span, post.text[span.start : span.end])
        if replacement.strip():
            raise _fail("an edit writes text", span, replacement)
        pieces += [post.text[at : span.start], replacement]
        at = span.end
    if "".join([*pieces, post.text[at:]]) != repaired:
        raise _fail("the result is not what the edits give", Span(0, len(repaired)), repaired)


def _spares_whole_things(post: Post, edits: Sequence[Edit]) -> None:
    """No edit begins or ends inside code, a link, a tag or a directive; none touches switched-off text or a conflict."""
    text, body = post.text, post.header.end
    fences = [Span(*match.span()) for match in _FENCE.finditer(text, body)] if "```" in text or "~~~" in text else []
    for border in (offset for span, _ in edits for offset in span):
        line = Span(text.rfind("\n", 0, border) + 1, text.find("\n", border))
        inline = _WHOLE.finditer(text, line.start, line.end if line.end >= 0 else len(text))
        if any(whole.start < border < whole.end for whole in (*fences, *(Span(*match.span()) for match in inline))):
            around = Span(max(0, border - 40), border + 40)
            raise _fail("an edit cuts code, a link, a tag or a directive", around, text[around.start : around.end])
    forbidden = [Span(*match.span()) for match in _conflicts(text, body)]
    forbidden += _switched_off(text, body, fences)
    for span, _ in edits:
        for zone in forbidden:
            if span.start < zone.end and zone.start < span.end:
                raise _fail("an edit touches text that is switched off or a conflict marker", span, text[zone.start : zone.end])


def _switched_off(text: str, begin: int, fences: Sequence[Span]) -> list[Span]:
    """Return the text between switches, itself included; one that code shows is none, and where in doubt it stays off."""
    zones: list[Span] = []
    since = -1
    for switch in _SWITCH.finditer(text, begin):
        line = text[text.rfind("\n", 0, switch.start()) + 1 : switch.start()]
        shown = line.count("`") % 2 == 1 or any(fence.start <= switch.start() < fence.end for fence in fences)
        if switch[1].lower() == "off":
            since = switch.start() if since < 0 and not shown else since
        elif since >= 0 and not shown and not line.startswith(("    ", "\t")):
            zones.append(Span(since, switch.end()))
            since = -1
    return [*zones, Span(since, len(text))] if since >= 0 else zones


def _conflicts(text: str, begin: int) -> list[re.Match[str]]:
    """Return the marker lines of unresolved conflicts; a line of `=` alone underlines a heading."""
    markers = list(_CONFLICT.finditer(text, begin)) if "<<<<<<<" in text else []
    signs = {marker[0][0] for marker in markers}
    return markers if {"<", ">"} <= signs else []


def _without_scaffolds(post: Post, edits: Sequence[Edit], scaffolds: Sequence[tuple[Span, Entry]]) -> list[Span]:
    """Return what must stand elsewhere: all removed text but for leaks the catalogue itself finds there."""
    removed = [span for span, _ in edits if span.end > span.start]
    for leak, entry in scaffolds:
        if not any(needle in unicodedata.normalize("NFKC", post.text[leak.start : leak.end]).lower() for needle in entry.needles):
            raise _fail(
                "the catalogue entry {entry} does not find its leak", leak, post.text[leak.start : leak.end], entry=entry.id
            )
        removed = _without(removed, [leak])
    return removed


def _without(spans: list[Span], holes: Sequence[Span]) -> list[Span]:
    """Return what is left of `spans` outside of `holes`."""
    for hole in holes:
        pieces: list[Span] = []
        for span in spans:
            if hole.end <= span.start or span.end <= hole.start:
                pieces.append(span)
                continue
            pieces += [part for part in (Span(span.start, hole.start), Span(hole.end, span.end)) if part.start < part.end]
        spans = pieces
    return spans


def _is_kept_alike(post: Post, gone: Span, stays: Span, result: _Result) -> None:
    """A near copy that goes is like the text that stays for it, and that text does stay."""
    copy, witness = (_plain(post.text[span.start : span.end]).replace("\n", "") for span in (gone, stays))
    if witness not in result.plain:
        raise _fail("the text that stays for a near copy is not in the result", stays, witness)
    within = (
        len(copy) >= _LEAST_WITHIN
        and len(witness) <= _MOST_MORE * len(copy)
        and LCSseq.similarity(copy, witness) >= _WITHIN * len(copy)
    )
    if fuzz.ratio(copy, witness) < _ALIKE and not within:
        raise _fail("a near copy is not like the text that stays for it", gone, copy)


def _stays(post: Post, span: Span, result: _Result) -> None:
    at = 0
    for line in _lines(post.text[span.start : span.end]):
        # Nearly every line stands as it is; only of one that does not are the sentences looked for.
        found = result.end_of(_squeeze(line), at)
        at = found if found >= 0 else at
        for sentence in _SENTENCE.sub(r"\g<0>\n", line).split("\n") if found < 0 else ():
            found = result.end_of(_squeeze(sentence), at)
            if found >= 0:
                at = found
                continue
            plain = _plain(sentence).strip(".…")
            if plain and plain not in result.plain and not _is_joined(plain, result):
                raise _fail("removed text that stands nowhere in the result", span, sentence)


def _is_joined(plain: str, result: _Result) -> bool:
    """Tell whether the text is made of pieces that end, and go on, where lines of the result end and begin.

    An echo joins paragraphs, and leaves out the list or the code between them.
    """
    tails = (line[at:] for line in result.lines for at in range(len(line)) if line[at] == plain[0])
    reached = {len(tail) for tail in tails if plain.startswith(tail)}
    pending = list(reached)
    while pending:
        at = pending.pop()
        if result.stands_from_a_line(plain[at:]):
            return True
        further = {at + len(line) for line in result.lines if line and plain.startswith(line, at)} - reached
        reached |= further
        pending += further
    return False


def _keeps_links(post: Post, dropped: Sequence[Span], result: _Result) -> None:
    """Of text that was asked to go, a line that is only a link in a list has a twin that stays."""
    for span in dropped:
        for line in _LINK_LINE.finditer(post.text, span.start, span.end):
            if _plain(line[0]) not in result.lines:
                raise _fail("a list of links disappears", Span(*line.span()), line[0])


def _keeps_headings(post: Post, removed: Sequence[Span], result: _Result) -> None:
    """A heading that goes has a twin that stays, was the cut-off beginning of one, or one flattened into what follows it.

    The title in the front matter, which no edit touches, is a twin of one with text before it.
    """
    title = _TITLE.search(post.text, 0, post.header.end)
    for span in removed:
        known = _plain(title[1]) if title and post.text[post.header.end : span.start].strip() else None
        for line in _lines(post.text[span.start : span.end]):
            if not _HEADING.match(line) or _squeeze(line) in result.verbatim_lines:
                continue
            plain = _plain(line)
            if not plain or len(plain) > _LONGEST_HEADING or plain in result.lines or plain == known:
                continue
            twins = result.headings if line.lstrip().startswith("#") else result.lines
            flattened = plain in result.plain and any(heading and plain.startswith(heading) for heading in result.headings)
            if not flattened and not any(twin.startswith(plain) for twin in twins):
                raise _fail("a heading disappears", span, line)


def _heads_nothing(post: Post, heading: Span, edits: Sequence[Edit]) -> None:
    """A heading that goes for no twin has text under it, and all of that goes, down to a heading no lower, or the end."""
    text, at = post.text, heading.end
    went = after = ""
    for span, _ in [*edits, Edit(Span(len(text), len(text)), "")]:
        if span.end > heading.end:
            after += text[at : span.start]
            if any(_says_something(line) for line in _lines(after)):
                break
            went += text[max(at, span.start) : span.end]
            at = span.end
    line, below = text[heading.start : heading.end], next((line for line in _lines(after) if _says_something(line)), "")
    ends = not below or (_HEADING.match(below) and _level(below) <= _level(line))
    had = any(_says_something(each) and not _HEADING.match(each) for each in _lines(went))
    if not (_BARE.fullmatch(line) and "](#" not in text and had and ends):
        raise _fail("a heading disappears", heading, line)


def _says_something(line: str) -> bool:
    """Tell whether a line is neither empty nor a rule."""
    return bool(line.strip()) and not _RULE.fullmatch(line)


def _level(line: str) -> int:
    """Return the level of a heading, that of a line in bold below all others."""
    sign = line.lstrip()
    return len(sign) - len(sign.lstrip("#")) or 7


def _keeps_code(post: Post, removed: Sequence[Span], result: _Result) -> None:
    """A code block that goes has a twin that stays, a code block too, the same to the letter but for a common indentation."""
    for span in removed:
        for fence in _FENCE.finditer(post.text, span.start, span.end):
            if _verbatim(fence[0]) not in result.fences:
                raise _fail("a code block disappears", Span(*fence.span()), fence[0])


def _keeps_blocks(post: Post, edits: Sequence[Edit], repaired: str) -> None:
    """Every top-level block no edit touches is a block of the same kind in the result: nothing melts together."""
    shift = index = 0
    moved = []
    for kind, start, end in _top_blocks(post.text, post.header.end):
        joined = False
        while index < len(edits) and edits[index].span.end <= start:
            joined = edits[index].span.end == start and not edits[index].replacement
            shift += len(edits[index].replacement) - (edits[index].span.end - edits[index].span.start)
            index += 1
        touched = joined or (index < len(edits) and edits[index].span.start < end)
        if not touched and _has_own_lines(repaired, start + shift, end + shift):
            moved.append((kind, start + shift, end + shift, Span(start, end)))
    found = {(kind, start): end for kind, start, end in _top_blocks(repaired, post.header.end)}
    lists = [(start, end) for (kind, start), end in found.items() if kind == "List"]
    for kind, start, end, span in moved:
        whole = found.get((kind, start)) == end
        if not whole and not (kind == "List" and any(a <= start and end <= b for a, b in lists)):
            raise _fail("a {kind} changes its meaning", span, post.text[span.start : span.end], kind=kind.lower())


def _has_own_lines(text: str, start: int, end: int) -> bool:
    """Tell whether nothing was joined to the block from the left or the right."""
    while start > 0 and text[start - 1] in " \t":
        start -= 1
    while end < len(text) and text[end] in " \t":
        end += 1
    return (start == 0 or text[start - 1] in "\r\n\ufeff") and (end == len(text) or text[end] in "\r\n")


def _top_blocks(text: str, begin: int) -> list[tuple[str, int, int]]:
    """Return kind, start and end (without white space at the ends) of the outermost blocks, in characters of `text`.

    Each side of an unresolved conflict is read by itself, as whoever resolves it will.
    """
    blocks: list[tuple[str, int, int]] = []
    at = begin
    for marker in _conflicts(text, begin):
        blocks += _parse(text, Span(at, marker.start()))
        at = marker.end()
    return blocks + _parse(text, Span(at, len(text)))


def _parse(text: str, piece: Span) -> list[tuple[str, int, int]]:
    events, chars = parse(text[piece.start : piece.end])
    found: list[tuple[str, int, int]] = []
    end = 0
    for event, start, stop in events:
        # What lies in a block, its own end included, begins before the block ends; a cell its row lacks is empty.
        if end <= start < stop:
            name = event if isinstance(event, str) else next(iter(event.values()))
            found.append((name if isinstance(name, str) else next(iter(name)), start, stop))
            end = stop
    starts = (chars[[start for _, start, _ in found]] + piece.start).tolist()
    ends = (chars[[end for _, _, end in found]] + piece.start).tolist()
    blocks: list[tuple[str, int, int]] = []
    for (kind, _, _), start, end in zip(found, starts, ends, strict=True):
        block = text[start:end]
        blocks.append((kind, end - len(block.lstrip()), start + len(block.rstrip())))
    return blocks
