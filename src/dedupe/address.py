"""The address a post is published at, as its site generator makes it: Jekyll, Hugo, or what the front matter alone says."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote, urlsplit

_DATED = re.compile(r"(?P<year>\d{4})-(?P<month>\d{1,2})-(?P<day>\d{1,2})-(?P<slug>.+)")
_DAY = re.compile(r"(?P<year>\d{4})-(?P<month>\d{1,2})-(?P<day>\d{1,2})")
_STYLES = {
    "date": "/:categories/:year/:month/:day/:title.html",
    "pretty": "/:categories/:year/:month/:day/:title/",
    "none": "/:categories/:title.html",
}
"""What Jekyll calls some patterns (https://jekyllrb.com/docs/permalinks/); of the others it has, no address is told."""
_INDEX = re.compile(r"(?:/index)?\.html?$|/index$")
_SETTING = re.compile(
    r"""^permalink[ \t]*:[ \t]*(?P<quote>["']?)(?P<pattern>[^"'#\r\n]*?)(?P=quote)[ \t]*(?:#.*)?$""", re.MULTILINE
)


@dataclass(frozen=True, slots=True)
class Site:
    """The site a post belongs to: its generator (empty: unknown), the pattern of its addresses, whether it can redirect."""

    generator: str = ""
    pattern: str = _STYLES["date"]
    redirects: bool = False


def read_site(generator: str, settings: str = "") -> Site:
    """Return the site that a generator makes; `settings` is the text of its settings, of Jekyll's `_config.yml` for one."""
    if generator != "jekyll":
        # Hugo can always redirect; but where addresses are made by patterns of its own they are not known here.
        return Site(generator, redirects=generator == "hugo" and bool(settings) and "permalinks" not in settings)
    setting = _SETTING.search(settings)
    pattern = setting["pattern"].strip() if setting else "date"
    return Site(generator, _STYLES.get(pattern, pattern), "jekyll-redirect-from" in settings)


def find_generator(path: str) -> str:
    """Return which generator reads a post at `path` (with `/`): by the folder that only it has."""
    folders = path.split("/")[:-1]
    if "_posts" in folders:
        return "jekyll"
    return "hugo" if "content" in folders else ""


def find_addresses(path: str, values: Mapping[str, Any], site: Site) -> tuple[str, ...]:
    """Return the addresses of the post at `path` (from the top of its site, with `/`), its own first; none if unknown.

    The others are those it takes over.
    Each is a path that begins and ends with `/`, percent signs resolved, without `index.html`; a post that is not published
    (`draft: true`, `published: false`) has none.
    """
    own = find_address(path, values, site)
    if not own and (values.get("draft") is True or values.get("published") is False):
        return ()
    others = [each for key in ("aliases", "redirect_from") for each in _texts(values.get(key))]
    return tuple(dict.fromkeys(normalize(each) for each in [own or "", *others] if each.startswith("/")))


def find_address(path: str, values: Mapping[str, Any], site: Site) -> str | None:
    """Return the address of the post at `path` as its generator writes it, None where it is not known or not published."""
    if values.get("draft") is True or values.get("published") is False:
        return None
    return _given(values) or _by_generator(path, values, site)


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
        return _jekyll(path, values, site.pattern)
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
    wanted = _STYLES.get(own, own) if isinstance(own, str) else pattern
    asked = set(re.findall(r":(\w+)", wanted))
    if not asked or not asked <= parts.keys():
        return None
    filled = re.sub(r":(\w+)", lambda match: parts[match[1]], wanted)
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
