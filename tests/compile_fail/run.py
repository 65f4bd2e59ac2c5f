# SPDX-License-Identifier: MIT
"""Wrong uses do not compile, and the compiler says why; right uses compile without a warning.

Each file says what is expected: `expect: compiles`, or key words of the message, for both compilers
(`expect:`) or for one (`expect-gcc:`, `expect-clang:`).
"""

import pathlib
import re
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "tools"))
from checks import ROOT, WARNINGS, Checks, each, run

FLAGS = ["-std=c11", "-fsyntax-only", "-Iinclude", "-Werror=incompatible-pointer-types"]
FOLDER = pathlib.Path(__file__).resolve().parent


def expectations(path, compiler):
    kind = compiler.split("-")[0]
    return re.findall(rf"/\* expect(?:-{kind})?: (.*?) \*/", path.read_text())


def problem_of(job):
    """Compiles one file; empty if the compiler did and said what is expected."""
    path, compiler = job
    expected = expectations(path, compiler)
    right = expected == ["compiles"]
    status, said = run([compiler, *FLAGS, *(WARNINGS if right else []),
                        path.relative_to(ROOT)])
    if not expected:
        return "the file does not say what is expected of this compiler"
    if right:
        return said if status else ""
    if status == 0:
        return "it compiles, and must not"
    missing = [words for words in expected if words not in said]
    return f"the message lacks: {'; '.join(missing)}\n{said}" if missing else ""


def main():
    checks = Checks()
    jobs = [(path, compiler) for path in sorted(FOLDER.glob("*.c"))
            for compiler in ("gcc", "clang-14")]
    for (path, compiler), problem in zip(jobs, each(problem_of, jobs)):
        checks.check(f"compile_fail/{path.name}: {compiler}", problem)
    checks.finish()


main()
