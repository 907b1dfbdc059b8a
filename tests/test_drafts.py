"""What a post is made of: its first draft, its continuations, and what in each is copied, rewritten and new."""

from __future__ import annotations

from pathlib import Path

import pytest

from dedupe import Config, Outcome, examine, read_post
from dedupe.model import Wording
from dedupe.report import merge, render, report_post

HERE = Path(__file__).parent
UNTOUCHED = sorted((HERE / "untouched").glob("*.md"))
CASES = sorted((HERE / "cases").glob("*.in.md"))

CELLAR = "The weather office keeps its barometer in the cellar, away from draughts and curious children."
CARD = "Twice a day somebody climbs down and writes the number on a card."
BOAT = "When the cellar flooded one spring, the clerk went down in a rowing boat and read the dial by lantern."
CABINETS = "The cards fill eleven cabinets along the north wall, and nobody remembers who began with the first one."
STUDENTS = "Students come to copy them, a decade at a time, and leave with ink on their sleeves."
ATTIC = "In the attic a second clerk counts clouds, and he has names for all of them, the rarest kept for Sundays."
SUNDAYS = "On Sundays the mayor comes up with a thermos, and the two of them sit at the skylight without a word."
WINTER = "In winter the skylight is a white square, and the counting is done by guess and by the smell of snow."
SPRING = "In spring the swallows come back to the beam over his desk, and he writes their arrival under fair weather."
SUMMER = "In summer the tar of the roof goes soft, and he counts barefoot, with a wet cloth round each of his wrists."

FIRST = f"{CELLAR} {CARD}\n\n{BOAT}\n\n{CABINETS} {STUDENTS}"


def outcome(*paragraphs: str) -> Outcome:
    return examine(read_post("post.md", "\n\n".join(paragraphs) + "\n"), Config())


def wordings(*paragraphs: str) -> list[str]:
    return [draft.wording.value for draft in outcome(*paragraphs).drafts]


def starts(*paragraphs: str) -> list[str]:
    found = outcome(*paragraphs)
    return [found.post.text[draft.span.start :][:12] for draft in found.drafts]


@pytest.mark.parametrize("file", UNTOUCHED, ids=lambda file: file.stem)
def test_wanted_repetition_makes_no_drafts(file: Path) -> None:
    assert examine(read_post(file.name, file.read_text("utf-8")), Config()).drafts == ()


@pytest.mark.parametrize(
    "paragraphs",
    [
        pytest.param((FIRST, ATTIC, SUNDAYS), id="nothing repeated"),
        pytest.param((FIRST, ATTIC, "---END---"), id="a marker at the end"),
        pytest.param(("---END---", FIRST, ATTIC), id="a marker at the beginning"),
        pytest.param((FIRST, "---END---", "## Related", "- [Fog](/fog)\n- [Snow](/snow)"), id="only links after a marker"),
        pytest.param((FIRST, ATTIC, CARD, SUNDAYS), id="a refrain"),
        pytest.param((f"{FIRST}\n\n", ATTIC, SUNDAYS), id="a wide gap in a clean post"),
        pytest.param((f"{FIRST}\n\n{ATTIC[:49]}\n\n", SUNDAYS), id="a cut sentence that is only told"),
    ],
)
def test_one_draft_is_no_drafts(paragraphs: tuple[str, ...]) -> None:
    assert outcome(*paragraphs).drafts == ()


@pytest.mark.parametrize(
    ("paragraphs", "expected"),
    [
        pytest.param((FIRST, "---END---", FIRST), ["new", "copy"], id="again behind a marker"),
        pytest.param((FIRST, FIRST), ["new", "copy"], id="again without a seam"),
        pytest.param((FIRST, FIRST, FIRST), ["new", "copy", "copy"], id="again and again"),
        pytest.param((FIRST, "---END---", ATTIC, SUNDAYS), ["new", "new"], id="only new text behind a marker"),
        pytest.param((FIRST, STUDENTS, ATTIC), ["new", "new"], id="from the last sentence on"),
        pytest.param((FIRST, f"{CABINETS} {STUDENTS}", ATTIC, SUNDAYS), ["new", "new"], id="from the last paragraph on"),
        pytest.param((f"{FIRST}\n\n{ATTIC[:50]}\n\n", ATTIC, SUNDAYS), ["new", "new"], id="cut, and the sentence again"),
        pytest.param(
            (f"{FIRST}\n\n{ATTIC[:50]}\n\n", f"{CABINETS} {STUDENTS}", ATTIC), ["new", "new"], id="cut, from earlier on"
        ),
        pytest.param(
            (f"{FIRST}\n\n{ATTIC}\n\n", f"{CABINETS} {STUDENTS}", f"{ATTIC}\n\n", SUNDAYS, WINTER),
            ["new", "copy", "new"],
            id="a wide gap, where another has a sign",
        ),
        pytest.param(
            (FIRST, "---END---", FIRST.replace("eleven", "elven").replace("curious", "curous").replace("flooded", "floded")),
            ["new", "rewrite"],
            id="with a slip in most sentences",
        ),
    ],
)
def test_drafts_amount_to(paragraphs: tuple[str, ...], expected: list[str]) -> None:
    assert wordings(*paragraphs) == expected


def test_a_draft_begins_where_its_text_begins() -> None:
    assert starts(FIRST, "---END---", ATTIC, FIRST) == ["The weather ", "In the attic"]
    assert starts(FIRST, "Certainly, here is the continuation of the article:", "---", FIRST, ATTIC) == [
        "The weather ",
        "The weather ",
    ]


def test_an_end_that_says_how_its_draft_began_is_part_of_it() -> None:
    draft = (f"{CABINETS} {STUDENTS}", ATTIC, SUNDAYS, WINTER, SPRING, SUMMER, f"{CABINETS} {STUDENTS}")
    assert wordings(FIRST, "---END---", *draft, "---END---", *draft) == ["new", "new", "copy"]


def test_lists_of_links_belong_to_no_draft() -> None:
    footer = "## Related\n\n- [Fog](/fog/)\n- [Snow](/snow/)"
    found = outcome(FIRST, "---END---", FIRST, footer)
    assert [found.post.text[draft.span.end - 10 : draft.span.end] for draft in found.drafts] == [FIRST[-10:]] * 2


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name.removesuffix(".in.md"))
def test_drafts_and_their_parts_stand_in_order_and_begin_with_text(case: Path) -> None:
    found = examine(read_post(case.name, case.read_text("utf-8")), Config())
    at = found.post.header.end
    for draft in found.drafts:
        assert (draft.span.start, draft.span.end) == (draft.parts[0][1].start, draft.parts[-1][1].end)
        for _, span in draft.parts:
            assert at <= span.start < span.end
            text = found.post.text[slice(*span)]
            assert text == text.strip()
            at = span.end
    assert not found.drafts or {wording for wording, _ in found.drafts[0].parts} <= {Wording.NEW, Wording.COPY}


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name.removesuffix(".in.md"))
def test_drafts_do_not_depend_on_what_is_repaired(case: Path) -> None:
    post = read_post(case.name, case.read_text("utf-8"))
    assert examine(post, Config(unsafe_fixes=True)).drafts == examine(post, Config()).drafts


def test_figures_add_up() -> None:
    found = outcome(FIRST, "---END---", FIRST, ATTIC)
    first, second = report_post(found).drafts
    assert (first.new, first.copied, first.rewritten) == (len("".join(FIRST.split())), 0, 0)
    assert (second.copied, second.new) == (first.new, len("".join(ATTIC.split())))
    assert [part.wording for part in second.parts] == ["copy", "new"]
    assert (first.lines, second.lines) == ((1, 5), (9, 15))


@pytest.mark.parametrize(
    ("paragraphs", "sentence"),
    [
        ((FIRST, FIRST), "One draft and one continuation, a copy."),
        ((FIRST, "---END---", ATTIC), "One draft and one continuation, with new text."),
        ((FIRST, FIRST, FIRST), "One draft and two continuations: all copies."),
        ((FIRST, "---END---", ATTIC, "---END---", SUNDAYS), "One draft and two continuations: all with new text."),
        ((FIRST, FIRST, "---END---", ATTIC, "---END---", FIRST), "One draft and three continuations: 2 copies, 1 with new text."),
    ],
)
def test_the_sentence(paragraphs: tuple[str, ...], sentence: str) -> None:
    assert f"\n  {sentence}\n  |#" in render(merge([report_post(outcome(*paragraphs))], []), "text")


def strip_of(*paragraphs: str) -> str:
    text = render(merge([report_post(outcome(*paragraphs))], []), "text")
    (strip,) = [line for line in text.splitlines() if line.startswith("  |")]
    return strip.strip()


def test_a_strip_fits_eighty_columns_however_many_drafts() -> None:
    for count in (2, 3, 7, 30, 37, 60):
        strip = strip_of(*[FIRST, "---END---"] * count)
        assert len(strip) <= 76
        assert strip.count("|") == min(count, 37) + 1
        assert "||" not in strip


def test_a_strip_shows_copies_where_they_stand_and_every_draft_with_new_text() -> None:
    copied, added = strip_of(FIRST, "---END---", FIRST, ATTIC, SUNDAYS).split("|")[2].split("=" * 9, 1)
    assert (set(copied + added), added[-1]) == ({"=", "#"}, "#")
    short = strip_of(*[FIRST, "---END---"] * 30, "The cat left. It has not come back since, and nobody knows why it should.")
    assert short.endswith("|#|")
