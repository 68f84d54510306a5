"""The project keeps its promises: what it declares, what it imports, what it documents, what it commits."""

import ast
import doctest
import inspect
import json
import re
import subprocess
import sys
import sysconfig
import tomllib
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

import ntkit as nk

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
SLOW_TO_IMPORT = ("torch", "plotly", "ipywidgets", "anywidget", "sklearn", "jupyterlab", "papermill")
SLOW_TO_IMPORT += ("pandas", "pyarrow", "distributed", "pooch")
CONDA_NAME = {"torch": "pytorch", "playwright": "playwright-python"}
# Where the module that one imports is not called what one installs.
DISTRIBUTION_OF = {"PIL": "pillow", "sklearn": "scikit-learn", "yaml": "pyyaml"}


def requirements(*extras):
    """What pyproject.toml asks for, by canonical name, with the given extras."""
    lines = [*PROJECT["dependencies"]]
    for extra in extras:
        lines += PROJECT["optional-dependencies"][extra]
    return {canonicalize_name(needed.name): needed for needed in map(Requirement, lines)}


# ---- packaging


def test_version_is_the_one_in_pyproject():
    assert nk.__version__ == PROJECT["version"]


def test_supported_pythons_are_the_same_everywhere():
    # Given the versions that pyproject.toml names to those who look for a package
    named = re.findall(r"Python :: (3\.\d+)", "\n".join(PROJECT["classifiers"]))
    # When a minor version is offered to what decides: pip, and the search for an interpreter in the Makefile
    allowed = [f"3.{minor}" for minor in range(8, 20) if f"3.{minor}.0" in SpecifierSet(PROJECT["requires-python"])]
    makefile = (ROOT / "Makefile").read_text()
    searched = re.findall(r"python(3\.\d+)", re.search(r"^SUPPORTED := (.*)$", makefile, flags=re.MULTILINE)[1])
    # Then all three agree
    assert named == allowed == searched


def test_conda_environment_asks_for_the_same_versions():
    # Given both lists of requirements
    listed = yaml.safe_load((ROOT / "environment.yml").read_text())["dependencies"]
    conda = dict(line.split(maxsplit=1) for line in listed if isinstance(line, str) and " " in line)
    pip = {CONDA_NAME.get(name, name): needed.specifier for name, needed in requirements("mnist", "test").items()}
    # When both are read as sets of version clauses
    expected = {"python": PROJECT["requires-python"], **{name: str(spec) for name, spec in pip.items()}}
    # Then they agree, name by name
    assert {n: set(s.split(",")) for n, s in conda.items()} == {n: set(s.split(",")) for n, s in expected.items()}


def test_every_requirement_is_pinned_within_its_range():
    pins = dict(re.findall(r"^([\w.-]+)==(.+)$", (ROOT / "constraints.txt").read_text(), flags=re.MULTILINE))
    pins = {canonicalize_name(name): version for name, version in pins.items()}
    for name, needed in requirements("mnist", "test").items():
        assert needed.specifier.contains(pins[name]), f"{name}: {pins[name]} is outside {needed.specifier}"
    local = [name for name, version in pins.items() if "+" in version]
    assert not local, f"a pin names a version, not one of its builds; strip the +suffix from {local}"


def foreign_imports(folder):
    """Top-level names of what the modules under `folder` import; scripts that make tables have needs of their own."""
    for source in (path for path in folder.rglob("*.py") if not path.name.startswith("make_")):
        siblings = {path.stem for path in source.parent.glob("*.py")}
        names = {name.partition(".")[0] for name in absolute_imports(source)}
        yield from names - siblings - sys.stdlib_module_names - {"ntkit", "tests"}


def absolute_imports(source):
    for node in ast.walk(ast.parse(source.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            yield node.module


@pytest.mark.parametrize(("folder", "extras"), [("ntkit", ("mnist",)), ("tests", ("mnist", "test"))])
def test_every_import_is_declared(folder, extras):
    imported = {canonicalize_name(DISTRIBUTION_OF.get(name, name)) for name in foreign_imports(ROOT / folder)}
    undeclared = imported - set(requirements(*extras))
    assert not undeclared, f"{folder} imports {sorted(undeclared)}: declare it in pyproject.toml and environment.yml"


# ---- imports


def test_importing_ntkit_loads_nothing_slow():
    code = f"import sys, ntkit; print([name for name in {SLOW_TO_IMPORT} if name in sys.modules])"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert loaded.strip() == "[]"


def test_the_lab_starts_without_torch_and_dask():
    code = (
        "import sys, ntkit as nk; nk.lab(); print([name for name in ('torch', 'distributed') if name in sys.modules])"
    )
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert loaded.strip() == "[]"


def test_import_contracts_hold():
    linter = Path(sysconfig.get_path("scripts"), "lint-imports")
    verdict = subprocess.run([linter, "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert verdict.returncode == 0, verdict.stdout + verdict.stderr


def test_unknown_name_is_refused_with_those_that_exist():
    with pytest.raises(AttributeError, match=r"no_such_name.*mlp"):
        _ = nk.no_such_name


# ---- documentation


def public_members(name):
    """("mlp", nk.mlp) for a function, ("conditioning.bound", nk.conditioning.bound), … for a module."""
    thing = getattr(nk, name)
    yield name, thing
    if inspect.ismodule(thing):
        yield from ((f"{name}.{member}", getattr(thing, member)) for member in functions_and_classes(thing))


def functions_and_classes(module):
    """Those in `__all__` of `module`; without one, the public ones at home in it or, for a package, in its modules."""
    at_home = [name for name, thing in vars(module).items() if home(thing).startswith(module.__name__)]
    public = getattr(module, "__all__", [name for name in at_home if not name.startswith("_")])
    return [name for name in public if callable(getattr(module, name))]


def home(thing):
    """The module that defines `thing`; empty for a ufunc and the like."""
    return getattr(thing, "__module__", None) or ""


@pytest.mark.parametrize("name", nk.__all__)
def test_public_names_are_documented(name):
    without_docstring = [member for member, thing in public_members(name) if not inspect.getdoc(thing)]
    assert not without_docstring, f"no docstring: {without_docstring}"


@pytest.mark.parametrize("name", nk.__all__)
def test_public_names_have_an_example(name):
    missing = [member for member, thing in public_members(name) if needs_example(member, thing) and not examples(thing)]
    assert not missing, f"no example after >>> in the docstring of {missing}"


def needs_example(name, thing):
    """All functions, and the classes of `ntkit` itself; other classes are what a function returns, and shown there."""
    return inspect.isroutine(thing) or (inspect.isclass(thing) and "." not in name)


def examples(thing):
    """The examples in the docstring of `thing` or of a member of it; --doctest-modules runs them all."""
    return [example for test in doctest.DocTestFinder().find(thing, "thing", module=False) for example in test.examples]


def test_readme_code_gives_what_it_shows(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # it leaves files behind
    blocks = re.findall(r"^```python\n(.*?)^```", (ROOT / "README.md").read_text(), flags=re.DOTALL | re.MULTILINE)
    session = doctest.DocTestParser().get_doctest("\n".join(blocks), {}, "README.md", "README.md", 0)
    assert session.examples, "README.md shows no code"
    result = doctest.DocTestRunner(optionflags=doctest.NORMALIZE_WHITESPACE).run(session)
    assert result.failed == 0


def test_readme_points_at_files_that_exist():
    links = re.findall(r"\]\((?!https?://|#)([^)#\s]+)", (ROOT / "README.md").read_text())
    assert [link for link in links if not (ROOT / link).exists()] == []


# ---- notebooks


def test_notebooks_are_committed_without_outputs():
    notebooks = sorted((ROOT / "notebooks").glob("*.ipynb"))
    assert notebooks, "no notebooks found"
    executed = [path.name for path in notebooks if any(map(was_executed, json.loads(path.read_text())["cells"]))]
    assert not executed, "clear their outputs: jupyter nbconvert --clear-output --inplace notebooks/*.ipynb"


def was_executed(cell):
    return bool(cell.get("outputs") or cell.get("execution_count"))
