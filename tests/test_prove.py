"""The proof must refuse each kind of wrong edit, whoever made it."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dedupe import Config, Edit, Post, Span, examine, read_post
from dedupe.leaks import read_catalogue
from dedupe.prove import ProofError, prove
from dedupe.repair import apply

POST = """---
title: Tides
---

# Tides

The ferry leaves at 6 in summer. It carries goats and [bicycles](/bikes/).

## Winter

The ferry does not leave at all. `goat --ferry` prints nothing.

```sh
goat --ferry
```

![A goat](goat.jpg)

The ferry leaves at 6 in summer. It carries goats and [bicycles](/bikes/).

## Winter

The ferry leaves at 7 in winter. It carries nobody[^1].

[^1]: Nobody at all.
"""


def removing(piece: str, *, last: bool = False, replacement: str = "", post: str = POST) -> tuple[Post, list[Edit], str]:
    start = post.rindex(piece) if last else post.index(piece)
    edits = [Edit(Span(start, start + len(piece)), replacement)]
    return read_post("a.md", post), edits, apply(post, edits)


@pytest.mark.parametrize(
    ("piece", "last"),
    [
        ("The ferry leaves at 6 in summer. It carries goats and [bicycles](/bikes/).\n\n", True),
        ("The ferry leaves at 6 in summer. It carries goats and [bicycles](/bikes/).\n\n", False),
        ("It carries goats and [bicycles](/bikes/).", True),
    ],
)
def test_a_copy_may_go(piece: str, last: bool) -> None:
    prove(*removing(piece, last=last))


@pytest.mark.parametrize(
    ("piece", "rule"),
    [
        ("The ferry does not leave at all.", "stands nowhere"),
        ("The ferry leaves at 7 in winter.", "stands nowhere"),
        ("[bicycles](/bikes/).\n\n## Winter\n\nThe ferry does not", "stands nowhere"),
        ("```sh\ngoat --ferry\n```\n\n", "stands nowhere|code block disappears"),
        ("![A goat](goat.jpg)\n\n", "stands nowhere"),
        ("[^1]: Nobody at all.\n", "stands nowhere"),
        ("# Tides\n\n", "stands nowhere|heading disappears"),
        ("title: Tides\n", "front matter"),
        ("bikes/).\n\n## Winter\n\nThe ferry does", "cuts"),
        ("--ferry` prints", "cuts"),
    ],
)
def test_what_stands_nowhere_else_may_not_go(piece: str, rule: str) -> None:
    with pytest.raises(ProofError, match=rule):
        prove(*removing(piece))


def test_a_number_a_name_a_negation_decide() -> None:
    text = "港は6時に開く。船はすぐに出る。\n\n港は7時に開く。船はすぐに出る。\n\n港は6時に開かない。\n"
    for piece in ("港は7時に開く。", "港は6時に開かない。"):
        with pytest.raises(ProofError, match="stands nowhere"):
            prove(*removing(piece, post=text))


def test_a_heading_is_not_kept_by_a_sentence_that_holds_its_words() -> None:
    text = "# Tides\n\nThe word is tides.\n\n## Winter\n\nIn winter we rest.\n"
    with pytest.raises(ProofError, match="heading disappears"):
        prove(*removing("## Winter\n\n", post=text))


def test_a_code_block_is_kept_by_a_code_block_only() -> None:
    text = "a = 1\nb = 2\n\n```\na = 1\nb = 2\n```\n\nThe end.\n"
    with pytest.raises(ProofError, match="code block disappears"):
        prove(*removing("```\na = 1\nb = 2\n```\n\n", post=text))


def test_code_in_a_line_opens_no_block_of_code() -> None:
    text = "```py x = 1``` stands here.\n\nAn end.\n\nAn end.\n\n```\ny = 2\n```\n"
    at = text.rindex("An end.\n\n")
    edits = [Edit(Span(at, at + len("An end.\n\n")), "")]
    prove(read_post("post.md", text), edits, apply(text, edits))
    at = text.index("y = 2")
    edits = [Edit(Span(at, at + 1), "")]
    with pytest.raises(ProofError, match="cuts code"):
        prove(read_post("post.md", text), edits, apply(text, edits))


def test_code_behind_a_byte_order_mark_is_code_and_a_twin() -> None:
    code = "```py\nx = 0\n\ny = 2\n```\n\n"
    text = f"\ufeff{code}{POST[POST.index('# Tides') :]}\n{code}The end.\n"
    at = text.rindex(code)
    edits = [Edit(Span(at, at + len(code)), "")]
    prove(read_post("post.md", text), edits, apply(text, edits))
    edits = [Edit(Span(8, 9), "")]
    with pytest.raises(ProofError, match="cuts code"):
        prove(read_post("post.md", text), edits, apply(text, edits))


def test_blocks_that_melt_together_are_refused() -> None:
    text = "One paragraph.\n\nTwo paragraphs.\n\n---\n\nThree.\n"
    post = read_post("a.md", text)
    for start, end in ((14, 16), (31, 33)):
        edits = [Edit(Span(start, end), "\n")]
        with pytest.raises(ProofError, match="meaning"):
            prove(post, edits, apply(text, edits))


def test_an_edit_that_writes_is_refused() -> None:
    with pytest.raises(ProofError, match="writes"):
        prove(*removing("6 in summer", replacement="7 in summer"))


def test_a_result_that_is_not_the_edits_is_refused() -> None:
    post, edits, result = removing("It carries goats and [bicycles](/bikes/).", last=True)
    with pytest.raises(ProofError, match="not what the edits give"):
        prove(post, edits, result.replace("goats", "coats"))


def test_overlapping_edits_are_refused() -> None:
    post = read_post("a.md", POST)
    with pytest.raises(ProofError, match="overlaps"):
        prove(post, [Edit(Span(40, 50), ""), Edit(Span(45, 55), "")], POST)


@pytest.mark.parametrize("zone", ["<!-- dedupe: off -->\n\nA.\n\n<!-- dedupe: on -->", "<<<<<<< a\nA.\n=======\nA.\n>>>>>>> b"])
def test_switched_off_text_and_conflicts_are_out_of_reach(zone: str) -> None:
    text = f"A.\n\n{zone}\n"
    start = text.index(zone)
    edits = [Edit(Span(start, start + len(zone)), "")]
    with pytest.raises(ProofError, match="switched off or a conflict"):
        prove(read_post("a.md", text), edits, apply(text, edits))


def test_a_leak_may_go_only_where_the_catalogue_finds_it() -> None:
    entry = next(entry for entry in read_catalogue() if entry.id == "end-dashes")
    good, bad = "A.\n\n---END---\n\nB.\n", "A.\n\nC says so.\n\nB.\n"
    for text, piece, fine in ((good, "---END---\n\n", True), (bad, "C says so.\n\n", False)):
        post, edits, result = removing(piece, post=text)
        scaffold = [(edits[0].span, entry)]
        if fine:
            prove(post, edits, result, scaffold)
        else:
            with pytest.raises(ProofError, match="does not find its leak"):
                prove(post, edits, result, scaffold)


SENTENCES = ["港は朝の六時に開きます。", "船は一時間ごとに出ます。", "犬は桟橋で待っています。", "市は九時に終わります。"]
DAMAGED = "\n\n".join("".join(pair) for pair in zip(SENTENCES, SENTENCES[::-1], strict=True))
DAMAGED = f"{DAMAGED}\n\n\n{DAMAGED}\n\n夜になると灯台だけが起きています。\n"


@settings(deadline=None, max_examples=200)
@given(st.integers(-30, 30), st.integers(-30, 30))
def test_shifted_and_widened_edits_are_refused_or_harmless(left: int, right: int) -> None:
    """Whatever a mutated edit takes away, the proof lets pass only what still stands in the result."""
    outcome = examine(read_post("a.md", DAMAGED), Config())
    (edit,) = [edit for finding in outcome.findings for edit in finding.edits]
    start, end = edit.span.start + left, min(len(DAMAGED), edit.span.end + right)
    edits = [Edit(Span(start, max(start, end)), edit.replacement)]
    result = apply(DAMAGED, edits)
    try:
        prove(read_post("a.md", DAMAGED), edits, result)
    except ProofError:
        return
    squeezed = "".join(result.split())
    for sentence in "".join(DAMAGED.split()).replace("。", "。\n").split("\n"):
        removed = "".join(DAMAGED[start:end].split())
        assert sentence not in removed or sentence in squeezed


def test_code_that_differs_only_in_indentation_is_no_twin() -> None:
    first, second = "```\nif a:\n    b()\n    c()\n```\n", "```\nif a:\n    b()\nc()\n```\n"
    text = f"{first}\n{second}"
    with pytest.raises(ProofError, match="code block"):
        prove(read_post("a.md", text), [Edit(Span(len(first), len(text)), "")], first)


@pytest.mark.parametrize(
    ("text", "result"),
    [
        ("Bell.\n\n- one\n\n- two\n\nBell.\n\n    ring\n", "Bell.\n\n- one\n\n- two\n\n    ring\n"),
        (
            "Bell.\n\ntext\n\n- one\n\n  more\n\n- two\n\nBell.\n\n   text\n",
            "Bell.\n\ntext\n\n- one\n\n  more\n\n- two\n\n   text\n",
        ),
        ("Bell.\n\n    a\n\n    b\n\nBell.\n\n    b\n", "Bell.\n\n    a\n\n    b\n\n    b\n"),
    ],
    ids=["code-in-a-list", "paragraph-in-a-list", "code-with-code"],
)
def test_no_block_may_melt_into_what_now_stands_before_it(text: str, result: str) -> None:
    start = text.rindex("Bell.")
    edits = [Edit(Span(start, start + len("Bell.\n\n")), "")]
    assert apply(text, edits) == result
    with pytest.raises(ProofError, match="changes its meaning"):
        prove(read_post("a.md", text), edits, result)
