"""Compare posts with each other: twins, shared passages, templates, posts at one address, what was leaked into titles."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from dedupe.address import normalize
from dedupe.collection import Collection, Member, Memory, Read, collect
from dedupe.config import TEMPLATE, TWIN
from dedupe.fingerprint import fingerprint
from dedupe.front import Value, edit_front
from dedupe.model import Edit, Elsewhere, Finding, Post, Safety, Span
from dedupe.passages import Shared, find_passages
from dedupe.rules import COULD_SAY, IN_A_SERIES, IN_POSTS, RULES, SIMILAR
from dedupe.shelf import Shelf
from dedupe.suppress import Suppression
from dedupe.traits import Head, Link
from dedupe.twins import Twin, find_twins

SHARED, ADDRESS, LEAK = "POST002", "POST004", "POST005"

_TOLD = 20
"""Places elsewhere that a finding names at most."""
_ADDRESSING = re.compile(
    r"""^[ \t]*["']?(?:permalink|url|slug|aliases|redirect_from|date)["']?[ \t]*[:=][^\r\n]*""", re.MULTILINE
)
_SAME_START = 8
"""Characters that a link's words and a title begin with alike, where the words are that title."""

_STEPS_BACK: dict[str, dict[str, Value]] = {"jekyll": {"published": False}, "hugo": {"draft": True}}
_TAKES_OVER = {"jekyll": "redirect_from", "hugo": "aliases"}
"""What the front matter of a twin says when it is published no more, and the key by which another post takes over its address."""

_Told = tuple[str, Finding]
"""The name of a post, and a finding about it."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """Findings by the names of posts, sorted by their spans, and the suppressions (their spans) that left some untold."""

    findings: dict[str, tuple[Finding, ...]]
    used: dict[str, tuple[Span, ...]]


def compare(members: Iterable[Member], shelf: Shelf, read: Read, memory: Memory | None = None) -> Comparison:
    """Return the findings across posts: the same for any order of `members`.

    Only the texts are read of which something is told, or that are alike and not known to be in `memory`, which is added to.
    """
    collection = collect(members, shelf, read, memory)
    twins = list(find_twins(collection))
    head = {twin.other: twin.keeper for twin in twins}
    found: defaultdict[str, list[Finding]] = defaultdict(list)
    for name, finding in (
        *_tell_twins(collection, twins),
        *(told for passage in find_passages(collection) for told in _tell_passage(collection, passage, head)),
        *_tell_addresses(collection),
        *_tell_leaks(collection),
    ):
        found[name].append(finding)
    marks = {member.name: member.traits.marks for member in collection.members}
    findings: dict[str, tuple[Finding, ...]] = {}
    used: dict[str, tuple[Span, ...]] = {}
    for name in sorted(found):
        text = read(name)
        told = [replace(each, fingerprint=fingerprint(each.code, text, [each.span])) for each in found[name]]
        held = {finding: [mark.span for mark in marks[name] if _holds(mark, finding)] for finding in told}
        by_place = sorted(told, key=lambda each: (each.span, each.code))
        findings[name] = tuple(finding for finding in by_place if not held[finding])
        used[name] = tuple(sorted({span for spans in held.values() for span in spans}))
    return Comparison(
        {name: each for name, each in findings.items() if each}, {name: spans for name, spans in used.items() if spans}
    )


def _holds(mark: Suppression, finding: Finding) -> bool:
    """Tell whether a suppression is about a finding; on a post as a whole only that of its front matter is."""
    if mark.whole:
        return not mark.wrong and (not mark.codes or finding.code.startswith(mark.codes))
    return finding.code not in {TWIN, ADDRESS} and mark.holds(finding.code, [finding.span])


def _tell_twins(collection: Collection, twins: Sequence[Twin]) -> Iterator[_Told]:
    """Yield a finding on each twin, and on a post that would take over the addresses of its own."""
    open_ones = [twin for twin in twins if not any(_is_settled(collection.members[place]) for place in (twin.keeper, twin.other))]
    taken_over: defaultdict[int, list[Twin]] = defaultdict(list)
    proposals = {twin.other: _propose(collection, twin) for twin in open_ones if not twin.facts}
    for twin in open_ones:
        if (proposal := proposals.get(twin.other)) and proposal.taken_over:
            taken_over[twin.keeper].append(twin)
    kept = {keeper: _take_over(collection, keeper, own) for keeper, own in taken_over.items()}
    for keeper, own in taken_over.items():
        if edits := kept[keeper]:
            elsewhere = [Elsewhere(collection.members[twin.other].name, collection.body(twin.other)) for twin in own]
            evidence = ["the one that stays", _change(edits)]
            yield _tell(collection, keeper, TWIN, _addressing(collection, keeper), evidence, elsewhere, edits=edits)
    for twin in open_ones:
        proposal = proposals.get(twin.other)
        done = proposal is not None and (not proposal.taken_over or kept[twin.keeper] is not None)
        edits = proposal.edits if proposal and done else ()
        evidence = [SIMILAR.format(share=_percent(twin.similarity))]
        evidence += [IN_A_SERIES.format(why=twin.facts)] if twin.facts else []
        evidence += [_change(edits)] if edits else []
        elsewhere = [Elsewhere(collection.members[twin.keeper].name, collection.body(twin.keeper))]
        span = collection.body(twin.other)
        yield _tell(collection, twin.other, TWIN, span, evidence, elsewhere, twin.similarity, edits)


def _take_over(collection: Collection, keeper: int, twins: Sequence[Twin]) -> tuple[Edit, ...] | None:
    """Return the edits by which a post takes over the addresses of its twins, none where it has; None where it cannot."""
    member = collection.members[keeper]
    key = _TAKES_OVER[member.site.generator]
    there = member.traits.values.get(key, [])
    wanted = [collection.members[twin.other].address for twin in twins]
    missing = [address for address in wanted if address and not (isinstance(there, list) and address in there)]
    return edit_front(_post(collection, keeper), {key: missing}) if missing else ()


class _Proposal(NamedTuple):
    """What a twin's front matter is to say, and whether the post that stays takes over its address."""

    edits: tuple[Edit, ...]
    taken_over: bool


def _propose(collection: Collection, twin: Twin) -> _Proposal | None:
    """Return how a twin steps back: by a redirect where its site can have one, else by naming the address that counts."""
    keeper, other = collection.members[twin.keeper], collection.members[twin.other]
    generator = other.site.generator
    if other.site.redirects and keeper.root == other.root and other.address and keeper.address:
        edits = edit_front(_post(collection, twin.other), _STEPS_BACK[generator])
        return _Proposal(edits, taken_over=True) if edits else None
    if keeper.address and keeper.root == other.root:
        edits = edit_front(_post(collection, twin.other), {"canonical_url": keeper.address})
        return _Proposal(edits, taken_over=False) if edits else None
    return None


def _post(collection: Collection, place: int) -> Post:
    member = collection.members[place]
    return Post(member.name, collection.read(member.name), Span(0, member.traits.body))


def _change(edits: Sequence[Edit]) -> str:
    said = "; ".join(" ".join(edit.replacement.split()) for edit in edits)
    return COULD_SAY.format(lines=said)


def _is_settled(member: Member) -> bool:
    """Tell whether a post says itself that another one counts, or is not published."""
    values = member.values
    points = any(values.get(key) for key in ("canonical_url", "canonicalURL", "redirect_to"))
    return points or values.get("draft") is True or values.get("published") is False


def _tell_passage(collection: Collection, passage: Shared, head: dict[int, int]) -> Iterator[_Told]:
    places = list(passage.spans)
    # What twins share is told once, as twins.
    if len({head.get(place, place) for place in places}) < 2:
        return
    elsewhere = {place: Elsewhere(collection.members[place].name, passage.spans[place]) for place in sorted(places)}
    if passage.template:
        first, *others = elsewhere
        evidence = [IN_POSTS.format(count=f"{len(places):,}")]
        told = [elsewhere[place] for place in others[:_TOLD]]
        yield _tell(collection, first, TEMPLATE, passage.spans[first], evidence, told, posts=len(places))
        return
    keeper, *others = places
    for place in others:
        if head.get(place, place) != head.get(keeper, keeper):
            similarity = passage.similarities[place]
            evidence = [] if similarity == 1 else [SIMILAR.format(share=_percent(similarity))]
            yield _tell(collection, place, SHARED, passage.spans[place], evidence, [elsewhere[keeper]], similarity)


def _tell_addresses(collection: Collection) -> Iterator[_Told]:
    taken: dict[tuple[str, str], int] = {}
    for place, member in enumerate(collection.members):
        for address in member.addresses:
            other = taken.setdefault((member.root, address), place)
            if other != place:
                elsewhere = [Elsewhere(collection.members[other].name, _addressing(collection, other))]
                yield _tell(collection, place, ADDRESS, _addressing(collection, place), [address], elsewhere)


def _addressing(collection: Collection, place: int) -> Span:
    """Return the line of front matter that decides about the address, else the first line."""
    head = collection.text(place, Span(0, collection.members[place].traits.body))
    line = _ADDRESSING.search(head)
    return Span(*line.span()) if line else Span(0, len(head.partition("\n")[0].rstrip("\r")))


def _tell_leaks(collection: Collection) -> Iterator[_Told]:
    leaked: dict[tuple[str, str], tuple[int, Head]] = {}
    for place, member in enumerate(collection.members):
        for head in member.traits.heads:
            if head.leak:
                yield _tell(collection, place, LEAK, Span(head.start, head.end), ["in its front matter"], [])
                for address in member.addresses[:1]:
                    leaked.setdefault((member.root, address), (place, head))
    for place, member in enumerate(collection.members):
        for link in collection.traits(place).links:
            known = leaked.get((member.root, normalize(link.target))) if leaked else None
            if link.leak or (known and _says(collection, place, link, known[1])):
                elsewhere = [Elsewhere(collection.members[known[0]].name, Span(known[1].start, known[1].end))] if known else []
                yield _tell(collection, place, LEAK, Span(link.start, link.end), ["in a link to another post"], elsewhere)


def _says(collection: Collection, place: int, link: Link, head: Head) -> bool:
    """Tell whether the words of a link are a title, or the beginning of one."""
    words = "".join(collection.text(place, Span(link.start + 1, link.end)).split())
    title = "".join(head.text.split())
    return words[:_SAME_START] == title[:_SAME_START]


def _percent(share: float) -> str:
    return f"{int(share * 100)} %"


def _tell(
    collection: Collection,
    place: int,
    code: str,
    span: Span,
    evidence: Sequence[str],
    elsewhere: Sequence[Elsewhere],
    similarity: float | None = None,
    edits: Sequence[Edit] = (),
    posts: int | None = None,
) -> _Told:
    reason = f" ({'; '.join(evidence)})" if evidence else ""
    return collection.members[place].name, Finding(
        code=code,
        span=span,
        message=f"{RULES[code].summary}{reason}",
        safety=Safety.UNSAFE if edits else Safety.DISPLAY,
        fingerprint="",  # by its text, which is read once all that is told of a post is known
        similarity=None if similarity is None else round(similarity, 3),
        evidence=tuple(evidence),
        edits=tuple(edits),
        elsewhere=tuple(elsewhere),
        posts=posts,
    )
