"""What a person decided about findings: one line of JSON each, sorted, so that git can merge the file."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from dedupe.errors import ConfigError

_FINGERPRINT = re.compile(r"[0-9a-f]{16}")


class Decision(StrEnum):
    """What is to become of a finding.

    Accept: an unsafe fix is made as if it were safe. Reject: the finding is told no more, and nothing of it is mended. Keep
    other: the copy stays, and its witness goes instead, as if that were safe.
    """

    ACCEPT = "accept"
    REJECT = "reject"
    KEEP_OTHER = "keep-other"

    @property
    def asks(self) -> bool:
        """Whether it has something done that would else be left."""
        return self is not Decision.REJECT


def read_decisions(text: str, source: str) -> dict[str, Decision]:
    """Return the decisions by fingerprint that `text`, the content of the file `source`, holds.

    A decision is about a text and a rule, not about a place: it holds in every post that says the same. Blank lines and
    the same line twice do no harm. Raises ConfigError with the line for anything else, and where two lines contradict.
    """
    decisions: dict[str, Decision] = {}
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip():
            continue
        fingerprint, decision = _read_line(line, f"{source}: line {number}")
        if decisions.setdefault(fingerprint, decision) is not decision:
            raise ConfigError(
                "{source}: line {number} contradicts another about {fingerprint}; keep one of them",
                source=source,
                number=number,
                fingerprint=fingerprint,
            )
    return decisions


def write_decisions(decisions: Mapping[str, Decision]) -> str:
    """Return the content of a file with `decisions`, one a line, sorted by fingerprint."""
    # Neither a fingerprint nor a decision holds a sign that JSON would escape, and there may be very many.
    return "".join(f'{{"fingerprint": "{key}", "decision": "{decisions[key]}"}}\n' for key in sorted(decisions))


def _read_line(line: str, place: str) -> tuple[str, Decision]:
    try:
        value: Any = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise ConfigError(
            "{place} is not JSON ({msg}); after a merge keep the lines of both sides, without markers",
            place=place,
            msg=getattr(error, "msg", error),
        ) from error
    if not isinstance(value, dict) or value.keys() != {"fingerprint", "decision"}:
        raise ConfigError(
            '{place} must be written {{"fingerprint": "…", "decision": "accept", "reject" or "keep-other"}}', place=place
        )
    fingerprint, decision = value["fingerprint"], value["decision"]
    if not isinstance(fingerprint, str) or not _FINGERPRINT.fullmatch(fingerprint):
        raise ConfigError(
            "{place}: {fingerprint!r} is no fingerprint; `dedupe scan --format json` shows them (16 signs)",
            place=place,
            fingerprint=fingerprint,
        )
    if decision not in list(Decision):
        raise ConfigError(
            "{place}: the decision cannot be {decision!r}; use one of {known}",
            place=place,
            decision=decision,
            known=", ".join(Decision),
        )
    return fingerprint, Decision(decision)
