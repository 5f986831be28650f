"""Our own Rasa graph components. They run under Rasa's Python 3.10 and import no app package."""
