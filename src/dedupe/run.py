"""Examine and repair whole collections: reads files, spreads the work over processes, writes what is proved."""

from __future__ import annotations

import gc
import itertools
import os
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from dedupe.baseline import Baseline, Counts, follow, name_post, split_name
from dedupe.config import Config
from dedupe.corpus import Choice, Source, find_sources, name_file, read_source
from dedupe.diff import unified_diff
from dedupe.errors import InputError, Sentence, WriteError
from dedupe.files import Journal, digest, write_atomic
from dedupe.history import note_run, read_history
from dedupe.index import Index, stamp_of
from dedupe.language import N_
from dedupe.model import Edit, Outcome, Post, Span
from dedupe.page import Trend, pack_detail, write_page
from dedupe.peers import Found, Peer, add_across, compare_peers, edits_across, takes_over
from dedupe.records import Columns
from dedupe.repair import apply
from dedupe.report import PostReport, Report, merge, render, render_summary, report_post
from dedupe.shelf import Shelf, open_shelf
from dedupe.spool import open_spool
from dedupe.tables import clean_table

if TYPE_CHECKING:
    # Where nothing is new nobody waits for numpy.
    from dedupe.traits import Traits

Progress = Callable[[int, int], None]
"""Called with how many posts are done and how many there are."""

_ALONE = 24
"""Fewer posts than that are examined in this process: starting others takes longer."""

_THEN = "see the report of the run, then run `dedupe fix` by hand"
_RARELY = (100_000, 20, 20)
"""Thresholds of the garbage collector: examining makes many objects and no cycles, so there is little to collect."""


@dataclass(frozen=True, slots=True)
class _Examined:
    """What comes back from a worker: the report, by what the index knows the post, and the bytes where they will be written."""

    source: Source
    report: PostReport | None
    error: str | None
    stamp: str | None = None
    content: str = ""
    traits: Traits | None = None
    before: bytes | None = None
    after: bytes | None = None


_Task = tuple[Source, Counts]
"""A post to examine, and what the baseline has of it."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What a run nobody watches may do at most: how many posts it changes, and the share of all text it removes."""

    posts: int | None = None
    removed: float | None = None

    def find_breach(self, reports: Sequence[PostReport]) -> str | None:
        """Return in a sentence what goes beyond the limits, None where nothing does."""
        changed = sum(report.changed for report in reports)
        share = sum(report.removed for report in reports) / max(1, sum(report.characters for report in reports))
        if self.posts is not None and changed > self.posts:
            return f"{changed:,} posts would change, more than the {self.posts:,} of --max-posts; {_THEN}"
        if self.removed is not None and share > self.removed:
            return f"{share:.1%} of all text would go, more than the {self.removed:.1%} of --max-removed; {_THEN}"
        return None


class _Examine(Protocol):
    """`pipeline.examine`: looked up when there is something to examine, for it brings numpy along."""

    def __call__(self, post: Post, config: Config, *, proof: bool) -> Outcome: ...


_FindTraits = Callable[[Post, Config], "Traits"] | None
"""`traits.find_traits`, where posts are compared with each other."""


def scan(
    paths: Iterable[str | Path],
    config: Config | None = None,
    *,
    jobs: int = 1,
    diff: bool = False,
    page: bool = False,
    choice: Choice | None = None,
    index: Index | None = None,
    progress: Progress | None = None,
) -> Report:
    """Return what is wrong with the posts under `paths`; writes nothing, so proves nothing unless a `diff` is asked for.

    With `page` the report has what its page shows of each post.

    `jobs` is the number of processes (0: one for each core). With an `index` posts that are as they were are not examined
    again; the report is the same. Raises InputError for a path that does not exist; a post
    that cannot be read is named in `Report.errors`, and the others go on.
    """
    config, paths = config or Config(), list(paths)
    sources = find_sources(paths, config, choice)
    errors: list[str] = []
    with open_shelf() as shelf:
        examined_all = _examine_all(
            sources, config, jobs, diff=diff, page=page, keep=False, proof=diff, index=index, progress=progress
        )
        work = [_without_traits(examined, shelf) for examined in examined_all]
        found = _find_across(work, shelf, paths, sources, config, choice, index, errors)
    work, reports = _bring_together(work, found, with_renamed(config, sources), diff=diff, page=page)
    for examined in work:
        _note(examined, reports, errors)
    return merge(reports, errors, unsafe_fixes=config.unsafe_fixes, near=config.near)


def fix(
    paths: Iterable[str | Path],
    config: Config | None = None,
    *,
    dry_run: bool = False,
    output: Path | None = None,
    home: Path | None = None,
    reports: Path | None = None,
    jobs: int = 1,
    choice: Choice | None = None,
    limits: Limits | None = None,
    index: Index | None = None,
    progress: Progress | None = None,
) -> Report:
    """Repair the posts under `paths` in place, or write all of them, repaired, under `output`.

    The original bytes go into the journal in `home` (the current folder) first; `undo` gives them back. What was done is
    written to `reports`/<run>/ when `reports` is given. With `dry_run` only that is written. With `limits` all is planned before
    anything is written, and nothing is where it would go beyond them: `Report.held` says why. With an `index` posts are not
    examined again that are as they were, and stayed so. Runs over whole folders that may write in place are noted in the
    history in `home`: those over a few posts would make its trend say nothing.
    """
    config, home, paths = config or Config(), home or Path.cwd(), list(paths)
    sources = find_sources(paths, config, choice)
    noted = not dry_run and output is None and _is_whole(paths, choice)
    targets = _targets(sources, output) if output is not None else {}
    run = _new_run(home, reports)
    journal = Journal(home, run)
    done: list[PostReport] = []
    errors: list[str] = []
    held: str | None = None
    failed: set[str] = set()
    try:
        work: Iterable[_Examined] = _examine_all(
            sources,
            config,
            jobs,
            diff=reports is not None,
            page=reports is not None,
            keep=not dry_run,
            proof=True,
            index=index,
            progress=progress,
        )
        if limits is not None or config.compares:
            # Posts are compared as they were, so before any is written.
            with open_shelf() as shelf:
                work = [_without_traits(_without_bytes(examined), shelf) for examined in work]
                found = _find_across(work, shelf, paths, sources, config, choice, index, errors)
            shown = reports is not None
            work, others = _bring_together(work, found, with_renamed(config, sources), diff=shown, page=shown, keep=not dry_run)
            done += others
        if limits is not None:
            held = limits.find_breach([examined.report for examined in work if examined.report])
        for examined in work:
            try:
                if not dry_run and held is None:
                    _check_partners(examined, failed)
                    _write(examined, targets.get(examined.source), journal)
            except WriteError as error:
                failed.add(examined.source.name)
                errors.append(str(error))
                if examined.report:
                    done.append(_unchanged(examined.report, str(error)))
                continue
            _note(examined, done, errors)
    finally:
        report = merge(done, errors, run, unsafe_fixes=config.unsafe_fixes, near=config.near, held=held)
        folder = None if reports is None else reports / run
        report = _keep_account(report, home, folder, noted=noted, dry_run=dry_run or held is not None)
    return report


def _keep_account(report: Report, home: Path, folder: Path | None, *, noted: bool, dry_run: bool) -> Report:
    """Write what a run did to the history in `home` and to `folder`; where that fails, the report returned says so."""
    try:
        if noted:
            note_run(home, report)
        if folder is not None:
            _write_reports(report, folder, _trend(home), dry_run=dry_run)
    except OSError as error:
        # What is repaired is repaired, and whoever waits is to hear of it.
        values = {"file": error.filename or home, "why": error.strerror}
        sentence = Sentence.make(N_("{file}: the account of the run cannot be written ({why})"), values)
        return replace(report, errors=(*report.errors, sentence))
    return report


def scan_table(
    file: Path, columns: Columns, config: Config, *, keep_going: bool = False, page: bool = False, jobs: int = 1
) -> Report:
    """Return what is wrong with the rows of a table, as `clean_table` does, over several processes; writes nothing."""
    return _clean_table(file, columns, config, None, jobs, keep_going=keep_going, proof=False, page=page)


def fix_table(
    file: Path,
    columns: Columns,
    config: Config,
    output: Path | None,
    *,
    reports: Path,
    keep_going: bool = False,
    jobs: int = 1,
) -> Report:
    """Write a repaired copy of a table to `output` (None: only look), and what was done to `reports`/<run>/."""
    run = _new_run(Path.cwd(), reports)
    report = replace(_clean_table(file, columns, config, output, jobs, keep_going=keep_going, proof=True, page=True), run=run)
    _write_reports(report, reports / run, (), dry_run=output is None, diff=False)
    return report


def _clean_table(
    file: Path, columns: Columns, config: Config, output: Path | None, jobs: int, *, keep_going: bool, proof: bool, page: bool
) -> Report:
    """Clean a table, and compare its rows with each other as far as that is asked for and memory allows."""
    with _mapper(jobs or os.cpu_count() or 1) as mapper, open_spool() as spool:
        note = spool.add if config.compares else None
        report = clean_table(file, columns, config, mapper, output, keep_going=keep_going, proof=proof, page=page, note=note)
        if spool.is_full:
            error = InputError("{file}: has too many rows to compare with each other; `--ignore POST` leaves that out", file=file)
            return replace(report, errors=(*report.errors, str(error)))
        return spool.compare(report, config, page=page) if config.compares else report


def count_findings(report: Report) -> Baseline:
    """Return how often each post that was examined has which findings, as a baseline counts them."""
    counts: dict[str, Counter[str]] = {}
    for post in report.posts:
        # Rows of a table may share a name, and what is known counts for each of them.
        counts[name_post(post.path)] = counts.get(name_post(post.path), Counter()) | Counter(
            finding.fingerprint for finding in post.findings
        )
    return counts


def is_gone(post: str) -> bool:
    """Tell whether a post of the baseline is no more; a row is there as long as its table is."""
    return not Path(split_name(post)[0]).exists()


def _is_whole(paths: Sequence[str | Path], choice: Choice | None) -> bool:
    """Tell whether a run is over a collection, and not over posts named one by one or those that changed."""
    return any(Path(path).is_dir() for path in paths) and (choice is None or choice.only is None)


def _without_bytes(examined: _Examined) -> _Examined:
    """Let go of the bytes of a post that stays as it is: a plan holds only what it will write."""
    return replace(examined, before=None, after=None) if examined.after == examined.before else examined


def _without_traits(examined: _Examined, shelf: Shelf) -> _Examined:
    """Put the traits of a post on the shelf: those of all of them are too many to be held."""
    if examined.traits is None:
        return examined
    shelf.put(examined.content, examined.traits)
    return replace(examined, traits=None)


def _bring_together(
    work: Sequence[_Examined], found: Found, config: Config, *, diff: bool, page: bool, keep: bool = False
) -> tuple[list[_Examined], list[PostReport]]:
    """Return the work with what was found across posts in its reports, and the reports of posts that were not asked for.

    First come posts that take over the address of others.
    """
    reports = {report.path: report for report in add_across((each.report for each in work if each.report), found, config)}
    told = [
        each if each.report is None else _with_report(each, reports.pop(each.source.name), diff=diff, page=page, keep=keep)
        for each in work
    ]
    return sorted(told, key=lambda each: not (each.report and takes_over(each.report))), list(reports.values())


def _with_report(examined: _Examined, report: PostReport, *, diff: bool, page: bool, keep: bool) -> _Examined:
    """Return a post with a report that tells more; its front matter is edited as that says, whatever becomes of its body."""
    edits = [Edit(Span(*edit.span), edit.replacement) for edit in edits_across(report)]
    if report == examined.report or not (edits or page):
        return replace(examined, report=report)
    raw, post = read_source(examined.source)
    before = examined.report
    if edits:
        done = [finding for finding in before.findings if before.changed] if before else []
        every = [*edits, *(Edit(Span(*edit.span), edit.replacement) for finding in done for edit in finding.edits)]
        report = replace(report, changed=True, diff=unified_diff(report.path, post.text, every) if diff else "")
    if page:
        report = replace(report, detail=pack_detail(report, post.text))
    if not (edits and keep):
        return replace(examined, report=report)
    body = (examined.after if examined.after is not None else raw).decode("utf-8")
    return replace(examined, report=report, before=raw, after=apply(body, edits).encode("utf-8"))


def _check_partners(examined: _Examined, failed: set[str]) -> None:
    """Raise WriteError for a twin whose address would have been taken over by a post that could not be written."""
    for finding in examined.report.findings if examined.report else ():
        for other in finding.elsewhere:
            if finding.edits and other.path in failed:
                raise WriteError(
                    "{name}: left as it was, for {path} could not be written", name=examined.source.name, path=other.path
                )


def _find_across(
    work: Sequence[_Examined],
    shelf: Shelf,
    paths: Sequence[str | Path],
    sources: Sequence[Source],
    config: Config,
    choice: Choice | None,
    index: Index | None,
    errors: list[str],
) -> Found:
    """Return what is found across posts, those under `paths` that were not chosen among them."""
    if not config.compares:
        return Found()
    peers = [Peer(examined.source, examined.content) for examined in work if examined.report]
    others: Sequence[Peer] = ()
    if choice is not None and choice.only is not None:
        chosen = set(sources)
        every = find_sources(paths, config, replace(choice, only=None))
        others = [Peer(source, "") for source in every if source not in chosen]
    try:
        return compare_peers([*peers, *others], shelf, config, index)
    except InputError as error:
        errors.append(str(error))
        return Found()


def _note(examined: _Examined, reports: list[PostReport], errors: list[str]) -> None:
    if examined.report is not None:
        reports.append(examined.report)
    if examined.error is not None:
        errors.append(examined.error)


def _unchanged(report: PostReport, error: str) -> PostReport:
    return replace(report, removed=0, changed=False, error=error, diff="")


def _examine_all(
    sources: Sequence[Source],
    config: Config,
    jobs: int,
    *,
    diff: bool,
    page: bool,
    keep: bool,
    proof: bool,
    index: Index | None,
    progress: Progress | None,
) -> Iterator[_Examined]:
    """Yield what each post gives: what the index knows first, then the others in the order of `sources`."""
    config = with_renamed(config, sources)
    tasks: list[_Task] = [(source, config.baseline.get(name_post(source.name), {})) for source in sources]
    recalled = index.recall(tasks) if index is not None else {}
    done = {
        source: report
        for source, report in recalled.items()
        if (not proof or _is_settled(report)) and not (page and (report.findings or report.error))
    }
    yield from (_Examined(source, report, _unproved(source, report)) for source, report in done.items())
    new = [(source, known) for source, known in tasks if source not in done]
    try:
        if new:
            fresh = _examine_new(new, config, jobs, diff=diff, page=page, keep=keep, proof=proof)
            for (_, known), (number, examined) in zip(new, enumerate(fresh, len(done) + 1), strict=True):
                # A second look may lead elsewhere than the first one; only where it cannot are both remembered as the same.
                same = not proof or not (config.raises or config.near)
                if index is not None and examined.report is not None and same and (not proof or _is_settled(examined.report)):
                    index.remember(examined.source, known, examined.stamp, examined.content, examined.report)
                if progress is not None:
                    progress(number, len(sources))
                yield examined
    finally:
        if index is not None:
            index.save()


def with_renamed(config: Config, sources: Sequence[Source]) -> Config:
    """Return the settings with a baseline that knows renamed posts, and those behind a link, by the names they have here."""
    if not config.baseline:
        return config
    gone = [post for post in config.baseline if is_gone(post)]
    baseline = follow(config.baseline, [name_post(source.name) for source in sources], gone)
    # A folder that is reached through a link holds the same posts.
    real = {name_post(source.name): name_post(name_file(source.path)) for source in sources}
    linked = {name: config.baseline[own] for name, own in real.items() if name != own and own in config.baseline}
    return replace(config, baseline={**baseline, **linked})


def _is_settled(report: PostReport) -> bool:
    """Tell whether a proof would have nothing to do: an audit that finds nothing to change says what a repair says."""
    return not report.changed and not report.error


def _examine_new(
    tasks: Sequence[_Task], config: Config, jobs: int, *, diff: bool, page: bool, keep: bool, proof: bool
) -> Iterator[_Examined]:
    from dedupe.pipeline import examine  # noqa: PLC0415 (where nothing is new nobody waits for numpy)
    from dedupe.traits import find_traits  # noqa: PLC0415

    # No worker needs all of the baseline.
    work = partial(
        _examine_known,
        config=replace(config, baseline={}),
        examine=examine,
        find_traits=find_traits if config.compares else None,
        diff=diff,
        page=page,
        keep=keep,
        proof=proof,
    )
    processes = min(jobs or os.cpu_count() or 1, len(tasks) // (_ALONE // 2) or 1)
    with _mapper(processes) as mapper:
        yield from mapper(work, tasks)


@contextmanager
def _mapper(processes: int) -> Iterator[Any]:
    if processes <= 1:
        thresholds = gc.get_threshold()
        gc.set_threshold(*_RARELY)
        try:
            yield map
        finally:
            gc.set_threshold(*thresholds)
        return
    import multiprocessing  # noqa: PLC0415 (not needed for a few posts)

    # A copy of a process in which other threads run, as those of a server, may hang.
    alone = threading.current_thread() is threading.main_thread()
    with multiprocessing.get_context(None if alone else "spawn").Pool(processes, _start_worker) as pool:
        yield partial(pool.imap, chunksize=4)


def _start_worker() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    gc.set_threshold(*_RARELY)


def _examine_known(
    task: _Task, config: Config, examine: _Examine, find_traits: _FindTraits, *, diff: bool, page: bool, keep: bool, proof: bool
) -> _Examined:
    source, known = task
    own = replace(config, baseline={name_post(source.name): known}) if known else config
    return _examine_source(source, own, examine, find_traits, diff=diff, page=page, keep=keep, proof=proof)


def _examine_source(
    source: Source,
    config: Config,
    examine: _Examine,
    find_traits: _FindTraits,
    *,
    diff: bool,
    page: bool,
    keep: bool,
    proof: bool,
) -> _Examined:
    stamp = stamp_of(source.path)
    try:
        raw, post = read_source(source)
    except InputError as error:
        return _Examined(source, None, str(error))
    try:
        outcome = examine(post, config, proof=proof)
    except Exception as error:  # noqa: BLE001 (a defect met in one post must not keep the others from being examined)
        defect = f"{type(error).__name__}: {error}"
        return _Examined(source, None, f"{source.name}: a defect of dedupe ({defect}); left as it was, please report it")
    report = report_post(outcome, with_diff=diff)
    if page and (report.findings or report.error):
        report = replace(report, detail=pack_detail(report, post.text))
    traits = find_traits(post, config) if find_traits is not None else None
    examined = _Examined(source, report, _unproved(source, report), stamp, digest(raw), traits)
    if not keep:
        return examined
    return replace(examined, before=raw, after=outcome.repaired.encode("utf-8") if outcome.changed else raw)


def _unproved(source: Source, report: PostReport) -> str | None:
    return f"{source.name}: {report.error}; left as it was" if report.error else None


def _write(examined: _Examined, target: Path | None, journal: Journal) -> None:
    path, before, after = examined.source.path, examined.before, examined.after
    if target is not None:
        _write_copy(target, path.read_bytes() if after is None else after, journal)
    elif before is not None and after is not None and after != before:
        journal.record(path, before, after)
        write_atomic(path, after, digest(before))


def _write_copy(target: Path, raw: bytes, journal: Journal) -> None:
    """Write a post elsewhere; what stands there and is another goes into the journal first, for nobody asked to lose it."""
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        there = target.read_bytes() if target.exists() else raw
    except OSError as error:
        raise WriteError("{path}: cannot be written ({why}); left as it was", path=target, why=error.strerror) from error
    if there != raw:
        journal.record(target, there, raw)
    write_atomic(target, raw)


def _targets(sources: Sequence[Source], output: Path) -> dict[Source, Path]:
    """Return where each post goes under `output`; raises InputError when two would share a place or lose their original."""
    targets = {source: (output / source.place).resolve() for source in sources}
    originals = {source.path for source in sources}
    taken: dict[Path, Source] = {}
    for source, target in targets.items():
        if target in originals:
            raise InputError(
                "--output {output} would overwrite {name}; choose a folder outside of what is repaired",
                output=output,
                name=source.name,
            )
        if target in taken:
            raise InputError(
                "{name} and {name2} would both be written to {target}; repair them one by one",
                name=source.name,
                name2=taken[target].name,
                target=target,
            )
        taken[target] = source
    return targets


def _new_run(home: Path, reports: Path | None) -> str:
    """Return a name for this run: the time, and a number when another run began in the same second."""
    moment = time.strftime("%Y-%m-%dT%H-%M-%SZ", time.gmtime(float(os.environ.get("SOURCE_DATE_EPOCH", time.time()))))
    for number in itertools.count(1):
        run = moment if number == 1 else f"{moment}-{number}"
        if not Journal(home, run).folder.exists() and not (reports and (reports / run).exists()):
            return run
    raise AssertionError


def _trend(home: Path) -> list[Trend]:
    """Return the runs noted in `home`; none where the history cannot be read, which `dedupe history` tells."""
    try:
        return [Trend(row.run, row.repeated_share, row.removed) for row in read_history(home)]
    except InputError:
        return []


def _write_reports(report: Report, folder: Path, trend: Sequence[Trend], *, dry_run: bool, diff: bool = True) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    if diff:
        # The diff keeps line ends and whatever else a post holds, so it is written as bytes.
        (folder / "changes.diff").write_bytes(render(report, "diff").encode("utf-8", "surrogatepass"))
    (folder / "report.json").write_text(render(report, "json"), "utf-8", newline="\n")
    (folder / "report.html").write_text(write_page(report, done=not dry_run, trend=trend), "utf-8", newline="\n")
    (folder / "summary.md").write_text(render_summary(report, dry_run=dry_run), "utf-8", newline="\n")
