"""Polluted CSV files: what the score promises in its line of the README stays true."""

from pathlib import Path

from benchmarks.polluted import Polluted, n_misread, pollutions, read, score

# A second header line cannot be told from a row by its form; the contract refuses it by its content.
SECOND_HEADER = ("file_header_multirow_2", "file_header_multirow_3")


def _results(tmp_path: Path, is_declared: bool) -> list[tuple[Polluted, float, int]]:
    path, results = tmp_path / "polluted.csv", []
    for file in pollutions():
        path.write_bytes(file.content)
        found = read(file, path, is_declared)
        results.append((file, score(file, found), n_misread(file, found)))
    return results


def test_with_the_dialect_declared_nearly_everything_is_read(tmp_path: Path) -> None:
    """Above 9.9 of 10; what is lost are the spoilt rows alone, and no row is read as something else."""
    results = _results(tmp_path, is_declared=True)
    assert sum(points for _, points, _ in results) / len(results) > 9.95
    assert [file.name for file, points, _ in results if points < 9.95] == []
    assert [file.name for file, _, misread in results if misread] == []


def test_without_a_word_nothing_is_misread(tmp_path: Path) -> None:
    """A file is read right or refused."""
    results = _results(tmp_path, is_declared=False)
    assert {file.name for file, _, misread in results if misread} <= set(SECOND_HEADER)
    assert any(points == 10 for _, points, _ in results)


def test_a_misreading_would_be_counted() -> None:
    """The measure sees a swapped cell."""
    file = next(pollutions())
    swapped = [[row[1], row[0], *row[2:]] for row in file.rows]
    assert n_misread(file, (file.header, swapped)) == len(file.rows)
    assert score(file, (file.header, swapped)) < 8
