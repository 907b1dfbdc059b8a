"""The quality gate holds: every kind of case stays at its floor, and known failures are told as they are."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from quality import gate

CASES = gate.read_cases()


def test_the_gate_is_passed(capsys: pytest.CaptureFixture[str]) -> None:
    code = gate.main([])
    assert code == 0, capsys.readouterr().out


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.key)
def test_case(case: gate.Case) -> None:
    passes = gate.measure(case).exact == 1
    assert passes is (case.key not in gate.KNOWN), gate.KNOWN.get(case.key, "not a known failure")


def test_every_kind_has_cases_in_several_languages() -> None:
    for kind in gate.KINDS:
        languages = {case.name.split("-")[0] for case in CASES if case.kind == kind}
        assert {"ja", "en"} < languages, kind


def test_nothing_is_expected_that_the_damaged_post_lacks() -> None:
    for case in CASES:
        given = iter("".join(case.damaged.split()))
        assert all(char in given for char in "".join(case.expected.split())), case.key


def test_the_score_counts_what_is_lost_and_what_is_left() -> None:
    one, two, three = "The lock is worked by hand.", "Herons moved upstream.", "In winter the canal freezes."
    whole = f"{one} {two}\n\n{three}\n"
    assert gate.compare(whole, f"{one} {two}\n\n\n\n{three}") == (1, 0, 0, 1)
    less = gate.compare(whole, f"{one}\n\n{three}\n")
    assert less.exact == less.residual == 0
    assert 0.2 < less.lost < 0.4
    more = gate.compare(whole, f"{whole}\n{two}\n")
    assert more.exact == more.lost == 0
    assert 0.15 < more.residual < 0.3
    assert gate.compare(whole, f"{three}\n\n{one} {two}\n").lost > 0.3, "what moved is lost where it was"
    assert gate.compare("", "") == (1, 1, 1, 0)


def test_what_is_below_its_floor_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    floor = {"echo": {"exact": 0.9, "f1": 0.95, "lost": 0.01}}
    assert gate.below(floor, floor) == []
    worse = gate.below(floor, {"echo": {"exact": 0.8, "f1": 0.9, "lost": 0.02}})
    assert [sentence.split(":")[1].split()[0] for sentence in worse] == ["exact", "f1", "lost"]
    assert gate.below(floor, {}) == ["echo has a floor and no cases."]

    place = tmp_path / "floor.json"
    place.write_text(json.dumps({"echo": {"exact": 2.0, "f1": 0.0, "lost": 1.0}}))
    before = place.read_text()
    assert gate.main(["--update"], place) == 1
    assert place.read_text() == before
    assert "never lowered" in capsys.readouterr().out

    place.write_text(json.dumps({"echo": {"exact": 0.0, "f1": 0.0, "lost": 1.0}}))
    assert gate.main([], place) == 1, "the other kinds have no floor"
    assert gate.main(["--update"], place) == 0
    assert not gate.below(json.loads(gate.FLOOR.read_text("utf-8")), json.loads(place.read_text()))
    assert gate.main([], place) == 0


def test_known_failures_are_strict(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gate, "KNOWN", {"near/a": "why", "near/gone": "why"})
    assert gate.surprises({"near/a": False, "near/b": True}) == ["near/gone is a known failure and no case."]
    assert gate.surprises({"near/a": True, "near/b": False, "near/gone": False}) == [
        "near/a passes now: take it off the known failures in cases.toml.",
        "near/b fails, and is not a known failure.",
    ]
