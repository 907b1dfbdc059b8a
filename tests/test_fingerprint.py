"""A finding is known again wherever it stands, and by nothing else than its rule and its text."""

from __future__ import annotations

from dedupe import Config, examine, read_post
from dedupe.fingerprint import fingerprint
from dedupe.model import Span

DRAFT = "朝の港には網を繕う人がいる。指の動きは早く、目は沖を見たままだ。糸は祖父の代から同じ店で買う。\n"


def test_another_rule_or_text_is_another_finding() -> None:
    spans = [Span(0, 5)]
    assert fingerprint("RPT001", "abcdef", spans) != fingerprint("RPT002", "abcdef", spans)
    assert fingerprint("RPT001", "abcdef", spans) != fingerprint("RPT001", "abcdzf", spans)


def test_white_space_makes_no_difference() -> None:
    assert fingerprint("RPT001", "abc\n d", [Span(0, 6)]) == fingerprint("RPT001", "abcd", [Span(0, 4)])


def test_breaks_are_told_apart_by_what_stands_around_them() -> None:
    gap = [Span(3, 4)]
    assert fingerprint("RPT004", "one two", gap) != fingerprint("RPT004", "six two", gap)


def test_a_finding_that_moves_keeps_its_fingerprint() -> None:
    text = DRAFT + "\n---END---\n\n" + DRAFT
    first = examine(read_post("a.md", text), Config()).findings
    moved = examine(read_post("b.md", "船の名は港の古い言葉で朝を表す。\n\n" + text), Config()).findings
    assert first
    assert [finding.fingerprint for finding in first] == [finding.fingerprint for finding in moved]
