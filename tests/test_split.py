from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dedupe.header import read_post
from dedupe.model import Kind
from dedupe.split import split

PIECES = [
    "# Title\n",
    "The harbour opens at six. Boats leave.",
    "港は朝の六時に開く。「もう船は出ますか。」と聞いた。",
    "\n\n",
    "\n",
    "\r\n",
    "- item\n",
    "  1. nested. item\n",
    "> quote\n",
    "```\ncode. code.\n```\n",
    "| a | b |\n| - | - |\n| 1. | 2. |\n",
    "<div>\nhtml\n</div>\n",
    "{% include x.html %}",
    "**bold. text**",
    "[link. text](http://a.b/c.d)",
    "---\n",
    "---END---\n",
    "[^1]: note. more\n",
    "<<<<<<< a\n",
    "=======\n",
    ">>>>>>> b\n",
    "  ",
    "…",
    "\0",
    "😀",
    "\ud800",
]


def sentences(text: str) -> list[str]:
    segments = split(read_post("a.md", text))
    return [text[start:end] for start, end in zip(segments.starts, segments.ends, strict=True)]


@settings(deadline=None, max_examples=300)
@given(st.lists(st.sampled_from(PIECES), max_size=25).map("".join))
def test_joined_segments_give_the_text(text: str) -> None:
    post = read_post("a.md", text)
    segments = split(post)
    at = post.header.end
    rebuilt = text[:at]
    for start, end, block in zip(segments.starts, segments.ends, segments.block_of, strict=True):
        assert not text[at:start].strip()
        assert start < end
        assert segments.blocks[block].span.start <= start < end <= segments.blocks[block].span.end
        rebuilt += text[at:start] + text[start:end]
        at = end
    assert not text[at:].strip()
    assert rebuilt + text[at:] == text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("港は開く。船は出る。", ["港は開く。", "船は出る。"]),
        ("「港は開く。」船は出る。", ["「港は開く。」", "船は出る。"]),
        ("「港は開く。」と言った。", ["「港は開く。」と言った。"]),
        ("本当か？！もちろん！", ["本当か？！", "もちろん！"]),
        ("（港は開く。）船は出る。", ["（港は開く。）", "船は出る。"]),
        ("そうか……。船は出る", ["そうか……。", "船は出る"]),
        ("Dr. Lee came at 3.5 knots. He left.", ["Dr. Lee came at 3.5 knots.", "He left."]),
        ("See e.g. the pier, i.e. the long one. Go.", ["See e.g. the pier, i.e. the long one.", "Go."]),
        ("Wait... what? No.", ["Wait... what?", "No."]),
        ('He said "Go." She went.', ['He said "Go."', "She went."]),
        ("J. R. Ward wrote it. Read it!", ["J. R. Ward wrote it.", "Read it!"]),
        ("2.1.5. Bow lines are short", ["2.1.5. Bow lines are short"]),
        ("Visit example.com. Then rest.", ["Visit example.com.", "Then rest."]),
        ("**港は開く。船は出る。** 終わり。", ["**港は開く。船は出る。**", "終わり。"]),
        ("**港は開く。** 船は出る。", ["**港は開く。**", "船は出る。"]),
        ("港は開く。**船は出る。**", ["港は開く。", "**船は出る。**"]),
        ("**見出し**\n本文は続く。", ["**見出し**", "本文は続く。"]),
        ("港は開く。\n---END---", ["港は開く。", "---END---"]),
        ("...そして船は出る。", ["...", "そして船は出る。"]),
        ("码头开了。船走了！", ["码头开了。", "船走了！"]),
        ("항구가 열린다. 배가 떠난다.", ["항구가 열린다.", "배가 떠난다."]),
        ("See [a. b. C](http://x.y). Go.", ["See [a. b. C](http://x.y).", "Go."]),
    ],
)
def test_sentences(text: str, expected: list[str]) -> None:
    assert sentences(text) == expected


@pytest.mark.parametrize(
    ("text", "kinds"),
    [
        ("**All in bold**\n\ntext.", [Kind.HEADING, Kind.PARAGRAPH]),
        ("- a\n- b\n\n  more\n", [Kind.ITEM, Kind.ITEM, Kind.ITEM]),
        ("{% include a.html %}\n\ntext.", [Kind.DIRECTIVE, Kind.PARAGRAPH]),
        ("- [a](/b/)\n- [c](/d/)\n", [Kind.LINKS, Kind.LINKS]),
        ("[a]: http://b.c\n", [Kind.OTHER]),
        ("The tide is low\nand the boats lie dry\nAnd the gulls are loud\n", [Kind.VERSE]),
        ("This line is wrapped by hand at some width or\nother. It goes on here and it\nends. So it is prose.", [Kind.PARAGRAPH]),
        (
            "<<<<<<< a\nx.\n=======\ny.\n>>>>>>> b\n",
            [Kind.CONFLICT, Kind.PARAGRAPH, Kind.CONFLICT, Kind.PARAGRAPH, Kind.CONFLICT],
        ),
        ("Title\n=======\n\ntext.", [Kind.HEADING, Kind.PARAGRAPH]),
    ],
)
def test_kinds(text: str, kinds: list[Kind]) -> None:
    assert [block.kind for block in split(read_post("a.md", text)).blocks] == kinds


def test_elements_hold_their_blocks_together() -> None:
    text = "a.\n\n<details>\n\nb.\n\n</details>\n\n::: tip\n\nc.\n\n:::\n\n<p>d.\n\n<aside>\n\ne.\n"
    blocks = split(read_post("a.md", text)).blocks
    held = {text[slice(*block.span)]: block.container for block in blocks}
    assert held["a."] == 0
    assert held["b."] > 0
    assert held["c."] > held["b."]
    assert held["e."] == 0, "an element that is never closed holds nothing"


def test_switched_off_text_has_a_container_of_its_own() -> None:
    text = "a.\n\n<!-- dedupe: off -->\n\nb.\n\n<!-- dedupe: on -->\n\nc.\n\n<!-- dedupe: off -->\n\nd.\n"
    held = {text[slice(*block.span)]: block.container for block in split(read_post("a.md", text)).blocks}
    assert held["b."] < 0
    assert held["c."] == 0
    assert held["d."] < 0, "switched off to the end"
