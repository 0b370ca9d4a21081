"""What all tables of bots.toml have in common."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

__all__ = ["Patience", "Seconds", "Table"]

# strict: a quoted number, or true, is a mistake
Seconds = Annotated[float, Field(gt=0, le=86_400, allow_inf_nan=False, strict=True)]
Patience = Annotated[float, Field(ge=0, le=3600, allow_inf_nan=False, strict=True)]


class Table(BaseModel):
    """Common ground: frozen, and unknown keys are errors."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)
