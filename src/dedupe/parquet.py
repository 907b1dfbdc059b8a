"""Posts that are rows of Parquet, read and written as streams by Arrow; other columns, their types and metadata stay."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from dedupe.errors import InputError
from dedupe.records import Columns, Record, make_record, place_of, unfinished

_BATCH = 128
"""So many rows are decoded at a time."""
_PAGES = 1 << 20
"""Bytes of a column that are read ahead: without that all of a row group would be."""
_GROUP = 32 << 20
"""Bytes of rows from which on they are written as a row group."""


def read_parquet(file: Path, columns: Columns, *, whole: bool) -> Iterator[Record]:
    """Yield the rows of a Parquet file, `whole` ones so that they can be copied.

    Of a row group that is damaged the rest, from where it cannot be read, is one record with an error. Raises InputError for a
    file that is none, and for one without the columns.
    """
    import pyarrow as pa  # noqa: PLC0415 (few posts are rows of Parquet)

    with _open(file) as table:
        wanted = [name for name in (columns.id, columns.text) if name is not None]
        for name in wanted:
            if table.schema_arrow.get_field_index(name) < 0:
                raise InputError(
                    "{file}: has no column {name!r}; there are {known}",
                    file=file,
                    name=name,
                    known=", ".join(table.schema_arrow.names),
                )
        end = 0
        for group in range(table.num_row_groups):
            number, end = end, end + table.metadata.row_group(group).num_rows
            try:
                for batch in table.iter_batches(_BATCH, [group], None if whole else wanted):
                    yield from _read_batch(file, number, batch, columns)
                    number += batch.num_rows
            except (pa.ArrowException, OSError) as error:
                said = str(error).splitlines()[0]
                rows = f"{place_of(file, number + 1)} and all up to row {end} cannot be read ({said})"
                yield Record(number + 1, None, None, None, f"{rows}{'; they are not in the copy' if whole else ''}")


@contextmanager
def copy_parquet(file: Path, output: Path, columns: Columns) -> Iterator[Callable[[Record, str | None], None]]:
    """Yield what writes a row into a copy of `file`, with its text replaced unless that is None."""
    import pyarrow as pa  # noqa: PLC0415
    import pyarrow.parquet as pq  # noqa: PLC0415

    with _open(file) as table:
        schema, compression = table.schema_arrow, _compression_of(table.metadata)
    batch: Any = None
    texts: dict[int, str] = {}
    waiting: list[Any] = []

    def finish() -> None:
        if batch is not None:
            waiting.append(_replace_texts(batch, columns.text, texts))
            texts.clear()

    def flush() -> None:
        if waiting:
            writer.write_table(pa.Table.from_batches(waiting, schema))
            waiting.clear()

    def write(record: Record, text: str | None) -> None:
        nonlocal batch
        if record.raw is None:
            return
        if record.raw[0] is not batch:
            finish()
            batch = record.raw[0]
            if sum(each.nbytes for each in waiting) > _GROUP:
                flush()
        if text is not None:
            texts[record.raw[1]] = text

    with unfinished(output) as path, pq.ParquetWriter(path, schema, compression=compression) as writer:
        yield write
        finish()
        flush()


@contextmanager
def _open(file: Path) -> Iterator[Any]:
    import pyarrow as pa  # noqa: PLC0415
    import pyarrow.parquet as pq  # noqa: PLC0415

    try:
        with file.open("rb") as stream:
            table = pq.ParquetFile(stream, buffer_size=_PAGES, pre_buffer=False, page_checksum_verification=True)
            yield table
    except (pa.ArrowException, OSError) as error:
        raise InputError(
            "{file}: cannot be read as Parquet ({why}); nothing was written", file=file, why=str(error).splitlines()[0]
        ) from error


def _read_batch(file: Path, before: int, batch: Any, columns: Columns) -> Iterator[Record]:
    for place, text in enumerate(batch.column(columns.text)):
        number, raw = before + place + 1, (batch, place)
        try:
            key = batch.column(columns.id)[place].as_py() if columns.id else None
            record = make_record(file, number, key, text.as_py(), raw)
        except ValueError as error:
            record = Record(number, None, None, raw, f"{place_of(file, number)}: is no text ({error})")
        yield record


def _replace_texts(batch: Any, column: str, texts: dict[int, str]) -> Any:
    """Return a batch with the texts of some rows replaced; those that are no text in truth stay what they are."""
    import pyarrow as pa  # noqa: PLC0415

    if not texts:
        return batch
    old = batch.column(column)
    plain = old.dictionary_decode() if pa.types.is_dictionary(old.type) else old
    plain = plain.cast(pa.large_string()) if pa.types.is_string_view(plain.type) else plain
    places = list(range(batch.num_rows))
    for index, place in enumerate(texts):
        places[place] = batch.num_rows + index
    new = pa.concat_arrays([plain, pa.array(list(texts.values()), plain.type)]).take(pa.array(places))
    index = batch.schema.get_field_index(column)
    return batch.set_column(index, batch.schema.field(index), new.cast(old.type))


def _compression_of(metadata: Any) -> dict[str, str] | str:
    """Return how the columns are compressed, by the first row group."""
    if not metadata.num_row_groups:
        return "snappy"
    group = metadata.row_group(0)
    chunks: Sequence[Any] = [group.column(index) for index in range(group.num_columns)]
    return {chunk.path_in_schema: chunk.compression.lower().replace("uncompressed", "none") for chunk in chunks}
