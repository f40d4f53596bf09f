"""Many sets at once give the bits of each set alone; leaving one out leaves the others."""

from dataclasses import fields

import numpy as np

from flows.stats.pooling import PooledSets, leave_one_out, pool, pool_sets


def drawn() -> tuple[np.ndarray, np.ndarray]:
    dice = np.random.default_rng(12)
    y, v = dice.normal(1, 1, (9, 60)), dice.uniform(0.05, 2, (9, 60))
    for column in range(60):
        y[column % 8 + 2 :, column] = np.nan
    return y, v


def test_sets_do_not_feel_each_other() -> None:
    y, v = drawn()
    for method in ("reml", "dl", "pm"):
        found = pool_sets(y, v, method)
        for column in range(60):
            there = ~np.isnan(y[:, column])
            alone = pool(y[there, column], v[there, column], method)
            for field in fields(PooledSets):
                ours, own = getattr(found, field.name)[column], getattr(alone, field.name)
                assert ours == own or (np.isnan(ours) and np.isnan(own))


def test_below_two_clinics_nothing_is_pooled() -> None:
    y = np.array([[1.0, np.nan, 1.0], [np.nan, np.nan, 3.0]])
    found = pool_sets(y, np.ones_like(y))
    assert list(found.k) == [1, 0, 2]
    assert list(np.isnan(found.mu)) == [True, True, False]
    assert np.isnan(found.prediction_lower[2])
    empty = pool_sets(np.empty((0, 2)), np.empty((0, 2)))
    assert np.isnan(empty.mu).all()


def test_leave_one_out_is_pooling_the_rest() -> None:
    y, v = drawn()
    lowest, highest = leave_one_out(y, v)
    for column in range(60):
        there = np.flatnonzero(~np.isnan(y[:, column]))
        if len(there) < 3:
            assert np.isnan(lowest[column]) and np.isnan(highest[column])
            continue
        rest = [pool(y[kept, column], v[kept, column]).mu
                for kept in (np.delete(there, i) for i in range(len(there)))]  # fmt: skip
        assert (lowest[column], highest[column]) == (min(rest), max(rest))


def test_equal_effects_have_no_heterogeneity() -> None:
    found = pool(np.full(4, 1.5), np.array([0.1, 0.2, 0.3, 0.4]))
    assert (found.tau2, found.q, found.i2) == (0, 0, 0)
    assert found.hk_lower < 1.5 < found.hk_upper
