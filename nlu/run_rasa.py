"""Runs under Rasa's Python: Rasa's own command line, with three things it lacks.

- The token comes from the environment (``RASA_TOKEN``), not from the command line, which every user
  of the machine can read.
- A component that needs TensorFlow is refused with one sentence.
- The answer of a custom action is checked against a schema that was itself checked once. Rasa 3.6
  checks the schema again for every answer, which took 20 ms of a turn's 35.
"""

from __future__ import annotations

import os
import sys
from typing import Any

import tensorflow  # our stub


def check_action_answers_quickly() -> None:
    """Replace Rasa's check of action answers by the same check with the schema prepared once."""
    from jsonschema.validators import validator_for
    from rasa.core.actions.action import RemoteAction

    schema = RemoteAction.action_response_format_spec()
    kind = validator_for(schema)
    kind.check_schema(schema)
    checker = kind(schema)

    def validate(_: RemoteAction, result: Any) -> bool:
        checker.validate(result)
        return True

    RemoteAction._validate_action_result = validate


def refuse_tensorflow_components() -> None:
    """Refuse a component whose module imports TensorFlow while the configuration is being read.

    Left alone, it would fail somewhere inside its training, or not before it is loaded.
    """
    from rasa.engine.recipes.default_recipe import DefaultV1Recipe

    registered = DefaultV1Recipe._from_registry

    def checked(name: str) -> Any:
        found = registered(name)
        if getattr(sys.modules[found.clazz.__module__], "tf", None) is tensorflow:
            raise tensorflow.TensorFlowLeftOut
        return found

    DefaultV1Recipe._from_registry = staticmethod(checked)


def main() -> None:
    """Run ``rasa`` with this process's arguments."""
    from rasa.__main__ import main as rasa

    token = os.environ.get("RASA_TOKEN")
    if token and sys.argv[1:2] == ["run"]:
        sys.argv += ["--auth-token", token]
    try:
        check_action_answers_quickly()
        refuse_tensorflow_components()
        rasa()
    except Exception as error:
        cause: BaseException | None = error
        while cause is not None and not isinstance(cause, tensorflow.TensorFlowLeftOut):
            cause = cause.__cause__ or cause.__context__
        if cause is None:
            raise
        raise SystemExit(str(cause)) from None


if __name__ == "__main__":
    main()
