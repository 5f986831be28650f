"""MORE after a test or self-assessment: what was not right, one item at a time, with its answer."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import select

from bot.quizzes import answers, catalogue
from bot.quizzes.bank import LETTERS
from bot.texts import text
from bot.turn import Turn
from store.walks import Walk

REVIEWED_IN = ("test", "assess")
MORE_FOR = timedelta(days=7)


def more(turn: Turn) -> bool:
    """Show the next item to review; False: MORE is about something else."""
    if turn.quoted_sid is not None:
        return False
    walk = turn.session.scalar(
        select(Walk)
        .where(
            Walk.person_id == turn.person.id,
            Walk.kind.in_(REVIEWED_IN),
            Walk.status == "done",
            Walk.closed_at > turn.now - MORE_FOR,
        )
        .order_by(Walk.closed_at.desc())
        .limit(1)
    )
    if walk is None or walk.closed_at is None:
        return False
    wrong, shown = walk.state.get("review", []), walk.state.get("reviewed", 0)
    last = answers.last_answered(turn.session, turn.person.id)
    if shown >= len(wrong):
        return False
    if last is not None and last.closed_at is not None and last.closed_at > walk.closed_at:
        return False
    item = catalogue.version(turn.session, wrong[shown][0], wrong[shown][1])
    where = item.language(turn.person.language)
    following = "review_next" if shown + 1 < len(wrong) else "review_last"
    turn.reply_text(
        " ".join(
            (
                f"{shown + 1}/{len(wrong)} {item.stem[where]}",
                text(
                    "review_answer",
                    where,
                    letter=LETTERS[item.answer],
                    option=item.options[where][item.answer],
                ),
                item.why[where],
                f"({item.source})",
                text(following, where),
            )
        ),
        label="review",
    )
    walk.state["reviewed"] = shown + 1
    return True
