"""Know a finding again by what it says, wherever it stands."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import blake2b

from dedupe.model import Span

_AROUND = 40
"""Characters on each side by which a finding without text of its own (a break, a gap) is known."""


def fingerprint(code: str, text: str, spans: Sequence[Span]) -> str:
    """Return 16 hexadecimal digits that stay the same while a finding's rule and the characters of `spans` do.

    White space makes no difference, nor does where in the post the text stands; text that stands in a post twice has the
    same fingerprint twice.
    """
    said = "".join("".join(text[start:end].split()) for start, end in spans)
    if not said and spans:
        start, end = spans[0].start, spans[-1].end
        said = "\0".join("".join(side.split()) for side in (text[max(0, start - _AROUND) : start], text[end : end + _AROUND]))
    return blake2b(f"{code}\0{said}".encode("utf-8", "surrogatepass"), digest_size=8).hexdigest()
