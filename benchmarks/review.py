"""Measure the review: its first page once the posts are examined, a page of a finding, and a decision.

    python benchmarks/review.py [FOLDER]

FOLDER holds posts, and is copied; without it 500 posts are made in which 40 findings each wait, 20,000 in all. A decision is the
answer to it, with the file of decisions written. Seconds are medians, with the slowest beside; the last line sets them beside an
answer of the same server that does nothing.
"""

from __future__ import annotations

import os
import re
import shutil
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path

import httpx

from dedupe import Config
from dedupe.desk import Desk
from dedupe.review import Server

ROUNDS = 20
POSTS, FINDINGS = 500, 40


def make_post(number: int) -> str:
    """Return a post in which every paragraph but the last stands twice in a row, and no two are alike."""
    paragraphs = [
        f"Basket {at} of row {number} held {at * 7 + number} plums when we came. Whoever carried it up the hill was "
        f"told its weight, {at + number * 3} pounds, and forgot it before the gate."
        for at in range(FINDINGS)
    ]
    twice = "".join(f"{paragraph}\n\n{paragraph}\n\n" for paragraph in paragraphs)
    return f"# Row {number}\n\n{twice}That was all of row {number}.\n"


def measure(action: Callable[[], object], rounds: int = ROUNDS) -> list[float]:
    """Return the seconds of each of some rounds, the fastest first."""
    taken = []
    for _ in range(rounds):
        begin = time.perf_counter()
        action()
        taken.append(time.perf_counter() - begin)
    return sorted(taken)


def decide(client: httpx.Client, origin: str) -> Callable[[], None]:
    """Return what accepts a finding that waits, then the one that the answer leads to, and so on."""
    place = waiting(client)

    def accept() -> None:
        nonlocal place
        form = {"decision": "accept", "seen": "open"}
        answer = client.post(place, data=form, headers={"origin": origin}, follow_redirects=False)
        if answer.status_code != 303 or not answer.headers["location"].startswith("/posts/"):
            raise SystemExit(f"the decision was not taken: {answer.status_code}")
        before, place = place, answer.headers["location"].partition("?")[0]
        if place == before:
            raise SystemExit("the decision was refused")

    return accept


def waiting(client: httpx.Client) -> str:
    """Return the address of the first finding that waits."""
    found = re.search(r'href="(/posts/\d+/[0-9a-f-]+)"[^>]*data-key="b"', client.get("/").text)
    if found is None:
        raise SystemExit("nothing waits")
    return found[1]


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        if len(sys.argv) > 1:
            shutil.copytree(sys.argv[1], Path(name) / "posts")
        else:
            (Path(name) / "posts").mkdir()
            for number in range(POSTS):
                (Path(name) / "posts" / f"{number:03}.md").write_text(make_post(number), "utf-8")
        os.chdir(name)
        server = Server(Desk(["posts"], Config()), language="en")
        thread = threading.Thread(target=server.run)
        thread.start()
        try:
            measure_server(server)
        finally:
            server.stop()
            thread.join()


def measure_server(server: Server) -> None:
    origin = server.url.partition("/?")[0]
    with httpx.Client(base_url=origin, follow_redirects=True, timeout=60) as client:
        client.get(server.url)
        begin = time.perf_counter()
        while client.get("/progress").json()["busy"]:
            time.sleep(0.2)
        print(f"examined and proved in {time.perf_counter() - begin:.0f} s")
        said = re.search(r"<h1>(.*?)</h1>", client.get("/").text, re.DOTALL)
        print(said[1] if said else "")
        nothing = measure(lambda: client.get("/static/icon.svg"))
        finding = waiting(client)
        found = {
            "first page": measure(lambda: client.get("/")),
            "a finding": measure(lambda: client.get(finding)),
            "a decision": measure(decide(client, origin)),
        }
    for what, taken in found.items():
        print(f"{what}: {statistics.median(taken):.3f} s, at most {taken[-1]:.3f} s")
    ratios = (f"{statistics.median(taken) / statistics.median(nothing):.0f}" for taken in found.values())
    print(f"as multiples of an empty answer: {', '.join(ratios)}")


if __name__ == "__main__":
    main()
