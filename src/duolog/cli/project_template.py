"""The template of a project: its files, with the project's names put in."""

import keyword
import re
import sys
from collections.abc import Iterator
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path, PurePosixPath
from string import Template
from typing import Final

from duolog.errors import ConfigurationError

_SUFFIX: Final = ".tmpl"  # so that no tool takes the files for code
_TOP: Final = PurePosixPath()
_PACKAGE: Final = "__package__"
_NAME: Final = re.compile(r"[A-Za-z][A-Za-z0-9]*(?:[-_][A-Za-z0-9]+)*")
_TAKEN: Final = frozenset({"duolog", "dishka", "msgspec", "fastapi", "httpx", "pytest", "tests"})


def package_name(name: str) -> str:
    """Return the import package's name for a project's name: ``My-Tasks`` gives ``my_tasks``.

    Raises:
        ConfigurationError: it is no project name, or would hide a package that the project needs.
    """
    package = name.replace("-", "_").lower()
    if not _NAME.fullmatch(name):
        message = f"{name!r} is not a project name"
        raise ConfigurationError(message, hint="Use letters and digits, a letter first, and - or _ between them.")
    if keyword.iskeyword(package) or package in sys.stdlib_module_names or package in _TAKEN:
        message = f"a package {package!r} would hide another one"
        raise ConfigurationError(message, hint="Choose another name.")
    return package


def write_project(directory: Path, name: str) -> list[Path]:
    """Write the files of a new project.

    Args:
        directory: is made if it is missing.
        name: the project's name.

    Returns:
        The files, relative to the directory, sorted.

    Raises:
        ConfigurationError: the directory has something in it, the name is no project name, or a file cannot be written.
    """
    names = {"name": name, "package": package_name(name)}
    try:
        if directory.exists() and (not directory.is_dir() or any(directory.iterdir())):
            message = f"{directory} is there already, and is not an empty directory"
            raise ConfigurationError(message, hint="Choose another name or --directory; nothing is overwritten.")
        written: list[Path] = []
        for path, template in _templates(files("duolog.cli") / "templates" / "project"):
            file = directory / str(path).replace(_PACKAGE, names["package"]).removesuffix(_SUFFIX)
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(Template(template).substitute(names), encoding="utf-8")
            written.append(file.relative_to(directory))
    except OSError as error:
        message = f"the project cannot be written: {error}"
        raise ConfigurationError(message, hint="Choose a --directory that you may write.") from error
    return sorted(written)


def _templates(folder: Traversable, at: PurePosixPath = _TOP) -> Iterator[tuple[PurePosixPath, str]]:
    for entry in folder.iterdir():
        if entry.is_dir():
            yield from _templates(entry, at / entry.name)
        elif entry.name.endswith(_SUFFIX):
            yield at / entry.name, entry.read_text(encoding="utf-8")
