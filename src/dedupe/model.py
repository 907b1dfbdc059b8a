"""The words of the tool as data: every stage reads and returns these, and none of them changes.

All offsets are characters (Unicode code points) into `Post.text`, half-open.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum, StrEnum
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

if TYPE_CHECKING:
    # Who only reads a report of what is known already need not wait for numpy.
    import numpy as np
    from numpy.typing import NDArray

Integers: TypeAlias = "NDArray[np.int64]"


class Span(NamedTuple):
    """A half-open range of characters of a post's text."""

    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Post:
    """One document: its name, its decoded text (BOM and line ends kept) and the span of its front matter."""

    name: str
    text: str
    header: Span

    @property
    def body(self) -> Span:
        return Span(self.header.end, len(self.text))

    @property
    def ink(self) -> int:
        """The number of characters of the body but for blanks and line ends."""
        return _count_ink(self.text, self.header.end)


@lru_cache(maxsize=4)
def _count_ink(text: str, start: int) -> int:
    """Count what several stages ask of the same few texts."""
    return len(text) - start - sum(text.count(blank, start) for blank in " \n\r\t\u3000")


class Kind(StrEnum):
    """What a block is. Only paragraphs and list items are cut into sentences; the others stand or go whole."""

    PARAGRAPH = "paragraph"
    ITEM = "list item"
    HEADING = "heading"
    VERSE = "verse"
    LINKS = "links"
    QUOTE = "quote"
    CODE = "code"
    TABLE = "table"
    HTML = "html"
    RULE = "rule"
    FOOTNOTE = "footnote"
    DIRECTIVE = "directive"
    CONFLICT = "conflict marker"
    OTHER = "other"


PROSE = frozenset({Kind.PARAGRAPH, Kind.ITEM})
"""The kinds that are cut into sentences."""


class Block(NamedTuple):
    """A leaf block of Markdown; `container` numbers the HTML, Liquid or `:::` element it stands in.

    0 is none; a negative number is text switched off by `<!-- dedupe: off -->`, in which nothing is found.
    """

    span: Span
    kind: Kind
    container: int = 0


@dataclass(frozen=True, slots=True)
class Segments:
    """A body cut up: blocks in order, and units (sentences, or whole blocks) as arrays of equal length.

    Whatever lies between two blocks, and between two units of a block, is white space. `stopped` tells which units end
    in a stop (or a colon or an ellipsis), so were not cut off.
    """

    blocks: tuple[Block, ...]
    starts: Integers
    ends: Integers
    block_of: Integers
    stopped: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.starts)


@dataclass(frozen=True, slots=True)
class Folded:
    """What is compared: one code point per kept character, and `offsets`, the way back into the text."""

    codes: NDArray[np.uint32]
    offsets: Integers


class Repeat(NamedTuple):
    """`codes[start:end]` equals `codes[start - distance : end - distance]`; offsets are folded ones."""

    start: int
    end: int
    distance: int


@dataclass(frozen=True, slots=True)
class Repeats:
    """The repeats of a post, sorted, as arrays: a text with many lines that are alike has thousands of them."""

    starts: Integers
    ends: Integers
    distances: Integers

    def __len__(self) -> int:
        return len(self.starts)

    def __iter__(self) -> Iterator[Repeat]:
        return map(Repeat, self.starts.tolist(), self.ends.tolist(), self.distances.tolist())

    def among(self, chosen: NDArray[np.bool_]) -> Repeats:
        """Return those that are chosen."""
        return Repeats(self.starts[chosen], self.ends[chosen], self.distances[chosen])


class Safety(IntEnum):
    """How sure a fix is: display is never applied, unsafe only when asked for, safe by default."""

    DISPLAY = 0
    UNSAFE = 1
    SAFE = 2


class Keep(StrEnum):
    """Which copy of a passage stays: the one that leaves the fewest seams, the first, the last; or only the first draft."""

    BEST = "best"
    FIRST = "first"
    LAST = "last"
    FIRST_DRAFT = "first-draft"


class Strength(IntEnum):
    """What a leak proves: a hint removes nothing, a sign needs structure beside it, a decisive one does not."""

    HINT = 0
    SIGN = 1
    DECISIVE = 2


@dataclass(frozen=True, slots=True)
class Leak:
    """Text of a prompt, an assistant or a chat page that stands in a post; `woven` is a label in the midst of a line."""

    id: str
    kind: str
    span: Span
    strength: Strength
    own_line: bool
    woven: bool = False


@dataclass(frozen=True, slots=True)
class Verdict:
    """One thing that is wrong, before it has edits: its rule, its text, what stays for it, and what speaks for removing it.

    `goes_on` is the offset where the text continues right after what stands before `spans`, with `glue` between.
    `rewritten` pairs each near copy that goes with the text that stays for it; `bare` are headings of which none stays,
    because all that stood under them goes.
    """

    rule: str
    spans: tuple[Span, ...]
    safety: Safety
    witness: Span | None = None
    evidence: tuple[str, ...] = ()
    goes_on: int | None = None
    glue: str = ""
    leak: Leak | None = None
    rewritten: tuple[tuple[Span, Span], ...] = ()
    similarity: float | None = None
    bare: tuple[Span, ...] = ()


class Edit(NamedTuple):
    """Replace the characters of `span` by `replacement` (nearly always nothing, else white space)."""

    span: Span
    replacement: str


@dataclass(frozen=True, slots=True)
class Change:
    """Words of a near copy that goes, and what the text that stays has in their place; either may be empty."""

    goes: str
    stays: str


@dataclass(frozen=True, slots=True)
class Rewording:
    """A near copy, the text that stays for it, and what differs word by word."""

    span: Span
    witness: Span
    changes: tuple[Change, ...]


class Elsewhere(NamedTuple):
    """A span of another post, called by its name."""

    path: str
    span: Span


@dataclass(frozen=True, slots=True)
class Finding:
    """What is wrong, where, on what evidence, and the edits that mend it (applied together or not at all).

    `fingerprint` is by what it is known again in another run; `elsewhere` is the text of other posts that it is about,
    and `posts` how many have a template.
    """

    code: str
    span: Span
    message: str
    safety: Safety
    fingerprint: str
    witness: Span | None = None
    similarity: float | None = None
    evidence: tuple[str, ...] = ()
    edits: tuple[Edit, ...] = ()
    rewordings: tuple[Rewording, ...] = ()
    elsewhere: tuple[Elsewhere, ...] = ()
    posts: int | None = None


class Wording(StrEnum):
    """What a text is to what stands before it in its post: new, equal to some of it, or similar at 0.9 or more."""

    NEW = "new"
    COPY = "copy"
    REWRITE = "rewrite"


@dataclass(frozen=True, slots=True)
class Draft:
    """One draft of a post: its parts in order, and what it amounts to: new as soon as it says something of its own."""

    span: Span
    parts: tuple[tuple[Wording, Span], ...]
    wording: Wording


@dataclass(frozen=True, slots=True)
class Outcome:
    """All that a report, a diff or an exit code needs to know about one post."""

    post: Post
    findings: tuple[Finding, ...]
    repaired: str
    repeated_share: float
    proof_error: str | None = None
    drafts: tuple[Draft, ...] = ()
    """The first draft and its continuations; empty where the post is but one draft."""
    baselined: int = 0
    """Findings that are in the baseline, so are told no more."""

    @property
    def changed(self) -> bool:
        return self.repaired != self.post.text
