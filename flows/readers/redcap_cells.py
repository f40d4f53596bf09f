"""REDCap's own way of writing cells, as expressions over the columns of an export (known by their number)."""

import polars as pl

from flows.readers.redcap_form import Checkbox

_BEGUN = "[not completed]"
_YES, _NO = ("1", "Checked"), ("0", "Unchecked")
_SHOWN = ("2", "Complete")  # states of a form


def chosen(box: Checkbox) -> pl.Expr:
    """The codes chosen, joined by `;`; `none` where the form was shown; else NULL, for nobody can know."""
    codes = _chosen_codes(box)
    return (
        pl.when(codes != "")
        .then(codes)
        .when(_is_unmarked(box) & _is_shown(box))
        .then(pl.lit("none"))
    )


def choice(box: Checkbox, number: str) -> pl.Expr:
    """One column of a checkbox: its zero is no answer on a form that may never have been shown."""
    return pl.when(~is_unknown(box)).then(pl.col(number))


def is_unknown(box: Checkbox) -> pl.Expr:
    """All zero on a form of which neither its state nor its time stamp says that it was shown."""
    return _is_unmarked(box) & ~_is_shown(box)


def finished_at(number: str) -> pl.Expr:
    """A survey's time stamp; a survey begun and not finished has none."""
    return pl.when(_text(number) != _BEGUN).then(pl.col(number))


def is_begun(number: str) -> pl.Expr:
    """Whether a survey was opened and not finished: only this cell tells."""
    return _text(number) == _BEGUN


def survey_status(number: str) -> pl.Expr:
    """`completed`, `in-progress`, or NULL: never opened, or entered by staff."""
    text = _text(number)
    return (
        pl.when(text == _BEGUN)
        .then(pl.lit("in-progress"))
        .when(text != "")
        .then(pl.lit("completed"))
    )


def _text(number: str) -> pl.Expr:
    return pl.col(number).str.strip_chars()


def _chosen_codes(box: Checkbox) -> pl.Expr:
    """Also a cell that is neither mark (a code for missing data) is told, as it stands."""
    marks = [
        pl.when(_text(number).is_in(_YES))
        .then(pl.lit(code))
        .when(~_text(number).is_in(("", *_NO)))
        .then(_text(number))
        for number, code in box.choices.items()
    ]
    return pl.concat_str(marks, separator=";", ignore_nulls=True)


def _is_unmarked(box: Checkbox) -> pl.Expr:
    has_zero = pl.any_horizontal(
        _text(number).is_in(_NO).fill_null(False) for number in box.choices
    )
    return has_zero & (_chosen_codes(box) == "")


def _is_shown(box: Checkbox) -> pl.Expr:
    is_shown = pl.lit(False)
    if box.complete is not None:
        is_shown = is_shown | _text(box.complete).is_in(_SHOWN).fill_null(False)
    if box.timestamp is not None:
        stamp = _text(box.timestamp)
        is_shown = is_shown | ((stamp != "") & (stamp != _BEGUN)).fill_null(False)
    return is_shown
