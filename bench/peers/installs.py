"""Install the other projects from their package indexes into the scratch folder; they only run as separate processes."""

import re
import shutil
import sys
from pathlib import Path

from bench.peers.errors import NotInstalled
from events import child_processes

PROGRAMS = Path(__file__).parent / "programs"
MAX_INSTALL_S = 600
_CAUSES = (
    re.compile(r"^npm (?:error|ERR!) code (\w{1,40})$", re.MULTILINE),
    re.compile(r"^ERROR: (No matching distribution found for [\w.=\[\]-]{1,100})$", re.MULTILINE),
)
INSTALLED = "installed"  # holds the requirements that are installed


def install_sync_engine(folder: Path) -> Path:
    """The folder of stripe-sync-engine with its server. Raises: NotInstalled."""
    home, requirements = folder / "sync_engine", PROGRAMS / "sync_engine.json"
    for program in ("node", "npm"):
        if shutil.which(program) is None:
            raise NotInstalled(f"{program} is not installed")
    home.mkdir(exist_ok=True)
    shutil.copy(PROGRAMS / "sync_engine.js", home)
    if not _is_installed(home, requirements):
        shutil.copy(requirements, home / "package.json")
        command = ["npm", "install", "--ignore-scripts", "--no-audit", "--no-fund", "--no-package-lock"]
        _run([*command, "--fetch-retries=1"], home)
        shutil.copy(requirements, home / INSTALLED)
    return home


def install_dj_stripe(folder: Path) -> Path:
    """The folder of dj-stripe with its project and, in `venv`, its Python. Raises: NotInstalled."""
    home, requirements = folder / "dj_stripe", PROGRAMS / "dj_stripe.txt"
    home.mkdir(exist_ok=True)
    shutil.copy(PROGRAMS / "dj_stripe_project.py", home)
    if not _is_installed(home, requirements):
        _run([sys.executable, "-m", "venv", "--clear", str(home / "venv")], home)
        command = [str(home / "venv/bin/python"), "-m", "pip", "install", "--disable-pip-version-check"]
        _run([*command, "--retries=1", "-r", str(requirements)], home)
        shutil.copy(requirements, home / INSTALLED)
    return home


def cause(output: str) -> str:
    """`: ` and why npm or pip failed, in its own words, which name no address; empty if they are not found."""
    matches = [match for pattern in _CAUSES if (match := pattern.search(output))]
    return f": {matches[0][1]}" if matches else ""


def _is_installed(home: Path, requirements: Path) -> bool:
    mark = home / INSTALLED
    return mark.exists() and mark.read_text() == requirements.read_text()


def _run(command: list[str], home: Path) -> None:
    program = "npm" if command[0] == "npm" else "pip" if "pip" in command else "venv"
    try:
        done = child_processes.run(
            command,
            cwd=home,
            stdin=child_processes.DEVNULL,
            stdout=child_processes.PIPE,
            stderr=child_processes.STDOUT,
            text=True,
            timeout=MAX_INSTALL_S,
        )
    except child_processes.TimeoutExpired:
        raise NotInstalled(f"{program} did not finish within {MAX_INSTALL_S} s") from None
    (home / f"{program}.log").write_text(done.stdout)
    if done.returncode != 0:
        raise NotInstalled(f"{program} could not install it{cause(done.stdout)}")
