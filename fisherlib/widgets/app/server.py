"""Voilà with the guards of a Jupyter server: a token, no foreign ``Host``, no request elsewhere, kernels that end."""

import ipaddress
import os
from pathlib import Path
from typing import Any

from jupyter_core.paths import jupyter_runtime_dir
from jupyter_server import DEFAULT_STATIC_FILES_PATH
from jupyter_server.base.handlers import JupyterHandler
from voila.app import Voila

#: A kernel whose page said no goodbye, such as one whose browser was killed, ends this much later; s.
IDLE, LOOK = 300, 30


class App(Voila):
    """Serves one notebook to one person.

    Voilà by itself asks for no token, answers any ``Host``, and its pages cannot end their kernels: their goodbye
    must repeat a cookie that Voilà never sets.
    """

    auto_token = True

    def initialize(self, argv: list[str] | None = None) -> None:
        """Reads the command line; what it says counts more than what is set here."""
        kernels = self.config.MappingKernelManager
        kernels.cull_idle_timeout, kernels.cull_interval, kernels.cull_connected = IDLE, LOOK, False
        self.config.VoilaConfiguration.prelaunch_hook = _cookie
        self.config.VoilaConfiguration.resources = {"metadata": {"name": "fisherlib"}}  # the title of the window
        # Files that tell how to reach a kernel belong into the user's own folder, not into the temporary one of all.
        self.connection_dir_root = jupyter_runtime_dir()
        os.makedirs(self.connection_dir_root, mode=0o700, exist_ok=True)
        super().initialize(argv)

    def setup_template_dirs(self) -> None:
        """Voilà's folders of templates, ours before them."""
        super().setup_template_dirs()
        self.template_paths.insert(0, str(Path(__file__).parent))

    def init_settings(self) -> dict[str, Any]:
        """Voilà's settings, but other names of this machine are refused where only its own user can reach it."""
        return super().init_settings() | {
            "allow_remote_access": not _own(self.ip),
            "local_hostnames": ["localhost"],
            # The page of a refusal asks where its icon lies. Voilà serves that folder, and tells nobody.
            "static_path": DEFAULT_STATIC_FILES_PATH,
            "static_url_prefix": f"{self.server_url.rstrip('/')}/voila/static/",
        }


def _own(address: str) -> bool:
    """Whether a server at that address is reached from this machine alone."""
    if address == "localhost":
        return True
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:
        return False


def _cookie(handler: JupyterHandler, **_: object) -> None:
    """Sets the cookie that a page repeats when it says goodbye, so that the server believes it."""
    _ = handler.xsrf_token
