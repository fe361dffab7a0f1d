#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Kills the server with -9 while it publishes the rows of a file, again and again, then reads their topic with kcat.

Every row that /records shows must be on the topic, with the same bytes, under its key, in the partition that Kafka's
default partitioner takes for that key; repetitions must have the same id and be the same; rows that were repaired must
be there, too; and nothing else may be: no reject, no row of a job that failed, none of a job that did not ask for it. A
kill counts if rows were on their way. The broker is the development broker in a process of its own, or with --servers a
real one.
"""

import csv
import functools
import http.client
import io
import json
import random
import sys
import threading
import time

from kill_proof import SHARDS, conduct, parse, read_topic
from dossier_process import ServerFailed  # kill_proof knows the way.  pylint: disable=wrong-import-order

HEADER = "caller_id,recipient,call_date,end_time,duration,cost,reference,currency\n"
REPAIRS = 120
REPAIRS_AT_ONCE = 40
DEADLINE_S = 400


def make_file(dice, mark, rows):
    """The text of a file with so many rows and some records that become rejects, and what repairs these."""
    lines, repairs = [HEADER], {}
    while len(lines) <= rows + len(repairs):
        number = len(lines)
        key = f"R{mark}-{number}" if number % 50 else f'"R{mark}-é, ""{number}"""'
        rest = f"10:00:00,{dice.randrange(1000)},{dice.randrange(90)}.25,{key},GBP\n"
        text = f"44{number},,{1 + number % 28:02d}/02/2024,{rest}"
        if dice.random() < 0.005:
            repairs[number] = text.rstrip("\n")
            text = text.replace("/02/2024", "/13/2024")
        lines.append(text)
    return "".join(lines), repairs


def ask_raw(server, verb, path, body=None, content_type="text/csv"):
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=120)
    try:
        fields = {"x-functions-key": server.admin_key}
        if body is not None:
            fields["content-type"] = content_type
        connection.request(verb, path, body=body, headers=fields)
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


def asked(server, verb, path, wanted, body=None):
    status, text = ask_raw(server, verb, path, body)
    if status != wanted:
        raise RuntimeError(f"{verb} {path} was answered {status} {text[:300]}")
    return text


def ingest(server, text, query):
    """The job's id, when it has ended."""
    job = json.loads(asked(server, "POST", f"/api/cdr/upload-large?customerId=acme&{query}", 202, text.encode()))
    job = job["correlationId"]
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        last = json.loads(asked(server, "GET", f"/api/jobstatus/{job}", 200))
        if last["endedAt"]:
            return job, last
        time.sleep(0.01)
    raise RuntimeError(f"the job does not end: {last}")


def shown_rows(server, job):
    """{event id: (value, key)} of what readers see."""
    found = {}
    for line in asked(server, "GET", f"/api/jobs/{job}/records?format=ndjson", 200).decode().splitlines():
        row = json.loads(line)
        found[f"{job}-row-{row['row']}"] = (line, row["values"]["reference"])
    return found


def repair(server, job, texts, outcome):
    """Repairs these records; a server that is killed meanwhile has done all of it or nothing."""
    out = io.StringIO()
    csv.writer(out).writerows([("row", "text"), *texts])
    try:
        status, body = ask_raw(server, "POST", f"/api/jobs/{job}/rejects/repair", out.getvalue().encode())
    except (OSError, http.client.HTTPException):
        return
    if status not in (200, 409, 503):
        outcome.append(f"repairs were answered {status} {body[:300]}")


def left_of(server, job, repairs):
    """Those of the repairs whose records are rejects still."""
    lines = asked(server, "GET", f"/api/jobs/{job}/rejects?format=ndjson", 200).decode().splitlines()
    rejects = {json.loads(line)["row"] for line in lines}
    return [(number, text) for number, text in repairs if number in rejects]


def figure(server, name):
    return server.metrics()[name]


def row_figures(server):
    return ", ".join(f"{name} {value:g}" for name, value in sorted(server.metrics().items())
                     if name.startswith("dossier_rows_"))


def await_rows_under_way(server, timeout_s=30):
    """False: there are none any more."""
    deadline, quiet_since = time.monotonic() + timeout_s, time.monotonic()
    while time.monotonic() < deadline:
        if figure(server, "dossier_rows_in_flight") > 0:
            return True
        if figure(server, "dossier_rows_lag_seconds") > 0:
            quiet_since = time.monotonic()
        if time.monotonic() - quiet_since > 2:
            return False
        time.sleep(0.005)
    raise ServerFailed(f"rows that are due are not sent; the server's output ends:\n{server.log_tail()}")


def await_all_published(server, timeout_s=60):
    """A slow machine may take its time, but not stand still."""
    published, moved_at = 0, time.monotonic()
    deadline = moved_at + DEADLINE_S
    while await_rows_under_way(server):
        now, before = time.monotonic(), published
        published = figure(server, "dossier_rows_published_total")
        moved_at = now if published > before else moved_at
        if now > min(deadline, moved_at + timeout_s):
            raise ServerFailed(f"rows are still on their way: {row_figures(server)}; the server's output ends:\n"
                               f"{server.log_tail()}")
        time.sleep(0.05)


def run_kills(server, job, repairs, kills, trouble):
    """Kills it while rows are on their way, and in between while rejects are repaired; how many kills counted."""
    counted, deadline = 0, time.monotonic() + DEADLINE_S
    while counted < kills and time.monotonic() < deadline:
        repairing = None
        is_busy = await_rows_under_way(server)
        batch = left_of(server, job, repairs)[:REPAIRS_AT_ONCE] if counted % 3 == 2 or not is_busy else []
        if not is_busy and not batch:
            return counted
        if batch:
            repairing = threading.Thread(target=repair, args=(server, job, batch, trouble))
            repairing.start()
        time.sleep(random.uniform(0.05, 0.5))
        server.check_alive()
        counted += figure(server, "dossier_rows_in_flight") > 0
        server.kill()
        if repairing:
            repairing.join(60)
        server.start()
    return counted


def murmur2(data):
    """As Kafka's clients in Java have it."""
    seed, m, mask = 0x9747B28C, 0x5BD1E995, 0xFFFFFFFF
    h = seed ^ len(data)
    for at in range(0, len(data) // 4 * 4, 4):
        k = int.from_bytes(data[at:at + 4], "little") * m & mask
        k = (k ^ k >> 24) * m & mask
        h = h * m & mask ^ k
    rest = data[len(data) // 4 * 4:]
    if rest:
        h = (h ^ int.from_bytes(rest, "little")) * m & mask
    h = (h ^ h >> 13) * m & mask
    return h ^ h >> 15


def check(messages, shown, job):
    """What is wrong, in sentences, and how many rows came again."""
    wrong, known, repeated = [], {}, 0
    for message in messages:
        partition, key, value, headers = (message[name] for name in ("partition", "key", "payload", "headers"))
        ident = headers["ce_id"]
        if ident not in shown:
            wrong.append(f"{ident} is on the topic and no row of the job")
            continue
        if (value, key) != shown[ident]:
            wrong.append(f"{ident} is {key} {value} and not {shown[ident]}")
        if partition != (murmur2(key.encode()) & 0x7FFFFFFF) % SHARDS:
            wrong.append(f"{ident} is in partition {partition}")
        if (headers["ce_type"], headers["ce_subject"]) != ("dossier.ingestion.row", f"job/{job}"):
            wrong.append(f"{ident} says {headers}")
        if ident in known:
            repeated += 1
            if known[ident] != (partition, value):
                wrong.append(f"{ident} came again as something else")
        known[ident] = (partition, value)
    wrong += [f"{ident} is not on the topic" for ident in shown if ident not in known]
    return wrong, repeated


def prove(options, server, servers, topics, _work):
    """(what is wrong, what was done in one sentence)."""
    dice, trouble = random.Random(options.seed), []
    text, repairs = make_file(dice, "a", options.rows)
    server.start()
    _, failed = ingest(server, make_file(dice, "b", 2000)[0], "publish=yes&rejectsMax=0")
    ingest(server, make_file(dice, "c", 2000)[0], "fileName=unpublished.csv")
    if failed["status"] != "Failed":
        trouble.append(f"the job with too many rejects is {failed['status']}")
    if options.seed % 2:
        # Asked for when the job has ended: all of its rows are due then.
        ingest(server, text, "publish=no")
    job, last = ingest(server, text, "publish=yes")
    if last["processedRecordsCount"] != options.rows or not last["publish"]:
        trouble.append(f"the job says {last}")
    wanted = list(repairs.items())[:REPAIRS]
    counted = run_kills(server, job, wanted, options.kills, trouble)
    for _ in range(20):
        if not (left := left_of(server, job, wanted)):
            break
        repair(server, job, left[:REPAIRS_AT_ONCE], trouble)
    if left_of(server, job, wanted):
        trouble.append("some rejects could not be repaired")
    await_all_published(server)
    shown = shown_rows(server, job)
    messages = read_topic(servers, topics["rows"])
    wrong, repeated = check(messages, shown, job)
    if len(shown) != options.rows + len(wanted) or not wanted:
        trouble.append(f"readers see {len(shown)} rows, not {options.rows} and {len(wanted)} repaired ones")
    if counted < options.kills:
        trouble.append(f"only {counted} of {options.kills} kills hit rows on their way")
    passed = figure(server, "dossier_rows_passed_over_total")
    if passed:
        trouble.append(f"{passed:.0f} chunks were passed over")
    return trouble + wrong, (f"{counted} kills while rows were on their way, {len(shown)} rows, {len(wanted)} of them "
                             f"repaired, {repeated} sent again, seed {options.seed}")


def main(arguments):
    options = parse(__doc__, arguments, kills=10, rows=50000, seed=random.randrange(1 << 30))
    # Few rows at once, so that there is time to kill it.
    settings = {"kafka.rows_in_flight_max": 100, "ingestion.chunk_threshold_bytes": 262144,
                "ingestion.chunk_bytes": 131072}
    return conduct(options, functools.partial(prove, options), settings)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
