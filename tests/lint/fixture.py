# SPDX-License-Identifier: Apache-2.0
"""The lint's own test: a tree with exactly one violation of each rule, and look-alikes that are none."""

import tempfile
from pathlib import Path

LICENCE = "// SPDX-License-Identifier: Apache-2.0\n"
HEADER = LICENCE + "#pragma once\n"
BODY = "  call();\n"


def _function(lines):
    """A function whose body spans this many lines, braces included."""
    return "void work(int x) {\n" + BODY * (lines - 2) + "}\n"


# Path: (text, rules that must be named there).
TREE = {
    "protocol/clean.hpp": (HEADER + "/// A 'quote and a { brace in a comment.\nstruct clean {};\n", []),
    "protocol/upward.hpp": (HEADER + '#include "config/leaf.hpp"\n', ["include-law"]),
    "config/leaf.hpp": (HEADER + "inline constexpr int bytes_max = 16'384;\n", []),
    "config/upward.cpp": (LICENCE + '#include "protocol/clean.hpp"\n', ["include-law"]),
    "protocol/csv/scan.hpp": (HEADER + '#include "protocol/clean.hpp"\n', []),
    "protocol/knows_csv.cpp": (LICENCE + '#include "protocol/csv/scan.hpp"\n', ["include-law"]),
    "config/row_schemas.cpp": (LICENCE + '#include "protocol/csv/scan.hpp"\n', []),
    "config/knows_csv.cpp": (LICENCE + '#include "protocol/csv/scan.hpp"\n', ["include-law"]),
    "actors/document/rules.hpp": (HEADER + '#include "protocol/clean.hpp"\n', []),
    "actors/document/reads_settings.cpp": (LICENCE + '#include "config/leaf.hpp"\n', ["include-law"]),
    "actors/document/knows_caf.cpp": (LICENCE + "#include <caf/actor.hpp>\n", ["library-law"]),
    "actors/guard/guard.hpp": (HEADER + '#include "protocol/clean.hpp"\n', []),
    "actors/guard/guard.cpp": (LICENCE + '#include "actors/guard/guard.hpp"\n', []),
    "actors/guard/knows_documents.cpp": (LICENCE + '#include "actors/document/rules.hpp"\n', ["include-law"]),
    "actors/guard/knows_caf.cpp": (LICENCE + "#include <caf/actor.hpp>\n", ["library-law"]),
    "actors/document/knows_guard.cpp": (LICENCE + '#include "actors/guard/guard.hpp"\n', ["include-law"]),
    "actors/knows_rocks.cpp": (LICENCE + '#include "persistence/rocks_journal.hpp"\n', ["include-law"]),
    "actors/knows_http.cpp": (LICENCE + '#include "gateway/http.hpp"\n', ["include-law"]),
    "actors/shell.cpp": (LICENCE + '#include "persistence/journal.hpp"\n#include <caf/actor.hpp>\n', []),
    "actors/everything.hpp": (HEADER + "#include <caf/all.hpp>\n", ["library-law"]),
    "persistence/journal.hpp": (HEADER, []),
    "persistence/rocks_journal.hpp": (HEADER + "#include <rocksdb/env.h>\n", ["library-law"]),
    "persistence/rocks_journal.cpp": (LICENCE + "#include <rocksdb/db.h>\n", []),
    "persistence/rocks_columns.hpp": (HEADER + "#include <rocksdb/db.h>\n", []),
    "persistence/knows_columns.cpp": (LICENCE + '#include "persistence/rocks_columns.hpp"\n', ["include-law"]),
    "persistence/stray_rocks.cpp": (LICENCE + "#include <rocksdb/db.h>\n", ["library-law"]),
    "persistence/kafka_sink.cpp": (LICENCE + "#include <librdkafka/rdkafka.h>\n", []),
    "persistence/kafka_sink.hpp": (HEADER + "#include <librdkafka/rdkafka.h>\n", ["library-law"]),
    "persistence/development_broker.cpp": (LICENCE + "#include <librdkafka/rdkafka_mock.h>\n", []),
    "persistence/stray_kafka.cpp": (LICENCE + "#include <librdkafka/rdkafka.h>\n", ["library-law"]),
    "actors/knows_kafka.cpp": (LICENCE + '#include "persistence/kafka_sink.hpp"\n', ["include-law"]),
    "persistence/knows_actors.cpp": (LICENCE + '#include "actors/document/rules.hpp"\n', ["include-law"]),
    "persistence/knows_asio.cpp": (LICENCE + "#include <boost/asio/io_context.hpp>\n", ["library-law"]),
    "gateway/http.hpp": (HEADER + '#include "persistence/journal.hpp"\n', []),
    "gateway/main.cpp": (LICENCE + '#include "persistence/rocks_journal.hpp"\nvoid f() { std::cout << 1; }\n', []),
    "gateway/knows_rules.cpp": (LICENCE + '#include "actors/document/rules.hpp"\n', ["include-law"]),
    "gateway/knows_storage.cpp": (LICENCE + '#include "persistence/rocks_journal.hpp"\n', ["include-law"]),
    "gateway/knows_caf.cpp": (LICENCE + "#include <caf/actor.hpp>\n", ["library-law"]),
    "gateway/json.hpp": (HEADER + "#include <nlohmann/json.hpp>\n", ["library-law"]),
    "gateway/relative.cpp": (LICENCE + '#include "http.hpp"\n', ["include-root"]),
    "gateway/ring_a.hpp": (HEADER + '#include "gateway/ring_b.hpp"\n', ["include-cycle"]),
    "gateway/ring_b.hpp": (HEADER + '#include "gateway/ring_a.hpp"\n', []),
    "gateway/no_guard.hpp": (LICENCE, ["pragma-once"]),
    "gateway/unlicensed.cpp": ("// Nobody's.\n" + LICENCE, ["spdx"]),
    "gateway/wide.cpp": (LICENCE + "// " + "x" * 98 + "\n", ["line-length"]),
    "gateway/long.cpp": (LICENCE + "int x;\n" * 400, ["file-length"]),
    "gateway/long.hpp": (HEADER + "extern int x;\n" * 199, ["header-length"]),
    "gateway/long_function.cpp": (LICENCE + "namespace a {\n" + _function(71) + "}\n", ["function-length"]),
    "gateway/full_function.cpp": (LICENCE + "namespace a {\n" + _function(70) + _function(70) + "}\n", []),
    "gateway/long_table.cpp": (LICENCE + "const int table[] = {\n" + "  1,\n" * 100 + "};\n", []),
    "gateway/long_member.cpp": (LICENCE + "struct s {\n" + _function(90) + "};\n", ["function-length"]),
    "gateway/raw_text.cpp": (LICENCE + 'const char* t = R"(}}{{' + "\n" * 90 + '{)";\n', []),
    "gateway/file_helper.cpp": (LICENCE, ["banned-name"]),
    "gateway/common/thing.cpp": (LICENCE, ["banned-name"]),
    "gateway/vague.cpp": (LICENCE + "namespace dossier::util {}\n", ["banned-name"]),
    "gateway/open_end.cpp": (LICENCE + "// TO" + "DO: later\n", ["marker"]),
    "gateway/prints.cpp": (LICENCE + "void f() { std::cout << 1; }\n", ["stdout"]),
    "gateway/says_so.cpp": (LICENCE + "// Never std::cout here.\nint commons = 1; // manager\n", []),
    "tests/gateway/any_tests.cpp": (LICENCE + '#include "persistence/rocks_journal.hpp"\n'
                                    + "#include <rocksdb/db.h>\n" + "int x;\n" * 500, []),
    "tests/bench/unlicensed.py": ("import os\n", ["spdx"]),
}


def self_test(check_tree):
    """0 if every planted violation is named and nothing else is."""
    with tempfile.TemporaryDirectory(prefix="dossier-lint-") as folder:
        for path, (text, _) in TREE.items():
            target = Path(folder) / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text, encoding="utf-8")
        findings, _ = check_tree(folder)
    named = {}
    for f in findings:
        named.setdefault(f.path, []).append(f.rule)
    wrong = 0
    for path, (_, expected) in TREE.items():
        if sorted(named.get(path, [])) != sorted(expected):
            wrong += 1
            print(f"{path}: expected {expected or 'nothing'}, named {named.get(path, 'nothing')}")
    planted = sum(len(expected) for _, expected in TREE.values())
    print(f"lint self-test: {len(TREE)} files, {planted} violations planted, {wrong} files judged wrongly")
    return 1 if wrong else 0
