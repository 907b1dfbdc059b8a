"""Which copy stays, decided over the whole post."""

from __future__ import annotations

import itertools
import random

import numpy as np
import pytest

from dedupe import Config, choose, examine, read_post
from dedupe.choose import _Problem, _Run, _search
from dedupe.model import Keep
from dedupe.scene import find_roots

HARBOUR = "The harbour opens at six, when the night watch hands over its keys and goes to bed."
BOATS = "Boats leave every hour from the eastern pier, in winter only until four."
TICKETS = "Tickets are sold on board, in coins, by whoever is not steering at the time."
GOATS = "On Sundays it does not run at all, which the goats do not mind in the least."
BELL = "However, the bell rings as if it did, twelve times, for the sake of the tourists."
LAMP = "The lamp on the pier is lit by hand, by a man who says he is the last of his trade."

SAIL = "The sails are mended in February, when there is nothing else to do but to wait for spring."
ROPE = "The ropes are as thick as an arm and smell of tar in every weather there is."


def repaired(*paragraphs: str, unsafe: bool = False) -> list[str]:
    outcome = examine(read_post("a.md", "\n\n".join(paragraphs) + "\n"), Config(unsafe_fixes=unsafe))
    assert outcome.proof_error is None
    return outcome.repaired.strip().split("\n\n")


def test_of_equal_choices_the_first_stays() -> None:
    text = [HARBOUR, BOATS, TICKETS]
    assert repaired(*text, GOATS, "", *text) == [*text, GOATS]


def test_the_last_of_growing_drafts_stays_as_one_stretch() -> None:
    first = [f"{HARBOUR} {BOATS}", f"{TICKETS} {GOATS}"]
    last = [f"{HARBOUR} {BOATS} {BELL}", f"{TICKETS} {GOATS} {LAMP}"]
    assert " ".join(repaired(ROPE, *first, "---END---", *last)) == " ".join([ROPE, *last])


def test_a_closing_stays_below_its_heading_and_in_its_fuller_wording() -> None:
    asked = "Where does all of this lead those who live here? The answer is still being looked for in every tavern."
    short = "The bell in the old tower tells everybody in the village that the day is over."
    closing = ["## What is left to say", f"{asked} And yet {short[0].lower()}{short[1:]}", f"{LAMP} {SAIL}"]
    drafts = [[f"{HARBOUR} {BOATS}", end, *closing] for end in (f"{TICKETS} {GOATS}", f"{TICKETS} {GOATS} {BELL}")]
    text = [ROPE, f"{asked} {short}", "What do you think?", *drafts[0], "---END---", *drafts[1]]
    assert repaired(*text, unsafe=True) == [ROPE, "What do you think?", *drafts[1]]


def test_a_sentence_whose_neighbours_go_goes_too_where_it_stands_once_more() -> None:
    market = "The market on the quay closes at noon, and whoever comes later buys from the fishmonger."
    first = [f"{HARBOUR} {BOATS}", LAMP, f"{TICKETS} {GOATS}"]
    last = [f"{HARBOUR} {BOATS} {market}", f"{TICKETS} {GOATS} {BELL}", ROPE]
    assert repaired(SAIL, *first, "---END---", *last, LAMP, "Nobody minds.") == [SAIL, *last, LAMP, "Nobody minds."]
    assert repaired(SAIL, *first, "---END---", *last, "Nobody minds.") == [SAIL, LAMP, *last, "Nobody minds."]
    doubted = f"Nobody believes that {LAMP[0].lower()}{LAMP[1:]}"
    assert repaired(SAIL, *first, "---END---", *last, doubted) == [SAIL, LAMP, *last, doubted]


def test_two_paragraphs_run_together_are_no_echo() -> None:
    end = "Without fear, but humbly, we should build a harbour for everybody who arrives."
    fuller = end.replace(", we", ", and with an eye on what the sea gives and takes, we")
    first = [f"{HARBOUR} {BOATS}", f"{TICKETS} {GOATS}", f"{end} {LAMP}"]
    last = [f"{HARBOUR} {BOATS} {TICKETS} {GOATS}", f"{fuller} {LAMP}"]
    assert repaired(ROPE, *first, SAIL, "---END---", *last, BELL, unsafe=True) == [ROPE, SAIL, *last, BELL]


def test_nothing_comes_between_a_sentence_that_breaks_off_and_what_followed_it() -> None:
    broken = "The ferry to the islands runs on a timetable that nobody has"
    rest = [f"{ROPE} {TICKETS}", f"{GOATS} {BELL}"]
    conclusion = ["## What is left to say", f"{LAMP} That is all there is to say of the harbour."]
    kept = repaired(HARBOUR, broken, "", *rest, *conclusion, "---END---", rest[0], SAIL, f"{rest[1]} {BOATS}")
    assert kept.index(rest[0]) == kept.index(broken) + 2


def test_a_copy_stays_in_place_of_a_refrain_it_repeats() -> None:
    draft = [f"{ROPE} {BELL}", f"{LAMP} {HARBOUR}", f"{TICKETS} {GOATS}"]
    grown = [f"{ROPE} {BELL}", f"{SAIL} {LAMP} {HARBOUR}", f"{TICKETS} {GOATS}"]
    opening = f"{BOATS} {HARBOUR} And so the day begins for everybody who lives on the water here."
    assert " ".join(repaired(opening, *draft, "---END---", *grown)) == " ".join([opening, *grown])


def test_a_list_item_stays_where_it_goes_on_whatever_a_flattened_echo_says() -> None:
    first = f"- **Boats:** {BOATS} {TICKETS}\n- **Ropes:** {ROPE} {SAIL}"
    last = f"- **Boats:** {BOATS} {TICKETS} {GOATS}\n- **Ropes:** {ROPE} {SAIL} {BELL}"
    flat = " ".join(f"{HARBOUR} {first} {LAMP}".split())
    kept = repaired(HARBOUR, first, LAMP, "---END---", flat, "---END---", HARBOUR, last)
    assert kept == [HARBOUR, LAMP, last]


def test_an_echo_never_stays_for_its_draft() -> None:
    draft = [HARBOUR, BOATS, TICKETS]
    assert repaired(*draft, "[Existing article so far]", " ".join([*draft, GOATS[:40]]), "---END---", LAMP)[:3] == draft


def test_all_new_text_stays() -> None:
    kept = repaired(HARBOUR, BOATS, TICKETS, "---END---", HARBOUR, f"{BOATS} {BELL}", TICKETS, LAMP)
    assert {BELL, LAMP} <= {sentence for paragraph in kept for sentence in (paragraph, paragraph.removeprefix(BOATS + " "))}


def test_near_copies_stay_without_unsafe_fixes_and_the_cleaner_one_with_them() -> None:
    draft = [HARBOUR, BOATS, TICKETS]
    garbled = [HARBOUR.replace("night", "nnight"), BOATS.replace("pier", "pierr"), TICKETS.replace("coins", "ccoins")]
    assert repaired(*draft, GOATS, "", *garbled) == [*draft, GOATS, "", *garbled]
    assert repaired(*draft, GOATS, "", *garbled, unsafe=True) == [*draft, GOATS]


def test_near_copies_whose_numbers_differ_both_stay() -> None:
    draft = [HARBOUR, f"{BOATS} A ticket costs 12 crowns.", TICKETS]
    other = [paragraph.replace("12", "15").replace("at six", "at seven") for paragraph in draft]
    assert "15 crowns" in " ".join(repaired(*draft, GOATS, "", *other, unsafe=True))
    assert "12 crowns" in " ".join(repaired(*draft, GOATS, "", *other, unsafe=True))


def test_the_search_lies_between_its_bound_and_the_first_copies_and_often_finds_the_best() -> None:
    exact = 0
    for seed in range(150):
        chance = random.Random(seed)
        order = [chance.randrange(5) for _ in range(11)]
        runs = [_Run((place,), each, order[:place].count(each)) for place, each in enumerate(order)]
        own = [run.copy for run in runs]
        costs = {
            (before, place): own[place] + chance.choice([0, 0, 100, 200, 300])
            for place in range(11)
            for before in range(-1, place)
        }
        costs |= {(before, -1): 0 for before in range(-1, 11)}
        kept, bound = _search(_Problem(runs, set(), own, lambda before, place, costs=costs: costs[before, place]))  # type: ignore[misc]

        def cost(choice: tuple[int, ...], costs: dict[tuple[int, int], int] = costs) -> int:
            places = sorted(choice)
            return sum(costs[pair] for pair in zip([-1, *places], places, strict=False))

        copies = [[place for place, each in enumerate(order) if each == passage] for passage in set(order)]
        best = min(map(cost, itertools.product(*copies)))
        assert bound <= best <= kept.cost <= cost(tuple(each[0] for each in copies))
        assert kept.cost == cost(tuple(kept.runs))
        exact += kept.cost == best
    assert exact >= 100


@pytest.mark.parametrize("passages", [100, 400])
def test_the_effort_of_the_search_grows_with_the_runs_and_not_with_their_square(
    passages: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(choose, "_EFFORT", 20)
    order = [*range(passages), *range(passages)]
    runs = [_Run((place,), each, place // passages) for place, each in enumerate(order)]
    weighed = 0

    def step(before: int, index: int) -> int:
        nonlocal weighed
        weighed += 1
        return (before * 7919 + index * 104729) % 5 if index >= 0 else 0

    _search(_Problem(runs, set(), [0] * len(runs), step))
    assert weighed <= 150 * len(runs)


def test_a_way_in_a_circle_is_a_defect_that_ends() -> None:
    assert find_roots(np.array([0, 0, 1, 2, 4])).tolist() == [0, 0, 0, 0, 4]
    for circle in ([1, 0], [1, 2, 0], [0, 2, 3, 4, 5, 1]):
        with pytest.raises(AssertionError):
            find_roots(np.array(circle))


def test_what_completes_a_beginning_may_be_its_copy_too() -> None:
    fields = 'path = "2031/02/07/loaf-1.2.1"', 'title = "A loaf without scales 1.2.1"', 'by = ["The bakers of the village"]'
    lines = [*fields, "names = [", ' "2031/02/07/loaf-1.2.1.html",', ' "loaves/1.2.1",', "]"]
    text = "The bakers of the village have made a second loaf without scales, 1.2.1. A loaf is a kind of bread"
    echo = f"{' '.join(line.strip() for line in lines)} {text} that is feeding everyone who has time"
    label = "**Last part of the article:**"
    post = "\n".join(
        [
            *lines,
            text,
            "that is feeding everyone who has time and",
            label,
            f"+++ {echo}",
            "[END OF ARTICLE]",
            "",
            label,
            f"{label} {echo} [END",
            "",
        ]
    )
    outcome = examine(read_post("a.md", post), Config())
    assert outcome.proof_error is None
    assert outcome.repaired.startswith("\n".join(lines))


def test_a_beginning_that_goes_is_joined_to_nothing() -> None:
    first, again = "تلميذ اللحام يقيس المد بحبل معقود، حيث يغ", "تلميذ اللحام يقيس المد بحبل معقود، حيث يغطي اللبلاب الجدار."
    more = "السيدة في الكشك يخفي المفتاح الاحتياطي تحت البلاط، قبل أن تمتلئ ساحة السوق."
    left = repaired("تلميذ اللحام يقي", "\n\n" + first, f"\n\n{again} {more}", f"{again} {more}")
    assert left[-1].strip() == f"{again} {more}"
    assert "".join(left).count(more) == 1


def test_a_beginning_that_goes_holds_no_place_for_what_stands_around_it() -> None:
    """The sentence put in early belongs where the second draft has it, not before the last paragraph."""
    first, rest = f"{HARBOUR} {BOATS}", f"{SAIL} {ROPE}"
    again = [f"{TICKETS} {GOATS}", first, rest, f"{LAMP} {BELL}"]
    assert repaired(TICKETS, first, rest, LAMP[:52], "---END---", *again) == again


def test_a_beginning_whose_whole_stands_nowhere_stays() -> None:
    first, rest = f"{HARBOUR} {BOATS}", f"{SAIL} {ROPE}"
    left = repaired(first, TICKETS, LAMP[:52], "\n" + first, TICKETS, rest)
    assert LAMP[:52] in left


LIST = f"- {SAIL}\n- {ROPE}\n- {LAMP}"


def test_a_list_a_heading_a_table_may_break_off_before_a_seam() -> None:
    first = f"{HARBOUR} {BOATS}"
    for last, more in (
        (LIST, 20),
        (f"{SAIL}\n\n## Where the ropes are kept in winter", 10),
        (f"| a | b |\n|---|---|\n| {SAIL} | {ROPE} |", 40),
    ):
        again = [f"{TICKETS} {GOATS}", first, *last.split("\n\n"), BELL]
        assert repaired(TICKETS, first, last[:-more], "---END---", *again) == again


def test_a_sentence_begun_in_a_list_item_stays_in_it() -> None:
    first, last = f"{HARBOUR} {BOATS}", f"- {SAIL}\n- {ROPE} {LAMP}"
    assert repaired(first, last[:-30], "---END---", first, last, BELL) == [first, last, BELL]


def test_what_only_begins_alike_stays() -> None:
    """Neither an entry without a seam behind it, nor one that nothing completes."""
    first = f"{HARBOUR} {BOATS}"
    post = [first, "## get", TICKETS, "- get", "---END---", first, "## getAll", SAIL, "- getAll", LAMP]
    assert "## get" in repaired(*post)
    assert repaired(first, "- get the rope ashore", "---END---", first, "## get the rope ashore and the lamp", GOATS)[1] == (
        "- get the rope ashore"
    )


def test_sentences_between_which_one_was_put_in_stand_again_in_one_paragraph_only() -> None:
    first, text = f"{TICKETS} {GOATS}", [LAMP, "---END---", HARBOUR, BOATS]
    apart = [f"{TICKETS} {BELL}", f"{GOATS} {SAIL}"]
    assert repaired(first, *text, *apart) == [first, LAMP, HARBOUR, BOATS, *apart]
    assert repaired(first, *text, f"{TICKETS} {BELL} {GOATS}") == [LAMP, HARBOUR, BOATS, f"{TICKETS} {BELL} {GOATS}"]


def test_a_conclusion_stays_at_the_end_but_for_one_that_breaks_off() -> None:
    hours = ["one the boats come in", "two the nets are dry", "three the pilot sleeps", "four the last coach leaves the square"]
    told = " ".join(
        f"At {hour}, and whoever has heard the bell once comes back, and nobody has ever said why that is." for hour in hours
    )
    body, end = [HARBOUR, BOATS, TICKETS], f"{GOATS} {told} {told.replace('bell', 'horn')}"
    text = [*body, end, "---END---", *body[1:], SAIL, ROPE]
    assert repaired(*text, end[:-30]) == [*body, end, SAIL, ROPE]
    assert repaired(*body, end, SAIL, "---END---", *body, end) == [*body, end, SAIL]
    for footer in ([], ["---", "## More", "- [Tides](/tides/)"]):
        assert repaired(*text, end, *footer) == [*body, SAIL, ROPE, end, *footer]


def test_a_line_in_bold_right_above_its_text_may_stay_instead_of_a_heading() -> None:
    fares, under = "**What does it cost to cross?**", f"{TICKETS} {GOATS}"
    text = [ROPE, HARBOUR, fares, under, BOATS, "---END---", HARBOUR, f"{fares}\n{under}", BOATS, SAIL]
    outcome = examine(read_post("a.md", "\n\n".join(text) + "\n"), Config(keep=Keep.LAST))
    assert outcome.proof_error is None
    assert outcome.repaired.strip().split("\n\n") == [ROPE, *text[6:]]
    assert repaired(*text) == [*text[:5], SAIL]
