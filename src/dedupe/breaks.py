"""Find sentences that break off at the end of a block, and where they are complete or go on."""

from __future__ import annotations

import re
from collections.abc import Iterator

from dedupe.model import Kind, Safety, Span, Verdict
from dedupe.repeats import K
from dedupe.rows import HEAVY
from dedupe.scene import COPY, LEAK, NEW, VOID, Scene

_SCRAP_WEIGHT = 20
"""Weight of a beginning that no label and no list item shares with what follows by chance."""
_NEAR_CUT = 60
"""Weight of a beginning that may be punctuated otherwise where it is complete."""
_LEAST_CUT = 2
_LEAST_TAKEN_UP = 5
"""Folded characters that a text takes up behind dots, which make sure what it goes on with."""
_OPENING = 8
"""Folded characters by which the beginnings of sentences are looked up."""
_TEXT = frozenset({Kind.PARAGRAPH, Kind.VERSE, Kind.LINKS})
_LAST = frozenset({Kind.ITEM, Kind.HEADING, Kind.TABLE, Kind.QUOTE})
"""What a draft may break off in beside paragraphs; all of these may well stand without a stop, too."""
_WALLS = frozenset({Kind.CONFLICT, Kind.CODE, Kind.TABLE, Kind.QUOTE, Kind.HTML})

_STARTS_ANEW = re.compile(
    r"[\s*_…．.]*(?:[「『【（(#\-\d“\"]|しかし|また|そし|さらに|特に|例え|たとえ|まず|次に|この|その|これ|それ|そこ|そう|こう|"
    r"ここ|彼|私|僕|あなた|個人的|もちろん|では|だか|だが|ただ|一方|なぜ|最後|もし|つまり|でも|じゃあ|さて|さあ|とはいえ|"
    r"正直|実際|皆さん|加えて|同時に|今回|今後|現在|想像|考えて|結局|むしろ|以上|要する|いや|ええ|はい)"
)
_GOES_ON = re.compile(r"[*_…．.]*(?:[ぁ-んー]|[、。，」』）】]|(?P<letter>[^\W\d_]))")
_NEEDS_MORE = re.compile(r"(?:[のをがへとやでもに、，]|[一-鿿]な)[*_]*$")
"""The end of a text that cannot be the end of a sentence."""
_BRACKETS = {"「": "」", "『": "』", "（": "）", "“": "”", "【": "】"}
_IDEOGRAPHS = re.compile(r"[一-鿿]+")
_SPACED = r"[^\W_ぁ-ヿ一-鿿々㐀-䶿]"
"""A letter or digit of a script that puts spaces between words; beside others it is a word of its own."""
_WORD, _WORD_BEFORE = re.compile(rf"{_SPACED}+"), re.compile(rf"{_SPACED}+\Z")
_LONGEST_WORD = 40
_KATAKANA = re.compile(r"[ァ-ヺー]+")
_MAY_FOLLOW = re.compile(r"[*_]*(?:[ァ-ヶ一-鿿]|(?P<name>[A-Za-z0-9]))")


def find_breaks(scene: Scene) -> Iterator[Verdict]:
    """Yield what a sentence cut off at the end of its block leads to: its complete version, or just its rest."""
    for cut in range(len(scene) - 1):
        if not scene.closes[cut] or scene.state[cut] is not NEW or scene.container[cut]:
            continue
        after = _next_new(scene, cut)
        # A shorter beginning of the same sentence on the way was begun again too.
        while after < len(scene) and scene.closes[after] and scene.length[after] <= scene.length[cut]:
            if not scene.begins_with(cut, after) or not scene.length[after]:
                break
            after = _next_new(scene, after)
        if after == len(scene) or (scene.kind[after] in _WALLS and {scene.kind[cut], scene.kind[after]} != {Kind.TABLE}):
            continue
        between = [unit for unit in range(cut + 1, after) if scene.state[unit] is COPY]
        wide = any(scene.is_wide(unit) for unit in (cut + 1, after))
        begun = _next_text(scene, cut)
        if between and begun == between[0] and scene.begins_with(begun, cut) and scene.length[begun] > scene.length[cut]:
            after, between = begun, []  # begun again at once, by a copy of what stands before
        verdict = _restart(scene, cut, after, between, wide=wide) or _rest(scene, cut, after, between, wide=wide)
        if verdict:
            yield verdict


def find_fragments(scene: Scene) -> dict[int, list[int]]:
    """Return the last words of paragraphs and drafts that break off, each with the units where it is complete, anywhere.

    That speaks of damage only where something else does: an author may well begin two paragraphs alike.
    """
    cuts = [
        unit
        for unit, stops in enumerate(scene.stopped)
        if (not stops and scene.is_cut(unit) and _may_be_fragment(scene, unit))
        or (scene.kind[unit] in _LAST and _is_last_of_draft(scene, unit))
    ]
    places: dict[str, list[int]] = {_opening_words(scene, unit): [] for unit in cuts}
    for unit, prose in enumerate(scene.prose) if cuts else ():
        if (prose or scene.kind[unit] in _LAST) and (found := places.get(_opening_words(scene, unit))) is not None:
            found.append(unit)
    fragments: dict[int, list[int]] = {}
    for unit in cuts:
        wholes = [other for other in places[_opening_words(scene, unit)] if _is_completed_by(scene, unit, other)]
        if any(scene.first[unit] <= scene.witness[whole] < scene.last[unit] for whole in wholes):
            continue  # a whole that is put together from this beginning and a rest elsewhere
        if wholes:
            fragments[unit] = wholes
    return fragments


def _may_be_fragment(scene: Scene, unit: int) -> bool:
    """Tell whether a text without a stop was cut off: a caption stands alone too, but not before a seam."""
    if scene.kind[unit] is not Kind.PARAGRAPH or scene.state[unit] not in {NEW, COPY}:
        return False
    last = unit + 1 == len(scene)
    seam = last or scene.is_wide(unit + 1) or scene.state[unit + 1] is not NEW
    return scene.weight[unit] >= _SCRAP_WEIGHT and (seam or (scene.tidy and not scene.opens[unit]))


def splice(scene: Scene, cut: int, whole: int, evidence: str) -> Verdict:
    """Return the verdict that puts a whole sentence in the place of its beginning, if all between goes."""
    witness = scene.span_of(scene.first[whole], scene.stem(cut))
    spans = _around_leaks(scene, cut, whole)
    return Verdict("RPT003", spans, Safety.SAFE, witness, (evidence,), scene.spans[whole].start)


def _is_last_of_draft(scene: Scene, unit: int) -> bool:
    """Tell whether a heading or a part of a list, table or quote is the last before a seam behind which a draft begins over."""
    if scene.state[unit] is not NEW or not scene.closes[unit] or scene.stopped[unit]:
        return False
    after = _next_text(scene, unit)
    seam = any(scene.state[each] is LEAK or scene.is_wide(each) for each in range(unit + 1, min(after + 1, len(scene))))
    return seam and after < len(scene) and scene.state[after] is COPY


def _opening_words(scene: Scene, unit: int) -> str:
    return scene.chars[scene.first[unit] : scene.first[unit] + _OPENING]


def _is_completed_by(scene: Scene, cut: int, whole: int) -> bool:
    """Tell whether a sentence goes on where another broke off; behind a line break or a blank a text of its own would begin."""
    stands = scene.state[whole] is NEW or scene.state[whole] is COPY
    if scene.length[whole] <= scene.length[cut] or not stands or not scene.begins_with(whole, cut):
        return False
    if scene.kind[cut] in _LAST and (scene.kind[whole] is not scene.kind[cut] or not _is_same_level(scene, cut, whole)):
        return False
    seam = _seam(scene, cut, whole)
    return "\n" not in seam and not (len(seam) > 2 and seam[1].isspace() and _is_unspaced(seam[0]))


def _next_text(scene: Scene, unit: int) -> int:
    unit += 1
    while unit < len(scene) and scene.state[unit] in {VOID, LEAK}:
        unit += 1
    return unit


def _next_new(scene: Scene, unit: int) -> int:
    unit += 1
    while unit < len(scene) and scene.state[unit] is not NEW:
        unit += 1
    return unit


def _restart(scene: Scene, cut: int, after: int, between: list[int], *, wide: bool) -> Verdict | None:
    """Return the verdict where the complete sentence comes next, maybe after a restart some paragraphs earlier."""
    length = scene.stem(cut)
    if length < _LEAST_CUT or scene.length[after] <= length:
        return None
    exact = scene.begins_with(after, cut)
    length = length if exact else _nearly_begins(scene, after, cut)
    if not length or not _is_likely_restart(scene, cut, after, between, wide=wide):
        return None
    spans = _around_leaks(scene, cut, after)
    witness = scene.span_of(scene.first[after], length)
    evidence = ("breaks off where a complete copy follows",)
    rewritten = () if exact else ((scene.spans[cut], witness),)
    safety = Safety.SAFE if exact else Safety.UNSAFE
    return Verdict("RPT003", spans, safety, witness, evidence, scene.spans[after].start, rewritten=rewritten)


def _nearly_begins(scene: Scene, after: int, cut: int) -> int:
    """Return how much of a text is what another begins with but for its punctuation; 0 where near copies are not asked for."""
    if not scene.near or scene.weight[cut] < _NEAR_CUT:
        return 0
    begun = scene.chars[scene.first[cut] : scene.first[cut] + scene.stem(cut)]
    letters = [char for char in begun if char.isalnum()]
    count = 0
    for length, char in enumerate(scene.folded_text(after), 1):
        if char.isalnum():
            if letters[count] != char:
                return 0
            count += 1
            if count == len(letters):
                return length
    return 0


def _is_likely_restart(scene: Scene, cut: int, after: int, between: list[int], *, wide: bool) -> bool:
    """Tell a sentence that was begun again from a label and a text that begins with its words."""
    length, weight = scene.length[cut], scene.weight[cut]
    kinds = {scene.kind[cut], scene.kind[after]}
    if kinds == {Kind.TABLE}:
        return "\n" not in _seam(scene, cut, after)
    if kinds == {Kind.HEADING} and wide and (not between or is_cut_in_a_word(scene, cut, after)):
        return _is_same_level(scene, cut, after)
    restarted = sum(scene.weight[unit] for unit in between if scene.kind[unit] is Kind.PARAGRAPH) >= HEAVY
    if len(kinds) > 1 and not kinds <= _TEXT:
        return restarted and weight >= _SCRAP_WEIGHT
    if wide and not restarted and weight < _SCRAP_WEIGHT and scene.opens[cut] and (cut == 0 or not scene.tidy):
        return False  # a title without a sign before it
    if wide or restarted:
        loose = scene.stopped[cut] or not kinds <= _TEXT  # behind a stop, as in a web address, or in a list
        return not loose or weight >= _SCRAP_WEIGHT or sum(scene.weight[unit] for unit in between) >= HEAVY
    if not scene.is_cut(cut) or not kinds <= _TEXT:
        return False
    opening = _opening(scene, cut)
    in_line = scene.newlines[cut + 1] < 2
    if in_line and "\n" in _seam(scene, cut, after):
        return False  # a line of a song, sung twice
    if opening < cut and _is_same_opening(scene, opening, cut, after):
        return sum(scene.weight[opening : cut + 1]) >= _SCRAP_WEIGHT * (3 if in_line else 2)
    if length < K or not scene.post.text[scene.spans[cut].end - 1].isalnum():
        return False
    # A title over a rule, or in the line before, and a text that begins with it look the same.
    titled = in_line or (opening == cut and scene.kind[after - 1] is Kind.RULE)
    return weight >= _SCRAP_WEIGHT * (3 if titled else 1 if opening < cut or scene.tidy else 2)


def is_cut_in_a_word(scene: Scene, cut: int, after: int) -> bool:
    """Tell whether a beginning ends in the midst of a word of the text that begins with it."""
    seam = _seam(scene, cut, after)
    return len(seam) == 2 and seam.isalpha() and _is_unspaced(seam[0]) == _is_unspaced(seam[1]) == bool(_KATAKANA.fullmatch(seam))


def _seam(scene: Scene, cut: int, after: int) -> str:
    """Return the last character of what a cut text has in common with the complete one, up to the next that counts."""
    place = scene.first[after] + scene.stem(cut)
    return scene.post.text[int(scene.folded.offsets[place - 1]) : int(scene.folded.offsets[place]) + 1]


def _is_same_level(scene: Scene, heading: int, other: int) -> bool:
    first, second = (scene.text(unit) for unit in (heading, other))
    return len(first) - len(first.lstrip("#")) == len(second) - len(second.lstrip("#"))


def _opening(scene: Scene, unit: int) -> int:
    """Return the first unit of a unit's block."""
    while not scene.opens[unit]:
        unit -= 1
    return unit


def _is_same_opening(scene: Scene, opening: int, cut: int, after: int) -> bool:
    """Tell whether all of a block up to its cut end stands again, up to the complete sentence."""
    length = scene.first[cut] - scene.first[opening]
    there = scene.first[after] - length
    same = scene.chars[scene.first[opening] : scene.first[cut]]
    return there >= scene.last[cut] and scene.chars[there : scene.first[after]] == same


def _around_leaks(scene: Scene, first: int, last: int) -> tuple[Span, ...]:
    """Return the text from unit `first` up to unit `last` but for leaks, which have verdicts of their own."""
    spans: list[Span] = []
    for unit in range(first, last):
        if scene.state[unit] is LEAK:
            continue
        if spans and scene.state[unit - 1] is not LEAK:
            spans[-1] = Span(spans[-1].start, scene.spans[unit].end)
        else:
            spans.append(scene.spans[unit])
    return tuple(spans)


def _rest(scene: Scene, cut: int, after: int, between: list[int], *, wide: bool) -> Verdict | None:
    """Return the verdict where the rest of the sentence comes next, maybe with its last words once more."""
    seam = wide or between or any(scene.state[unit] is LEAK for unit in range(cut + 1, after))
    dots = scene.state[after - 1] is VOID and not scene.opens[after]
    if not seam or not scene.is_cut(cut) or scene.kind[after] is not Kind.PARAGRAPH or not (scene.opens[after] or dots):
        return None
    text = scene.post.text
    overlap = _overlap(scene, cut, after)
    # Dots are no copy of anything, but who takes up the thread with the words before them says what they are.
    safety = Safety.SAFE if not dots or overlap >= _LEAST_TAKEN_UP else Safety.UNSAFE
    end, start = scene.spans[cut].end, scene.spans[after].start
    if overlap:
        words = scene.span_of(scene.last[cut] - overlap, overlap)
        repeated = Span(words.start, scene.spans[after - 1].end if dots else end)
        witness = scene.span_of(scene.first[after], overlap)
        return Verdict("RPT004", (repeated,), safety, witness, ("goes on after a break with its last words again",), start)
    if _is_behind_prompt(scene, after):
        return None  # there stands an echo, which may begin in the midst of a sentence
    goes_on = _GOES_ON.match(text, start)
    goes_on = goes_on if goes_on and (not goes_on["letter"] or goes_on["letter"].islower()) else None
    follows = _MAY_FOLLOW.match(text, start)
    follows = follows if follows and (not follows["name"] or after == cut + 1) else None
    if _STARTS_ANEW.match(text, start) or not (goes_on or (follows and needs_more(text, end, start))):
        return None
    unspaced = _is_unspaced(text[end - 1]) or _is_unspaced(text[start])
    glue = "" if unspaced or _is_known_word(text, end, start) else " "
    gap = Span(end, scene.spans[after - 1].end) if dots else Span(end, end)
    return Verdict("RPT004", (gap,), safety, None, ("goes on after a break",), start, glue)


def needs_more(text: str, end: int, start: int) -> bool:
    """Tell whether what ends there cannot be the end of a sentence, or of a word before what starts there."""
    in_a_word = _KATAKANA.fullmatch(text[end - 1] + text[start])
    known = _is_known_compound(text, end, start) or _is_known_word(text, end, start)
    return bool(_NEEDS_MORE.search(text, end - 3, end) or in_a_word or known or _closes_bracket(text, end, start))


def _closes_bracket(text: str, end: int, start: int) -> bool:
    """Tell whether what starts there closes a bracket that the line that ends there left open."""
    before = text[text.rfind("\n", 0, end) + 1 : end]
    after = text[start:].partition("\n")[0]
    for opening, closing in _BRACKETS.items():
        if before.count(opening) == before.count(closing) + 1 and before.rfind(opening) > before.rfind(closing):
            at = after.find(closing)
            return at >= 0 and opening not in after[:at]
    return False


def _is_known_compound(text: str, end: int, start: int) -> bool:
    """Tell whether two ideographs that meet, with one more before or after them, or four signs, stand together elsewhere."""
    across = text[end - 2 : end] + text[start : start + 2]
    if _IDEOGRAPHS.fullmatch(across[1:-1]):
        return across[:-1] in text or across[1:] in text
    # Of four Latin letters some word is made in any text.
    return across.isalnum() and not across.isascii() and across in text


def _is_known_word(text: str, end: int, start: int) -> bool:
    """Tell whether the halves of a word that meet stand as one elsewhere, but not both as words of their own."""
    left, right = _WORD_BEFORE.search(text, max(0, end - _LONGEST_WORD), end), _WORD.match(text, start)
    if not left or not right:
        return False
    words = (left[0] + right[0], left[0], right[0])
    stands = [len(re.findall(rf"(?<!{_SPACED}){word}(?!{_SPACED})", text)) for word in words]
    return stands[0] > 0 and min(stands[1:]) == 1


def _is_behind_prompt(scene: Scene, unit: int) -> bool:
    return any(leak.kind == "prompt" and leak.own_line and scene.unit_from(leak.span.end) == unit for leak in scene.leaks)


def _is_unspaced(char: str) -> bool:
    """Tell whether a script is written without spaces, so that a sentence may break in a word: not Latin, not Hangul."""
    return char >= "\u2e80" and not "\uac00" <= char <= "\ud7ff"


def _overlap(scene: Scene, cut: int, after: int) -> int:
    """Return how many folded characters at the end of one unit begin the other."""
    first = scene.folded_text(cut)
    second = scene.folded_text(after)
    for length in range(min(len(first), len(second), 80), 1, -1):
        if first.endswith(second[:length]):
            spaced = [char < "\u2e80" for char in second[:length]]
            start = int(scene.folded.offsets[scene.last[cut] - length])
            in_a_word = spaced[0] and _WORD_BEFORE.search(scene.post.text, max(0, start - 1), start)
            if not in_a_word and (length >= 6 or not all(spaced)):
                return length
    return 0
