from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import FrozenInstanceError

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rapidfuzz.distance import Indel

from dedupe.alike import BANDS, SIMILAR, VALUES, WIDTH, Known, Star, find_alike, find_pairs, gather, sketch_passages
from dedupe.engine import find_candidates
from dedupe.fold import fold
from dedupe.sketch import choose_bands, sketch

HARBOUR = "港は朝の六時に開き、船は一時間ごとに出ます。冬のあいだ小屋には誰もいませんので、毛布と水を持って行ってください。"
MARKET = "市場では木曜日に魚が並びますが、雨の日は店を閉める人が多く、昼を過ぎると残っているのは干した烏賊だけになります。"
LIBRARY = "图书馆每天早上九点开门，周末关门较早；借书需要证件，旧报纸只能在二楼阅览室里看，不能带出去，也不能复印。"
STATION = "역 앞 광장에는 오래된 시계탑이 있고 버스는 십오 분마다 다니지만 눈이 오는 날에는 언덕 위 마을까지 올라가지 않습니다."
ORCHARD = "The orchard behind the school opens in September; bring a basket, and leave the ladders where the wardens put them."
ALL = [HARBOUR, MARKET, LIBRARY, STATION, ORCHARD]


def text_of(rng: random.Random, size: int = 200) -> str:
    return "".join(chr(rng.randrange(0x3041, 0x9000)) for _ in range(size))


def edit(rng: random.Random, text: str, places: int) -> str:
    chars = list(text)
    for at in rng.sample(range(len(text)), places):
        chars[at] = rng.choice(["変", "", chars[at] + "加"])
    return "".join(chars)


def folded(text: str) -> list[int]:
    return fold(text).codes.tolist()


def alike(one: str, other: str) -> float:
    return Indel.normalized_similarity(folded(one), folded(other))


def members(stars: Sequence[Star]) -> list[list[int]]:
    return [[star.keeper, *(row for row, _ in star.others)] for star in stars]


def test_near_copies_stand_around_one_keeper_and_others_alone() -> None:
    copy, cut = HARBOUR.replace("毛布", "敷布"), HARBOUR[: -len("を持って行ってください。")]
    texts = [MARKET, copy, LIBRARY, HARBOUR, STATION, cut, ORCHARD]
    assert find_alike(texts) == (Star(1, ((3, alike(HARBOUR, copy)), (5, alike(copy, cut)))),)


@pytest.mark.parametrize("text", ALL)
def test_every_language_and_width_and_markup(text: str) -> None:
    texts = [*ALL, f"## {text.upper()}\n", text[:20] + "！" + text[20:]]
    number = ALL.index(text)
    (star,) = find_alike(texts)
    assert (star.keeper, star.others[0]) == (number, (5, 1.0))
    assert star.others[1] == (6, alike(text, texts[6]))


def test_of_equal_texts_the_first_keeps() -> None:
    assert find_alike([MARKET, HARBOUR, MARKET, HARBOUR, MARKET]) == (Star(0, ((2, 1.0), (4, 1.0))), Star(1, ((3, 1.0),)))


def test_most_texts_have_the_keeper_for_their_like_copies_counted() -> None:
    rng = random.Random(2)
    body, left, right = (text_of(rng, 100) for _ in range(3))
    texts = [body + left[:40], body, body + right[:40]]
    near = [alike(text, body) for text in texts]
    assert min(near) > 0.82 > alike(texts[0], texts[2])
    assert find_alike(texts, threshold=0.82) == (Star(1, ((0, near[0]), (2, near[2]))),)
    assert find_alike([texts[0], texts[2], texts[1], texts[1]], threshold=0.82) == (
        Star(2, ((0, near[0]), (1, near[2]), (3, 1.0))),
    )


def test_a_chain_is_no_group() -> None:
    rng = random.Random(3)
    chain = [text_of(rng, 400)]
    for _ in range(8):
        chain.append(chain[-1][40:] + text_of(rng, 40))
    stars = find_alike(chain)
    assert len(stars) > 1
    for star in stars:
        for row, similarity in star.others:
            assert similarity == alike(chain[star.keeper], chain[row]) >= SIMILAR


def test_who_is_alike_to_a_member_only_is_not_in_its_star() -> None:
    rng = random.Random(4)
    head, body, tail = text_of(rng, 60), text_of(rng, 240), text_of(rng, 60)
    texts = [head + body, body, body + tail]
    assert alike(texts[0], texts[2]) >= SIMILAR
    assert members(find_alike(texts, threshold=0.85)) == [[1, 0, 2]]
    assert members(find_alike([texts[0], texts[2]], threshold=0.85)) == []


def test_a_text_whose_like_is_kept_goes_to_the_same_keeper() -> None:
    texts = [HARBOUR + sign for sign in "甲乙丙丁"]
    pairs = np.array([[0, 1], [0, 2], [2, 3]])
    assert members(gather(texts, sketch_passages(texts), pairs)) == [[0, 1, 2, 3]]


def test_texts_too_short_are_alike_to_nothing() -> None:
    assert find_alike(["", "", "港", "港は朝の", "港は朝の", "---", "---", HARBOUR]) == ()
    assert find_alike(["港は朝の六", "港は朝の六"]) == (Star(0, ((1, 1.0),)),)
    assert find_alike([]) == ()


def test_stars_stay_as_they_are() -> None:
    with pytest.raises(FrozenInstanceError):
        find_alike([HARBOUR, HARBOUR])[0].keeper = 1  # type: ignore[misc]


def test_planted_copies_are_found_and_no_others() -> None:
    rng = random.Random(5)
    texts = [text_of(rng, rng.randint(60, 500)) for _ in range(1500)]
    planted = {}
    for origin in range(0, 1500, 3):
        planted[len(texts)] = origin
        texts.append(edit(rng, texts[origin], len(texts[origin]) // 40))
    stars = find_alike(texts)
    found = {row: star.keeper for star in stars for row, _ in star.others}
    assert found.items() <= planted.items()
    assert len(found) >= 0.99 * len(planted)
    for star in stars:
        assert star.others == tuple((row, alike(texts[star.keeper], texts[row])) for row, _ in star.others)


@pytest.mark.parametrize("share", [0.0, 0.5])
def test_a_crowd_of_near_copies_is_one_star(share: float) -> None:
    rng = random.Random(6)
    call = text_of(rng)
    texts = [text_of(rng) if rng.random() < share else f"{call[:99]}第{number:05}号{call[99:]}" for number in range(4000)]
    crowd = [number for number, text in enumerate(texts) if call[99:] in text]
    assert [*map(sorted, members(find_alike(texts)))] == [crowd]


def test_a_crowd_that_only_begins_alike_does_not_hide_near_copies() -> None:
    rng = random.Random(7)
    head = text_of(rng, 100)
    texts = [head + text_of(rng, 100) for _ in range(2000)]
    texts += [edit(rng, text, 3) for text in texts[1000:1200]]
    pairs = members(find_alike(texts))
    assert all(pair == [pair[0], pair[0] + 1000] for pair in pairs)
    assert len(pairs) >= 198


def test_little_memory_makes_no_difference() -> None:
    rng = random.Random(12)
    texts = [edit(rng, text, rng.randint(0, 20)) for text in [text_of(rng) for _ in range(40)] * 5]
    assert find_alike(texts, memory=0) == find_alike(texts) != ()


@settings(deadline=None)
@given(st.lists(st.text("港は朝の六時に開き*_~#> \n-|:aABé\u3099ー", max_size=30), max_size=8))
def test_a_sketch_is_the_same_alone_and_among_others(texts: list[str]) -> None:
    sketches = sketch_passages(texts)
    assert sketches.shape == (len(texts), VALUES + 2)
    assert sketches.dtype == np.uint32
    for text, row in zip(texts, sketches, strict=True):
        assert np.array_equal(row, sketch_passages([text])[0])
        assert np.array_equal(row[:VALUES], sketch([fold(text).codes], VALUES)[0])


def test_texts_have_equal_names_where_their_folded_characters_are_equal() -> None:
    texts = [HARBOUR, f"**{HARBOUR}**", HARBOUR + HARBOUR[:9], HARBOUR + HARBOUR]
    rows = sketch_passages(texts)
    assert np.array_equal(rows[0], rows[1])
    assert len({row[VALUES:].tobytes() for row in rows}) == 3


def test_sketches_keep_as_bytes_and_never_change() -> None:
    (row,) = sketch_passages([HARBOUR])
    assert np.array_equal(np.frombuffer(row.tobytes(), np.uint32), row)
    assert row[[0, 1, -2, -1]].tolist() == [96813744, 19758500, 3071439917, 864142194]


def test_many_texts_are_sketched_in_parts() -> None:
    rng = random.Random(8)
    texts = [text_of(rng, 20) for _ in range(1300)]
    assert np.array_equal(sketch_passages(iter(texts)), np.concatenate([sketch_passages(texts[:7]), sketch_passages(texts[7:])]))


def test_the_bands_are_those_datasketch_chooses() -> None:
    assert {choose_bands(0.7, values) for values in range(VALUES + 2, VALUES + 11)} == {(BANDS, WIDTH)}


def test_texts_that_share_no_more_than_phrases_are_not_compared() -> None:
    rng = random.Random(13)
    phrases = [text_of(rng, 12) for _ in range(8)]
    texts = [phrases[number % 8] + text_of(rng, 60) for number in range(800)]
    sketches = sketch_passages(texts)
    assert len(find_candidates(sketches[:, :VALUES], BANDS, WIDTH)) > 10 * len(find_pairs(sketches))


class Shelf(Sequence[str]):
    """Texts that notes which of them are read."""

    def __init__(self, texts: list[str]) -> None:
        self.texts, self.read = texts, set[int]()

    def __len__(self) -> int:
        return len(self.texts)

    def __getitem__(self, row: int) -> str:  # type: ignore[override]
        self.read.add(row)
        return self.texts[row]


def test_only_texts_that_may_be_alike_are_read() -> None:
    texts = [*ALL, HARBOUR + "。", MARKET]
    shelf = Shelf(texts)
    assert find_alike(shelf, sketch_passages(texts)) == find_alike(texts)
    assert shelf.read == {0, 5}


def test_what_is_known_is_not_compared_again() -> None:
    rng = random.Random(9)
    texts = [text_of(rng) for _ in range(200)]
    texts += [edit(rng, text, 5) for text in texts[:50] * 2]
    known = Known()
    for _ in range(30):
        shelf = Shelf(texts)
        sketches = sketch_passages(texts)
        before = len(known.names)
        stars = gather(shelf, sketches, find_pairs(sketches), known=known)
        assert stars == find_alike(texts)
        assert len(shelf.read) <= 2 * (len(known.names) - before)
        at = rng.randrange(len(texts))
        change = rng.choice(["change", "add", "take", "move", "nothing"])
        if change in {"take", "move"}:
            taken = texts.pop(at)
        if change in {"add", "move", "change"}:
            new = {"add": text_of(rng), "move": taken if change == "move" else "", "change": edit(rng, texts[at], 3)}[change]
            texts.insert(rng.randrange(len(texts)), new)
    assert len(known.names) < 400
    assert len(np.unique(known.names, axis=0)) == len(known.names)


def test_the_same_stars_on_every_run() -> None:
    rng = random.Random(10)
    texts = [edit(rng, text, rng.randint(0, 9)) for text in [text_of(rng) for _ in range(20)] * 10]
    assert find_alike(texts) == find_alike(texts)
    order = rng.sample(range(200), 200)
    moved = find_alike([texts[row] for row in order])
    assert sorted(sorted(order[row] for row in star) for star in members(moved)) == sorted(
        map(sorted, members(find_alike(texts)))
    )
