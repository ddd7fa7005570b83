import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.architecture.checker import ROOT

pytestmark = pytest.mark.xdist_group("architecture")

LIBRARY = ROOT / "src" / "duolog"
MODULES = sorted(LIBRARY.rglob("*.py"))
MOST_LINES = 320

# "cli/demo.py: uvicorn" would let that file import uvicorn inside a function. Say why beside each entry.
LOCAL_IMPORTS_ALLOWED: frozenset[str] = frozenset()


def place(module: Path) -> str:
    return module.relative_to(LIBRARY).as_posix()


def tree(module: Path) -> ast.Module:
    return ast.parse(module.read_text(encoding="utf-8"), filename=place(module))


def local_imports(module: Path) -> Iterator[str]:
    for function in ast.walk(tree(module)):
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
            for node in ast.walk(function):
                if isinstance(node, ast.Import):
                    yield from (f"{place(module)}: {name.name}" for name in node.names)
                elif isinstance(node, ast.ImportFrom):
                    yield f"{place(module)}: {'.' * node.level}{node.module or ''}"


def test_every_room_says_its_purpose_in_one_line() -> None:
    rooms = {module.parent for module in MODULES} | {LIBRARY}
    without_init = sorted(place(room) for room in rooms if not (room / "__init__.py").is_file())
    assert not without_init, f"folders without __init__.py: {without_init}"
    purposes = {place(room): ast.get_docstring(tree(room / "__init__.py")) for room in rooms - {LIBRARY}}
    unclear = sorted(room for room, purpose in purposes.items() if not purpose or "\n" in purpose)
    assert not unclear, f"rooms whose __init__.py does not open with a docstring of one line: {unclear}"


def test_no_file_outgrows_one_reading() -> None:
    lengths = {place(module): len(module.read_text(encoding="utf-8").splitlines()) for module in MODULES}
    too_long = {module: length for module, length in lengths.items() if length > MOST_LINES}
    assert not too_long, f"files above {MOST_LINES} lines: {too_long}"


def test_no_import_is_for_type_checkers_only() -> None:
    hiding = [place(module) for module in MODULES if "TYPE_CHECKING" in module.read_text(encoding="utf-8")]
    assert not hiding, f"TYPE_CHECKING in {hiding}"


def test_no_function_imports() -> None:
    found = {entry for module in MODULES for entry in local_imports(module)}
    assert not found - LOCAL_IMPORTS_ALLOWED, f"imports inside functions: {sorted(found - LOCAL_IMPORTS_ALLOWED)}"
    unused = LOCAL_IMPORTS_ALLOWED - found
    assert not unused, f"allowed but no longer there: {sorted(unused)}"
