"""Two texts side by side: what is marked is what differs, however often one says the other."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from dedupe import Config, examine, read_post
from dedupe.align import Piece, align
from dedupe.report import report_post
from dedupe.show import show

NET = "朝の港には網を繕う人がいる。指の動きは早く、目は沖を見たままだ。糸は祖父の代から同じ店で買う。"
BOAT = "船の名は港の古い言葉で朝を表す。塗り直すのは年に一度、祭りの前の晴れた日と決まっている。"
MILL = "The mill by the weir has stood still since the war. A heron lives on its wheel, and nobody drives it away."
LONG = [f"Basket {number} held {number * 7} plums, and the jam of it was sealed on day {number + 3}." for number in range(40)]


def marked(pieces: Sequence[Piece]) -> list[str]:
    return [piece.text for piece in pieces if piece.differs]


def said(pieces: Sequence[Piece]) -> str:
    return "".join(piece.text for piece in pieces)


@pytest.mark.parametrize("text", [NET, MILL, f"{NET}\n\n{BOAT}"])
@pytest.mark.parametrize("times", [1, 2, 3, 5])
def test_a_text_that_says_another_several_times_does_not_differ(text: str, times: int) -> None:
    mine, theirs = align("\n\n".join([text] * times), text)
    assert marked(mine) == marked(theirs) == []
    assert (said(mine), said(theirs)) == ("\n\n".join([text] * times), text)


def test_a_telling_that_is_only_begun_does_not_differ() -> None:
    mine, theirs = align(f"{MILL}\n\n{MILL[:51]}", MILL)
    assert marked(mine) == marked(theirs) == []


@pytest.mark.parametrize("telling", [0, 1])
def test_the_word_of_one_telling_is_marked_where_it_stands(telling: int) -> None:
    tellings = [MILL, MILL]
    tellings[telling] = MILL.replace("heron", "stork")
    mine, theirs = align("\n\n".join(tellings), MILL)
    assert (marked(mine), marked(theirs)) == (["stork"], ["heron"])


def test_what_only_one_telling_leaves_out_is_not_missing() -> None:
    mine, theirs = align(f"{MILL}\n\n{MILL.replace(' by the weir', '')}", MILL)
    assert marked(mine) == marked(theirs) == []
    assert marked(align(MILL.replace(" by the weir", ""), MILL)[1]) == ["by the weir"]


def test_a_word_more_is_no_second_telling() -> None:
    mine, theirs = align(f"{MILL} The mill.", MILL)
    assert (marked(mine), marked(theirs)) == (["The mill."], [])


def test_a_long_text_is_shown_from_both_ends_and_tells_whether_something_differs_between() -> None:
    text = " ".join(LONG)
    for there, hides in (("Basket 20", True), ("Basket 0", False), ("Basket 39", False)):
        mine, theirs = align(text, text.replace(there, "Bucket 7"))
        gaps = [piece for piece in mine if piece.hidden]
        assert [(piece.hidden, piece.differs) for piece in gaps] == [(len(text) - 1600, hides)]
        assert said(mine) == text[:1200] + text[-400:]
        assert bool(marked(theirs)) is True
    mine, _ = align(text, text.replace("Basket 20", "Bucket 20"), whole=True)
    assert (said(mine), marked(mine)) == (text, ["Basket"])


def test_a_text_too_long_to_compare_is_compared_at_its_ends() -> None:
    text = " ".join(LONG * 10)
    mine, theirs = align(text, text.replace("Basket 0", "Bucket 0", 1), whole=True)
    assert (marked(mine), marked(theirs)) == (["Basket"], ["Bucket"])
    assert sum(piece.hidden for piece in mine) == len(text) - 1600


def test_a_copy_that_says_its_witness_twice_is_shown_as_that() -> None:
    post = f"# Mill\n\n{NET}\n\n{MILL}\n\n{BOAT}\n" + f"\n\n{MILL}\n\n{BOAT}\n" * 2
    (finding,) = report_post(examine(read_post("mill.md", post), Config())).findings
    assert finding.span[1] - finding.span[0] > 2 * len(MILL + BOAT)
    shown = show(post, finding)
    assert shown.right is not None
    assert marked(shown.left.pieces) == marked(shown.right.pieces) == []
    assert shown.comparison == "said_again"


def test_a_copy_whose_parts_stand_in_several_places_is_shown_as_that() -> None:
    post = f"{MILL} It turned once, in the fl\n\n\n{MILL} It turned once, in the flood of May.\n"
    (finding,) = report_post(examine(read_post("mill.md", post), Config())).findings
    assert show(post, finding).comparison == "in_parts"
