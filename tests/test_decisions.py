"""Decisions are obeyed, wherever the text stands, and a file that cannot be understood is named, not guessed at."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner

from dedupe import Config, Safety, examine, read_post
from dedupe.cli import app
from dedupe.decisions import Decision, read_decisions, write_decisions
from dedupe.errors import ConfigError

DRAFT = "朝の港には網を繕う人がいる。指の動きは早く、目は沖を見たままだ。糸は祖父の代から同じ店で買う。\n"
POST = DRAFT + "\n---END---\n\n" + DRAFT
CASES = Path(__file__).parent / "cases"
KEY = "0123456789abcdef"


def decide(text: str, code: str, decision: Decision, config: Config) -> Config:
    found = examine(read_post("a.md", text), replace(config, unsafe_fixes=True)).findings
    return replace(config, decisions={each.fingerprint: decision for each in found if each.code.startswith(code)})


def test_what_is_rejected_stays_and_is_told_no_more() -> None:
    config = decide(POST, "RPT", Decision.REJECT, Config())
    outcome = examine(read_post("a.md", POST), config)
    assert outcome.proof_error is None
    assert not [finding for finding in outcome.findings if finding.code.startswith("RPT")]
    assert outcome.repaired.count("朝の港には") == 2


def test_a_rejection_holds_where_the_text_moved_and_in_a_renamed_post() -> None:
    config = decide(POST, "RPT", Decision.REJECT, Config())
    moved = "船の名は港の古い言葉で朝を表す。\n\n" + POST
    assert examine(read_post("b.md", moved), config).repaired.count("朝の港には") == 2


@pytest.mark.parametrize("case", sorted(CASES.glob("*.in.md")), ids=lambda case: case.stem)
def test_a_post_in_which_all_is_rejected_stays_as_it_is(case: Path) -> None:
    post = read_post(case.name, case.read_bytes().decode("utf-8"))
    found = examine(post, Config()).findings
    outcome = examine(post, Config(decisions={each.fingerprint: Decision.REJECT for each in found}))
    assert outcome.repaired == post.text
    assert outcome.proof_error is None


def test_what_is_accepted_is_mended_as_if_it_were_safe() -> None:
    config = Config(safety=(("LEAK", Safety.UNSAFE), ("RPT", Safety.UNSAFE)))
    before = examine(read_post("a.md", POST), config)
    assert not before.changed
    after = examine(read_post("a.md", POST), decide(POST, "", Decision.ACCEPT, config))
    assert after.proof_error is None
    assert after.repaired == DRAFT


def test_what_is_only_for_display_is_not_mended_by_accepting_it() -> None:
    config = Config(safety=(("", Safety.DISPLAY),))
    found = examine(read_post("a.md", POST), config).findings
    accepted = replace(config, decisions={each.fingerprint: Decision.ACCEPT for each in found})
    assert found
    assert not examine(read_post("a.md", POST), accepted).changed


def test_a_file_reads_as_it_was_written_and_is_sorted() -> None:
    decisions = {"f" * 16: Decision.REJECT, "a" * 16: Decision.ACCEPT}
    text = write_decisions(decisions)
    assert read_decisions(text, "d") == decisions
    assert text.splitlines() == sorted(text.splitlines(), key=lambda line: json.loads(line)["fingerprint"])
    assert read_decisions(text + "\n" + text, "d") == decisions


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("<<<<<<< HEAD\n", "line 1 is not JSON"),
        ("[]\n", "line 1 must be written"),
        ('{"fingerprint": "../x", "decision": "accept"}\n', "is no fingerprint"),
        (f'{{"fingerprint": "{KEY}", "decision": "maybe"}}\n', "use one of accept, reject"),
        (f'{{"fingerprint": "{KEY}", "decision": []}}\n', "use one of accept, reject"),
        (write_decisions({KEY: Decision.ACCEPT}) + write_decisions({KEY: Decision.REJECT}), "line 2 contradicts"),
    ],
)
def test_what_cannot_be_understood_is_named(text: str, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        read_decisions(text, "decisions.jsonl")


def test_fix_and_scan_obey_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.md").write_text(POST, "utf-8")
    found = examine(read_post("a.md", POST), Config()).findings
    (tmp_path / ".dedupe").mkdir()
    file = tmp_path / ".dedupe" / "decisions.jsonl"
    file.write_text(write_decisions({each.fingerprint: Decision.REJECT for each in found}), "utf-8")
    assert CliRunner().invoke(app, ["scan", "a.md"]).exit_code == 0
    assert CliRunner().invoke(app, ["fix", "a.md"]).exit_code == 0
    assert (tmp_path / "a.md").read_text("utf-8") == POST
    assert CliRunner().invoke(app, ["scan", "a.md", "--decisions", "none.jsonl"]).exit_code == 2
    file.rename(tmp_path / "other.jsonl")
    assert CliRunner().invoke(app, ["scan", "a.md"]).exit_code == 1
    assert CliRunner().invoke(app, ["scan", "a.md", "--decisions", "other.jsonl"]).exit_code == 0


@pytest.mark.parametrize("text", ["[" * 100_000, "1" * 6000])
def test_what_no_reader_of_json_can_read_is_named(text: str) -> None:
    with pytest.raises(ConfigError, match="line 1 is not JSON"):
        read_decisions(text, "f")
