"""A value set in front matter changes a line or adds one, and nothing else."""

from __future__ import annotations

import pytest

from dedupe.front import Value, edit_front
from dedupe.header import read_post, read_values


def changed(text: str, changes: dict[str, Value]) -> str | None:
    edits = edit_front(read_post("a.md", text), changes)
    if edits is None:
        return None
    for span, replacement in sorted(edits, reverse=True):
        text = text[: span.start] + replacement + text[span.end :]
    return text


@pytest.mark.parametrize(
    ("before", "changes", "after"),
    [
        ("---\ntitle: a\n---\nx", {"draft": True}, "---\ntitle: a\ndraft: true\n---\nx"),
        ("---\ntitle: a\n---", {"draft": True}, "---\ntitle: a\ndraft: true\n---"),
        ("---\ntitle: a\n...\nx\n---\n", {"draft": True}, "---\ntitle: a\ndraft: true\n...\nx\n---\n"),
        (
            "---\r\naliases: [/a/]\r\n... \r\nx",
            {"aliases": ["/b/"], "draft": True},
            '---\r\naliases: [/a/, "/b/"]\r\ndraft: true\r\n... \r\nx',
        ),
        (
            "\ufeff---\r\ntitle: a # b\r\n---\r\nx\r\n",
            {"draft": True},
            "\ufeff---\r\ntitle: a # b\r\ndraft: true\r\n---\r\nx\r\n",
        ),
        ("---\ndraft: false\ntitle: a\n---\nx", {"draft": True}, "---\ndraft: true\ntitle: a\n---\nx"),
        (
            "---\nnote: |\n  one\n  two\n---\nx",
            {"canonical_url": "/港/"},
            '---\nnote: |\n  one\n  two\ncanonical_url: "/港/"\n---\nx',
        ),
        ("---\ntags:\n- a\n---\nx", {"aliases": ["/b/", "/c/"]}, '---\ntags:\n- a\naliases:\n  - "/b/"\n  - "/c/"\n---\nx'),
        ("---\naliases:\n- /a/\ntags: [b]\n---\nx", {"aliases": ["/b/"]}, '---\naliases:\n- /a/\n- "/b/"\ntags: [b]\n---\nx'),
        ("---\naliases: [/a/]\n---\nx", {"aliases": ["/b/"]}, '---\naliases: [/a/, "/b/"]\n---\nx'),
        ("---\naliases: []\n---\nx", {"aliases": ["/b/"]}, '---\naliases: ["/b/"]\n---\nx'),
        ('+++\ntitle = "a"\n[params]\nx = 1\n+++\nx', {"draft": True}, '+++\ndraft = true\ntitle = "a"\n[params]\nx = 1\n+++\nx'),
        (
            '+++\naliases = ["/a/",\n  "/b/",\n]\n+++\nx',
            {"aliases": ["/c/"]},
            '+++\naliases = ["/a/",\n  "/b/", "/c/",\n]\n+++\nx',
        ),
        ("+++\n[params]\ndraft = false\n+++\nx", {"draft": True}, "+++\ndraft = true\n[params]\ndraft = false\n+++\nx"),
        ('{\n  "title": "a"\n}\nx', {"draft": True}, '{\n  "draft": true,\n  "title": "a"\n}\nx'),
        ("{}\nx", {"draft": True}, '{"draft": true}\nx'),
        ("---\ntitle: a\n---\nx", {"draft": True, "b": ["c"]}, '---\ntitle: a\ndraft: true\nb:\n  - "c"\n---\nx'),
    ],
)
def test_a_value_is_set(before: str, changes: dict[str, Value], after: str) -> None:
    assert changed(before, changes) == after
    values = read_values(read_post("a.md", after))
    for key, value in changes.items():
        assert values[key] == value or set(value) <= set(values[key])


@pytest.mark.parametrize(
    ("text", "changes"),
    [
        ("no front matter\n", {"draft": True}),
        ("\ufeffno front matter\n", {"draft": True}),
        ("---\ntitle: [broken\n---\nx", {"draft": True}),
        ("---\n{title: a}\n---\nx", {"draft": True}),
        ("---\naliases: /a/\n---\nx", {"aliases": ["/b/"]}),
        ("---\nparams:\n  a: 1\ndraft: *x\n---\nx", {"draft": True}),
        ("---\ntitle: a\n\nno end\n", {"draft": True}),
        ('{"draft": false}\nx', {"draft": True}),
        ('{"a": {"draft": false}}\nx', {"draft": True}),
    ],
)
def test_what_cannot_be_proved_is_not_done(text: str, changes: dict[str, Value]) -> None:
    assert changed(text, changes) is None
