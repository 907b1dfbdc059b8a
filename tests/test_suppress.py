"""What an author wants left alone stays, the rest is repaired, and a suppression without use is told."""

from __future__ import annotations

import pytest

from dedupe import Config, examine, read_post
from dedupe.config import CODES
from dedupe.suppress import find_suppressions, without_suppressions

DRAFT = "朝の港には網を繕う人がいる。指の動きは早く、目は沖を見たままだ。糸は祖父の代から同じ店で買う。\n"
OTHER = "夕方になると市場の灯がともる。魚を運ぶ車は坂の下で列を作り、猫はその脇で待っている。\n"
MARK = "\n---END---\n\n"


def look(text: str, config: Config | None = None) -> tuple[list[str], str]:
    outcome = examine(read_post("a.md", text), config or Config())
    assert outcome.proof_error is None
    assert outcome.repaired == examine(read_post("a.md", outcome.repaired), config or Config()).repaired
    return [finding.code for finding in outcome.findings], outcome.repaired


@pytest.mark.parametrize(
    "text",
    [
        f"<!-- dedupe: off -->\n\n{DRAFT}{MARK}{DRAFT}\n<!-- dedupe: on -->\n",
        f"<!-- dedupe: off -->\n\n{DRAFT}{MARK}{DRAFT}",
        f"---\ntitle: 港\ndedupe: false\n---\n{DRAFT}{MARK}{DRAFT}",
        f"+++\ntitle = '港'\ndedupe = false\n+++\n{DRAFT}{MARK}{DRAFT}",
        f'{{"title": "港", "dedupe": false}}\n{DRAFT}{MARK}{DRAFT}',
        f"---\ndedupe: {{ignore: [RPT, LEAK]}}\n---\n{DRAFT}{MARK}{DRAFT}",
        f"+++\n[dedupe]\nignore = ['rpt001', 'LEAK004']\n+++\n{DRAFT}{MARK}{DRAFT}",
    ],
)
def test_nothing_is_told_or_taken_where_all_is_suppressed(text: str) -> None:
    assert look(text) == ([], text)


@pytest.mark.parametrize(
    "text", [DRAFT, "dedupe は道具の名。\n", f"---\ndedupe: true\n---\n{DRAFT}", "---\ndedupe: {}\n---\n港\n"]
)
def test_a_post_that_suppresses_nothing_has_nothing_to_tell(text: str) -> None:
    assert look(text) == ([], text)


@pytest.mark.parametrize(
    ("text", "config"),
    [
        (f"<!-- dedupe: off -->\n\n{DRAFT}{MARK}{DRAFT}", Config()),
        (f"{DRAFT}\n<!-- dedupe: off -->\n\n{DRAFT}\n<!-- dedupe: on -->\n", Config()),
        (f"<!-- dedupe: ignore-next-block RPT001 -->\n{DRAFT}{MARK}{DRAFT}", Config()),
        (f"---\ndedupe: false\n---\n{DRAFT}{MARK}{DRAFT}", Config()),
        (f"---\ndedupe: false\n---\n{DRAFT}\n{DRAFT}", Config(ignore=("SUP",))),
    ],
)
def test_text_that_is_left_alone_and_its_twin_count_for_no_share(text: str, config: Config) -> None:
    bare = without_suppressions(read_post("a.md", text.replace("dedupe: false", "title: a")))
    assert examine(bare, config).repeated_share > 0.3
    assert examine(read_post("a.md", text), config).repeated_share == 0


def test_what_else_is_repeated_still_counts() -> None:
    text = f"{DRAFT}\n{OTHER}\n<!-- dedupe: off -->\n\n{DRAFT}\n<!-- dedupe: on -->\n{MARK}{OTHER}"
    outcome = examine(read_post("a.md", text), Config())
    inside = examine(read_post("a.md", f"---\ndedupe: {{ignore: [LEAK]}}\n---\n{DRAFT}{MARK}{DRAFT}"), Config())
    assert 0.1 < outcome.repeated_share < 0.3 < inside.repeated_share
    assert not inside.changed or "END" in inside.repaired


def test_the_next_block_stays_and_the_rest_is_repaired() -> None:
    text = f"{DRAFT}\n{OTHER}{MARK}{DRAFT}\n<!-- dedupe: ignore-next-block RPT001 -- 結びで繰り返す -->\n{OTHER}"
    codes, repaired = look(text)
    assert repaired.count("朝の港には") == 1
    assert repaired.count("夕方になると") == 2
    assert "SUP001" not in codes


def test_a_suppressed_rule_leaves_the_others_to_work() -> None:
    codes, repaired = look(f"---\ndedupe: {{ignore: [RPT]}}\n---\n{DRAFT}{MARK}{DRAFT}")
    assert codes == ["LEAK004"]
    assert "END" not in repaired
    assert repaired.count("朝の港には") == 2


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (f"<!-- dedupe: off -->\n\n{DRAFT}\n<!-- dedupe: on -->\n", "nothing is found there"),
        (f"{DRAFT}\n<!-- dedupe: on -->\n", "not off"),
        (f"<!-- dedupe: ignore-next-block RPT -->\n{DRAFT}", "nothing is found there"),
        (f"<!-- dedupe: ignore-next-block -->\n{DRAFT}", "names no rule"),
        (f"<!-- dedupe: ignore-next-block RTP001 -- 理由 -->\n{DRAFT}", "names no rule with 'RTP001'"),
        (f"---\ndedupe: false\n---\n{DRAFT}", "nothing is found there"),
        (f"---\ndedupe: {{ignore: [RPT001]}}\n---\n{DRAFT}", "nothing is found there"),
        (f"---\ndedupe: {{ignore: RPT001}}\n---\n{DRAFT}", "not a list"),
        (f"---\ndedupe: 'no'\n---\n{DRAFT}", "neither"),
        (f"---\ntitle: a: b\ndedupe: {{ignore: [RPT]}}\n---\n{DRAFT}", "cannot be read"),
        (f"<!-- dedupe: of -->\n\n{DRAFT}", "neither `off`"),
        (f"<!-- dedupe: off (a refrain) -->\n\n{DRAFT}", "neither `off`"),
    ],
)
def test_a_suppression_without_use_is_told_and_stays(text: str, why: str) -> None:
    outcome = examine(read_post("a.md", text), Config())
    (finding,) = outcome.findings
    assert (finding.code, outcome.repaired) == ("SUP001", text)
    assert why in finding.message
    assert "dedupe" in text[finding.span.start : finding.span.end]
    assert not examine(read_post("a.md", text), Config(ignore=("SUP",))).findings


def test_one_is_used_whatever_rules_are_selected() -> None:
    text = f"<!-- dedupe: off -->\n\n{DRAFT}{MARK}{DRAFT}\n<!-- dedupe: on -->\n"
    assert look(text, Config(select=("LEAK001", "SUP"))) == ([], text)


def test_one_that_covers_the_text_that_would_have_stayed_is_used() -> None:
    text = f"<!-- dedupe: off -->\n\n{DRAFT}\n<!-- dedupe: on -->\n\n{OTHER}\n\n\n\n{DRAFT}\n{OTHER}"
    assert "SUP001" not in look(text)[0]


def test_what_code_shows_suppresses_nothing() -> None:
    assert look(f"```html\n<!-- dedupe: off -->\n```\n\n{DRAFT}")[0] == []


@pytest.mark.parametrize(
    ("off", "on"),
    [
        ("<!-- DEDUPE: OFF -->", "<!-- Dedupe: On -->"),
        ("<!-- dedupe：off -->", "<!-- dedupe：on -->"),
        ("<!-- dedupe : off -->", "<!-- dedupe : on -->"),
        ("<!--- dedupe: off --->", "<!--- dedupe: on --->"),
        ("<!-- dedupe: off -- a refrain -->", "<!-- dedupe: on -- here it ends -->"),
    ],
)
def test_a_mark_written_by_hand_is_understood(off: str, on: str) -> None:
    text = f"{DRAFT}{MARK}{off}\n\n{DRAFT}\n{on}\n\n{OTHER}\n{OTHER}"
    codes, repaired = look(text)
    assert repaired.count("朝の港には") == 2
    assert repaired.count("夕方になると") == 1
    assert "SUP001" not in codes


@pytest.mark.parametrize(
    "shown",
    ["```html\n<!-- dedupe: on -->\n```", "書くのは `<!-- dedupe: on -->` である。", "次の例。\n\n    <!-- dedupe: on -->"],
)
def test_what_code_shows_ends_no_suppression(shown: str) -> None:
    text = f"{DRAFT}\n{OTHER}{MARK}<!-- dedupe: off -->\n\n{shown}\n\n{DRAFT}\n{OTHER}\n<!-- dedupe: on -->\n"
    codes, repaired = look(text)
    assert repaired.count("朝の港には") == repaired.count("夕方になると") == 2
    assert repaired.endswith("\n<!-- dedupe: on -->\n")
    assert "SUP001" not in codes


def test_what_code_shows_takes_no_place_of_a_suppression() -> None:
    shown = "```html\n<!-- dedupe: off -->\n```\n"
    text = f"{shown}\n{DRAFT}\n{OTHER}{MARK}{OTHER}\n<!-- dedupe: off -->\n\n{DRAFT}\n<!-- dedupe: on -->\n"
    codes, repaired = look(text)
    assert repaired.count("朝の港には") == 2
    assert "END" not in repaired
    assert "SUP001" not in codes


@pytest.mark.parametrize(
    "covered",
    [f"<!-- dedupe: off -->\n\n{DRAFT}\n<!-- dedupe: on -->\n", f"<!-- dedupe: ignore-next-block RPT -->\n\n{DRAFT}"],
)
def test_the_twin_of_what_is_left_alone_stays_wherever_it_stands(covered: str) -> None:
    codes, repaired = look(f"{covered}\n{OTHER}{MARK}{DRAFT}\n{OTHER}")
    assert repaired.count("朝の港には") == 2
    assert "SUP001" not in codes


@pytest.mark.parametrize(
    "header",
    [
        "---\ntitle: foo: bar\ndedupe: false\n---\n",
        "---\ntitle: {{ site.title }}\ndedupe: false\n---\n",
        "---\ntitle: foo\n\tkey: 1\ndedupe: no # today\n---\n",
        "---\ntitle: t\rdedupe: false\r---\r".replace("\n", "\r"),
        "---\ntitle: t\ndedupe：false\n---\n",
        "---\ntitle: t\nDedupe: false\n---\n",
        "---\ntitle: t\ndedupe: false\n\n",
        "+++\ntitle = foo\ndedupe = false\n+++\n",
    ],
)
def test_front_matter_that_cannot_be_read_still_has_a_post_left_alone(header: str) -> None:
    text = f"{header}\n{DRAFT}{MARK}{DRAFT}"
    assert look(text) == ([], text)


def test_spoiling_moves_nothing() -> None:
    post = read_post("a.md", f"---\ndedupe: false\n---\n<!-- dedupe: off -->\n{DRAFT}<!--dedupe:on-->\n")
    bare = without_suppressions(post)
    assert len(bare.text) == len(post.text)
    assert [each.whole for each in find_suppressions(bare, CODES)] == [True]
