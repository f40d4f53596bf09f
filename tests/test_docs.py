"""Documents and lists against the code: commands, exit codes, rules, numbers, paths, examples.

Each test names every offender.
"""

import ast
import re
import shutil
import tomllib
from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path

import duckdb
import pytest
import yaml

from flows.cli import app
from flows.readers import READERS
from flows.steps.canonicalise import CONTRACTS
from flows.steps.judge import REMARKS
from flows.steps.pipeline import run_all
from flows.steps.refused_file import CEILING, UNIT
from schemas.errors import WORST_FIRST, ExitCode, SourceWrong
from schemas.landed import ASIDE, LANDED
from schemas.policy import SHIPPED as POLICY
from schemas.policy import read_policy
from schemas.rules import read_rules
from schemas.source import read_source
from tests.house import ROOT, check_none, find, place, text_of, tree_of


def test_every_policy_number_has_a_source_and_a_use():
    told = tomllib.loads(text_of(POLICY))
    keys = {
        f"{table}.{key}": entry
        for table, entries in told.items()
        if table not in ("cells", "windows")
        for key, entry in entries.items()
    }
    code = "\n".join(
        map(text_of, [*find("flows", "schemas", suffix=".py"), *find("sql", suffix=".sql")])
    )
    check_none(
        (f"{key} lacks a source" for key, entry in keys.items() if not entry.get("source")),
        (
            f"{key} is used nowhere"
            for key in read_policy().values
            if f"'{key}'" not in code and f'"{key}"' not in code
        ),
    )


def raised_in_python() -> Iterator[tuple[str, str]]:
    """Rule ids that the way in can raise: place, rule."""
    paths = find("flows/readers", "flows/steps", "schemas", suffix=".py")
    where = {n.name: [a.arg for a in n.args.args if a.arg != "self"].index("rule_id")
             for p in paths for n in ast.walk(tree_of(p))
             if isinstance(n, ast.FunctionDef) and "rule_id" in [a.arg for a in n.args.args]}  # fmt: skip
    for path in paths:
        for node in ast.walk(tree_of(path)):
            if isinstance(node, ast.Call):
                name = (
                    node.func.attr
                    if isinstance(node.func, ast.Attribute)
                    else getattr(node.func, "id", "")
                )
                told = (
                    [node.args[where[name]]]
                    if name in where and len(node.args) > where[name]
                    else []
                )
                told += [
                    a
                    for k in node.keywords
                    if k.arg == "rule_id"
                    for call in ast.walk(k.value)
                    if isinstance(call, ast.Call) and getattr(call.func, "attr", "") == "lit"
                    for a in call.args
                ]
                yield from (
                    (place(path, node.lineno), a.value)
                    for a in told
                    if isinstance(a, ast.Constant) and a.value
                )
            if (
                isinstance(node, ast.Tuple)
                and len(node.elts) == 2
                and path.stem in ("parse", "responses", "times")
            ):
                words = [
                    e.value
                    for e in node.elts
                    if isinstance(e, ast.Constant) and isinstance(e.value, str)
                ]
                yield from (
                    (place(path, node.lineno), word)
                    for word in words
                    if "_" in word and len(words) == 1
                )


def raised_in_contracts() -> Iterator[tuple[str, str]]:
    for table, model in CONTRACTS.items():
        contract = model.to_schema()
        names = [check.name for check in contract.checks]
        for column in contract.columns.values():
            names += ["missing_required"] * (not column.nullable)
            names += ["out_of_range"] * bool(column.checks)
        yield from ((f"schemas/{table}.py", name.partition(":")[0]) for name in names)
    for kind in ("out_of_range", "not_integer", "not_a_number"):
        yield "schemas/survey.py", f"answer_{kind}"
    for table, remarks in REMARKS.items():
        names = [case.partition(":")[0] for case in remarks(read_policy())]
        yield from ((f"schemas/{table}.py", name) for name in names)
    yield from (("flows/steps/refused_file.py", rule) for rule in (CEILING, UNIT))


def raised_in_sql() -> Iterator[tuple[str, str]]:
    """The words of every `case .. end as outcome` (or rule_id) of staging, and of `'..' as rule_id`."""
    for path in find("sql/staging", suffix=".sql"):
        code = re.sub(r"--.*", "", text_of(path))
        yield from ((place(path), word) for word in re.findall(r"'(\w+)' as rule_id\b", code))
        for ending in re.finditer(r"\bend as (?:outcome|rule_id)\b", code):
            depth, start = 0, ending.start()
            for word in reversed(list(re.finditer(r"\b(?:case|end)\b", code[: ending.end()]))):
                depth += 1 if word[0] == "end" else -1
                start = word.start()
                if depth == 0:
                    break
            words = re.findall(r"\b(?:then|else)\s+'(\w+)'", code[start : ending.end()])
            yield from ((place(path), word) for word in words if word not in ("kept", "superseded"))


def test_every_rule_is_raised_and_every_raised_rule_is_told():
    """A rule that rules.toml lacks would refuse a row in silence: ops.refused_row joins ref.rule."""
    raised = [*raised_in_python(), *raised_in_contracts(), *raised_in_sql()]
    check_none(
        (
            f"{where} raises {rule}, which rules.toml lacks"
            for where, rule in raised
            if rule not in read_rules()
        ),
        (
            f"{rule} is raised nowhere"
            for rule in read_rules().keys() - {rule for _, rule in raised}
        ),
        (
            f"{rule} lacks {part}"
            for rule, told in read_rules().items()
            for part in ("severity", "reason", "fix")
            if not told.get(part)
        ),
    )


def commands() -> list[str]:
    return [name for name in app if not name.startswith("-")]


def test_every_command_has_help_and_is_in_the_docs():
    told = text_of(ROOT / "README.md") + text_of(ROOT / "docs/operations.md")
    check_none(
        (f"{name} has no help" for name in commands() if not app[name].help),
        (
            f"{name} is in neither README.md nor docs/operations.md"
            for name in commands()
            if f"followthrough {name}" not in told
        ),
    )


def test_exit_codes_are_those_of_the_docs():
    page = text_of(ROOT / "docs/operations.md")
    told = [int(code) for code in re.findall(r"^\| (\d+) \|", page, flags=re.MULTILINE)]
    assert told == sorted(ExitCode)
    order = ", ".join(str(int(code)) for code in WORST_FIRST)
    assert f"({order})" in page


PAGES = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").glob("*.md"))]


def test_paths_in_the_docs_exist():
    """Whatever a page names as a file of ours is there."""
    path = re.compile(r"`((?:flows|schemas|sql|docs|tests|benchmarks|data/raw|\.ci)/[\w./-]+)`")
    check_none(
        f"{place(page)} names {name}"
        for page in PAGES
        for name in path.findall(text_of(page))
        if not (ROOT / name).exists()
    )


def fences(language: str) -> Iterator[tuple[str, str]]:
    for page in PAGES:
        for match in re.finditer(
            rf"^```{language}\n(.*?)^```", text_of(page), flags=re.MULTILINE | re.DOTALL
        ):
            yield place(page, text_of(page)[: match.start()].count("\n") + 1), match[1]


def test_toml_in_the_docs_is_toml():
    for where, content in fences("toml"):
        try:
            tomllib.loads(content)
        except tomllib.TOMLDecodeError as error:
            pytest.fail(f"{where}: {error}")


def test_the_demo_says_that_it_is_synthetic():
    demo = ROOT / "data/raw/demo"
    assert text_of(demo / "SYNTHETIC.md").startswith("# SYNTHETIC")
    exports = [path for path in demo.glob("*/*/*") if path.name != "source.toml"]
    check_none(
        (
            f"{place(path)} does not say so"
            for path in demo.rglob("source.toml")
            if not text_of(path).startswith("# SYNTHETIC")
        ),
        (f"{place(path)} does not say so" for path in exports if "synthet" not in path.name),
    )


def test_sources_in_the_docs_are_accepted(tmp_path):
    """Every example that is a whole `source.toml` is one that we would read."""
    whole = [
        (where, text)
        for where, text in fences("toml")
        if re.search(r"^clinic\s*=", text, re.MULTILINE)
    ]
    assert whole
    for where, text in whole:
        path = tmp_path / "source.toml"
        path.write_text(text, encoding="utf-8")
        try:
            read_source(path)
        except SourceWrong as error:
            pytest.fail(f"{where}: {error.message}")


def test_every_reader_is_in_the_docs():
    page = text_of(ROOT / "docs/adding.md")
    check_none(name for name in READERS if f"`{name}`" not in page)


def test_every_landed_column_is_in_the_design():
    page = text_of(ROOT / "docs/design.md")
    check_none(
        f"{table}.{column}"
        for table, schema in {**LANDED, **ASIDE}.items()
        for column in schema.names
        if not re.search(rf"\b{column}\b", page)
    )


def test_deployment_calls_the_flow_as_it_is(monkeypatch):
    """prefect.yaml hands over JSON: what arrives is text, and the flow must make a path of it."""
    from flows import nightly

    deployment = yaml.safe_load(text_of(ROOT / "prefect.yaml"))["deployments"][0]
    module, _, name = deployment["entrypoint"].partition(":")
    assert (module, name) == ("flows/nightly.py", "nightly")
    assert deployment["schedules"][0]["cron"]
    seen: list[Path] = []
    monkeypatch.setattr(nightly, "writer_lock", lambda folder: nullcontext())
    monkeypatch.setattr(nightly, "ingest", seen.append)
    monkeypatch.setattr(nightly, "build", lambda data, as_of: seen.append(data))
    getattr(nightly, name).fn(**deployment["parameters"])
    assert seen == [Path("data"), Path("data")]


@pytest.fixture(scope="module")
def analyst(tmp_path_factory):
    """The demo, published."""
    data = tmp_path_factory.mktemp("demo")
    shutil.copytree(ROOT / "data/raw", data / "raw")
    ledger, _ = run_all(data, with_gate=False)
    assert ledger.problems == []
    with duckdb.connect(str(data / "warehouse/analyst.duckdb"), read_only=True) as connection:
        yield connection


@pytest.mark.slow
def test_queries_in_the_docs_find_something_in_the_demo(analyst):
    queries = [(where, text) for where, text in fences("sql") if not text.startswith("--")]
    assert len(queries) > 3
    check_none(where for where, text in queries if not analyst.execute(text).fetchall())


@pytest.mark.slow
def test_the_figures_of_the_readme_are_those_of_the_demo(analyst):
    (query,) = (text for where, text in fences("sql") if where.startswith("README"))
    told = [text for where, text in fences("text") if where.startswith("README")][-1]
    result = analyst.execute(query)
    rows = [[name for name, *_ in result.description], *result.fetchall()]
    assert [line.split() for line in told.splitlines()] == [
        [str(cell) for cell in row] for row in rows
    ]
