"""Compare posts with each other: twins, shared passages, templates, posts at one address, what was leaked into titles."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from dedupe.address import normalize
from dedupe.collection import Collection, Member, Memory, Read, collect
from dedupe.config import TEMPLATE
from dedupe.fingerprint import fingerprint
from dedupe.model import Elsewhere, Finding, Safety, Span
from dedupe.passages import Shared, find_passages
from dedupe.rules import RULES
from dedupe.suppress import Suppression
from dedupe.traits import Head, Link, Traits
from dedupe.twins import Twin, find_twins

TWIN, SHARED, ADDRESS, LEAK = "POST001", "POST002", "POST004", "POST005"

_TOLD = 20
"""Places elsewhere that a finding names at most."""
_ADDRESSING = re.compile(
    r"""^[ \t]*["']?(?:permalink|url|slug|aliases|redirect_from|date)["']?[ \t]*[:=][^\r\n]*""", re.MULTILINE
)
_SAME_START = 8
"""Characters that a link's words and a title begin with alike, where the words are that title."""

_Told = tuple[str, Finding]
"""The name of a post, and a finding about it."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """Findings by the names of posts, sorted by their spans, and the suppressions (their spans) that left some untold."""

    findings: dict[str, tuple[Finding, ...]]
    used: dict[str, tuple[Span, ...]]


def compare(members: Iterable[Member], read: Read, memory: Memory | None = None) -> Comparison:
    """Return the findings across posts: the same for any order of `members`.

    Only the texts are read of which something is told, or that are alike and not known to be in `memory`, which is added to.
    """
    collection = collect(members, read, memory)
    twins = list(find_twins(collection))
    head = {twin.other: twin.keeper for twin in twins}
    found: defaultdict[str, list[Finding]] = defaultdict(list)
    for name, finding in (
        *(told for twin in twins for told in _tell_twin(collection, twin)),
        *(told for passage in find_passages(collection) for told in _tell_passage(collection, passage, head)),
        *_tell_addresses(collection),
        *_tell_leaks(collection),
    ):
        found[name].append(finding)
    marks = {member.name: member.traits.marks for member in collection.members}
    findings: dict[str, tuple[Finding, ...]] = {}
    used: dict[str, tuple[Span, ...]] = {}
    for name in sorted(found):
        held = {finding: [mark.span for mark in marks[name] if _holds(mark, finding)] for finding in found[name]}
        by_place = sorted(found[name], key=lambda each: (each.span, each.code))
        findings[name] = tuple(finding for finding in by_place if not held[finding])
        used[name] = tuple(sorted({span for spans in held.values() for span in spans}))
    return Comparison(
        {name: told for name, told in findings.items() if told}, {name: spans for name, spans in used.items() if spans}
    )


def _holds(mark: Suppression, finding: Finding) -> bool:
    """Tell whether a suppression is about a finding; on a post as a whole only that of its front matter is."""
    if mark.whole:
        return not mark.wrong and (not mark.codes or finding.code.startswith(mark.codes))
    return finding.code not in {TWIN, ADDRESS} and mark.holds(finding.code, [finding.span])


def _tell_twin(collection: Collection, twin: Twin) -> Iterator[_Told]:
    keeper, other = collection.members[twin.keeper], collection.members[twin.other]
    if _is_settled(keeper.traits) or _is_settled(other.traits):
        return
    evidence = [f"{_percent(twin.similarity)} the same", *([f"as in a series: {twin.facts}"] if twin.facts else [])]
    elsewhere = [Elsewhere(keeper.name, collection.body(twin.keeper))]
    yield _tell(collection, twin.other, TWIN, collection.body(twin.other), evidence, elsewhere, twin.similarity)


def _is_settled(traits: Traits) -> bool:
    """Tell whether a post says itself that another one counts, or is not published."""
    values = traits.values
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
        evidence = [f"in {len(places):,} posts"]
        told = [elsewhere[place] for place in others[:_TOLD]]
        yield _tell(collection, first, TEMPLATE, passage.spans[first], evidence, told)
        return
    keeper, *others = places
    for place in others:
        if head.get(place, place) != head.get(keeper, keeper):
            similarity = passage.similarities[place]
            evidence = [] if similarity == 1 else [f"{_percent(similarity)} the same"]
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
        for link in member.traits.links:
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
) -> _Told:
    member = collection.members[place]
    reason = f" ({'; '.join(evidence)})" if evidence else ""
    return member.name, Finding(
        code=code,
        span=span,
        message=f"{RULES[code].summary}{reason}",
        safety=Safety.DISPLAY,
        fingerprint=fingerprint(code, collection.read(member.name), [span]),
        similarity=None if similarity is None else round(similarity, 3),
        evidence=tuple(evidence),
        elsewhere=tuple(elsewhere),
    )
