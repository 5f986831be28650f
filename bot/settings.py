"""What can be set from outside (environment, or ``.env`` beside the launcher).

Names and meanings are the contract's. ``load()`` reads them once; nothing else in the
product reads the environment.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import Field, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from bot.mentoring import levels, moderation, stock_list

ROOT = Path(__file__).resolve().parent.parent

Language = Literal["en", "fr", "rw", "sw"]


class SettingsError(Exception):
    """A setting is missing or malformed. The message is one sentence that names it."""


class Settings(BaseSettings):
    """All settings, typed. Field names are the environment's names in lower case."""

    model_config = SettingsConfigDict(env_file=ROOT / ".env", extra="ignore")

    database_url: str | None = None
    mentorline_home: Path = ROOT / "var"
    secret_key: str | None = None
    public_url: str = "http://127.0.0.1:8000"

    twilio_account_sid: str | None = None
    twilio_auth_token: str | None = None
    twilio_auth_token_next: str | None = None
    twilio_sms_from: str | None = None
    twilio_whatsapp_from: str | None = None
    twilio_messaging_service_sid: str | None = None
    twilio_api_base: str | None = None

    rasa_url: str = "http://127.0.0.1:5005"
    rasa_token: str | None = None
    # Seconds for one dialogue turn.
    rasa_timeout: float = Field(default=6.0, gt=0)
    actions_token: str | None = None
    # Where Rasa calls its actions; not set: the web process of this machine.
    rasa_actions_url: str | None = None

    default_region: str = "RW"
    default_language: Language = "en"
    default_timezone: str = "Africa/Kigali"

    mentorline_simulator_url: str | None = None
    # The file through which the simulator moves everybody's clock; only the demo sets it.
    mentorline_clock: Path | None = None
    # Campaign messages handed to the provider per second, by all workers together. WhatsApp takes
    # 80 a second per sender, what comes in included: half of it is left to replies.
    campaign_rate: float = Field(default=40.0, gt=0, le=2000)
    # How soon cases are answered; a file like bot/mentoring/service.yml, which counts when unset.
    service_levels: Path | None = None
    # Caps and times of group discussions; a file like bot/mentoring/discussions.yml.
    discussion_rules: Path | None = None
    # What becomes of a card whose day has come: no longer sent, or sent until it is renewed.
    expired_cards: Literal["withhold", "send"] = "withhold"
    # The share of answers that must be right on the held-out questions, and a folder of a
    # programme's own held-out questions.
    answer_precision: float = Field(default=0.95, ge=0.5, le=0.999)
    held_out_questions: Path | None = None
    programme_name: str = "Mentorline"
    # Where the programme keeps its own competencies; not set: the shipped ones.
    competencies_dir: Path | None = None
    # USAID's fiscal year begins in October, Rwanda's in July.
    fiscal_year_start_month: int = Field(default=10, ge=1, le=12)
    # Admins and coordinators show a one-time code besides the password. Only the demo goes without.
    console_codes: bool = True
    # How many proxies stand in front of web, each of which adds to X-Forwarded-For.
    trusted_proxies: int = Field(default=0, ge=0, le=10)
    # Outgoing webhooks may lead into our own network, by plain http too.
    webhook_private_addresses: bool = False
    # A list of what can be missing, like bot/mentoring/stock_items.yml, which counts when unset.
    stock_items: Path | None = None
    # A number from which nobody wrote for so many days may be somebody else's by now.
    silent_number_days: int = Field(default=180, ge=1)
    # Seconds that a question waits for Rasa before it goes to a mentor.
    question_patience: float = Field(default=120.0, gt=0)
    worker_concurrency: int = Field(default=12, ge=1, le=64)
    web_threads: int = Field(default=16, ge=2, le=128)
    web_workers: int = Field(default=1, ge=1, le=16)

    @field_validator("database_url")
    @classmethod
    def _driver(cls, value: str | None) -> str | None:
        if value is not None and not value.startswith("postgresql+psycopg://"):
            raise ValueError("must start with postgresql+psycopg://")
        return value

    @field_validator(
        "public_url", "rasa_url", "twilio_api_base", "mentorline_simulator_url", "rasa_actions_url"
    )
    @classmethod
    def _http(cls, value: str | None) -> str | None:
        if value is None:
            return None
        for part in value.split(","):
            if not part.strip().startswith(("http://", "https://")):
                raise ValueError("must be an http:// or https:// address")
        return value.rstrip("/")

    @field_validator("service_levels")
    @classmethod
    def _service(cls, value: Path | None) -> Path | None:
        if value is not None:
            levels.read(value)
        return value

    @field_validator("stock_items")
    @classmethod
    def _stock(cls, value: Path | None) -> Path | None:
        if value is not None:
            try:
                stock_list.load(value)
            except stock_list.StockListError as error:
                raise ValueError(str(error)) from error
        return value

    @field_validator("discussion_rules")
    @classmethod
    def _discussions(cls, value: Path | None) -> Path | None:
        moderation.carried(value)
        return value

    @field_validator("mentorline_home", mode="before")
    @classmethod
    def _somewhere(cls, value: object) -> object:
        # Set and empty is not set: data would lie in whatever folder the command was started in.
        return value or ROOT / "var"

    @field_validator("default_timezone")
    @classmethod
    def _zone(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (ZoneInfoNotFoundError, ValueError) as error:
            raise ValueError("is not a time zone such as Africa/Kigali") from error
        return value

    @field_validator("default_region")
    @classmethod
    def _region(cls, value: str) -> str:
        if len(value) != 2 or not value.isalpha():
            raise ValueError("must be a two-letter country code such as RW")
        return value.upper()

    @property
    def rasa_urls(self) -> tuple[str, ...]:
        """Every dialogue server, in the order given."""
        return tuple(part.strip().rstrip("/") for part in self.rasa_url.split(",") if part.strip())

    @property
    def auth_tokens(self) -> tuple[str, ...]:
        """The tokens whose signatures are accepted, the current one first."""
        return tuple(t for t in (self.twilio_auth_token, self.twilio_auth_token_next) if t)

    @property
    def session_info(self) -> dict[str, Any]:
        """What each session of a process carries: the programme's own rules, as far as set."""
        return {
            **levels.carried(self.service_levels),
            **moderation.carried(self.discussion_rules),
            "stock_items": self.stock_items,
        }

    @property
    def models_dir(self) -> Path:
        """Where trained dialogue models are published."""
        return self.mentorline_home / "models"

    @property
    def training_options(self) -> list[str]:
        """What `nlu.train` is told on its command line, beside what it trains on."""
        folder = self.held_out_questions
        return [
            *(["--evaluation", str(folder.resolve())] if folder else []),
            "--target",
            str(self.answer_precision),
        ]

    def require(self, *names: str) -> None:
        """Make sure that the named settings are set.

        Raises:
            SettingsError: naming the first one that is missing.
        """
        for name in names:
            if not getattr(self, name.lower()):
                raise SettingsError(f"The setting {name.upper()} is missing.")


def load() -> Settings:
    """Read the settings.

    Raises:
        SettingsError: one sentence that names the first malformed setting.
    """
    try:
        return Settings()
    except ValidationError as error:
        first = error.errors()[0]
        name = str(first["loc"][0]).upper() if first["loc"] else "?"
        reason = str(first["msg"]).removeprefix("Value error, ")
        raise SettingsError(f"The setting {name} is not usable: {reason}.") from error
