"""Near copies: which go, which are only told, and what a finding says of them."""

from __future__ import annotations

import pytest

from dedupe import Config, Outcome, examine, pipeline, read_post
from dedupe.facts import differing_facts
from dedupe.prove import ProofError

CIRCLE = (
    "The quilting circle meets above the fire station. When the siren goes, they lift their feet and keep on sewing.\n\n"
    "Each quilt begins with a shirt that somebody cannot throw away. It is cut into squares on the big table.\n\n"
    "Patterns are argued over for weeks. There are 12 of them in the book.\n\n"
    "Batting comes from a mill two valleys away. It arrives in sacks so light that the driver carries three.\n"
)
UNSAFE = Config(unsafe_fixes=True)


def again(text: str, *swaps: tuple[str, str], end: str = "\n---END---\n\n") -> str:
    copy = text
    for old, new in swaps:
        assert old in copy
        copy = copy.replace(old, new)
    return text + end + copy


def outcome(text: str, config: Config = UNSAFE) -> Outcome:
    return examine(read_post("post.md", text), config)


def test_the_words_that_differ_are_part_of_the_finding() -> None:
    found = outcome(again(CIRCLE, ("somebody", "someone"), ("big table", "large table")))
    assert found.repaired == CIRCLE
    (repeat,) = (finding for finding in found.findings if finding.rewordings)
    assert [(change.goes, change.stays) for each in repeat.rewordings for change in each.changes] == [
        ("someone", "somebody"),
        ("large", "big"),
    ]
    for each in repeat.rewordings:
        assert repeat.span.start <= each.span.start < each.span.end <= repeat.span.end
        assert each.witness.end <= len(CIRCLE)


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("are 12 of", "are 14 of", "their numbers differ"),
        ("cannot throw", "can throw", "one of them negates"),
    ],
)
def test_another_statement_stays_and_is_told(old: str, new: str, told: str) -> None:
    found = outcome(again(CIRCLE, (old, new)))
    assert new in found.repaired
    (finding,) = (finding for finding in found.findings if told in finding.evidence)
    assert finding.safety.name == "DISPLAY"
    assert not finding.edits
    assert not [finding for finding in outcome(found.repaired).findings if finding.edits]


@pytest.mark.parametrize(
    ("stays", "goes"),
    [
        (
            "Martha has paid the 41 crowns for the boat behind the mill.",
            "Johann has paid the 41 crowns for the boat behind the mill.",
        ),
        (
            "Пекарь из долины держит пчёл на плоской крыше (Анна, 1909).",
            "Пекарь из долины держит пчёл на плоской крыше (Пётр, 1909).",
        ),
        (
            "Ольга уже заплатила 41 крону за лодку во дворе за мельницей.",
            "Мария уже заплатила 41 крону за лодку во дворе за мельницей.",
        ),
        (
            "이영희 씨는 지난가을부터 방앗간 뒤의 작은 나루터에 매어 둔 낡은 배에 41원을 냈다고 한다.",
            "박철수 씨는 지난가을부터 방앗간 뒤의 작은 나루터에 매어 둔 낡은 배에 41원을 냈다고 한다.",
        ),
        ("Ο φούρναρης της Αθήνας έχει μέλισσες πάνω στη στέγη του.", "Ο φούρναρης της Πάτρας έχει μέλισσες πάνω στη στέγη του."),
    ],
)
def test_another_name_stays_in_any_letters_and_where_a_sentence_begins(stays: str, goes: str) -> None:
    text = f"{CIRCLE}\n{stays} It rains there more than anywhere else.\n"
    found = outcome(again(text, (stays, goes)))
    assert found.proof_error is None
    assert goes in found.repaired
    assert any("their names differ" in finding.evidence for finding in found.findings)


def test_another_number_stays_in_a_passage_full_of_slips() -> None:
    text = f"{CIRCLE}\nMartha has paid the 589 crowns for the boat behind the mill. It rains there more than anywhere else.\n"
    slips = (("valleys", "valeys"), ("argued", "aargued"), ("behind", "behhind"), ("589", "590"), ("anywhere", "anywhre"))
    assert "590 crowns" in outcome(again(text, *slips)).repaired
    assert outcome(again(text, *slips[:3], ("589", "5589"), *slips[4:])).repaired == text


def test_two_ways_to_write_a_duty_negate_alike() -> None:
    assert not [*differing_facts("費用を忘れてはならないのです。", "費用を忘れてならないのです。")]
    assert [*differing_facts("費用を忘れてはならないのです。", "費用を忘れるのです。")] == ["one of them negates"]
    assert [*differing_facts("電源に触れてはならないのです。", "電源に触れないのです。")] == ["one of them negates"]


def test_words_that_only_look_negated_state_nothing_else() -> None:
    assert not [*differing_facts("港の未来に不可欠な桟橋です。", "港の将来に必要な桟橋です。")]
    assert [*differing_facts("港の不要な桟橋です。", "港の必要な桟橋です。")] == ["one of them negates"]
    assert [*differing_facts("未使用の切符です。", "使用の切符です。")] == ["one of them negates"]


@pytest.mark.parametrize(
    ("mine", "other"),
    [
        ("港は冬に動かない。", "港は冬に動く。"),
        ("冬になれば霧は消えてなくならない。", "冬になれば霧は消えてなくなる。"),
        ("船に荷を積んではならない。", "船に荷を積んでよい。"),
        ("霧の夜に船は出ません。", "霧の夜に船は出ます。"),
        ("霧の夜の客は少なくない。", "霧の夜の客は少ない。"),
        ("船は春まで港に留まらない。", "船は春まで港に留まる。"),
        ("使うのは漁師だけでなく、子どもだ。", "使うのは漁師だけで、子どもは使わぬ。"),
        ("二つの味に違いはあるが違いありません。", "二つの味に違いはあるが違いあります。"),
        ("霧が晴れるとは思えないかな。", "霧が晴れるとは思えるかな。"),
        ("町の心臓と言っても過言ではない。", "町の心臓と言うのは過言である。"),
        ("春に漁は終わる。", "春に漁は終わるかもしれない。"),
        ("船で島へ行く。", "船で島へ行かなければならない。"),
        ("两种味道完全不同。", "两种味道完全相同。"),
        ("这条船不仅是我的。", "这条船仅仅是我的。"),
        ("The ferry is not only late.", "The ferry is only late."),
        ("这条船不好。", "这条船好。"),
        ("无用的绳子。", "有用的绳子。"),
        ("The ferry is not late.", "The ferry is late."),
    ],
)
def test_what_denies_states_something_else(mine: str, other: str) -> None:
    assert [*differing_facts(mine, other)] == ["one of them negates"]


@pytest.mark.parametrize(
    ("mine", "other"),
    [
        ("港は町を変える力を持つ。", "港は町を変える力を持つに違いない。"),
        ("港は町を変える力を秘めています。", "港は町を変える力を秘めていることは間違いありません。"),
        ("港は町の心臓です。", "港は町の心臓と言っても過言ではありません。"),
        ("港は町の心臓です。", "港は町の心臓にほかなりません。"),
        ("港は町の心臓だと思う。", "港は町の心臓ではないだろうか。"),
        ("船と馬も要る。", "船だけでなく馬も要る。"),
        ("这条船很大。", "这条船不但很大。"),
        ("The ferry is late.", "The ferry is no doubt late."),
    ],
)
def test_what_only_sounds_as_if_it_denied_states_nothing_else(mine: str, other: str) -> None:
    assert not [*differing_facts(mine, other)]


def test_an_article_is_no_name() -> None:
    text = CIRCLE.replace("Each quilt", "The quilt")
    assert outcome(again(text, ("The quilt", "A quilt"), ("somebody", "someone"))).repaired == text


def test_what_cannot_be_proved_is_repaired_without_near_copies(monkeypatch: pytest.MonkeyPatch) -> None:
    prove = pipeline.prove

    def refuse(*args: object) -> None:
        if args[4]:
            raise ProofError("no near copies")
        prove(*args)  # type: ignore[arg-type]

    text = again(CIRCLE, ("somebody", "someone"))
    monkeypatch.setattr(pipeline, "prove", refuse)
    found = outcome(text)
    assert found.proof_error is None
    assert found.repaired == outcome(text, Config()).repaired != text


def test_a_passage_full_of_slips_goes_with_its_code_and_its_short_lines() -> None:
    text = (
        CIRCLE + "\n## Thread\n\n```sh\nsew --hem\n```\n\n- cotton\n- linen\n\n"
        "Wax it twice, and never pull it through the cloth in anger.\n"
    )
    slips = (
        ("argued", "aargued"),
        ("valleys", "valeys"),
        ("Thread", "Thred"),
        ("--hem", "--heem"),
        ("linen", "linnen"),
        ("anger", "angerr"),
    )
    assert outcome(again(text, *slips)).repaired == text


def test_front_matter_said_again_with_slips_goes() -> None:
    header = (
        '+++\ntitle = "The quilting circle of the fire station"\nauthors = ["Mary Hale"]\n\n[extra]\nteam = "Sewing"\n+++\n\n'
    )
    text = header + CIRCLE
    assert outcome(again(text, ("authors", "autors"), ("station", "staation"), end="\n\n\n")).repaired.rstrip() == text.rstrip()


def test_entries_made_to_one_pattern_stay() -> None:
    entry = (
        "## {0}\n\nRegisters a callback that is run after the component has been {0}, on every page that holds it.\n\n"
        "A component counts as {0} when all of its children are {0}, and the page around it has been told.\n\n"
    )
    text = "".join(entry.format(word) for word in ("mounted", "unmounted", "activated", "deactivated"))
    assert outcome(text).repaired == text


@pytest.mark.parametrize("lost", [1, 2, 3])
def test_what_completes_a_beginning_is_no_copy_of_it(lost: int) -> None:
    last = "It arrives in sacks so light that the driver carries three in each hand."
    text = CIRCLE.replace("It arrives in sacks so light that the driver carries three.", last)
    damaged = text.rstrip()[:-lost] + f"\n\n\n{last}\n\n---END---\n\n" + text.replace("somebody", "someone")
    assert outcome(damaged).repaired.count("so light that the driver") == 1


def test_near_copies_inside_a_restart_are_named_and_proved() -> None:
    first = "窓を開けると、港の匂いが部屋に満ちる。祖母はそれを朝の合図と呼んでいた。市場の声はまだ遠くで眠っている。"
    again = "窓を開けると、港の匂いが部屋に満ちる。祖母はそれを朝の合図とと呼んでいた。市場の声はまだ遠くで眠っている。"
    cut = "棚の上には、使い終えた暦が十年分"
    text = f"{first}\n\n{cut}\n\n\n{again}\n\n{cut}積まれている。どの年の余白にも、潮の時刻だけが書いてある。\n"
    outcome = examine(read_post("post.md", text), Config(unsafe_fixes=True))
    assert outcome.proof_error is None
    assert outcome.repaired == f"{first}\n\n{cut}積まれている。どの年の余白にも、潮の時刻だけが書いてある。\n"
    assert any(finding.code == "RPT003" and finding.rewordings for finding in outcome.findings)


def test_what_stands_beside_another_copy_of_its_neighbour_is_in_order() -> None:
    """The second sentence is too reworded to go by itself; the one before it stands three times by then."""
    one = "宿の帳場には、忘れ物の棚が三段あります。"
    two = "いちばん上は傘の段で、雨の翌朝には隙間なく埋まっています。"
    other = "いちばん上は傘の段で、雨の翌朝にはもう隙間なく埋まるのです。"
    rest = "二段目には眼鏡が並び、持ち主を待つうちに度が合わなくなると言われています。"
    new = "帳場の時計は五分進めてあり、それを知らない客だけが汽車に間に合います。"
    text = f"{one}{two}\n\n{rest}\n"
    found = outcome(f"{text}\n---END---\n\n{text}\n---END---\n\n{new}\n\n{one}{other}\n")
    assert found.proof_error is None
    assert found.repaired == f"{text}\n{new}\n"


def test_a_near_copy_that_says_more_than_what_may_stay_does_not_go() -> None:
    first = "宿の帳場には、忘れ物の棚が三段ある。棚のいちばん上は傘の段で、雨の翌朝には隙間なく埋まる。"
    more = first.replace("傘の段で", "傘と帽子と長靴と杖の段で")
    text = f"{first}\n\n帳場の時計は五分進めてある。\n\n---END---\n\n- {more}\n"
    assert more.partition("。")[2] in outcome(text).repaired


def test_a_beginning_punctuated_otherwise_is_led_to_its_whole() -> None:
    cut = "古い港町では、船を下ろす前に皿を一枚割って行き先の海に沈めると"
    whole = "古い港町では、船を下ろす前に皿を一枚割って、行き先の海に沈める、という習わしが今も残っています。"
    text = CIRCLE + "\n" + cut + "\n\n\n..." + whole + "\n\n" + CIRCLE.replace("somebody", "someone")
    found = outcome(text)
    assert found.proof_error is None
    assert found.repaired.rstrip() == CIRCLE + "\n" + whole
    assert outcome(text, Config()).repaired.count(cut) == 1


def test_a_near_copy_of_a_near_copy_stays_where_it_is_not_like_what_stays() -> None:
    first = "She keeps the brass keys of the old mill in a biscuit tin, and counts them every night before the lamp goes out."
    second = "She keeps the brass keys of the old mill in a blue biscuit tin, and counts them every night before supper."
    third = "She keeps the spare keys of the mill house in a blue biscuit tin, and counts them aloud every evening before supper."
    text = CIRCLE + "\n" + first + "\n"
    found = outcome(text + "\n---END---\n\n" + second + "\n\n---END---\n\n" + third + "\n\n" + CIRCLE)
    assert found.proof_error is None
    assert third in found.repaired


@pytest.mark.parametrize("flatten", [False, True])
def test_copies_of_a_near_copy_go_with_it_though_it_is_longer(flatten: bool) -> None:
    longer = CIRCLE.replace("a shirt that", "a shirtt that").replace("for weeks", "for for weeks")
    echo = " ".join(longer.split()) + "\n" if flatten else longer
    found = outcome(f"{CIRCLE}\n---END---\n\n{longer}\n---END---\n\n{echo}\n---END---\n\n{longer}")
    assert not found.proof_error
    assert found.repaired.strip() == CIRCLE.strip()


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("There are 12 of them in the book.", "There are 12 of them in `book.md`.", ""),
        ("`cut()` makes the squares.", "`sew()` makes the squares.", "their code differs"),
        ("the TextEncoder of the loom.", "the TextDecoder of the loom.", "a word begins otherwise"),
    ],
)
def test_code_and_words_that_stand_for_each_other_are_no_slips(old: str, new: str, told: str) -> None:
    known = "They know the TextEncoder, the TextDecoder, `cut()` and `sew()`.\n\n"
    text = known + CIRCLE.replace("There are 12 of them in the book.", "There are 12 of them in the book, and " + old)
    found = outcome(
        text
        + "\n---END---\n\n"
        + CIRCLE.replace("There are 12 of them in the book.", "There are 12 of them in the book, and " + new)
    )
    assert (new in found.repaired) is bool(told)
    assert any(told in each for finding in found.findings for each in finding.evidence)


@pytest.mark.parametrize(("behind", "goes"), [("", True), ("Nobody minds. ", False)])
def test_a_sentence_written_again_with_more_in_it_goes_for_it_between_copies(behind: str, goes: bool) -> None:
    short = "Without fear, but humbly, we should build a harbour for everybody who arrives."
    long = short.replace(", we", ", and with an eye on what the sea gives and takes, we")
    bell = "However, the bell rings as if it did, twelve times, for the sake of the tourists."
    draft = (
        "The harbour opens at six, when the night watch hands over its keys. Boats leave every hour from the pier.\n\n"
        "Tickets are sold on board, in coins, by whoever is not steering at the time."
    )
    text = f"{draft} {short} {bell}\n\nIn winter the mail comes late.\n\n---END---\n\n{draft} {long} {behind}{bell}\n"
    repaired = outcome(text).repaired
    assert long in repaired
    assert (short not in repaired) is goes
