"""Places of secrets: each is read when it is needed, and what is missing is told by its place."""

from pathlib import Path

import pytest
from pydantic import TypeAdapter, ValidationError

from chatbot.model.errors import ConfigError
from chatbot.model.secret import Secret, SecretSource, is_open_to_all

CANARY = "canary-7c1f"
FORMS = ': give a string, or { env = "NAME" }, or { file = "path" }, or { credential = "NAME" }'
SECRET: TypeAdapter[SecretSource] = TypeAdapter(Secret)


def source(value: object) -> SecretSource:
    return SECRET.validate_python(value)


def finding(value: object) -> str:
    with pytest.raises(ValidationError) as caught:
        source(value)
    return caught.value.errors()[0]["msg"]


def test_a_plain_secret_is_itself() -> None:
    assert source(CANARY).read() == CANARY


def test_a_secret_is_read_from_the_environment_when_it_is_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    found = source({"env": "TEST_SECRET"})
    monkeypatch.setenv("TEST_SECRET", CANARY)
    assert found.read() == CANARY


@pytest.mark.parametrize("content", [CANARY, f"{CANARY}\n", f"{CANARY}\r\n"])
def test_a_secret_is_read_from_a_file_without_its_line_end(tmp_path: Path, content: str) -> None:
    (tmp_path / "secret").write_bytes(content.encode())
    assert source({"file": str(tmp_path / "secret")}).read() == CANARY


@pytest.mark.parametrize("value", ["", None])
def test_a_secret_that_is_not_in_the_environment_is_asked_for(
    monkeypatch: pytest.MonkeyPatch, value: str | None
) -> None:
    monkeypatch.delenv("TEST_SECRET", raising=False)
    if value is not None:
        monkeypatch.setenv("TEST_SECRET", value)
    with pytest.raises(
        ConfigError, match=r"^CB116  the environment variable TEST_SECRET is missing or empty\n"
    ):
        source({"env": "TEST_SECRET"}).read()


@pytest.mark.parametrize("content", [None, b"", b"\n", b"\xff\xfe"])
def test_a_secret_that_is_not_in_its_file_is_asked_for(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "secret"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ConfigError) as caught:
        source({"file": str(path)}).read()
    assert caught.value.brief == f"CB116 the file {path} is missing or empty"


@pytest.mark.parametrize(
    "value",
    [{}, {"env": "A", "file": "b"}, {"plain": CANARY, "env": "A"}, {"file": "b", "credential": "c"}, 5, None],
)
def test_a_secret_stands_in_one_place(value: object) -> None:
    assert finding(value).endswith(FORMS)


# credentials


@pytest.fixture
def credentials(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    return tmp_path


@pytest.mark.parametrize("name", ["maid_password", "a", ".hidden", "..x", "a b@+=", "x" * 255])
def test_a_credential_is_a_file_in_the_folder_of_credentials(credentials: Path, name: str) -> None:
    (credentials / name).write_text(f"{CANARY}\n")
    found = source({"credential": name})
    assert (found.read(), found.path) == (CANARY, credentials / name)


@pytest.mark.parametrize(
    "name", ["", ".", "..", "a/b", "../up", "/etc/passwd", "a:b", "a\nb", "a\n", "a\0", "ä", "x" * 256]
)
def test_the_name_of_a_credential_leads_nowhere_else(name: str) -> None:
    assert finding({"credential": name}) == (
        "is no name of a credential: expected the name of a file in the folder of credentials, "
        'such as "concierge_password"'
    )


@pytest.mark.parametrize("folder", ["", None])
def test_without_a_folder_of_credentials_the_variable_is_named(
    monkeypatch: pytest.MonkeyPatch, folder: str | None
) -> None:
    monkeypatch.delenv("CREDENTIALS_DIRECTORY", raising=False)
    if folder is not None:
        monkeypatch.setenv("CREDENTIALS_DIRECTORY", folder)
    with pytest.raises(ConfigError) as caught:
        source({"credential": "maid"}).read()
    [it] = caught.value.findings
    assert it.message == "the credential maid has no folder: CREDENTIALS_DIRECTORY is not set"
    assert it.fix == "LoadCredential=maid:/path in the unit, or CREDENTIALS_DIRECTORY=/run/secrets"


@pytest.mark.parametrize("content", [None, "", "\n"])
def test_a_credential_that_is_not_there_is_named_with_its_place(
    credentials: Path, content: str | None
) -> None:
    if content is not None:
        (credentials / "maid").write_text(content)
    with pytest.raises(ConfigError) as caught:
        source({"credential": "maid"}).read()
    assert caught.value.brief == f"CB116 the credential {credentials}/maid is missing or empty"


# who may read a file


@pytest.fixture
def opened(public: Path) -> Path:
    path = public / "secret"
    path.write_text(CANARY)
    return path


@pytest.mark.parametrize(("mode", "is_open"), [(0o644, True), (0o604, True), (0o640, False), (0o600, False)])
def test_a_file_is_open_to_all_by_its_mode(opened: Path, *, mode: int, is_open: bool) -> None:
    opened.chmod(mode)
    assert is_open_to_all(opened) is is_open


def test_a_folder_that_lets_nobody_in_protects_its_files(opened: Path) -> None:
    opened.chmod(0o644)
    opened.parent.chmod(0o700)
    assert not is_open_to_all(opened)


def test_the_file_behind_a_link_counts(opened: Path) -> None:
    opened.chmod(0o600)
    link = opened.with_name("link")
    link.symlink_to(opened)
    assert not is_open_to_all(link)
    opened.chmod(0o644)
    assert is_open_to_all(link)


def test_a_file_that_is_not_there_is_open_to_nobody(tmp_path: Path) -> None:
    assert not is_open_to_all(tmp_path / "gone")
