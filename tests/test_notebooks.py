"""The example notebooks run in a plain kernel, from a new data folder to the end, and lie in the repository without output."""

from __future__ import annotations

import shutil
from pathlib import Path

import nbclient
import nbformat
import pytest

from tests.plainly import plain_asyncio
from tests.serving import REPO, clean_env, simulated_past

NOTEBOOKS = sorted((REPO / "examples").glob("*.ipynb"))
PATIENCE_S = 240


def test_there_are_three():
    assert [one.stem for one in NOTEBOOKS] == ["alert_backtest", "embed_your_own_actor", "live_analysis"]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_it_has_no_output_and_nothing_of_who_wrote_it(path):
    notebook = nbformat.read(path, as_version=4)
    nbformat.validate(notebook)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert not [cell for cell in code if cell.outputs or cell.execution_count or cell.metadata]
    assert set(notebook.metadata) == {"kernelspec", "language_info"} and set(notebook.metadata.language_info) == {"name"}
    assert any("assert " in cell.source for cell in code)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_it_runs_in_a_plain_kernel(path, tmp_path):
    shutil.copytree(simulated_past(), tmp_path / "oracle")
    notebook = nbformat.read(path, as_version=4)
    where = {"metadata": {"path": tmp_path}}
    client = nbclient.NotebookClient(notebook, timeout=PATIENCE_S, kernel_name="python3", resources=where)
    with plain_asyncio():
        client.execute(env=clean_env(PYTHONPATH=str(REPO), XDG_DATA_HOME=str(tmp_path), IPYTHONDIR=str(tmp_path / "ipython")))
    said = [output for cell in notebook.cells if cell.cell_type == "code" for output in cell.outputs]
    assert not [one for one in said if one.output_type == "error"]
    complaints = [one.text for one in said if one.output_type == "stream" and one.name == "stderr"]
    assert not [one for one in complaints if not one.startswith("oracle: careless has crashed")], "it is shown what a crash is"
    folder = Path(tmp_path / "oracle")
    assert (folder / "notebook.log").exists() and not (folder / "server.json").exists()
