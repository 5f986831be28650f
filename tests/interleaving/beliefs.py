"""What mentors have been told of who has a case, read off their phones."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from bot import texts
from tests.interleaving.judges import Court, Violation, judge, wishes

# Keys of texts.yml after which a mentor believes to have the case …
HAS = ("case_to_mentor", "mentor_took")
# … and after which not any more.
HAS_NOT = (
    "mentor_passed",
    "mentor_passed_nobody",
    "mentor_done",
    "mentor_case_closed",
    "mentor_no_such_case",
    "mentor_somebody_elses",
    "case_taken_to_mentor",
    "case_withdrawn_to_mentor",
    "case_answered_by_programme",
)
# Whoever leaves, or has stopped, has none any more.
GONE = ("mentor_away", "mentor_away_until", "stop_confirmation")
_ON_ITS_WAY = frozenset({"queued", "held", "sending", "sent", "delivered", "read", "unknown"})
_ARRIVED = frozenset({"sent", "delivered", "read"})


def _patterns(keys: tuple[str, ...]) -> list[re.Pattern[str]]:
    found = []
    for key in sorted(texts.keys() & set(keys)):
        for language in sorted(texts.languages(key)):
            names = _Names()
            body = texts.text(key, language, **names.filled(key, language))
            pattern = re.escape(body)
            for name, mark in names.marks.items():
                group = r"(?P<code>\w{4})" if name == "code" else ".*"
                pattern = pattern.replace(mark, group, 1).replace(mark, ".*")
            found.append(re.compile(pattern, re.DOTALL))
    return found


class _Names:
    """Marks in place of the ``{names}`` of a text."""

    def __init__(self) -> None:
        self.marks: dict[str, str] = {}

    def filled(self, key: str, language: str) -> dict[str, str]:
        while True:
            try:
                texts.text(key, language, **self.marks)
            except KeyError as missing:
                self.marks[str(missing.args[0])] = f"zz{len(self.marks)}zz"
            else:
                return self.marks


_HAS, _HAS_NOT, _GONE = _patterns(HAS), _patterns(HAS_NOT), _patterns(GONE)


def _says(patterns: list[re.Pattern[str]], body: str) -> str | None:
    for pattern in patterns:
        match = pattern.match(body)
        if match:
            return match.groupdict().get("code") or ""
    return None


@judge
def two_who_believe(court: Court, _: object) -> Iterator[Violation]:
    """Of two mentors, never both were told last that a case is theirs."""
    life, now = court.life, court.life.seen[-1]
    ids = {case["code"]: case["id"] for case in now.cases.values()}
    believes: dict[int, dict[int, dict[str, Any]]] = {}
    rows = [row for row in life.outbox.values() if row["state"] in _ON_ITS_WAY]
    rows.sort(key=lambda row: (row["attempted_at"] or now.ended, row["id"]))
    for row in rows:
        has, has_not = _says(_HAS, row["body"]), _says(_HAS_NOT, row["body"])
        if _says(_GONE, row["body"]) is not None:
            for who in believes.values():
                who.pop(row["person_id"], None)
        elif has_not is not None:
            case_id = row["case_id"] or ids.get(has_not)
            believes.setdefault(case_id or 0, {}).pop(row["person_id"], None)
        elif has is not None and row["state"] in _ARRIVED:
            case_id = row["case_id"] or ids.get(has)
            believes.setdefault(case_id or 0, {})[row["person_id"]] = row
    # Whoever stopped has left their cases, and cannot be told so.
    stopped = {
        person: [at for at, wish, _ in words if wish == "stop"]
        for person, words in wishes(life).items()
    }
    for case_id, who in believes.items():
        case = now.cases.get(case_id)
        if case is None or case["state"] == "closed":
            continue
        court.checks["two_holders"] += 1
        others = set(who) - set(now.standing[case_id])
        for person in others:
            if any(at > who[person]["attempted_at"] for at in stopped.get(person, ())):
                continue
            if now.standing[case_id] and court.once("two_holders", (case_id, person)):
                actor = life.actor_of(person)
                yield Violation(
                    "two_holders",
                    f"{actor.key if actor else person} still believes to have #{case['code']}, "
                    f"which persons {sorted(now.standing[case_id])} have",
                    actor.addresses if actor else (),
                )
