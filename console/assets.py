"""Bootstrap from its installed package and our few own rules: packed once, kept by browsers."""

from __future__ import annotations

import gzip
import hashlib
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Final

from flask import Response, abort, request, url_for

from console.blueprint import blueprint

_OWN: Final = Path(__file__).with_name("static")


@cache
def _packed(name: str) -> tuple[bytes, str]:
    match name:
        case "bootstrap.css":
            folder = files("flask_bootstrap") / "static" / "bootstrap5" / "css"
            content = (folder / "bootstrap.min.css").read_bytes()
            # Its map is not served.
            content = content.split(b"/*# sourceMappingURL", 1)[0]
        case "console.css":
            content = (_OWN / name).read_bytes()
        case _:
            raise KeyError(name)
    return gzip.compress(content, 9, mtime=0), hashlib.sha256(content).hexdigest()[:16]


def asset_address(name: str) -> str:
    """Where a style sheet is; another content has another address."""
    return url_for("console.asset", digest=_packed(name)[1], name=name)


@blueprint.get("/assets/<digest>/<name>")
def asset(digest: str, name: str) -> Response:
    """One style sheet."""
    try:
        content, present = _packed(name)
    except KeyError:
        abort(404)
    if digest != present:
        abort(404)
    packed = request.accept_encodings.quality("gzip") > 0
    answer = Response(content if packed else gzip.decompress(content), content_type="text/css")
    if packed:
        answer.content_encoding = "gzip"
    answer.vary.add("Accept-Encoding")
    answer.cache_control.public = True
    answer.cache_control.max_age = 365 * 24 * 3600
    answer.cache_control.immutable = True
    return answer
