import pytest

from tests.mutants.catalogue import MUTANTS
from tests.mutants.mutant import LIBRARY, ROOT, Mutant


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_a_mutants_text_stands_in_its_file_exactly_once(mutant: Mutant) -> None:
    text = (ROOT / mutant.folder / mutant.file).read_text(encoding="utf-8")
    assert mutant.applied_to(text) != text


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_a_mutants_tests_are_there(mutant: Mutant) -> None:
    assert mutant.tests
    for test in mutant.tests:
        file, _, name = test.partition("::")
        path = ROOT / file
        assert path.is_file()
        function = name.rpartition("::")[2].partition("[")[0]
        contracts = (ROOT / LIBRARY / "testing" / "contracts").glob("*.py")
        modules = (
            path,
            ROOT / "tests" / "contract" / "suites.py",
            *contracts,
            *(ROOT / "tests" / "contract").glob("*_stores.py"),
        )  # the suites are every backend's
        texts = [module.read_text(encoding="utf-8") for module in modules]
        assert any(f"{kind} {function}(" in text for kind in ("def", "class") for text in texts) or not function


def test_every_mutant_has_a_name_of_its_own() -> None:
    assert len({mutant.name for mutant in MUTANTS}) == len(MUTANTS)


def test_a_text_that_is_not_there_or_stands_twice_is_an_error() -> None:
    mutant = Mutant("x", "P0", "x.py", "a", "b", ("x",))
    for text in ("", "a a"):
        with pytest.raises(ValueError, match="bring it up to date"):
            mutant.applied_to(text)
    assert mutant.applied_to("ca") == "cb"
