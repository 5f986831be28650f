"""Whether a text only makes sense after the last question, and which topics its words point to.

A mentee who has just read a card writes "and if she is still bleeding?". Such a text is judged
within the topic of the conversation; a full new question never is. Plain rules: no Rasa, no model.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping

OPENERS = re.compile(
    r"^(ok(ay)?[ ,]+)?(and|but|so|then|or|also|what if|what about|how about|if|after that|"
    r"et|mais|donc|puis|alors|ou|ensuite|apres ca|si|et si|meme si)\b"
)

# Words that carry no subject, accents removed. Nothing clinical belongs here.
_EMPTY = """
a about after again all already also am an and any are as at be been before but by can could did
do does doing for from get give given go going had has have he her him his how i if in is it its
just many me more much my no not now of off ok okay on once or our out over per please pls she
should so some still than that the their them then there they thing this those to too u up us very
want was we were wat what when where which while who why will with would wen wht hw yes you your
wich dis dat long often times time first next else need au aux avec avoir ca car ce ces cela cet
cette ceux chez comme comment combien cmt cb cmb dans de deja des donc dois doit du elle elles en
encore est et etre eu faire fait faut ils il je la le les leur lui ma mais me meme mes moi mon ne
ni non nos notre nous on ont ou oui par pas peu peut plus pour pr pourquoi puis qd quand que quel
quelle quels quelles qui quoi koi sa sans se ses si son sont sur svp ta te tes toi ton toujours
tous tout toute tres tu un une va vers vos votre vous y dose
"""
EMPTY_WORDS = frozenset(_EMPTY.split())

_WORD = re.compile(r"[^\W_]+")

SHORT = 3  # content words at most, for a text without an opener
SHORT_AFTER_OPENER = 8
RARE = 3  # a word seen less often tells no topic
SHARE = 0.8  # of a word's uses that must lie in one topic


def words(plain: str) -> list[str]:
    """Return the words of a text that ``features.normal`` has prepared."""
    return _WORD.findall(plain)


def content_words(plain: str) -> list[str]:
    """Return the words that carry a subject."""
    return [word for word in words(plain) if word not in EMPTY_WORDS and len(word) > 1]


def learn_topic_words(texts: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Learn from pairs (prepared text, topic) which words belong to one topic only.

    Returns:
        word → topic.
    """
    counts: dict[str, Counter[str]] = {}
    for plain, topic in texts:
        for word in set(content_words(plain)):
            counts.setdefault(word, Counter())[topic] += 1
    found = {}
    for word, by_topic in counts.items():
        topic, most = by_topic.most_common(1)[0]
        if most >= RARE and most >= SHARE * by_topic.total():
            found[word] = topic
    return found


def is_follow_up(plain: str, topic: str, topic_words: Mapping[str, str]) -> bool:
    """Tell whether a prepared text leans on a conversation about `topic`.

    It does when it opens like a continuation or is very short, unless its words point to
    another topic, or it is short but names its own subject.
    """
    subjects = {topic_words[word] for word in content_words(plain) if word in topic_words}
    if subjects - {topic}:
        return False
    count = len(content_words(plain))
    if OPENERS.match(plain):
        return count <= SHORT_AFTER_OPENER
    return count <= SHORT and not subjects
