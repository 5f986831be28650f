"""Where the pages hang, and the numbers in their addresses."""

from __future__ import annotations

from flask import Blueprint
from werkzeug.routing import IntegerConverter, Map

LARGEST = 2**53 - 1
"""What every program that reads JSON keeps exactly; no table comes near it."""

blueprint = Blueprint("console", __name__, url_prefix="/console", template_folder="templates")


class Number(IntegerConverter):
    """``<number:case_id>``: the number of a row; one beyond what there can be leads nowhere."""

    def __init__(self, rules: Map) -> None:
        super().__init__(rules, max=LARGEST)
