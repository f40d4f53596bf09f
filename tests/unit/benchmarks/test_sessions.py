"""The big session export: its size, its order, its people, its bad rows."""

import polars as pl
import pytest

from benchmarks.sessions import RULES, write_sessions
from schemas.source import read_source

N = 33_000


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    out = tmp_path_factory.mktemp("sessions")
    planted = write_sessions(out, N, seed=11)
    read = {
        source: pl.read_csv(next((out / "bench" / source).glob("*.csv")), infer_schema=False)
        for source in ("app", "registry", "surveys")
    }
    return out, planted, read


def test_three_in_a_hundred_are_bad_in_eight_ways(written):
    _, planted, read = written
    assert read["app"].height == N
    assert set(planted) == set(RULES)
    assert planted.total() == N // 33


def test_rows_are_about_eighty_bytes(written):
    out, _, _ = written
    size = next((out / "bench" / "app").glob("*.csv")).stat().st_size
    assert 70 < size / N < 85


def test_each_kind_stands_in_the_file_as_often_as_planted(written):
    _, planted, read = written
    app, people = read["app"], read["registry"]
    known = pl.col("person").is_in(people["person"].implode())
    minutes = pl.col("minutes").cast(pl.Int64, strict=False)
    found = app.select(
        unknown_code=(~pl.col("status").is_in(["completed", "partial"])).sum(),
        unknown_participant=(~known & pl.col("person").is_not_null()).sum(),
        not_a_date=pl.col("start").str.to_datetime(strict=False).is_null().sum(),
        not_a_number=minutes.is_null().sum(),
        missing_required=pl.col("person").is_null().sum(),
        out_of_range=(pl.col("pain_pre").cast(pl.Int64) > 10).sum(),
        duplicate_key=pl.len() - pl.col("session").n_unique(),
        end_before_start=pl.col("end").str.starts_with("2000").sum(),
    )
    assert found.row(0, named=True) == dict(planted)


def test_sessions_are_in_time_order_and_inside_the_waking_day(written):
    _, _, read = written
    start = read["app"]["start"].str.to_datetime(strict=False).drop_nulls()
    assert start.is_sorted()
    assert start.dt.hour().is_between(6, 21).all()


def test_nobody_logs_before_the_programme_begins(written):
    _, _, read = written
    both = read["app"].join(read["registry"], on="person", suffix="_of_plan")
    day = pl.col("start").str.to_datetime(strict=False).dt.date()
    assert both.filter(day < pl.col("start_of_plan").str.to_date()).is_empty()


def test_batches_do_not_change_what_is_counted(tmp_path, monkeypatch):
    monkeypatch.setattr("benchmarks.sessions.BATCH", 10_000)
    planted = write_sessions(tmp_path, N, seed=11)
    app = pl.read_csv(next((tmp_path / "bench" / "app").glob("*.csv")), infer_schema=False)
    assert app.height == N and app["session"].n_unique() == N - planted["duplicate_key"]


def test_each_source_toml_is_valid(written):
    out, _, _ = written
    tables = {read_source(path).mapping.table for path in out.rglob("source.toml")}
    assert tables == {"session", "enrolment", "survey"}
