#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Holds the sources against the include law, the size limits and the word list of CONTRIBUTING.md.

layering_test.py [ROOT]        checks the tree; one line for each finding; exit 1 if there is any
layering_test.py --self-test   checks a tree made of one violation of each rule: each must be named
layering_test.py --format ROOT clang-format-14 in check mode; exit 77 (skipped) where it is not installed
"""

import re
import shutil
import subprocess
import sys
from collections import namedtuple
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
import fixture  # noqa: E402
import sources  # noqa: E402

Finding = namedtuple("Finding", "path line rule text")

LINE_COLUMNS_MAX = 100
FUNCTION_LINES_MAX = 70
FILE_LINES_MAX = 400
LONG_FILE_LINES_MAX = 600  # Rules and tests.
HEADER_LINES_MAX = 200

# Where the parts are put together, for the server and for the command line: these see everything.
ROOTS = ("gateway/main.cpp", "gateway/serve.cpp", "gateway/backbone.hpp", "gateway/backbone.cpp",
         "gateway/part_metrics.hpp", "gateway/part_metrics.cpp",
         "gateway/commands.cpp")
# What the edge may know of storage.
EDGE_STORAGE = {"persistence/" + name
                for name in ("blob_store.hpp", "files.hpp", "journal.hpp", "batch.hpp", "row_store.hpp",
                             "stored_reject.hpp", "key_index.hpp")}
BANNED_NAMES = {"util", "utils", "helper", "helpers", "manager", "managers", "misc", "common"}
MARKERS = re.compile(r"\b(?:" + "TO" + "DO|FIX" + r"ME)\b")
COMMAND_LINE = re.compile(r"gateway/(?:main|serve|cli|\w*cli\w*|\w*commands?|verify)\.cpp")
# Pure rules: each of these sees the language and itself.
PURE = ("actors/document/", "actors/letter/", "actors/webhook/", "actors/ingestion/", "actors/guard/")


def pure_folder(path):
    """The folder of pure rules that the file lies in; None if it lies in none."""
    return next((folder for folder in PURE if path.startswith(folder)), None)


def is_inside_rocks(path):
    """RocksDB's own corner: its files may use the library, even in headers, because nobody else sees them."""
    return path.startswith("persistence/rocks_") and path != "persistence/rocks_journal.hpp"


def is_inside_kafka(path):
    """Sources only: their headers are for everybody in the folder."""
    return re.fullmatch(r"persistence/(?:kafka_\w+|development_broker)\.cpp", path) is not None


def may_include_folder(path, target):
    """The include law for quoted includes; None if allowed, else what forbids it."""
    here, there = path.split("/")[0], target.split("/")[0]
    if here == "tests":
        return None
    if is_inside_rocks(target) and not path.startswith("persistence/rocks_"):
        return "of the RocksDB journal only rocks_journal.hpp is for others"
    if path in ROOTS:
        return None
    if target.startswith("protocol/csv/") and here == "protocol" and not path.startswith("protocol/csv/"):
        return "of protocol/ only protocol/csv/ knows CSV"
    if path.startswith("config/row_schema") and target.startswith(("protocol/csv/", "protocol/result.hpp")):
        return None
    if here in ("protocol", "config"):
        return None if there == here else f"{here}/ includes no other folder"
    pure = pure_folder(path)
    if pure:
        if there == "protocol" or target.startswith(pure):
            return None
        return f"rules include protocol/ and {pure} only"
    if here == "persistence":
        return None if there in ("protocol", "config", "persistence") else "persistence/ knows neither actors nor HTTP"
    if here == "actors":
        if there == "gateway":
            return "actors/ never includes gateway/"
        if Path(target).name.startswith(("rocks_", "kafka_", "development_broker")):
            return "actors/ sees the interfaces of storage, never rocks_*, kafka_* or the development broker"
        return None
    if here == "gateway":
        if re.fullmatch(r"actors/\w+/rules\.hpp", target):
            return "gateway/ never includes rules"
        if there == "persistence" and target not in EDGE_STORAGE:
            return "gateway/ may include of persistence/ only " + ", ".join(sorted(EDGE_STORAGE))
    return None


def may_include_library(path, target, is_header):
    here = path.split("/")[0]
    # The one that is precompiled for tests costs its includers nothing.
    if is_header and target in ("nlohmann/json.hpp", "caf/all.hpp") and path != "tests/support/json_instances.hpp":
        return "never in a header: it costs every includer more than a second"
    if here == "tests" or path in ROOTS:
        return None
    if target.startswith("rocksdb/") and not is_inside_rocks(path):
        return "<rocksdb/...> only in persistence/rocks_*, and not in rocks_journal.hpp"
    if target.startswith("librdkafka/") and not is_inside_kafka(path):
        return "<librdkafka/...> only in persistence/kafka_*.cpp and persistence/development_broker.cpp"
    if target.startswith("caf/") and (here != "actors" or pure_folder(path)):
        return "<caf/...> only in actors/, and not in rules"
    if target.startswith(("boost/asio", "boost/beast")) and here != "gateway":
        return "Asio and Beast only in gateway/"
    return None


def check_includes(source, known):
    path = source.path.as_posix()
    for line, target, is_quoted in source.includes():
        if is_quoted:
            if target not in known:
                yield Finding(path, line, "include-root", f'"{target}" is no file of the project, seen from its root')
                continue
            why = may_include_folder(path, target)
            if why:
                yield Finding(path, line, "include-law", f'"{target}": {why}')
        else:
            why = may_include_library(path, target, source.is_header)
            if why:
                yield Finding(path, line, "library-law", f"<{target}>: {why}")


def check_cycles(all_sources):
    graph = {s.path.as_posix(): [t for _, t, quoted in s.includes() if quoted] for s in all_sources}
    done, trail = set(), []

    def visit(path):
        if path in trail:
            ring = trail[trail.index(path):] + [path]
            yield Finding(path, 1, "include-cycle", " -> ".join(ring))
        elif path not in done:
            trail.append(path)
            for target in graph.get(path, ()):
                yield from visit(target)
            trail.pop()
            done.add(path)

    for path in sorted(graph):
        yield from visit(path)


def check_sizes(source):
    path = source.path.as_posix()
    is_long_allowed = path.startswith("tests/") or re.fullmatch(r"actors/\w+/rules\.\w+", path)
    limit = LONG_FILE_LINES_MAX if is_long_allowed else FILE_LINES_MAX
    if source.is_header and not path.startswith("tests/"):
        limit = HEADER_LINES_MAX
    if len(source.lines) > limit:
        rule = "header-length" if limit == HEADER_LINES_MAX else "file-length"
        yield Finding(path, limit + 1, rule, f"{len(source.lines)} lines, at most {limit}")
    for first, last, head in source.functions():
        if last - first + 1 > FUNCTION_LINES_MAX:
            yield Finding(path, first, "function-length",
                          f"{last - first + 1} lines, at most {FUNCTION_LINES_MAX}: {head[-60:]}")


def check_words(source):
    path = source.path.as_posix()
    for line, name in source.namespaces():
        if BANNED_NAMES & set(re.split(r"::|_", name)):
            yield Finding(path, line, "banned-name", f"namespace {name} says nothing about what is in it")
    if source.path.suffix == ".hpp" and "#pragma once" not in source.text:
        yield Finding(path, 1, "pragma-once", "a header begins with #pragma once")
    if path.startswith("tests/") or COMMAND_LINE.fullmatch(path):
        return
    for number, line in enumerate(source.code.splitlines(), 1):
        if re.search(r"\bstd::cout\b|\b(?:std::)?printf\s*\(", line):
            yield Finding(path, number, "stdout", "only the command line writes to standard output; use log()")


def check_text(root, path):
    """What holds for every source file, scripts included."""
    name = path.as_posix()
    lines = (root / path).read_text(encoding="utf-8").splitlines()
    is_script = path.suffix not in sources.CPP
    if not any("SPDX-License-Identifier: Apache-2.0" in line for line in lines[:2 if is_script else 1]):
        yield Finding(name, 1, "spdx", "the first line names the licence")
    parts = list(path.parts[:-1]) + [path.stem]
    if any(BANNED_NAMES & set(part.lower().split("_")) for part in parts):
        yield Finding(name, 1, "banned-name", "a file or folder name that says nothing about what is in it")
    for number, line in enumerate(lines, 1):
        if len(line) > LINE_COLUMNS_MAX + (20 if is_script else 0):
            yield Finding(name, number, "line-length", f"{len(line)} columns, at most {LINE_COLUMNS_MAX}")
        if MARKERS.search(line):
            yield Finding(name, number, "marker", "an open end: finish it or open an issue")
    if is_script and len(lines) > LONG_FILE_LINES_MAX:
        yield Finding(name, LONG_FILE_LINES_MAX + 1, "file-length", f"{len(lines)} lines")


def check_tree(root):
    root = Path(root)
    everything = sources.load(root)
    known = {s.path.as_posix() for s in everything}
    findings = list(check_cycles(everything))
    for source in everything:
        findings += check_includes(source, known)
        findings += check_sizes(source)
        findings += check_words(source)
    for path in sources.find(root, sources.CPP + sources.SCRIPTS):
        findings += check_text(root, path)
    return sorted(findings), len(known)


def check_format(root):
    tool = shutil.which("clang-format-14")
    if not tool:
        print("clang-format-14 is not installed: the format is not checked")
        return 77
    files = [str(Path(root) / p) for p in sources.find(Path(root), sources.CPP)]
    run = subprocess.run([tool, "--dry-run", "-Werror", *files], capture_output=True, text=True, cwd=root)
    bad = sorted({m.group(1) for m in re.finditer(r"^(.+?):\d+:\d+: error:", run.stderr, re.MULTILINE)})
    for path in bad:
        print(f"{Path(path).relative_to(root)}: not as clang-format-14 writes it; run ./dev format")
    if run.returncode and not bad:
        print(run.stderr.strip())
    print(f"format: {len(files)} files, {len(bad)} not formatted")
    return 1 if run.returncode else 0


def main(arguments):
    if arguments[:1] == ["--self-test"]:
        return fixture.self_test(check_tree)
    root = Path(arguments[-1] if arguments and not arguments[-1].startswith("--")
                else Path(__file__).resolve().parents[2]).resolve()
    if arguments[:1] == ["--format"]:
        return check_format(root)
    findings, count = check_tree(root)
    for f in findings:
        print(f"{f.path}:{f.line}: {f.rule}: {f.text}")
    print(f"lint: {count} files, {len(findings)} findings")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
