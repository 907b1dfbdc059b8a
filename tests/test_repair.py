from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dedupe import Edit, Span, read_post
from dedupe.model import Safety, Verdict
from dedupe.repair import apply, repair
from dedupe.split import split


def remove(text: str, *pieces: str, goes_on: str | None = None, glue: str = "") -> str:
    """Remove the last occurrence of each piece, as one verdict each."""
    post = read_post("a.md", text)
    verdicts = []
    for piece in pieces:
        start = text.rindex(piece)
        target = text.rindex(goes_on) if goes_on else None
        verdicts.append(Verdict("RPT001", (Span(start, start + len(piece)),), Safety.SAFE, goes_on=target, glue=glue))
    edits = [edit for own in repair(post, split(post), verdicts) for edit in own]
    return apply(text, edits)


@pytest.mark.parametrize(
    ("text", "pieces", "expected"),
    [
        ("A.\n\nB.\n\nC.\n", ["B."], "A.\n\nC.\n"),
        ("A.\n\n\n\nB.\n\nC.\n", ["B."], "A.\n\nC.\n"),
        ("A.\n\nB.\n\n\nC.\n", ["B."], "A.\n\nC.\n"),
        ("A.\n\nB.\n", ["B."], "A.\n"),
        ("A.\n\nB.", ["B."], "A."),
        ("A.\r\n\r\nB.\r\n\r\nC.\r\n", ["B."], "A.\r\n\r\nC.\r\n"),
        ("A.\n\nB.\n\nC.\n", ["A."], "B.\n\nC.\n"),
        ("---\nt: 1\n---\n\nA.\n\nB.\n", ["A."], "---\nt: 1\n---\n\nB.\n"),
        ("A。B。C。\n", ["B。"], "A。C。\n"),
        ("A one. B two. C three.\n", ["B two."], "A one. C three.\n"),
        ("A one. B two.\n\nC three.\n", ["B two."], "A one.\n\nC three.\n"),
        ("A one. B two.\n\nC three. D four.\n", ["B two.", "C three."], "A one.\n\nD four.\n"),
        ("A one.\nB two.\nC three.\n", ["B two."], "A one.\nC three.\n"),
        ("- a\n- b\n- c\n", ["- b"], "- a\n- c\n"),
        ("- a\n\n- b\n\n- c\n", ["- b"], "- a\n\n- c\n"),
        ("- a\n  - b\n  - c\n", ["- b"], "- a\n  - c\n"),
        ("A.\n- b\n\nC.\n", ["- b"], "A.\n\nC.\n"),
        ("A.\n\nB.\n---END---\n\n---\n\nC.\n", ["---END---"], "A.\n\nB.\n\n---\n\nC.\n"),
        ("A.  \n\nB.\n\nC.\n", ["B."], "A.  \n\nC.\n"),
        ("A.\n\nB.\n\nC.\n\nD.\n", ["B.", "C."], "A.\n\nD.\n"),
        ("In 1902 [x].\n", ["[x]"], "In 1902.\n"),
        ("In 1902 [x] it came.\n", ["[x]"], "In 1902 it came.\n"),
        ("A.\n", ["A."], ""),
    ],
)
def test_seams(text: str, pieces: list[str], expected: str) -> None:
    assert remove(text, *pieces) == expected


def test_a_completed_sentence_stays_in_its_paragraph() -> None:
    assert remove("A one. B be\n\n\nA one. B began.\n", "B be\n\n\nA one.", goes_on="B began.") == "A one. B began.\n"


def test_a_sentence_that_goes_on_is_joined() -> None:
    text = "It went\n\n\non and on.\n"
    verdict = Verdict("RPT004", (Span(7, 7),), Safety.SAFE, goes_on=10, glue=" ")
    edits = repair(read_post("a.md", text), split(read_post("a.md", text)), [verdict])[0]
    assert apply(text, edits) == "It went on and on.\n"


def test_a_join_that_is_not_reached_changes_nothing() -> None:
    text = "It went\n\n\nelsewhere.\n\non and on.\n"
    verdict = Verdict("RPT004", (Span(7, 7),), Safety.SAFE, goes_on=text.index("on and"))
    assert repair(read_post("a.md", text), split(read_post("a.md", text)), [verdict]) == ((),)


def test_each_verdict_has_its_own_edits_and_together_they_touch() -> None:
    text = "A.\n\nB.\n\nC.\n\nD.\n"
    verdicts = [Verdict("RPT001", (Span(4, 6),), Safety.SAFE), Verdict("RPT001", (Span(8, 10),), Safety.SAFE)]
    first, second = repair(read_post("a.md", text), split(read_post("a.md", text)), verdicts)
    assert first[0].span.end == second[0].span.start
    assert apply(text, [*first, *second]) == "A.\n\nD.\n"


@given(st.text(max_size=40), st.data())
def test_edits_apply_exactly(text: str, data: st.DataObject) -> None:
    borders = sorted(data.draw(st.lists(st.integers(0, len(text)), max_size=8)))
    spans = [Span(*pair) for pair in zip(borders[::2], borders[1::2], strict=False)]
    edits = [Edit(span, data.draw(st.sampled_from(["", "\n", "xy"]))) for span in spans]
    result, at = "", 0
    for span, replacement in edits:
        result += text[at : span.start] + replacement
        at = span.end
    assert apply(text, edits) == result + text[at:]
    assert apply(text, []) == text


def test_overlapping_edits_are_refused() -> None:
    with pytest.raises(ValueError, match="overlaps"):
        apply("abcdef", [Edit(Span(0, 3), ""), Edit(Span(2, 4), "")])
