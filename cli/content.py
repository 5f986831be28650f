"""`./mentorline templates …`: the menus and templates as Twilio and WhatsApp have them."""

from cli.common import require, settings
from cli.errors import Refusal

NEEDED = ("TWILIO_ACCOUNT_SID", "TWILIO_AUTH_TOKEN")


def push() -> None:
    """Creates what is not there yet.

    Raises:
        Refusal: a setting is missing, or Twilio does not take one.
    """
    from channels import content
    from channels.twilio import Twilio

    current = settings()
    require(current, *NEEDED)
    try:
        created = content.push(Twilio(current))
    except content.ContentError as error:
        raise Refusal(str(error)) from None
    print(f"{created} menus and templates created; WhatsApp answers within a day or two.")


def status() -> None:
    """Prints a line for each template.

    Raises:
        Refusal: a setting is missing, or Twilio does not answer.
    """
    from channels import content
    from channels.twilio import Twilio

    current = settings()
    require(current, *NEEDED)
    try:
        for name, word in sorted(content.approvals(Twilio(current)).items()):
            print(f"{word:<14} {name}")
    except content.ContentError as error:
        raise Refusal(str(error)) from None
