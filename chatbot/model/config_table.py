"""What all tables of bots.toml have in common."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field
from pydantic_core import PydanticCustomError

from chatbot.model.codes import Code

__all__ = ["FLAWS", "Flaw", "Patience", "Seconds", "Table", "flawed"]

# strict: a quoted number, or true, is a mistake
Seconds = Annotated[float, Field(gt=0, le=86_400, allow_inf_nan=False, strict=True)]
Patience = Annotated[float, Field(ge=0, le=3600, allow_inf_nan=False, strict=True)]

FLAWS = "flaws"
"""The type of pydantic's error that holds flaws."""


class Table(BaseModel):
    """Common ground: frozen, and unknown keys are errors."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


@dataclass(frozen=True, slots=True)
class Flaw:
    """What a validator has found in its table, or in the value of its key.

    Args:
        code: Which kind of thing.
        message: What was found.
        key: Where inside, if not in the whole.
        expected: What should be there.
        closest: The nearest valid name.
        fix: What to do.
    """

    code: Code
    message: str
    key: tuple[str | int, ...] = ()
    expected: str = ""
    closest: str = ""
    fix: str = ""


def flawed(*flaws: Flaw) -> PydanticCustomError:
    """What a validator raises."""
    said = "; ".join(f"{flaw.message}: {flaw.expected or flaw.fix}".removesuffix(": ") for flaw in flaws)
    return PydanticCustomError(FLAWS, "{said}", {"said": said, "flaws": flaws})
