"""Say what two texts state otherwise that only a person can judge: numbers, days, names, code, links, a negation, a ban."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator

from rapidfuzz.distance import OSA

from dedupe.fold import narrow

_NUMERALS = "〇一二三四五六七八九十百千万億兆两兩"
# Compiled when first needed, and then kept by `re`: few posts are compared in such detail.
_NUMBERS = (
    r"\d+(?:[.,:/]\d+)*|第?["
    + _NUMERALS
    + r"]+(?=[年月日円元块塊角%人名社件倍割つ個个個台回時点分秒位枚本冊杯匹羽頭軒階층号番歳才度泊通着足行頁章節巻品種週周])"
    r"|(?<=第)[" + _NUMERALS + r"]+"
)
_DAYS = (
    r"[月火水木金土日]曜|星期[一二三四五六日天]|礼拜[一二三四五六日天]|[월화수목금토일]요일"
    r"|\b(?:(?:mon|tues|wednes|thurs|fri|satur|sun)days?|january|february|march|april|june|july|august|september|october"
    r"|november|december|montag|dienstag|mittwoch|donnerstag|freitag|samstag|sonnabend|sonntag|januar|februar|märz|mai|juni|juli"
    r"|oktober|dezember|lundi|mardi|mercredi|jeudi|vendredi|samedi|dimanche|lunes|martes|miércoles|jueves|viernes|sábado|domingo"
    r"|segunda|terça|quarta|quinta|sexta)\b"
)
_TITLED = (
    r"[一-龥々]{1,3}(?=(?:さん|さま|様|氏|くん|ちゃん|先生|教授|社長|部長|課長|女士|老师|师傅|婶|叔|阿姨|先輩))"
    r"|(?<=[，。、由和跟请给对是])[小老阿][一-龥]|[가-힣]{2,4}(?= ?(?:씨|님))"
)
# Letters of scripts that put no spaces between words, or add particles to them, are no part of a name in Latin letters.
_LETTER = r"[^\W_ぁ-ヿ一-龥々㐀-䶿가-힣]"
_CASED = "A-Za-zÀ-ɏͰ-ϿЀ-ԯԱ-և"
_WORDS = rf"{_LETTER}*[{_CASED}0-9](?:{_LETTER}|[+#.'’_-])*(?:{_LETTER}|[+#])|[ァ-ヴ][ァ-ヴー]+"
_SHORT = 3
"""Letters of a word too short to be told from an article or the like where all words begin with a capital letter."""
_STARTS = re.compile(r"(?:^|[.!?:]\s+|\n)[\s\"“„«¡¿*_#>-]*$")
_ASSERTIONS = (
    (r"違い(?:ない|なく|ありません)", "違い"),
    (r"過言では?(?:ない|なく|ありません)", "過言"),
    (r"(?:他|ほか)な(?:らない|りません)", "他なる|ほかなる"),
    (r"だけでは?なく", "だけ"),
    (r"(?:留|止|とど)ま(?:らない|らず|りません)", "留ま|止ま|とどま"),
    (r"欠かせ(?:ない|ません)", "欠か"),
    (
        r"(?:では|じゃ)(?:ない|ありません)(?:でしょうか|だろうか|か[なと])|ではありませんか",
        "では(?:ない|ありません)|じゃ(?:ない|ありません)",
    ),
    (r"不(?:可欠|思議)|没[入頭]|未来(?![过過])", "(?!)"),
    ("不動産", "動産"),
    (r"不[仅僅]", "[仅僅]"),
    ("不但", "但"),
    (r"\bnot only\b", r"\bonly\b"),
    (r"\bno doubt\b", "doubt"),
    (r"\bnicht nur\b", r"\bnur\b"),
)
"""Words with a negation in them that deny nothing: certainty, questions, what is more. Each comes with what is left of them in a
text that says the opposite: where that stands beside them, or in the other text, they count."""
_NEGATIONS = (
    r"ない|なく|なかっ|なけれ|ません|ずに|ねば|不|没|[無无]|未|않|없|못|말고|마세요|n['’]t\b"
    r"|\b(?:can ?not|not|nor?|never|none|nobody|nothing|nichts?|kein(?:e[mnrs]?)?|nie(?:mals|mand)?"
    r"|ne|pas|jamais|nunca|não)\b"
)
_BANS = r"[てでは](?:ならない|なりません)|[はちじ]ゃ?いけ(?:ない|ません)|[てで]は(?:だめ|ダメ)|禁止|ないで(?:くだ|下)|厳禁"
_LINKS = r"\]\(([^)\s]*)"
_CODE = r"`[^`]+`"
_LONG = 0.5
"""From that share of its letters on a text is written in letters that have capitals, where only these make a name."""


def differing_facts(copy: str, witness: str) -> Iterator[str]:
    """Yield, as words for a person, what two texts of a post (as they stand there) state differently."""
    if sorted(re.findall(_LINKS, copy)) != sorted(re.findall(_LINKS, witness)):
        yield "their links differ"
    mine, other = narrow(copy), narrow(witness)
    if Counter(re.findall(_NUMBERS, mine)) != Counter(re.findall(_NUMBERS, other)):
        yield "their numbers differ"
    if Counter(re.findall(_DAYS, mine)) != Counter(re.findall(_DAYS, other)):
        yield "their days differ"
    if _names_differ(copy, witness):
        yield "their names differ"
    if all(Counter(re.findall(_CODE, one)) - Counter(re.findall(_CODE, two)) for one, two in ((copy, witness), (witness, copy))):
        yield "their code differs"
    for assertion, rest in _ASSERTIONS:
        bare = [re.sub(assertion, "", each) for each in (mine, other)]
        if not any(re.search(rest, each) for each in bare):
            mine, other = bare
    if any(len(re.findall(each, mine)) != len(re.findall(each, other)) for each in (_NEGATIONS, _BANS)):
        yield "one of them negates"


def _names_differ(copy: str, witness: str) -> bool:
    titled = [set(re.findall(_TITLED, each)) for each in (copy, witness)]
    if titled[0] != titled[1]:
        return True
    mine, other = _names(copy), _names(witness)
    only_mine, only_other = list((mine - other).elements()), list((other - mine).elements())
    if not only_mine or not only_other:
        return False
    return any(min(OSA.distance(name, twin) for twin in only_other) > 1 for name in only_mine)


def _names(text: str) -> Counter[str]:
    """Return the words of a text that may be names: in katakana, and where letters have capitals, words with such ones."""
    found: Counter[str] = Counter()
    cased = len(re.findall(f"[{_CASED}]", text)) >= _LONG * sum(map(str.isalpha, text))
    for word in re.finditer(_WORDS, text):
        plain = not any(char.isupper() or char.isdigit() for char in word[0])
        starts = word[0].istitle() and len(word[0]) <= _SHORT and _STARTS.search(text, 0, word.start())
        if cased and (plain or starts):
            continue
        found[narrow(word[0])] += 1
    return found
