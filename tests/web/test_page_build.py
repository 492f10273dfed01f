"""Building the page: only when needed, and never in the way of the server."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

PAGE = Path(__file__).resolve().parents[2] / "web" / "page"


@pytest.fixture
def page(tmp_path: Path) -> Path:
    """The sources, in a place of their own."""
    return shutil.copytree(PAGE, tmp_path / "page", ignore=shutil.ignore_patterns("node_modules", "dist"))


def build_without_anything(page: Path) -> subprocess.CompletedProcess[str]:
    """On a machine without npm, pip or network."""
    return subprocess.run([sys.executable, "-I", "-S", page / "build.py"], env={"PATH": ""}, capture_output=True, text=True,
                          check=False)


def test_a_machine_that_cannot_build_gets_a_warning_and_goes_on(page: Path):
    built = build_without_anything(page)
    assert built.returncode == 0
    assert "warning: the page was not built, the server shows a plain page: npm was not found" in built.stderr
    assert not (page / "dist").exists()


@pytest.mark.skipif(not (PAGE / "dist" / ".stamp").exists(), reason="the page is not built: run make page")
def test_a_built_page_is_built_again_only_when_a_source_changed(page: Path):
    shutil.copytree(PAGE / "dist", page / "dist")
    (page / "dist" / ".stamp").write_text(stamp_of(page))
    assert build_without_anything(page).stderr == ""

    with (page / "src" / "page.css").open("a") as style:
        style.write("/* changed */")
    assert "the server shows an older page" in build_without_anything(page).stderr


def test_a_source_distribution_brings_the_page_without_its_sources(page: Path):
    shutil.rmtree(page / "src")
    (page / "dist").mkdir()
    (page / "dist" / "index.html").touch()
    assert build_without_anything(page).stderr == ""


def stamp_of(page: Path) -> str:
    """What the build writes beside the page it made of these sources."""
    code = "import runpy, sys; print(runpy.run_path(sys.argv[1])['_hash_of_sources'](), end='')"
    return subprocess.check_output([sys.executable, "-I", "-c", code, page / "build.py"], text=True)
