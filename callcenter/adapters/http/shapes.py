"""What requests and responses are made of.

Every shape refuses fields it does not know: a misspelt field that is silently ignored is a setting
that silently does not hold. Bodies are read strictly ("5" is no number), query strings are not,
since everything in them is text.
"""

from collections.abc import Sequence
from typing import Annotated, Generic, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints
from pydantic_core import PydanticCustomError


class Shape(BaseModel):
    """The parent of every request and response."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


S = TypeVar("S", bound=Shape)


class Listing(Shape, Generic[S]):
    """Several of one kind."""

    items: Sequence[S]


def _is_printable(text: str) -> str:
    if not text.isprintable():
        raise PydanticCustomError(
            "value_error",
            "control characters and line breaks are not allowed",
            {"zh": "不允许控制字符和换行"},
        )
    return text


Line = Annotated[
    str,
    StringConstraints(min_length=1, max_length=200),
    AfterValidator(_is_printable),
]
"""A name or a label: one line of printable text."""

Secret = Annotated[str, Field(min_length=1, max_length=256, json_schema_extra={"writeOnly": True})]
"""A password on its way in. Its length is bounded since it is hashed."""
