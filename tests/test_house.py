"""The house keeps its own rules: which way imports point, how big things may be, who reads the clock, who may catch.

A rule that fails names every place that breaks it.
"""

from __future__ import annotations

import ast
import re
import sys
from collections import defaultdict
from collections.abc import Iterator
from functools import cache
from importlib import import_module
from pathlib import Path

import attrs
import pytest

from oracle.settings import Settings

REPO = Path(__file__).resolve().parents[1]
MAY_IMPORT = {"actors": {"actors"}, "oracle": {"actors", "oracle"}, "web": {"actors", "oracle", "web"}}
PRODUCT = sorted(path for folder in MAY_IMPORT for path in (REPO / folder).rglob("*.py") if "page" not in path.parts)
TESTS = sorted((REPO / "tests").rglob("*.py"))
WORDS_TO_AVOID = re.compile(r"Manager|Handler|Service|Helper|Utils|Common|(?<![a-z])Base(?![a-z])")
FILES_TO_AVOID = {f"{word}.py" for word in ("utils", "helpers", "common", "base", "misc", "manager", "handlers")}


# ---- imports


def test_imports_only_point_down():
    wrong = [f"{place(path)} imports {module}" for path in PRODUCT for module in imports(path)
             if module in MAY_IMPORT and module not in MAY_IMPORT[folder(path)]]
    assert not wrong


def test_actors_need_nothing_but_trio_attrs_and_outcome():
    allowed = {"trio", "attrs", "outcome", "actors"} | sys.stdlib_module_names
    wrong = [f"{place(path)} imports {module}" for path in PRODUCT if folder(path) == "actors"
             for module in imports(path) if module not in allowed]
    assert not wrong


def test_a_third_party_package_is_known_to_at_most_two_files():
    known: dict[str, list[str]] = defaultdict(list)
    exempt = {"trio", "attrs", "msgspec", "quart"} | set(MAY_IMPORT) | sys.stdlib_module_names
    for path in PRODUCT:
        for module in imports(path) - exempt - ({"click"} if path.is_relative_to(REPO / "web" / "verbs") else set()):
            known[module].append(place(path))
    most = {"numpy": 3}  # the columns of the history, the simulated market and the nets: arrays that never meet
    assert not {module: places for module, places in known.items() if len(places) > most.get(module, 2)}


def test_cattrs_lives_in_one_file():
    assert [place(path) for path in PRODUCT if "cattrs" in imports(path)] == ["oracle/border.py"]


def test_attrs_has_one_name():
    assert not [place(path) for path in PRODUCT if "attr" in imports(path)]


# ---- size and words


def test_files_stay_small():
    scripts = [*PRODUCT, *(REPO / "bench").rglob("*.py"), *(REPO / "web" / "page" / "src").rglob("*.ts*")]
    assert not {place(path): n for path in scripts if (n := len(path.read_text().splitlines())) > 300}


def test_functions_stay_small():
    long = {}
    for path in PRODUCT:
        for node in functions(tree(path)):
            doc = node.body[0] if ast.get_docstring(node) else None
            lines = node.end_lineno - node.lineno + 1 - (doc.end_lineno - doc.lineno + 1 if doc else 0)
            if lines > 40:
                long[f"{place(path)}:{node.lineno} {node.name}"] = lines
    assert not long


def test_every_module_and_every_public_name_has_its_promise():
    silent = []
    for path in PRODUCT:
        if path.name != "__init__.py" and not ast.get_docstring(tree(path)):
            silent.append(place(path))
        silent += [f"{place(path)}:{node.lineno} {node.name}" for node in public(tree(path))
                   if not ast.get_docstring(node)]
    assert not silent


def test_names_say_what_a_thing_is():
    vague = [place(path) for path in [*PRODUCT, *TESTS] if path.name in FILES_TO_AVOID]
    for path in PRODUCT:
        vague += [f"{place(path)} {node.name}" for node in nodes(path)
                  if isinstance(node, ast.ClassDef) and WORDS_TO_AVOID.search(node.name)]
    assert not vague


def test_nothing_is_left_for_later():
    words = re.compile(r"\b(" + "|".join(("TO" + "DO", "FIX" + "ME", "XX" + "X", "HA" + "CK")) + r")\b")
    assert not [place(path) for path in texts() if words.search(path.read_text(errors="replace"))]


# ---- the clock, crashes, nurseries


def test_nobody_reads_the_clock():
    assert not places_of(_reads_the_clock, PRODUCT, {"actors/clock.py"})


def test_nobody_catches_what_they_can_not_repair():
    allowed = {"actors/supervisor.py", "actors/life.py", "web/server.py", "oracle/backtest/worker.py"}
    assert not places_of(_catches_everything, PRODUCT, allowed)


def test_nobody_opens_a_nursery_but_the_runtime_and_the_server():
    outside = [path for path in PRODUCT if folder(path) != "actors"]
    assert not places_of(lambda node: isinstance(node, ast.Attribute) and node.attr == "open_nursery", outside,
                         {"web/server.py"})


def test_tests_use_no_mocks_and_no_real_sleep():
    def suspicious(node: ast.AST) -> bool:
        match node:
            case ast.ImportFrom(module="unittest.mock" | "mock") | ast.Import(names=[ast.alias(name="unittest.mock")]):
                return True
            case ast.Attribute(value=ast.Name(id="time"), attr="sleep"):
                return True
        return False

    assert not places_of(suspicious, TESTS, set())


# ---- tables: every part is plugged in, every key is read, every route is guarded


@pytest.mark.parametrize(("package", "table"), [
    ("oracle.feeds", "FEEDS"), ("oracle.watchdogs", "WATCHDOGS"), ("oracle.alerts.channels", "CHANNELS"),
    ("oracle.trading.brokers", "BROKERS"),
    ("oracle.trading.strategies", "STRATEGIES"),
])
def test_every_part_is_in_its_table(package, table):
    module = import_module(package)
    entries = getattr(module, table)
    for name, cls in entries.items():
        assert attrs.has(cls), f"{name}: a part's attrs fields are its settings"
        assert cls.__doc__, f"{name} has no promise"
    files = sorted(Path(module.__file__).parent.glob("*.py"))
    plugged = {cls.__module__ for cls in entries.values()}
    support = {name for path in PRODUCT if path.stem != "__init__" for name in modules(path)}
    orphans = {f"{package}.{path.stem}" for path in files if path.stem != "__init__"} - plugged - support
    assert not orphans, "neither in the table nor used by anybody"


def test_every_settings_key_is_read():
    read = {pair for path in PRODUCT for pair in reads_of_settings(path)}
    for section in attrs.fields(Settings):
        cls = section.default.factory
        keys = attrs.fields(cls) if attrs.has(cls) else ()
        unread = [key.name for key in keys if not {(section.name, key.name), (cls.__name__, key.name)} & read]
        assert not unread, f"[{section.name}] {unread} are read by nothing"


def test_every_route_says_who_may_use_it():
    from web.table import routes

    assert routes()
    assert not [route.name for route in routes() if route.auth is None]
    assert not [route.name for route in routes() if not route.summary]


# ---- what must not be in any file


def test_no_file_names_a_package_registry_or_a_path_of_some_machine():
    hosts = ["pypi" + ".org", "pythonhosted" + ".org", "registry.npm" + "js", "crates" + ".io", "proxy.golang" + ".org"]
    wrong = re.compile("|".join([*map(re.escape, hosts), r"(?<![\w}])/(?:work|root|home)/\w", "/tmp" + "/plan"]))
    found = [f"{place(path)}: {word}" for path in texts() for word in wrong.findall(path.read_text(errors="replace"))]
    assert not found


# ---- reading the house


def place(path: Path) -> str:
    return path.relative_to(REPO).as_posix()


def folder(path: Path) -> str:
    return path.relative_to(REPO).parts[0]


@cache
def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(), str(path))


@cache
def nodes(path: Path) -> tuple[ast.AST, ...]:
    """Everything in a file."""
    return tuple(ast.walk(tree(path)))


@cache
def imports(path: Path) -> frozenset[str]:
    """The packages a file imports from."""
    found = set()
    for node in nodes(path):
        if isinstance(node, ast.Import):
            found |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            found.add(node.module.partition(".")[0])
    return frozenset(found - {"__future__"})


def modules(path: Path) -> set[str]:
    """Full names of the modules a file imports from."""
    return {node.module for node in nodes(path) if isinstance(node, ast.ImportFrom) and node.module}


def reads_of_settings(path: Path) -> Iterator[tuple[str, str]]:
    """`section.key` as written, and each attribute read in a file that imports a section's class."""
    sections = {alias.name for node in nodes(path)
                if isinstance(node, ast.ImportFrom) and node.module == "oracle.settings" for alias in node.names}
    for node in nodes(path):
        match node:
            case ast.Attribute(attr=key, value=ast.Attribute(attr=part) | ast.Name(id=part)):
                yield part, key
                yield from ((section, key) for section in sections)


def functions(module: ast.Module) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    return (node for node in ast.walk(module) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))


def public(module: ast.Module) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef]:
    """Public classes and functions, and the methods of public classes."""
    for node in module.body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) and not node.name.startswith("_"):
            yield node
            if isinstance(node, ast.ClassDef):
                yield from (part for part in node.body if isinstance(part, ast.FunctionDef | ast.AsyncFunctionDef)
                            and not part.name.startswith("_") and not _inherits_its_promise(part))


def _inherits_its_promise(method: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    # Said once, where the hook is offered: actors.Actor, and `topic` by the first paragraph of oracle/model.py.
    hooks = {"start", "receive", "drained", "stop", "gap", "topic", "ts_us", "update", "on_time", "next_deadline"}
    return method.name in hooks


def places_of(wanted, paths, allowed) -> list[str]:
    return [f"{place(path)}:{node.lineno}" for path in paths if place(path) not in allowed
            for node in nodes(path) if wanted(node)]


def _reads_the_clock(node: ast.AST) -> bool:
    match node:
        case ast.Attribute(value=ast.Name(id="time"), attr=name):
            return name.removesuffix("_ns") in {"time", "monotonic", "perf_counter"}
        case ast.ImportFrom(module="time", names=names):
            return any(alias.name.removesuffix("_ns") in {"time", "monotonic", "perf_counter"} for alias in names)
        case ast.Attribute(value=ast.Name(id="datetime" | "date") | ast.Attribute(attr="datetime" | "date"), attr=name):
            return name in {"now", "utcnow", "today"}
    return False


def _catches_everything(node: ast.AST) -> bool:
    # A handler that ends with a bare `raise` cleans up and catches nothing.
    if not isinstance(node, ast.ExceptHandler) or (isinstance(node.body[-1], ast.Raise) and node.body[-1].exc is None):
        return False
    kinds = node.type.elts if isinstance(node.type, ast.Tuple) else [node.type]
    everything = {"Exception", "BaseException"}
    return any(kind is None or (isinstance(kind, ast.Name) and kind.id in everything) for kind in kinds)


@cache
def texts() -> tuple[Path, ...]:
    """Every text file of the repository that somebody wrote."""
    built = {".git", ".venv", ".venv-peers", "node_modules", "dist", "build", "__pycache__", "data",
             ".hypothesis", ".ruff_cache", ".mypy_cache"}
    kinds = {".py", ".toml", ".md", ".json", ".ts", ".tsx", ".mjs", ".css", ".html", ".svg", ".npmrc", ".txt", ""}
    files = (path for path in REPO.rglob("*") if path.is_file() and path.suffix in kinds)
    return tuple(path for path in files
                 if not built & set(path.relative_to(REPO).parts) and not path.parent.name.endswith(".egg-info"))
