from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from dedupe.fold import fold
from dedupe.repeats import WINDOW, K, find_repeats

SURE = K + WINDOW - 1
"""No repeat of that many folded characters may be missed."""
SENTENCES = [
    "the harbour opens at six",
    "boats leave every hour",
    "港は朝の六時に開きます",
    "船は一時間ごとに出ます",
    "nobody lives in the hut in winter",
    "冬のあいだ小屋には誰もいません",
    "ab",
    "。",
]


def brute_force(codes: np.ndarray, least: int) -> np.ndarray:
    """Mark by comparing everything with everything: slow and obviously right."""
    text = codes.tolist()
    marked = np.zeros(len(text), bool)
    for start in range(len(text) - least + 1):
        piece = text[start : start + least]
        if any(text[earlier : earlier + least] == piece for earlier in range(start)):
            marked[start : start + least] = True
    return marked


@settings(deadline=None, max_examples=150)
@given(st.lists(st.sampled_from(SENTENCES), max_size=14).map("".join))
def test_nothing_long_is_missed(text: str) -> None:
    codes = fold(text).codes
    found = np.zeros(len(codes), bool)
    for start, end, _ in find_repeats(codes):
        found[start:end] = True
    assert not (brute_force(codes, SURE) & ~found).any()


@settings(deadline=None)
@given(st.lists(st.sampled_from(SENTENCES), max_size=20).map("".join))
def test_what_is_found_is_equal_and_maximal(text: str) -> None:
    codes = fold(text).codes
    for start, end, distance in find_repeats(codes):
        assert end - start >= K
        assert 0 < distance <= start
        assert np.array_equal(codes[start:end], codes[start - distance : end - distance])
        assert start == distance or codes[start - 1] != codes[start - 1 - distance]
        assert end == len(codes) or codes[end] != codes[end - distance]


def test_a_description_quoted_by_the_body_is_no_repeat() -> None:
    header = "title the harbour opens at six in the morning"
    codes = fold(header + ". every day the harbour opens at six in the morning.").codes
    assert find_repeats(codes)
    assert not find_repeats(codes, len(fold(header).codes))


def test_a_second_front_matter_is_a_repeat() -> None:
    header = "title the harbour opens at six in the morning"
    codes = fold(f"{header} some text, and then once more {header}").codes
    assert len(find_repeats(codes, len(fold(header).codes))) == 1


def test_one_character_over_and_over_says_nothing() -> None:
    assert len(find_repeats(fold("x" * 10_000).codes)) <= 1


def test_periodic_text_gives_few_repeats() -> None:
    codes = fold("abc def ghi jkl mno pqr " * 20_000).codes
    assert len(find_repeats(codes)) < 20


def test_short_and_empty_texts() -> None:
    assert not find_repeats(fold("").codes)
    assert not find_repeats(fold("short").codes)


def test_a_sign_that_ends_the_front_matter_too_hides_no_repeat() -> None:
    header, body = "title harbour, a quiet day.", "The harbour opens at six. Boats leave every hour from the eastern pier."
    start = len(fold(header).codes)
    (run,) = find_repeats(fold(f"{header} {body} {body}").codes, start)
    assert run.start - run.distance == start
    assert run.end - run.start == len(fold(body).codes)
