"""`python -m bench [NAME …]`: all benchmarks, or the named ones; --write records them."""

import sys
from pathlib import Path

from events import child_processes

HELPERS = {
    *("__init__", "__main__", "baseline_app", "cpu_time", "embedded_server", "load_client", "load_events"),
    *("report", "synthetic_log"),
}


def main() -> int:
    """Run each benchmark in a separate process. Returns the number that failed."""
    modules = sorted(benchmarks())
    words = sys.argv[1:]
    first = next((at for at, word in enumerate(words) if word.startswith("-")), len(words))
    names, flags = words[:first] or modules, words[first:]  # a flag's values follow it
    if unknown := sorted(set(names) - set(modules)):
        print(f"no benchmark {', '.join(unknown)}; known: {', '.join(modules)}", file=sys.stderr)
        return 2
    return sum(
        child_processes.run([sys.executable, "-m", f"bench.{name}", *flags]).returncode != 0 for name in names
    )


def benchmarks() -> set[str]:
    """The modules that are no helpers, and the packages that can be run."""
    here = Path(__file__).parent
    modules = {path.stem for path in here.glob("*.py")} - HELPERS
    return modules | {path.parent.name for path in here.glob("*/__main__.py")}


if __name__ == "__main__":
    sys.exit(main())
