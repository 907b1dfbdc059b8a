"""The pages of a review: what a person asks for, turned into calls of the desk, and what came of it into HTML."""

from __future__ import annotations

import threading
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from importlib.resources import files
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import parse_qs

from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from dedupe.decisions import Decision
from dedupe.desk import Applied, Desk
from dedupe.errors import DedupeError
from dedupe.language import speaking
from dedupe.preview import preview
from dedupe.report import say_error
from dedupe.rules import say_reason
from dedupe.session import Item, RefusalError, Session, Status
from dedupe.show import guess_language, show
from dedupe.words import LANGUAGES, Words, read_words

_POSTS_OF_A_PAGE = 50
_LONGEST_FORM = 4096
_NOTES_KEPT = 100
_TURNING = {code: f"⟨U+{code:04X}⟩" for code in (*range(0x202A, 0x202F), *range(0x2066, 0x206A))}
"""Signs that turn the direction of a text, so that it would not read as it is: they are written out."""
_STATIC = {"review.css": "text/css", "review.js": "text/javascript", "icon.svg": "image/svg+xml"}


@dataclass(frozen=True, slots=True)
class _Ask:
    """A request that was understood: its form, if it has one, the words to answer in, and the review."""

    request: Request
    form: Mapping[str, str]
    t: Words
    session: Session

    def number(self, name: str, default: int) -> int:
        said = self.request.query_params.get(name, "")
        return int(said) if said.isdecimal() else default

    @property
    def post(self) -> int:
        """The number in the path of a post there is."""
        number = int(self.request.path_params["post"])
        if number >= len(self.session.posts):
            raise HTTPException(404)
        return number


Answer = Callable[[_Ask], Response]


class Answers:
    """The pages over one desk; whatever belongs to a review is there, here are only sentences that wait to be read."""

    def __init__(self, desk: Desk, language: str = "") -> None:
        self._desk = desk
        self._language = language
        self._notes: dict[int, tuple[str, dict[str, object]]] = {}
        self._noted = 0
        self._applied = Applied("", 0, 0, ())
        self.working = False
        self._previewing = threading.Lock()
        self._templates = Environment(
            loader=PackageLoader("dedupe", "web/review"),
            autoescape=True,
            trim_blocks=True,
            lstrip_blocks=True,
            undefined=StrictUndefined,
        )
        self._templates.filters["error"] = say_error
        self._templates.filters["first_upper"] = lambda said: said[:1].upper() + said[1:]

    def app(self) -> Starlette:
        """Return the application; what may open it is not its concern."""
        pages: list[tuple[str, str, Answer]] = [
            ("GET", "/", self._overview),
            ("GET", "/posts/{post:int}", self._first),
            ("GET", "/posts/{post:int}/preview", self._preview),
            ("GET", "/posts/{post:int}/{key}", self._finding),
            ("POST", "/posts/{post:int}/{key}", self._decide),
            ("POST", "/decide-all", self._decide_all),
            ("POST", "/undo", self._undo),
            ("GET", "/apply", self._choose),
            ("POST", "/apply", self._apply),
            ("GET", "/applied", self._show_applied),
            ("POST", "/runs/{run}/undo", self._give_back),
            ("POST", "/language", self._set_language),
        ]
        return Starlette(
            routes=[
                Route("/static/{name}", self._static),
                Route("/progress", self._progress),
                *(Route(path, self._page(answer), methods=[method]) for method, path, answer in pages),
            ],
            exception_handlers={404: self._not_found, 405: self._not_found},
        )

    def _page(self, answer: Answer) -> Callable[[Request], Awaitable[Response]]:
        """Return the endpoint of a page: reads the form, waits beside, and says what went wrong."""

        async def endpoint(request: Request) -> Response:
            form = await _read_form(request) if request.method == "POST" else {}
            return await run_in_threadpool(respond, request, form)

        def respond(request: Request, form: Mapping[str, str]) -> Response:
            session, t = self._desk.session, self._words(request)
            if session is None:
                return self._wait(request) if request.method == "GET" else RedirectResponse("/", 303)
            ask = _Ask(request, form, t, session)
            try:
                with speaking(t.language):
                    return answer(ask)
            except DedupeError as error:
                return self._render(ask, "message.html", http=409, title=t("title"), said=str(error))

        return endpoint

    # What is on a page

    def _words(self, request: Request) -> Words:
        chosen = request.cookies.get("language", "")
        return read_words(chosen if chosen in LANGUAGES else self._language or request.headers.get("accept-language", "en"))

    def _render(self, ask: _Ask, template: str, *, http: int = 200, **values: Any) -> Response:
        counts = ask.session.counts()
        decided = counts[Status.ACCEPT] + counts[Status.REJECT] + counts[Status.KEEP_OTHER]
        shared = {"counts": counts, "decided": decided, "total": decided + counts[Status.OPEN], "waiting": counts[Status.OPEN]}
        return self._html(ask.request, template, http=http, **(shared | values))

    def _html(self, request: Request, template: str, *, http: int = 200, **values: Any) -> Response:
        t = self._words(request)
        said = request.query_params.get("said", "")
        key, told = self._notes.get(int(said) if said.isdecimal() else 0, ("", {}))
        with speaking(t.language):
            told = {name: say_error(value) if isinstance(value, str) else value for name, value in told.items()}
        notes = [*([t(key, **told)] if key else []), *values.pop("more_notes", [])]
        here = request.url.path if request.method == "GET" else "/"
        with speaking(t.language):
            page = self._templates.get_template(template).render(t=t, notes=notes, here=here, **values)
        return HTMLResponse(page.translate(_TURNING), http)

    def _go(self, where: str, key: str = "", **told: object) -> Response:
        """Return the way to a page, with a sentence to be read there."""
        if key:
            self._noted += 1
            self._notes[self._noted] = (key, told)
            self._notes.pop(self._noted - _NOTES_KEPT, None)
            where += f"?said={self._noted}"
        return RedirectResponse(where, 303)

    def _wait(self, request: Request) -> Response:
        error, of = self._desk.error, max(1, self._desk.total)
        return self._html(request, "progress.html", error=error, working=self.working, done=self._desk.done, of=of)

    async def _progress(self, _: Request) -> Response:
        busy = (self._desk.session is None and not self._desk.error) or self.working
        return JSONResponse({"busy": busy, "done": self._desk.done, "total": self._desk.total})

    async def _static(self, request: Request) -> Response:
        name = request.path_params["name"]
        if name not in _STATIC:
            raise HTTPException(404)
        return Response(files("dedupe").joinpath("web", "review", name).read_bytes(), media_type=_STATIC[name])

    async def _not_found(self, request: Request, _: Exception) -> Response:
        t = self._words(request)
        return self._html(request, "message.html", http=404, title=t("title"), said=t("not_found"))

    # Looking

    def _overview(self, ask: _Ask) -> Response:
        session = ask.session
        with self._desk.lock:
            self._desk.synchronise()
            pages = max(1, -(-len(session.order) // _POSTS_OF_A_PAGE))
            page = min(max(1, ask.number("page", 1)), pages)
            offset = (page - 1) * _POSTS_OF_A_PAGE
            rows = [_row(session, number) for number in session.order[offset : offset + _POSTS_OF_A_PAGE]]
            waiting = session.next(None, waiting=True)
            damaged = [post for post in session.posts if post.findings]
            characters, removed = sum(post.characters for post in session.posts), sum(post.removed for post in session.posts)
            return self._render(
                ask,
                "overview.html",
                rows=rows,
                first=waiting,
                ready=len(session.decided_posts()),
                kinds=[_kind_row(kind, counts) for kind, counts in session.kinds().items()],
                findings=sum(len(post.findings) for post in damaged),
                damaged=len(damaged),
                all=len(session.posts),
                characters=characters,
                removed=removed,
                share=f"{removed / max(1, characters):.0%}",
                page=page,
                pages=pages,
                offset=offset,
            )

    def _first(self, ask: _Ask) -> Response:
        with self._desk.lock:
            self._desk.refresh(ask.post)
            item = ask.session.first_of(ask.post)
            return self._go(_place(item) if item else "/", ask.request.query_params.get("note", "") and "note_gone")

    def _finding(self, ask: _Ask) -> Response:
        session, number = ask.session, ask.post
        with self._desk.lock:
            self._desk.synchronise()
            changed = self._desk.refresh(number)
            item = session.find(number, ask.request.path_params["key"])
            if item is None:
                other = session.first_of(number)
                if (
                    not changed
                    and not any(step.key == ask.request.path_params["key"] for step in session.steps)
                    and other is None
                ):
                    raise HTTPException(404)
                return self._go(_place(other) if other else "/", "note_gone")
            text = self._desk.text(number)
            values = self._show(session, item, text, whole="whole" in ask.request.query_params)
            notes = [ask.t("note_changed", post=session.posts[number].path)] if changed else []
            return self._render(ask, "finding.html", more_notes=notes, **values)

    def _show(self, session: Session, item: Item, text: str, *, whole: bool) -> dict[str, Any]:
        finding, items = item.finding, session.items[item.post]
        shown = show(text, finding, whole=whole)
        path = PurePosixPath(session.posts[item.post].path)
        links = {
            "skip": session.next(item, waiting=True),
            "next": session.next(item),
            "previous": session.next(item, back=True),
        }
        return {
            "finding": finding,
            "post": item.post,
            "key": item.key,
            "kind": item.kind,
            "status": session.status(item).value,
            "may_swap": item.may_swap,
            "twins": session.twins(item),
            "same_kind": sum(other.kind == item.kind and session.status(other) in {Status.OPEN, Status.TOLD} for other in items),
            "reasons": [say_reason(reason) for reason in finding.evidence],
            "similarity": f"{finding.similarity:.0%}" if finding.similarity is not None and finding.similarity < 1 else "",
            "left": shown.left,
            "right": shown.right,
            "comparison": shown.comparison,
            "changes": shown.changes,
            "language": guess_language(text),
            "folder": _folder(path),
            "name": path.name,
            "number": items.index(item) + 1,
            "queue_total": len(items),
            "queue": [
                {
                    "key": other.key,
                    "code": other.finding.code,
                    "line": other.finding.lines[0],
                    "excerpt": other.finding.excerpt,
                    "status": session.status(other).value,
                }
                for other in items
            ],
            **{name: _place(other) if other else "" for name, other in links.items()},
        }

    def _preview(self, ask: _Ask) -> Response:
        # One at a time: who goes on fast would have many made that nobody sees.
        with self._previewing:
            outcome = self._desk.outcome(ask.post)
        return self._html(ask.request, "preview.html", post=ask.post, **preview(outcome, ask.t))

    # Deciding

    def _decide(self, ask: _Ask) -> Response:
        session, number, key = ask.session, ask.post, ask.request.path_params["key"]
        decision = _decision(ask.form.get("decision", ""))
        with self._desk.lock:
            if self._desk.refresh(number):
                return self._go(f"/posts/{number}/{key}", "note_changed", post=session.posts[number].path)
            self._desk.synchronise()
            item = session.find(number, key)
            if item is None:
                return self._go(f"/posts/{number}", "note_gone")
            try:
                session.decide(item, decision, ask.form.get("seen", ""))
            except RefusalError as refusal:
                return self._go(_place(item), refusal.why.value)
            if (error := self._save()) is not None:
                return self._go(_place(item), "not_saved", error=error)
            note = "seen" if decision is Decision.REJECT and not item.has_fix else decision.value if decision else "reopen"
            if decision in {None, Decision.KEEP_OTHER}:
                return self._go(_place(item), f"note_{note}")
            following = session.next(item, waiting=True)
            return self._go(_place(following), f"note_{note}") if following else self._go("/", "note_end")

    def _decide_all(self, ask: _Ask) -> Response:
        said, kind = ask.form.get("post", ""), ask.form.get("kind", "")
        decision = _decision(ask.form.get("decision", ""))
        number = int(said) if said.isdecimal() and int(said) < len(ask.session.posts) else None
        if decision is None or decision is Decision.KEEP_OTHER or (said and number is None):
            raise HTTPException(404)
        with self._desk.lock:
            self._desk.synchronise()
            count = ask.session.decide_all(kind, decision, number)
            if (error := self._save()) is not None:
                return self._go("/", "not_saved", error=error)
            following = ask.session.next(ask.session.items[number][-1], waiting=True) if number is not None else None
            here = ask.session.first_of(number) if number is not None and ask.session.counts(number)[Status.OPEN] else following
            where = _place(here) if here else "/"
            return self._go(where, "note_all", count=count)

    def _undo(self, ask: _Ask) -> Response:
        with self._desk.lock:
            self._desk.synchronise()
            try:
                step = ask.session.undo()
            except RefusalError as refusal:
                return self._go("/", refusal.why.value)
            if (error := self._save()) is not None:
                return self._go("/", "not_saved", error=error)
            item = ask.session.find(step.post, step.key)
            return self._go(_place(item) if item else "/", "note_undone", count=len(step.changes))

    def _save(self) -> str | None:
        """Write the decisions; where that fails take the last ones back and return why."""
        try:
            self._desk.save()
        except (DedupeError, OSError) as error:
            self._desk.take_back()
            return str(error)
        return None

    # Applying

    def _choose(self, ask: _Ask) -> Response:
        with self._desk.lock:
            self._desk.synchronise()
            scopes = []
            for name, numbers in (("decided", ask.session.decided_posts()), ("all", ask.session.repairable_posts())):
                names = [PurePosixPath(ask.session.posts[number].path).name for number in numbers[:3]]
                if numbers:
                    scopes.append(
                        {"name": name, "count": len(numbers), "names": ", ".join(names) + ("…" if len(numbers) > 3 else "")}
                    )
            return self._render(ask, "apply.html", scopes=scopes, untouched=len(ask.session.untouched_posts()))

    def _apply(self, ask: _Ask) -> Response:
        scope = ask.form.get("scope", "")
        with self._desk.lock:
            self._desk.synchronise()
            if scope in {"decided", "all"}:
                numbers = ask.session.decided_posts() if scope == "decided" else ask.session.repairable_posts()
            elif scope.isdecimal() and int(scope) < len(ask.session.posts):
                numbers = [int(scope)]
            else:
                raise HTTPException(404)
            if self.working:
                return self._go("/", "busy")
            self.working = True
        threading.Thread(target=self._work, args=(numbers,), daemon=True).start()
        return self._go("/applied")

    def _work(self, numbers: list[int]) -> None:
        try:
            self._applied = self._desk.apply(numbers)
        except (DedupeError, OSError) as error:
            self._applied = Applied("", 0, 0, (str(error),))
        finally:
            self.working = False

    def _show_applied(self, ask: _Ask) -> Response:
        if self.working:
            return self._wait(ask.request)
        return self._render(ask, "applied.html", applied=self._applied, can_give_back=self._desk.can_give_back(self._applied.run))

    def _give_back(self, ask: _Ask) -> Response:
        run = ask.request.path_params["run"]
        with self._desk.lock:
            if not self._desk.can_give_back(run):
                raise HTTPException(404)
            count, refused = self._desk.give_back(run)
        if refused:
            self._applied = Applied(run, 0, 0, tuple(refused))
            return self._go("/applied", "undone", count=count, run=run)
        return self._go("/", "undone", count=count, run=run)

    def _set_language(self, ask: _Ask) -> Response:
        back = ask.form.get("back", "/")
        answer = RedirectResponse(back if back.startswith("/") and not back.startswith(("//", "/\\")) else "/", 303)
        if ask.form.get("language") in LANGUAGES:
            answer.set_cookie("language", ask.form["language"], httponly=True, samesite="strict")
        return answer


async def _read_form(request: Request) -> dict[str, str]:
    """Return the first value of each field; a form here is a few short ones."""
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > _LONGEST_FORM:
            raise HTTPException(413)
    return {name: values[0] for name, values in parse_qs(body.decode("utf-8", "replace")).items()}


def _decision(said: str) -> Decision | None:
    if said not in {*Decision, "open"}:
        raise HTTPException(404)
    return None if said == "open" else Decision(said)


def _place(item: Item) -> str:
    return f"/posts/{item.post}/{item.key}"


def _folder(path: PurePosixPath) -> str:
    return "" if path.parent == PurePosixPath() else f"{path.parent}/"


def _row(session: Session, number: int) -> dict[str, object]:
    post, counts = session.posts[number], session.counts(number)
    share = post.removed / max(1, post.characters)
    path = PurePosixPath(post.path)
    return {
        "number": number,
        "folder": _folder(path),
        "name": path.name,
        "percent": round(100 * share, 1),
        "share": f"{share:.0%}",
        "findings": len(post.findings),
        "open": counts[Status.OPEN],
        "told": counts[Status.TOLD],
        "error": post.error or "",
    }


def _kind_row(kind: str, counts: Mapping[Status, int]) -> dict[str, object]:
    code, safety = kind.split(".")
    waiting = counts.get(Status.OPEN, 0) + counts.get(Status.TOLD, 0)
    return {"kind": kind, "code": code, "safety": safety, "waiting": waiting, "decided": sum(counts.values()) - waiting}
