"""The catalogue of competencies: the shipped one is sound, and a wrong one is refused by name."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.mentoring.competencies import CatalogueError, load
from bot.quizzes import bank

CATALOGUE = load()
FILE = """\
area: MNH
title: {en: Maternal health, fr: Santé maternelle}
aliases: [maternal]
review: sample
competencies:
  - id: mnh-pph
    title: {en: Treat bleeding, fr: Traiter le saignement}
    topics: [pph]
    bank: [pph-txa]
    required: {nurse: perform}
    checklist:
      - {id: txa, en: Gives it, fr: Le donne, critical: true, source: WHO, review: sample}
"""


def test_every_area_of_the_practice_is_there() -> None:
    named = {area.id for area in CATALOGUE.areas}
    assert named == {"MNH", "IMCI", "FP", "NEONATAL", "MALARIA", "CBMNH", "CBP-FP", "ICCM"}


def test_what_the_bank_asks_is_gathered() -> None:
    asked = {one.id: one.topic for one in bank.load().competencies}
    gathered = {name for one in CATALOGUE.competencies.values() for name in one.bank}
    assert gathered == set(asked)
    for one in CATALOGUE.competencies.values():
        assert {asked[name] for name in one.bank} == set(one.topics), one.id
    taught = {topic for one in CATALOGUE.associations for topic in one.topics}
    assert taught <= set(asked.values())


def test_every_checklist_is_a_sample_with_sources() -> None:
    for one in CATALOGUE.competencies.values():
        assert one.critical, one.id
        for step in one.checklist:
            assert step.source, step.id
            assert step.facts, step.id
            assert step.review == "sample awaiting a clinician's review"


def test_names_are_understood_as_lists_write_them() -> None:
    for written in ("neonatal", "Neonatal health", "NEONATAL", "santé néonatale"):
        area = CATALOGUE.area(written)
        assert area is not None
        assert area.id == "NEONATAL"
    mnh = CATALOGUE.area("MNH")
    assert mnh is not None
    for written in ("mnh-pph", "PPH", "pph-txa", "Prevent and treat bleeding after birth"):
        found = CATALOGUE.competency(written, mnh)
        assert found is not None
        assert found.id == "mnh-pph"
    fp = CATALOGUE.area("FP")
    assert fp is not None
    assert CATALOGUE.competency("family_planning", fp) is None  # one of two: nothing is guessed
    assert CATALOGUE.competency("neonatal-kangaroo", mnh) is None


def test_what_a_cadre_must_reach() -> None:
    nurse, chw = CATALOGUE.required("Nurse"), CATALOGUE.required("CHW")
    assert nurse["mnh-pph"] == "perform"
    assert nurse["mnh-labour"] == "know"
    assert "iccm-malaria" in chw
    assert not nurse.keys() & chw.keys()
    assert CATALOGUE.required("gardener") == {} == CATALOGUE.required(None)


def test_a_programmes_own_folder_replaces_the_shipped_one(tmp_path: Path) -> None:
    (tmp_path / "mnh.yml").write_text(FILE)
    own = load(tmp_path)
    assert list(own.competencies) == ["mnh-pph"]
    assert own.title("mnh-pph", "fr") == "Traiter le saignement"
    assert own.title("imci-triage") == "imci-triage"


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ("source: WHO, ", "", "mnh.yml, competency mnh-pph, step txa: source is missing"),
        ("critical: true, ", "", "mnh-pph: has no critical step"),
        ("critical: true", "critical: 'yes'", "step txa: critical is neither true nor false"),
        ("perform", "always", "'always' is neither know nor perform"),
        ("en: Treat bleeding, ", "", "mnh-pph, title: en is missing"),
        ("id: mnh-pph", "id: 'm n'", "id 'm n' may hold letters"),
        ("topics:", "topcis:", "'topcis' is not known"),
        ("[pph-txa]", "pph-txa", "bank is not a list of texts"),
        ("area: MNH", "area: [", "mnh.yml: "),
        ("- {id: txa", "- {id: txa, en: A, fr: B, source: C, review: D}\n      - {id: txa",
         "The step txa is there 2 times"),
        ("competencies:", "areas:", "competencies is not a list with entries"),
    ],
)  # fmt: skip
def test_a_wrong_entry_is_named(tmp_path: Path, old: str, new: str, sentence: str) -> None:
    (tmp_path / "mnh.yml").write_text(FILE.replace(old, new))
    with pytest.raises(CatalogueError) as refused:
        load(tmp_path)
    assert any(sentence in problem for problem in refused.value.problems), refused.value.problems


def test_an_id_or_a_name_stands_for_one_thing(tmp_path: Path) -> None:
    with pytest.raises(CatalogueError, match="holds no competencies"):
        load(tmp_path)
    (tmp_path / "mnh.yml").write_text(FILE)
    (tmp_path / "two.yml").write_text(FILE.replace("area: MNH", "area: TWO"))
    with pytest.raises(CatalogueError) as refused:
        load(tmp_path)
    assert "The competency mnh-pph is there 2 times." in refused.value.problems
    assert "The name of a technical area maternal is there 2 times." in refused.value.problems
