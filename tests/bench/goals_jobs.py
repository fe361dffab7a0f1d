# SPDX-License-Identifier: Apache-2.0
"""P20 (a CSV file to typed values, and to durable rows), P21 (memory, written bytes) and P23 (requests meanwhile)."""

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import time

from rig import Absent, median
from table import Bound, Row, ms, size

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "support"))
from node_packages import Skipped, install_packages, node_environment  # noqa: E402

MIB = 1 << 20
HEADER = "caller_id,recipient,call_date,end_time,duration,cost,reference,currency\n"
CONNECTIONS = 16
RUNS = 3
_CHECK_S = re.compile(r"^time +([0-9.]+) s on 1 thread", re.MULTILINE)
# Where Debian puts PostgreSQL 15. It is used if it is there; it is not installed for the bench, because its
# package starts a server.
POSTGRES = "/usr/lib/postgresql/15/bin"
TABLE = ("create table calls (caller_id text, recipient text, call_date date, end_time time, duration bigint, "
         "cost numeric(18,3), reference text, currency text)")


def make_file(path, size_bytes):
    """Call records with ISO dates, so that every peer reads the same."""
    with open(path, "w", encoding="ascii") as file:
        file.write(HEADER)
        index = 0
        while file.tell() < size_bytes:
            file.write("".join(
                f"44{i % 9999991},44{i * 7 % 9999991},2024-{1 + i % 12:02d}-{1 + i % 28:02d},"
                f"{i % 24:02d}:{i % 60:02d}:07,{i % 3600},{i % 90}.{i % 1000:03d},R{i:010d},GBP\n"
                for i in range(index, index + 20000)))
            index += 20000
    return index


def schema_text(name, duplicates):
    """The schema that ships, with ISO dates."""
    with open(os.path.join(HERE, "..", "..", "config", "schemas", "cdr.toml"), encoding="utf-8") as file:
        return (file.read().replace('"cdr"', f'"{name}"').replace('"dd/mm/yyyy"', '"yyyy-mm-dd"')
                .replace('duplicates = "reject"', f'duplicates = "{duplicates}"'))


class Watch(threading.Thread):
    """The largest resident memory that a server had."""

    def __init__(self, server):
        super().__init__(daemon=True)
        self.server, self.most, self.is_over = server, 0, threading.Event()

    def run(self):
        while not self.is_over.wait(0.02):
            self.most = max(self.most, self.server.rss_bytes())


def ingest(rig, server, path, customer="bench-00", schema="calls"):
    """Sends a file, waits for its end: (seconds to the answer, seconds from there to the end, the job)."""
    begun = time.monotonic()
    run = subprocess.run(["curl", "-sS", "-H", f"x-functions-key: {rig.key}", "-T", path, "-X", "POST",
                          f"http://127.0.0.1:{server.port}/api/cdr/upload-large?schema={schema}&customerId={customer}"],
                         capture_output=True, text=True, timeout=600, check=True)
    sent = time.monotonic()
    job = json.loads(run.stdout)["correlationId"]
    while True:
        state = server.client().ask("GET", f"/api/jobstatus/{job}").json()
        if state["endedAt"]:
            break
        time.sleep(0.02)
    if state["status"] != "Succeeded":
        raise RuntimeError(f"the job ended as {state['status']}: {state['error']}")
    return sent - begun, time.monotonic() - sent, state


def folder_bytes(path):
    return sum(os.path.getsize(os.path.join(at, name)) for at, _, names in os.walk(path) for name in names)


class Postgres:
    """A server of its own, with the settings that a package gives it but for the address."""

    def __init__(self, folder):
        if not os.path.exists(POSTGRES + "/initdb"):
            raise Absent("postgresql")
        self.folder = folder
        self.user = [] if os.geteuid() else ["runuser", "-u", "nobody", "--"]
        shutil.chown(folder, "nobody") if self.user else None
        self._run("initdb", "-D", f"{folder}/data", "-A", "trust", "-U", "bench")
        self._run("pg_ctl", "-D", f"{folder}/data", "-w", "-l", f"{folder}/log", "-o",
                  f"-c listen_addresses='' -c unix_socket_directories={folder} -c max_wal_size=4GB", "start")

    def _run(self, program, *arguments):
        subprocess.run([*self.user, f"{POSTGRES}/{program}", *arguments], check=True, stdout=subprocess.DEVNULL,
                       timeout=120)

    def copy_s(self, path, has_unique_keys):
        """Seconds of a COPY, durable when it ends."""
        self._sql("set client_min_messages = error; drop table if exists calls; " + TABLE)
        if has_unique_keys:
            self._sql("alter table calls add primary key (reference)")
        begun = time.monotonic()
        self._sql(f"copy calls from '{path}' (format csv, header)")
        return time.monotonic() - begun

    def _sql(self, text):
        subprocess.run([*self.user, f"{POSTGRES}/psql", "-h", self.folder, "-U", "bench", "-d", "postgres",
                        "-qc", text], check=True, timeout=1200)

    def stop(self):
        self._run("pg_ctl", "-D", f"{self.folder}/data", "-m", "immediate", "stop")


class DuckDb:
    """DuckDB in a process of Node, with as many threads as it is told."""

    def __init__(self, rig):
        self.packages, self.folder = os.path.abspath(rig.packages), rig.folder("duckdb")
        try:
            install_packages(os.path.join(HERE, "..", "csv", "clients"), self.packages)
        except Skipped as why:
            raise Absent(str(why)) from why

    def _run(self, *arguments):
        run = subprocess.run(["node", os.path.join(HERE, "duckdb_peer.js"), *map(str, arguments)], check=True,
                             stdout=subprocess.PIPE, text=True, timeout=1200, env=node_environment(self.packages))
        return float(run.stdout)

    def scan_s(self, path, threads):
        return self._run("scan", path, threads)

    def ingest_s(self, path, threads):
        """Seconds until the file's rows are a table in a new file, durable."""
        shutil.rmtree(self.folder)
        os.mkdir(self.folder)
        return self._run("ingest", path, threads, os.path.join(self.folder, "calls.db"))

    def table_bytes(self):
        return folder_bytes(self.folder)


def check_s(rig, path, schema):
    """Seconds in which `dossier check-csv` makes typed values of a file's records, on one thread."""
    run = subprocess.run([rig.binary, "check-csv", path, "--schema", schema, "--threads", "1"], check=True,
                         capture_output=True, text=True, timeout=600)
    return float(_CHECK_S.search(run.stdout).group(1))


def _postgres_s(path, has_unique_keys):
    folder = tempfile.mkdtemp(prefix="dossier-postgres-", dir="/tmp")
    try:
        postgres = Postgres(folder)
        try:
            runs = 1 if has_unique_keys else RUNS  # It takes long.
            return median([postgres.copy_s(path, has_unique_keys) for _ in range(runs)])
        finally:
            postgres.stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _duckdb_s(rig, path):
    duckdb = DuckDb(rig)
    theirs_s = _runs(duckdb.ingest_s, path, os.cpu_count())
    return theirs_s, f"its table is compressed to {size(duckdb.table_bytes())}"


def _peer_row(what, peer, bytes_count, ours_s, measure, limit):
    """Ours against a peer that takes so many seconds for the same file, and a note; absent where there is none."""
    try:
        theirs_s, note = measure()
    except Absent:
        return Row("P20", what, peer, "absent")
    return Row("P20", what, peer, size(bytes_count / theirs_s) + "/s", size(bytes_count / ours_s) + "/s",
               theirs_s / ours_s, to_reach=Bound(">=", limit), aim=Bound(">=", limit), note=note)


def _peer_rows(rig, path, schema, durable_s, keyed_s):
    """What others take for the same file: to durable rows, and to typed values."""
    bytes_count, whole = os.path.getsize(path), "CSV file to durable rows, from the first byte sent"
    return [
        _peer_row(whole, "PostgreSQL COPY", bytes_count, durable_s, lambda: (_postgres_s(path, False), ""), 3),
        _peer_row(whole, "… into a primary key", bytes_count, keyed_s,
                  lambda: (_postgres_s(path, True), "no key twice, in the file or before"), 3),
        _peer_row(whole, f"DuckDB, {os.cpu_count()} threads", bytes_count, durable_s,
                  lambda: _duckdb_s(rig, path), 3),
        _peer_row("CSV file to typed values, one thread", "DuckDB, one thread", bytes_count,
                  _runs(check_s, rig, path, schema),
                  lambda: (_runs(DuckDb(rig).scan_s, path, 1), "every column of every record"), 0.7)]


def _runs(measure, *arguments):
    """The median of several; the file is in memory from the first on."""
    return median([measure(*arguments) for _ in range(RUNS)])


def _memory_row(rig, path, settings):
    """A new server that does nothing else, and of all that it may do with rows what takes most."""
    part = path + "-part"
    with open(path, "rb") as whole, open(part, "wb") as into:
        into.write(whole.read(os.path.getsize(path) // 4))
        into.write(whole.readline())
    most, sizes = [], []
    for file in (part, path):
        sizes.append(os.path.getsize(file))
        with rig.dossier("memory", settings) as server:
            watch = Watch(server)
            watch.start()
            ingest(rig, server, file, schema="keyed")
            watch.is_over.set()
            watch.join()
            most.append(watch.most)
    os.remove(part)
    return Row("P21", "memory while a file is ingested, its keys compared", f"ours, a file of {size(sizes[0])}",
               size(most[0]), size(most[1]), most[1] / most[0], to_reach=Bound("<=", 1.1),
               note=f"a file of {size(sizes[1])}")


def jobs(rig):
    folder = rig.folder("jobs")
    os.chmod(folder, 0o755)
    path = os.path.join(folder, "calls.csv")
    records = make_file(path, (256 if rig.quick else 2048) * MIB)
    bytes_count = os.path.getsize(path)
    schemas = rig.folder("schemas")
    rig_schema = os.path.join(schemas, "calls.toml")
    # The peers' tables have no key either, but where it is said.
    for name, duplicates in (("calls", "keep"), ("keyed", "reject")):
        with open(os.path.join(schemas, name + ".toml"), "w", encoding="utf-8") as into:
            into.write(schema_text(name, duplicates))
    settings = {"ingestion.schemas_dir": schemas}
    with rig.dossier("jobs", settings) as server:
        watch = Watch(server)
        watch.start()
        runs = []
        for run in range(RUNS):
            # To each customer it is another job.
            runs.append(ingest(rig, server, path, f"bench-{run:02d}"))
            if run == 0:
                written = folder_bytes(os.path.join(server.data_dir, "rows"))
        keyed = [ingest(rig, server, path, f"bench-{run:02d}", "keyed") for run in range(RUNS)]
        watch.is_over.set()
        watch.join()
    keyed_s = median([x[0] + x[1] for x in keyed])
    sent_s, read_s, durable_s = (median(all_s) for all_s in zip(*((x[0], x[1], x[0] + x[1]) for x in runs)))
    rows = [Row("P20", "CSV file to durable rows, from the answer on", "", "", size(bytes_count / read_s) + "/s",
                note=f"{runs[0][2]['processedRecordsCount']} of {records} rows in {read_s:.1f} s; "
                     f"sending it took {sent_s:.1f} s"),
            *_peer_rows(rig, path, rig_schema, durable_s, keyed_s),
            Row("P21", "memory while files are ingested one after the other", "", "", size(watch.most),
                value=watch.most / MIB, to_reach=Bound("<=", 100, "MiB"), aim=Bound("<=", 96, "MiB"),
                note=f"a file of {size(bytes_count)}"),
            Row("P21", "files of rows", "the CSV file", size(bytes_count), size(written), written / bytes_count,
                to_reach=Bound("<=", 1.3), note="rows, keys and checksums, each byte written once"),
            _memory_row(rig, path, settings)]
    rows += _meanwhile(rig, path, settings)
    os.remove(path)
    return rows


def _meanwhile(rig, path, settings):
    """Creates and reads on an idle server, then while it ingests."""
    rows = []
    with rig.dossier("meanwhile", settings) as server:
        client = server.client()
        ident, _, _ = rig.make_document(client, b"content")
        client.close()
        target = f"http://127.0.0.1:{server.port}/api/documents/{ident}?customerId=bench-00"
        loads = {"durable create": lambda: rig.wrk_create(server, CONNECTIONS, 2),
                 "GET document": lambda: rig.wrk(target, CONNECTIONS, 2, fields=rig.admin_fields(), process=server)}
        idle = {what: median([run().p99_ms for _ in range(3)]) for what, run in loads.items()}
        for what, run in loads.items():
            copy = path + "-" + what.split()[0]
            make_file(copy, (64 if rig.quick else 512) * MIB)
            with open(copy, "a", encoding="ascii") as file:  # Else the second would be the first one's job.
                file.write(f"1,2,2024-01-01,10:00:00,1,1,{what.split()[0]},GBP\n")
            busy, over = [], threading.Thread(target=ingest, args=(rig, server, copy))
            over.start()
            while over.is_alive() or not busy:
                busy.append(run().p99_ms)
            over.join()
            os.remove(copy)
            rows.append(Row("P23", f"{what}, p99, {CONNECTIONS} connections, while a file is sent and ingested",
                            "ours, idle", ms(idle[what]), ms(median(busy)), median(busy) / idle[what],
                            to_reach=Bound("<=", 2), aim=Bound("<=", 2)))
    return rows
