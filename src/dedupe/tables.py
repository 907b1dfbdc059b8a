"""Posts that are rows of a table, JSON Lines or Parquet: examined batch by batch, repaired in a copy."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from functools import partial
from itertools import islice
from pathlib import Path
from typing import IO, TYPE_CHECKING

from dedupe.baseline import Counts, name_post
from dedupe.config import Config
from dedupe.corpus import TABLES
from dedupe.errors import InputError
from dedupe.lines import copy_lines, read_lines
from dedupe.model import Finding, Post
from dedupe.page import DETAILED, pack_detail, rank
from dedupe.parquet import copy_parquet, read_parquet
from dedupe.records import Columns, Record, unfinished
from dedupe.report import PostReport, Report, report_post

if TYPE_CHECKING:
    from dedupe.traits import Traits

_BATCH = 128
"""So many rows are in memory at a time."""


@dataclass(frozen=True, slots=True)
class _Done:
    """What comes of a row: the report, what was repaired, and what is wrong."""

    report: PostReport | None = None
    findings: tuple[Finding, ...] = ()
    repaired: str | None = None
    error: str | None = None
    traits: Traits | None = None


_Task = tuple[Post | None, Counts]
"""A row to examine, and what the baseline has of it."""
Mapper = Callable[[Callable[[_Task], _Done], list[_Task]], Iterable[_Done]]
"""Applies a function to rows, in their order, as `map` or over processes."""


def clean_table(
    file: Path,
    columns: Columns,
    config: Config,
    mapper: Mapper,
    output: Path | None = None,
    *,
    keep_going: bool = False,
    proof: bool = True,
    page: bool = False,
    note: Callable[[Post, Traits], None] | None = None,
) -> Report:
    """Examine the rows of `file`; with `output` write a repaired copy there and what went to `output`.removals.jsonl.

    Both come into being whole at the end, or not at all. A row that cannot be read stops the run (InputError names it)
    unless it is to `keep_going`; then it is named in `Report.errors` and copied as it is. A row whose text is null is copied.
    Without `proof` nothing can be written. With `page` the report has what its page shows. `note` is told of each row that has a
    report, in order, what counts of it when it is compared with others.
    """
    if not file.name.lower().endswith(TABLES):
        raise InputError(
            "{file}: is no table; with --text-column name a file that ends in {known}", file=file, known=", ".join(TABLES)
        )
    if not file.is_file():
        raise InputError("there is no file {value!r}", value=str(file))
    if output is not None and output.exists() and output.samefile(file):
        raise InputError("--output {output} would overwrite what is read; choose another file", output=output)
    parquet = file.name.lower().endswith(".parquet")
    reports: list[PostReport] = []
    errors: list[str] = []
    held: list[int] = []
    with ExitStack() as stack:
        write: Callable[[Record, str | None], None] = _ignore
        removals: IO[str] | None = None
        if output is not None:
            if output.name.lower().endswith(".parquet") is not parquet:
                raise InputError(
                    "--output {output}: a copy is written as the original is; end it like {name}", output=output, name=file.name
                )
            path = stack.enter_context(unfinished(output.with_name(f"{output.name}.removals.jsonl")))
            removals = stack.enter_context(path.open("w", encoding="utf-8", newline="\n"))
            write = stack.enter_context(copy_parquet(file, output, columns) if parquet else copy_lines(output, columns))
        records = read_parquet(file, columns, whole=output is not None) if parquet else read_lines(file, columns)
        work = partial(_examine, config=replace(config, baseline={}), proof=proof, page=page, compares=note is not None)
        for record, done in _examine_all(records, config, partial(mapper, work), keep_going=keep_going):
            if done.error:
                errors.append(done.error)
            if done.report:
                held += [len(reports)] if done.report.detail else []
                reports.append(done.report)
            if note and record.post and done.traits:
                note(record.post, done.traits)
            write(record, done.repaired)
            if removals:
                removals.writelines(_removals(record, done))
            if len(held) >= 2 * DETAILED:
                held = _drop_details(reports, held)
    return Report(tuple(reports), tuple(errors), unsafe_fixes=config.unsafe_fixes, near=config.near)


def _examine(task: _Task, config: Config, *, proof: bool, page: bool, compares: bool) -> _Done:
    """Examine one row; for workers."""
    from dedupe.pipeline import examine  # noqa: PLC0415 (brings numpy along)
    from dedupe.traits import find_traits  # noqa: PLC0415 (as above)

    post, known = task
    if post is None:
        return _Done()
    try:
        outcome = examine(post, replace(config, baseline={name_post(post.name): known}) if known else config, proof=proof)
    except Exception as error:  # noqa: BLE001 (a defect met in one row must not keep the others from being examined)
        defect = f"{type(error).__name__}: {error}"
        return _Done(error=f"{post.name}: a defect of dedupe ({defect}); left as it was, please report it")
    unproved = f"{post.name}: {outcome.proof_error}; left as it was" if outcome.proof_error else None
    report = report_post(outcome)
    if page and (report.findings or report.error):
        report = replace(report, detail=pack_detail(report, post.text))
    traits = find_traits(post, config) if compares else None
    if not outcome.changed:
        return _Done(report, error=unproved, traits=traits)
    return _Done(report, outcome.findings, outcome.repaired, unproved, traits)


def _examine_all(
    records: Iterator[Record], config: Config, mapper: Callable[[list[_Task]], Iterable[_Done]], *, keep_going: bool
) -> Iterator[tuple[Record, _Done]]:
    while batch := list(islice(records, _BATCH)):
        bad = next((record.error for record in batch if record.error), None)
        if bad and not keep_going:
            raise InputError("{bad}; nothing was written, `--keep-going` passes such rows by", bad=bad)
        tasks = [(each.post, config.baseline.get(name_post(each.post.name), {}) if each.post else {}) for each in batch]
        for record, done in zip(batch, mapper(tasks), strict=True):
            yield record, replace(done, error=record.error) if record.error else done


def _removals(record: Record, done: _Done) -> Iterator[str]:
    """Yield a line for each span that went: where, what, and what stays for it (characters of the row's text, half-open)."""
    if done.repaired is None or record.post is None:
        return
    text = record.post.text
    for finding in done.findings:
        stays = finding.witness
        for start, end in (edit.span for edit in finding.edits if edit.span.end > edit.span.start):
            gone = {
                "id": record.id,
                "row": record.number,
                "code": finding.code,
                "span": [start, end],
                "text": text[start:end],
                "witness": {"span": list(stays), "text": text[stays.start : stays.end]} if stays else None,
            }
            yield json.dumps(gone, ensure_ascii=False, default=str) + "\n"


def _drop_details(reports: list[PostReport], held: list[int]) -> list[int]:
    """Let go of those texts that the page will not show; return the places of those that it may."""
    ranked = sorted(held, key=lambda index: rank(reports[index]))
    for index in ranked[DETAILED:]:
        reports[index] = replace(reports[index], detail="")
    return ranked[:DETAILED]


def _ignore(_: Record, __: str | None) -> None:
    """Write nothing."""
