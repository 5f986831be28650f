"""Long random lives of a programme, and what must never happen in them.

People with phones do anything at any moment (``doing``), a real Town lives through it (``life``),
and judges who know nothing of how it is done look at what arrived, at the tables, at the logs and
at the exports after every step (``judges``, ``words_judged``, ``sayings``). All by seed
(``runs``); a run that fails is cut down to the few steps that still fail.
"""
