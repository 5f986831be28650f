"""The worker process: Procrastinate carries out, as many processes as needed."""

from __future__ import annotations

import asyncio
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import procrastinate
import structlog

from bot import settings as settings_module
from bot.settings import Settings, SettingsError
from nlu import rasa_env
from scheduler import training
from scheduler.jobs import Works
from scheduler.logs import configure
from store import queue
from store.migrate import psycopg_conninfo

log = structlog.get_logger(__name__)

# Well below queue.STALLED_AFTER, so that a busy worker is not taken for a dead one.
HEARTBEAT = 3.0
# The queue is also looked at without a notification, should one be lost.
POLL = 1.0


def make_app(settings: Settings, works: Works | None = None) -> procrastinate.App:
    """The queue with our tasks; ``works`` only where tasks are carried out."""
    assert settings.database_url is not None
    connector = procrastinate.PsycopgConnector(
        conninfo=psycopg_conninfo(settings.database_url),
        kwargs={"application_name": "mentorline-queue"},
        min_size=1,
        max_size=4,
    )
    app = procrastinate.App(connector=connector)

    # A job that raises is tried again: the message it is about must not be lost.
    # After that the clock takes it up once a minute, and others of the person go in between.
    retry = procrastinate.RetryStrategy(max_attempts=5, exponential_wait=2)

    @app.task(name=queue.RECEIVE, retry=retry)
    def receive(inbound_id: int) -> None:
        assert works is not None
        works.receive(inbound_id)

    @app.task(name=queue.SEND, retry=retry)
    def send_person(person_id: int) -> None:
        assert works is not None
        works.send(person_id)

    # Not tried again by itself: the clock defers the next one while anything waits.
    @app.task(name=queue.BULK)
    def bulk(most: int) -> None:
        assert works is not None
        works.give_and_send(most)

    @app.task(name=queue.CAMPAIGN, retry=retry)
    def campaign(campaign_id: int, what: str, plan: dict[str, Any] | None) -> None:
        assert works is not None
        works.campaign(campaign_id, what, plan)

    @app.task(name=queue.IMPORT, retry=retry)
    def import_file(import_id: int) -> None:
        assert works is not None
        works.import_file(import_id)

    # Not tried again by itself: what is due is a row, and the clock finds it.
    @app.task(name=queue.HOOK)
    def deliver_hook(hook_id: int) -> None:
        assert works is not None
        works.deliver_hook(hook_id)

    # A server that does not take the model is busy or away: that takes longer than a few seconds.
    patient = procrastinate.RetryStrategy(max_attempts=9, exponential_wait=2)

    @app.task(name=queue.TRAIN, queue=queue.TRAINING_QUEUE, retry=patient, pass_context=True)
    def train(context: procrastinate.JobContext) -> None:
        assert works is not None
        try:
            training.run(works, context.should_abort)
        except training.Interrupted:
            raise procrastinate.exceptions.JobAborted from None

    return app


def queues() -> list[str]:
    """The queues that this worker takes jobs from: training only where Rasa is installed."""
    try:
        rasa_env.python()
    except rasa_env.RasaEnvironmentMissing:
        return [queue.QUEUE]
    return [queue.QUEUE, queue.TRAINING_QUEUE]


async def run(settings: Settings, works: Works) -> None:
    """Work until a signal stops the process."""
    app = make_app(settings, works)
    # asyncio's own pool has a few threads per core, less than jobs that wait for Rasa or Twilio.
    threads = ThreadPoolExecutor(settings.worker_concurrency + 4, thread_name_prefix="job")
    asyncio.get_running_loop().set_default_executor(threads)
    while True:
        try:
            async with app.open_async():
                await app.run_worker_async(
                    queues=queues(),
                    concurrency=settings.worker_concurrency,
                    fetch_job_polling_interval=POLL,
                    delete_jobs="successful",
                    update_heartbeat_interval=HEARTBEAT,
                    stalled_worker_timeout=queue.STALLED_AFTER,
                    shutdown_graceful_timeout=5,
                )
            return
        except procrastinate.exceptions.ConnectorException as error:
            # PostgreSQL was restarted: whatever was being done is found again by its heartbeat.
            log.warning("database away, trying again", error=str(error)[:200])
            await asyncio.sleep(1)


def main() -> int:
    """Run one worker process until it is told to stop."""
    configure()
    try:
        settings = settings_module.load()
        works = Works.build(settings)
    except SettingsError as error:
        print(error, file=sys.stderr)
        return 1
    asyncio.run(run(settings, works))
    return 0


if __name__ == "__main__":
    sys.exit(main())
