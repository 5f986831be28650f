"""The shapes that DHIS2's Web API takes and gives, as JSON schemas in ``dhis2_schemas``."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any, Final, Literal

from jsonschema import Draft202012Validator

Shape = Literal["data_value_set", "organisation_units"]
_FOLDER: Final = Path(__file__).with_name("dhis2_schemas")
# A file that is wrong throughout is not listed line by line.
MOST: Final = 20
_LONGEST: Final = 60


@cache
def _validator(shape: Shape) -> Draft202012Validator:
    return Draft202012Validator(json.loads((_FOLDER / f"{shape}.json").read_text("utf-8")))


def problems(shape: Shape, data: Any) -> list[str]:
    """What is not as DHIS2 has it, each with its place, such as ``dataValues.3.period``.

    At most ``MOST`` of them, and then how many more there are.
    """
    found = sorted(
        _validator(shape).iter_errors(data), key=lambda error: list(map(str, error.path))
    )
    said = [f"{'.'.join(map(str, one.path)) or 'the whole'}: {_plain(one)}" for one in found]
    more = [f"and {len(said) - MOST} more"] if len(said) > MOST else []
    return said[:MOST] + more


def _plain(error: Any) -> str:
    value = json.dumps(error.instance, ensure_ascii=False)
    shown = value if len(value) <= _LONGEST else value[:_LONGEST] + "…"
    match error.validator:
        case "required":
            return str(error.message)
        case "additionalProperties":
            return "it has a field that DHIS2 does not know"
        case "type":
            return f"{shown} is not of the type {error.validator_value}"
        case _:
            about = error.schema.get("description", "").rstrip(".").lower()
            return f"{shown} is not as it must be" + (f" ({about})" if about else "")
