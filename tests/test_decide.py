"""What a person decided changes what goes, never what is proved, and what cannot be had is said."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from dedupe import Config, Safety, examine, read_post
from dedupe.decide import BOTH_STAY, NO_FIX
from dedupe.decisions import Decision
from dedupe.model import Finding, Keep

CASES = Path(__file__).parent / "cases"
NET = "朝の港には網を繕う人がいる。指の動きは早く、目は沖を見たままだ。糸は祖父の代から同じ店で買う。"
BOAT = "船の名は港の古い言葉で朝を表す。塗り直すのは年に一度、祭りの前の晴れた日と決まっている。"
MARKET = "市場は夜明け前に開く。氷の上に並ぶ魚の目は、まだ海の色を覚えている。"
POST = f"{NET}\n\n{BOAT}\n\n---END---\n\n{NET}\n\n{MARKET}\n"


def repeats(text: str, config: Config) -> list[Finding]:
    return [finding for finding in examine(read_post("a.md", text), config).findings if finding.code.startswith("RPT")]


def test_without_decisions_the_first_copy_stays() -> None:
    assert examine(read_post("a.md", POST), Config()).repaired == f"{NET}\n\n{BOAT}\n\n{MARKET}\n"


def test_the_other_copy_is_kept_where_that_was_asked() -> None:
    (found,) = repeats(POST, Config())
    config = Config(decisions={found.fingerprint: Decision.KEEP_OTHER})
    outcome = examine(read_post("a.md", POST), config)
    assert outcome.proof_error is None
    assert outcome.repaired == f"{BOAT}\n\n{NET}\n\n{MARKET}\n"
    assert not examine(read_post("a.md", outcome.repaired), config).changed


def test_of_three_copies_the_last_is_kept() -> None:
    text = POST + f"\n---END---\n\n{NET}\n"
    found = {finding.fingerprint: Decision.KEEP_OTHER for finding in repeats(text, Config())}
    outcome = examine(read_post("a.md", text), Config(decisions=found))
    assert outcome.repaired.count(NET) == 1
    assert outcome.repaired.index(MARKET) < outcome.repaired.index(NET)


@pytest.mark.parametrize("keep", ["best", "first"])
def test_what_was_rejected_stays_where_another_copy_is_kept_beside_it(keep: Keep) -> None:
    """The copy that would go instead follows right behind the rejected one, and both would be one finding."""
    text = f"{NET}\n\n{NET}\n\n{BOAT}\n\n---END---\n\n{BOAT}\n\n{MARKET}\n"
    first, last = repeats(text, Config(keep=keep))
    decisions = {first.fingerprint: Decision.REJECT, last.fingerprint: Decision.KEEP_OTHER}
    outcome = examine(read_post("a.md", text), Config(keep=keep, decisions=decisions))
    assert outcome.proof_error is None
    assert outcome.repaired.count(NET) == 2
    assert outcome.repaired.count(BOAT) == 2
    assert [finding.evidence[-1] for finding in outcome.findings if finding.code == "RPT001"] == [BOTH_STAY]


@pytest.mark.parametrize("case", sorted(CASES.glob("*.in.md")), ids=lambda case: case.stem)
def test_keeping_others_is_proved_or_told(case: Path) -> None:
    post = read_post(case.name, case.read_bytes().decode("utf-8"))
    found = examine(post, Config()).findings
    for finding in found:
        same = {each.span for each in found if each.fingerprint == finding.fingerprint}
        config = Config(decisions={finding.fingerprint: Decision.KEEP_OTHER})
        outcome = examine(post, config)
        told = any(BOTH_STAY in each.evidence for each in outcome.findings)
        assert outcome.proof_error is None
        assert told or same - {each.span for each in outcome.findings if each.edits}
        assert not examine(read_post(post.name, outcome.repaired), config).changed


def test_what_cannot_stay_alone_is_told_and_both_stay() -> None:
    cut = f"{NET}\n\n{BOAT[:30]}\n\n\n{BOAT}\n\n{MARKET}\n"
    found = repeats(cut, Config())
    assert [finding.code for finding in found] == ["RPT003"]
    outcome = examine(read_post("a.md", cut), Config(decisions={found[0].fingerprint: Decision.KEEP_OTHER}))
    assert outcome.repaired == cut
    assert any(BOTH_STAY in finding.evidence for finding in outcome.findings)


def test_accepting_what_has_no_fix_says_so() -> None:
    config = Config(safety=(("RPT", Safety.DISPLAY),))
    (found,) = repeats(POST, config)
    (again,) = repeats(POST, replace(config, decisions={found.fingerprint: Decision.ACCEPT}))
    assert NO_FIX in again.message


def test_where_the_rest_would_take_what_was_rejected_a_part_is_repaired() -> None:
    """Once the middle copy is gone, what was rejected stands beside its witness, is longer, and has another fingerprint."""
    draft = f"{NET}\n\n{BOAT}\n\n{MARKET}"
    text = f"# 港\n\n{draft}\n\n---END---\n\n# 港\n\n{NET}\n\n{BOAT}\n\n新しい堤防ができた。\n\n{MARKET}\n"
    for finding in repeats(text, Config()):
        config = Config(decisions={finding.fingerprint: Decision.REJECT})
        outcome = examine(read_post("a.md", text), config)
        stays = text[finding.span.start : finding.span.end]
        assert outcome.proof_error is None
        assert outcome.repaired.count(stays) == text.count(stays)
        assert not examine(read_post("a.md", outcome.repaired), config).changed


def test_reviewing_finds_what_a_fix_with_an_accepted_finding_finds() -> None:
    other = NET.replace("祖父の代", "祖母の代").replace("指の動き", "手の動き")
    text = f"{NET}\n\n{BOAT}\n\n{BOAT}\n\n---END---\n\n{NET[:-1]}のだ。\n\n{other}\n\n{MARKET}\n"
    seen = {finding.fingerprint for finding in examine(read_post("a.md", text), Config(reviewing=True)).findings}
    asked = Config(decisions={"0" * 16: Decision.ACCEPT})
    assert {finding.fingerprint for finding in examine(read_post("a.md", text), asked).findings} == seen
