"""The benchmarks measure what they say: memory of all processes, growth as a power, ratios within a turn."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).parents[1] / "benchmarks"))

import measure
import performance

HOLD = "import time; held = bytearray(b'x') * {megabytes}_000_000; time.sleep(1)"


def test_memory_is_that_of_the_program_and_of_those_it_starts(tmp_path: Path) -> None:
    small = measure.run([sys.executable, "-c", HOLD.format(megabytes=1)], tmp_path)
    large = measure.run([sys.executable, "-c", HOLD.format(megabytes=80)], tmp_path)
    assert 70 < large.peak - small.peak < 90
    starts = "import subprocess, sys; subprocess.run([sys.executable, '-c', sys.argv[1]])"
    both = measure.run([sys.executable, "-c", f"{HOLD.format(megabytes=80)}; {starts}", HOLD.format(megabytes=80)], tmp_path)
    assert both.peak > large.peak + 70


def test_a_program_that_fails_is_no_measurement(tmp_path: Path) -> None:
    command = [sys.executable, "-c", "import sys; sys.exit('no such post')"]
    with pytest.raises(SystemExit, match="failed with 1:\nno such post"):
        measure.run(command, tmp_path)
    measure.run(command, tmp_path, allowed=(0, 1))


def test_works_take_turns() -> None:
    done: list[str] = []
    rounds = measure.take_turns({"a": lambda: done.append("a") or 1, "b": lambda: done.append("b") or 2}, 2)
    assert done == ["a", "b", "a", "b"]
    assert rounds == [{"a": 1, "b": 2}] * 2


def test_ratios_are_taken_within_a_turn() -> None:
    slow = {"a": measure.Cost(20, 20, 1), "b": measure.Cost(10, 10, 1)}
    quick = {"a": measure.Cost(2, 2, 1), "b": measure.Cost(1, 1, 1)}
    assert performance.of([slow, quick, quick], "a", "b", "cpu") == 2


@pytest.mark.parametrize("power", [1.0, 2.0])
def test_growth_is_told_as_a_power(power: float) -> None:
    sizes = [1.0, 2.0, 4.0, 8.0]
    assert performance.exponent(sizes, [3 + size**power for size in sizes], start=3) == pytest.approx(power)
