"""Twilio's error codes that the simulator can answer with, and their JSON."""

from __future__ import annotations

from typing import Any

# Words of our own for each code of Twilio's "Error and Warning Dictionary".
MESSAGES = {
    20001: "Invalid parameter:",
    20003: "Authenticate",
    20404: "The requested resource was not found",
    20429: "Too Many Requests",
    20500: "Internal Server Error",
    21211: "The 'To' number is not a valid phone number.",
    21602: "Message body is required.",
    21603: "A 'From' phone number is required.",
    21604: "A 'To' phone number is required.",
    21606: "The 'From' number is not a message-capable number of this channel.",
    21609: "The StatusCallback URL is not a valid address.",
    21610: "Attempt to send to unsubscribed recipient",
    21617: "The concatenated message body exceeds the 1600 character limit.",
    21655: "The ContentSid is invalid.",
    21656: "The ContentVariables parameter is invalid.",
    21659: "The 'From' number is not a number of this account.",
    21705: "The Messaging Service Sid is invalid.",
    30003: "Unreachable destination handset",
    30005: "Unknown destination handset",
    30006: "Landline or unreachable carrier",
    30007: "Message filtered",
    30008: "Unknown error",
    63003: "Channel could not find To address",
    63005: "Channel did not accept given content",
    63007: "Channel could not find the From address",
    63016: "Outside the allowed window: use a template",
    63018: "Rate limit exceeded for channel",
    63028: "Number of parameters does not match the template",
}


class ApiError(Exception):
    """A refused API call: Twilio's `code` under the HTTP `status`."""

    def __init__(self, status: int, code: int, detail: str = "") -> None:
        self.status = status
        self.code = code
        self.message = MESSAGES.get(code, "Unknown error") + (f" {detail}" if detail else "")
        super().__init__(self.message)

    def to_json(self) -> dict[str, Any]:
        return {
            "code": self.code,
            "message": self.message,
            "more_info": f"https://www.twilio.com/docs/errors/{self.code}",
            "status": self.status,
        }


def words(code: int) -> str:
    return MESSAGES.get(code, "Unknown error")
