"""Where a secret stands: in bots.toml itself, in the environment, in a file, or among credentials.

A credential is a file in the folder that ``$CREDENTIALS_DIRECTORY`` names. systemd makes such a folder for
a service (``LoadCredential=``); for a container, the variable names the folder of the mounted secrets.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Self

from pydantic import BeforeValidator, SecretStr, field_validator, model_validator

from chatbot.model.codes import Code
from chatbot.model.config_table import Flaw, Table, flawed
from chatbot.model.errors import ConfigError
from chatbot.model.findings import Finding

__all__ = ["FOLDER_VARIABLE", "Secret", "SecretSource", "is_open_to_all"]

FOLDER_VARIABLE = "CREDENTIALS_DIRECTORY"
"""The environment variable that names the folder of the credentials."""

_BIGGEST_SECRET = 4096
_FORMS = 'give a string, or { env = "NAME" }, or { file = "path" }, or { credential = "NAME" }'
# What systemd takes for the name of a credential: one that a file can have, ASCII, without a colon.
_CREDENTIAL = re.compile(r"(?!\.{1,2}\Z)[ -.0-9;-~]{1,255}\Z")


class SecretSource(Table):
    """Where a secret stands; read when it is needed, so that a file can be checked without it.

    Exactly one of:
        plain: The secret itself (a warning of ``chatbot check``).
        env: The name of an environment variable.
        file: A file that holds nothing else, such as a mounted secret.
        credential: The name of a file in the folder ``$CREDENTIALS_DIRECTORY``: a credential of systemd.
    """

    plain: SecretStr | None = None
    env: str | None = None
    file: Path | None = None
    credential: str | None = None

    @field_validator("credential")
    @classmethod
    def _is_a_name(cls, value: str | None) -> str | None:
        if value is not None and not _CREDENTIAL.match(value):
            form = 'expected the name of a file in the folder of credentials, such as "concierge_password"'
            raise flawed(Flaw(Code.WRONG_VALUE, "is no name of a credential", expected=form))
        return value

    @model_validator(mode="after")
    def _exactly_one(self) -> Self:
        if sum(source is not None for source in (self.plain, self.env, self.file, self.credential)) != 1:
            raise flawed(Flaw(Code.NOT_EXACTLY_ONE, "gives no place, or several", expected=_FORMS))
        return self

    @property
    def path(self) -> Path | None:
        """The file that it is read from; None if it comes from elsewhere, or there is no folder for it."""
        if self.credential is None:
            return self.file
        folder = os.environ.get(FOLDER_VARIABLE, "")
        return Path(folder, self.credential) if folder else None

    def read(self) -> str:
        """The secret.

        Raises:
            ConfigError: It is not there, or empty.
        """
        if self.plain is not None:
            return self.plain.get_secret_value()
        if secret := os.environ.get(self.env, "") if self.env is not None else _first_line(self.path):
            return secret
        what, fix = self._where()
        raise ConfigError(Finding(Code.NO_CREDENTIALS, what, fix=fix))

    def _where(self) -> tuple[str, str]:
        """What is missing, and what to do."""
        if self.env is not None:
            what = f"the environment variable {self.env} is missing or empty"
            return what, f"set {self.env} where the service starts"
        if self.path is None:
            what = f"the credential {self.credential} has no folder: {FOLDER_VARIABLE} is not set"
            fix = f"LoadCredential={self.credential}:/path in the unit, or {FOLDER_VARIABLE}=/run/secrets"
            return what, fix
        kind = "file" if self.credential is None else "credential"
        return f"the {kind} {self.path} is missing or empty", "write the password to its first line"


def _first_line(path: Path | None) -> str:
    try:
        text = path.read_bytes()[:_BIGGEST_SECRET].decode() if path is not None else ""
    except (OSError, UnicodeDecodeError):
        return ""
    return text.rstrip("\r\n")


def _secret_table(value: object) -> object:
    if not isinstance(value, str | Mapping | SecretSource):
        raise flawed(Flaw(Code.WRONG_VALUE, "is neither a string nor a table", expected=_FORMS))
    return {"plain": value} if isinstance(value, str) else value


Secret = Annotated[SecretSource, BeforeValidator(_secret_table)]
"""The type of a setting that is a secret: a text, or one of the places."""


def is_open_to_all(path: Path) -> bool:
    """Whether every user of this machine may read the file; a folder that lets nobody in protects it."""
    try:
        real = path.resolve(strict=True)
        lets_in = all(folder.stat().st_mode & stat.S_IXOTH for folder in real.parents)
        return lets_in and bool(real.stat().st_mode & stat.S_IROTH)
    except OSError:
        return False
