"""What mentees learn and how they answer: gain, activity, response, time, reading, items."""

from __future__ import annotations

from typing import Any, Final

import phonenumbers
from phonenumbers import carrier
from sqlalchemy.orm import Session

from bot.mentoring.competencies import Catalogue
from bot.reports.query import Wanted, by_group, may_show, run
from bot.reports.table import Column, Report, percent

GAIN: Final = (
    "Mentees and technical areas with a pre-test and a later post-test of the same competency, or"
    " both of the whole area, the first such post-test lying in the period. Pre is the first"
    " pre-test, post that post-test; means of the shares, and of their differences in points."
    " Kept: the last post-test taken 3 to 10 months (90 to 300 days) after it, of those who took"
    " one."
)
ACTIVE: Final = (
    "Mentees enrolled in a campaign at the end of the period (or today, if that is earlier), and"
    " those of them with at least one answer in the 14 and 30 days before."
)
RESPONSE: Final = (
    "Questions that left in the period and were delivered, and those of them answered within 72"
    " hours of leaving. Questions without a receipt from the network are in neither."
)
TIME: Final = (
    "Answers given in the period: the median time from the question, and those in an hour."
)
UNREADABLE: Final = (
    "Texts sent in answer to a question of the period that could not be read as one, over these and"
    " all answers."
)
ITEMS: Final = (
    "Answers given in the period. First: the first answer of a mentee to the item. Again: all later"
    " ones. Learnt: mentees for whom the item is retired. The hardest come first; an item that"
    " nearly everybody gets wrong may be badly written: read it before you teach it."
)


def knowledge_gain(session: Session, wanted: Wanted, catalogue: Catalogue) -> Report:
    """Paired pre- and post-tests by technical area."""
    rows = run(
        session,
        """
        WITH pre AS (
          SELECT DISTINCT ON (person_id, technical_area, competency)
            person_id, technical_area, competency, at, score / out_of AS share
          FROM assessment WHERE kind = 'pre'
          ORDER BY person_id, technical_area, competency, at
        ), post AS (
          SELECT DISTINCT ON (a.person_id, a.technical_area, a.competency)
            a.person_id, a.technical_area, a.competency, a.at, a.score / a.out_of AS share,
            pre.share AS before
          FROM assessment a JOIN pre ON pre.person_id = a.person_id
            AND pre.technical_area = a.technical_area
            AND pre.competency IS NOT DISTINCT FROM a.competency AND pre.at < a.at
          WHERE a.kind = 'post'
          ORDER BY a.person_id, a.technical_area, a.competency, a.at
        ), paired AS (SELECT * FROM post WHERE at >= :start AND at < :end),
        kept AS (
          SELECT DISTINCT ON (a.person_id, a.technical_area, a.competency)
            a.person_id, a.technical_area, a.competency, a.score / a.out_of AS share
          FROM assessment a JOIN paired ON paired.person_id = a.person_id
            AND paired.technical_area = a.technical_area
            AND paired.competency IS NOT DISTINCT FROM a.competency
          WHERE a.kind = 'post' AND a.at BETWEEN paired.at + interval '90 days'
            AND paired.at + interval '300 days'
          ORDER BY a.person_id, a.technical_area, a.competency, a.at DESC
        )
        SELECT paired.technical_area AS "group", count(DISTINCT paired.person_id) AS mentees,
          count(*) AS pairs,
          CAST(avg(paired.before) * 100 AS float) AS pre,
          CAST(avg(paired.share) * 100 AS float) AS post,
          CAST(avg(paired.share - paired.before) * 100 AS float) AS gain,
          count(DISTINCT kept.person_id) AS kept_mentees,
          CAST(avg(kept.share) * 100 AS float) AS kept
        FROM paired LEFT JOIN kept ON kept.person_id = paired.person_id
          AND kept.technical_area = paired.technical_area
          AND kept.competency IS NOT DISTINCT FROM paired.competency
        GROUP BY paired.technical_area ORDER BY paired.technical_area
        """,
        wanted,
    )
    for row in rows:
        for name in ("pre", "post", "gain", "kept"):
            row[name] = None if row[name] is None else round(row[name], 1)
    shown = may_show(rows, wanted, "mentees", {"kept_mentees": ("kept",)})
    return Report(
        "knowledge-gain",
        "Knowledge gain",
        wanted.period.label,
        (
            Column("group", "Technical area"),
            Column("title", ""),
            Column("mentees", "Mentees", "count"),
            Column("pairs", "Pairs", "count"),
            Column("pre", "Pre %", "percent"),
            Column("post", "Post %", "percent"),
            Column("gain", "Gain, points", "percent"),
            Column("kept_mentees", "Tested again", "count"),
            Column("kept", "Kept %", "percent"),
        ),
        [row | {"title": catalogue.title(row["group"])} for row in shown],
        GAIN,
    )


def active(session: Session, wanted: Wanted, catalogue: Catalogue) -> Report:
    """Who answers at all."""
    rows = run(
        session,
        """
        SELECT /*group*/ AS "group", count(*) AS enrolled,
          count(*) FILTER (WHERE x.last > CAST(:as_of AS timestamptz) - interval '14 days')
            AS active_14,
          count(*) FILTER (WHERE x.last IS NOT NULL) AS active_30
        FROM (
          SELECT e.person_id, CAST(:as_of AS timestamptz) AS at, max(a.answered_at) AS last
          FROM (SELECT DISTINCT person_id FROM enrolment WHERE joined_at <= :as_of
                AND (left_at IS NULL OR left_at > :as_of)) e
          LEFT JOIN answer a ON a.person_id = e.person_id AND a.answered_at <= :as_of
            AND a.answered_at > CAST(:as_of AS timestamptz) - interval '30 days'
          GROUP BY e.person_id
        ) x /*people*/
        GROUP BY 1 ORDER BY 1
        """,
        wanted,
    )
    for row in rows:
        for days in ("14", "30"):
            row[f"share_{days}"] = percent(row[f"active_{days}"], row["enrolled"])
    few = {"active_14": ("share_14",), "active_30": ("share_30",)}
    return Report(
        "active",
        "Active mentees",
        wanted.period.label,
        (
            _group(wanted),
            Column("enrolled", "Enrolled", "count"),
            Column("active_14", "In 14 days", "count"),
            Column("share_14", "%", "percent"),
            Column("active_30", "In 30 days", "count"),
            Column("share_30", "%", "percent"),
        ),
        may_show(rows, wanted, "enrolled", few),
        ACTIVE,
    )


# A question has left once, perhaps in several parts; each question is counted once. Its messages
# were written down at most days before it left, by night or in a queue, and what counts of its
# answers came within 72 hours: so much is looked at and not all years.
_ARRIVED: Final = """
dose_id IS NOT NULL AND kind IN ('campaign', 'quiz') AND state IN ('delivered', 'read')
AND created_at >= CAST(:start AS timestamptz) - interval '7 days'
AND created_at < CAST(:end AS timestamptz) + interval '1 day'
"""
_ASKED: Final = f"""
SELECT d.person_id, d.sent_at AS at, coalesce(a.latency <= 259200, false) AS in_time
FROM dose d
LEFT JOIN answer a ON a.dose_id = d.id
  AND a.answered_at >= CAST(:start AS timestamptz) - interval '1 day'
  AND a.answered_at < CAST(:end AS timestamptz) + interval '4 days'
WHERE d.kind = 'question' AND d.sent_at >= :start AND d.sent_at < :end
  AND d.id IN (SELECT dose_id FROM outbox WHERE {_ARRIVED})
"""  # noqa: S608 (our own text; values are bound)
# Which way each went costs as much again, and is asked for seldom.
_ASKED_BY_WAY: Final = f"""
SELECT x.*, o.channel, o.sent_to FROM ({_ASKED.replace("d.person_id", "d.id, d.person_id", 1)}) x
JOIN (
  SELECT dose_id, min(channel) AS channel, min(sent_to) AS sent_to FROM outbox
  WHERE {_ARRIVED} GROUP BY dose_id
) o ON o.dose_id = x.id
"""  # noqa: S608


def response(session: Session, wanted: Wanted, catalogue: Catalogue) -> Report:
    """Answered within 72 hours, over delivered."""
    counted = "count(*) AS delivered, count(*) FILTER (WHERE x.in_time) AS answered"
    added = (
        "CAST(sum(y.delivered) AS bigint) AS delivered, CAST(sum(y.answered) AS bigint) AS answered"
    )
    if wanted.by in ("channel", "operator"):
        key = "coalesce(x.channel, '-')" if wanted.by == "channel" else "left(x.sent_to, 7)"
        rows = run(
            session,
            f"""
            SELECT y."group", count(*) AS mentees, {added}, min(y.number) AS number FROM (
              SELECT {key} AS "group", x.person_id, {counted}, min(x.sent_to) AS number
              FROM ({_ASKED_BY_WAY}) x GROUP BY 1, 2
            ) y GROUP BY 1 ORDER BY 1
            """,  # noqa: S608
            wanted,
        )
        if wanted.by == "operator":
            rows = _by_operator(rows)
    else:
        rows = by_group(session, _ASKED, wanted, counted, added)
    for row in rows:
        row.pop("number", None)
        row["share"] = percent(row["answered"], row["delivered"])
    notes = (
        ("The operator is read from the number's first digits; a number that was taken to another"
         " operator counts for its old one.",) if wanted.by == "operator" else ()
    )  # fmt: skip
    return Report(
        "response",
        "Response rate",
        wanted.period.label,
        (
            _group(wanted),
            Column("mentees", "Mentees", "count"),
            Column("delivered", "Delivered", "count"),
            Column("answered", "Answered in 72 h", "count"),
            Column("share", "%", "percent"),
        ),
        may_show(rows, wanted, "mentees"),
        RESPONSE,
        notes,
    )


def _by_operator(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Prefixes put together by the operator who was given them."""
    found: dict[str, dict[str, Any]] = {}
    for row in rows:
        name = operator(row["number"] or "")
        one = found.setdefault(
            name, {"group": name, "mentees": 0, "delivered": 0, "answered": 0}
        )  # fmt: skip
        for key in ("mentees", "delivered", "answered"):
            one[key] += row[key]
    return [found[name] for name in sorted(found)]


def operator(number: str) -> str:
    """The mobile operator to whom a number's range was given, or ``not known``."""
    try:
        parsed = phonenumbers.parse(number)
    except phonenumbers.NumberParseException:
        return "not known"
    return carrier.name_for_number(parsed, "en") or "not known"


def time_to_answer(session: Session, wanted: Wanted, catalogue: Catalogue) -> Report:
    """How soon questions are answered."""
    group = "x.channel" if wanted.by == "channel" else "/*group*/"
    people = "" if wanted.by == "channel" else "/*people*/"
    sql = """
        SELECT /*key*/ AS "group", count(DISTINCT x.person_id) AS mentees, count(*) AS answers,
          percentile_cont(0.5) WITHIN GROUP (ORDER BY x.latency) AS median,
          count(*) FILTER (WHERE x.latency <= 3600) AS in_hour
        FROM (SELECT person_id, answered_at AS at, channel, latency FROM answer
              WHERE answered_at >= :start AND answered_at < :end) x /*joined*/
        GROUP BY 1 ORDER BY 1
        """
    rows = run(session, sql.replace("/*key*/", group).replace("/*joined*/", people), wanted)
    for row in rows:
        row["share"] = percent(row["in_hour"], row["answers"])
    return Report(
        "time-to-answer",
        "Time to answer",
        wanted.period.label,
        (
            _group(wanted),
            Column("mentees", "Mentees", "count"),
            Column("answers", "Answers", "count"),
            Column("median", "Median", "seconds"),
            Column("in_hour", "In an hour", "count"),
            Column("share", "%", "percent"),
        ),
        may_show(rows, wanted, "mentees"),
        TIME,
    )


def unreadable(session: Session, wanted: Wanted, catalogue: Catalogue) -> Report:
    """Answers that could not be read."""
    rows = by_group(
        session,
        """
        SELECT d.person_id, d.sent_at AS at, d.unreadable, d.option IS NOT NULL AS answered
        FROM dose d WHERE d.kind = 'question' AND d.sent_at >= :start AND d.sent_at < :end
          AND (d.unreadable > 0 OR d.option IS NOT NULL)
        """,
        wanted,
        "count(*) FILTER (WHERE x.answered) AS answers, sum(x.unreadable) AS unreadable",
        "CAST(sum(y.answers) AS bigint) AS answers, CAST(sum(y.unreadable) AS bigint)"
        " AS unreadable",
    )
    for row in rows:
        row["share"] = percent(row["unreadable"], row["answers"] + row["unreadable"])
    return Report(
        "unreadable",
        "Unreadable answers",
        wanted.period.label,
        (
            _group(wanted),
            Column("mentees", "Mentees", "count"),
            Column("answers", "Answers", "count"),
            Column("unreadable", "Unreadable", "count"),
            Column("share", "%", "percent"),
        ),
        may_show(rows, wanted, "mentees"),
        UNREADABLE,
    )


def item_quality(session: Session, wanted: Wanted, catalogue: Catalogue) -> Report:
    """How hard each item is, the hardest first."""
    rows = run(
        session,
        """
        SELECT y.item_id AS "group", max(y.competency) AS competency, count(*) AS mentees,
          CAST(sum(y.first) AS bigint) AS first,
          CAST(sum(y.first_right) AS bigint) AS first_right,
          CAST(sum(y.again) AS bigint) AS again,
          CAST(sum(y.again_right) AS bigint) AS again_right,
          (SELECT count(*) FROM learner_item l
           WHERE l.item_id = y.item_id AND l.retired IS NOT NULL) AS learnt
        FROM (
          SELECT x.item_id, x.person_id, max(x.competency) AS competency,
            count(*) FILTER (WHERE x.first) AS first,
            count(*) FILTER (WHERE x.first AND x."right") AS first_right,
            count(*) FILTER (WHERE NOT x.first) AS again,
            count(*) FILTER (WHERE NOT x.first AND x."right") AS again_right
          FROM answer x WHERE x.answered_at >= :start AND x.answered_at < :end
          GROUP BY x.item_id, x.person_id
        ) y
        GROUP BY y.item_id
        """,
        wanted,
    )
    for row in rows:
        row["first_share"] = percent(row.pop("first_right"), row["first"])
        row["again_share"] = percent(row.pop("again_right"), row["again"])
    rows.sort(key=lambda row: (row["first_share"] is None, row["first_share"], row["group"]))
    return Report(
        "item-quality",
        "Item quality",
        wanted.period.label,
        (
            Column("group", "Item"),
            Column("competency", "Competency"),
            Column("mentees", "Mentees", "count"),
            Column("first", "First", "count"),
            Column("first_share", "Right %", "percent"),
            Column("again", "Again", "count"),
            Column("again_share", "Right %", "percent"),
            Column("learnt", "Learnt", "count"),
        ),
        # An item is no person: its competency may be shown however few answered.
        [
            row | {"competency": known["competency"]}
            for row, known in zip(may_show(rows, wanted, "mentees"), rows, strict=True)
        ],
        ITEMS,
    )


def _group(wanted: Wanted) -> Column:
    return Column("group", (wanted.by or "").capitalize())
