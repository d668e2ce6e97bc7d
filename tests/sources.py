"""The project's own modules, for tests that read the source."""

from pathlib import Path

ROOT = Path(__file__).parent.parent
NOT_OURS = frozenset({"tests", "build", "dist", "docs", "deploy"})
PACKAGES = sorted(
    folder for folder in ROOT.iterdir() if (folder / "__init__.py").is_file() and folder.name not in NOT_OURS
)
MODULES = sorted([*ROOT.glob("*.py"), *(path for package in PACKAGES for path in package.rglob("*.py"))])
