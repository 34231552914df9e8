"""The kinds of value that a key of config.yaml may have: each is checked as it is read, and shown as it is written."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    model_validator,
)

from syndicate.compose.select import LeadRule
from syndicate.config import measures, values
from syndicate.schedule import Slot, parse_slot


def _slot(value: object) -> Slot:
    return value if isinstance(value, Slot) else parse_slot(str(value))


Duration = Annotated[timedelta, BeforeValidator(measures.parse_duration), PlainSerializer(measures.format_duration)]
Size = Annotated[int, BeforeValidator(measures.parse_size), PlainSerializer(measures.format_size)]
Hour = Annotated[Slot, BeforeValidator(_slot), PlainSerializer(str)]
Lead = Annotated[LeadRule, BeforeValidator(lambda value: LeadRule.RATING if value == "rule" else value)]
Line = Annotated[str, AfterValidator(values.check_line)]
Text = Annotated[str, AfterValidator(values.check_text)]
Slug = Annotated[str, AfterValidator(values.check_slug)]
Variable = Annotated[str, AfterValidator(values.check_variable)]
Zone = Annotated[str, AfterValidator(values.check_zone)]
Language = Annotated[str, AfterValidator(values.check_language)]
Address = Annotated[str, AfterValidator(values.check_address)]
Sender = Annotated[str, AfterValidator(values.check_sender)]
Url = Annotated[str, AfterValidator(values.check_url), PlainSerializer(values.mask_url)]
FeedSource = Annotated[str, AfterValidator(values.check_feed_source), PlainSerializer(values.mask_url)]
Instance = Annotated[str, AfterValidator(values.check_instance)]
Host = Annotated[str, AfterValidator(values.check_host)]
ReturnPath = Annotated[str, AfterValidator(values.check_return_path)]
PublicUrl = Annotated[str, AfterValidator(values.check_public_url)]
Origin = Annotated[str, AfterValidator(values.check_origin)]
Network = Annotated[str, AfterValidator(values.check_network)]
Rate = Annotated[float, BeforeValidator(measures.parse_rate), PlainSerializer(measures.format_rate)]
Listen = Annotated[str, AfterValidator(values.check_listen)]
Database = Annotated[str, AfterValidator(values.check_database), PlainSerializer(values.mask_url)]
Title = Annotated[str, AfterValidator(values.check_title)]
Template = Annotated[str, AfterValidator(values.check_template)]
File = Annotated[Path, AfterValidator(values.check_path)]
Hashtags = Annotated[
    str, BeforeValidator(lambda value: "" if value is None else value), AfterValidator(values.check_hashtags)
]
Positive = Field(gt=timedelta(0))


class Part(BaseModel):
    """A group of keys: frozen, with no key that is not named."""

    model_config = ConfigDict(frozen=True, extra="forbid", arbitrary_types_allowed=True, populate_by_name=True)

    @model_validator(mode="before")
    @classmethod
    def _null_is_absent(cls, data: object) -> object:
        """A key with nothing after its colon is a key that was not given."""
        if data is None:
            return {}
        if not isinstance(data, dict):
            return data
        known = {field.alias or name for name, field in cls.model_fields.items()}
        return {key: value for key, value in data.items() if value is not None or key not in known}

    def __repr_args__(self) -> Any:
        for name, value in super().__repr_args__():
            yield name, values.mask_url(value) if isinstance(value, str) else value
