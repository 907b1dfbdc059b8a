"""The command line: reads options, calls the library, prints, and turns what came back into an exit code."""

from __future__ import annotations

import gc
import math
import os
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer

from dedupe.language import language, say, say_many

if TYPE_CHECKING:
    from dedupe.config import Config
    from dedupe.corpus import Choice
    from dedupe.index import Index
    from dedupe.records import Columns
    from dedupe.report import Report
    from dedupe.run import Progress

# Nothing else is imported up here: `--help` and `--version` must not wait for numpy. Nothing here does linear algebra, and
# threads that wait for some cost a tenth of a second.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

app = typer.Typer(
    name="dedupe",
    help=say("Find and repair passages that stand twice in posts, and what text generators left in them."),
    epilog=say("Examples:  dedupe scan corpus/  ·  dedupe fix --dry-run corpus/  ·  dedupe fix corpus/  ·  dedupe undo"),
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 80},
)

index_app = typer.Typer(help=say("Look at what is remembered of posts, or forget it."), no_args_is_help=True)
app.add_typer(index_app, name="index")

FOUND, BROKEN, INTERRUPTED = 1, 2, 130

_STEP_SUMMARY = 1 << 20
"""Bytes that GitHub takes of a step's summary."""
_LEVEL = ContextVar("level", default="INFO")
"""From which level on the log is shown."""

Paths = Annotated[
    list[str] | None,
    typer.Argument(metavar="[PATH]...", help=say("Posts, folders or patterns, else the current folder; - reads standard input.")),
]
Places = Annotated[
    list[str] | None, typer.Argument(metavar="[PATH]...", help=say("Posts, folders or patterns, else the current folder."))
]
Select = Annotated[list[str] | None, typer.Option("--select", metavar="CODES", help=say("Only these rules, e.g. RPT001,LEAK."))]
Ignore = Annotated[list[str] | None, typer.Option("--ignore", metavar="CODES", help=say("All but these rules."))]
Format = Annotated[
    str,
    typer.Option(
        "--format",
        metavar="FORMAT",
        help=say("text, concise, json, jsonl, diff, html, markdown, csv, sarif, github, gitlab, junit, rdjson or rdjsonl."),
    ),
]
OutputFile = Annotated[Path | None, typer.Option("--output-file", metavar="FILE", help=say("Write the report there."))]
Jobs = Annotated[int, typer.Option("--jobs", min=0, metavar="N", help=say("Processes; 0 is one for each core."))]
NoCache = Annotated[bool, typer.Option("--no-cache", envvar="DEDUPE_NO_CACHE", help=say("Examine unchanged posts too."))]
CacheDir = Annotated[
    Path | None,
    typer.Option("--cache-dir", envvar="DEDUPE_CACHE_DIR", metavar="DIR", help=say("Where the index is, else .dedupe/cache.")),
]
ExitNonZero = Annotated[bool, typer.Option("--exit-non-zero-on-fix", help=say("Exit 1 also where all was repaired."))]
Interactive = Annotated[bool, typer.Option("--interactive", "-i", help=say("Ask about each finding, then repair as answered."))]
Scheduled = Annotated[bool, typer.Option("--scheduled", help=say("For jobs nobody watches: one at a time, safe only."))]
MaxPosts = Annotated[
    int | None, typer.Option("--max-posts", min=1, metavar="N", help=say("With --scheduled: write nothing if more would change."))
]
MaxRemoved = Annotated[
    float | None,
    typer.Option("--max-removed", min=0, max=1, metavar="SHARE", help=say("The same, if more of all text would go.")),
]
DecisionsFile = Annotated[
    Path | None, typer.Option("--decisions", metavar="FILE", help=say("Decisions to obey, else .dedupe/decisions.jsonl."))
]
ConfigFile = Annotated[Path | None, typer.Option("--config", metavar="FILE", help=say("Settings to use."))]
Exclude = Annotated[list[str] | None, typer.Option("--exclude", metavar="PATTERN", help=say("Leave out, as in .gitignore."))]
StdinName = Annotated[str, typer.Option("--stdin-filename", metavar="NAME", help=say("What to call standard input."))]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help=say("On standard error, errors only."))]
Verbose = Annotated[bool, typer.Option("--verbose", "-v", help=say("Tell more on standard error."))]
ExitZero = Annotated[bool, typer.Option("--exit-zero", help=say("Exit 0 even when something is found."))]
ShowSettings = Annotated[bool, typer.Option("--show-settings", help=say("Print the settings in force and stop."))]
KeepOption = Annotated[
    str | None, typer.Option("--keep", metavar="COPY", help=say("Which copy stays: best, first, last; or first-draft."))
]
BaselineFile = Annotated[
    Path | None, typer.Option("--baseline", metavar="FILE", help=say("Known findings, else .dedupe-baseline.json."))
]
TextColumn = Annotated[
    str | None, typer.Option("--text-column", metavar="NAME", help=say("The paths are tables; this column is the posts."))
]
IdColumn = Annotated[str | None, typer.Option("--id-column", metavar="NAME", help=say("What rows are called by."))]
KeepGoing = Annotated[bool, typer.Option("--keep-going", help=say("Pass by rows that cannot be read."))]
Since = Annotated[str | None, typer.Option("--since", metavar="REF", help=say("Only posts changed in git since then."))]
ForceExclude = Annotated[bool, typer.Option("--force-exclude", help=say("Leave out also what is named outright."))]
MayBeNone = Annotated[bool, typer.Option("--no-error-on-unmatched-pattern", help=say("No post at all is no error."))]
Unsafe = Annotated[bool, typer.Option("--unsafe-fixes", help=say("Also what needs a person's judgement."))]


@app.callback()
def _main(
    version: Annotated[bool, typer.Option("--version", help=say("Print the version and stop."))] = False,
) -> None:
    del version  # answered in main(), before anything is parsed


@app.command(
    epilog=say("Exit code: 0 nothing found, 1 something found, 2 an error, 130 interrupted."),
    help=say("Audit posts; changes nothing."),
)
def scan(
    paths: Paths = None,
    select: Select = None,
    ignore: Ignore = None,
    exclude: Exclude = None,
    force_exclude: ForceExclude = False,
    no_error_on_unmatched_pattern: MayBeNone = False,
    since: Since = None,
    text_column: TextColumn = None,
    id_column: IdColumn = None,
    keep_going: KeepGoing = False,
    baseline: BaselineFile = None,
    output_format: Format = "text",
    output_file: OutputFile = None,
    jobs: Jobs = 0,
    no_cache: NoCache = False,
    cache_dir: CacheDir = None,
    config: ConfigFile = None,
    decisions: DecisionsFile = None,
    keep: KeepOption = None,
    unsafe_fixes: Unsafe = False,
    stdin_filename: StdinName = "stdin.md",
    exit_zero: ExitZero = False,
    show_settings: ShowSettings = False,
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> None:
    """Audit posts; changes nothing."""
    with _boundary(quiet, verbose):
        settings = _settings(
            config, decisions, baseline, paths, select, ignore, exclude, keep, show_settings, unsafe_fixes=unsafe_fixes
        )
        form = _format(output_format)
        table = _table(paths, text_column, id_column, keep_going, since, form)
        if table is not None:
            from dedupe.run import scan_table

            report = scan_table(*table, settings, keep_going=keep_going, page=form == "html", jobs=jobs)
        elif paths == ["-"]:
            report, _ = _examine_stdin(settings, stdin_filename, proof=form == "diff")
        else:
            from dedupe.run import scan as run_scan

            choice = _choice(paths, since, force_exclude, no_error_on_unmatched_pattern)
            index = _index(paths, settings, cache_dir, "dedupe scan", no_cache=no_cache)
            with _progress(quiet) as progress:
                report = run_scan(
                    paths or ["."],
                    settings,
                    jobs=jobs,
                    diff=form == "diff",
                    page=form == "html",
                    choice=choice,
                    index=index,
                    progress=progress,
                )
        _finish(report, form, output_file, found=bool(report.wrong), exit_zero=exit_zero)


@app.command(
    epilog=say(
        "Exit code: 0 nothing left to do, 1 something is left (or a dry run would change something), 2 an error, 130 interrupted."
    ),
    help=say("Repair posts in place; `dedupe undo` gives them back."),
)
def fix(
    paths: Paths = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help=say("Write only the report."))] = False,
    diff: Annotated[bool, typer.Option("--diff", help=say("Print the diff; implies --dry-run."))] = False,
    output: Annotated[
        Path | None, typer.Option("--output", metavar="DIR", help=say("Write all posts there instead; of a table, a file."))
    ] = None,
    keep: KeepOption = None,
    unsafe_fixes: Unsafe = False,
    force: Annotated[bool, typer.Option("--force", help=say("Even where nearly all of a post goes."))] = False,
    select: Select = None,
    ignore: Ignore = None,
    exclude: Exclude = None,
    force_exclude: ForceExclude = False,
    no_error_on_unmatched_pattern: MayBeNone = False,
    since: Since = None,
    text_column: TextColumn = None,
    id_column: IdColumn = None,
    keep_going: KeepGoing = False,
    baseline: BaselineFile = None,
    output_format: Format = "text",
    output_file: OutputFile = None,
    jobs: Jobs = 0,
    no_cache: NoCache = False,
    cache_dir: CacheDir = None,
    config: ConfigFile = None,
    decisions: DecisionsFile = None,
    stdin_filename: StdinName = "stdin.md",
    exit_non_zero_on_fix: ExitNonZero = False,
    interactive: Interactive = False,
    scheduled: Scheduled = False,
    max_posts: MaxPosts = None,
    max_removed: MaxRemoved = None,
    exit_zero: ExitZero = False,
    show_settings: ShowSettings = False,
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> None:
    """Repair posts in place; `dedupe undo` gives them back."""
    with _boundary(quiet, verbose):
        unfit = unsafe_fixes or force or output or paths == ["-"] or text_column
        _check_scheduled(scheduled, bool(unfit), max_posts is not None or max_removed is not None)
        flags = {"unsafe_fixes": unsafe_fixes, "force": force}
        settings = _settings(config, decisions, baseline, paths, select, ignore, exclude, keep, show_settings, **flags)
        if interactive:
            _ask(paths, settings, decisions, jobs, alone=not (dry_run or diff or unfit or scheduled))
        form = "diff" if diff else _format(output_format)
        dry_run = dry_run or diff
        table = _table(paths, text_column, id_column, keep_going, since, form)
        if table is not None:
            report = _fix_table(table, settings, output, keep_going, jobs, dry_run)
        elif paths == ["-"]:
            report, repaired = _examine_stdin(settings, stdin_filename, proof=True)
            if not dry_run:
                sys.stdout.buffer.write(repaired)
                found = _left(report) or (exit_non_zero_on_fix and _fixed(report))
                raise typer.Exit(_code(report, found=found, exit_zero=exit_zero))
        else:
            from dedupe.run import Limits
            from dedupe.run import fix as run_fix

            if max_removed is not None and math.isnan(max_removed):
                _refuse("--max-removed is a share, from 0 to 1")
            limits = Limits(max_posts, max_removed) if scheduled else None
            settings = _safe_only(settings) if scheduled else settings
            choice = _choice(paths, since, force_exclude, no_error_on_unmatched_pattern)
            index = _index(paths, settings, cache_dir, "dedupe fix", no_cache=no_cache)
            where: dict[str, Any] = {"output": output, "reports": Path("reports"), "choice": choice, "limits": limits}
            with _alone(scheduled, "dedupe fix --scheduled"), _progress(quiet) as progress:
                report = run_fix(paths or ["."], settings, dry_run=dry_run, jobs=jobs, progress=progress, index=index, **where)
            _tell_run(report, scheduled)
        found = bool(report.wrong) if dry_run or report.held else _left(report) or (exit_non_zero_on_fix and _fixed(report))
        _finish(report, form, output_file, found=found, exit_zero=exit_zero, repaired=not dry_run and not report.held)


@app.command(help=say("Accept the findings there are: write them to a file, so that only new ones are told."))
def baseline(
    paths: Places = None,
    update: Annotated[bool, typer.Option("--update", help=say("Bring it up to what is there now."))] = False,
    prune: Annotated[bool, typer.Option("--prune", help=say("Take out what is no more, add nothing."))] = False,
    text_column: TextColumn = None,
    id_column: IdColumn = None,
    keep_going: KeepGoing = False,
    file: BaselineFile = None,
    unsafe_fixes: Unsafe = False,
    select: Select = None,
    ignore: Ignore = None,
    exclude: Exclude = None,
    jobs: Jobs = 0,
    config: ConfigFile = None,
    decisions: DecisionsFile = None,
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> None:
    """Accept the findings there are: write them to a file, so that only new ones are told."""
    with _boundary(quiet, verbose):
        from dataclasses import replace

        from dedupe.baseline import keep_others, update_baseline, write_baseline
        from dedupe.errors import ConfigError
        from dedupe.files import write_atomic
        from dedupe.report import say_error
        from dedupe.run import count_findings, is_gone, scan_table
        from dedupe.run import scan as run_scan
        from dedupe.settings import find_baseline, find_decisions, place_baseline, read_settings, rename_posts

        overrides = _overrides(select, ignore, exclude, None, unsafe_fixes=unsafe_fixes)
        settings, found = read_settings(config, paths or ["."], overrides)
        place = place_baseline(file, found)
        if place.exists() and not (update or prune):
            raise ConfigError(
                "{place} is there; --update brings it up to what is found now, --prune takes out what is no more", place=place
            )
        old = rename_posts(find_baseline(place, named=prune), place.parent, Path())
        settings = replace(settings, decisions=find_decisions(decisions))
        table = _table(paths, text_column, id_column, keep_going, None, "text")

        def look(settings: Config) -> Report:
            if table is not None:
                return scan_table(*table, settings, keep_going=keep_going, jobs=jobs)
            with _progress(quiet) as progress:
                return run_scan(paths or ["."], settings, jobs=jobs, progress=progress)

        report = look(settings)
        for error in report.errors:
            _log().error(say_error(error))
        counted = count_findings(report)
        if old and (select or ignore):
            # What is accepted of other rules stays so.
            counted = keep_others(counted, old, count_findings(look(replace(settings, select=(), ignore=()))))
        gone = [post for post in old if is_gone(post)]
        result = update_baseline(old, counted, gone, prune=prune and not update)
        write_atomic(place.absolute(), write_baseline(rename_posts(result.baseline, Path(), place.parent)).encode("utf-8"))
        known = sum(count for counts in result.baseline.values() for count in counts.values())
        counts = {"added": result.added, "removed": result.removed}
        findings = say_many("{count:,} finding", "{count:,} findings", known)
        typer.echo(say("{place}: {findings}; {added:,} added, {removed:,} removed", place=place, findings=findings, **counts))
        raise typer.Exit(BROKEN if report.errors else 0)


@app.command(help=say("Decide finding by finding in a browser; writes posts only when told to apply."))
def review(
    paths: Places = None,
    port: Annotated[
        int, typer.Option("--port", min=0, max=65535, metavar="N", help=say("Where to serve; 0 takes a free one."))
    ] = 0,
    keep: KeepOption = None,
    unsafe_fixes: Unsafe = False,
    select: Select = None,
    ignore: Ignore = None,
    exclude: Exclude = None,
    baseline: BaselineFile = None,
    jobs: Jobs = 0,
    config: ConfigFile = None,
    decisions: DecisionsFile = None,
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> None:
    """Decide finding by finding in a browser; writes posts only when told to apply."""
    with _boundary(quiet, verbose):
        from dedupe.errors import InputError

        try:
            from dedupe.review import Server
        except ImportError as error:
            raise InputError("`dedupe review` needs a web server; install it: pip install 'dedupe-posts[review]'") from error
        from dedupe.desk import Desk

        flags = {"unsafe_fixes": unsafe_fixes}
        settings = _settings(config, decisions, baseline, paths, select, ignore, exclude, keep, False, **flags)
        server = Server(Desk(paths or ["."], settings, decisions, jobs=jobs), port=port, language=language())
        typer.echo(say("The review is at {url}", url=server.url))
        typer.echo(say("Ctrl-C ends it; every decision is on disk as soon as it is made."))
        server.run()


@app.command(help=say("Give back what a run changed."))
def undo(
    run: Annotated[str | None, typer.Argument(metavar="[RUN]", help=say("The run to undo; the last one if not given."))] = None,
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> None:
    """Give back what a run changed."""
    with _boundary(quiet, verbose):
        from dedupe.files import undo as give_back
        from dedupe.report import say_error

        with _alone(Path(".dedupe").is_dir(), "dedupe undo"):
            given_back, refused = give_back(Path.cwd(), run)
        for sentence in refused:
            _log().error(say_error(sentence))
        here = Path.cwd()
        for path in given_back:
            typer.echo(say("given back: {path}", path=path.relative_to(here) if path.is_relative_to(here) else path))
        if given_back:
            typer.echo(say_many("{count:,} post given back", "{count:,} posts given back", len(given_back)))
        elif not refused:
            typer.echo(say("nothing to give back: every post is as it was"))
        raise typer.Exit(FOUND if refused else 0)


@app.command(help=say("Tell what a rule means, or list all rules."))
def rules(
    code: Annotated[str | None, typer.Argument(metavar="[CODE]", help=say("A rule, e.g. RPT001."))] = None,
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> None:
    """Tell what a rule means, or list all rules."""
    with _boundary(quiet, verbose):
        from dedupe.config import build_config
        from dedupe.rules import RULES

        if code is None:
            for rule in RULES.values():
                typer.echo(f"{rule.code:8} {rule.name:20} {say(rule.summary)}")
            return
        chosen = build_config({"select": [code]}, "dedupe rules").select[0]
        typer.echo("\n\n".join(rule.page(language()).strip() for rule in RULES.values() if rule.code.startswith(chosen)))


@app.command(help=say("Show what the runs of `fix` met and did, oldest first."))
def history(
    output_format: Annotated[str, typer.Option("--format", metavar="FORMAT", help=say("text or json."))] = "text",
) -> None:
    """Show what the runs of `fix` met and did, oldest first."""
    with _boundary(quiet=False, verbose=False):
        from dedupe.history import draw_history, read_history

        if output_format not in {"text", "json"}:
            _refuse("--format {output_format!r} is not known; use text or json", output_format=output_format)
        rows = read_history(Path.cwd())
        if output_format == "json":
            import json
            from dataclasses import asdict

            typer.echo(json.dumps([asdict(row) for row in rows], ensure_ascii=False, indent=2))
        else:
            typer.echo(draw_history(rows), nl=False)


@index_app.command("status", help=say("Tell what the index holds."))
def index_status(cache_dir: CacheDir = None, quiet: Quiet = False, verbose: Verbose = False) -> None:
    """Tell what the index holds."""
    with _boundary(quiet, verbose):
        from dedupe.index import FOLDER, read_status

        status = read_status(cache_dir or FOLDER)
        if status is None:
            typer.echo(say("there is no index in {folder}", folder=cache_dir or FOLDER))
            return
        said = {
            "posts": say_many("{count:,} post", "{count:,} posts", status.posts),
            "results": say_many("{count:,} result", "{count:,} results", status.results),
            "settings": say_many("{count:,} setting", "{count:,} settings", status.settings),
        }
        typer.echo(
            say("{file}: {size:.1f} MB, {posts}, {results} with {settings}", file=status.file, size=status.size / 1e6, **said)
        )
        if not status.current:
            typer.echo(say("from another version of dedupe: the next scan makes it anew"))


@index_app.command("clear", help=say("Delete the index; the next scan examines every post."))
def index_clear(cache_dir: CacheDir = None, quiet: Quiet = False, verbose: Verbose = False) -> None:
    """Delete the index; the next scan examines every post."""
    with _boundary(quiet, verbose):
        from dedupe.index import FOLDER, clear

        there = clear(cache_dir or FOLDER)
        folder = cache_dir or FOLDER
        typer.echo(
            say("deleted the index in {folder}", folder=folder) if there else say("there is no index in {folder}", folder=folder)
        )


def main() -> None:
    """Run the command line; the entry point of `dedupe`."""
    # A command makes many objects that stay to its end and few cycles, so there is little to collect.
    gc.set_threshold(100_000, 20, 20)
    if sys.argv[1:2] == ["--version"]:
        from importlib.metadata import version

        typer.echo(f"dedupe {version('dedupe-posts')}")
        return
    app()


@contextmanager
def _boundary(quiet: bool, verbose: bool) -> Iterator[None]:
    """Turn expected errors into a sentence and exit code 2, and Ctrl-C into 130: the only place that does."""
    from dedupe.errors import DedupeError

    _LEVEL.set("ERROR" if quiet else "DEBUG" if verbose else "INFO")
    try:
        yield
    except DedupeError as error:
        _log().error(say(str(error)))
        raise typer.Exit(BROKEN) from error
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise typer.Exit(0) from None
    except OSError as error:
        _log().error(say("{file}: cannot be read or written ({why})", file=error.filename or "-", why=error.strerror or error))
        raise typer.Exit(BROKEN) from error
    except KeyboardInterrupt:
        _log().error(say("interrupted; posts already repaired are whole, `dedupe undo` gives them back"))
        raise typer.Exit(INTERRUPTED) from None


@cache
def _log() -> Any:
    """Return the log, set up for the command that runs; one that has nothing to say does not wait for it."""
    from loguru import logger

    logger.remove()
    colour = _wants_colour(sys.stderr)
    logger.add(sys.stderr, level=_LEVEL.get(), format="<level>{level}</level> {message}", colorize=colour)
    return logger


def _wants_colour(stream: Any) -> bool:
    if os.environ.get("NO_COLOR"):
        return False
    if os.environ.get("FORCE_COLOR") or os.environ.get("CLICOLOR_FORCE"):
        return True
    return bool(stream.isatty()) and os.environ.get("TERM") != "dumb"


def _settings(
    config: Path | None,
    decisions: Path | None,
    baseline: Path | None,
    paths: list[str] | None,
    select: list[str] | None,
    ignore: list[str] | None,
    exclude: list[str] | None,
    keep: str | None,
    show: bool,
    **flags: bool,
) -> Config:
    from dataclasses import replace

    from dedupe.settings import find_baseline, find_decisions, place_baseline, read_settings, rename_posts

    overrides = _overrides(select, ignore, exclude, keep, **flags)
    settings, file = read_settings(config, paths or ["."], overrides)
    if _LEVEL.get() == "DEBUG":
        _log().debug(f"settings: {file or 'defaults'}")
    if show:
        from dedupe.config import SETTINGS

        typer.echo(f"# from {file or 'the defaults'}")
        for name in SETTINGS:
            typer.echo(f"{name} = {_toml(getattr(settings, name), name)}")
        raise typer.Exit
    place = place_baseline(baseline, file)
    known = rename_posts(find_baseline(place, named=baseline is not None), place.parent, Path())
    return replace(settings, decisions=find_decisions(decisions), baseline=known)


def _overrides(
    select: list[str] | None, ignore: list[str] | None, exclude: list[str] | None, keep: str | None, **flags: bool
) -> dict[str, Any]:
    """Return the settings that the command line gives."""
    overrides: dict[str, Any] = {name: True for name, flag in flags.items() if flag}
    for name, codes in (("select", select), ("ignore", ignore)):
        if codes:
            overrides[name] = [code for each in codes for code in each.split(",") if code.strip()]
    if exclude:
        overrides["exclude"] = exclude
    if keep is not None:
        overrides["keep"] = keep
    return overrides


def _choice(paths: list[str] | None, since: str | None, force_exclude: bool, may_be_none: bool) -> Choice:
    from dedupe.corpus import Choice

    if since is None:
        return Choice(None, force_exclude, may_be_none)
    from dedupe.changed import changed_since

    return Choice(changed_since(since, paths or ["."]), force_exclude, may_be_none)


def _index(paths: list[str] | None, settings: Config, folder: Path | None, what: str, *, no_cache: bool) -> Index | None:
    """Return the index for a run over folders; a few posts named one by one are examined without."""
    if no_cache or not any(Path(path).is_dir() for path in paths or ["."]):
        return None
    from dedupe.index import FOLDER, Index
    from dedupe.report import say_error

    return Index(folder or FOLDER, settings, what, lambda sentence: _log().warning(say_error(sentence)))


def _counted(count: int, noun: str) -> str:
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def _toml(value: Any, name: str) -> str:
    import json

    if name == "safety":
        pairs = ", ".join(f'{code} = "{safety.name.lower()}"' for code, safety in value)
        return f"{{ {pairs} }}" if pairs else "{}"
    if name == "leaks":
        value = [entry.id for entry in value]
    return json.dumps(list(value) if isinstance(value, tuple | list) else value, ensure_ascii=False)


def _format(name: str) -> str:
    from dedupe.errors import ConfigError
    from dedupe.report import FORMATS as OWN

    if name not in OWN:
        from dedupe.formats import FORMATS

        if name not in FORMATS:
            raise ConfigError("--format {name!r} is not known; use one of {known}", name=name, known=", ".join(FORMATS))
    return name


def _examine_stdin(settings: Config, name: str, *, proof: bool) -> tuple[Report, bytes]:
    from dataclasses import replace

    from dedupe.corpus import decode
    from dedupe.page import pack_detail
    from dedupe.pipeline import examine
    from dedupe.report import merge, report_post

    outcome = examine(decode(name, sys.stdin.buffer.read()), settings, proof=proof)
    errors = [f"{name}: {outcome.proof_error}; left as it was"] if outcome.proof_error else []
    post = report_post(outcome, with_diff=True)
    posts = [replace(post, detail=pack_detail(post, outcome.post.text))]
    report = merge(posts, errors, unsafe_fixes=settings.unsafe_fixes, near=settings.near)
    return report, outcome.repaired.encode("utf-8")


def _table(
    paths: list[str] | None, text: str | None, key: str | None, keep_going: bool, since: str | None, form: str
) -> tuple[Path, Columns] | None:
    """Return the table that is named instead of posts and its columns, None where none is."""
    if text is None:
        if key is not None or keep_going:
            _refuse("--id-column and --keep-going are for tables; name the column of the texts with --text-column")
        return None
    from dedupe.records import Columns

    if paths is None or len(paths) != 1:
        _refuse("--text-column takes one table, a file of JSON Lines or Parquet")
    if since is not None:
        _refuse("--since asks git which files changed, not which rows; examine the whole table")
    if form == "diff":
        _refuse("a table has no diff; `--format json` shows the edits of each row")
    return Path(paths[0]), Columns(text, key)


def _fix_table(
    table: tuple[Path, Columns], settings: Config, output: Path | None, keep_going: bool, jobs: int, dry_run: bool
) -> Report:
    from dedupe.run import fix_table

    if not dry_run and output is None:
        _refuse("`dedupe fix` never writes into a table; name a file for the cleaned copy with --output FILE")
    copy = None if dry_run else output
    report = fix_table(*table, settings, copy, reports=Path("reports"), keep_going=keep_going, jobs=jobs)
    _tell_run(report, scheduled=False)
    return report


def _fixed(report: Report) -> bool:
    return any(post.changed for post in report.posts)


def _refuse(sentence: str, **values: object) -> NoReturn:
    from dedupe.errors import ConfigError

    raise ConfigError(sentence, **values)


def _ask(paths: list[str] | None, settings: Config, decisions: Path | None, jobs: int, *, alone: bool) -> NoReturn:
    """Ask about each finding, keep the answers as decisions, and repair the posts of which all was answered."""
    if not alone:
        _refuse("--interactive repairs files in place, as answered: no --dry-run, --diff, --output, --scheduled, - or the like")
    if not sys.stdin.isatty():
        _refuse("--interactive asks at a terminal, and standard input is none; `dedupe review` asks in a browser")
    from dedupe.ask import ask
    from dedupe.desk import Desk
    from dedupe.report import say_error
    from dedupe.session import Status

    def answer(prompt: str) -> str:
        typer.echo(prompt, nl=False)
        return sys.stdin.readline() or "q"

    desk = Desk(paths or ["."], settings, decisions, jobs=jobs, what="dedupe fix --interactive")
    desk.open()
    if desk.session is None:
        _refuse(desk.error)
    ask(desk.session, desk.text, typer.echo, answer)
    desk.save()
    applied = desk.apply(desk.session.decided_posts())
    for sentence in applied.errors:
        _log().error(say_error(sentence))
    posts = say_many("{count:,} post", "{count:,} posts", applied.changed)
    told = say(
        "repaired {posts}: {removed:,} characters removed; what a post said, it still says", posts=posts, removed=applied.removed
    )
    typer.echo(f"\n{told}")
    counts = desk.session.counts()
    waiting = counts[Status.OPEN] + counts[Status.TOLD]
    raise typer.Exit(BROKEN if applied.errors else FOUND if waiting else 0)


def _safe_only(settings: Config) -> Config:
    from dataclasses import replace

    return replace(settings, unsafe_fixes=False, force=False)


def _check_scheduled(scheduled: bool, unfit: bool, limited: bool) -> None:
    if limited and not scheduled:
        _refuse("--max-posts and --max-removed need --scheduled")
    if scheduled and unfit:
        _refuse("--scheduled repairs files in place, safe fixes only: no --unsafe-fixes, --force, --output, - or --text-column")


def _tell_run(report: Report, scheduled: bool) -> None:
    folder = Path("reports") / str(report.run)
    _log().info(say("the report of this run is in {folder}", folder=folder))
    if scheduled:
        _tell_github(report, folder / "summary.md")
    if report.held:
        _log().error(say("nothing written: {why}", why=say(report.held)))


@contextmanager
def _alone(wanted: bool, what: str) -> Iterator[None]:
    """Let one scheduled job, review or undo at a time write in this folder."""
    if not wanted:
        yield
        return
    from dedupe.lock import hold

    Path(".dedupe").mkdir(exist_ok=True)
    with hold(Path(".dedupe") / "lock", what):
        yield


def _tell_github(report: Report, summary: Path) -> None:
    """Append the summary and the figures to the files that GitHub Actions names, where it does."""
    if step := os.environ.get("GITHUB_STEP_SUMMARY"):
        file = Path(step)
        room = _STEP_SUMMARY - (file.stat().st_size if file.exists() else 0)
        text = summary.read_bytes()
        if len(text) <= room:
            with file.open("ab") as handle:
                handle.write(text)
    if output := os.environ.get("GITHUB_OUTPUT"):
        changed = 0 if report.held else sum(post.changed for post in report.posts)
        removed = 0 if report.held else sum(post.removed for post in report.posts)
        with Path(output).open("a", encoding="utf-8") as handle:
            handle.write(f"changed={changed}\nremoved={removed}\nfindings={len(report.findings)}\n")


def _left(report: Report) -> bool:
    """Tell whether a repair left findings behind."""
    return any(not finding.edits for finding in report.wrong)


def _finish(report: Report, form: str, output_file: Path | None, *, found: bool, exit_zero: bool, repaired: bool = False) -> None:
    from dedupe.report import FORMATS as OWN
    from dedupe.report import render, say_error

    for error in report.errors:
        _log().error(say_error(error))
    if form in OWN:
        text = render(report, form, repaired=repaired)
    else:
        from dedupe.formats import write_format

        text = write_format(report, form, repaired=repaired)
    if output_file is not None:
        output_file.write_bytes(text.encode("utf-8"))
    elif form == "text" and _wants_colour(sys.stdout):
        typer.echo(_paint(text), nl=False, color=True)
    else:
        # Bytes, because a diff must keep the line ends of the posts.
        sys.stdout.flush()
        sys.stdout.buffer.write(text.encode("utf-8"))
        sys.stdout.buffer.flush()
    raise typer.Exit(_code(report, found=found, exit_zero=exit_zero))


def _code(report: Report, *, found: bool, exit_zero: bool) -> int:
    if report.errors:
        return BROKEN
    return FOUND if found and not exit_zero else 0


def _paint(text: str) -> str:
    text = re.sub(r"^(\S.*)\n(?=  )", lambda match: typer.style(match[1], bold=True) + "\n", text, flags=re.MULTILINE)
    text = re.sub(r"\b(?:RPT|CUT|LEAK|POST|SUP)\d{3}\b", lambda match: typer.style(match[0], fg="cyan"), text)
    return re.sub(r"^  \|[#=~|]+\|$", lambda strip: _paint_strip(strip[0]), text, flags=re.MULTILINE)


def _paint_strip(strip: str) -> str:
    colours = {"#": "green", "=": "red", "~": "yellow"}
    return re.sub(r"#+|=+|~+", lambda signs: typer.style(signs[0], fg=colours[signs[0][0]]), strip)


@contextmanager
def _progress(quiet: bool) -> Iterator[Progress | None]:
    """Yield a callback that draws a bar on a terminal, and nothing elsewhere."""
    if quiet or not sys.stderr.isatty() or os.environ.get("CI"):
        yield None
        return
    from rich.console import Console
    from rich.progress import Progress as Bar

    with Bar(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(say("examining posts"), total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)
