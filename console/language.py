"""English and French: the catalogue is read from ``.po`` when the process starts.

So there are no compiled files in the tree that could be older than what they were made from.
"""

from __future__ import annotations

import io
from functools import cache
from pathlib import Path
from typing import Final

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.support import NullTranslations, Translations
from flask import request, session
from flask_babel import Domain, get_locale
from flask_login import current_user

from bot.people import UI_LANGUAGES

FOLDER: Final = Path(__file__).with_name("translations")
NAMES: Final = {"en": "English", "fr": "Français"}


@cache
def _catalogue(language: str) -> NullTranslations:
    path = FOLDER / f"{language}.po"
    if not path.exists():
        return NullTranslations()  # the sentences in the code are English
    with path.open("rb") as file:
        catalogue = read_po(file, locale=language)
    compiled = io.BytesIO()
    write_mo(compiled, catalogue)
    compiled.seek(0)
    return Translations(compiled)


class Catalogues(Domain):  # type: ignore[misc]  # Flask-Babel carries no annotations
    """Where Flask-Babel finds our sentences."""

    def get_translations(self) -> NullTranslations:
        """Those of the present request's language."""
        locale = get_locale()
        return _catalogue(locale.language if locale else "en")


def chosen() -> str:
    """The language of a request: the account's, or the one chosen here, or the browser's."""
    account = getattr(current_user, "account", None)
    if account is not None and account.language in UI_LANGUAGES:
        return str(account.language)
    if session.get("language") in UI_LANGUAGES:
        return str(session["language"])
    return request.accept_languages.best_match(UI_LANGUAGES) or "en"
