"""Find a large part of some things that can be done together, where all of them cannot."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

Thing = TypeVar("Thing")


def find_part(things: Sequence[Thing], holds: Callable[[list[Thing]], bool]) -> list[Thing]:
    """Return a part of `things`, in their order, that `holds` and to which no other of them can be added one by one.

    Things are added in halves, and a half that does not hold in halves again, so that a few that stand in the way of many
    cost few questions; what was left out is tried once more beside all the rest.
    """
    part: list[Thing] = []
    left: list[Thing] = []

    def add(more: Sequence[Thing]) -> None:
        nonlocal part
        if not more or holds([*part, *more]):
            part = [*part, *more]
        elif len(more) == 1:
            left.extend(more)
        else:
            add(more[: len(more) // 2])
            add(more[len(more) // 2 :])

    add(things)
    while left:
        again, before = left.copy(), len(part)
        left.clear()
        for thing in again:
            add([thing])
        if len(part) == before:
            break
    chosen = {id(thing) for thing in part}
    return [thing for thing in things if id(thing) in chosen]
