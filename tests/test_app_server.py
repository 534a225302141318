"""What ``make app`` lets in and lets go: token, ``Host`` and ``Origin``, no request elsewhere, kernels that end."""

import http.client
import json
import re
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import nbformat
import pytest
from explorer import MINUTE, app_command, served
from nbformat.v4 import new_code_cell, new_notebook

pytestmark = pytest.mark.notebooks
TOKEN = "0123456789abcdef"
#: As a page of widgets has one: what says goodbye is Voilà's manager of widgets.
CODE = "import ipywidgets\nipywidgets.Button(description='press')"


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a server over a small notebook."""
    folder = tmp_path_factory.mktemp("app")
    kernel = {"kernelspec": {"name": "python3", "language": "python", "display_name": "Python 3"}}
    nbformat.write(new_notebook(cells=[new_code_cell(CODE)], metadata=kernel), folder / "small.ipynb")
    with served(app_command(folder / "small.ipynb", token=TOKEN), folder) as address:
        yield address


def asked(address: str, path: str, *, method: str = "GET", **headers: str) -> http.client.HTTPResponse:
    """The answer to a request that follows no redirection."""
    connection = http.client.HTTPConnection(urlsplit(address).netloc, timeout=60)
    connection.request(method, path, headers=headers)
    answer = connection.getresponse()
    answer.body = answer.read().decode()
    connection.close()
    return answer


def kernel_of(page: str) -> str:
    return json.loads(page.split('id="jupyter-config-data"')[1].split(">", 1)[1].split("</script>")[0])["kernelId"]


def is_alive(address: str, kernel: str) -> bool:
    return asked(address, f"/api/kernels/{kernel}?token={TOKEN}").status == 200


def ends(address: str, kernel: str) -> bool:
    for _ in range(120):
        if not is_alive(address, kernel):
            return True
        time.sleep(0.25)
    return False


@pytest.mark.parametrize("path", ["/", "/?token=wrong"])
def test_without_the_token_one_is_sent_to_log_in(app: str, path: str) -> None:
    answer = asked(app, path)
    assert answer.status == 302 and answer.headers["Location"].startswith("/login")


def test_a_socket_without_the_token_is_refused_by_a_page_and_a_line(app: str) -> None:
    """Where the page failed, the body was empty, and the log held how: sixty lines a time."""
    socket = {"Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Version": "13"}
    socket |= {"Sec-WebSocket-Key": "AAAAAAAAAAAAAAAAAAAAAA=="}
    answer = asked(app, "/api/kernels/00000000-0000-0000-0000-000000000000/channels", **socket)
    assert answer.status == 403 and "403 : Forbidden" in answer.body
    icon = re.search(r'type="image/x-icon" href="([^"]*)"', answer.body)[1]
    assert asked(app, f"{icon}&token={TOKEN}", method="HEAD").status == 200


def test_files_beside_the_notebook_are_not_served(app: str) -> None:
    assert asked(app, "/voila/files/small.ipynb").status == 403
    assert asked(app, f"/voila/files/small.ipynb?token={TOKEN}").status == 403


@pytest.mark.parametrize("host", ["evil.com", "evil.com:80", "10.0.0.1", "localhost.evil.com"])
def test_another_name_of_this_machine_is_refused(app: str, host: str) -> None:
    assert asked(app, f"/?token={TOKEN}", Host=host).status == 403


def test_a_page_can_end_its_kernel_and_no_other_page_can(app: str) -> None:
    page = asked(app, f"/?token={TOKEN}")
    assert page.status == 200
    kernel, cookies = kernel_of(page.body), [c.split(";")[0] for c in page.headers.get_all("Set-Cookie")]
    xsrf = next(c.removeprefix("_xsrf=") for c in cookies if c.startswith("_xsrf="))
    socket = {"Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Version": "13"}
    socket |= {"Sec-WebSocket-Key": "AAAAAAAAAAAAAAAAAAAAAA==", "Cookie": "; ".join(cookies)}
    channels = f"/api/kernels/{kernel}/channels"
    assert asked(app, channels, **socket, Origin="http://evil.com").status == 403
    assert asked(app, channels, **socket, Origin="http://evil.com", Host="evil.com").status == 403
    goodbye = f"/voila/api/shutdown/{kernel}"
    assert asked(app, goodbye, method="POST", Cookie="; ".join(cookies)).status == 403
    assert asked(app, f"{goodbye}?_xsrf={xsrf}", method="POST").status == 403
    assert is_alive(app, kernel)
    assert asked(app, f"{goodbye}?_xsrf={xsrf}", method="POST", Cookie="; ".join(cookies)).status == 204
    assert not is_alive(app, kernel)


@pytest.mark.browser
@pytest.mark.parametrize("leave", ["close", "go elsewhere", "reload"])
def test_a_kernel_ends_with_its_page_and_nothing_is_asked_of_others(chromium: object, app: str, leave: str) -> None:
    context = chromium.new_context()
    page, hosts = context.new_page(), set()
    page.on("request", lambda request: hosts.add(urlsplit(request.url).netloc))
    page.goto(f"{app}/?token={TOKEN}")
    page.get_by_role("button", name="press").wait_for(timeout=MINUTE)
    kernel = page.evaluate("JSON.parse(document.getElementById('jupyter-config-data').textContent).kernelId")
    assert is_alive(app, kernel) and hosts - {""} == {urlsplit(app).netloc}
    assert page.title() == "fisherlib"
    if leave == "close":
        page.close(run_before_unload=True)
    else:
        page.goto("about:blank") if leave == "go elsewhere" else page.reload(timeout=MINUTE)
    assert ends(app, kernel), "the kernel outlives its page by half a minute"
    context.close()


def test_kernels_without_a_page_are_ended_later(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from traitlets import Integer

    from fisherlib.widgets.app.server import IDLE, App

    monkeypatch.setenv("JUPYTER_RUNTIME_DIR", str(tmp_path))
    monkeypatch.setattr("signal.signal", lambda *_: None)
    app = App()
    app.initialize([])
    manager = app.config.MappingKernelManager
    assert (manager.cull_idle_timeout, manager.cull_connected) == (IDLE, False) and 0 < manager.cull_interval <= IDLE
    app = App()
    app.initialize(["--MappingKernelManager.cull_idle_timeout=7"])
    assert app.config.MappingKernelManager.cull_idle_timeout.get_value(Integer()) == 7  # text until it is used
