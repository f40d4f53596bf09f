"""The same mix on both sides: facts by band of duration, standardised over clinics and conditions.

Longer programmes are given to other people, by other clinics. So a band's mean is put beside the mean it
would have if every clinic and condition had the share that it has over all bands, and the trend over bands
beside the trend within clinics and conditions. Where the two trends disagree, the row says so (Simpson).
"""

import duckdb
import numpy as np
import polars as pl

from flows.stats.moments import Floats, Ints, Moments, grouped_moments
from flows.stats.standardise import Trend, standardised_mean, trend_within
from flows.steps.evidence_pairs import Pairs, read_pairs
from flows.steps.infer_tables import SCORE, compact, dense, in_cell, read_policy, write_table

# Bands that can be put in order, with their place; a single session and an open end are no length.
BANDS = {"w1_3": 1, "w4": 2, "w5_7": 3, "w8_12": 4, "w_gt12": 5}
_POLICY = ("outcome.interval_level", "disclosure.threshold", "evidence.standard_min_coverage_pct")
N_PLACES = 8  # more than the largest place of a band: room for it in the key of a cell
STANDARDISED = {
    "k_strata": pl.Int64, "n_standard": pl.Int64, "coverage_pct": pl.Float64,
    "standard_mean": pl.Float64, "standard_ci_lo": pl.Float64, "standard_ci_hi": pl.Float64,
}  # fmt: skip
COMPARISON = ("level", "condition", *SCORE, "visit")


def infer_standard(connection: duckdb.DuckDBPyConnection) -> None:
    """Create staging.standard_inference: one row per level x condition x score x band."""
    level, stratum_from, coverage_from = read_policy(connection, *_POLICY)
    pairs = read_pairs(connection)
    pairs = pairs.among(pairs.strata["duration_band"].is_in(list(BANDS)).to_numpy())
    levels = connection.execute("select distinct level from ref.cell order by level").fetchall()
    rules = (int(stratum_from), coverage_from, level)
    rows = [compared(pairs, name, rules) for (name,) in levels]
    write_table(connection, "staging.standard_inference", pl.concat(rows))


def compared(pairs: Pairs, level_name: str, rules: tuple[int, float, float]) -> pl.DataFrame:
    """Every band of every comparison, crude and standardised, with the trends of the comparison."""
    placed = in_cell(pairs.strata, level_name, "band")
    number, combinations = dense(*(placed[name] for name in COMPARISON))
    comparison, there = compact(number[pairs.stratum])
    comparisons = combinations[there]
    own, _ = dense(
        *(placed[name] for name in COMPARISON), pairs.strata["clinic_id"],
        pairs.strata["condition"].alias("own_condition"),
    )  # fmt: skip
    stratum, _ = compact(own[pairs.stratum])
    places = [BANDS.get(name, 0) for name in pairs.strata["duration_band"]]
    band, improve = np.array(places, np.int64)[pairs.stratum], pairs.improve
    trends = _trends(comparison, stratum, band, improve, comparisons.height, rules[2])
    means = _bands(comparison, stratum, band, improve, rules)
    told = comparisons.with_row_index("comparison").cast({"comparison": pl.Int64})
    named = means.join(told, on="comparison", maintain_order="left")
    return named.join(trends, on="comparison", maintain_order="left").drop("comparison")


def _trends(
    comparison: Ints, stratum: Ints, band: Ints, improve: Floats, n: int, level: float
) -> pl.DataFrame:
    """Slope per band over all people, and within strata; a warning where they point opposite ways.

    One of the two must differ from a flat line, else the warning would come and go with the noise.
    """
    x = band.astype(np.float64)
    crude = trend_within(comparison, comparison, x, improve, n)
    within = trend_within(comparison, stratum, x, improve, n)
    apart = (np.sign(crude.slope) * np.sign(within.slope)) < 0
    return pl.DataFrame({
        "comparison": np.arange(n), "trend_crude": crude.slope, "trend_crude_p": crude.p(),
        "trend_within": within.slope, "trend_within_p": within.p(),
        "n_trend": np.bincount(comparison, minlength=n),
        "simpson_warning": apart & (_is_clear(crude, level) | _is_clear(within, level)),
    })  # fmt: skip


def _is_clear(trend: Trend, level: float) -> np.ndarray:
    return np.nan_to_num(trend.p(), nan=1.0) < 1 - level


def _bands(
    comparison: Ints, stratum: Ints, band: Ints, improve: Floats, rules: tuple[int, float, float]
) -> pl.DataFrame:
    """One row per comparison x band."""
    cell, cells = compact(comparison * N_PLACES + band)
    part, parts = compact(stratum * N_PLACES + band)
    of_cell = grouped_moments(cell, improve, len(cells))
    of_part = grouped_moments(part, improve, len(parts))
    cell_of_part = np.zeros(len(parts), np.int64)
    cell_of_part[part] = cell
    # The common mix: what each stratum weighs over all bands of its comparison.
    weight = np.bincount(stratum).astype(np.float64)[parts // N_PLACES]
    total = np.bincount(comparison)[cells // N_PLACES]
    found = [
        _standardised(of_part, weight, np.flatnonzero(cell_of_part == i), total[i], rules)
        for i in range(len(cells))
    ]
    names = {number: name for name, number in BANDS.items()}
    return pl.DataFrame({
        "comparison": cells // N_PLACES, "duration_band": [names[n] for n in (cells % N_PLACES).tolist()],
        "n_pair": of_cell.n, "improve_mean": of_cell.mean,
    }).with_columns(
        pl.Series(name, [row[i] for row in found], dtype)
        for i, (name, dtype) in enumerate(STANDARDISED.items())
    )  # fmt: skip


def _standardised(
    of_part: Moments, weight: Floats, part: Ints, total: int, rules: tuple[int, float, float]
) -> tuple[int, int, float, float, float, float]:
    """One band: strata with enough people, how much of the common mix they are, and the mean under it."""
    stratum_from, coverage_from, level = rules
    large = of_part.n[part] >= stratum_from
    n = of_part.n[part][large].astype(np.float64)
    mean, sd = of_part.mean[part][large], of_part.sd[part][large]
    coverage = 100 * float(weight[part][large].sum()) / float(total)
    counted = int(large.sum()), int(n.sum()), coverage
    if not large.any() or coverage < coverage_from:
        return (*counted, np.nan, np.nan, np.nan)
    return (*counted, *standardised_mean(weight[part][large], n, mean, sd * sd * (n - 1), level))
