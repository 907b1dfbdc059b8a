"""Ask a person at a terminal, finding by finding, what goes and what stays; no files, no screen."""

from __future__ import annotations

from collections.abc import Callable

from dedupe.align import Piece, align
from dedupe.decisions import Decision
from dedupe.language import N_, say
from dedupe.report import say_finding
from dedupe.session import Item, Session, Status

_LONGEST = 300
"""Characters that are shown of a text before the difference is asked for."""
_PROMPT = N_("REMOVE it? y(es), n(o: KEEP both), a(ll of this post), d(ifference), s(kip this post), q(uit): ")


def ask(session: Session, read: Callable[[int], str], show: Callable[[str], None], answer: Callable[[str], str]) -> None:
    """Go through the findings that wait, worst post first, and note in the session what is answered.

    `read` returns the text of a post, `show` shows lines, `answer` shows a prompt and returns what was typed. An answer that
    is none of the six is asked for again; the end of the input is `q`.
    """
    for number in list(session.order):
        text = read(number)
        for item in session.items[number]:
            if session.status(item) is not Status.OPEN:
                continue
            show(_describe(session, item, text))
            said = _ask_one(item, text, show, answer)
            if said == "q":
                return
            if said == "s":
                break
            if said == "a":
                for other in session.items[number]:
                    if session.status(other) is Status.OPEN:
                        session.decide(other, Decision.ACCEPT, Status.OPEN)
                break
            session.decide(item, Decision.ACCEPT if said == "y" else Decision.REJECT, Status.OPEN)


def _ask_one(item: Item, text: str, show: Callable[[str], None], answer: Callable[[str], str]) -> str:
    while True:
        said = answer(say(_PROMPT)).strip().lower()[:1]
        if said in {"y", "n", "a", "s", "q"}:
            return said
        if said == "d":
            show(_difference(item, text))


def _describe(session: Session, item: Item, text: str) -> str:
    finding = item.finding
    place = f"{session.posts[item.post].path}:{finding.lines[0]}: {finding.code} {say_finding(finding)}"
    shown = [place, f"  REMOVE {_shorten(text[slice(*finding.span)])}"]
    if finding.witness:
        shown.append(f"  KEEP   {_shorten(text[slice(*finding.witness.span)])} (line {finding.witness.lines[0]})")
    return "\n".join(shown)


def _shorten(text: str) -> str:
    flat = " ".join(text.split())
    return flat if len(flat) <= _LONGEST else f"{flat[: _LONGEST - 60]} … {flat[-50:]}"


def _difference(item: Item, text: str) -> str:
    """Return both texts in full, what differs between brackets."""
    finding = item.finding
    if finding.witness is None:
        return f"  REMOVE {text[slice(*finding.span)]}"
    goes, stays = align(text[slice(*finding.span)], text[slice(*finding.witness.span)], whole=True)
    return f"  REMOVE {_marked(goes)}\n  KEEP   {_marked(stays)}"


def _marked(pieces: list[Piece]) -> str:
    return "".join(f"[{piece.text}]" if piece.differs else piece.text for piece in pieces)
