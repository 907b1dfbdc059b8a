"""Compare the posts of a run with each other: brings their traits, texts and sites together, and what may be told of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING

from dedupe.address import Site, find_addresses, find_generator, read_site
from dedupe.baseline import name_post
from dedupe.config import TEMPLATE, Config
from dedupe.corpus import Source, read_source
from dedupe.decisions import Decision
from dedupe.errors import InputError
from dedupe.report import FindingLine, PostReport, add_findings

if TYPE_CHECKING:
    # Where nothing is new nobody waits for numpy.
    from dedupe.collection import Member
    from dedupe.traits import Traits

_UP = 4
"""Folders above a post's own in which the settings of its site are looked for."""
_HUGO = ("hugo.toml", "hugo.yaml", "hugo.yml", "hugo.json", "config.toml", "config.yaml", "config.yml", "config/_default")


@dataclass(frozen=True, slots=True)
class Peer:
    """A post to compare: its file, the digest of what was read from it, and its traits where they are at hand."""

    source: Source
    content: str
    traits: Traits | None = None


def compare_peers(peers: Sequence[Peer], config: Config) -> dict[str, tuple[FindingLine, ...]]:
    """Return what is found across `peers`, by the names of posts, whatever the settings are but for the user's own leaks.

    A post that cannot be read any more, or says something else now, is left out.
    """
    from dedupe.across import compare  # noqa: PLC0415
    from dedupe.report import report_across  # noqa: PLC0415
    from dedupe.traits import find_traits  # noqa: PLC0415

    by_name = {peer.source.name: peer.source for peer in peers}

    @cache
    def read(name: str) -> str:
        return read_source(by_name[name])[1].text

    members: list[Member] = []
    for peer in peers:
        traits = peer.traits
        if traits is None:
            try:
                traits = find_traits(read_source(peer.source)[1], config)
            except InputError:
                continue
        members.append(_member(peer.source, traits))
    return report_across(compare(members, read), read)


def add_across(reports: Iterable[PostReport], found: Mapping[str, Sequence[FindingLine]], config: Config) -> list[PostReport]:
    """Return the reports with what was found across posts and is to be told: wanted, not rejected, not in the baseline.

    A post that was not asked for has a report of its own where what is found there is about one that was.
    """
    by_path = {report.path: report for report in reports}
    for path, findings in found.items():
        told = [finding for finding in findings if config.wants(finding.code)]
        told = [finding for finding in told if config.decisions.get(finding.fingerprint) is not Decision.REJECT]
        if path not in by_path:
            told = [finding for finding in told if _concerns(finding, by_path)]
        new, baselined = _without_known(told, config.baseline.get(name_post(path), {}))
        if new or (baselined and path in by_path):
            by_path[path] = add_findings(by_path.get(path, PostReport(path)), new, baselined)
    return list(by_path.values())


def _concerns(finding: FindingLine, reports: Mapping[str, PostReport]) -> bool:
    return finding.code != TEMPLATE and any(other.path in reports for other in finding.elsewhere)


def _without_known(findings: Sequence[FindingLine], known: Mapping[str, int]) -> tuple[list[FindingLine], int]:
    """Return the findings that the baseline does not know, and how many it knows."""
    rest, new = dict(known), []
    for finding in findings:
        if rest.get(finding.fingerprint, 0):
            rest[finding.fingerprint] -= 1
        else:
            new.append(finding)
    return new, len(findings) - len(new)


def _member(source: Source, traits: Traits) -> Member:
    from dedupe.collection import Member  # noqa: PLC0415

    root, site = find_site(source.path.parent)
    path = source.path.relative_to(root) if source.path.is_relative_to(root) else source.path
    return Member(source.name, traits, find_addresses(path.as_posix(), traits.values, site), root.as_posix(), site)


@cache
def find_site(folder: Path) -> tuple[Path, Site]:
    """Return the top folder of the site that posts in `folder` are of, and the site as its settings say; `folder` may be all."""
    generator = find_generator(f"{folder.as_posix()}/")
    mark = {"jekyll": "_posts", "hugo": "content"}.get(generator)
    if mark is None:
        return Path(folder.anchor), Site()
    parts = folder.parts
    top = Path(*parts[: len(parts) - 1 - parts[::-1].index(mark)])
    if generator == "hugo":
        return (top, read_site("hugo")) if any((top / name).exists() for name in _HUGO) else (top, Site("hugo"))
    for above in [top, *list(top.parents)[:_UP]]:
        settings = above / "_config.yml"
        if settings.is_file():
            return above, read_site("jekyll", settings.read_text("utf-8", "replace"))
    return top, read_site("jekyll")


def name_sites(peers: Iterable[Peer]) -> str:
    """Return a digest of what else than the posts themselves decides about their addresses."""
    sites = sorted({repr(find_site(peer.source.path.parent)) for peer in peers})
    return blake2b("\n".join(sites).encode("utf-8", "surrogateescape"), digest_size=16).hexdigest()
