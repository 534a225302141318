"""The pages that newcomers read first are short, and list everything that is there."""

import re
from pathlib import Path

import pytest

import fisherlib as fl

ROOT = Path(__file__).resolve().parents[1]


def page(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


@pytest.mark.parametrize(("name", "most"), [("README.md", 6000), ("benchmarks/README.md", 10_000)])
def test_a_page_stays_short(name: str, most: int) -> None:
    assert len(page(name).encode()) <= most


def test_the_readme_lists_every_room_once_and_no_other() -> None:
    table = page("README.md").split("| room | what is in it |")[1].split("\n\n")[0]
    listed = [room for row in table.splitlines()[2:] for room in re.findall(r"`(\w+)`", row.split("|")[1])]
    rooms = {p.stem for p in (ROOT / "fisherlib").iterdir() if p.suffix == ".py" or (p / "__init__.py").is_file()}
    assert sorted(listed) == sorted(rooms - {"__init__"})


def test_the_page_of_formats_names_every_suffix_that_is_read(tmp_path: Path) -> None:
    strange = tmp_path / "data.strange"
    strange.touch()
    with pytest.raises(ValueError, match="expected a file ending in") as refused:
        fl.io.open(strange)
    suffixes = re.findall(r"\.[a-z][a-z.]*[a-z]", str(refused.value).split("ending in")[1].split(", got")[0])
    assert len(suffixes) > 5
    assert [suffix for suffix in suffixes if f"`{suffix}`" not in page("data/FORMATS.md")] == []


def test_functions_on_the_page_of_formats_exist() -> None:
    for path in re.findall(r"`fl\.((?:\w+\.)+\w+)\(?", page("data/FORMATS.md")):
        here: object = fl
        for name in path.split("."):
            here = getattr(here, name)


def test_every_script_of_the_benchmarks_is_on_their_page() -> None:
    for script in (ROOT / "benchmarks").glob("*.py"):
        if "__main__" in script.read_text(encoding="utf-8"):
            assert f"`{script.name}`" in page("benchmarks/README.md"), script.name


def test_links_between_pages_lead_somewhere() -> None:
    for name in ("CHANGELOG.md", "data/README.md", "data/FORMATS.md", "benchmarks/README.md"):
        for link in re.findall(r"\]\((?!https?:)([^)#]+)\)", page(name)):
            assert ((ROOT / name).parent / link).exists(), f"{name}: {link}"


def test_the_changelog_has_one_short_entry_for_each_version() -> None:
    entries = re.split(r"^## ", page("CHANGELOG.md"), flags=re.MULTILINE)[1:]
    assert entries and all(re.match(r"\d+\.\d+\.\d+ \(\d{4}-\d{2}-\d{2}\)\n", entry) for entry in entries)
    assert entries[0].startswith(fl.__version__)
    assert all(len(entry.strip().splitlines()[1:]) <= 16 for entry in entries)
