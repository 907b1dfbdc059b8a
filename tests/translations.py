"""Bring the catalogues of translations up to what the program says.

    python tests/translations.py

Collects every message of the sources, merges them into each `dedupe.po`, and compiles those into the `.mo` files that the
package reads. What is new is left empty there, and the tests fail until it is translated.
"""

from __future__ import annotations

from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

PACKAGE = Path(__file__).resolve().parents[1] / "src" / "dedupe"
LOCALE = PACKAGE / "locale"
_SAY = dict.fromkeys(("say", "N_", "_refuse", "InputError", "ConfigError", "WriteError", "UndoError", "LockError", "_fail"))
_KEYWORDS = {**_SAY, "say_many": (1, 2)}
_BEGUN = datetime(2026, 11, 27, tzinfo=UTC)
"""A date that never changes, so that nothing changes but what is said."""


def collect() -> Catalog:
    """Return a catalogue of all messages, not translated."""
    catalogue = Catalog(project="dedupe", fuzzy=False, creation_date=_BEGUN)
    for file, _, message, _, _ in sorted(extract_from_dir(str(PACKAGE), keywords=_KEYWORDS), key=lambda found: found[:2]):
        catalogue.add(message, locations=[(file, 1)])
    return catalogue


def read(code: str) -> Catalog:
    with (LOCALE / code / "LC_MESSAGES" / "dedupe.po").open("rb") as file:
        return read_po(file, locale=code)


def compile_catalogue(catalogue: Catalog) -> bytes:
    """Return what the package reads; the same bytes for the same translations."""
    stream = BytesIO()
    write_mo(stream, catalogue)
    return stream.getvalue()


def main() -> None:
    found = collect()
    for folder in sorted(LOCALE.glob("*/LC_MESSAGES")):
        catalogue = read(folder.parent.name)
        catalogue.update(found, no_fuzzy_matching=True)
        with (folder / "dedupe.po").open("wb") as file:
            write_po(file, catalogue, width=0, sort_output=True, omit_header=False, no_location=True, ignore_obsolete=True)
        (folder / "dedupe.mo").write_bytes(compile_catalogue(read(folder.parent.name)))


if __name__ == "__main__":
    main()
