"""The files of a review: examines the posts, keeps the decisions on disk, applies them by `fix` and gives back."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from dedupe.config import Config
from dedupe.corpus import Source, find_sources, read_source
from dedupe.decisions import read_decisions, write_decisions
from dedupe.errors import DedupeError, InputError
from dedupe.files import Journal, tell_git, undo, write_atomic
from dedupe.lock import hold
from dedupe.model import Outcome, Post
from dedupe.pipeline import examine
from dedupe.report import PostReport, Report, report_post
from dedupe.run import fix, scan, with_renamed
from dedupe.session import Session
from dedupe.settings import DECISIONS

_Stamp = tuple[int, int] | None
"""By what a file is known to be the one that was examined: its time and size; None where it is gone."""


@dataclass(frozen=True, slots=True)
class Applied:
    """What writing the decisions into posts gave: the run, how many posts changed, and sentences on those that did not."""

    run: str
    changed: int
    removed: int
    errors: tuple[str, ...]


class Desk:
    """A review of the posts under some paths, with everything that is on disk; all that changes is done under `lock`."""

    def __init__(
        self, paths: Sequence[str], config: Config, decisions: Path | None = None, *, jobs: int = 0, what: str = "dedupe review"
    ) -> None:
        """Name the posts, and what is at work on them, for others to be told; raises InputError for paths without any."""
        self.file = decisions or DECISIONS
        self.home = Path.cwd()
        self.jobs = jobs
        self.what = what
        self.lock = threading.RLock()
        self.done = 0
        self.total = 0
        self.error = ""
        self.session: Session | None = None
        self.sources: list[Source] = find_sources(paths, config)
        if not self.sources:
            raise InputError("no posts found in {known}", known=", ".join(paths))
        self.config = with_renamed(replace(config, decisions={}, reviewing=True), self.sources)
        self._stamps: list[_Stamp] = []
        self._written: _Stamp = None
        self._outcomes: dict[int, tuple[int, Outcome]] = {}

    def open(self) -> None:
        """Examine all posts, proof and all, as a fix would; `done` grows meanwhile, and then there is a `session`."""
        try:
            self._stamps = [_stamp(source) for source in self.sources]
            paths = [source.path for source in self.sources]
            report = scan(paths, self.config, jobs=self.jobs, diff=True, progress=self._count)
            known = {post.path: replace(post, diff="") for post in report.posts}
            posts = [known.get(source.name, PostReport(source.name, error="cannot be read")) for source in self.sources]
            session = Session(posts, {})
            self._load(session)
            self.session = session
        except DedupeError as error:
            self.error = str(error)

    def _count(self, done: int, total: int) -> None:
        self.done, self.total = done, total

    def refresh(self, number: int) -> bool:
        """Examine a post again if its file is not the one that was examined; return whether it was not."""
        source = self.sources[number]
        if (stamp := _stamp(source)) == self._stamps[number]:
            return False
        self._stamps[number] = stamp
        self._outcomes.pop(number, None)
        try:
            report = report_post(examine(self._read(number), self.config))
        except InputError as error:
            report = PostReport(source.name, error=str(error))
        self._opened.replace_post(number, report)
        return True

    def text(self, number: int) -> str:
        """Return the text of a post as it is now; raises InputError where it is gone or is no text."""
        return self._read(number).text

    def outcome(self, number: int) -> Outcome:
        """Return what a fix would make of a post, as things are decided."""
        version = self._opened.version
        if (kept := self._outcomes.get(number)) and kept[0] == version:
            return kept[1]
        outcome = examine(self._read(number), replace(self.config, decisions=dict(self._opened.decisions)))
        self._outcomes = {number: (version, outcome)}
        return outcome

    def synchronise(self) -> bool:
        """Take what another program wrote into the file of decisions; return whether that says anything new."""
        return _stamp_of(self.file) != self._written and self._load(self._opened)

    def save(self) -> None:
        """Write the decisions; raises WriteError when that fails."""
        self.file.parent.mkdir(parents=True, exist_ok=True)
        if self.file == DECISIONS:
            tell_git(self.file.parent)
        write_atomic(self.file, write_decisions(self._opened.decisions).encode("ascii"))
        self._written = _stamp_of(self.file)

    def take_back(self) -> None:
        """Forget the last action, which could not be written."""
        if self._opened.steps:
            self._opened.undo()

    def apply(self, numbers: Sequence[int]) -> Applied:
        """Repair posts by `fix`, as decided; one that changed since it was shown is only examined again, and named.

        Raises LockError where another process is at work in this folder, and names it.
        """
        moved = [number for number in numbers if self.refresh(number)]
        errors = [f"{self.sources[number].name}: changed on disk meanwhile; looked at again, nothing written" for number in moved]
        numbers = [number for number in numbers if number not in moved and self._is_inside(number)]
        if not numbers:
            return Applied("", 0, 0, tuple(errors))
        self._count(0, len(numbers))
        with self._alone():
            report = self._fix([self.sources[number].path for number in numbers])
        for number in numbers:
            self.refresh(number)
        changed = [post for post in report.posts if post.changed]
        run = str(report.run) if changed else ""
        return Applied(run, len(changed), sum(post.removed for post in changed), (*errors, *report.errors))

    def _fix(self, paths: Sequence[Path]) -> Report:
        config = replace(self.config, decisions=dict(self._opened.decisions))
        return fix(paths, config, home=self.home, reports=self.home / "reports", jobs=self.jobs, progress=self._count)

    def give_back(self, run: str) -> tuple[int, list[str]]:
        """Undo a run; return how many posts were given back, and a sentence for each that was not.

        Raises LockError where another process is at work in this folder, and names it.
        """
        with self._alone():
            back, refused = undo(self.home, run)
        for number in range(len(self.sources)):
            self.refresh(number)
        return len(back), refused

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Write posts only while nobody else does: under the lock of `fix --scheduled`."""
        folder = self.home / ".dedupe"
        folder.mkdir(exist_ok=True)
        with hold(folder / "lock", self.what):
            yield

    def can_give_back(self, run: str) -> bool:
        """Tell whether a run is in the journal and was not undone."""
        journal = Journal(self.home, run)
        return bool(run) and journal.folder.is_dir() and not journal.undone

    @property
    def _opened(self) -> Session:
        assert self.session is not None
        return self.session

    def _load(self, session: Session) -> bool:
        self._written = _stamp_of(self.file)
        text = self.file.read_text("utf-8") if self._written else ""
        return session.merge(read_decisions(text, str(self.file)))

    def _read(self, number: int) -> Post:
        if not self._is_inside(number):
            raise InputError("{name}: has become a link to another place; left alone", name=self.sources[number].name)
        return read_source(self.sources[number])[1]

    def _is_inside(self, number: int) -> bool:
        """Tell whether the file is still where it was found, and no link that leads elsewhere."""
        return self.sources[number].path.resolve() == self.sources[number].path


def _stamp(source: Source) -> _Stamp:
    return _stamp_of(source.path)


def _stamp_of(path: Path) -> _Stamp:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size
