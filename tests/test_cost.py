"""What is counted is the same each time; what costs more than before is refused, and so is a floor that has become too low."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

BENCHMARKS = Path(__file__).parents[1] / "benchmarks"
sys.path.append(str(BENCHMARKS))

import cost  # noqa: E402
import posts  # noqa: E402

FLOOR: dict[str, Any] = {
    "python": "3.11.7 (main)",
    "instructions": {"start up": 300_000_000},
    "steps": {"dedupe.fold": 50_000, "dedupe.scene": 50_000},
}


def test_the_same_size_gives_the_same_posts_and_a_larger_corpus_begins_with_them(tmp_path: Path) -> None:
    for name, megabytes in (("one", 0.2), ("two", 0.2), ("more", 0.3)):
        posts.write_posts(tmp_path / name, megabytes)
    one, two, more = (
        {file.name: file.read_bytes() for file in (tmp_path / name).rglob("*.md")} for name in ("one", "two", "more")
    )
    assert one == two
    assert one.items() < more.items()
    assert 200_000 <= sum(map(len, one.values())) < 400_000


def test_no_two_posts_say_the_same_and_many_are_damaged(tmp_path: Path) -> None:
    from dedupe import scan

    posts.write_posts(tmp_path, 0.6)
    texts = [file.read_text("utf-8") for file in tmp_path.rglob("*.md")]
    heads = [line for text in texts for line in {line for line in text.split("\n")[4:] if len(set(line)) > 20}]
    assert len(heads) == len(set(heads))
    found = [post for post in scan([tmp_path]).posts if post.findings]
    assert 0.25 * len(texts) < len(found) < 0.75 * len(texts)


def test_steps_are_the_same_each_time(tmp_path: Path) -> None:
    posts.write_posts(tmp_path / "posts", 0)
    command = [sys.executable, BENCHMARKS / "cost.py", "--steps", tmp_path / "posts"]
    first, second = (subprocess.run(command, cwd=tmp_path, check=True, capture_output=True).stdout for _ in range(2))
    assert first == second
    assert json.loads(first)["dedupe.fold"] > 100


def test_what_costs_more_is_told_by_name() -> None:
    assert cost.compare(FLOOR, FLOOR) == []
    (problem, whole) = cost.compare(FLOOR, {**FLOOR, "steps": {"dedupe.fold": 53_000, "dedupe.scene": 50_000}})
    assert problem == "dedupe.fold takes 53,000 steps, 50,000 before"
    assert whole.startswith("103,000 steps in all, 100,000 before")
    (problem,) = cost.compare(FLOOR, {**FLOOR, "instructions": {"start up": 310_000_000}})
    assert problem == "310 million instructions to start up, 300 before (+3.3%)"


def test_a_module_that_is_new_to_the_list_counts() -> None:
    moved = {"dedupe.fold": 49_000, "dedupe.scene": 50_000, "dedupe.batch": 1_000}
    assert cost.compare(FLOOR, {**FLOOR, "steps": moved}) == ["dedupe.batch takes 1,000 steps, 0 before"]


def test_what_became_cheaper_is_to_be_written_down() -> None:
    assert cost.compare(FLOOR, {**FLOOR, "steps": {"dedupe.fold": 30_000, "dedupe.scene": 50_000}}) == [
        "80,000 steps in all, 100,000 before (-20.0%)"
    ]


def test_other_builds_of_python_are_not_compared_and_that_is_said() -> None:
    build, minor = ({**FLOOR, "python": python, "instructions": {"start up": 1}} for python in ("3.11.9 (x)", "3.12.1 (x)"))
    assert cost.compare(FLOOR, build) == []
    assert [words.split(":")[1] for words in cost.uncompared(FLOOR, build)] == [" instructions are not compared."]
    assert cost.compare(FLOOR, {**minor, "steps": {}}) == []
    assert len(cost.uncompared(FLOOR, minor)) == 2
    assert cost.uncompared(FLOOR, {**FLOOR, "instructions": {}}) == ["valgrind is not installed: instructions are not counted."]


def test_ci_does_not_do_without_valgrind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    place = tmp_path / "cost.json"
    place.write_text(json.dumps(FLOOR))
    now = {**FLOOR, "instructions": {}}
    monkeypatch.delenv("CI", raising=False)
    assert cost.judge(now, place, update=False) == 0
    monkeypatch.setenv("CI", "true")
    assert cost.judge(now, place, update=False) == 1
    assert "apt-get install valgrind" in capsys.readouterr().out
    with pytest.raises(SystemExit, match="valgrind"):
        cost.judge(now, place, update=True)
    assert cost.judge({**FLOOR, "instructions": {"start up": 7}}, place, update=True) == 0
    assert json.loads(place.read_text())["instructions"] == {"start up": 7}
