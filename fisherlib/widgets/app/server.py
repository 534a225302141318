"""Voilà with the protection of a Jupyter server: a token, no foreign ``Host``, kernels that end with their page."""

import ipaddress
import os
from pathlib import Path
from typing import Any

from jupyter_core.paths import jupyter_runtime_dir
from jupyter_server import DEFAULT_STATIC_FILES_PATH
from jupyter_server.base.handlers import JupyterHandler
from voila.app import Voila

#: Seconds until a kernel ends whose page closed without notice (a killed browser), and between two looks for such kernels.
IDLE, LOOK = 300, 30


class App(Voila):
    """Serves one notebook to one person.

    Voilà by itself asks for no token and answers any ``Host``. Its pages cannot end their kernels either: the request to do
    so must repeat a cookie that Voilà never sets.
    """

    auto_token = True

    def initialize(self, argv: list[str] | None = None) -> None:
        """Read the command line, which overrides what is set here."""
        kernels = self.config.MappingKernelManager
        kernels.cull_idle_timeout, kernels.cull_interval, kernels.cull_connected = IDLE, LOOK, False
        self.config.VoilaConfiguration.prelaunch_hook = _cookie
        hidden = self.config.TagRemovePreprocessor  # the gallery of notebooks, which the application cannot open
        hidden.enabled, hidden.remove_cell_tags = True, {"gallery"}
        self.config.VoilaConfiguration.resources = {"metadata": {"name": "fisherlib"}}  # the title of the window
        # Connection files of kernels belong in the user's own folder, not in the shared temporary one.
        self.connection_dir_root = jupyter_runtime_dir()
        os.makedirs(self.connection_dir_root, mode=0o700, exist_ok=True)
        super().initialize(argv)

    def setup_template_dirs(self) -> None:
        """Put our template folder before those of Voilà."""
        super().setup_template_dirs()
        self.template_paths.insert(0, str(Path(__file__).parent))

    def init_settings(self) -> dict[str, Any]:
        """Settings of Voilà; on a loopback address other host names are refused."""
        return super().init_settings() | {
            "allow_remote_access": not _own(self.ip),
            "local_hostnames": ["localhost"],
            # The page of a refused request needs the path of its icon, which Voilà serves but does not set.
            "static_path": DEFAULT_STATIC_FILES_PATH,
            "static_url_prefix": f"{self.server_url.rstrip('/')}/voila/static/",
        }


def _own(address: str) -> bool:
    """Whether a server at that address can be reached from this machine only."""
    if address == "localhost":
        return True
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:
        return False


def _cookie(handler: JupyterHandler, **others: object) -> None:
    """Set the cookie that a page repeats when it ends its kernel."""
    _ = handler.xsrf_token  # reading it sets the cookie
