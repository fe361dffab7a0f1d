# SPDX-License-Identifier: Apache-2.0
"""Reads C++ sources for the lint: text without comments and strings, includes, functions and namespaces.

Knows only as much of the language as our formatting (clang-format, attached braces) needs.
"""

import re
from pathlib import Path

FOLDERS = ("protocol", "config", "persistence", "actors", "gateway", "tests")
CPP = (".hpp", ".cpp")
SCRIPTS = (".py", ".sh", ".lua")

_INCLUDE = re.compile(r'^\s*#\s*include\s*(?:"([^"]+)"|<([^>]+)>)')
_NAMESPACE = re.compile(r"\bnamespace\s+([A-Za-z_][\w:]*)")
_TOKEN = re.compile(
    r'(?P<line>//[^\n]*)'
    r'|(?P<block>/\*.*?\*/)'
    r'|(?P<raw>(?:u8|[uUL])?R"(?P<mark>[^()\s\\]{0,16})\(.*?\)(?P=mark)")'
    r'|(?P<string>"(?:\\.|[^"\\\n])*")'
    r"|(?P<number>\b\d[\w.]*(?:'\w+)+)"
    r"|(?P<char>'(?:\\.|[^'\\\n])+')",
    re.DOTALL,
)


def _same_shape(match):
    """Blanks a comment or string but keeps its line ends, so that line numbers still hold."""
    if match.lastgroup == "number":
        return match.group()
    return "".join(c if c == "\n" else " " for c in match.group())


def without_comments_and_strings(text):
    return _TOKEN.sub(_same_shape, text)


class Source:
    """One C++ file, read once."""

    def __init__(self, root, path):
        self.path = path
        self.text = (root / path).read_text(encoding="utf-8")
        self.lines = self.text.splitlines()
        self.code = without_comments_and_strings(self.text)

    @property
    def is_header(self):
        return self.path.suffix == ".hpp"

    def includes(self):
        """(line number, name, is it quoted) of each include."""
        for number, line in enumerate(self.lines, 1):
            found = _INCLUDE.match(line)
            if found:
                yield number, found.group(1) or found.group(2), found.group(1) is not None

    def namespaces(self):
        for found in _NAMESPACE.finditer(self.code):
            yield self.code.count("\n", 0, found.start()) + 1, found.group(1)

    def functions(self):
        """(first line, last line, head) of each function body that is not inside another function."""
        code = re.sub(r"^[ \t]*#(?:[^\n]*\\\n)*[^\n]*", lambda m: "\n" * m.group().count("\n"), self.code,
                      flags=re.MULTILINE)
        stack = []  # Per open brace: "scope", "body", or "other".
        line = body_line = 1
        head = []
        body_head = ""
        for char in code:
            if char == "\n":
                line += 1
            if char == "{":
                kind = "other" if any(s != "scope" for s in stack) else _kind_of("".join(head))
                if kind == "body":
                    body_line = line
                    body_head = " ".join("".join(head).split())
                stack.append(kind)
            elif char == "}" and stack:
                if stack.pop() == "body":
                    yield body_line, line, body_head
            if all(s == "scope" for s in stack):
                if char in ";{}":
                    head = []
                else:
                    head.append(char)


def _kind_of(head):
    """What a brace after `head` opens at namespace or class scope."""
    head = " ".join(head.split())
    if re.search(r"\bnamespace\b", head) or re.fullmatch(r'extern\s*', head):
        return "scope"
    if re.search(r"(?:^|\s)enum\b", head):
        return "other"
    without_angles = head
    while True:
        shorter = re.sub(r"<[^<>]*>", "", without_angles)
        if shorter == without_angles:
            break
        without_angles = shorter
    if "(" not in without_angles and re.search(r"\b(?:class|struct|union)\b", without_angles):
        return "scope"
    if re.search(r"(?:^|[^=!<>+\-*/|&^])=(?!=)\s*(?:[\w:]*\s*)?$", without_angles):
        return "other"
    return "body" if "(" in without_angles else "other"


def find(root, suffixes):
    """Relative paths of the project's files with one of these suffixes, sorted."""
    found = []
    for folder in FOLDERS:
        top = root / folder
        if top.is_dir():
            found += [p.relative_to(root) for p in top.rglob("*") if p.is_file() and p.suffix in suffixes]
    return sorted(p for p in found if "__pycache__" not in p.parts)


def load(root):
    return [Source(root, path) for path in find(Path(root), CPP)]
