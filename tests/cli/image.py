"""What ``docker build`` and ``docker run`` do with a new project, without Docker: line by line.

The steps are those of the file itself, in a folder that stands for the root of the image. What runs in it
has a file system that is read-only but for the volumes, and is the first process of its own.
"""

import fnmatch
import json
import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

from tests.cli.deployment import Instructions, of, stages

ROOT = Path(__file__).parents[2]
_CONSTRAINTS = ROOT / ".ci" / "constraints.txt"
# in a user namespace, so that it takes no root: volumes stay writable, for they are mounts of their own
_CONTAINED = """
set -e
for volume in $VOLUMES; do mount --bind "$volume" "$volume"; done
mount -o remount,bind,ro /
unset VOLUMES
exec "$@"
"""


@dataclass(frozen=True)
class Image:
    """A built image.

    Args:
        root: The folder that stands for ``/``.
        command: CMD.
        folder: WORKDIR.
        environment: ENV, and nothing else.
        volumes: VOLUME.
    """

    root: Path
    command: list[str]
    folder: Path
    environment: dict[str, str] = field(default_factory=dict)
    volumes: list[Path] = field(default_factory=list)

    def contained(self, *command: str) -> list[str]:
        """The command, as the first process on a read-only file system."""
        alone = ["unshare", "--user", "--map-root-user", "--mount", "--pid", "--fork", "--mount-proc"]
        return [*alone, "--kill-child", "/bin/sh", "-c", _CONTAINED, "sh", *command]


def can_contain() -> bool:
    """Whether this system lets us make namespaces."""
    image = Image(Path("/"), [], Path("/"))
    if shutil.which("unshare") is None:
        return False
    return subprocess.run(image.contained("true"), capture_output=True, check=False).returncode == 0


def build(project: Path, root: Path) -> Image:
    """Do what stands in the Dockerfile of a project; libraries come from the package index."""
    files = {place: (project / place).read_text() for place in ("Dockerfile", ".dockerignore")}
    _, *found = stages(files)
    for stage in found:
        _build_stage(stage, project, root, files[".dockerignore"])
    final = found[-1]
    [command] = of(final, "CMD")
    [volumes] = of(final, "VOLUME")
    given = dict(re.findall(r"(\w+)=(\S+)", " ".join(of(final, "ENV"))))
    here = {name: _inside(root, value) for name, value in given.items()}
    return Image(
        root,
        command=json.loads(command),
        folder=root / of(final, "WORKDIR")[-1].lstrip("/"),
        environment={**here, "PATH": here["PATH"].replace("$PATH", "/usr/bin:/bin")},
        volumes=[root / volume.lstrip("/") for volume in json.loads(volumes)],
    )


def _build_stage(stage: Instructions, project: Path, root: Path, ignored: str) -> None:
    folder = root
    for word, rest in stage:
        if word == "WORKDIR":
            folder = root / rest.lstrip("/")
            folder.mkdir(parents=True, exist_ok=True)
        elif word == "COPY" and "--from=" not in rest:
            *sources, target = [one for one in rest.split() if not one.startswith("--")]
            _copy(sources, project, folder / target, ignored)
        elif word == "RUN":
            _run(json.loads(rest), folder, root)


def _copy(sources: list[str], project: Path, target: Path, ignored: str) -> None:
    """Only what .dockerignore lets in."""
    allowed = [line[1:] for line in ignored.splitlines() if line.startswith("!")]
    for source in sources:
        for path in [project / source] if source.endswith("/") else sorted(project.glob(source)):
            name = path.relative_to(project).as_posix()
            assert any(fnmatch.fnmatch(name, one.partition("/")[0]) for one in allowed), f"{name} is left out"
            if path.is_dir():
                shutil.copytree(path, target, dirs_exist_ok=True)
            else:
                shutil.copy(path, target)


def _run(command: list[str], folder: Path, root: Path) -> None:
    here = [sys.executable if word == "python" else _inside(root, word) for word in command]
    pins = {"PIP_CONSTRAINT": str(_CONSTRAINTS), "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
    env = {**{name: value for name, value in os.environ.items() if name != "PYTHONPATH"}, **pins}
    done = subprocess.run(here, cwd=folder, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def _inside(root: Path, value: str) -> str:
    return re.sub(r"(?<![\w.])/opt/venv", str(root / "opt/venv"), value)
