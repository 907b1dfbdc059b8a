"""Which copy stays, when a person says so: what no policy touches comes first."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from dedupe import Config, Edit, Outcome, Span, examine, read_post
from dedupe.config import build_config
from dedupe.errors import ConfigError
from dedupe.model import Keep
from dedupe.prove import ProofError, prove
from dedupe.repair import apply

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
FIRST = f"{CELLAR} {CARD}\n\n{BOAT}\n\n{CABINETS} {STUDENTS}"
RELATED = "## Related\n\n- [Fog](/fog/)\n- [Snow](/snow/)"


def post(*paragraphs: str) -> str:
    return "\n\n".join(paragraphs) + "\n"


def outcome(text: str, keep: str, **more: Any) -> Outcome:
    return examine(read_post("post.md", text), build_config({"keep": keep, **more}, "test"))


def first_draft(text: str) -> str:
    found = outcome(text, "first-draft", unsafe_fixes=True)
    assert found.proof_error is None
    return found.repaired


@pytest.mark.parametrize("file", UNTOUCHED, ids=lambda file: file.stem)
@pytest.mark.parametrize("keep", Keep)
@pytest.mark.parametrize("unsafe", [False, True], ids=["safe", "unsafe"])
def test_wanted_repetition_stays(file: Path, keep: str, unsafe: bool) -> None:
    text = file.read_text("utf-8")
    assert outcome(text, keep, unsafe_fixes=unsafe).repaired == text


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name.removesuffix(".in.md"))
def test_best_is_what_happens_anyway(case: Path) -> None:
    text = case.read_text("utf-8")
    assert outcome(text, "best") == examine(read_post("post.md", text), Config())


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name.removesuffix(".in.md"))
def test_nothing_behind_the_first_draft_goes_unless_asked_for(case: Path) -> None:
    text = case.read_text("utf-8")
    found = outcome(text, "first-draft")
    if "<<<<<<<" in text:
        return  # whoever resolves it will say which draft is the first
    behind = found.drafts[0].span.end if found.drafts else len(text)
    assert not [edit for finding in found.findings for edit in finding.edits if edit.span.end > behind]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name.removesuffix(".in.md"))
@pytest.mark.parametrize("keep", Keep)
@pytest.mark.parametrize("unsafe", [False, True], ids=["safe", "unsafe"])
def test_every_policy_is_proved_and_settles(case: Path, keep: str, unsafe: bool) -> None:
    text = case.read_text("utf-8")
    once = outcome(text, keep, unsafe_fixes=unsafe)
    assert once.proof_error is None
    assert outcome(once.repaired, keep, unsafe_fixes=unsafe).repaired == once.repaired


@pytest.mark.parametrize("keep", Keep)
def test_what_is_switched_off_stays(keep: str) -> None:
    off = f"<!-- dedupe: off -->\n\n{ATTIC}\n\n<!-- dedupe: on -->"
    assert off in outcome(post(FIRST, "---END---", FIRST, off, SUNDAYS), keep, unsafe_fixes=True).repaired


@pytest.mark.parametrize("keep", Keep)
def test_a_conflict_stays(keep: str) -> None:
    conflict = f"<<<<<<< ours\n{ATTIC}\n=======\n{SUNDAYS}\n>>>>>>> theirs"
    repaired = outcome(post(FIRST, "---END---", FIRST, conflict), keep, unsafe_fixes=True).repaired
    assert conflict in repaired
    assert CELLAR in repaired


GROWN = post(FIRST, "---END---", f"{CABINETS} {STUDENTS}", ATTIC, SUNDAYS)


def test_first_keeps_the_first_copy_and_last_the_last() -> None:
    text = post(FIRST, ATTIC, "---END---", f"{BOAT} {CABINETS} {STUDENTS}", SUNDAYS)
    assert outcome(text, "first").repaired == post(FIRST, ATTIC, SUNDAYS)
    assert outcome(text, "last").repaired == post(f"{CELLAR} {CARD}", ATTIC, f"{BOAT} {CABINETS} {STUDENTS}", SUNDAYS)


def test_last_prefers_a_draft_to_an_echo() -> None:
    echo = " ".join(FIRST.split())
    text = post(FIRST, "Here is the end of the existing article:", echo, "---END---", ATTIC)
    assert outcome(text, "last").repaired == outcome(text, "first").repaired


def test_new_text_stays_but_with_the_first_draft() -> None:
    for keep in ("best", "first", "last"):
        assert {ATTIC, SUNDAYS} <= set(outcome(GROWN, keep, unsafe_fixes=True).repaired.splitlines())
    assert first_draft(GROWN) == post(FIRST)


def test_the_first_draft_keeps_what_the_site_appended() -> None:
    assert first_draft(post(FIRST, "---END---", FIRST, ATTIC, "---", RELATED)) == post(FIRST, "---", RELATED)
    assert first_draft(post(FIRST, RELATED, "---END---", f"{CABINETS} {STUDENTS}", ATTIC)) == post(FIRST, RELATED)
    assert first_draft(post(FIRST, RELATED, "---END---", FIRST, RELATED)) == post(FIRST, RELATED)


def test_the_first_draft_stays_broken_off_and_that_is_told() -> None:
    text = post(f"{FIRST}\n\n{ATTIC[:49]}\n\n", ATTIC, SUNDAYS)
    found = outcome(text, "first-draft", unsafe_fixes=True)
    assert found.repaired == post(FIRST, ATTIC[:49])
    assert [finding.code for finding in found.findings] == ["CUT001", "RPT005"]


def test_the_first_draft_is_repaired_in_itself() -> None:
    text = post("Certainly, here is the continuation of the article:", "---", FIRST, "---END---", ATTIC, SUNDAYS)
    assert first_draft(text) == post(FIRST)


def test_a_continuation_is_never_safe() -> None:
    for safety in ({"RPT": "safe"}, {"RPT": "safe", "LEAK": "safe"}):
        found = outcome(GROWN, "first-draft", safety=safety)
        assert ATTIC in found.repaired
        assert [finding.safety.name for finding in found.findings if finding.code == "RPT005"] == ["UNSAFE"]
    with pytest.raises(ConfigError, match=r"'RPT005' in 'safety' cannot be 'safe'; what goes may stand nowhere else"):
        build_config({"safety": {"RPT005": "safe"}}, "test")


def test_a_continuation_may_be_left_alone() -> None:
    assert outcome(GROWN, "first-draft", unsafe_fixes=True, ignore=["RPT005"]).repaired == GROWN


def test_the_budget_holds_for_continuations_too() -> None:
    text = post(FIRST, *["---END---", FIRST] * 30)
    assert "`--force` allows it" in (outcome(text, "first-draft", unsafe_fixes=True).proof_error or "")
    assert outcome(text, "first-draft", unsafe_fixes=True, force=True).repaired == post(FIRST)


@pytest.mark.parametrize(
    ("gone", "dropped", "reason"),
    [
        pytest.param(f"{ATTIC}\n\n", f"{ATTIC}\n\n", None, id="asked to go"),
        pytest.param(
            f"{ATTIC}\n\n{SUNDAYS}\n\n", f"{ATTIC}\n\n", "removed text that stands nowhere", id="more than was asked for"
        ),
        pytest.param(
            f"## Clouds\n\n{ATTIC}\n\n", f"{ATTIC}\n\n", "removed text that stands nowhere", id="a heading nobody asked for"
        ),
        pytest.param(
            f"{ATTIC}\n\n{RELATED}\n\n", f"{ATTIC}\n\n{RELATED}\n\n", "a list of links disappears", id="links in what was asked"
        ),
    ],
)
def test_the_proof_knows_what_was_asked_to_go_and_holds_for_the_rest(gone: str, dropped: str, reason: str | None) -> None:
    text = post(FIRST) + "\n" + gone + CARD + "\n"
    at = text.index(gone)
    asked = Span(text.index(dropped), text.index(dropped) + len(dropped))
    edits = [Edit(Span(at, at + len(gone)), "")]
    if reason is None:
        prove(read_post("post.md", text), edits, apply(text, edits), dropped=[asked])
        return
    with pytest.raises(ProofError, match=reason):
        prove(read_post("post.md", text), edits, apply(text, edits), dropped=[asked])


def test_errors_say_what_to_write() -> None:
    with pytest.raises(ConfigError, match=r"'keep' cannot be 'frist'; did you mean 'first'\?"):
        build_config({"keep": "frist"}, "test")
    with pytest.raises(ConfigError, match="'keep' cannot be '3'; use one of best, first, last, first-draft"):
        build_config({"keep": 3}, "test")
