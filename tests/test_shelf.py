from __future__ import annotations

import mmap
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from dedupe.alike import find_pairs, gather, name_texts, sketch_passages
from dedupe.config import Config
from dedupe.engine import let_go
from dedupe.header import read_post
from dedupe.shelf import line_up, open_shelf
from dedupe.traits import find_traits, read_sketches

BODIES = [
    "The ferry leaves the northern pier at nine in summer, and at ten as soon as the clocks have gone back.\n",
    "桟橋の手前にある小さな食堂では、船を待つ人たちが熱い味噌汁を飲みながら、昨日の漁の話をしています。\n\n冬は閉まります。\n",
    "",
]
TRAITS = [find_traits(read_post(f"{number}.md", body), Config()) for number, body in enumerate(BODIES)]


def test_traits_are_taken_as_they_were_put_in_any_order() -> None:
    with open_shelf() as shelf:
        for number, traits in enumerate(TRAITS):
            shelf.put(str(number), traits)
            shelf.put(str(number), traits)
        for number in (2, 0, 1, 0):
            assert shelf.take(str(number)) == TRAITS[number]
            assert shelf.look(str(number)) == replace(TRAITS[number], passages=b"", sketches=b"", links=())
        assert "3" not in shelf
        shelf.put("3", TRAITS[1])
        assert shelf.take("3") == TRAITS[1]


def test_rows_are_lined_up_in_the_order_of_their_parts() -> None:
    parts = [read_sketches(traits) for traits in TRAITS]
    assert np.array_equal(line_up(parts), np.concatenate(parts))
    assert np.array_equal(line_up(part[1:] for part in reversed(parts)), np.concatenate([part[1:] for part in reversed(parts)]))
    assert len(line_up([])) == len(line_up([parts[0][:0]])) == 0


def test_a_map_gives_what_an_array_gives(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where it is looked at in many parts, each let go of."""
    monkeypatch.setattr("dedupe.engine._CHUNK", 7)
    monkeypatch.setattr("dedupe.alike._READ", 2)
    texts = [f"Boat {number % 9} of the harbour is out at sea, and back on day {number}." for number in range(60)]
    sketches = sketch_passages(texts)
    mapped = line_up([sketches[:20], sketches[20:]])
    assert np.array_equal(find_pairs(mapped), find_pairs(sketches))
    assert np.array_equal(name_texts(mapped), name_texts(sketches))
    assert gather(texts, mapped, find_pairs(mapped)) == gather(texts, sketches, find_pairs(sketches)) != ()


@pytest.mark.skipif(not sys.platform.startswith("linux") or not hasattr(mmap, "MADV_DONTNEED"), reason="told by Linux alone")
def test_what_was_read_of_a_map_leaves_memory() -> None:
    def held() -> int:
        lines = Path("/proc/self/status").read_text().splitlines()
        return sum(int(line.split()[1]) for line in lines if line.startswith(("RssFile", "RssShmem")))

    mapped = line_up([np.ones((1 << 10, 1 << 12), np.uint32)])
    assert mapped.sum() == 1 << 22
    before = held()
    let_go(mapped[:, :7])
    assert before - held() > 8 << 10, "16 MB were read"
    assert mapped[5, 5] == 1, "what is asked for again is read again"
