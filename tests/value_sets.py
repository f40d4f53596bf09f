"""Two published EQ-5D-5L value sets as a user would put them down; for tests only, none is shipped.

England: Devlin and others, Health Economics 2018;27:7. The Netherlands: Versteegh and others, Value in Health
2016;19:343. The terms were put down from memory: do not score patients with them. What the tests hold the
additive rule against are the indices below, literals of an independent test suite (R package eq5d).
"""

from pathlib import Path

_ENGLAND = """\
term,decrement
mo2,0.058
mo3,0.076
mo4,0.207
mo5,0.274
sc2,0.050
sc3,0.080
sc4,0.164
sc5,0.203
ua2,0.050
ua3,0.063
ua4,0.162
ua5,0.184
pd2,0.063
pd3,0.084
pd4,0.276
pd5,0.335
ad2,0.078
ad3,0.104
ad4,0.285
ad5,0.289
"""
# printed as coefficients, with the constant that every state but the best one starts from
_NETHERLANDS = """\
dimension;level;coefficient
mobility;2;-0,035
mobility;3;-0,057
mobility;4;-0,166
mobility;5;-0,203
self-care;2;-0,038
self-care;3;-0,061
self-care;4;-0,168
self-care;5;-0,168
usual activities;2;-0,039
usual activities;3;-0,087
usual activities;4;-0,192
usual activities;5;-0,192
pain/discomfort;2;-0,066
pain/discomfort;3;-0,092
pain/discomfort;4;-0,360
pain/discomfort;5;-0,415
anxiety/depression;2;-0,070
anxiety/depression;3;-0,145
anxiety/depression;4;-0,356
anxiety/depression;5;-0,421
constant;;0,953
"""
PUBLISHED = {"England": _ENGLAND, "Netherlands": _NETHERLANDS}
PUBLISHED_INDEX = {
    "England": {"11111": 1.0, "11112": 0.922, "23245": 0.247},
    "Netherlands": {"11111": 1.0, "44444": -0.289, "55555": -0.446},
}


def write_published(folder: Path, name: str) -> Path:
    """The file of one set, named for it."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}.csv"
    path.write_text(PUBLISHED[name], encoding="utf-8")
    return path
