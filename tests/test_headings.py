"""Headings over text that goes, and rules beside it."""

from __future__ import annotations

from itertools import pairwise

import pytest

from dedupe import Config, examine, read_post
from dedupe.model import Edit, Span
from dedupe.prove import ProofError, prove
from dedupe.repair import apply

HARBOUR = "The harbour opens at six, when the night watch hands over its keys and goes to bed."
BOATS = "Boats leave every hour from the eastern pier, in winter only until four."
TICKETS = "Tickets are sold on board, in coins, by whoever is not steering at the time."
GOATS = "On Sundays nothing runs at all, which the goats do not mind in the least."
LAMP = "The lamp on the pier is lit by hand, by a man who says he is the last of his trade."
SAIL = "The sails are mended in February, when there is nothing else to do but to wait for spring."
ROPE = "The ropes are as thick as an arm and smell of tar in every weather there is."
BELL = "The bell was cast in the year of the flood, and has a crack that nobody hears."
LINKS = ["---", "## More", "- [Tides](/tides/)\n- [Winds](/winds/)"]


def repaired(*paragraphs: str, unsafe: bool = True) -> list[str]:
    post = read_post("a.md", "\n\n".join(paragraphs) + "\n")
    outcome = examine(post, Config(unsafe_fixes=unsafe))
    assert outcome.proof_error is None
    again = examine(read_post("a.md", outcome.repaired), Config(unsafe_fixes=unsafe))
    assert again.repaired == outcome.repaired
    return outcome.repaired.strip().split("\n\n")


def drafts(heading: str, *under: str, later: str = "## Who sells them") -> list[str]:
    """A first draft with a section that a second one has under another heading, and more of it."""
    first = [f"{HARBOUR} {BOATS}", heading, f"{TICKETS} {GOATS}", *under]
    return [SAIL, *first, "---END---", "## The harbour", f"{HARBOUR} {BOATS} {LAMP}", later, f"{TICKETS} {GOATS} {ROPE}"]


@pytest.mark.parametrize("stays", [[BELL], ["### By boat", BELL]])
def test_a_heading_stays_over_what_is_new(stays: list[str]) -> None:
    assert "## Tickets" in repaired(*drafts("## Tickets", *stays))


def test_a_heading_stays_without_unsafe_fixes() -> None:
    assert "## Tickets" in repaired(*drafts("## Tickets"), unsafe=False)


@pytest.mark.parametrize(
    "heading",
    [
        "**The ferry stops for good next May**",
        "## Tickets [here](https://example.org/buy)",
        "## ![logo](logo.png) Tickets",
        "## Tickets[^1]",
        "## `ferry --tickets`",
        '## <a id="tickets"></a>Tickets',
        "## Tickets {#tickets}",
        "Tickets\n-------",
    ],
)
def test_what_is_more_than_the_words_of_a_heading_stays(heading: str) -> None:
    kept = repaired(*drafts(heading))
    assert heading in kept
    assert "---END---" not in kept


def test_a_heading_that_a_link_leads_to_stays() -> None:
    text = drafts("## Tickets")
    assert "## Tickets" in repaired(f"See [what it costs](#tickets). {BELL}", *text)


def test_a_heading_goes_when_all_under_it_goes() -> None:
    text = drafts("## Tickets")
    assert repaired(*text) == [SAIL, *text[text.index("---END---") + 1 :]]
    assert "## Tickets" not in repaired(*drafts("## Tickets", "## The goats", BELL))


def test_a_heading_over_nothing_but_a_leak_stays() -> None:
    text = [HARBOUR, BOATS, "## What comes next", "---END---", HARBOUR, BOATS, ROPE]
    assert "## What comes next" in repaired(*text)


@pytest.mark.parametrize("end", ["（続き）", " (続き)", " (continued)"])
def test_a_heading_that_only_goes_on_goes_below_the_one_it_repeats(end: str) -> None:
    heading = "## Tickets and goats, and what else there is on board"
    text = [HARBOUR, heading, f"{TICKETS} {GOATS}", "---END---", f"{TICKETS} {GOATS}"]
    assert repaired(*text, "## The bell", BELL, f"{heading}{end}", ROPE)[-2:] == [f"{heading}{end}", ROPE]
    assert repaired(*text, f"{heading}{end}", ROPE, unsafe=False)[-2:] == [f"{heading}{end}", ROPE]
    assert repaired(*text, f"{heading}{end}", ROPE) == [HARBOUR, heading, f"{TICKETS} {GOATS}", ROPE]


def removing(text: str, *pieces: str) -> tuple[str, list[Edit]]:
    edits = [Edit(Span(text.index(piece), text.index(piece) + len(piece)), "") for piece in pieces]
    assert all(one.span.end <= other.span.start for one, other in pairwise(edits))
    return text, edits


SECTIONS = f"# Tides\n\n## Fares\n\n{TICKETS}\n\n## Goats\n\n{GOATS}\n\n## Sellers\n\n{TICKETS} {ROPE}\n"


@pytest.mark.parametrize(
    ("text", "pieces"),
    [
        (SECTIONS, [f"## Goats\n\n{GOATS}\n\n"]),  # what stood under it stands nowhere
        (SECTIONS, ["## Goats\n\n"]),  # what stands under it stays
        (SECTIONS.replace("## Goats", "### Goats"), [f"## Fares\n\n{TICKETS}\n\n"]),  # a section of it stays
        (SECTIONS.replace("## Goats\n\n", ""), [f"## Fares\n\n{TICKETS}\n\n"]),  # more text of it stays
        (f"# Tides\n\n## Fares\n\n## Sellers\n\n{TICKETS}\n", ["## Fares\n\n"]),  # nothing stood under it
        (SECTIONS.replace("## Goats", "```\n# install\n```\n\n## Goats"), [f"## Fares\n\n{TICKETS}\n\n"]),  # code of it stays
        (SECTIONS.replace("## Goats", "...\n\n## Goats"), [f"## Fares\n\n{TICKETS}\n\n"]),  # dots of it stay
        (SECTIONS.replace("## Fares", "## [Fares](/f/)"), [f"## [Fares](/f/)\n\n{TICKETS}\n\n"]),  # a link goes with it
        (
            SECTIONS.replace("## Fares", "## Fares\n\n## Goats").replace(f"{TICKETS}\n\n## Goats", f"{TICKETS}\n\n### Goats"),
            ["## Fares\n\n"],
        ),
    ],
)
def test_the_proof_keeps_a_heading_unless_its_text_stands_elsewhere(text: str, pieces: list[str]) -> None:
    text, edits = removing(text, *pieces)
    heading = text.index(next(line for line in pieces[0].splitlines() if line.startswith("##")))
    bare = [Span(heading, text.index("\n", heading))]
    with pytest.raises(ProofError):
        prove(read_post("a.md", text), edits, apply(text, edits), bare=bare)


def test_the_proof_lets_a_heading_go_whose_text_stands_elsewhere() -> None:
    text, edits = removing(SECTIONS, f"## Fares\n\n{TICKETS}\n\n")
    heading = text.index("## Fares")
    prove(read_post("a.md", text), edits, apply(text, edits), bare=[Span(heading, heading + len("## Fares"))])
    with pytest.raises(ProofError, match="stands nowhere"):
        prove(read_post("a.md", text), edits, apply(text, edits))


def test_a_rule_stays_that_parts_what_stays() -> None:
    echo = f"{HARBOUR} {BOATS} {TICKETS} {GOATS}"
    text = [HARBOUR, BOATS, "---", TICKETS, GOATS, echo, "---", ROPE]
    assert repaired(*text, *LINKS) == [HARBOUR, BOATS, "---", TICKETS, GOATS, "---", ROPE, *LINKS]


def test_a_rule_goes_that_only_parted_an_echo_from_what_goes_on() -> None:
    echo = f"{HARBOUR} {BOATS} {TICKETS} {GOATS}"
    for text in ([HARBOUR, BOATS, TICKETS, GOATS, echo, "---"], [HARBOUR, BOATS, TICKETS, GOATS, "---", echo]):
        assert repaired(*text, ROPE, *LINKS) == [HARBOUR, BOATS, TICKETS, GOATS, ROPE, *LINKS]
