"""Which mentors a case can go to, in which order, and why. Plain functions.

Who may have it: whoever can be reached, is not on leave, is on duty, has not passed it and carries
less than the most that was agreed. Off duty only where a case is urgent and nobody is on.

In which order: the mentee's own mentor, the backup; then who answers in the mentee's language and
has the topic; then who is nearer: facility, district, association, the level above in the cascade;
then who has fewer open cases. See ``docs/decisions`` for why language and topic come first.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from bot.mentoring import duty

# From the village up; a mentor is best from the level above the mentee's.
LEVELS = (
    ("village", "community"),
    ("health post", "poste de sante"),
    ("health centre", "health center", "centre de sante", "medicalised health centre"),
    ("district hospital", "hospital", "hopital de district", "hopital", "upgraded health centre"),
    ("provincial hospital", "referral hospital", "hopital de reference", "teaching hospital"),
)


def level_of(facility_level: str | None) -> int | None:
    """The step in the cascade of a facility, by the words of its level; unknown: ``None``."""
    said = (facility_level or "").strip().lower().replace("ô", "o").replace("é", "e")
    return next((step for step, names in enumerate(LEVELS) if said in names), None)


@dataclass(frozen=True)
class Candidate:
    """A mentor as routing sees one. ``away_until``: leave ends by itself then; aware."""

    id: int
    topics: frozenset[str]
    languages: frozenset[str]
    calendar: duty.Calendar
    facility: int | None = None
    district: str = ""
    association: str = ""
    level: int | None = None
    open_cases: int = 0
    most_open: int = 12
    today: int = 0
    most_a_day: int = 30
    reachable: bool = True
    away: bool = False
    away_until: datetime | None = None

    def is_away(self, now: datetime) -> bool:
        """Whether on leave."""
        return self.away and (self.away_until is None or self.away_until > now)

    def next_on(self, now: datetime) -> datetime | None:
        """When next on duty and not on leave; ``None``: not known."""
        if not self.is_away(now):
            return duty.next_on(now, self.calendar)
        return self.away_until and duty.next_on(self.away_until, self.calendar)


@dataclass(frozen=True)
class Wanted:
    """What a case asks for.

    ``had_it``: who had it, in order; ``passed``: who declined; ``has_it``: who has it or is
    offered it now.
    """

    mentee: int
    own_mentor: int | None = None
    backup: int | None = None
    topic: str | None = None
    language: str = "en"
    facility: int | None = None
    district: str = ""
    association: str = ""
    level: int | None = None
    urgent: bool = False
    had_it: tuple[int, ...] = ()
    passed: frozenset[int] = frozenset()
    has_it: frozenset[int] = frozenset()


@dataclass(frozen=True)
class Choice:
    """A mentor who can have it, and what speaks for them."""

    mentor: int
    reasons: tuple[str, ...]


@dataclass(frozen=True)
class Ranking:
    """All that can have the case, the best first; why the others cannot; who comes on first.

    ``first_on``: the mentor and the moment; only known when there is nobody to choose.
    """

    choices: tuple[Choice, ...]
    left_out: dict[int, str]
    first_on: tuple[int, datetime] | None


def rank(
    wanted: Wanted, candidates: Iterable[Candidate], now: datetime, *, again: bool = True
) -> Ranking:
    """Order the mentors for a case.

    Args:
        now: aware.
        again: when everybody had it once, go round again, though not back to who had it last.
    """
    everybody = sorted(candidates, key=lambda candidate: candidate.id)
    ranking = _rank(wanted, everybody, now)
    if ranking.choices or not again or not wanted.had_it:
        return ranking
    round_again = _rank(replace(wanted, had_it=wanted.had_it[-1:]), everybody, now)
    return round_again if round_again.choices or round_again.first_on else ranking


def _rank(wanted: Wanted, everybody: Sequence[Candidate], now: datetime) -> Ranking:
    left_out: dict[int, str] = {}
    on, off = [], []
    for candidate in everybody:
        reason = _blocked(wanted, candidate, now)
        if reason is not None:
            left_out[candidate.id] = reason
        elif candidate.is_away(now) or not duty.is_on(now, candidate.calendar):
            left_out[candidate.id] = _absent(candidate, now)
            off.append(candidate)
        else:
            on.append(candidate)
    reachable_off = [candidate for candidate in off if not candidate.is_away(now)]
    if not on and wanted.urgent:
        on = reachable_off
        for candidate in on:
            del left_out[candidate.id]
    on.sort(key=lambda candidate: _key(wanted, candidate))
    return Ranking(
        choices=tuple(Choice(one.id, _reasons(wanted, one, now)) for one in on),
        left_out=left_out,
        first_on=None if on else _first_on(wanted, off, now),
    )


def _blocked(wanted: Wanted, candidate: Candidate, now: datetime) -> str | None:
    """Why this mentor cannot have it, whatever the hour."""
    if candidate.id == wanted.mentee:
        return "it is their own case"
    if candidate.id in wanted.passed:
        return "passed it"
    if candidate.id in wanted.has_it:
        return "has it"
    if candidate.id in wanted.had_it:
        return "had it before"
    if not candidate.reachable:
        return "cannot be reached"
    if candidate.is_away(now) and candidate.away_until is None:
        return "on leave"
    if candidate.open_cases >= candidate.most_open:
        return f"has {candidate.open_cases} open cases, the most at once"
    if candidate.today >= candidate.most_a_day:
        return f"got {candidate.today} cases today, the most in a day"
    return None


def _absent(candidate: Candidate, now: datetime) -> str:
    back = candidate.next_on(now)
    local = back and back.astimezone(ZoneInfo(candidate.calendar.zone))
    why = "on leave" if candidate.is_away(now) else "off duty"
    return f"{why} until {local:%a %d %b %H:%M}" if local else why


def _first_on(
    wanted: Wanted, off: Iterable[Candidate], now: datetime
) -> tuple[int, datetime] | None:
    coming = [
        (back.astimezone(UTC), _key(wanted, candidate), candidate.id)
        for candidate in off
        if (back := candidate.next_on(now)) is not None
    ]
    if not coming:
        return None
    back, _, mentor = min(coming)
    return mentor, back


def _steps(wanted: Wanted, candidate: Candidate) -> int:
    """How far from the level above the mentee's; not known counts as farthest."""
    if wanted.level is None or candidate.level is None:
        return len(LEVELS)
    return abs(candidate.level - (wanted.level + 1))


def _key(wanted: Wanted, candidate: Candidate) -> tuple[int, ...]:
    """Smaller is better. The same order as ``_WORSE``."""
    return (
        candidate.id != wanted.own_mentor,
        candidate.id != wanted.backup,
        wanted.language not in candidate.languages,
        wanted.topic is not None and wanted.topic not in candidate.topics,
        wanted.facility is None or candidate.facility != wanted.facility,
        not wanted.district or candidate.district != wanted.district,
        not wanted.association or candidate.association != wanted.association,
        _steps(wanted, candidate),
        candidate.open_cases,
        candidate.id,
    )


_WORSE = (
    "is not the mentee's own mentor",
    "is not the backup",
    "does not answer in the mentee's language",
    "does not have the topic",
    "works at another facility",
    "works in another district",
    "belongs to another association",
    "is further away in the cascade",
    "has more open cases",
    "is equal, and was registered later",
)


def why_not(
    wanted: Wanted, ranking: Ranking, candidates: Iterable[Candidate], asked: Sequence[int]
) -> dict[str, list[int]]:
    """For everybody who is not asked, the reason in words → the mentors it holds for."""
    by_id = {candidate.id: candidate for candidate in candidates}
    others = dict(ranking.left_out)
    for choice in ranking.choices:
        if choice.mentor in asked or not asked:
            continue
        mine = _key(wanted, by_id[choice.mentor])
        theirs = _key(wanted, by_id[asked[-1]])
        worse = next(n for n, (a, b) in enumerate(zip(mine, theirs, strict=True)) if a > b)
        others[choice.mentor] = _WORSE[worse]
    grouped: dict[str, list[int]] = {}
    for mentor, reason in sorted(others.items()):
        if mentor not in asked:
            grouped.setdefault(reason, []).append(mentor)
    return grouped


def _reasons(wanted: Wanted, candidate: Candidate, now: datetime) -> tuple[str, ...]:
    found = []
    if candidate.id == wanted.own_mentor:
        found.append("own mentor")
    elif candidate.id == wanted.backup:
        found.append("backup mentor")
    if wanted.topic is not None and wanted.topic in candidate.topics:
        found.append(f"mentor of the topic {wanted.topic}")
    if wanted.language in candidate.languages:
        found.append(f"answers in {wanted.language}")
    if wanted.facility is not None and candidate.facility == wanted.facility:
        found.append("same facility")
    elif wanted.district and candidate.district == wanted.district:
        found.append(f"same district, {wanted.district}")
    if wanted.association and candidate.association == wanted.association:
        found.append(f"same association, {wanted.association}")
    if _steps(wanted, candidate) == 0:
        found.append("one level above in the cascade")
    found.append(
        "on duty"
        if duty.is_on(now, candidate.calendar)
        else "off duty, but it is urgent and nobody is on"
    )
    found.append(f"{candidate.open_cases} open cases")
    return tuple(found)
