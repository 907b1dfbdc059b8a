"""The words in which two texts differ, and what they state otherwise."""

from __future__ import annotations

import pytest

from dedupe.differ import differ
from dedupe.facts import differing_facts


@pytest.mark.parametrize(
    ("goes", "stays", "changes"),
    [
        ("The beams are old.", "The beams are old.", []),
        ("The  beams\nare old.", "The beams are old.", []),
        ("The large beams are old.", "The big beams are old.", [("large", "big")]),
        ("The beams are old.", "The beams are very old.", [("", "very")]),
        ("A new one: 14 beams", "One: 12 beams", [("A new one", "One"), ("14", "12")]),
        ("置く順番も決まる。", "置く順順番も決まる。", [("順", "順順")]),
        ("토요일에 연다.", "금요일에 연다.", [("토요일에", "금요일에")]),
        ("", "new", [("", "new")]),
    ],
)
def test_words_that_differ(goes: str, stays: str, changes: list[tuple[str, str]]) -> None:
    assert [(change.goes, change.stays) for change in differ(goes, stays)] == changes


@pytest.mark.parametrize(
    ("copy", "witness", "told"),
    [
        ("Open from 9 to 5.", "Open from 9 to 6.", "numbers"),
        ("価格は三百円です。", "価格は四百円です。", "numbers"),
        ("価格は３００円です。", "価格は300円です。", ""),
        ("第三章を読む。", "第四章を読む。", "numbers"),
        ("一方で雨が降る。", "一方では雨が降る。", ""),
        ("Closed on Monday.", "Closed on Sunday.", "days"),
        ("土曜に開く。", "日曜に開く。", "days"),
        ("星期三开门。", "星期四开门。", "days"),
        ("돌려주는 날은 토요일이다.", "돌려주는 날은 금요일이다.", "days"),
        ("It runs on Ubuntu alone.", "It runs on Windows alone.", "names"),
        ("It holds ninety years of ink.", "It contains ninety years of ink.", ""),
        ("Martha came by.", "Johann came by.", "names"),
        ("The student came.", "A student came.", ""),
        ("サーバーはトウキョウに置く。", "サーバーはオオサカに置く。", "names"),
        ("既存の会社がどのようにAI戦略を変えるか。", "既存の会社がAI戦略をどのように変えるか。", ""),
        ("記事はCopilotが書いた。", "記事はGeminiが書いた。", "names"),
        ("문서는 Copilot이 썼다.", "문서는 Copilot은 썼다.", ""),
        ("夏は山口さんが運転する。", "夏は山本さんが運転する。", "names"),
        ("账由刘婶来记。", "账由王婶来记。", "names"),
        ("You may not smoke here.", "You may smoke here.", "negates"),
        ("Das ist kein Problem.", "Das ist ein Problem.", "negates"),
        ("煙草を吸ってはならない。", "煙草を吸ってもかまわない。", "negates"),
        ("See [it](a.md).", "See [it](b.md).", "links"),
        ("We will wait here.", "We will wait there.", ""),
    ],
)
def test_facts_that_differ(copy: str, witness: str, told: str) -> None:
    found = list(differing_facts(copy, witness))
    assert bool(found) == bool(told), found
    assert told in "".join(found)
    assert found == list(differing_facts(witness, copy))
