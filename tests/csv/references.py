#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Compares what a server makes of CSV files, field by field, with readers that are not ours: csv-parse and DuckDB.

The files are those of csv-spectrum, and generated ones that follow from a seed. The packages that
clients/package-lock.json pins are installed into a folder of the build. Exits with 77 (skipped) where there is no
Node or no registry.

Where readers differ on purpose:

- A record with too few or too many fields, or with a quote where RFC 4180 has no meaning for it, is a reject of ours.
  csv-parse gives the former as short or long records and refuses the latter.
- csv-parse does not find out of a field that goes on behind its closing quote, DuckDB takes a quote inside a field
  without quotes for text: each meets only the stray quotes that it knows.
- csv-parse counts a CRLF inside quotes as two lines: the lines of rejects are counted here.
- DuckDB's `line` is the record's number, the header and empty lines counted: ours, which begins behind the header,
  and one. Its text of a record may begin with the line end before it. Of several errors in a record it tells all, we
  the first.
- DuckDB casts more than we do (spaces, 1.5 to a whole number, 1.2345 to three decimals, "" to a number), and takes
  one kind of line end for a whole file: the files for it hold none of that.
"""

import argparse
import codecs
import copy
import decimal
import http.client
import json
import os
import random
import secrets
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.parse

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "support"))
from dossier_process import Server  # noqa: E402  pylint: disable=wrong-import-position
from node_packages import Skipped, install_packages, node_environment  # noqa: E402

CLIENTS = os.path.join(HERE, "clients")
SKIPPED = 77
NODE_S_MAX = 120
JOB_S_MAX = 60
DIFFERENCES_SHOWN = 5
CHUNK_BYTES = 16384

# One vector is no RFC 4180: 37°36'37.8"N has a quote inside a field without quotes.
REFUSED_VECTORS = {"location_coordinates": "quotes"}

# Name, type of ours with its rules, type of DuckDB.
COLUMNS = (("id", 'type = "integer"', "BIGINT"),
           ("word", 'type = "text"', "VARCHAR"),
           ("note", 'type = "text"', "VARCHAR"),
           ("count", 'type = "integer"', "BIGINT"),
           ("amount", 'type = "decimal"\nscale = 3', "DECIMAL(18,3)"),
           ("day", 'type = "date"', "DATE"),
           ("at", 'type = "time"', "TIME"),
           ("moment", 'type = "timestamp"\nformat = "yyyy-mm-dd HH:MM:SS"', "TIMESTAMP"),
           ("flag", 'type = "boolean"', "BOOLEAN"))
NO_VALUES = {"count": ("12x", "9223372036854775808", "--1"), "amount": ("1.2.3", "abc", "1,5"),
             "day": ("2023-02-29", "2024-13-01", "yesterday"), "at": ("24:60:00", "noon", "12:61:00"),
             "moment": ("2024-02-30 10:00:00", "later"), "flag": ("maybe", "2")}
KINDS = {"CAST": "cast", "MISSING COLUMNS": "missing-columns", "TOO MANY COLUMNS": "too-many-columns",
         "UNQUOTED VALUE": "quotes"}
# Ours tells of the first of these.
ORDER = ("quotes", "missing-columns", "too-many-columns", "cast")


class Generator:
    """Makes a file from a seed. `stray` are records with stray quotes, of as many fields as there are columns."""

    def __init__(self, seed, delimiter, line_ends, stray):
        self.dice, self.delimiter, self.line_ends, self.stray = random.Random(seed), delimiter, line_ends, stray

    def file(self, records):
        text = self.joined([name for name, _, _ in COLUMNS])
        text += "".join(self.record(number) for number in range(records))
        # Not each file ends with a line end.
        return (text if self.dice.random() < 0.5 else text + self.joined(self.values(records)).rstrip("\r\n")).encode()

    def joined(self, fields):
        return self.delimiter.join(fields) + self.dice.choice(self.line_ends)

    def record(self, number):
        dice, kind, fields = self.dice, self.dice.random(), self.values(number)
        if kind < 0.02:
            return dice.choice(self.line_ends)
        if kind < 0.04:
            return self.joined(fields[:dice.randrange(2, len(fields))])
        if kind < 0.06:
            return self.joined(fields + ["more"] * dice.randrange(1, 4))
        if kind < 0.08:
            fields[1] = dice.choice(self.stray)
            fields[2] = "plain"
        elif kind < 0.14:
            for _ in range(dice.choice((1, 1, 2))):
                name = dice.choice(list(NO_VALUES))
                place = [column for column, _, _ in COLUMNS].index(name)
                fields[place] = self.written(dice.choice(NO_VALUES[name]))
        return self.joined(fields)

    def values(self, number):
        dice = self.dice
        clock = f"{dice.randrange(24):02d}:{dice.randrange(60):02d}:{dice.randrange(60):02d}"
        day = f"{dice.randrange(1900, 2100)}-{dice.randrange(1, 13):02d}-{dice.randrange(1, 29):02d}"
        typed = [str(dice.randrange(-9223372036854775808, 9223372036854775808)),
                 dice.choice((f"{dice.randrange(-10**9, 10**9)}.{dice.randrange(1000):03d}", "-0.5", "7", "0.125")),
                 day, clock, f"{day} {clock}", dice.choice(("true", "false", "t", "f", "1", "0"))]
        typed = ["" if dice.random() < 0.05 else self.written(x) for x in typed]
        return [str(number), self.text(), self.text(), *typed]

    def text(self):
        """Any text as a field; an empty one with quotes or without."""
        pieces = ("a", "word", " ", "é", "日本", "\U0001f600", "'", "#", "\\", "x" * 40, "NULL", self.delimiter, '"',
                  "\n", "\r\n", "\t", ";", ",", "|")
        text = "".join(self.dice.choice(pieces) for _ in range(self.dice.choice((0, 1, 1, 2, 5))))
        return self.dice.choice(("", '""')) if text == "" else self.written(text)

    def written(self, text):
        must = any(x in text for x in (self.delimiter, '"', "\n", "\r"))
        return '"' + text.replace('"', '""') + '"' if must or self.dice.random() < 0.2 else text


# The server.

def schema_text(name, columns):
    return f"name = {json.dumps(name)}\nversion = 1\n" + "".join(
        f"\n[[columns]]\nname = {json.dumps(column)}\n{rules}\n" for column, rules in columns)


def ask(server, verb, path, body=None):
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
    try:
        connection.request(verb, path, body=body, headers={"x-functions-key": server.admin_key})
        answer = connection.getresponse()
        said = answer.read()
        if answer.status not in (200, 202):
            raise RuntimeError(f"{path} was answered {answer.status} {said[:300]}")
        return said
    finally:
        connection.close()


def lines_of(server, path):
    """Numbers stay as they are written."""
    return [json.loads(line, parse_int=str, parse_float=str) for line in ask(server, "GET", path).splitlines()]


def ingest(server, path, schema, **options):
    """What the server makes of a file: (rows, rejects, job)."""
    query = urllib.parse.urlencode({"schema": schema, "customerId": "references", **options})
    with open(path, "rb") as file:
        job = json.loads(ask(server, "POST", f"/api/cdr/upload-large?{query}", file.read()))["correlationId"]
    deadline = time.monotonic() + JOB_S_MAX
    while True:
        last = json.loads(ask(server, "GET", f"/api/jobstatus/{job}"))
        if last["endedAt"]:
            break
        if time.monotonic() > deadline:
            raise RuntimeError(f"the job does not end: {last}")
        time.sleep(0.02)
    if last["status"] not in ("Succeeded", "PartiallySucceeded"):
        raise RuntimeError(f"{path}: the job ended as {last['status']}: {last['error']}")
    return (lines_of(server, f"/api/jobs/{job}/records?format=ndjson"),
            lines_of(server, f"/api/jobs/{job}/rejects?format=ndjson"), last)


def ask_node(options, script, files):
    """What a reader that is not ours makes of files."""
    run = subprocess.run(["node", os.path.join(CLIENTS, script)], input=json.dumps(files), capture_output=True,
                         text=True, env=node_environment(options.packages), timeout=NODE_S_MAX, check=False)
    if run.returncode:
        raise RuntimeError(f"{script} ended with {run.returncode}:\n{run.stderr}")
    return [json.loads(line) for line in run.stdout.splitlines()]


# Comparing. Both sides are lists of facts in the order of the file.

def differences(ours, theirs):
    """The first facts that differ, a sentence each."""
    found = [f"{number}: ours {mine}, theirs {other}" for number, (mine, other) in enumerate(zip(ours, theirs), 1)
             if mine != other][:DIFFERENCES_SHOWN]
    if len(ours) != len(theirs):
        found.append(f"ours are {len(ours)}, theirs {len(theirs)}")
    return found


def checked(what, ours, theirs):
    """The same, and whether a difference would be found: of one value of theirs, and of one that is missing."""
    found = [f"{what}: {sentence}" for sentence in differences(ours, theirs)]
    if not theirs:
        return found + [f"{what}: there is nothing to compare"]
    doctored = copy.deepcopy(theirs)
    doctored[len(doctored) // 2] = ("doctored",)
    if not found and not (differences(ours, doctored) and differences(ours, theirs[:-1])):
        found.append(f"{what}: a difference would not be found")
    return found


def facts_of_csv_parse(records, columns):
    """(number, offset or None, fields) of rows and (number, offset or None, kind) of rejects, as ours has them."""
    rows, rejects, offset = [], [], records[0]["bytes"]
    for number, record in enumerate(records[1:], 1):
        fields = record.get("values")
        if fields is None:
            rejects.append((number, offset, "quotes"))
        elif fields != [None] and len(fields) != columns:
            rejects.append((number, offset, "missing-columns" if len(fields) < columns else "too-many-columns"))
        elif fields != [None]:
            rows.append((number, offset, fields))
        # Where a record ends that it refused, csv-parse does not tell.
        offset = record.get("bytes")
    return rows, rejects


def our_text_facts(rows, rejects, *theirs):
    """Ours likewise; what csv-parse does not tell is not told."""
    untold = {number for facts in theirs for number, offset, _ in facts if offset is None}

    def told(x):
        return None if int(x["row"]) in untold else int(x["offset"])

    return ([(int(x["row"]), told(x), list(x["values"].values())) for x in rows],
            [(int(x["row"]), told(x), x["kind"]) for x in rejects])


def misplaced_rejects(path, rejects):
    """Whether each reject says where its record stands: its line, and the very bytes."""
    with open(path, "rb") as file:
        content = file.read()
    found = []
    for x in rejects:
        offset, size = int(x["offset"]), int(x["sizeBytes"])
        line = 1 + content.count(b"\n", 0, offset)
        text = content[offset:offset + size].decode().removesuffix("\n").removesuffix("\r")
        if (int(x["line"]), x["text"]) != (line, text):
            found.append(f"{path}: the reject {x} is in line {line} and reads {text!r}")
    return found[:DIFFERENCES_SHOWN]


def typed_value(kind, text):
    if text is None or kind == "VARCHAR":
        return text
    if kind.startswith("DECIMAL"):
        return decimal.Decimal(text)
    if kind == "BIGINT":
        return int(text)
    if kind == "TIMESTAMP":
        return text.replace(" ", "T").rstrip("Z")
    return text


def facts_of_duckdb(found):
    """The values of rows, and (number, kind, column or None, text) of rejects, as ours has them."""
    kinds = [kind for _, _, kind in COLUMNS]
    rows = [[typed_value(kind, value) for kind, value in zip(kinds, row)] for row in found["rows"]]
    first = {}
    for x in found["rejects"]:
        kind, number = KINDS.get(x["kind"], x["kind"]), x["line"] - 1
        # They come from the left; of several kinds the one that ours tells of counts.
        if number not in first or ORDER.index(kind) < ORDER.index(first[number][1]):
            first[number] = (number, kind, x["column"] if kind == "cast" else None, x["text"].lstrip("\r\n"))
    return rows, [first[number] for number in sorted(first)]


def our_typed_facts(rows, rejects):
    kinds = {name: kind for name, _, kind in COLUMNS}
    return ([[typed_value(kinds[name], value) for name, value in row["values"].items()] for row in rows],
            [(int(x["row"]), x["kind"], x["column"] if x["kind"] == "cast" else None, x["text"]) for x in rejects])


# The tests: each gives what it found, a sentence each.

def spectrum_names(options):
    folder = os.path.join(options.packages, "node_modules", "csv-spectrum")
    names = sorted(name[:-4] for name in os.listdir(os.path.join(folder, "csvs")))
    return folder, names


def write_spectrum_schemas(options, folder):
    """A schema of texts for each vector, named after it, with the columns that its JSON names."""
    spectrum, names = spectrum_names(options)
    for name in names:
        columns = list(vector_rows(spectrum, name)[0])
        with open(os.path.join(folder, name + ".toml"), "w", encoding="utf-8") as file:
            file.write(schema_text(name, [(column, 'type = "text"') for column in columns]))


def vector_rows(spectrum, name):
    with open(os.path.join(spectrum, "json", name + ".json"), encoding="utf-8", errors="replace") as file:
        rows = json.load(file)
    return rows if isinstance(rows, list) else [rows]


def spectrum_differences(options, server):
    spectrum, names = spectrum_names(options)
    paths = [os.path.join(spectrum, "csvs", name + ".csv") for name in names]
    found = []
    read = ask_node(options, "csv_parse.js", [{"path": path, "delimiter": ","} for path in paths])
    for name, path, records in zip(names, paths, read):
        rows, rejects, _ = ingest(server, path, name)
        their_rows, their_rejects = facts_of_csv_parse(records, len(records[0]["values"]))
        our_rows, our_rejects = our_text_facts(rows, rejects, their_rows, their_rejects)
        if name in REFUSED_VECTORS:
            found += checked(f"{name}, csv-parse", our_rejects, their_rejects)
            found += differences([kind for _, _, kind in our_rejects], [REFUSED_VECTORS[name]])
            continue
        found += checked(f"{name}, csv-parse", our_rows, their_rows)
        found += checked(f"{name}, its JSON", [row["values"] for row in rows], vector_rows(spectrum, name))
        found += [f"{name}: {x} is a reject" for x in our_rejects]
    print(f"csv-spectrum: {len(names)} files")
    return found


def csv_parse_differences(options, server, work, seed):
    """Generated files, read as texts."""
    files, found = [], []
    kinds = ((",", ("\n",), b""), (";", ("\r\n",), b""), ("\t", ("\n", "\r\n"), b""),
             (",", ("\r\n", "\n"), codecs.BOM_UTF8))
    for number, (delimiter, line_ends, mark) in enumerate(kinds):
        path = os.path.join(work, f"texts-{number}.csv")
        with open(path, "wb") as file:
            file.write(mark + Generator(seed + number, delimiter, line_ends, ('a"b', 'a""', 'a "b" c')).file(3000))
        files.append({"path": path, "delimiter": delimiter})
    for file, records in zip(files, ask_node(options, "csv_parse.js", files)):
        rows, rejects, job = ingest(server, file["path"], "texts", header="yes",
                                    delimiter={"\t": "tab"}.get(file["delimiter"], file["delimiter"]))
        their_rows, their_rejects = facts_of_csv_parse(records, len(COLUMNS))
        our_rows, our_rejects = our_text_facts(rows, rejects, their_rows, their_rejects)
        name = os.path.basename(file["path"])
        found += checked(f"{name}, csv-parse, rows", our_rows, their_rows)
        found += checked(f"{name}, csv-parse, rejects", our_rejects, their_rejects)
        found += misplaced_rejects(file["path"], rejects)
        print(f"{name} and csv-parse: {len(rows)} rows, {len(rejects)} rejects, {job['totalChunks']} chunks")
    return found


def duckdb_differences(options, server, work, seed):
    """Generated files, read as typed values."""
    files, found = [], []
    for number, (delimiter, line_end) in enumerate(((",", "\n"), (";", "\r\n"), ("|", "\n"))):
        path = os.path.join(work, f"typed-{number}.csv")
        with open(path, "wb") as file:
            file.write(Generator(seed + 100 + number, delimiter, (line_end,), ('"a"b', '"a" b c', '"a"b"c')).file(6000))
        files.append({"path": path, "delimiter": delimiter, "columns": {name: kind for name, _, kind in COLUMNS}})
    for file, read in zip(files, ask_node(options, "duckdb.js", files)):
        rows, rejects, job = ingest(server, file["path"], "typed", header="yes", delimiter=file["delimiter"])
        their_rows, their_rejects = facts_of_duckdb(read)
        our_rows, our_rejects = our_typed_facts(rows, rejects)
        name = os.path.basename(file["path"])
        found += checked(f"{name}, DuckDB, rows", our_rows, their_rows)
        found += checked(f"{name}, DuckDB, rejects", our_rejects, their_rejects)
        found += misplaced_rejects(file["path"], rejects)
        print(f"{name} and DuckDB: {len(rows)} rows, {len(rejects)} rejects, {job['totalChunks']} chunks")
    return found


def run(options, work):
    seed = options.seed if options.seed is not None else random.randrange(1 << 30)
    print(f"seed {seed}", flush=True)
    schemas = os.path.join(work, "schemas")
    os.mkdir(schemas)
    write_spectrum_schemas(options, schemas)
    for name, columns in (("texts", [(column, 'type = "text"') for column, _, _ in COLUMNS]),
                          ("typed", [(column, rules) for column, rules, _ in COLUMNS])):
        with open(os.path.join(schemas, name + ".toml"), "w", encoding="utf-8") as file:
            file.write(schema_text(name, columns))
    server = Server(options.binary, os.path.join(work, "data"), os.path.join(work, "log"), secrets.token_hex(16),
                    {"kafka.enabled": "false", "ingestion.schemas_dir": schemas,
                     "ingestion.chunk_threshold_bytes": CHUNK_BYTES, "ingestion.chunk_bytes": CHUNK_BYTES})
    server.start()
    try:
        found = spectrum_differences(options, server)
        found += csv_parse_differences(options, server, work, seed)
        found += duckdb_differences(options, server, work, seed)
        if server.stop() != 0:
            found.append("the server did not stop by itself")
    finally:
        server.kill()
    for sentence in found:
        print(f"  {sentence}")
    return 1 if found else 0


def main(arguments):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--binary", required=True, help="the dossier to look at")
    parser.add_argument("--packages", required=True, help="a folder for Node's packages, kept for the next time")
    parser.add_argument("--seed", type=int, help="of the generated files")
    options = parser.parse_args(arguments)
    try:
        install_packages(CLIENTS, os.path.abspath(options.packages))
    except Skipped as why:
        print(f"skipped: {why}")
        return SKIPPED
    work = tempfile.mkdtemp(prefix="dossier-references-")
    try:
        return run(options, work)
    finally:
        shutil.rmtree(work, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
