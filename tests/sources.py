"""The project's own modules, for tests that read the source."""

from pathlib import Path

from events import statements as sql

ROOT = Path(__file__).parent.parent
NOT_OURS = frozenset({"tests", "build", "dist", "docs", "deploy"})
PACKAGES = sorted(
    folder for folder in ROOT.iterdir() if (folder / "__init__.py").is_file() and folder.name not in NOT_OURS
)
MODULES = sorted([*ROOT.glob("*.py"), *(path for package in PACKAGES for path in package.rglob("*.py"))])


def all_statements() -> dict[str, str]:
    """`folder/name` to text, of every package but the migrations."""
    folders = {path.parent.relative_to(ROOT) for package in PACKAGES for path in package.rglob("*.sql")}
    return {
        f"{folder}/{name}": text.decode()
        for folder in sorted(folders - {Path("migrations")})
        for name, text in sql.statements(".".join(folder.parts)).items()
    }
