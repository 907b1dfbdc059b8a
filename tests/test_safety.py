"""Safety set in the settings, rule by rule: what it never changes, what it lowers, what it raises."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from dedupe import Config, Outcome, examine, read_post
from dedupe.config import CODES, FIXLESS, build_config
from dedupe.errors import ConfigError
from dedupe.prove import ProofError

CASES = sorted((Path(__file__).parent / "cases").glob("*.in.md"))

TWICE = "The harbour opens at six. Boats leave every hour.\n\n" * 2 + "In winter it is quiet.\n"
BAKERY = (
    "The bakery on Mill Street opens at five. Whoever walks past before that hears the oven door, and smells what the street "
    "will eat.\n\nAnna learned the trade from her uncle. He measured nothing and wrote nothing down, so she spent two winters "
    "with a notebook beside the trough.\n"
)
NEAR = BAKERY + "\n---END---\n\n" + BAKERY.replace("hears the oven", "hears the ovven").replace("nothing down", "nothing dwn")
REFUSAL = "As an AI language model, I cannot swim.\n\nMore.\n"


def outcome(text: str, safety: Mapping[str, str], **more: Any) -> Outcome:
    return examine(read_post("post.md", text), build_config({"safety": safety, **more}, "test"))


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name.removesuffix(".in.md"))
def test_nothing_is_repaired_where_all_is_for_display(case: Path) -> None:
    text = case.read_text("utf-8")
    found = outcome(text, {"RPT": "display", "CUT": "display", "LEAK": "display"}, unsafe_fixes=True)
    assert found.repaired == text
    assert found.proof_error is None
    assert {finding.safety.name for finding in found.findings} == {"DISPLAY"}


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name.removesuffix(".in.md"))
def test_what_is_lowered_to_unsafe_needs_to_be_asked_for(case: Path) -> None:
    text = case.read_text("utf-8")
    lowered = {code: "unsafe" for code in CODES if code not in FIXLESS}
    assert outcome(text, lowered).repaired == text
    assert outcome(text, {}, unsafe_fixes=True).proof_error is None


def test_other_rules_stay_as_they_are() -> None:
    text = TWICE + "\n---END---\n"
    assert outcome(text, {"RPT": "display"}).repaired == TWICE
    assert outcome(text, {"LEAK": "display"}).repaired == text.replace(TWICE[: len(TWICE) // 2 - 11], "", 1)
    assert outcome(text, {"CUT": "display"}).repaired == outcome(text, {}).repaired


def test_the_longest_beginning_counts() -> None:
    text = TWICE + "\n---END---\n"
    assert outcome(text, {"LEAK": "display", "LEAK004": "safe", "RPT": "display"}).repaired == TWICE
    assert outcome(text, {"LEAK": "safe", "LEAK004": "display", "RPT": "display"}).repaired == text


def test_what_only_a_person_decides_goes_where_the_settings_decide() -> None:
    assert outcome(REFUSAL, {}).repaired == REFUSAL
    assert outcome(REFUSAL, {"LEAK003": "unsafe"}).repaired == REFUSAL
    assert outcome(REFUSAL, {"LEAK003": "unsafe"}, unsafe_fixes=True).repaired == "More.\n"
    assert outcome(REFUSAL, {"LEAK003": "safe"}).repaired == "More.\n"


def test_a_near_copy_may_be_raised() -> None:
    assert "nothing dwn" in outcome(NEAR, {}).repaired
    assert outcome(NEAR, {"RPT": "safe"}).repaired == outcome(NEAR, {}, unsafe_fixes=True).repaired == BAKERY


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name.removesuffix(".in.md"))
def test_raising_the_rules_of_repeats_takes_nothing_back(case: Path) -> None:
    text = case.read_text("utf-8")
    plain, raised = outcome(text, {}), outcome(text, {"RPT": "safe"})
    assert raised.proof_error is None
    assert len(raised.repaired) <= len(plain.repaired)


def test_what_is_raised_counts_only_where_the_proof_holds(monkeypatch: pytest.MonkeyPatch) -> None:
    from dedupe import pipeline

    def strict(post: object, edits: object, repaired: str, scaffolds: object, rewritten: object, *more: object) -> None:
        if rewritten:
            raise ProofError("no near copies today")

    monkeypatch.setattr(pipeline, "prove", strict)
    found = outcome(NEAR, {"RPT": "safe"})
    assert (found.proof_error, found.repaired) == (None, outcome(NEAR, {}).repaired)


def test_what_has_no_fix_is_told_whatever_the_settings_say() -> None:
    cut = TWICE + "\nBoats that leave after midnight carry a lamp at the stern and a second one at the\n"
    conflict = "<<<<<<< ours\nOne.\n=======\nTwo.\n>>>>>>> theirs\n"
    for text in (cut, conflict):
        assert outcome(text, {"LEAK": "safe"}).repaired == outcome(text, {}).repaired


@pytest.mark.parametrize(
    ("safety", "sentence"),
    [
        ({"RPT01": "safe"}, "no rule has a code that begins with 'RPT01'; did you mean RPT001?"),
        ({"RPT001": "unsave"}, "'RPT001' in 'safety' cannot be 'unsave'; did you mean 'unsafe'?"),
        ({"RPT001": True}, "'RPT001' in 'safety' cannot be True; use one of safe, unsafe, display"),
        ({"CUT": "safe"}, "'CUT' in 'safety' cannot be 'safe'; what it finds has no fix, so it is always 'display'"),
        ({"LEAK009": "unsafe"}, "'LEAK009' in 'safety' cannot be 'unsafe'; what it finds has no fix, so it is always 'display'"),
        (["RPT001"], "'safety' must be a table of codes, written [safety], not ['RPT001']"),
    ],
)
def test_errors_say_what_to_write(safety: Any, sentence: str) -> None:
    with pytest.raises(ConfigError) as error:
        build_config({"safety": safety}, "dedupe.toml")
    assert str(error.value) == f"dedupe.toml: {sentence}"


def test_without_a_table_the_evidence_decides() -> None:
    assert Config().safety == ()
    assert all(Config().safety_of(code) is None for code in CODES)
