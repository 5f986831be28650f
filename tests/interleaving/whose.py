"""Who may read what somebody wrote: worked out from what the writer saw and meant."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from tests.interleaving.cast import Actor
from tests.interleaving.life import Life, Said, Seen

# A mentor's plain text can be meant for a case that was answered so recently.
THREAD = timedelta(minutes=30)
# Events that make somebody the holder of a case, or one of those it is offered to.
GIVES = frozenset({"assigned", "offered", "taken", "reopened"})


class Whose:
    """Readers of each message of a life."""

    def __init__(self, life: Life) -> None:
        self._life = life

    def forbids(self, said: Said, reader: Actor, row: dict[str, Any] | None) -> str | None:
        """Why ``reader`` must not see this; ``None``: it is right."""
        if row is None:
            return "nothing in the outbox says why"
        if "coordinator" in reader.roles:
            return None
        life, ids = self._life, self._life.ids
        reader_id, writer_id = ids.get(reader.key), ids.get(said.actor.key)
        at = self._step_of(row)
        own = [
            case
            for case in life.seen[-1].cases.values()
            if case["mentee_id"] == writer_id and self._in_record(case["id"], said)
        ]
        # Whoever had it since that was written has read it, or could have.
        if any(self._stood(reader_id, case["id"], said.step, at) for case in own):
            return None
        if self._in_discussion(row, reader_id, writer_id, own):
            return None
        if row["dedupe_key"].startswith("draft:"):
            return None  # a second person is asked to review a card: its title is the question
        meant = self._meant_as_mentor(said, at)
        for case in meant:
            if not self._stood(writer_id, case["id"], said.step, at):
                continue
            if case["mentee_id"] == reader_id or self._stood(reader_id, case["id"], said.step, at):
                return None
        if own:
            return f"has none of {_codes(own)}"
        return f"it was meant for {_codes(meant) or 'no case'}"

    def _in_discussion(
        self,
        row: dict[str, Any],
        reader_id: int | None,
        writer_id: int | None,
        own: list[dict[str, Any]],
    ) -> bool:
        """Whether both take part, or the reader does and the writer's case is what was posed."""
        who, case_id = self._life.talks.get(row["discussion_id"], (frozenset(), None))
        posed = any(case["id"] == case_id for case in own)
        return reader_id in who and (writer_id in who or posed)

    def _in_record(self, case_id: int, said: Said) -> bool:
        return any(
            event["case_id"] == case_id and said.marker in event["text"].lower()
            for event in self._life.events
            if event["text"]
        )

    def _step_of(self, row: dict[str, Any]) -> int:
        """The step in which a message was written."""
        for seen in self._life.seen:
            if row["created_at"] <= seen.ended:
                return seen.step
        return self._life.step

    def _stood(self, person: int | None, case_id: int, since: int, until: int) -> bool:
        """Whether somebody held a case, or was offered it, at some time of these steps."""
        life = self._life
        around = [s for s in life.seen if since - 1 <= s.step <= until]
        if any(person in s.standing.get(case_id, ()) for s in around):
            return True
        first, last = around[0].ended if around else None, around[-1].ended if around else None
        return any(
            event["case_id"] == case_id
            and event["person_id"] == person
            and event["kind"] in GIVES
            and (first is None or first <= event["at"] <= (last or event["at"]))
            for event in life.events
        )

    def _meant_as_mentor(self, said: Said, at: int) -> list[dict[str, Any]]:
        """The cases that a mentor's message may be delivered to."""
        life = self._life
        codes = set(said.codes)
        # Asked which one, the mentor said so, then or later.
        later = (s for s in life.said if s.actor is said.actor and said.step <= s.step <= at)
        codes |= {s.picks for s in later if s.picks}
        meant = [case for code in sorted(codes) for case in life.by_code(code)]
        if not said.codes and said.kind in ("plain", "in_a_row", "asks_a_person", "asks"):
            meant += self._only_one(said, at)
        return meant

    def _only_one(self, said: Said, at: int) -> list[dict[str, Any]]:
        """The one case that an unaddressed text can be meant for, if there is one.

        Between two looks the tables may have had any state in between, so each look of these
        steps may say which one it was; that there were two is held against it only if there
        were at all of them.
        """
        looks = [seen for seen in self._life.seen if said.step - 1 <= seen.step <= at]
        single = [found for look in looks if len(found := self._possible(said.actor, look)) == 1]
        everywhere: set[int] | None = None
        for look in looks:
            ids = {case["id"] for case in self._possible(said.actor, look)}
            everywhere = ids if everywhere is None else everywhere & ids
        if single:
            return [case for found in single for case in found]
        if everywhere is not None and len(everywhere) >= 2:
            return []
        return [case for look in looks for case in self._possible(said.actor, look)]

    def _possible(self, actor: Actor, look: Seen) -> list[dict[str, Any]]:
        person = self._life.ids.get(actor.key)
        return [
            case
            for case in look.cases.values()
            if (person in look.standing[case["id"]] or case["mentee_id"] == person)
            and (
                case["state"] == "open"
                or (case["state"] == "answered" and case["answered_at"] > look.began - THREAD)
            )
        ]


def _codes(cases: Iterable[dict[str, Any]]) -> str:
    return ", ".join(f"#{case['code']}" for case in cases)
