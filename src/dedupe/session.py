"""What is decided in a review and what waits: the queue of findings, worst first, decisions with their undo; no files."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from dedupe.decisions import Decision
from dedupe.report import FindingLine, PostReport

SWAPPABLE = frozenset({"RPT001", "RPT002"})
"""Rules whose finding has another copy that may go instead."""


class Why(StrEnum):
    """Why something was not decided; the values are keys of the catalogue of words."""

    NO_FIX = "no_fix"
    NO_OTHER = "no_other"
    DECIDED_ELSEWHERE = "decided_elsewhere"
    NOTHING_TO_UNDO = "nothing_to_undo"


class RefusalError(Exception):
    """Nothing was decided, and why."""

    def __init__(self, why: Why) -> None:
        super().__init__(why.value)
        self.why = why


class Status(StrEnum):
    """What is to become of a finding: it waits for a person, or was decided, or can only be read."""

    OPEN = "open"
    TOLD = "told"
    ACCEPT = "accept"
    REJECT = "reject"
    KEEP_OTHER = "keep-other"


@dataclass(frozen=True, slots=True)
class Item:
    """A finding in the queue: the number of its post, and a key that stays its own as long as its text does."""

    post: int
    key: str
    finding: FindingLine

    @property
    def kind(self) -> str:
        return f"{self.finding.code}.{self.finding.safety}"

    @property
    def has_fix(self) -> bool:
        return self.finding.safety != "display"

    @property
    def may_swap(self) -> bool:
        return self.has_fix and self.finding.witness is not None and self.finding.code in SWAPPABLE


@dataclass(frozen=True, slots=True)
class Step:
    """What one action changed: by fingerprint the decision before and after; and the finding it began with."""

    changes: tuple[tuple[str, Decision | None, Decision | None], ...]
    post: int
    key: str = ""


class Session:
    """One review. Its queue goes from post to post, the one that loses most first, and in each from top to bottom.

    `decisions` is the state that matters; all else can be made again from the posts.
    """

    def __init__(self, posts: Sequence[PostReport], decisions: Mapping[str, Decision]) -> None:
        self.posts = list(posts)
        self.items = [_items(number, post) for number, post in enumerate(self.posts)]
        self.order = sorted(range(len(self.posts)), key=lambda number: (-_loss(self.posts[number]), self.posts[number].path))
        self.order = [number for number in self.order if self.items[number] or self.posts[number].error]
        self.decisions = dict(decisions)
        self.steps: list[Step] = []
        self.version = 0
        """Grows with each decision, so that what was computed for older ones is known to be old."""

    def replace_post(self, number: int, report: PostReport) -> None:
        """Take a post that was examined again; its place in the queue stays."""
        self.posts[number] = report
        self.items[number] = _items(number, report)
        self.version += 1

    def status(self, item: Item) -> Status:
        decision = self.decisions.get(item.finding.fingerprint)
        if decision is None or (not item.has_fix and decision is not Decision.REJECT):
            return Status.OPEN if item.has_fix else Status.TOLD
        return Status(decision.value)

    def find(self, number: int, key: str) -> Item | None:
        found = self.items[number] if 0 <= number < len(self.items) else []
        return next((item for item in found if item.key == key), None)

    def twins(self, item: Item) -> int:
        """Return how many other findings say the same, so are decided with this one."""
        return sum(other.finding.fingerprint == item.finding.fingerprint for other in self._all()) - 1

    def next(self, item: Item | None, *, back: bool = False, waiting: bool = False) -> Item | None:
        """Return the finding after (or before) one in the queue, round its end; with `waiting` the next undecided one."""
        queue = list(self._all())
        at = queue.index(item) if item in queue else (0 if back else -1)
        turned = [*queue[at + 1 :], *queue[: max(at, 0)]] if not back else [*reversed(queue[:at]), *reversed(queue[at + 1 :])]
        return next((other for other in turned if not waiting or self.status(other) is Status.OPEN), None)

    def first_of(self, number: int) -> Item | None:
        """Return the finding of a post to begin with: the first that waits, else its first."""
        items = self.items[number]
        return next((item for item in items if self.status(item) is Status.OPEN), items[0] if items else None)

    def decide(self, item: Item, decision: Decision | None, seen: str) -> None:
        """Note what is to become of a finding, or (None) that this is open again.

        `seen` is the status the person saw; raises RefusalError when it is another by now, or the decision can do nothing.
        """
        if self.status(item).value != seen:
            raise RefusalError(Why.DECIDED_ELSEWHERE)
        if decision is Decision.ACCEPT and not item.has_fix:
            raise RefusalError(Why.NO_FIX)
        if decision is Decision.KEEP_OTHER and not item.may_swap:
            raise RefusalError(Why.NO_FIX if not item.has_fix else Why.NO_OTHER)
        self._take({item.finding.fingerprint: decision}, item.post, item.key)

    def decide_all(self, kind: str, decision: Decision, number: int | None = None) -> int:
        """Accept or reject what waits of a kind, in one post or in all; return how many findings that were."""
        found = self._all() if number is None else self.items[number]
        waiting = [item for item in found if item.kind == kind and self.status(item) is Status.OPEN]
        if waiting:
            self._take({item.finding.fingerprint: decision for item in waiting}, waiting[0].post, waiting[0].key)
        return len(waiting)

    def undo(self) -> Step:
        """Take back the last action; raises RefusalError when there is none, or it was decided otherwise since."""
        if not self.steps:
            raise RefusalError(Why.NOTHING_TO_UNDO)
        step = self.steps.pop()
        if any(self.decisions.get(key) is not after for key, _, after in step.changes):
            raise RefusalError(Why.DECIDED_ELSEWHERE)
        self._set({key: before for key, before, _ in step.changes})
        return step

    def merge(self, decisions: Mapping[str, Decision]) -> bool:
        """Take the decisions that another program wrote; return whether they say anything new."""
        if self.decisions == decisions:
            return False
        self.decisions = dict(decisions)
        self.version += 1
        return True

    def counts(self, number: int | None = None) -> Counter[Status]:
        """Return how many findings of a post, or of all, have which status."""
        return Counter(map(self.status, self._all() if number is None else self.items[number]))

    def kinds(self, number: int | None = None) -> dict[str, Counter[Status]]:
        """Return the same for each kind of findings."""
        found: dict[str, Counter[Status]] = {}
        for item in self._all() if number is None else self.items[number]:
            found.setdefault(item.kind, Counter())[self.status(item)] += 1
        return dict(sorted(found.items()))

    def decided_posts(self) -> list[int]:
        """Return the posts in which something is to be done and nothing waits."""
        return [number for number in self.order if self.is_ready(number)]

    def is_ready(self, number: int) -> bool:
        counts = self.counts(number)
        return not counts[Status.OPEN] and bool(counts[Status.ACCEPT] or counts[Status.KEEP_OTHER])

    def repairable_posts(self) -> list[int]:
        """Return the posts in which a fix would do something: what is safe and was not rejected, and what was accepted."""
        return [
            number
            for number in self.order
            if any(
                self.status(item) in {Status.ACCEPT, Status.KEEP_OTHER}
                or (self.status(item) is Status.OPEN and item.finding.safety == "safe")
                for item in self.items[number]
            )
        ]

    def untouched_posts(self) -> list[int]:
        """Return the posts in which a fix would do nothing, though something waits for a person's judgement."""
        repairable = {*self.repairable_posts()}
        return [
            number
            for number in self.order
            if number not in repairable and any(self.status(item) in {Status.OPEN, Status.TOLD} for item in self.items[number])
        ]

    def _all(self) -> Iterator[Item]:
        for number in self.order:
            yield from self.items[number]

    def _take(self, decided: Mapping[str, Decision | None], number: int, key: str) -> None:
        changes = tuple((print_, self.decisions.get(print_), decision) for print_, decision in decided.items())
        self.steps.append(Step(changes, number, key))
        self._set(decided)

    def _set(self, decided: Mapping[str, Decision | None]) -> None:
        for print_, decision in decided.items():
            if decision is None:
                self.decisions.pop(print_, None)
            else:
                self.decisions[print_] = decision
        self.version += 1


def _items(number: int, post: PostReport) -> list[Item]:
    seen: Counter[str] = Counter()
    items: list[Item] = []
    for finding in post.findings:
        seen[finding.fingerprint] += 1
        again = seen[finding.fingerprint]
        items.append(Item(number, finding.fingerprint + (f"-{again}" if again > 1 else ""), finding))
    return items


def _loss(post: PostReport) -> int:
    """Return the characters that go from a post, or wait for a person to say so."""
    return post.removed + sum(finding.span[1] - finding.span[0] for finding in post.findings if finding.safety == "unsafe")
