from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from dedupe.part import find_part


def test_all_is_taken_where_all_holds_in_one_question() -> None:
    asked: list[list[int]] = []
    assert find_part(range(100), lambda part: not asked.append(part)) == list(range(100))
    assert len(asked) == 1


def test_nothing_of_nothing() -> None:
    assert find_part([], lambda part: False) == []


def test_one_in_the_way_of_many_is_left_with_few_questions() -> None:
    asked: list[list[int]] = []

    def holds(part: list[int]) -> bool:
        asked.append(part)
        return 37 not in part

    assert find_part(range(128), holds) == [number for number in range(128) if number != 37]
    assert len(asked) < 20


@given(st.sets(st.frozensets(st.integers(0, 9), min_size=1, max_size=3), max_size=6))
def test_what_is_taken_holds_and_no_other_can_be_added(conflicts: set[frozenset[int]]) -> None:
    def holds(part: list[int]) -> bool:
        return not any(conflict <= set(part) for conflict in conflicts)

    part = find_part(range(10), holds)
    assert holds(part)
    assert not any(holds([*part, other]) for other in set(range(10)) - set(part))
