from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dedupe.fold import fold, narrow

TEXT = st.text(
    alphabet=st.sampled_from("aA9. 　\n*_#>|-~`。、「」ＡＢ１かがカ゚ガﾊﾟﾞé́漢字한글ß²½㎡①😀👨‍👩‍👧️\ufeff\u200b\0"), max_size=200
)


def folded(text: str) -> str:
    return "".join(map(chr, fold(text).codes))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("2*3", "23"),
        ("snake_case", "snakecase"),
        ("10-20", "1020"),
        ("気温は-5度", "気温は5度"),
        ("5～10分", "510分"),
        ("C#を学ぶ", "Cを学ぶ"),
        ("3.5", "35"),
        ("a < b", "a b"),
        ("行った。", "行った"),
        ("は", "ば"),
    ],
)
def test_texts_that_differ_stay_different(one: str, other: str) -> None:
    assert folded(one) != folded(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("ＡＩの港", "aiの港"),
        ("**港**の*朝*", "港の朝"),
        ("## 港の朝", "港の朝"),
        ("- 港\n- 朝", "港 朝"),
        ("> 港", "港"),
        ("| 港 | 朝 |\n| --- | :--- |", "港朝"),
        ("港 の　朝\r\n", "港の朝"),
        ("か\u3099", "が"),
        ("e\u0301", "é"),
        ("ﾊﾟ", "パ"),
        ("`code`", "code"),
        ("~~old~~", "old"),
        ("\ufeffhi\u200b", "hi"),
    ],
)
def test_texts_that_say_the_same_are_equal(one: str, other: str) -> None:
    assert folded(one) == folded(other)


@given(TEXT)
def test_offsets_lead_back_to_the_character(text: str) -> None:
    result = fold(text)
    assert len(result.codes) == len(result.offsets)
    assert all(earlier < later for earlier, later in zip(result.offsets, result.offsets[1:], strict=False))
    for code, offset in zip(result.codes.tolist(), result.offsets.tolist(), strict=True):
        char = text[offset]
        same = unicodedata.normalize("NFKC", char).lower()
        composed = unicodedata.normalize("NFKC", text[offset : offset + 4]).lower()
        assert chr(code) in {char, char.lower(), same, *composed}


@given(TEXT)
def test_narrow_keeps_every_place(text: str) -> None:
    assert len(narrow(text)) == len(text)


def test_lone_surrogates_are_only_characters() -> None:
    assert len(fold("a\ud800b").codes) == 3
