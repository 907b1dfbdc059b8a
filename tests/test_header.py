from __future__ import annotations

import pytest

from dedupe.header import read_post, read_values


@pytest.mark.parametrize(
    ("header", "body"),
    [
        ("", "# Title\n\ntext\n"),
        ("---\ntitle: a\n---\n", "text\n"),
        ('---\ntitle: "a --- b"\nnote: |\n  ---\n---\n', "text\n\n---\n\nmore\n"),
        ("---\ntitle: a\n...\n", "text\n"),
        ("---\n---\n", "text\n"),
        ("---\r\ntitle: a\r\n---\r\n", "text\r\n"),
        ("\ufeff---\ntitle: a\n---\n", "text\n"),
        ("---\n# comment\n\ntitle: a\n--- \n", "text\n"),
        ("---\n日付: 2025-01-01\n---\n", "text\n"),
        ('+++\ntitle = "a"\n+++\n', "text\n"),
        ('{\n  "title": "a"\n}\n', "\ntext\n"),
        ("---\ntitle: a\n---", ""),
        ("\ufeff", "text\n"),
        # A rule, prose, a rule: not front matter.
        ("", "---\n\nThe harbour opens at six.\n\n---\n\nmore\n"),
        ("", "{% include a.html %}\n"),
        ("", "{{< shortcode >}}\n"),
        ("", "{not json}\n"),
        # Left open: the lines that look like front matter are out of reach all the same.
        ("---\ntitle: a\ntags:\n  - b\n", "\ntext goes on\n"),
    ],
)
def test_the_span_of_front_matter(header: str, body: str) -> None:
    post = read_post("a.md", header + body)
    assert post.text[: post.header.end] == header
    assert post.text[slice(*post.body)] == body


@pytest.mark.parametrize("closing", ["---", "...", "--- ", "...\r"])
def test_values_are_read_however_the_front_matter_closes(closing: str) -> None:
    assert read_values(read_post("a.md", f"---\ntitle: a\n{closing}\nx")) == {"title": "a"}


def test_values_are_read() -> None:
    assert read_values(read_post("a.md", "---\ntitle: 港\ntags: [a, b]\n---\nx"))["tags"] == ["a", "b"]
    assert read_values(read_post("a.md", '+++\ntitle = "港"\n+++\nx'))["title"] == "港"
    assert read_values(read_post("a.md", '{"title": "港"}\nx'))["title"] == "港"


@pytest.mark.parametrize("text", ["no front matter", "---\ntitle: [broken\n---\nx", "---\n- a\n---\nx"])
def test_values_that_cannot_be_read_are_nothing(text: str) -> None:
    assert read_values(read_post("a.md", text)) == {}


@pytest.mark.parametrize("text", ["---\r\n" + "a b\r\n" * 2000, "---\r\n" + "\r\n" * 2000 + "- x\r\n---\r\nbody\r\n"])
def test_a_post_that_opens_with_a_rule_is_read_at_once_whatever_ends_its_lines(text: str) -> None:
    """Where an end of a line could be read in two ways, a search tried both at each of them, and never ended."""
    assert read_post("a.md", text).header == (0, 0)


def test_values_of_json_are_read_but_for_half_a_character() -> None:
    assert read_values(read_post("a.md", '{ "title": "\\u6e2f \\ud83d\\ude00", "draft": true }\n\nx')) == {
        "title": "港 😀",
        "draft": True,
    }
    assert read_values(read_post("a.md", '{ "title": "港 \\ud83d" }\n\nx')) == {}
