"""Sentences that break off: what joins them again, and what keeps two texts apart."""

from __future__ import annotations

import pytest

from dedupe import Config, examine, read_post

BEFORE = "港の食堂は朝の五時に開き、漁師たちはまだ暗いうちから味噌汁をすする。窓の外では網を干す音がしている。\n\n"
BEHIND = (
    "\n\n店の奥には古い柱時計があり、毎日きっちり三分だけ遅れている。直そうと言い出す者はいない。\n\n"
    "女将は客の顔を見てから魚を選ぶ。値段の札は飾りのようなものだ。\n"
)
AGAIN = "\n---END---\n\n" + BEHIND.lstrip()


def repaired(cut: str, gap: str, rest: str, **settings: bool) -> str:
    outcome = examine(read_post("post.md", BEFORE + cut + gap + rest + BEHIND + AGAIN), Config(**settings))
    assert outcome.proof_error is None
    return outcome.repaired


@pytest.mark.parametrize(
    ("cut", "rest"),
    [
        ("昼の定食は三種類で、どれも八百円", "客は札を裏返して席に着く。"),
        ("昼の定食は三種類で、担当はAI", "Bluetoothのスピーカーからは演歌が流れる。"),
        ("昼の定食は「本日の魚」と呼ばれ", "「本日の酒」は夕方からだ。"),
        ("昼の定食は三種類で、評判はまあまあだな", "漁師の一人はいつもそう言う。"),
    ],
)
def test_what_may_be_a_text_of_its_own_stays_apart(cut: str, rest: str) -> None:
    assert f"{cut}\n\n\n\n{rest}" in repaired(cut, "\n\n\n\n", rest)


@pytest.mark.parametrize(
    ("cut", "rest", "known"),
    [
        ("朝の注文を受けるのは新しい端末で、NV", "IDIAの名が箱に見える。", "棚の上にもNVIDIAと書いた箱がある。"),
        ("朝の注文を受けるのは「港の", "無線」と呼ばれる古い機械だ。", ""),
        ("朝の注文を受けるのは重要な", "役目で、女将は誰にも任せない。", ""),
        ("朝の注文を受けるのは大型", "ポンプの横に座る係だ。", "裏の大型ポンプは潮をくみ上げる。"),
        ("朝の注文を書くのは古いAI", "端末の仕事だ。", "隣町ではAI端末を笑う者もいる。"),
    ],
)
def test_what_can_only_be_the_rest_of_a_sentence_is_joined(cut: str, rest: str, known: str) -> None:
    assert f"。{cut}{rest}" in repaired(f"{known}客は黙って待つ。{cut}", "\n\n\n\n", rest)


@pytest.mark.parametrize("again", ["AI時代", "AI「幻覚」問題"])
def test_words_in_two_scripts_are_taken_up_once(again: str) -> None:
    joined = repaired(f"客は黙って待つ。女将も{again}", "\n\n\n\n", f"{again}を知らぬ顔で過ごす。")
    assert f"女将も{again}を知らぬ顔で" in joined


def test_words_taken_up_behind_dots_are_sure_and_fewer_are_not() -> None:
    cut, rest = "客は黙って待つ。夕方になると店先の提灯に", "...店先の提灯に灯がともり、通りの色が変わる。"
    assert "夕方になると店先の提灯に灯がともり、" in repaired(cut, "\n\n\n\n", rest)
    few = repaired("客は黙って待つ。夕方には提灯に", "\n\n\n\n", "...提灯に灯がともり、通りの色が変わる。")
    assert "...提灯に灯がともり" in few
    assert "夕方には提灯に灯がともり" in repaired(
        "客は黙って待つ。夕方には提灯に", "\n\n\n\n", "...提灯に灯がともり、通りの色が変わる。", unsafe_fixes=True
    )


@pytest.mark.parametrize(
    "end",
    [
        "この町の主役は誰か。女将",
        "次のとおりだ：\n\n女将",
        "昼の定食は三種類だ。港の灯台は",
        "昼の定食は三種類だ。柱時計があり、",
        "昼の定食は三種類だ。女将は客の顔を見てから魚を選ぶと",
        "The ferry is late. 女将",
    ],
)
def test_last_words_stay_that_may_be_an_answer_or_begin_nothing_else_or_are_many(end: str) -> None:
    assert end in repaired(end, "\n\n---END---\n\n", "夜は酒も出す。", unsafe_fixes=True)


def test_last_words_stay_in_a_post_without_damage_and_before_what_stays() -> None:
    text = f"{BEFORE}昼の定食は三種類だ。女将は{BEHIND}"
    assert examine(read_post("a.md", text), Config(unsafe_fixes=True)).repaired == text
    assert "三種類だ。女将は\n" in repaired("昼の定食は三種類だ。女将は", "\n\n---\n\n", "夜は酒も出す。", unsafe_fixes=True)


@pytest.mark.parametrize("before", ["昼の定食は三種類だ。", "昼の定食は三種類だ。\n\n"])
def test_a_few_last_words_go_that_another_sentence_begins_with(before: str) -> None:
    post = (f"{before}女将は", "\n\n---END---\n\n", "夜は酒も出す。")
    assert f"{before.strip()}\n\n夜は酒も出す。" in repaired(*post, unsafe_fixes=True)
    assert f"{before}女将は" in repaired(*post)
