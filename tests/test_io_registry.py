"""Public files: from a folder or by download (from this machine, in the tests), never without their SHA-256."""

import hashlib
import http.server
import io
import lzma
import tarfile
import threading
from collections.abc import Iterator
from pathlib import Path

import pooch
import pytest
from hidden import hidden

import fisherlib as fl
from fisherlib.io import published as registry

SHARED = Path(__file__).resolve().parents[2] / "shared" / "data" / "zuo2020"
CONTENT, OTHER = b'{"a": "file"}', b"another one"
NAME = "file.json"


def digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache of its own, no folder in the environment, and one file whose address answers nothing."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.delenv(registry.VARIABLE, raising=False)
    monkeypatch.delenv(registry.OFFLINE, raising=False)
    monkeypatch.setitem(registry.FILES, NAME, ("http://127.0.0.1:9/file.json", digest(CONTENT)))
    return Path(pooch.os_cache("fisherlib"))


@pytest.fixture
def served(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Path, list[str]]]:
    """A folder that is served to this machine only, and what was asked for."""
    folder, asked = tmp_path / "served", []
    folder.mkdir()

    class Handler(http.server.SimpleHTTPRequestHandler):
        def __init__(self, *arguments: object) -> None:
            super().__init__(*arguments, directory=str(folder))

        def log_message(self, *words: object) -> None:
            asked.append(self.path)

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        url = f"http://127.0.0.1:{server.server_port}/{NAME}"
        monkeypatch.setitem(registry.FILES, NAME, (url, digest(CONTENT)))
        yield folder, asked
        server.shutdown()


def folder_with(tmp_path: Path, name: str, content: bytes) -> Path:
    folder = tmp_path / "given"
    folder.mkdir(exist_ok=True)
    (folder / name).write_bytes(content)
    return folder


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("by_variable", [False, True])
def test_a_file_of_a_folder_is_copied_to_the_cache(
    tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch, packed: bool, by_variable: bool
) -> None:
    folder = folder_with(tmp_path, NAME + ".xz" * packed, lzma.compress(CONTENT) if packed else CONTENT)
    monkeypatch.setenv(registry.VARIABLE, str(folder if by_variable else tmp_path / "nowhere"))
    before = sorted(folder.iterdir())
    path = fl.io.fetch(NAME) if by_variable else fl.io.fetch(NAME, folder)
    assert path == cache / NAME and path.read_bytes() == CONTENT and sorted(folder.iterdir()) == before
    written = path.stat().st_mtime_ns
    assert fl.io.fetch(NAME, folder) == path and path.stat().st_mtime_ns == written  # not written again
    path.write_bytes(OTHER)
    assert fl.io.fetch(NAME, folder).read_bytes() == CONTENT  # a damaged copy is replaced


@pytest.mark.parametrize("packed", [False, True])
def test_another_content_in_the_folder_is_refused_with_both_hashes(tmp_path: Path, cache: Path, packed: bool) -> None:
    folder = folder_with(tmp_path, NAME + ".xz" * packed, lzma.compress(OTHER) if packed else OTHER)
    with pytest.raises(
        ValueError, match=f"{NAME}.*: expected content with SHA-256 {digest(CONTENT)}, got {digest(OTHER)}"
    ):
        fl.io.fetch(NAME, folder)
    assert not (cache / NAME).exists()


def test_a_damaged_archive_in_the_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="file.json.xz: expected an intact .xz"):
        fl.io.fetch(NAME, folder_with(tmp_path, NAME + ".xz", lzma.compress(CONTENT)[:-9]))


def test_a_file_is_downloaded_once(tmp_path: Path, cache: Path, served: tuple[Path, list[str]]) -> None:
    source, asked = served
    (source / NAME).write_bytes(CONTENT)
    empty = folder_with(tmp_path, "else.txt", OTHER)
    for folder in (None, empty, None):
        path = fl.io.fetch(NAME, folder)
        assert path == cache / NAME and path.read_bytes() == CONTENT
    assert len(asked) == 1
    path.write_bytes(OTHER)
    assert fl.io.fetch(NAME).read_bytes() == CONTENT and len(asked) == 2  # a damaged copy is replaced


def test_a_download_of_another_content_is_refused_with_both_hashes(cache: Path, served: tuple[Path, list[str]]) -> None:
    (served[0] / NAME).write_bytes(OTHER)
    with pytest.raises(ValueError, match="file.json: http.*another content than expected") as raised:
        fl.io.fetch(NAME)
    assert digest(CONTENT) in str(raised.value) and digest(OTHER) in str(raised.value)
    assert not (cache / NAME).exists()


@pytest.mark.parametrize("found", [False, True])
def test_without_network_or_file_the_sentence_says_what_to_put_where(
    tmp_path: Path, served: tuple[Path, list[str]], monkeypatch: pytest.MonkeyPatch, found: bool
) -> None:
    if not found:  # nobody answers; otherwise somebody does, but has no such file
        monkeypatch.setitem(registry.FILES, NAME, (f"http://127.0.0.1:9/{NAME}", digest(CONTENT)))
    url = registry.FILES[NAME][0]
    reason = "HTTPError" if found else "ConnectionError"
    with pytest.raises(
        ConnectionError, match=f"{reason}.; download {url} by hand and put it into a folder that folder="
    ):
        fl.io.fetch(NAME)
    with pytest.raises(ConnectionError, match=f"put it into {tmp_path}, under the name {NAME}"):
        fl.io.fetch(NAME, tmp_path)


def test_downloads_can_be_forbidden(
    cache: Path, served: tuple[Path, list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    source, asked = served
    (source / NAME).write_bytes(CONTENT)
    monkeypatch.setenv("FISHERLIB_OFFLINE", "1")
    with pytest.raises(ConnectionError, match="download .* by hand"):
        fl.io.fetch(NAME)
    assert not asked
    monkeypatch.delenv("FISHERLIB_OFFLINE")
    fl.io.fetch(NAME)
    monkeypatch.setenv("FISHERLIB_OFFLINE", "1")
    assert fl.io.fetch(NAME) == cache / NAME and len(asked) == 1  # what is there may be used


def test_names_and_elements_are_told_and_pooch_may_be_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(
        ValueError, match="name: expected one of ZuoEtAl2020.tar.gz, .*mlearn_Mo_training.json.*, got 'a'"
    ):
        fl.io.fetch("a")
    with pytest.raises(ValueError, match="element: expected one of Ni, Cu, Li, Mo, Si, Ge, got 'mo'"):
        fl.io.zuo2020("mo")
    with hidden("pooch"), pytest.raises(ModuleNotFoundError, match=r"needs pooch, .* pip install \"fisherlib\[io\]\""):
        fl.io.fetch(NAME)


def test_of_an_archive_one_member_is_taken_and_nothing_else_is_written(
    tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    members = {"../evil.txt": b"x", "/tmp/exp_evil.txt": b"x", "ZuoEtAl2020/Cu_train.xyz": b"1\n\nCu 0 0 0\n"}
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        for name, content in members.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    folder = folder_with(tmp_path, "ZuoEtAl2020.tar.gz", packed.getvalue())
    (folder / "mlearn_Cu_test.json").write_bytes(CONTENT)
    for name, content in (("ZuoEtAl2020.tar.gz", packed.getvalue()), ("mlearn_Cu_test.json", CONTENT)):
        monkeypatch.setitem(registry.FILES, name, ("http://127.0.0.1:9/", digest(content)))
    train, test = fl.io.zuo2020("Cu", folder=folder)
    assert train.read_bytes() == members["ZuoEtAl2020/Cu_train.xyz"] and test.read_bytes() == CONTENT
    assert sorted(p.name for p in cache.iterdir()) == sorted(["ZuoEtAl2020.tar.gz", train.name, test.name])
    assert not list(tmp_path.rglob("evil*"))


@pytest.mark.skipif(not SHARED.exists(), reason="no zuo2020 in ../shared/data beside the checkout")
@pytest.mark.parametrize(
    "element, configurations",
    [("Ni", (263, 31)), ("Cu", (262, 31)), ("Li", (241, 29)), ("Mo", (194, 23)), ("Si", (214, 25)), ("Ge", (228, 25))],
)
def test_all_six_elements_open_and_the_folder_stays_as_it_is(element: str, configurations: tuple[int, int]) -> None:
    before = sorted(SHARED.iterdir())
    opened = [fl.io.open(path) for path in fl.io.zuo2020(element, folder=SHARED)]
    assert tuple(o.configurations for o in opened) == configurations and sorted(SHARED.iterdir()) == before
    assert opened[1].trajectories > 6 and opened[0].frames()[0].forces.any()
