"""Findings that are there and known: which they are, as lines that git can merge."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from dedupe.errors import ConfigError

VERSION = 1
_KEY = re.compile(r"(?P<fingerprint>[0-9a-f]{16}) (?P<post>.+)", re.DOTALL)
_ROW = re.compile(r"(?P<table>.+?\.(?:jsonl|jsonl\.gz|jsonl\.zst|ndjson|parquet))(?P<row>#.*|:[0-9]+)", re.DOTALL | re.IGNORECASE)

Counts = Mapping[str, int]
"""How often a post has a finding, by its fingerprint."""
Baseline = Mapping[str, Counts]
"""Counts by post; posts are called by their path from the folder of the file, with `/`, in NFC."""


@dataclass(frozen=True, slots=True)
class Update:
    """What a baseline becomes, and how many findings were added and removed."""

    baseline: Baseline
    added: int
    removed: int


def read_baseline(text: str, source: str) -> Baseline:
    """Return the baseline in `text`, the content of the file `source`.

    Raises ConfigError with the place where the text is not what `write_baseline` writes, or is of another version.
    """
    try:
        pairs: Any = json.loads(text, object_pairs_hook=tuple)
    except json.JSONDecodeError as error:
        raise ConfigError(
            "{source}: line {lineno} is not JSON ({msg}); after a merge keep the lines of both sides",
            source=source,
            lineno=error.lineno,
            msg=error.msg,
        ) from error
    except (ValueError, RecursionError):
        pairs = None  # a number of thousands of digits, brackets without end: nothing we wrote
    if not isinstance(pairs, tuple) or ("version", VERSION) not in pairs:
        raise ConfigError(
            "{source}: is no baseline of version {VERSION}; write it anew with `dedupe baseline --update`",
            source=source,
            VERSION=VERSION,
        )
    baseline: dict[str, dict[str, int]] = {}
    for key, count in pairs:
        match = _KEY.fullmatch(key)
        if key == "version":
            continue
        if not match or isinstance(count, bool) or not isinstance(count, int) or count < 1:
            raise ConfigError(
                '{source}: {key!r} must be written "fingerprint path/of/the/post.md": count', source=source, key=key
            )
        counts = baseline.setdefault(name_post(match["post"]), {})
        # A merge may leave a line twice.
        counts[match["fingerprint"]] = max(count, counts.get(match["fingerprint"], 0))
    return baseline


def write_baseline(baseline: Baseline) -> str:
    """Return the content of a file with `baseline`: one finding of one post a line, sorted.

    Each of these lines ends with a comma, for the version comes last, so lines of two branches merge.
    """
    counted = {f"{key} {post}": count for post, counts in baseline.items() for key, count in counts.items()}
    lines = [f"{json.dumps(key, ensure_ascii=False)}: {counted[key]},\n" for key in sorted(counted)]
    return "".join(["{\n", *lines, f'"version": {VERSION}\n}}\n'])


def name_post(path: str) -> str:
    """Return the path of a post as a baseline has it: some systems hand out names in another form than they got them."""
    return unicodedata.normalize("NFC", path)


def split_name(post: str) -> tuple[str, str]:
    """Return the path in the name of a post, and what is behind it: a row of a table has its id or number there."""
    row = _ROW.fullmatch(post)
    return (row["table"], row["row"]) if row else (post, "")


def follow(baseline: Baseline, posts: Collection[str], gone: Collection[str]) -> Baseline:
    """Return the baseline with what is known of `gone` posts offered to all `posts` that it does not name.

    So a renamed post keeps its place in the baseline, and a copy of one that is still there does not get one.
    """
    orphans: dict[str, int] = {}
    for post in sorted(gone):
        for key, count in baseline[post].items():
            orphans[key] = max(count, orphans.get(key, 0))
    return baseline if not orphans else {**baseline, **{post: orphans for post in posts if post not in baseline}}


def update_baseline(old: Baseline, found: Baseline, gone: Collection[str], *, prune: bool) -> Update:
    """Return `old` brought up to what was `found` in the posts that were examined; of `gone` posts nothing is left.

    `found` has an entry for each post examined, also for those without findings; other posts stay as they were.
    With `prune` only what is no more is taken out.
    """
    new: dict[str, Counts] = {}
    for post in sorted({*old, *found} - set(gone)):
        before, now = old.get(post, {}), found.get(post, old.get(post, {}))
        counts = {key: min(count, before.get(key, 0)) for key, count in now.items()} if prune else now
        if kept := {key: count for key, count in counts.items() if count}:
            new[post] = kept
    return Update(new, _more(new, old), _more(old, new))


def keep_others(found: Baseline, old: Baseline, there: Baseline) -> Baseline:
    """Return what was `found` with some of the rules, and what `old` has of the others and is still `there`."""
    kept: dict[str, Counts] = {}
    for post, counts in found.items():
        others = {key: min(count, there.get(post, {}).get(key, 0)) for key, count in old.get(post, {}).items()}
        kept[post] = {**others, **{key: max(count, others.get(key, 0)) for key, count in counts.items()}}
    return kept


def _more(a: Baseline, b: Baseline) -> int:
    """Return how many findings `a` has that `b` has not."""
    return sum(max(0, count - b.get(post, {}).get(key, 0)) for post, counts in a.items() for key, count in counts.items())
