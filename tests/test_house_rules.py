"""The rules of the house: who may import whom, how large things may grow, what must not be left lying about.

Each test names every offender. The rules for SQL files are in tests/unit/steps/test_sql_files.py, those for
documents and lists in tests/test_docs.py.
"""

import ast
import re
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from tests.house import OURS, ROOT, check_none, find, place, text_of, tree_of

MAX_FUNCTION, MAX_MODULE = 55, 350


def imports(path: Path) -> Iterator[tuple[str, int]]:
    """Every module that a file imports, at its top or inside functions: dotted name, line."""
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.Import):
            yield from ((alias.name, node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{place(path, node.lineno)}: import by the full name"
            yield from ((f"{node.module}.{alias.name}", node.lineno) for alias in node.names)


def importing(paths: Iterable[Path], *modules: str) -> list[str]:
    """Places at which one of these files imports one of these modules."""
    return [
        f"{place(path, line)} imports {name}"
        for path in paths
        for name, line in imports(path)
        if any(name == module or name.startswith(f"{module}.") for module in modules)
    ]


FLOWS = sorted((ROOT / "flows").glob("*.py"))
BELOW = find("flows/readers", "flows/steps", "flows/stats", suffix=".py")


def test_schemas_import_nothing_of_the_flows():
    check_none(importing(find("schemas", suffix=".py"), "flows", "benchmarks", "tests", "prefect"))


def test_prefect_is_imported_at_depth_1_of_flows_only():
    check_none(importing([*BELOW, *find("schemas", suffix=".py")], "prefect"))
    assert importing(FLOWS, "prefect")


def test_nothing_below_the_flows_imports_them():
    check_none(
        importing(BELOW, *(f"flows.{path.stem}" for path in FLOWS if path.stem != "__init__"))
    )


def test_readers_know_no_steps():
    check_none(importing(find("flows/readers", suffix=".py"), "flows.steps", "flows.stats"))


def test_only_the_gate_imports_great_expectations_and_late():
    gate = ROOT / "flows/steps/gate.py"
    check_none(
        importing(
            [p for p in find(*OURS, suffix=".py") if p not in (gate, *find("tests", suffix=".py"))],
            "great_expectations",
        )
    )
    top = [node for node in tree_of(gate).body if isinstance(node, ast.Import | ast.ImportFrom)]
    assert "great_expectations" not in " ".join(map(ast.unparse, top))


def test_statistics_are_pure():
    """Numbers in, numbers out: no database, no step, no file, no clock."""
    check_none(
        importing(
            find("flows/stats", suffix=".py"),
            "duckdb",
            "polars",
            "flows.steps",
            "flows.readers",
            "schemas",
            "datetime",
            "os",
            "pathlib",
            "random",
        )
    )


def test_the_command_line_imports_late():
    """A short command must wait neither for Prefect nor for what computes."""
    top = [
        node
        for node in tree_of(ROOT / "flows/cli.py").body
        if isinstance(node, ast.Import | ast.ImportFrom)
    ]
    names = {
        alias.name if isinstance(node, ast.Import) else node.module
        for node in top
        for alias in node.names
    }
    check_none(
        name
        for name in names
        if name
        and name.split(".")[0] in ("flows", "prefect", "duckdb", "polars", "great_expectations")
    )


def test_no_module_of_flows_is_named_like_the_standard_library():
    """A flow file is run with its folder first on the path: it would shadow the real one."""
    names = [path.stem for path in (ROOT / "flows").iterdir()]
    check_none(name for name in names if name in sys.stdlib_module_names)


def test_modules_are_small():
    check_none(
        f"{place(path)} has {n} lines"
        for path in find(*OURS, suffix=".py")
        if (n := len(text_of(path).splitlines())) > MAX_MODULE
    )


def test_functions_are_small():
    check_none(
        f"{place(path, node.lineno)} {node.name} has {n} lines"
        for path in find(*OURS, suffix=".py")
        for node in ast.walk(tree_of(path))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and (n := (node.end_lineno or node.lineno) - node.lineno + 1) > MAX_FUNCTION
    )


def test_nothing_is_left_for_later():
    later = re.compile(r"\b(TODO|FIXME|XXX|HACK)\b|#\s*pragma")
    paths = [
        *find(*OURS, suffix=".py"),
        *find("sql", suffix=".sql"),
        *find("schemas", suffix=".toml"),
        *find("docs", suffix=".md"),
    ]
    check_none(
        f"{place(path, number)} {match[0]}"
        for path in paths
        if path != Path(__file__)
        for number, line in enumerate(text_of(path).splitlines(), 1)
        if (match := later.search(line))
    )


def test_no_error_is_mute():
    handlers = [
        (p, n)
        for p in find(*OURS, suffix=".py")
        for n in ast.walk(tree_of(p))
        if isinstance(n, ast.ExceptHandler)
    ]
    check_none(
        f"{place(path, node.lineno)} swallows an error"
        for path, node in handlers
        if node.type is None or all(isinstance(part, ast.Pass) for part in node.body)
    )


def test_modules_say_what_they_are_for():
    check_none(
        place(path) for path in find(*OURS, suffix=".py") if not ast.get_docstring(tree_of(path))
    )


def test_no_machine_is_named():
    """A path of somebody's machine works nowhere else, and tells about it."""
    machine = re.compile(r"(?<![\w.])/(?:home|root|Users|tmp|work|mnt|private)(?:/|\b)|[A-Z]:\\\\")
    texts = [
        *find(*OURS, suffix=".py"),
        *find("sql", suffix=".sql"),
        *find("schemas", "tests", "data", suffix=".toml"),
        *find("docs", suffix=".md"),
    ]
    texts += [
        path
        for path in ROOT.iterdir()
        if path.suffix in (".md", ".toml", ".yaml", ".lock") or path.name == "Makefile"
    ]
    check_none(
        f"{place(path, number)} {match[0]}"
        for path in texts
        if path != Path(__file__)
        for number, line in enumerate(text_of(path).splitlines(), 1)
        if (match := machine.search(line))
    )


def test_locks_hold_no_address():
    check_none(path.name for path in ROOT.glob("*.lock") if "://" in text_of(path))


def test_tests_on_shared_data_are_marked():
    """They must be told apart where the shared files are absent."""
    marks, asks = "pytest.mark.shared_data", ("FOLLOWTHROUGH_SHARED", "raw_truth")
    check_none(
        place(path)
        for path in find("tests", suffix=".py")
        if path.name.startswith("test_") and path != Path(__file__)
        and any(word in text_of(path) for word in asks) and marks not in text_of(path)
    )  # fmt: skip


def test_unit_tests_stand_at_the_path_of_what_they_test():
    folders = {
        "readers": "flows/readers",
        "steps": "flows/steps",
        "stats": "flows/stats",
        "schemas": "schemas",
        "benchmarks": "benchmarks",
    }
    check_none(
        f"tests/unit/{path.name}"
        for path in (ROOT / "tests/unit").iterdir()
        if path.is_dir() and path.name not in {*folders, "__pycache__"}
    )
