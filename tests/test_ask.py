"""Asked at a terminal: what is answered is what happens, and nothing else."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

from dedupe import Config, examine, read_post
from dedupe.ask import ask
from dedupe.decisions import Decision
from dedupe.report import report_post
from dedupe.session import Session, Status

NET = "朝の港には網を繕う人がいる。指の動きは早く、目は沖を見たままだ。糸は祖父の代から同じ店で買う。"
BOAT = "船の名は港の古い言葉で朝を表す。塗り直すのは年に一度、祭りの前の晴れた日と決まっている。"
MARKET = "市場は夜明け前に開く。氷の上に並ぶ魚の目は、まだ海の色を覚えている。"
POSTS = {
    "a.md": f"{NET}\n\n{BOAT}\n\n{MARKET}\n\n\n{NET}\n\n{BOAT}\n",
    "b.md": f"{MARKET}\n\n{BOAT}\n\n{BOAT}\n\n---END---\n",
    "clean.md": f"{NET}\n",
}


def answered(*answers: str) -> tuple[Session, list[str]]:
    session = Session([report_post(examine(read_post(name, text), Config())) for name, text in POSTS.items()], {})
    said: list[str] = []
    left = list(answers)
    ask(session, lambda number: POSTS[session.posts[number].path], said.append, lambda _: left.pop(0))
    assert not left
    return session, said


def statuses(session: Session, name: str) -> list[Status]:
    number = next(number for number, post in enumerate(session.posts) if post.path == name)
    return [session.status(item) for item in session.items[number]]


def test_nothing_is_decided_when_one_quits_or_skips() -> None:
    assert answered("q")[0].decisions == {}
    assert answered("s", "s")[0].decisions == {}


def test_yes_removes_and_no_keeps() -> None:
    session, said = answered("y", "n", "n")
    assert statuses(session, "a.md") == [Status.ACCEPT]
    assert set(statuses(session, "b.md")) == {Status.REJECT}
    assert said[0].startswith("a.md:8: RPT001")
    assert f"REMOVE {NET} {BOAT}" in said[0]
    assert f"KEEP   {NET} {BOAT} (line 1)" in said[0]


def test_all_of_a_post_are_accepted_at_once_and_what_is_no_answer_is_asked_again() -> None:
    session, said = answered("", "x", "d", "s", "a")
    assert statuses(session, "a.md") == [Status.OPEN]
    assert set(session.decisions.values()) == {Decision.ACCEPT}
    assert set(statuses(session, "b.md")) == {Status.ACCEPT}
    assert said[1].count(BOAT) == 2


@pytest.mark.parametrize(("keys", "changed"), [(b"y\nq\n", True), (b"n\nq\n", False), (b"q\n", False)])
def test_at_a_terminal_the_answers_become_decisions_and_a_proved_repair(tmp_path: Path, keys: bytes, changed: bool) -> None:
    (tmp_path / "a.md").write_text(POSTS["a.md"], "utf-8")
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "dedupe", "fix", "--interactive", "a.md"]
    with subprocess.Popen(command, cwd=tmp_path, stdin=theirs, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        os.close(theirs)
        os.write(ours, keys)
        out, err = process.communicate(timeout=60)
    os.close(ours)
    assert process.returncode in {0, 1}, err.decode()
    assert "REMOVE" in out.decode()
    assert ((tmp_path / "a.md").read_text("utf-8") != POSTS["a.md"]) is changed
    assert (tmp_path / ".dedupe" / "journal").exists() is changed


def test_without_a_terminal_it_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.md").write_text(POSTS["a.md"], "utf-8")
    command = [sys.executable, "-m", "dedupe", "fix", "-i", "a.md"]
    result = subprocess.run(command, cwd=tmp_path, input=b"y\n", capture_output=True)
    assert result.returncode == 2
    assert b"--interactive asks at a terminal" in result.stderr
    assert (tmp_path / "a.md").read_text("utf-8") == POSTS["a.md"]
