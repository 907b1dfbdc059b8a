"""Set aside what a post's own suppressions and the baseline say to leave alone, and tell which suppressions do nothing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from dedupe.config import ACROSS
from dedupe.decide import Decided, touches
from dedupe.fingerprint import fingerprint
from dedupe.model import Safety, Segments, Span, Verdict
from dedupe.suppress import Suppression

UNUSED = "SUP001"


def spare(text: str, decided: Decided, marks: Sequence[Suppression], known: Mapping[str, int]) -> tuple[Decided, int]:
    """Return what is left to tell, and how many findings were in the baseline; the text of all set aside must stay.

    `known` counts findings of this post by fingerprint; of those that say the same the first ones are set aside.
    """
    if not marks and not known:
        return decided, 0
    left: list[Verdict] = []
    kept: list[Span] = []
    rest = dict(known)
    baselined = 0
    for verdict in decided.verdicts:
        if any(mark.holds(verdict.rule, verdict.spans) for mark in marks):
            kept += verdict.spans
            continue
        key = fingerprint(verdict.rule, text, verdict.spans) if known else ""
        if rest.get(key, 0):
            rest[key] -= 1
            baselined += 1
            kept += verdict.spans
        else:
            left.append(verdict)
    told = tuple(verdict for verdict in left if not touches(verdict, kept))
    return replace(decided, verdicts=told, kept=(*decided.kept, *kept), any=decided.any or bool(kept)), baselined


def switch_off(segments: Segments, marks: Sequence[Suppression]) -> Segments:
    """Return the segments with each block that is to be left alone as a repeat switched off: neither a copy nor a witness.

    Else its twin elsewhere would go in its place. What the front matter says is about rules, and leaves the blocks on.
    """
    repeats = [mark for mark in marks if not mark.whole and (not mark.codes or any(c.startswith("RPT") for c in mark.codes))]
    blocks = tuple(
        block._replace(container=-len(segments.blocks) - number)
        if any(mark.holds(mark.codes[0] if mark.codes else UNUSED, [block.span]) for mark in repeats)
        else block
        for number, block in enumerate(segments.blocks, 1)
    )
    return replace(segments, blocks=blocks)


def find_unused(marks: Sequence[Suppression], bare: Sequence[Verdict]) -> Iterator[Verdict]:
    """Yield a verdict on each suppression that cannot be understood or covers none of `bare`, the verdicts without any.

    One counts as used also where it covers the text that would have stayed for a copy elsewhere.
    """
    for mark in marks:
        if mark.wrong:
            yield Verdict(UNUSED, (mark.span,), Safety.DISPLAY, evidence=(mark.wrong,))
        elif mark.codes and all(code.startswith(ACROSS) for code in mark.codes):
            continue  # Of what other posts say no single post can tell.
        elif not any(mark.holds(verdict.rule, _concerns(verdict)) for verdict in bare):
            yield Verdict(UNUSED, (mark.span,), Safety.DISPLAY, evidence=("nothing is found there",))


def _concerns(verdict: Verdict) -> list[Span]:
    witnesses = [verdict.witness] if verdict.witness else []
    return [*verdict.spans, *witnesses, *(stays for _, stays in verdict.rewritten)]
