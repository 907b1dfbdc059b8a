"""Bring what a person decided to bear on the verdicts of one post."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from dedupe.decisions import Decision
from dedupe.fingerprint import fingerprint
from dedupe.model import Safety, Span, Verdict

NO_FIX = "accepted, but there is no fix for it"
BOTH_STAY = "was to stay instead of its witness, which cannot go: both stay"

Weigh = Callable[[Sequence[Span]], tuple[Verdict, ...]]
"""Returns the verdicts on a post when the copies in some spans are to stay instead of what they are copies of."""


@dataclass(frozen=True, slots=True)
class Decided:
    """The verdicts that count, the text that must stay as a person asked, and whether any decision was about this post."""

    verdicts: tuple[Verdict, ...]
    kept: tuple[Span, ...] = ()
    any: bool = False


def decide(text: str, weigh: Weigh, decisions: Mapping[str, Decision], *, raising: bool) -> Decided:
    """Return the verdicts nobody rejected, each as safe as was decided.

    Accepted ones become safe, and so does what goes in place of a copy that was to stay; without `raising` neither does.
    Where the other copy cannot go, nothing of both goes, and the finding says so. Of texts that say the same the last one
    is the copy that was meant, for a fingerprint does not tell them apart.
    """
    verdicts = weigh(())
    if not decisions:
        return Decided(verdicts)
    known = {fingerprint(verdict.rule, text, verdict.spans): verdict for verdict in verdicts}
    others = [verdict for key, verdict in known.items() if decisions.get(key) is Decision.KEEP_OTHER]
    # Where another copy stays, what was rejected may be part of other verdicts.
    rejected = [
        span
        for verdict in verdicts
        if decisions.get(fingerprint(verdict.rule, text, verdict.spans)) is Decision.REJECT
        for span in verdict.spans
    ]
    moved, verdicts = _keep_others(others if raising else [], weigh, verdicts)
    stuck = [verdict for verdict in others if verdict not in moved]
    kept = [span for verdict in stuck for span in verdict.spans] + _left(moved, verdicts)
    kept += rejected
    gone = [verdict.witness for verdict in moved if verdict.witness]
    counted: list[Verdict] = []
    for verdict in verdicts:
        decision = decisions.get(fingerprint(verdict.rule, text, verdict.spans))
        if decision is Decision.REJECT:
            kept += verdict.spans
        elif decision is Decision.ACCEPT and not verdict.safety:
            counted.append(_told(verdict, NO_FIX))
        elif raising and verdict.safety and (decision is Decision.ACCEPT or touches(verdict, gone)):
            counted.append(replace(verdict, safety=Safety.SAFE))
        else:
            counted.append(verdict)
    counted = [verdict for verdict in counted if not touches(verdict, kept)]
    taken = [verdict for verdict in counted if verdict.safety]
    stuck += [verdict for verdict in moved if verdict.witness and not any(touches(each, [verdict.witness]) for each in taken)]
    counted += [_told(verdict, BOTH_STAY) for verdict in stuck]
    by_place = sorted(counted, key=lambda verdict: verdict.spans)
    return Decided(tuple(by_place), tuple(kept), any=bool(known.keys() & decisions.keys()))


def touches(verdict: Verdict, spans: Sequence[Span]) -> bool:
    """Tell whether a verdict would take any character of `spans`."""
    return any(a.start < b.end and b.start < a.end for a in verdict.spans for b in spans)


def _keep_others(
    others: Sequence[Verdict], weigh: Weigh, verdicts: tuple[Verdict, ...]
) -> tuple[Sequence[Verdict], tuple[Verdict, ...]]:
    """Return those of `others` whose text can stay instead of its witness, and the verdicts when it does."""
    moved = [verdict for verdict in others if verdict.safety and verdict.witness]
    while moved:
        otherwise = weigh([span for verdict in moved for span in verdict.spans])
        done = [verdict for verdict in moved if _is_moved(verdict, otherwise)]
        if len(done) == len(moved):
            return moved, otherwise
        moved = done
    return moved, verdicts


def _is_moved(verdict: Verdict, verdicts: Sequence[Verdict]) -> bool:
    """Tell whether most of what a verdict took stays, and some of its witness goes; a torn end goes in any case."""
    took = sum(span.end - span.start for span in verdict.spans)
    stays = sum(span.end - span.start for span in _left([verdict], verdicts))
    goes = (each for each in verdicts if each.safety)
    return 2 * stays > took and verdict.witness is not None and any(touches(each, [verdict.witness]) for each in goes)


def _left(moved: Sequence[Verdict], verdicts: Sequence[Verdict]) -> list[Span]:
    """Return what stays of the text of `moved` when `verdicts` take theirs."""
    holes = sorted(span for verdict in verdicts if verdict.safety for span in verdict.spans)
    pieces: list[Span] = []
    for start, end in (span for verdict in moved for span in verdict.spans):
        at = start
        for hole in holes:
            if hole.start < end and at < hole.end:
                pieces += [Span(at, hole.start)] if at < hole.start else []
                at = hole.end
        pieces += [Span(at, end)] if at < end else []
    return pieces


def _told(verdict: Verdict, why: str) -> Verdict:
    return replace(verdict, safety=Safety.DISPLAY, evidence=(*verdict.evidence, why))
