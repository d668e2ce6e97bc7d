"""`python -m bench [NAME …]`: all benchmarks, or the named ones; --write records them in RESULTS.md."""

import subprocess
import sys
from pathlib import Path

NOT_BENCHMARKS = {"__init__", "__main__", "report", "server", "filling", "bare", "knocking"}


def main() -> int:
    """Run each benchmark in a process of its own. The number of those that failed."""
    known = sorted(
        path.stem for path in Path(__file__).parent.glob("*.py") if path.stem not in NOT_BENCHMARKS
    )
    flags = [word for word in sys.argv[1:] if word.startswith("-")]
    names = [word for word in sys.argv[1:] if not word.startswith("-")] or known
    if unknown := sorted(set(names) - set(known)):
        print(f"no benchmark {', '.join(unknown)}; known: {', '.join(known)}", file=sys.stderr)
        return 2
    return sum(
        subprocess.run([sys.executable, "-m", f"bench.{name}", *flags]).returncode != 0 for name in names
    )


if __name__ == "__main__":
    sys.exit(main())
