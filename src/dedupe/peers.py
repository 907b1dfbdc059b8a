"""Compare the posts of a run with each other: brings their traits, texts and sites together, and what may be told of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache, lru_cache
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from dedupe.address import Site, add_defaults, find_address, find_addresses, find_generator, find_kind, read_site
from dedupe.baseline import name_post
from dedupe.config import TEMPLATE, TWIN, Config
from dedupe.corpus import Source, read_source
from dedupe.decisions import Decision
from dedupe.errors import InputError
from dedupe.files import digest
from dedupe.index import TRAITS, Index
from dedupe.model import Post, Safety
from dedupe.report import EditLine, FindingLine, PostReport, add_findings, report_across
from dedupe.shelf import Shelf
from dedupe.spare import UNUSED

if TYPE_CHECKING:
    # Where nothing is new nobody waits for numpy.
    from dedupe.collection import Member, Memory
    from dedupe.traits import Traits

_encode = msgspec.json.encode
_HELD = 32
"""Texts that are held while posts are compared."""
_TOGETHER = 64
"""Posts whose traits are read from the index at once."""
_ALONE = "canonical_url"
"""What a twin can say without the post that stays taking note of it."""
_UP = 4
"""Folders above a post's own in which the settings of its site are looked for."""
_HUGO = ("hugo.toml", "hugo.y*ml", "hugo.json", "config.toml", "config.y*ml", "config.json", "config/_default/*")


@dataclass(frozen=True, slots=True)
class Peer:
    """A post to compare: its file, and the digest of what was read from it, by which its traits are kept."""

    source: Source
    content: str


@dataclass(frozen=True, slots=True)
class Found:
    """What was found across posts, by their names: findings, and suppressions (their spans) that left some untold."""

    findings: dict[str, tuple[FindingLine, ...]] = field(default_factory=dict)
    used: dict[str, tuple[tuple[int, int], ...]] = field(default_factory=dict)


def compare_peers(peers: Sequence[Peer], shelf: Shelf, config: Config, index: Index | None = None) -> Found:
    """Return what is found across `peers`, whatever the settings are but for the user's own entries for leaks.

    Traits that are not on the `shelf` are put there, from the index or found again.
    With an `index` nothing is compared again that was: neither a collection that is as it was, nor two posts of another one.
    Raises InputError where a post is no more what it was when it was examined.
    """
    settings = blake2b(_encode(config.leaks), digest_size=16).digest()
    peers = _with_contents(peers, index)
    sites = _find_sites(peers)
    if index is None:
        return _compare(peers, sites, shelf, config, None)
    key = _name_collection(peers, sites)
    if known := index.recall_parts("across", [key], settings):
        return msgspec.json.decode(known[key], type=Found)
    found, new = _compare_with(index, peers, sites, shelf, config, key, settings)
    index.save(lambda: ((TRAITS, content, settings, msgspec.msgpack.encode(shelf.take(content))) for content in new))
    return found


def _compare_with(
    index: Index, peers: Sequence[Peer], sites: _Sites, shelf: Shelf, config: Config, key: str, settings: bytes
) -> tuple[Found, list[str]]:
    """Compare with the help of an index, and note there what comes of it; return also the contents whose traits it lacks."""
    from dedupe.collection import Memory  # noqa: PLC0415
    from dedupe.traits import Traits, read_sketches  # noqa: PLC0415

    decode = msgspec.msgpack.Decoder(Traits).decode
    contents = list(dict.fromkeys(peer.content for peer in peers))
    unknown = [content for content in contents if content not in shelf]
    recalled: set[str] = set()
    for start in range(0, len(unknown), _TOGETHER):
        for content, part in index.recall_parts(TRAITS, unknown[start : start + _TOGETHER], settings).items():
            shelf.put(content, decode(part))
            recalled.add(content)
    kept = index.recall_parts("memory", [""], settings)
    memory = msgspec.msgpack.decode(kept[""], type=Memory) if kept else Memory()
    found = _compare(peers, sites, shelf, config, memory)
    memory.forget(read_sketches(shelf.take(content)) for content in contents)
    index.remember_part("memory", "", settings, msgspec.msgpack.encode(memory))
    index.remember_part("across", key, settings, _encode(found))
    return found, [content for content in contents if content not in recalled]


def _with_contents(peers: Sequence[Peer], index: Index | None) -> list[Peer]:
    """Return the peers with what they hold now where that is not known; those that cannot be read are left out."""
    unknown = [peer.source for peer in peers if not peer.content]
    contents = index.recall_contents(unknown) if index is not None and unknown else {}
    known: list[Peer] = []
    for peer in peers:
        content = peer.content or contents.get(peer.source, "")
        try:
            known.append(replace(peer, content=content or digest(read_source(peer.source)[0])))
        except InputError:
            continue
    return known


def _compare(peers: Sequence[Peer], sites: _Sites, shelf: Shelf, config: Config, memory: Memory | None) -> Found:
    """Compare posts; traits that the shelf lacks are put there."""
    from dedupe.across import compare  # noqa: PLC0415
    from dedupe.traits import find_traits  # noqa: PLC0415

    by_name = {peer.source.name: peer for peer in peers}

    @lru_cache(maxsize=_HELD)
    def read(name: str) -> Post:
        raw, post = read_source(by_name[name].source)
        if digest(raw) != by_name[name].content:
            raise InputError("{name}: changed while posts were compared; run again", name=name)
        return post

    for peer in peers:
        if peer.content not in shelf:
            shelf.put(peer.content, find_traits(read(peer.source.name), config))
    known = {folder: _read_site(folder, settings) for folder, settings in sites.items()}
    members = [_member(peer, shelf.look(peer.content), *known[peer.source.path.parent]) for peer in peers]
    comparison = compare(members, shelf, lambda name: read(name).text, memory)
    return Found(report_across(comparison.findings, lambda name: read(name).text), dict(comparison.used))


def add_across(reports: Iterable[PostReport], found: Found, config: Config) -> list[PostReport]:
    """Return the reports with what was found across posts and is to be told: wanted, not rejected, not in the baseline.

    A post that was not asked for has a report of its own where what is found there is about one that was. A suppression that
    leaves something across posts alone is not without use.
    """
    by_path = {report.path: report for report in reports}
    for path, spans in found.used.items():
        if path in by_path:
            kept = tuple(each for each in by_path[path].findings if each.code != UNUSED or tuple(each.span) not in spans)
            by_path[path] = replace(by_path[path], findings=kept)
    asked = frozenset(by_path)
    told = {path: _choose(path, findings, config, asked) for path, findings in found.findings.items()}
    new = {path: _without_known(each, config.baseline.get(name_post(path), {})) for path, each in told.items()}
    for path, findings in _settle_twins({path: each for path, (each, _) in new.items()}, asked).items():
        baselined = new[path][1]
        if findings or (baselined and path in asked):
            by_path[path] = add_findings(by_path.get(path, PostReport(path)), findings, baselined)
    return list(by_path.values())


def _choose(path: str, findings: Iterable[FindingLine], config: Config, asked: frozenset[str]) -> list[FindingLine]:
    """Return those findings about a post that the settings and decisions want told, each as safe as the settings say."""
    return [
        _set_safety(finding, config)
        for finding in findings
        if config.wants(finding.code)
        and config.decisions.get(finding.fingerprint) is not Decision.REJECT
        and (path in asked or _concerns(finding, asked))
    ]


def _set_safety(finding: FindingLine, config: Config) -> FindingLine:
    safety = config.safety_of(finding.code)
    if not finding.edits or safety is Safety.DISPLAY:
        return replace(finding, safety="display", edits=())
    if safety is Safety.SAFE:
        return replace(finding, safety="safe")
    return finding if config.unsafe_fixes else replace(finding, edits=())


def _settle_twins(told: Mapping[str, list[FindingLine]], asked: frozenset[str]) -> dict[str, list[FindingLine]]:
    """Let a twin step back only where the post that stays takes over its address, and that only where the twin steps back."""
    settled = {path: list(findings) for path, findings in told.items()}
    while True:
        ready = {
            (path, other.path)
            for path, findings in settled.items()
            for finding in findings
            for other in finding.elsewhere
            if finding.edits and path in asked
        }
        changed = False
        for path, findings in settled.items():
            for number, finding in enumerate(findings):
                alone = any(_ALONE in edit.replacement for edit in finding.edits)
                waits = any((other.path, path) not in ready for other in finding.elsewhere) and not alone
                if finding.edits and (waits or path not in asked):
                    findings[number], changed = replace(finding, edits=()), True
        if not changed:
            return settled


def edits_across(report: PostReport) -> list[EditLine]:
    """Return the edits of front matter that findings across posts make."""
    return [edit for finding in report.findings if finding.code == TWIN for edit in finding.edits]


def takes_over(report: PostReport) -> bool:
    """Tell whether a post would take over the address of another one; then it is to be written first."""
    return any(finding.code == TWIN and finding.edits and finding.similarity is None for finding in report.findings)


def _concerns(finding: FindingLine, asked: frozenset[str]) -> bool:
    return finding.code != TEMPLATE and any(other.path in asked for other in finding.elsewhere)


def _without_known(findings: Sequence[FindingLine], known: Mapping[str, int]) -> tuple[list[FindingLine], int]:
    """Return the findings that the baseline does not know, and how many it knows."""
    rest, new = dict(known), []
    for finding in findings:
        if rest.get(finding.fingerprint, 0):
            rest[finding.fingerprint] -= 1
        else:
            new.append(finding)
    return new, len(findings) - len(new)


def _member(peer: Peer, traits: Traits, root: Path, site: Site) -> Member:
    from dedupe.collection import Member  # noqa: PLC0415

    top = root.as_posix()
    path = peer.source.path.as_posix().removeprefix(f"{top.rstrip('/')}/")
    values = add_defaults(path, traits.values, site)
    addresses = find_addresses(path, values, site)
    return Member(peer.source.name, peer.content, traits, addresses, top, site, find_address(path, values, site), values)


class _Settings(NamedTuple):
    """What is known of a site before its settings are read: its top folder, its generator, and the text of its settings."""

    top: Path
    generator: str
    text: str = ""


_Sites = dict[Path, _Settings]
"""For each folder with posts the site these are of."""


def _find_sites(peers: Iterable[Peer]) -> _Sites:
    read = cache(_read_settings)  # once for each site, whose posts may be in a folder each
    return {folder: read(*_find_top(folder)) for folder in {peer.source.path.parent for peer in peers}}


def _find_top(folder: Path) -> tuple[Path, str]:
    """Return the folder above the one by which a generator is known, and the generator; `folder` may be all."""
    generator = find_generator(f"{folder.as_posix()}/")
    if not generator:
        return Path(folder.anchor), generator
    parts = folder.parts
    marks = [place for place, part in enumerate(parts) if part == ("content" if generator == "hugo" else "_posts")]
    marks = marks or [place for place, part in enumerate(parts) if part.startswith("_")]
    return Path(*parts[: marks[-1]]), generator


def _read_settings(top: Path, generator: str) -> _Settings:
    if generator == "hugo":
        files = [file for name in _HUGO for file in sorted(top.glob(name)) if file.is_file()]
        return _Settings(top, generator, "\n".join(file.read_text("utf-8", "replace") for file in files))
    for above in [top, *list(top.parents)[:_UP]] if generator else ():
        settings = above / "_config.yml"
        if settings.is_file():
            return _Settings(above, generator, settings.read_text("utf-8", "replace"))
    return _Settings(top, generator)


def _read_site(folder: Path, settings: _Settings) -> tuple[Path, Site]:
    """Return the top folder of the site that posts in `folder` are of, and the site as its settings say."""
    site = read_site(settings.generator, settings.text)
    if settings.generator == "jekyll" and find_kind(f"{folder.relative_to(settings.top).as_posix()}/", site) is None:
        return Path(folder.anchor), Site()
    return settings.top, site


def _name_collection(peers: Iterable[Peer], sites: _Sites) -> str:
    """Return a digest of all that decides about what is found: the posts, what they hold, and the settings of their sites."""
    texts = sorted(f"{top}\0{generator}\0{text}" for top, generator, text in set(sites.values()))
    tops = sorted(f"{folder}\0{settings.top}\0{settings.generator}" for folder, settings in sites.items())
    posts = sorted(f"{peer.source.name}\0{peer.source.path}\0{peer.content}" for peer in peers)
    named = "\0\0".join([*texts, *tops, *posts])
    return blake2b(named.encode("utf-8", "surrogateescape"), digest_size=16).hexdigest()
