"""The address of a post is the one its generator would write it to."""

from __future__ import annotations

from typing import Any

import pytest

from dedupe.address import Site, add_defaults, find_address, find_addresses, find_generator, normalize, read_site

JEKYLL, HUGO = read_site("jekyll"), read_site("hugo")
PRETTY = read_site("jekyll", "title: Harbour\npermalink: pretty # as ever\n")
OWN = read_site("jekyll", "permalink: '/:year/:i_month/:title/'\nplugins:\n  - jekyll-redirect-from\n")
SITE = """\
permalink: pretty
collections_dir: parts
collections:
  posts:
    permalink: /blog/:title/
  recipes:
    output: true
  people:
    output: true
    permalink: /:collection/:name.html
  notes:
defaults:
  - scope: {path: "", type: posts}
    values: {permalink: "/all/:title/"}
  - scope: {path: "parts/_posts/sea"}
    values: {permalink: "/sea/:title/"}
  - scope: {path: "parts/_posts/old/*.md"}
    values: {published: false}
  - scope: {path: "", type: recipes}
    values: {permalink: "/kitchen/:title/"}
  - scope: {path: ""}
    values: {permalink: "/never/"}
"""
WHOLE = read_site("jekyll", SITE)
BARE = read_site("jekyll", SITE.partition("defaults")[0])
POST = "_posts/2025-03-01-harbour.md"


@pytest.mark.parametrize(
    ("path", "values", "site", "address"),
    [
        (POST, {}, JEKYLL, "/2025/03/01/harbour/"),
        (POST, {"categories": ["Sea", "north"]}, JEKYLL, "/sea/north/2025/03/01/harbour/"),
        (POST, {"category": "sea"}, PRETTY, "/sea/2025/03/01/harbour/"),
        (POST, {"date": "2025-04-02 10:00:00 +0900", "slug": "pier"}, PRETTY, "/2025/04/02/pier/"),
        (POST, {}, OWN, "/2025/3/harbour/"),
        (POST, {"permalink": "/port/"}, OWN, "/port/"),
        (POST, {"permalink": "/:title.html"}, JEKYLL, "/harbour/"),
        ("news/_posts/2025-03-01-harbour.md", {}, JEKYLL, "/news/2025/03/01/harbour/"),
        ("content/posts/Old Harbour.md", {}, HUGO, "/posts/old-harbour/"),
        ("content/posts/harbour/index.md", {}, HUGO, "/posts/harbour/"),
        ("content/posts/_index.md", {}, HUGO, "/posts/"),
        ("content/posts/harbour.ja.md", {}, HUGO, "/ja/posts/harbour/"),
        ("content/posts/harbour.md", {"slug": "pier"}, HUGO, "/posts/pier/"),
        ("content/posts/harbour.md", {"url": "https://a.example/pier/index.html"}, HUGO, "/pier/"),
        (f"parts/{POST}", {}, BARE, "/blog/harbour/"),
        (f"parts/{POST}", {"permalink": "/port/"}, BARE, "/port/"),
        ("parts/_recipes/sea/Pie.md", {}, BARE, "/recipes/sea/Pie/"),
        ("parts/_recipes/2025-01-01-pie.md", {"permalink": "/:title/"}, BARE, "/pie/"),
        ("parts/_people/Ada.md", {}, BARE, "/people/ada/"),
        (f"parts/{POST}", {}, WHOLE, "/all/harbour/"),
        ("parts/_posts/sea/2025-03-01-harbour.md", {}, WHOLE, "/sea/harbour/"),
        ("parts/_posts/sea/2025-03-01-harbour.md", {"permalink": "/port/"}, WHOLE, "/port/"),
        ("parts/_recipes/pie.md", {}, WHOLE, "/kitchen/pie/"),
        ("parts/_people/ada.md", {}, WHOLE, "/never/"),
        ("parts/_posts/old/2025-03-01-harbour.md", {"published": True}, WHOLE, "/all/harbour/"),
        ("docs/harbour.md", {"slug": "pier"}, Site(), "/docs/pier/"),
        ("docs/harbour.md", {"slug": "/pier"}, Site(), "/pier/"),
        ("docs/harbour.md", {"permalink": "/pier.html"}, Site(), "/pier/"),
    ],
)
def test_the_address_of_a_post(path: str, values: dict[str, Any], site: Site, address: str) -> None:
    assert find_addresses(path, add_defaults(path, values, site), site) == (address,)


@pytest.mark.parametrize(
    ("path", "values", "site"),
    [
        ("_posts/harbour.md", {}, JEKYLL),
        (POST, {"published": False}, JEKYLL),
        (POST, {"published": False, "permalink": "/port/", "redirect_from": ["/old/"]}, JEKYLL),
        ("_drafts/harbour.md", {"permalink": "/port/"}, Site()),
        ("parts/_posts/old/2025-03-01-harbour.md", {}, WHOLE),
        ("parts/_posts/old/2025-03-01-harbour.md", {"permalink": "/port/"}, WHOLE),
        ("parts/_notes/a.md", {"permalink": "/a/"}, BARE),
        (POST, {}, read_site("jekyll", "permalink: [broken")),
        (POST, {}, read_site("jekyll", "- no mapping")),
        ("content/a.md", {"draft": True}, HUGO),
        (POST, {}, read_site("jekyll", "permalink: ordinal")),
        (POST, {}, read_site("jekyll", "permalink: /:collection/:title/")),
        ("docs/harbour.md", {}, Site()),
    ],
)
def test_no_address_is_better_than_a_wrong_one(path: str, values: dict[str, Any], site: Site) -> None:
    values = {**add_defaults(path, values, site)}
    assert find_addresses(path, values, site) == ()
    assert find_address(path, values, site) is None


def test_addresses_a_post_takes_over_come_after_its_own() -> None:
    values = {"aliases": ["/old/", "/older"], "redirect_from": "/oldest/"}
    assert find_addresses("content/a.md", values, HUGO) == ("/a/", "/old/", "/older/", "/oldest/")


@pytest.mark.parametrize(
    ("one", "other"),
    [("/a/", "/a"), ("/a/index.html", "/a/"), ("/a.html", "/a"), ("/%E6%B8%AF/", "/港/"), ("https://x.example/a/?b=1#c", "/a/")],
)
def test_addresses_are_compared_in_one_form(one: str, other: str) -> None:
    assert normalize(one) == normalize(other)


def test_a_generator_is_known_by_its_folder() -> None:
    assert find_generator("site/_posts/a.md") == "jekyll"
    assert find_generator("site/content/a.md") == "hugo"
    assert find_generator("site/_recipes/a.md") == "jekyll"
    assert find_generator("site/docs/content.md") == ""


def test_settings_that_are_no_settings_are_survived() -> None:
    odd = "collections: [recipes, 3]\ndefaults: [1, {scope: 2, values: 3}, {}]\npermalink: 4\n"
    site = read_site("jekyll", odd)
    assert add_defaults(POST, {"slug": "a"}, site) == {"slug": "a"}
    assert find_addresses(POST, {}, site) == ()
    assert find_addresses("_recipes/a.md", {"permalink": "/a/"}, site) == ()
