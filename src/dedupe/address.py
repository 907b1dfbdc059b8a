"""The address a post is published at, as its site generator makes it: Jekyll, Hugo, or what the front matter alone says."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, NamedTuple
from urllib.parse import unquote, urlsplit

from dedupe.header import read_yaml

_DATED = re.compile(r"(?P<year>\d{4})-(?P<month>\d{1,2})-(?P<day>\d{1,2})-(?P<slug>.+)")
_DAY = re.compile(r"(?P<year>\d{4})-(?P<month>\d{1,2})-(?P<day>\d{1,2})")
_STYLES = {
    "date": "/:categories/:year/:month/:day/:title.html",
    "pretty": "/:categories/:year/:month/:day/:title/",
    "none": "/:categories/:title.html",
}
"""What Jekyll calls some patterns (https://jekyllrb.com/docs/permalinks/); of the others it has, no address is told."""
_PLAIN_STYLES = {"date", "ordinal", "weekdate", "none"}
"""Styles with which what is in a collection has addresses that end as its files do."""
_INDEX = re.compile(r"(?:/index)?\.html?$|/index$")


class Default(NamedTuple):
    """Values that the settings give to the posts under a path; to those of a kind (`posts` or a collection) alone, if any."""

    path: str
    kind: str | None
    values: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Site:
    """The site a post belongs to: its generator (empty: unknown), the pattern of its addresses, whether it can redirect.

    Of Jekyll also the folder in which its collections are, their patterns by their names (None: not published), and defaults.
    """

    generator: str = ""
    pattern: str = _STYLES["date"]
    redirects: bool = False
    folder: str = ""
    collections: Mapping[str, str | None] = field(default_factory=dict)
    defaults: tuple[Default, ...] = ()


@lru_cache(maxsize=16)
def read_site(generator: str, settings: str = "") -> Site:
    """Return the site that a generator makes; `settings` is the text of its settings, of Jekyll's `_config.yml` for one."""
    if generator == "jekyll":
        said = read_yaml(settings)
        # Where settings cannot be read no address is known.
        return Site(generator, "") if said is None else _read_jekyll(said, "jekyll-redirect-from" in settings)
    # Hugo can always redirect; but where addresses are made by patterns of its own they are not known here.
    return Site(generator, redirects=generator == "hugo" and bool(settings) and "permalinks" not in settings)


def _read_jekyll(said: Mapping[str, Any], redirects: bool) -> Site:
    style = str(said.get("permalink") or "date")
    named = said.get("collections")
    collections = named if isinstance(named, dict) else dict.fromkeys(_texts(named), None)
    options = {str(name): each if isinstance(each, dict) else {} for name, each in collections.items()}
    pattern = str(options.pop("posts", {}).get("permalink") or style)
    ending = "/" if style == "pretty" or style.endswith("/") else ".html" if style in _PLAIN_STYLES else ""
    patterns = {
        name: str(each.get("permalink") or f"/:collection/:path{ending}") if each.get("output") is True else None
        for name, each in options.items()
    }
    given = said.get("defaults")
    defaults = tuple(_read_default(each) for each in given if isinstance(each, dict)) if isinstance(given, list) else ()
    folder = str(said.get("collections_dir") or "").strip("/")
    return Site("jekyll", _STYLES.get(pattern, pattern), redirects, folder, patterns, defaults)


def _read_default(said: Mapping[str, Any]) -> Default:
    scope, values = said.get("scope"), said.get("values")
    scope = scope if isinstance(scope, dict) else {}
    kind = scope.get("type")
    return Default(str(scope.get("path") or ""), None if kind is None else str(kind), values if isinstance(values, dict) else {})


def find_generator(path: str) -> str:
    """Return which generator may read a post at `path` (with `/`): by the folder that only it has."""
    folders = path.split("/")[:-1]
    if "_posts" in folders:
        return "jekyll"
    if "content" in folders:
        return "hugo"
    return "jekyll" if any(folder.startswith("_") for folder in folders) else ""


def find_kind(path: str, site: Site) -> str | None:
    """Return what the post at `path` is to Jekyll: one of the `posts`, or of a collection (its name), or neither: None."""
    folders = _inside(path, site).split("/")[:-1]
    if "_posts" in folders:
        return "posts"
    name = folders[0].removeprefix("_") if folders and folders[0].startswith("_") else None
    return name if name in site.collections else None


def add_defaults(path: str, values: Mapping[str, Any], site: Site) -> Mapping[str, Any]:
    """Return the values of front matter and, where it says nothing, those that the settings of its site give to posts like it.

    Of two defaults for the same key that of the longer path counts, then one for a kind, then the later (as Jekyll has it).
    """
    place, kind = _inside(path, site), find_kind(path, site)
    given: dict[str, Any] = {}
    last: Default | None = None
    for each in site.defaults:
        if (each.kind in {None, kind}) and _covers(_inside(each.path, site), place):
            if last is None or _counts_before(each, last):
                given, last = {**given, **each.values}, each
            else:
                given = {**each.values, **given}
    return {**given, **values}


def _covers(scope: str, place: str) -> bool:
    if "*" not in scope:
        return place.startswith(scope)
    pattern = re.escape(scope.rstrip("/")).replace(r"\*\*/", "(?:.*/)?").replace(r"\*", "[^/]*")
    return re.match(rf"{pattern}(?:/|\Z)", place) is not None


def _counts_before(one: Default, other: Default) -> bool:
    length, before = len(one.path.strip("/")), len(other.path.strip("/"))
    return length > before or (length == before and (one.kind is not None or other.kind is None))


def _inside(path: str, site: Site) -> str:
    """Return a path without the folder in which the collections of its site are."""
    return path.removeprefix(f"{site.folder}/") if site.folder else path


def find_addresses(path: str, values: Mapping[str, Any], site: Site) -> tuple[str, ...]:
    """Return the addresses of the post at `path` (from the top of its site, with `/`), its own first; none if unknown.

    The others are those it takes over.
    Each is a path that begins and ends with `/`, percent signs resolved, without `index.html`; a post that is not published
    (`draft: true`, `published: false`) has none.
    """
    own = find_address(path, values, site)
    if not own and not _is_published(path, values, site):
        return ()
    others = [each for key in ("aliases", "redirect_from") for each in _texts(values.get(key))]
    return tuple(dict.fromkeys(normalize(each) for each in [own or "", *others] if each.startswith("/")))


def find_address(path: str, values: Mapping[str, Any], site: Site) -> str | None:
    """Return the address of the post at `path` as its generator writes it, None where it is not known or not published."""
    if not _is_published(path, values, site):
        return None
    return _given(values) or _by_generator(path, values, site)


def _is_published(path: str, values: Mapping[str, Any], site: Site) -> bool:
    if values.get("draft") is True or values.get("published") is False:
        return False
    return "_drafts" not in path.split("/") and site.collections.get(find_kind(path, site) or "", "") is not None


def normalize(address: str) -> str:
    """Return an address in the form in which two of them are compared; what is before the path does not count."""
    return _INDEX.sub("", unquote(urlsplit(address).path).rstrip("/")).rstrip("/") + "/"


def _given(values: Mapping[str, Any]) -> str | None:
    """Return the address that the front matter states outright, None where it states none or a pattern."""
    for key in ("permalink", "url"):
        given = values.get(key)
        if isinstance(given, str) and given.startswith(("/", "http")) and ":" not in urlsplit(given).path:
            return "/" + urlsplit(given).path.lstrip("/")
    return None


def _by_generator(path: str, values: Mapping[str, Any], site: Site) -> str | None:
    if site.generator == "jekyll":
        kind = find_kind(path, site)
        inside = _inside(path, site)
        return _jekyll(inside, values, site.pattern) if kind == "posts" else _in_collection(inside, values, kind, site)
    return _hugo(path, values) if site.generator == "hugo" else _other(path, values)


def _jekyll(path: str, values: Mapping[str, Any], pattern: str) -> str | None:
    folders = path.split("/")
    dated = _DATED.fullmatch(folders[-1].rpartition(".")[0])
    if not dated or "_posts" not in folders[:-1]:
        return None
    day = _DAY.match(str(values.get("date", ""))) or dated
    # Folders above `_posts` are categories.
    above = folders[: folders.index("_posts")]
    given = values.get("categories", values.get("category"))
    categories = "/".join(each.lower() for each in (given.split() if isinstance(given, str) else _texts(given)))
    name = str(values.get("slug") or dated["slug"])
    parts = {
        "categories": categories,
        "year": day["year"],
        "short_year": day["year"][2:],
        "month": f"{int(day['month']):02d}",
        "i_month": str(int(day["month"])),
        "day": f"{int(day['day']):02d}",
        "i_day": str(int(day["day"])),
        "title": name,
        "slug": name,
        "output_ext": ".html",
    }
    own = values.get("permalink")
    return _fill(_STYLES.get(own, own) if isinstance(own, str) else pattern, parts, above)


def _in_collection(path: str, values: Mapping[str, Any], kind: str | None, site: Site) -> str | None:
    pattern = values.get("permalink") or site.collections.get(kind or "")
    if not isinstance(pattern, str):
        return None
    inside = path.partition("/")[2].rpartition(".")[0]
    stem = inside.rpartition("/")[2]
    dated = _DATED.fullmatch(stem)
    name = str(values.get("slug") or (dated["slug"] if dated else stem))
    parts = {"collection": kind or "", "path": inside, "name": stem.lower(), "title": name, "slug": name, "output_ext": ".html"}
    return _fill(pattern, parts, [])


def _fill(pattern: str, parts: Mapping[str, str], above: Sequence[str]) -> str | None:
    """Return the address that a pattern asks for, under some folders; None where it asks for what is not known."""
    asked = set(re.findall(r":(\w+)", pattern))
    if not asked or not asked <= parts.keys():
        return None
    filled = re.sub(r":(\w+)", lambda match: parts[match[1]], pattern)
    return re.sub("/{2,}", "/", "/".join(["", *above, filled]))


def _hugo(path: str, values: Mapping[str, Any]) -> str | None:
    inside = path.split("/")
    inside = inside[inside.index("content") + 1 :]
    name = inside[-1].rpartition(".")[0]
    stem, _, language = name.partition(".")
    folders = inside[:-1]
    if stem in {"index", "_index"}:
        folders, stem = folders[:-1], folders[-1] if folders else ""
    slug = values.get("slug")
    last = slug if isinstance(slug, str) and slug else stem
    # By default Hugo writes addresses in small letters, with a hyphen for each blank.
    return "/" + "/".join(each.lower().replace(" ", "-") for each in [language, *folders, last] if each) + "/"


def _other(path: str, values: Mapping[str, Any]) -> str | None:
    """Return an address where the front matter names the last part of it: the folder stands for the rest."""
    slug = values.get("slug")
    if not isinstance(slug, str) or not slug:
        return None
    return slug if slug.startswith("/") else f"/{path.rpartition('/')[0]}/{slug}".replace("//", "/")


def _texts(value: Any) -> list[str]:
    given = value if isinstance(value, list) else [value]
    return [each for each in given if isinstance(each, str)]
