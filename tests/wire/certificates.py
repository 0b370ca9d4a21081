"""Certificates made for a test run, by the ``openssl`` command."""

from __future__ import annotations

import shutil
import ssl
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

_KEY = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]


@dataclass(frozen=True, slots=True)
class Certificates:
    """An authority, and servers that show certificates."""

    folder: Path

    @property
    def authority(self) -> str:
        return str(self.folder / "authority.pem")

    def server(self, name: str) -> ssl.SSLContext:
        """A server with this certificate."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.folder / f"{name}.pem", self.folder / f"{name}.key")
        return context


def make(folder: Path) -> Certificates:
    """For this address, for another host, one that has expired, and one signed by nobody."""
    if shutil.which("openssl") is None:
        pytest.skip("the openssl command is not there to make certificates with")
    _self_signed(folder, "authority", "/CN=authority", [])
    _self_signed(folder, "unsigned", "/CN=127.0.0.1", ["-addext", "subjectAltName=IP:127.0.0.1"])
    _signed(folder, "here", "IP:127.0.0.1")
    _signed(folder, "elsewhere", "DNS:elsewhere.example")
    _signed(folder, "expired", "IP:127.0.0.1", days="-1")
    return Certificates(folder)


def _self_signed(folder: Path, name: str, subject: str, more: list[str]) -> None:
    files = ["-keyout", f"{name}.key", "-out", f"{name}.pem"]
    _openssl(folder, "req", "-x509", *_KEY, *files, "-days", "2", "-subj", subject, *more)


def _signed(folder: Path, name: str, where: str, *, days: str = "2") -> None:
    (folder / f"{name}.ext").write_text(f"subjectAltName={where}\n")
    _openssl(folder, "req", *_KEY, "-keyout", f"{name}.key", "-out", f"{name}.csr", "-subj", f"/CN={name}")
    authority = ["-CA", "authority.pem", "-CAkey", "authority.key", "-CAcreateserial"]
    files = ["-in", f"{name}.csr", "-out", f"{name}.pem", "-extfile", f"{name}.ext"]
    _openssl(folder, "x509", "-req", *files, *authority, "-days", days)


def _openssl(folder: Path, *arguments: str) -> None:
    subprocess.run(["openssl", *arguments], cwd=folder, check=True, capture_output=True)
