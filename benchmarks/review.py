"""Measure the review: its first page once the posts are examined, a page of a finding, and a decision.

    python benchmarks/review.py [FOLDER]

FOLDER holds posts, and is copied; without it the sample posts are taken. Seconds are medians; the last line sets them beside
an answer of the same server that does nothing.
"""

from __future__ import annotations

import os
import re
import shutil
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
from measure import median, seconds

ROUNDS = 20


def taken(action: Callable[[], object]) -> float:
    return median(seconds(action) for _ in range(ROUNDS))


def decide(client: httpx.Client, origin: str) -> float:
    """Accept the first finding that waits; return the seconds that took."""
    place, form = waiting(client), {"decision": "accept", "seen": "open"}
    answers = []
    needed = seconds(lambda: answers.append(client.post(place, data=form, headers={"origin": origin}, follow_redirects=False)))
    if answers[0].status_code != 303:
        raise SystemExit(f"the decision was not taken: {answers[0].status_code}")
    return needed


def waiting(client: httpx.Client) -> str:
    """Return the address of the first finding that waits."""
    found = re.search(r'href="(/posts/\d+/[0-9a-f-]+)"[^>]*data-key="b"', client.get("/").text)
    if found is None:
        raise SystemExit("nothing waits")
    return found[1]


def main() -> None:
    source = Path(sys.argv[1] if len(sys.argv) > 1 else Path(__file__).parents[1] / "corpus")
    if not source.is_dir():
        print(f"{source} is not there; nothing measured")
        return
    with tempfile.TemporaryDirectory() as name:
        shutil.copytree(source, Path(name) / "posts")
        os.chdir(name)
        server = Server(Desk(["posts"], Config()))
        thread = threading.Thread(target=server.run)
        thread.start()
        origin = server.url.partition("/?")[0]
        with httpx.Client(base_url=origin, follow_redirects=True, timeout=60) as client:
            client.get(server.url)
            begin = time.perf_counter()
            while client.get("/progress").json()["busy"]:
                time.sleep(0.2)
            print(f"examined and proved in {time.perf_counter() - begin:.0f} s")
            nothing = taken(lambda: client.get("/static/icon.svg"))
            first = taken(lambda: client.get("/"))
            finding = waiting(client)
            page = taken(lambda: client.get(finding))
            decision = median(decide(client, origin) for _ in range(min(ROUNDS, 10)))
            said = re.search(r"<h1>(.*?)</h1>", client.get("/").text, re.DOTALL)
        print(said[1] if said else "")
        print(f"first page {first:.3f} s, a finding {page:.3f} s, a decision {decision:.3f} s")
        print(f"as multiples of an empty answer: {first / nothing:.0f}, {page / nothing:.0f}, {decision / nothing:.0f}")
        server.stop()
        thread.join()


if __name__ == "__main__":
    main()
