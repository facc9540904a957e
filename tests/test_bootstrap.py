"""The set-up: what it does in each state of .venv, and the files it works from."""

import ast
import re
import subprocess
import sys

import bootstrap

import pytest
import yaml

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

PROJECT = tomllib.loads((bootstrap.ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


@pytest.mark.parametrize("version", [(2, 7), (3, 9), (3, 14)])
def test_an_unsuitable_python_gets_one_sentence(version):
    problem = bootstrap.python_problem(version)
    assert problem.startswith("This is Python {}.{}, and ".format(*version))
    assert problem.endswith(".") and "\n" not in problem


def test_suitable_and_other_machines():
    linux = ("Linux", "x86_64")
    assert all(bootstrap.python_problem((3, minor), machine=linux) is None for minor in range(10, 14))
    assert bootstrap.python_problem((3, 12), largest=2**31 - 1, machine=linux).startswith("This is a 32-bit Python")
    assert "Intel" in bootstrap.python_problem((3, 12), machine=("Darwin", "x86_64"))
    assert bootstrap.python_problem((3, 12), machine=("Darwin", "arm64")) is None


@pytest.fixture
def done(tmp_path, monkeypatch):
    """Give the set-up an empty project; the commands that it runs are noted in the returned list, not run."""
    (tmp_path / "pyproject.toml").write_text("project")
    for variant in ("cpu", "gpu"):
        (tmp_path / f"{variant}.lock").write_text(variant)
    venv = tmp_path / ".venv"
    python = venv / "bin" / "python"
    names = {"ROOT": tmp_path, "VENV": venv, "STAMP": venv / "stamp", "PYTHON": python}
    for name, value in names.items():
        monkeypatch.setattr(bootstrap, name, value)
    monkeypatch.setattr(bootstrap, "LOCKS", {variant: tmp_path / f"{variant}.lock" for variant in ("cpu", "gpu")})
    monkeypatch.setattr(bootstrap, "pip_settings", dict)
    monkeypatch.setattr(bootstrap.sys, "platform", "linux")
    commands = []

    def call(*command, **changes):
        words = [str(word) for word in command]
        commands.append(next(word for word in ("venv", "uv==" + bootstrap.UV, "sync", "install") if word in words))
        if "venv" in words:
            python.parent.mkdir(parents=True, exist_ok=True)
            python.touch()
        return 0

    monkeypatch.setattr(bootstrap, "call", call)
    return commands


PACKAGES = ["uv==" + bootstrap.UV, "sync", "install"]


def test_a_first_set_up_makes_everything_and_a_second_starts_no_process(done):
    bootstrap.setup()
    assert done == ["venv", *PACKAGES]
    done.clear()
    bootstrap.setup()
    assert done == []


@pytest.mark.parametrize("name", ["cpu.lock", "pyproject.toml"])
def test_a_changed_lock_or_project_is_synced_without_a_new_venv(done, name):
    bootstrap.setup()
    (bootstrap.ROOT / name).write_text("changed")
    done.clear()
    bootstrap.setup()
    assert done == PACKAGES


def test_switching_between_cpu_and_gpu_syncs_the_other_lock(done):
    bootstrap.setup("cpu")
    done.clear()
    bootstrap.setup("gpu")
    assert done == PACKAGES
    bootstrap.setup("cpu")
    assert done == PACKAGES * 2


def test_another_python_makes_a_new_venv(done, monkeypatch):
    bootstrap.setup()
    monkeypatch.setattr(bootstrap.sys, "version_info", (3, 99, 0))
    done.clear()
    bootstrap.setup()
    assert done == ["venv", *PACKAGES]


@pytest.mark.parametrize("broken", range(4))
def test_a_set_up_that_was_interrupted_starts_again_from_the_venv(done, monkeypatch, broken):
    whole = bootstrap.call

    def fails(*command, **changes):
        return whole(*command, **changes) or len(done) == broken + 1

    monkeypatch.setattr(bootstrap, "call", fails)
    with pytest.raises(bootstrap.Failure, match="The set-up stopped while "):
        bootstrap.setup()
    assert not bootstrap.STAMP.exists()
    monkeypatch.setattr(bootstrap, "call", whole)
    done.clear()
    bootstrap.setup()
    assert done == ["venv", *PACKAGES]


def test_a_sync_that_was_interrupted_is_not_taken_for_done(done, monkeypatch):
    bootstrap.setup("cpu")
    monkeypatch.setattr(bootstrap, "call", lambda *command, **changes: 1)
    with pytest.raises(bootstrap.Failure):
        bootstrap.setup("gpu")
    assert not bootstrap.STAMP.exists()


def test_a_venv_whose_python_is_gone_is_made_anew(done):
    bootstrap.setup()
    bootstrap.PYTHON.unlink()
    done.clear()
    bootstrap.setup()
    assert done == ["venv", *PACKAGES]


def test_gpu_packages_are_refused_where_there_are_none(done, monkeypatch):
    monkeypatch.setattr(bootstrap.sys, "platform", "darwin")
    with pytest.raises(bootstrap.Failure, match="needs Linux"):
        bootstrap.setup("gpu")
    assert done == []


def test_test_gpu_says_so_where_there_is_no_gpu(done, monkeypatch, capsys):
    monkeypatch.setattr(bootstrap, "gpu_is_there", lambda: False)
    assert bootstrap.main(["test-gpu"]) == 1
    said = capsys.readouterr().err
    assert said.startswith("make test-gpu needs an NVIDIA GPU, and this machine shows none. ") and "ONE_STEP=1" in said
    assert done == []


@pytest.mark.parametrize(
    ("words", "started"),
    [
        (["test-gpu"], ["-c", "tools/profiles.py", "-m"]),
        (["test-gpu", "--one-step", "14"], ["tools/profiles.py", "benchmarks/gpu_profile.py"]),
    ],
)
def test_test_gpu_lists_the_settings_before_it_runs(monkeypatch, words, started):
    commands, variants = [], []
    monkeypatch.setattr(bootstrap, "call", lambda python, *rest, **changes: commands.append(rest) or 0)
    monkeypatch.setattr(bootstrap, "setup", variants.append)
    monkeypatch.setattr(bootstrap, "gpu_is_there", lambda: "--one-step" not in words)
    assert bootstrap.main(words) == 0
    assert [rest[0] for rest in commands] == started
    assert variants == ["gpu" if len(words) == 1 else "cpu"]
    assert all(rest[1:] == ("14",) for rest in commands if len(words) > 1)


def test_pips_mirror_and_certificates_reach_uv(monkeypatch):
    listed = ":env:.index-url='https://a.example'\nglobal.index-url='https://b.example'\nglobal.cert='c.pem'\n"
    result = subprocess.CompletedProcess([], 0, stdout=listed)
    monkeypatch.setattr(bootstrap.subprocess, "run", lambda *words, **options: result)
    for name in ("UV_DEFAULT_INDEX", "UV_INDEX_URL", "SSL_CERT_FILE"):
        monkeypatch.delenv(name, raising=False)
    assert bootstrap.pip_settings() == {"UV_DEFAULT_INDEX": "https://a.example", "SSL_CERT_FILE": "c.pem"}
    monkeypatch.setenv("UV_INDEX_URL", "https://own.example")
    assert bootstrap.pip_settings() == {"SSL_CERT_FILE": "c.pem"}


# --- the files that the set-up works from ----------------------------------------------------------------------------


def names(requirements):
    """Return the package names that begin these requirement lines."""
    return {re.match(r"[\w.-]+", line)[0].lower() for line in requirements}


@pytest.mark.parametrize(
    ("variant", "tensorflow"), [("cpu", {"tensorflow", "tensorflow-cpu"}), ("gpu", {"tensorflow"})]
)
def test_locks_are_hashed_name_no_host_and_hold_every_dependency(variant, tensorflow):
    text = bootstrap.LOCKS[variant].read_text(encoding="utf-8")
    assert not re.search(r"://|--index|--find-links|file:", text)
    pins = re.findall(r"^([\w.-]+)==", text, re.M)
    assert len(re.findall(r"^[\w.-]+==.* \\\n    --hash=sha256:", text, re.M)) == len(pins) > 100
    extras = PROJECT["optional-dependencies"]
    assert names(PROJECT["dependencies"] + extras[variant] + extras["dev"]) <= set(pins)
    assert {"tensorflow", "tensorflow-cpu"} & set(pins) == tensorflow


def test_the_smaller_tensorflow_is_taken_where_there_is_one():
    from packaging.requirements import Requirement

    text = bootstrap.LOCKS["cpu"].read_text(encoding="utf-8")
    requirements = [Requirement(line.rstrip(" \\")) for line in re.findall(r"^tensorflow(?:-cpu)?==.*$", text, re.M)]
    for system, machine, expected in [
        ("linux", "x86_64", "tensorflow-cpu"),
        ("win32", "AMD64", "tensorflow-cpu"),
        ("linux", "aarch64", "tensorflow"),
        ("darwin", "arm64", "tensorflow"),
    ]:
        where = {"sys_platform": system, "platform_machine": machine}
        assert [r.name for r in requirements if r.marker.evaluate(where)] == [expected], where


def test_tensorflow_is_in_the_extras_alone():
    assert not [line for line in PROJECT["dependencies"] if "tensorflow" in line]


def test_conda_gets_python_pip_and_this_project():
    environment = yaml.safe_load((bootstrap.ROOT / "environment.yml").read_text(encoding="utf-8"))
    python, pip, packages = environment["dependencies"]
    assert re.fullmatch(r"python=3\.1[0-3]", python)
    assert (pip, packages) == ("pip", {"pip": ["-e .[cpu]"]})


def test_makefile_targets_are_listed_and_known():
    text = (bootstrap.ROOT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z-]+):.*## ", text, re.M))
    assert targets == set(re.search(r"^\.PHONY: (.*)$", text, re.M)[1].split())
    assert targets - {"help", "clean"} == {*bootstrap.COMMANDS, *bootstrap.NOTEBOOK_COMMANDS}


def test_importing_the_package_loads_nothing_else():
    code = "import sys, aigc_utils; print(*(name for name in sys.modules if not name.startswith('_')))"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert [name for name in loaded if name.startswith("aigc_utils")] == ["aigc_utils"]
    assert not {"tensorflow", "keras", "numpy", "matplotlib", "pandas"} & set(loaded)


def test_what_notebooks_share_knows_nothing_of_the_programs():
    sources = [path.read_text(encoding="utf-8") for path in (bootstrap.ROOT / "aigc_utils").rglob("*.py")]
    assert len(sources) > 20 and not [source for source in sources if "aigc_apps" in source]


def test_modules_and_functions_stay_small():
    whole = 0
    for path in [*bootstrap.ROOT.glob("aigc_utils/**/*.py"), *bootstrap.ROOT.glob("aigc_apps/**/*.py")]:
        text = path.read_text(encoding="utf-8")
        lines = len(text.splitlines())
        whole += lines * (path.parent.name == "aigc_utils")
        kinds = (ast.FunctionDef, ast.AsyncFunctionDef)
        long = [node.name for node in ast.walk(ast.parse(text)) if isinstance(node, kinds) and extent(node) > 40]
        assert lines <= 500 and not long, (path.name, lines, long)
    assert 4000 < whole <= 6500


def extent(node):
    return node.end_lineno - node.lineno + 1
