"""One post through all stages: what is wrong with it, what would be done, and whether that is proved."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from dedupe.baseline import name_post
from dedupe.config import CODES, CONTINUATION, FIXLESS, Config
from dedupe.copies import Copies, find_copies
from dedupe.decide import Decided, decide, touches
from dedupe.drafts import find_drafts
from dedupe.fold import fold
from dedupe.header import read_post
from dedupe.judge import judge
from dedupe.language import N_
from dedupe.leaks import find_leaks, has_leak, read_catalogue
from dedupe.model import Draft, Edit, Folded, Integers, Keep, Leak, Outcome, Post, Repeats, Safety, Segments, Span, Verdict
from dedupe.near import Likeness, add_near, find_near
from dedupe.part import find_part
from dedupe.prove import ProofError, prove
from dedupe.repair import apply, repair
from dedupe.repeats import cover, find_repeats
from dedupe.restore import restore
from dedupe.rows import is_suspect
from dedupe.rules import describe
from dedupe.scene import Scene, set_scene
from dedupe.spare import UNUSED, find_unused, spare, switch_off
from dedupe.split import cut_at, split
from dedupe.suppress import Suppression, find_suppressions, may_suppress, without_suppressions

_ROUNDS = 8
"""Removing one thing can bring another to light; a post that is not settled after so many rounds is left alone."""
_MEASURED = 40
"""A run of that many folded characters counts for the repeated share."""
_REJECTED_AGAIN = N_("once the rest is repaired, what was rejected would be taken as something else; reject more of the post")
LEFT = "left, for it cannot be repaired beside what was decided"
_TOLD = 0.9
"""From that similarity on a near copy that states something else is told."""
_WIDE_GAP = re.compile(r"\n[ \t\r]*\n[ \t\r]*\n")


@dataclass(frozen=True, slots=True)
class _View:
    """What one look at a text gives; a text without anything to look into is never cut up.

    `exact` are all verdicts on the scene, which knows of no near copies; `decided` those that count.
    """

    decided: Decided
    repeated_share: float
    repeats: Repeats
    leaky: bool
    segments: Segments | None = None
    scene: Scene | None = None
    exact: tuple[Verdict, ...] = ()
    drafts: tuple[Draft, ...] = ()
    baselined: int = 0

    @property
    def verdicts(self) -> tuple[Verdict, ...]:
        return self.decided.verdicts


class _Repair(NamedTuple):
    """All verdicts of a repair, the edits of each, the text that results, and what speaks against it."""

    verdicts: Sequence[Verdict]
    edits: list[tuple[Edit, ...]]
    text: str
    error: str | None


def examine(post: Post, config: Config, *, proof: bool = True) -> Outcome:
    """Return what is wrong with `post` and what repairing it gives; sees this post and nothing else.

    Findings are sorted by their span. When the result cannot be proved, `repaired` is the original text and
    `proof_error` says why; the findings keep their edits, so that a report can show what was meant. A safety that was
    raised in the settings or by an accepted finding counts only where the proof holds with it, and so do near copies.
    What a person rejected is no finding, and no other finding takes its text: where one would, the largest part of the post
    is repaired beside which none does.

    Without `proof` the result is neither looked at again nor proved: enough to tell what is wrong, not to write anything.
    """
    return _with_unused(_examine_all(post, config, proof=proof), config)


def _examine_all(post: Post, config: Config, *, proof: bool) -> Outcome:
    """Look with all that was raised or accepted, and then without what cannot be proved."""
    outcome = _examine(post, config, raising=True, proof=proof)
    if outcome.proof_error and config.raises:
        outcome = _examine(post, config, raising=False, proof=proof)
    if outcome.proof_error and any(finding.rewordings for finding in outcome.findings):
        return _examine(post, replace(config, unsafe_fixes=False), raising=False, proof=proof)
    return outcome


def _examine(post: Post, config: Config, *, raising: bool, proof: bool) -> Outcome:
    view = _look(post, config, raising=raising)
    if view.segments is None or view.scene is None or not view.verdicts:
        return Outcome(post, (), post.text, view.repeated_share, baselined=view.baselined)
    if proof:
        verdicts, edits, repaired, error = _settle(post, view, view.segments, config, raising=raising)
    else:
        verdicts = view.verdicts
        edits = _edits(post, view.segments, verdicts, config)
        repaired = apply(post.text, _flat(edits))
        error = _budget_error(post, repaired, config)
    findings = [describe(post.text, verdict, own) for verdict, own in zip(verdicts, edits, strict=True)]
    return Outcome(
        post=post,
        findings=tuple(sorted(findings, key=lambda finding: (finding.span, finding.code))),
        repaired=post.text if error else repaired,
        repeated_share=view.repeated_share,
        proof_error=error,
        drafts=view.drafts or find_drafts(view.scene, view.repeats, view.exact),
        baselined=view.baselined,
    )


def _with_unused(outcome: Outcome, config: Config) -> Outcome:
    """Return an outcome that also tells of suppressions without use; only a post that has some is looked at once more."""
    post = outcome.post
    if not config.wants(UNUSED) or not find_suppressions(post, CODES):
        return outcome
    marks = find_suppressions(post, CODES, split(post).blocks)
    # Whatever is found with any settings is a use, or a change of settings would take suppressions away.
    anything = replace(config, select=(), ignore=(), safety=(), decisions={}, baseline={}, unsafe_fixes=True)
    bare = _look(without_suppressions(post), anything, raising=False, bare=True)
    unused = tuple(find_unused(marks, bare.verdicts))
    decided = decide(post.text, lambda _: unused, config.decisions, raising=False)
    told, baselined = spare(post.text, decided, (), config.baseline.get(name_post(post.name), {}))
    findings = [*outcome.findings, *(describe(post.text, verdict, ()) for verdict in told.verdicts)]
    by_place = tuple(sorted(findings, key=lambda finding: (finding.span, finding.code)))
    return replace(outcome, findings=by_place, baselined=outcome.baselined + baselined)


def _settle(post: Post, view: _View, segments: Segments, config: Config, *, raising: bool) -> _Repair:
    """Return the repair that all verdicts make; where a decision stands in its way, that of the largest part of them that can be.

    What is left out is only told.
    """
    whole = _attempt(post, view, segments, view.verdicts, (), config, raising=raising)
    if whole.error is None or not view.decided.any or _budget_error(post, whole.text, config):
        return whole

    def attempt(chosen: Sequence[Verdict]) -> _Repair:
        taken = {id(verdict) for verdict in chosen}
        verdicts = [
            verdict if id(verdict) in taken or not _applies(verdict, config) else _told(verdict, LEFT)
            for verdict in view.verdicts
        ]
        left = [span for verdict in view.verdicts if id(verdict) not in taken for span in verdict.spans]
        return _attempt(post, view, segments, verdicts, left, config, raising=raising)

    def settle(chosen: Sequence[Verdict]) -> _Repair:
        done = attempt(chosen)
        return done if done.error else _settle_further(post, done, segments, view.decided.kept, config, raising=raising)

    applied = [verdict for verdict in view.verdicts if _applies(verdict, config)]
    # Where no part can be, all of it is told, and the post stays.
    done = settle(find_part(applied, lambda chosen: attempt(chosen).error is None))
    return done if done.error is None else settle(find_part(applied, lambda chosen: settle(chosen).error is None))


def _settle_further(
    post: Post, done: _Repair, segments: Segments, kept: Sequence[Span], config: Config, *, raising: bool
) -> _Repair:
    """Return a repair of a part with what another run would take from its result, so that there is nothing left to take.

    It has an error where that run would take what is to be `kept`.
    """
    rest = read_post(post.name, done.text)
    view = _look(rest, config, raising=raising)
    if done.text == post.text or view.segments is None:
        return done
    more = _settle(rest, view, view.segments, config, raising=raising)
    if more.error or more.text == rest.text:
        return done
    fresh = _trace_all(post, more.verdicts, _flat(done.edits), done.verdicts, config)
    if any(touches(verdict, kept) for verdict in fresh):
        return done._replace(error=_REJECTED_AGAIN)
    taken = [span for verdict in fresh for span in verdict.spans]
    verdicts = [verdict for verdict in done.verdicts if _applies(verdict, config) or not touches(verdict, taken)] + fresh
    edits = _edits(post, segments, verdicts, config)
    repaired = apply(post.text, _flat(edits))
    if repaired != more.text:
        return done
    return _Repair(verdicts, edits, repaired, _proof_error(post, verdicts, _flat(edits), repaired, config))


def _attempt(
    post: Post,
    view: _View,
    segments: Segments,
    given: Sequence[Verdict],
    left: Sequence[Span],
    config: Config,
    *,
    raising: bool,
) -> _Repair:
    """Repair until another look at the result finds nothing to apply but text that is `left`, and prove that."""
    verdicts = list(given)
    for _ in range(_ROUNDS):
        edits = _edits(post, segments, verdicts, config)
        repaired = apply(post.text, _flat(edits))
        error = _budget_error(post, repaired, config)
        if error or repaired == post.text:
            return _Repair(verdicts, edits, repaired, error)
        # A repair only takes away, so a text without leaks stays without.
        again = _look(read_post(post.name, repaired), config, raising=raising, leaky=view.leaky)
        fresh = _trace_all(post, again.verdicts, _flat(edits), verdicts, config)
        if any(touches(verdict, view.decided.kept) for verdict in fresh):
            # Another run would know the text by another fingerprint, and take it.
            return _Repair(verdicts, edits, repaired, _REJECTED_AGAIN)
        fresh = [verdict for verdict in fresh if not touches(verdict, left)]
        if not fresh:
            return _Repair(verdicts, edits, repaired, _proof_error(post, verdicts, _flat(edits), repaired, config))
        verdicts = [*_passed_on(post.text, verdicts, fresh), *fresh]
    return _Repair(verdicts[: len(edits)], edits, repaired, f"the repair does not settle after {_ROUNDS} rounds")


def _passed_on(text: str, verdicts: Sequence[Verdict], fresh: Sequence[Verdict]) -> Iterator[Verdict]:
    """Yield verdicts, those on copies of what `fresh` ones take in another way as taking these in that way too."""
    pairs = {text[gone.start : gone.end]: stays for verdict in fresh for gone, stays in verdict.rewritten}
    bare = {text[gone.start : gone.end] for verdict in fresh for gone in verdict.bare}
    for verdict in verdicts:
        more = [(copy, stays) for taken, stays in pairs.items() for copy in _find_all(text, taken, verdict.spans)]
        kept = [(gone, pairs.get(text[stays.start : stays.end], stays)) for gone, stays in verdict.rewritten]
        headings = [copy for taken in bare for copy in _find_all(text, taken, verdict.spans) if copy not in verdict.bare]
        if more or kept or headings:
            safety = min(verdict.safety, Safety.UNSAFE)
            yield replace(verdict, rewritten=(*kept, *more), bare=(*verdict.bare, *headings), safety=safety)
        else:
            yield verdict


def _find_all(text: str, words: str, spans: Sequence[Span]) -> Iterator[Span]:
    """Yield where in some spans of a text words stand."""
    for span in spans:
        at = text.find(words, span.start, span.end)
        while at >= 0:
            yield Span(at, at + len(words))
            at = text.find(words, at + len(words), span.end)


def _look(post: Post, config: Config, *, raising: bool, leaky: bool = True, bare: bool = False) -> _View:
    """Look at a text once; `bare` takes no notice of its suppressions."""
    folded = fold(post.text)
    header = int(np.searchsorted(folded.offsets, post.body.start))
    repeats = find_repeats(folded.codes, header)
    gap = _WIDE_GAP.search(post.text, post.body.start)
    if not gap and not is_suspect(folded, repeats) and not (leaky and has_leak(post, config.leaks)):
        marks = () if bare or not may_suppress(post.text) else find_suppressions(post, CODES, split(post).blocks)
        return _View(Decided(()), _repeated_share(repeats, folded, header, _switched_off(marks)), repeats, leaky=False)
    segments = split(post)
    leaks = find_leaks(post, segments, config.leaks) if leaky else ()
    if leaks:
        segments = cut_at(post, segments, [leak.span for leak in leaks if leak.own_line])
    marks = () if bare else find_suppressions(post, CODES, segments.blocks)
    if marks:
        segments = switch_off(segments, marks)
    copies = find_copies(post, segments, folded, repeats)
    scene = set_scene(post, segments, folded, copies, leaks)
    keep = Keep.FIRST if config.keep == Keep.FIRST_DRAFT else config.keep
    exact = judge(scene, keep)
    # Only those who ask for it pay.
    asked = config.near and (raising or config.unsafe_fixes)
    near = find_near(post.text, segments, folded, repeats, copies) if repeats and asked else {}
    drafts = find_drafts(scene, repeats, exact) if config.keep == Keep.FIRST_DRAFT else ()

    def weigh(stay: Sequence[Span]) -> tuple[Verdict, ...]:
        verdicts = certain = judge(scene, keep, stay) if stay else exact
        if near:
            verdicts = _with_near(post, segments, folded, copies, leaks, near, certain, config, stay)
        if config.keep == Keep.FIRST_DRAFT:
            verdicts = restore(scene, drafts, verdicts)
        verdicts = tuple(_set_safety(verdict, config, raising=raising) for verdict in verdicts if config.wants(verdict.rule))
        if near and config.wants("RPT001"):
            return tuple(sorted([*verdicts, *_differing(scene, near, verdicts)], key=lambda verdict: verdict.spans))
        return verdicts

    decided = decide(post.text, weigh, config.decisions, raising=raising)
    decided, baselined = spare(post.text, decided, marks, config.baseline.get(name_post(post.name), {}))
    share = _repeated_share(repeats, folded, header, [*decided.kept, *_switched_off(marks)])
    return _View(decided, share, repeats, bool(leaks), segments, scene, exact, drafts, baselined)


def _told(verdict: Verdict, why: str) -> Verdict:
    return replace(verdict, safety=Safety.DISPLAY, evidence=(*verdict.evidence, why))


def _set_safety(verdict: Verdict, config: Config, *, raising: bool) -> Verdict:
    """Return a verdict with the safety the settings say; one without a fix is told whatever they say."""
    safety = config.safety_of(verdict.rule)
    if safety is None or verdict.rule in FIXLESS:
        return verdict
    return replace(verdict, safety=safety if raising and verdict.rule != CONTINUATION else min(safety, verdict.safety))


def _with_near(
    post: Post,
    segments: Segments,
    folded: Folded,
    copies: Copies,
    leaks: tuple[Leak, ...],
    near: Mapping[int, Likeness],
    exact: tuple[Verdict, ...],
    config: Config,
    stay: Sequence[Span],
) -> tuple[Verdict, ...]:
    """Return the verdicts with near copies taken for copies: unsafe where exact copies alone would not lead to them.

    Which copy stays may then be another one, so without unsafe fixes the exact verdicts stand, and of the others come those
    that leave what these take alone.
    """
    alike = {unit: like for unit, like in near.items() if not like.conflict}
    if not alike:
        return exact
    scene = set_scene(post, segments, folded, add_near(copies, alike), leaks, alike)
    certain = {(verdict.rule, verdict.spans) for verdict in exact}
    verdicts = tuple(
        replace(verdict, safety=min(verdict.safety, Safety.UNSAFE)) if (verdict.rule, verdict.spans) not in certain else verdict
        for verdict in judge(scene, config.keep, stay)
    )
    if config.unsafe_fixes:
        return verdicts
    taken = [span for verdict in exact for span in verdict.spans]

    def is_apart(verdict: Verdict) -> bool:
        touched = (*verdict.spans, *(witness for _, witness in verdict.rewritten))
        return not any(a.start < b.end and b.start < a.end for a in touched for b in taken)

    more = [verdict for verdict in verdicts if verdict.rewritten and verdict.safety is Safety.UNSAFE and is_apart(verdict)]
    return tuple(sorted([*exact, *more], key=lambda verdict: verdict.spans))


def _differing(scene: Scene, near: Mapping[int, Likeness], verdicts: Sequence[Verdict]) -> Iterator[Verdict]:
    """Yield a verdict on each near copy that states something else, where a repeat of the post goes: only told."""
    gone = [span for verdict in verdicts if verdict.safety for span in verdict.spans]
    if not any(verdict.safety and verdict.rule.startswith("RPT") for verdict in verdicts):
        return
    for unit, like in near.items():
        if like.conflict and like.similarity >= _TOLD:
            span, witness = scene.spans[unit], Span(scene.spans[like.witness].start, scene.spans[like.until].end)
            if not any(a.start < b.end and b.start < a.end for a in (span, witness) for b in gone):
                evidence = ("much like what stands before", like.conflict)
                pair = ((span, witness),)
                yield Verdict(
                    "RPT001", (span,), Safety.DISPLAY, witness, evidence, rewritten=pair, similarity=round(like.similarity, 3)
                )


def _switched_off(marks: Sequence[Suppression]) -> list[Span]:
    """Return the text in which suppressions say to leave repeats alone."""
    return [mark.covers for mark in marks if mark.holds("RPT001", [mark.covers])]


def _repeated_share(repeats: Repeats, folded: Folded, header: int, left: Sequence[Span]) -> float:
    """Return the share of the body's folded characters that lie in a long run standing earlier in the post.

    Neither characters of text that is `left` alone count nor what repeats them.
    """
    size = len(folded.codes)
    long = repeats.among(repeats.ends - repeats.starts >= _MEASURED)
    repeated = cover(long, size)
    if left:
        spared, repeated = np.zeros(size, bool), np.zeros(size, bool)
        for span in left:
            first, last = np.searchsorted(folded.offsets, span)
            spared[first:last] = True
        for start, end, distance in long:
            run = ~(spared[start:end] | spared[start - distance : end - distance])
            if np.count_nonzero(run) >= _MEASURED:
                repeated[start:end] |= run
    return float(np.count_nonzero(repeated) / max(1, size - header))


def _applies(verdict: Verdict, config: Config) -> bool:
    return verdict.safety >= (Safety.UNSAFE if config.unsafe_fixes else Safety.SAFE)


def _edits(post: Post, segments: Segments, verdicts: Sequence[Verdict], config: Config) -> list[tuple[Edit, ...]]:
    """Return the edits of each verdict; those that do not apply have none."""
    applied = [index for index, verdict in enumerate(verdicts) if _applies(verdict, config)]
    made = repair(post, segments, [verdicts[index] for index in applied])
    edits: list[tuple[Edit, ...]] = [()] * len(verdicts)
    for index, own in zip(applied, made, strict=True):
        edits[index] = own
    return edits


def _flat(edits: Sequence[tuple[Edit, ...]]) -> list[Edit]:
    return [edit for own in edits for edit in own]


def _trace_all(
    post: Post, again: Sequence[Verdict], edits: Sequence[Edit], verdicts: Sequence[Verdict], config: Config
) -> list[Verdict]:
    """Return which of the verdicts on the result still apply, their spans traced back into the original."""
    fresh: list[Verdict] = []
    origin = None
    gone = sorted(span for verdict in verdicts if _applies(verdict, config) for span in verdict.spans)
    for verdict in again:
        if _applies(verdict, config):
            origin = _origins(post.text, edits) if origin is None else origin
            traced = _trace(verdict, origin, gone)
            if traced.spans:
                fresh.append(traced)
                gone = sorted([*gone, *traced.spans])
    return fresh


def _origins(text: str, edits: Sequence[Edit]) -> Integers:
    """Return for each character of the result where it stood; white space put in counts as the edit's end."""
    pieces, at = [], 0
    for span, replacement in sorted(edits):
        pieces += [np.arange(at, span.start), np.full(len(replacement), span.end)]
        at = span.end
    return np.concatenate([*pieces, np.arange(at, len(text) + 1)])


def _trace(verdict: Verdict, origin: Integers, gone: Sequence[Span]) -> Verdict:
    spans: list[Span] = []
    for start, end in verdict.spans:
        at, stop = int(origin[start]), int(origin[end - 1]) + 1 if end > start else int(origin[start])
        for taken in gone:
            if taken.end > at and taken.start < stop:
                if taken.start > at:
                    spans.append(Span(at, taken.start))
                at = max(at, taken.end)
        if at < stop or start == end:
            spans.append(Span(at, max(at, stop)))

    def back(span: Span) -> Span:
        return Span(int(origin[span.start]), int(origin[span.end - 1]) + 1)

    return replace(
        verdict,
        spans=tuple(spans),
        witness=back(verdict.witness) if verdict.witness else None,
        leak=replace(verdict.leak, span=back(verdict.leak.span)) if verdict.leak else None,
        rewritten=tuple((back(copy), back(witness)) for copy, witness in verdict.rewritten),
        bare=tuple(map(back, verdict.bare)),
        goes_on=None if verdict.goes_on is None else int(origin[verdict.goes_on]),
    )


def _budget_error(post: Post, repaired: str, config: Config) -> str | None:
    before, after = post.ink, replace(post, text=repaired).ink
    if before - after > config.max_removed * before and not config.force:
        return f"the repair would remove {1 - after / before:.0%} of the post; `--force` allows it"
    return None


def _proof_error(post: Post, verdicts: Sequence[Verdict], edits: Sequence[Edit], repaired: str, config: Config) -> str | None:
    entries = {entry.id: entry for entry in (*read_catalogue(), *config.leaks)}
    scaffolds = [
        (verdict.leak.span, entries[verdict.leak.id]) for verdict in verdicts if verdict.leak and verdict.leak.id in entries
    ]
    applied = [verdict for verdict in verdicts if _applies(verdict, config)]
    rewritten = [pair for verdict in applied for pair in verdict.rewritten]
    dropped = [span for verdict in applied if verdict.rule == CONTINUATION for span in verdict.spans]
    bare = [span for verdict in applied for span in verdict.bare]
    try:
        prove(post, edits, repaired, scaffolds, rewritten, dropped, bare)
    except ProofError as error:
        return str(error)
    return None
