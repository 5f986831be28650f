"""A finished job wakes the next one of the same lock.

Procrastinate notifies its workers when a job is deferred, not when a lock becomes free: the second
of two quick messages of one person would wait for the next poll.
"""

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

UP = """
CREATE INDEX mentorline_jobs_waiting_lock ON procrastinate_jobs (lock)
    WHERE status = 'todo' AND lock IS NOT NULL;

CREATE FUNCTION mentorline_wake_same_lock() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    waiting bigint;
BEGIN
    SELECT id INTO waiting FROM procrastinate_jobs
        WHERE lock = OLD.lock AND status = 'todo' LIMIT 1;
    IF waiting IS NOT NULL THEN
        PERFORM pg_notify(
            'procrastinate_any_queue_v1',
            json_build_object('type', 'job_inserted', 'job_id', waiting)::text
        );
    END IF;
    RETURN NULL;
END;
$$;

CREATE TRIGGER mentorline_wake_after_delete AFTER DELETE ON procrastinate_jobs
    FOR EACH ROW WHEN (OLD.lock IS NOT NULL)
    EXECUTE FUNCTION mentorline_wake_same_lock();

CREATE TRIGGER mentorline_wake_after_doing AFTER UPDATE OF status ON procrastinate_jobs
    FOR EACH ROW WHEN (OLD.lock IS NOT NULL AND OLD.status = 'doing' AND NEW.status <> 'doing')
    EXECUTE FUNCTION mentorline_wake_same_lock();
"""

DOWN = """
DROP TRIGGER mentorline_wake_after_doing ON procrastinate_jobs;
DROP TRIGGER mentorline_wake_after_delete ON procrastinate_jobs;
DROP FUNCTION mentorline_wake_same_lock();
DROP INDEX mentorline_jobs_waiting_lock;
"""


def upgrade() -> None:
    op.execute(UP)


def downgrade() -> None:
    op.execute(DOWN)
