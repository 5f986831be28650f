"""What the clock does when it ticks: turn due rows into jobs, and sweep what got stuck."""

from __future__ import annotations

import contextlib
import math
import time
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta

import structlog
from sqlalchemy import select, text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from bot import walks
from bot.hooks import delivering
from bot.knowledge import expiring
from bot.mentoring import (
    competencies,
    discussions,
    news,
    plan_clock,
    plan_dues,
    stays,
    stock,
    stock_list,
    timers,
    visit_dues,
)
from bot.quizzes import campaigns, closing, giving, planning, spending
from bot.uploads import people as uploads
from channels import content
from scheduler import reconcile, sender
from scheduler.jobs import Works
from store import queue
from store.messages import Inbound

log = structlog.get_logger(__name__)

# A message that was stored but has no job and no result belongs to nobody any more.
FORGOTTEN_AFTER = timedelta(seconds=60)
CASES_AT_ONCE = 200
CASE_ROUNDS = 3
# Rasa's memory of a conversation; what must outlive it is in our tables.
TRACKER_KEPT = timedelta(days=7)


def outbox(works: Works) -> None:
    """Messages that have come due get a sending job; attempts of dead senders are in doubt."""
    now = works.now()
    with works.sessions.begin() as session:
        sender.wake_due(session, now)
        reconcile.mark_stuck(session, now)


def doubts(works: Works) -> None:
    """Ask the provider about attempts in doubt."""
    reconcile.reconcile(works.sessions, works.provider, works.now)


def waiting_questions(works: Works) -> None:
    """Receive again what waits for the dialogue, and messages that lost their job."""
    now = works.now()
    with works.sessions.begin() as session:
        due = session.scalars(
            select(Inbound)
            .where(
                Inbound.state != "done",
                (Inbound.retry_at <= now)
                | (Inbound.retry_at.is_(None) & (Inbound.received_at < now - FORGOTTEN_AFTER)),
            )
            .order_by(Inbound.id)
            .limit(500)
            .with_for_update(skip_locked=True)
        )
        for inbound in due:
            if not queue.waits(session, queue.RECEIVE, "inbound_id", inbound.id):
                lock = (
                    queue.person_lock(inbound.person_id)
                    if inbound.person_id
                    else f"address:{inbound.channel}:{inbound.sender}"
                )
                queue.defer(session, queue.RECEIVE, lock=lock, inbound_id=inbound.id)
            inbound.retry_at = now + FORGOTTEN_AFTER


def due_cases(works: Works) -> None:
    """Cases that have come due: find a mentor, remind, pass on, alert, follow up, or close.

    A round may bring the next one about (a mentor came back: look for whoever waits).
    """
    for _ in range(CASE_ROUNDS):
        now = works.now()
        with works.sessions() as session:
            ids = timers.due_ids(session, now, CASES_AT_ONCE)
        for due_id in ids:
            with works.sessions.begin() as session:
                timers.look(session, due_id, now)
        if not ids:
            return


def due_discussions(works: Works) -> None:
    """Discussions that have come due: begin, say what waited, end."""
    now = works.now()
    with works.sessions() as session:
        ids = discussions.due(session, now)
    for discussion_id in ids:
        with works.sessions.begin() as session:
            discussion = discussions.locked(session, discussion_id)
            if discussion.due_at is not None and discussion.due_at <= now:
                discussions.look(session, discussion, now, works.settings)


def due_visits(works: Works) -> None:
    """Visits that have come due: remind, ask how it was, close."""
    now = works.now()
    with works.sessions() as session:
        ids = visit_dues.due_ids(session, now, CASES_AT_ONCE)
    if not ids:
        return
    catalogue = competencies.kept(works.settings.competencies_dir)
    for due_id in ids:
        with works.sessions.begin() as session:
            visit_dues.look(session, due_id, now, catalogue)


def mentor_news(works: Works) -> None:
    """Mentors' weeks and months, and leaves that are over."""
    now = works.now()
    with works.sessions.begin() as session:
        news.plan_ahead(session, now)
        ids = news.due_ids(session, now, CASES_AT_ONCE)
    for due_id in ids:
        with works.sessions.begin() as session:
            news.look(session, due_id, now)


def coaching_plans(works: Works) -> None:
    """Reminders of coaching plans; by night, gaps that have shown and records that have grown."""
    now = works.now()
    with works.sessions.begin() as session:
        plan_dues.gaps_later(session, now, works.settings.default_timezone)
        due = plan_dues.due(session, now, CASES_AT_ONCE)
    for due_id, kind in due:
        if kind == "gaps":
            _look_for_gaps(works, due_id, now)
            continue
        with works.sessions.begin() as session:
            if kind == "record":
                plan_clock.record_grew(session, due_id, works.settings, now)
            else:
                plan_clock.remind(session, due_id, now)


def _look_for_gaps(works: Works, due_id: int, now: datetime) -> None:
    """Each person in a transaction of their own: one that fails does not hold up the others."""
    with works.sessions() as session:
        since = plan_clock.gaps_since(session, due_id)
        if since is None:
            return
        found = plan_clock.find_gaps(session, since, works.settings, now)
        grown = list(plan_clock.whose_record_grew(session, now))
    for gap in found:
        with _passed_over("gap", gap.person_id), works.sessions.begin() as session:
            plan_clock.write_down(session, gap, works.settings, now)
    for person_id in grown:
        with _passed_over("record", person_id), works.sessions.begin() as session:
            plan_clock.look_at_record(session, person_id, works.settings, now)
    with works.sessions.begin() as session:
        plan_clock.gaps_done(session, due_id, len(found), works.settings, now)


@contextlib.contextmanager
def _passed_over(what: str, person_id: int) -> Iterator[None]:
    try:
        yield
    except SQLAlchemyError as error:
        log.error("passed over", what=what, person=person_id, error=type(error).__name__)


def stalled_jobs(works: Works) -> None:
    """Jobs of workers that died are done again by the living."""
    with works.sessions.begin() as session:
        session.execute(
            text(
                "SELECT procrastinate_retry_job_v2(jobs.id, now(), NULL, NULL, NULL) "
                "FROM procrastinate_jobs jobs "
                "LEFT JOIN procrastinate_workers workers ON workers.id = jobs.worker_id "
                "WHERE jobs.status = 'doing' AND (workers.id IS NULL "
                "OR workers.last_heartbeat < now() - make_interval(secs => :age))"
            ),
            {"age": queue.STALLED_AFTER},
        )


def contents(works: Works) -> None:
    """Learn what the provider calls our menus and templates."""
    with works.sessions.begin() as session:
        missing = content.sync(session, works.provider, works.now())
    if missing:
        log.warning("templates missing at the provider", names=", ".join(missing))


def prune(works: Works) -> None:
    """Forget Rasa's trackers of long ended conversations, and deliveries that are long over."""
    oldest = (works.now() - TRACKER_KEPT).timestamp()
    with works.sessions.begin() as session:
        delivering.prune(session, works.now())
        # The next one has done its work.
        session.execute(
            text(
                "DELETE FROM procrastinate_jobs"
                " WHERE status = 'failed' AND task_name IN (:bulk, :hook)"
            ),
            {"bulk": queue.BULK, "hook": queue.HOOK},
        )
        there = session.execute(text("SELECT to_regclass('rasa.events')")).scalar()
        if there is not None:
            session.execute(
                text("DELETE FROM rasa.events WHERE timestamp < :oldest"), {"oldest": oldest}
            )


def file_imports(works: Works) -> None:
    """Files of people that a process left behind, and those that nobody went on with."""
    with works.sessions.begin() as session:
        uploads.sweep(session, works.now())


def hooks(works: Works) -> None:
    """Webhooks for which something is due get a job each."""
    with works.sessions.begin() as session:
        delivering.wake_due(session, works.now())


def plan_campaigns(works: Works) -> None:
    """Plan the coming week of whoever has less than a day planned."""
    _in_rounds(lambda: _round(works, planning.plan_ahead))


def give_campaigns(works: Works) -> None:
    """While doses or campaign messages are due, keep one waiting job per lane."""
    now = works.now()
    with works.sessions.begin() as session:
        if not (giving.is_due(session, now) or sender.bulk_waits(session, now)):
            return
        lanes, waiting = queue.lanes(session), queue.waiting_bulk(session)
        # The clock ticks once a second, so this is what leaves in one.
        most = math.ceil(works.settings.campaign_rate / lanes)
        for lane in range(lanes):
            if queue.bulk_lock(lane) not in waiting:
                queue.defer(
                    session,
                    queue.BULK,
                    lock=queue.bulk_lock(lane),
                    priority=queue.PRIORITY_BULK,
                    most=most,
                )


def close_questions(works: Works) -> None:
    """Remind of open questions and expire them."""
    _in_rounds(lambda: _round(works, closing.look))


def unsent_questions(works: Works) -> None:
    """Close questions that never reached the phone."""
    _round(works, closing.unsent)


def campaign_books(works: Works) -> None:
    """What campaigns have spent, and which are over."""
    now = works.now()
    with works.sessions.begin() as session:
        spending.recount(session, now)
        campaigns.lapse_paused(session, now)
        for name in campaigns.close_finished(session, now):
            log.info("campaign ended", campaign=name)


def newcomers(works: Works) -> None:
    """Take in who has come to fit the cohort of a running campaign."""
    _round(works, campaigns.enrol_newcomers)


def resting_walks(works: Works) -> None:
    """Put aside what nobody has moved for a day, and remind of it once."""
    _in_rounds(lambda: _round(works, walks.rest))


def due_stock(works: Works) -> None:
    """Stock-outs that have come due: remind, alert, ask whether it is there, close."""
    now, known = works.now(), stock_list.load(works.settings.stock_items)
    with works.sessions() as session:
        ids = stock.due_ids(session, now)
    for due_id in ids:
        with works.sessions.begin() as session:
            stock.look(session, due_id, known, now)


def transfers(works: Works) -> None:
    """People whose transfer has come."""
    _round(works, stays.arrive)


def cards(works: Works) -> None:
    """Drafts that wait too long for a source, cards that expire, trainings that got lost."""
    with works.sessions.begin() as session:
        expiring.look(session, works.now(), works.settings)


def _round(works: Works, step: Callable[[Session, datetime], int]) -> int:
    with works.sessions.begin() as session:
        return step(session, works.now())


# A tick that has much to do stops after this, and goes on at the next.
LONGEST_TICK = 5.0


def _in_rounds(step: Callable[[], int]) -> None:
    """Short transactions, one after the other, until there is nothing to do."""
    ends_at = time.monotonic() + LONGEST_TICK
    while step() and time.monotonic() < ends_at:
        pass
