"""Runs under Rasa's Python: judges many texts with a trained model's classifier, without Rasa.

``python -m nlu.judge MODEL.tar.gz`` reads a JSON list of {"text", "topic" (or absent)} from
standard input and writes a JSON list of {"intent", "cards": [[id, confidence], …], "follow_up"} to
standard output.
"""

from __future__ import annotations

import json
import sys
import tarfile
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory

from nlu.components.model import CardModel

FILES = ("model.npz", "model.json")
COMPONENT = "CardClassifier"


def load(archive: Path) -> CardModel:
    """Load the classifier from Rasa's model archive.

    Raises:
        FileNotFoundError: there is none in it.
    """
    with TemporaryDirectory() as folder, tarfile.open(archive) as files:
        for member in files:
            path = PurePosixPath(member.name)
            content = files.extractfile(member) if path.name in FILES else None
            if content is not None and COMPONENT in path.parent.name:
                (Path(folder) / path.name).write_bytes(content.read())
        return CardModel.load(Path(folder))


def main() -> None:
    """Judge standard input."""
    asked = json.load(sys.stdin)
    model = load(Path(sys.argv[1]))
    rankings = model.rank([one["text"] for one in asked], [one.get("topic") for one in asked])
    json.dump(
        [
            {
                "intent": ranking.intents[0][0],
                "cards": ranking.cards,
                "follow_up": ranking.follow_up,
            }
            for ranking in rankings
        ],
        sys.stdout,
    )


if __name__ == "__main__":
    main()
