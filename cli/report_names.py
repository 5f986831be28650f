"""The reports of `./mentorline report`, as they are listed."""

SAYS = {
    "knowledge-gain": "Pre-tests, post-tests, and what is kept.",
    "encounters": "How often mentors and mentees had to do with each other.",
    "cadence": "Whether mentors, facilities and groups meet as often as they should.",
    "active": "Mentees who answer, over enrolled.",
    "response": "Answered within 72 hours, over delivered.",
    "time-to-answer": "How soon mentees answer.",
    "unreadable": "Answers that could not be read.",
    "item-quality": "How hard each question is.",
    "questions": "Asked, answered by the library, by a mentor.",
    "service-level": "How long cases wait for a mentor.",
    "danger": "Emergencies, and how soon somebody helped.",
    "stock-outs": "Items missing, and for how long.",
    "plans": "Coaching plans: open, done, overdue.",
    "plan": "The same, by its earlier name.",
    "cascade": "Validated mentees who mentor others, and their sessions.",
    "attrition": "Mentees who are heard of no more.",
    "cost": "Segments and templates for each mentee.",
}
"""Name: what it says. Beside these there are `validated` and `matrix`."""
