"""Measures functions; fails if one is longer than allowed. Usage: function_sizes.py LIMIT FOLDER..."""

import ast
import sys
from pathlib import Path


def sizes(folder: str) -> list[tuple[int, str]]:
    """Lines of each function body without its docstring, and where it stands."""
    found = []
    for path in sorted(Path(folder).rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                body = node.body[1:] if ast.get_docstring(node) else node.body
                lines = (node.end_lineno or 0) - body[0].lineno + 1 if body else 0
                found.append((lines, f"{path}:{node.lineno} {node.name}"))
    return found


def main() -> int:
    """Compare with the limit."""
    limit, folders = int(sys.argv[1]), sys.argv[2:]
    found = sorted(size for folder in folders for size in sizes(folder))
    too_long = [f"{lines} lines: {place}" for lines, place in found if lines > limit]
    print("\n".join(too_long))
    lines = [size for size, _ in found]
    print(f"{len(lines)} functions, p90 {lines[len(lines) * 9 // 10]}, longest {lines[-1]} lines")
    return 1 if too_long else 0


if __name__ == "__main__":
    sys.exit(main())
