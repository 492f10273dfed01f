"""Puts the built page into wheels and source distributions.

An editable install has nothing to wait for: `make page` builds it in place. A wheel without its page would be a broken
product, so there a failure ends the build.
"""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

PAGE = Path(__file__).resolve().parent / "web" / "page"


class PageHook(BuildHookInterface):
    """Builds the page before files are collected."""

    PLUGIN_NAME = "custom"

    def dependencies(self) -> list[str]:
        """Node, where a page must be built and the machine has no npm.

        Editable installs get the same answer: hatchling does not say for which of the two it asks.
        """
        page = _page()
        return [] if page.fresh() or page.has_npm() else [page.NODE]

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Build if needed; pyproject.toml says that `dist`, which git ignores, goes along. Raises PageNotBuilt."""
        if version == "editable":
            return
        page = _page()
        if not page.fresh():
            self.app.display_info("Building the page")
            page.build()


def _page() -> ModuleType:
    """`web/page/build.py`, which is no package: the build environment has none of the product's dependencies."""
    spec = importlib.util.spec_from_file_location("oracle_page_build", PAGE / "build.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module
