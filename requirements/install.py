"""Create the virtual environment that a lock describes: `python install.py <folder of the environment> <lock>`.

Several of these may be started at once (two terminals, two `make`): one works, the others wait for it.
The lock is held on an open file, so it ends with its process, however that ends.
"""

import contextlib
import subprocess
import sys
import venv
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PROJECT = ROOT / "pyproject.toml"


@contextlib.contextmanager
def alone(lock_file: Path) -> Iterator[None]:
    """Wait until no other process is inside; where the platform has no file locks, do not wait."""
    with lock_file.open("w") as held:
        with contextlib.suppress(ImportError):
            import fcntl  # noqa: PLC0415 - absent on Windows

            fcntl.flock(held, fcntl.LOCK_EX)
        yield


def is_ready(stamp: Path, lock: Path) -> bool:
    """Whether the environment is newer than what it is made from."""
    return stamp.exists() and all(stamp.stat().st_mtime >= made_from.stat().st_mtime for made_from in (lock, PROJECT))


def install(environment: Path, lock: Path) -> None:
    """Make the environment, install every locked package by its hash, then this project as editable."""
    say(f"creating {environment.name} with Python {'.'.join(map(str, sys.version_info[:3]))}")
    venv.create(environment, with_pip=True)
    python = environment / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")
    pip = (str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check")
    say(f"installing the packages of requirements/{lock.name} (a minute or two the first time)")
    subprocess.run([*pip, "--require-hashes", "-r", str(lock)], cwd=ROOT, check=True)  # noqa: S603 - fixed command
    say("installing duolog itself")
    editable = ("--no-deps", "--no-build-isolation", "--editable", ".")
    subprocess.run([*pip, *editable], cwd=ROOT, check=True)  # noqa: S603 - fixed command


def say(line: str) -> None:
    """Tell the person who waits."""
    sys.stdout.write(f"==> {line}\n")
    sys.stdout.flush()


def main() -> int:
    """Install unless another process has just done it."""
    environment, lock = (Path(argument).absolute() for argument in sys.argv[1:])
    stamp = environment / ".ready"
    with alone(environment.with_name(f"{environment.name}.lock")):
        if is_ready(stamp, lock):
            return 0
        try:
            install(environment, lock)
        except subprocess.CalledProcessError as failed:
            say(f"that failed (see above): pip ended with {failed.returncode}")
            return 1
        stamp.touch()
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
