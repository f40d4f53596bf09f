"""Lindenhof (Germany): semicolons, decimal comma, dd.mm.yyyy, seconds, German words; cp1252 or BOM.

The questionnaires are one row per programme with a block of columns for each visit.
"""

from datetime import date

import numpy as np

from benchmarks.behaviour import ITEMS, Response, Session, responses, sessions
from benchmarks.dirt import Export, Row, Spoil
from benchmarks.world import Clinic, Enrolment

CONDITIONS = {
    "knee_oa": "Kniegelenksarthrose",
    "low_back_pain": "Kreuzschmerz",
    "neck_pain": "Nackenschmerz",
    "stress": "Stressbelastung",
    "anxiety": "Angststörung",
    "hand_oa": "Fingergelenksarthrose",
    "fibromyalgia": "Fibromyalgie",
    "back_pain": "Rückenschmerz",
    "tension_headache": "Spannungskopfschmerz",
}
PLANS = {"single_session": "einmalig", "fixed_term": "befristet", "open_ended": "unbefristet"}
SETTINGS = {
    "home_unsupervised": "zu Hause",
    "home_with_remote_coaching": "zu Hause mit Videobegleitung",
    "clinic_supervised": "Praxis",
    "clinic_then_home": "Praxis, dann häuslich",
    "group_class": "Gruppe",
    "workplace": "Arbeitsplatz",
}
MODALITIES = {
    "self_massage_only": "nur Selbstmassage",
    "self_massage_adjunct": "ergänzend",
    "professional_only": "nur Therapeut",
    "control_or_waitlist": "Warteliste",
}
STATUSES = {
    "planned": "geplant",
    "running": "läuft",
    "completed": "abgeschlossen",
    "stopped_by_participant": "Abbruch durch Patient",
}
BLOCKS = {"BASELINE": "_t1", "WK4": "_t2", "WK12": "_t3"}
ASKED = ("nrs_pain", "peg")
STRANGERS = tuple(f"LHX{n}" for n in range(100, 400))

STAMMDATEN_SPOILS = (
    Spoil("unknown_code", "Diagnose", ("Knie?", "siehe Akte")),
    Spoil("not_a_date", "Beginn", ("31.02.2026", "nächste Woche")),
    Spoil("not_a_number", "Minuten pro Einheit", ("zehn", "k. A.")),
    Spoil("missing_required", "Diagnose", ("",)),
    Spoil("out_of_range", "Einheiten pro Woche", ("0", "70")),
    Spoil("duplicate_key", "Minuten pro Einheit", ("7,5", "12,5")),
)
TAGEBUCH_SPOILS = (
    Spoil("unknown_code", "Status", ("erl.?", "halb")),
    Spoil("unknown_participant", "Patientennr", STRANGERS),
    Spoil("not_a_date", "Datum", ("31.02.2026", "45.13.2025", "gestern")),
    Spoil("not_a_number", "Dauer (s)", ("zwölf", "ca. 600")),
    Spoil("missing_required", "Patientennr", ("",)),
    Spoil("out_of_range", "Dauer (s)", ("0", "36000")),
    Spoil("out_of_range", "Schmerz nachher", ("14,0",)),
    Spoil("duplicate_key", "Dauer (s)", ("95", "155")),
)
# In one visit block only: a bad row must be one refusal, and a wrong id is wrong in every block.
FRAGEBOGEN_SPOILS = (Spoil("not_a_date", "Datum_t1", ("31.02.2026", "45.13.2025", "Montag")),)


def exports(clinic: Clinic, people: list[Enrolment], rng: np.random.Generator) -> list[Export]:
    """Master data, diary and questionnaires."""
    log = sessions(clinic, people, rng)
    answered = responses(clinic, people, ASKED, rng)
    day = f"{clinic.exported:%Y-%m-%d}"
    return [
        Export(
            source="stammdaten",
            file_name=f"synthetisch_stammdaten_{day}.csv",
            format="csv_semicolon_cp1252",
            rows=[_enrolment(clinic, person) for person in people],
            spoils=STAMMDATEN_SPOILS,
            newcomer={"Patientennr": "LHN", "Programm": "LHN-"},
        ),
        Export(
            source="tagebuch",
            file_name=f"synthetisch_tagebuch_{day}.csv",
            format="csv_semicolon_bom",
            rows=[_session(number, s) for number, s in enumerate(log)],
            spoils=TAGEBUCH_SPOILS,
            has_empty_last_row=True,
        ),
        Export(
            source="fragebogen",
            file_name=f"synthetisch_fragebogen_{day}.csv",
            format="csv_semicolon_cp1252",
            rows=_wide(answered),
            spoils=FRAGEBOGEN_SPOILS,
        ),
    ]


def _day(value: date | None) -> str:
    return "" if value is None else f"{value:%d.%m.%Y}"


def _comma(value: float, digits: int) -> str:
    return f"{value:.{digits}f}".replace(".", ",")


def _enrolment(clinic: Clinic, person: Enrolment) -> Row:
    status = person.status(clinic.exported)
    return {
        "Patientennr": person.participant_id,
        "Nachname": f"Muster-{person.participant_id}",
        "Programm": person.enrolment_id,
        "Diagnose": CONDITIONS[person.condition],
        "Verordnet": _day(person.index_date),
        "Beginn": _day(person.start),
        "Programmart": PLANS[person.plan_type],
        "Wochen": person.weeks if person.plan_type == "fixed_term" else "",
        "Einheiten pro Woche": "" if person.per_week is None else person.per_week,
        "Minuten pro Einheit": _comma(person.minutes, 1),
        "Ort": SETTINGS[person.setting],
        "Technik": person.technique,
        "Region": person.body_site,
        "Form": MODALITIES[person.modality],
        "Anteil": _comma(person.share, 2),
        "Pfad": person.arm,
        "Status": STATUSES[status],
        "Statusdatum": _day(person.quit_date) if status == "stopped_by_participant" else "",
        "Geburtsjahr": person.birth_year,
        "Geschlecht": {"female": "w", "male": "m"}[person.sex],
    }


def _session(number: int, session: Session) -> Row:
    participant = session.enrolment.participant_id
    return {
        # Typed by hand: here and there a blank behind the number. Ids are trimmed, so it is harmless.
        "Patientennr": f"{participant} " if number % 61 == 0 else participant,
        "Datum": _day(session.start.date()),
        "Uhrzeit": f"{session.start:%H:%M}",
        "Dauer (s)": 60 * session.minutes + 7 * (number % 5),
        "Status": {"completed": "fertig", "partial": "teilweise"}[session.status],
        "Schmerz vorher": _comma(session.pain_pre, 1),
        "Schmerz nachher": _comma(session.pain_post, 1),
    }


def _wide(answered: list[Response]) -> list[Row]:
    """One row per programme; visits outside the three blocks were not asked here."""
    visits: dict[str, dict[str, Response]] = {}
    for response in answered:
        if response.visit in BLOCKS:
            visits.setdefault(response.enrolment.enrolment_id, {})[response.visit] = response
    return [_wide_row(found) for found in visits.values()]


def _wide_row(found: dict[str, Response]) -> Row:
    person = next(iter(found.values())).enrolment
    row: Row = {"Patientennr": person.participant_id, "Programm": person.enrolment_id}
    for visit, suffix in BLOCKS.items():
        response = found.get(visit)
        row[f"Datum{suffix}"] = _day(response.completed.date()) if response else ""
        for instrument, column in {"nrs_pain": "Schmerz", "peg": "PEG"}.items():
            blank: list[int | None] = [None] * ITEMS[instrument][0]
            answers = response.answers[instrument] if response else blank
            for item, answer in enumerate(answers, 1):
                row[f"{column}{item}{suffix}"] = "" if answer is None else answer
    return row
