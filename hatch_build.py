"""Compiles the kernels of the near-duplicate engine when the package is built or installed for development.

Without a C compiler the package is complete all the same: NumPy does the work, more slowly.
"""

import sys
import sysconfig
import tempfile
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

FOLDER = Path("curator", "similarity", "native")


class CustomBuildHook(BuildHookInterface):
    """Hatchling finds it by this name."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Beside the source for an editable install; else into the wheel, which is for this platform alone then."""
        spec = spec_from_file_location("kernels_build", Path(self.root, FOLDER, "build.py"))
        assert spec and spec.loader
        build = module_from_spec(spec)  # not "import curator": nothing is installed yet
        spec.loader.exec_module(build)
        if version == "editable":
            target = Path(self.root, FOLDER)
        else:
            self._scratch = tempfile.TemporaryDirectory()  # until the wheel is written
            target = Path(self._scratch.name)
        try:
            made = build.build(target)
        except build.BuildError as error:
            print(f"no compiled kernels: {error}", file=sys.stderr)
            return
        if version != "editable":
            build_data["force_include"][str(made)] = (FOLDER / made.name).as_posix()
            build_data["pure_python"] = False
            platform = sysconfig.get_platform().replace("-", "_").replace(".", "_")
            build_data["tag"] = f"py3-none-{platform}"

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:
        """Away with the copy that went into the wheel."""
        if scratch := getattr(self, "_scratch", None):
            scratch.cleanup()
