"""The one exception by which a command refuses or fails."""


class Refusal(Exception):
    """A command cannot do what was asked; the text is one plain sentence for the person who asked.

    `cli.__main__` prints it on standard error and exits with 1.
    """
