"""Which code a row of mart_outcome gets: what its interval and its answers allow to be said."""

import numpy as np
from numpy.typing import NDArray

from flows.stats.moments import Floats

Flags = NDArray[np.bool_]
Codes = NDArray[np.object_]

SUPPRESSED = "SUPPRESSED"  # given at disclosure only; the analyst's marts are complete
INSUFFICIENT = "INSUFFICIENT"
LOW_COMPLETENESS = "LOW_COMPLETENESS"
NO_CLEAR_CHANGE = "NO_CLEAR_CHANGE"
CHANGE_BELOW_MIC = "CHANGE_BELOW_MIC"
CHANGE_GE_MIC = "CHANGE_GE_MIC"
WORSE = "WORSE"
CODES = (
    SUPPRESSED, INSUFFICIENT, LOW_COMPLETENESS, NO_CLEAR_CHANGE, CHANGE_BELOW_MIC, CHANGE_GE_MIC, WORSE,
)  # fmt: skip
TOLERANCE = 1e-9  # a limit that is the MIC is at the MIC, whatever the last bits say


def change_codes(lower: Floats, upper: Floats, mic: Floats, is_enough: Flags) -> Codes:
    """Code of each mean improvement by its interval; None where there are too few pairs.

    CHANGE_GE_MIC needs the whole interval at or above the MIC. Everything between that and zero is
    CHANGE_BELOW_MIC: also a mean above the MIC whose interval reaches below it, and a score without a MIC.
    """
    codes: Codes = np.full(len(lower), CHANGE_BELOW_MIC, object)
    codes[lower >= np.where(np.isnan(mic), np.inf, mic - TOLERANCE)] = CHANGE_GE_MIC
    codes[lower <= 0] = NO_CLEAR_CHANGE
    codes[upper < 0] = WORSE
    codes[~is_enough] = None
    return codes


def wording_codes(change: Codes, is_enough: Flags, is_low: Flags, is_unpaired: Flags) -> Codes:
    """The one code of a row: too few pairs before too few answers before what the interval says."""
    codes = change.copy()
    codes[is_low] = LOW_COMPLETENESS
    codes[~is_enough] = INSUFFICIENT
    codes[is_unpaired] = None
    return codes
