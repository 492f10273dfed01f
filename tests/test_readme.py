"""The README and docs/ are true: their commands are run against a real server, their files are used, their lists are complete and
their links lead somewhere."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import attrs
import pytest

from tests.serving import ORACLE, clean_env, oracle, serving, simulated_past
from web.cli import Exit

REPO = Path(__file__).resolve().parents[1]
PAGES = {str(path.relative_to(REPO)): path.read_text() for path in (REPO / "README.md", *sorted(REPO.glob("docs/*.md")))}
README, OPERATIONS = PAGES["README.md"], PAGES["docs/operations.md"]
ADDRESS = "127.0.0.1:8000"
FENCED = re.compile(r"^```.*?^```$", re.DOTALL | re.MULTILINE)


@attrs.frozen
class Block:
    page: str
    language: str
    file: str
    text: str


BLOCKS = [Block(page, language, file.strip(), text) for page, said in PAGES.items()
          for language, file, text in re.findall(r"^```(\w+)([^\n]*)\n(.*?)^```$", said, re.DOTALL | re.MULTILINE)]
FILES = [block for block in BLOCKS if block.file and block.page == "README.md"]
RUN = [block for block in BLOCKS if block.language in {"sh", "python"} and not block.file]


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    """A server with the part that the README adds, from the files it shows."""
    folder = tmp_path_factory.mktemp("readme")
    for block in FILES:
        (folder / block.file).parent.mkdir(exist_ok=True)
        (folder / block.file).write_text(block.text)
    (settings,) = [folder / block.file for block in FILES if block.language == "toml"]
    with serving(folder / "data", "--settings", settings, PYTHONPATH=str(folder)) as running:
        shutil.copytree(simulated_past(), running.data / "lab")  # the folder of the programs that run one of their own
        yield running


@pytest.mark.parametrize("block", RUN, ids=lambda block: f"{block.page}-{block.language}-{block.text[:24]!r}")
def test_its_commands_and_programs_run(lab, block):
    text = block.text.replace(ADDRESS, lab.url.removeprefix("http://"))
    shell = ["bash", "-euc", text.replace("curl -s", "curl -sf")]
    command = [sys.executable, "-c", text] if block.language == "python" else shell
    env = clean_env(ORACLE__DATA__FOLDER=str(lab.data))
    env["PATH"] = f"{ORACLE.parent}:{env['PATH']}"
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, cwd=lab.data, env=env, check=False)
    # The doctor's word on the page counts elsewhere: a machine without npm has none.
    assert done.returncode == 0 or "FAIL page" in done.stdout, done.stderr + done.stdout
    assert done.stdout.strip()


def test_its_part_runs_and_finds_something(lab):
    found = oracle("tail", "event:streak:*", "--count", 1, "--json", "--data", lab.data)
    assert found.returncode == 0 and '"source": "watchdog:streak"' in found.stdout


def test_its_five_lines_are_five():
    tour, *_ = [block.text for block in RUN if block.text.startswith("curl")]
    assert len(re.findall(r"^curl ", tour, re.MULTILINE)) == 5


def anchors(text):
    """Where links into a page may lead: its headings, spelled as GitHub does."""
    headings = re.findall(r"^#+ (.+)$", FENCED.sub("", text), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES)
def test_its_links_lead_somewhere(page):
    for target in re.findall(r"\]\(([^)\s]+)\)", FENCED.sub("", PAGES[page])):
        if re.match(r"\w+:", target):
            continue
        file, _, anchor = target.partition("#")
        there = (REPO / page).parent / file if file else REPO / page
        assert there.exists(), target
        assert not anchor or anchor in anchors(there.read_text()), target


def test_each_page_is_found_from_the_readme():
    assert {page for page in PAGES if page != "README.md"} <= set(re.findall(r"\]\((docs/[\w.]+)", README))


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="no systemd on this machine")
def test_its_unit_is_one(tmp_path):
    (unit,) = [block for block in BLOCKS if block.language == "ini"]
    file = tmp_path / unit.file
    file.write_text(unit.text.replace("/opt/oracle/bin/oracle", str(ORACLE)))
    checked = subprocess.run(["systemd-analyze", "verify", "--man=no", file], capture_output=True, text=True, check=False)
    assert checked.returncode == 0 and "oracle" not in checked.stderr, checked.stderr


def test_its_unit_and_its_image_start_what_there_is():
    (unit,) = [block.text for block in BLOCKS if block.language == "ini"]
    image = (REPO / "Containerfile").read_text()
    offered = oracle("serve", "--help").stdout
    commands = [re.search(r"^ExecStart=\S+ serve (.*)$", unit, re.MULTILINE)[1],
                " ".join(json.loads(re.search(r"^CMD (\[.*\])$", image, re.MULTILINE)[1])[1:])]
    for command in commands:
        for flag in re.findall(r"--[\w-]+", command):
            assert flag in offered, flag
        assert "--auth token" in command


def test_its_make_targets_exist():
    makefile = (REPO / "Makefile").read_text()
    for target in set(re.findall(r"`?make (\w+)", README)):
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), target


def test_its_exit_codes_are_all_there_are():
    shown = {int(code) for code in re.findall(r"^\| (\d+) \|", OPERATIONS, re.MULTILINE)}
    assert shown == {int(code) for code in Exit}


def test_its_flags_of_serve_are_those_of_the_command():
    said = OPERATIONS[OPERATIONS.index("`oracle serve ["):OPERATIONS.index("prints `oracle ready")]
    offered = set(re.findall(r"^\s+(--[\w-]+)", oracle("serve", "--help").stdout, re.MULTILINE))
    assert set(re.findall(r"--[\w-]+", said)) == offered


def test_every_dependency_is_said_what_it_does():
    project = tomllib.loads((REPO / "pyproject.toml").read_text())["project"]
    named = README[README.index("## Which dependency"):]
    for requirement in project["dependencies"]:
        name = re.match(r"[\w-]+", requirement)[0]
        assert name in named, name
