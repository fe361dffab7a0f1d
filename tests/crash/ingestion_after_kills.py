#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Kills the server with -9 while it ingests files, again and again, then compares what came of each, byte by byte.

The files are made here, and so is what each of their records must become: rows and rejects must be the same, each
once, in order; the job must count them; and sending the file again must find the same job. Chunks are small, so that
a job is hundreds of commits. A kill counts if its job's own history says that the job was open then; files follow
until enough kills have counted, some of them while a file was split and some among the last chunks of one.
"""

import argparse
import collections
import csv
import datetime
import hashlib
import http.client
import io
import json
import os
import random
import secrets
import shutil
import subprocess
import sys
import tempfile
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
from dossier_process import Broken, Server, ServerFailed  # noqa: E402  pylint: disable=wrong-import-position

HEADER = "caller_id,recipient,call_date,end_time,duration,cost,reference,currency\r\n"
ENDED = ("Succeeded", "PartiallySucceeded", "Failed", "Cancelled")
# A job with no more chunks than this to finish is finishing.
LAST_CHUNKS = 4
# What must be hit, each at least once, if there are some kills for each.
WANTED_HITS = ("Chunking", "Processing", "finishing")
FILES_MAX_EACH_KILL = 2
# Where a job stands behind an event; None: it has ended.
STATUS_AFTER = {"JobAcceptedEvent": "Accepted", "JobStartedEvent": "Chunking", "JobChunkedEvent": "ChunksQueued",
                "JobChunkStartedEvent": "Processing", "JobFinishedEvent": None, "JobFailedEvent": None}


class Expected:
    """What the file must become, as digests of what the server is to answer."""

    def __init__(self):
        self.rows, self.rejects = 0, 0
        self.row_lines, self.reject_facts = hashlib.sha256(), hashlib.sha256()
        self.number, self.line, self.offset = 0, 2, len(HEADER)
        self.repairs, self.repaired_lines = {}, hashlib.sha256()  # Texts that make rows of rejects; all rows then.
        self.references = []  # Keys of some rows.

    def record(self, text, values=None, kind=None, repair=None):
        """One record, with its line end: a row of these values, a reject of this kind, or an empty line. A reject
        becomes a row of the values when its text becomes that of `repair`."""
        self.number += 1
        line = f'{{"row":{self.number},"offset":{self.offset},"values":{{{values}}}}}\n'.encode()
        if values is not None:
            self.repaired_lines.update(line)
        if kind is None and values is not None:
            self.rows += 1
            self.row_lines.update(line)
        elif kind is not None:
            self.repairs[self.number] = repair
            self.rejects += 1
            self.reject_facts.update(fact(self.number, self.line, self.offset, kind, text.rstrip("\r\n")))
        self.line += text.count("\n")
        self.offset += len(text.encode())


def fact(*parts):
    return ("|".join(map(str, parts)) + "\n").encode()


def quoted(text):
    return json.dumps(text, ensure_ascii=False)


def values_of(caller, recipient, day, month, duration, cost, reference):
    return (f'"caller_id":{quoted(caller)},"recipient":{quoted(recipient) if recipient is not None else "null"},'
            f'"call_date":"2024-{month:02d}-{day:02d}","end_time":"23:59:07","duration":{duration},'
            f'"cost":{cost},"reference":{quoted(reference)},"currency":"GBP"')


def add_record(dice, seed, index, expected):
    """Makes one record and says what it must become."""
    reference, kind = f"R{seed}-{index:09d}", dice.random()
    day, month = 1 + index % 28, 1 + index % 12
    duration, cost = dice.randrange(10000), f"{dice.randrange(90)}.{dice.randrange(1000):03d}"
    if kind < 0.002:
        text = dice.choice(("\n", "\r\n"))
        expected.record(text)
    elif kind < 0.006:
        text = f"44{index},45,31/02/2024,23:59:07,{duration},{cost},{reference},GBP\n"
        expected.record(text, values_of(f"44{index}", "45", 28, 2, duration, cost, reference), "cast",
                        text.replace("31/02", "28/02"))
    elif kind < 0.008:
        text = f"44{index},é,{reference}\r\n"
        expected.record(text, values_of(f"44{index}", "é", 1, 3, 5, cost, reference), "missing-columns",
                        f"44{index},é,01/03/2024,23:59:07,5,{cost},{reference},GBP")
    elif kind < 0.012 and index > 0:
        # The key of an earlier record: that one stays, whatever chunk it is in, if it became a row.
        earlier = dice.choice(expected.references) if expected.references else None
        text = f"44{index},,{day:02d}/{month:02d}/2024,23:59:07,{duration},{cost},{earlier or reference},GBP\n"
        expected.record(text, values_of(f"44{index}", None, day, month, duration, cost, reference),
                        "duplicate-key" if earlier else None,
                        text.replace(f",{earlier},", f",{reference},"))
    elif kind < 0.1:
        text = (f'"4 ""{index}""","4\r\n, 5é",{day:02d}/{month:02d}/2024,23:59:07,{duration},{cost},{reference},GBP'
                + dice.choice(("\n", "\r\n")))
        expected.record(text, values_of(f'4 "{index}"', "4\r\n, 5é", day, month, duration, cost, reference))
        expected.references.append(reference)
    else:
        text = f"44{index},,{day:02d}/{month:02d}/2024,23:59:07,{duration},{cost},{reference},GBP\n"
        expected.record(text, values_of(f"44{index}", None, day, month, duration, cost, reference))
    return text


def make_file(path, size_bytes, seed):
    dice, expected = random.Random(seed), Expected()
    with open(path, "w", encoding="utf-8", newline="") as file:
        file.write(HEADER)
        index = 0
        while expected.offset < size_bytes:
            file.write(add_record(dice, seed, index, expected))
            index += 1
    return expected


def settings_for(size_bytes):
    """Some thousand chunks, and no fewer attempts at one than there may be kills."""
    chunk_bytes = max(8192, size_bytes // 1024)
    return {"kafka.enabled": "false", "ingestion.chunk_bytes": chunk_bytes,
            "ingestion.chunk_threshold_bytes": chunk_bytes, "ingestion.interruptions_max": 1000}


def send(server, path):
    """Sends the whole file; None if the server was killed meanwhile."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=120)
    try:
        with open(path, "rb") as file:
            connection.request("POST", "/api/cdr/upload-large?customerId=acme&fileName=calls.csv", body=file, headers={
                "x-functions-key": server.admin_key, "content-length": str(os.path.getsize(path))})
        answer = connection.getresponse()
        body = answer.read()
        if answer.status != 202:
            raise RuntimeError(f"the upload was answered {answer.status} {body[:300]}")
        return json.loads(body)["correlationId"]
    finally:
        connection.close()


def ask_status(client, job):
    answer = client.ask("GET", f"/api/jobstatus/{job}")
    if answer.status != 200:
        raise RuntimeError(answer.said())
    return answer.json()


def ask(server, path):
    client = server.client()
    try:
        answer = client.ask("GET", path)
        if answer.status != 200:
            raise RuntimeError(f"{path} was answered {answer.said()}")
        return answer.json()
    finally:
        client.close()


def lines_of(server, path):
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=120)
    try:
        connection.request("GET", path, headers={"x-functions-key": server.admin_key})
        answer = connection.getresponse()
        if answer.status != 200:
            raise RuntimeError(f"{path} was answered {answer.status} {answer.read()[:300]}")
        yield from answer
    finally:
        connection.close()


class Killer:
    """Kills and restarts the server at moments of one job. `killed_at` are the moments, by the server's clock."""

    def __init__(self, server, dice, deadline):
        self.server, self.dice, self.deadline = server, dice, deadline
        self.killed_at, self.left = [], 0

    def kill(self):
        self.server.kill()
        self.killed_at.append(time.time())

    def at_split(self, job):
        """As soon as the file is seen to be split, or a little later."""
        last = self.await_job(job, lambda last: last["status"] != "Accepted", pause_s=0)
        time.sleep(self.dice.choice((0, 0, self.dice.random() * 0.02)))
        return self.kill_open(last)

    def at_start(self, _):
        """Twice: whenever it is, and while it takes up again what that left; it may not be ready yet then."""
        self.kill()
        self.server.launch()
        time.sleep(self.dice.random() * 0.2)
        return self.kill_open(None)

    def midway(self, job):
        """At a chance chunk, so far on that the kills that are left find chunks, too."""
        last = self.await_job(job, lambda last: last["totalChunks"] > 0)
        left = last["totalChunks"] - last["processedChunks"]
        reached = last["processedChunks"] + left * 2 * self.dice.random() / (self.left + 1)
        return self.kill_open(self.await_job(job, lambda last: last["processedChunks"] >= reached))

    def at_end(self, job):
        """Among its last chunks."""
        left = 1 + self.dice.randrange(LAST_CHUNKS)
        last = self.await_job(
            job, lambda last: last["totalChunks"] > 0 and last["processedChunks"] + left >= last["totalChunks"],
            pause_s=0)
        return self.kill_open(last)

    def kill_open(self, last):
        """Kills it unless the job is known to have ended; whether it did."""
        if last is not None and last["status"] in ENDED:
            return False
        self.kill()
        self.server.start()
        return True

    def await_job(self, job, is_reached, pause_s=0.003):
        """The job's status as soon as it is so, or has ended."""
        client, last = self.server.client(), None
        try:
            while time.monotonic() < self.deadline:
                last = ask_status(client, job)
                if last["status"] in ENDED or is_reached(last):
                    return last
                time.sleep(pause_s)
            raise RuntimeError(f"the job does not go on: {json.dumps(last)}")
        finally:
            client.close()

    def until_ended(self, job, aims):
        """Kills it as often and so, unless the job ends before; returns how it ended."""
        for done, aim in enumerate(aims):
            self.left = len(aims) - done
            if not aim(self, job):
                break
        return self.await_job(job, lambda _: False)


def aims_for(dice, kills, missing):
    """What to aim at in one file, in the order in which it comes by: what nothing hit yet, and anything else."""
    aims = [Killer.at_split] if "Chunking" in missing or kills > len(missing) else []
    ends = [Killer.at_end] if "finishing" in missing or kills > len(missing) + 1 else []
    between = kills - len(aims) - len(ends)
    return aims + [dice.choice((Killer.at_start, Killer.midway, Killer.midway)) for _ in range(between)] + ends


def hits_of(server, job, killed_at):
    """What each kill hit, as the job's history has it: where the job stood, or None if it had ended."""
    events, after = [], 0
    while after is not None:
        page = ask(server, f"/api/jobs/{job}/events?limit=1000&after={after}")
        events += page["items"]
        after = page["nextAfter"]
    hits, status, chunks, finished, at = [], None, 0, 0, 0
    for moment in killed_at:
        while at < len(events) and moment_of(events[at]["time"]) <= moment:
            kind, data = events[at]["type"], events[at]["data"]
            at += 1
            if kind == "JobChunkedEvent":
                chunks = len(data["chunks"])
            finished += kind == "JobChunkFinishedEvent"
            status = STATUS_AFTER.get(kind, status)
            if status == "Processing" and chunks - finished <= LAST_CHUNKS:
                status = "finishing"
        hits.append(status)
    return hits


def moment_of(text):
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()


def differences(server, job, last, expected):
    """Everything that is not as it must be, a sentence each."""
    found = []
    wanted = (expected.rows, expected.rejects)
    counted = (last["processedRecordsCount"], last["failedRecordsCount"])
    if last["status"] != "PartiallySucceeded" or counted != wanted:
        found.append(f"the job says {last['status']} {counted}, not PartiallySucceeded {wanted}: {last['error']}")
    rows, rejects = hashlib.sha256(), hashlib.sha256()
    row_count = reject_count = 0
    for line in lines_of(server, f"/api/jobs/{job}/records?format=ndjson"):
        rows.update(line)
        row_count += 1
    for line in lines_of(server, f"/api/jobs/{job}/rejects?format=ndjson"):
        r = json.loads(line)
        rejects.update(fact(r["row"], r["line"], r["offset"], r["kind"], r["text"]))
        reject_count += 1
    if row_count != expected.rows or rows.digest() != expected.row_lines.digest():
        found.append(f"{row_count} rows are not the {expected.rows} that the file has")
    if reject_count != expected.rejects or rejects.digest() != expected.reject_facts.digest():
        found.append(f"{reject_count} rejects are not the {expected.rejects} that the file has")
    return found


def rejects_of(server, job):
    return [json.loads(line)["row"] for line in lines_of(server, f"/api/jobs/{job}/rejects?format=ndjson")]


def send_repairs(server, job, texts):
    """Sends the corrected texts of these rows; what came of it, or None if the server was killed meanwhile."""
    out = io.StringIO()
    csv.writer(out).writerows([("row", "text"), *texts])
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
    try:
        connection.request("POST", f"/api/jobs/{job}/rejects/repair", body=out.getvalue().encode(),
                           headers={"x-functions-key": server.admin_key, "content-type": "text/csv"})
        answer = connection.getresponse()
        body = answer.read()
    except (OSError, http.client.HTTPException):
        return None
    finally:
        connection.close()
    if answer.status != 200:
        raise RuntimeError(f"repairs were answered {answer.status} {body[:300]}")
    return json.loads(body)


def repair_under_kills(killer, job, expected, kills):
    """Repairs all rejects, some at a time, and kills the server while it does; how many kills came before the
    answer."""
    hits, dice = 0, killer.dice
    while time.monotonic() < killer.deadline:
        left = rejects_of(killer.server, job)
        if not left:
            return hits
        count = 1 + dice.randrange(1 + len(left) // (2 if hits >= kills else 8))
        some = sorted(dice.sample(left, min(len(left), count)))
        texts, came = [(number, expected.repairs[number]) for number in some], []
        sender = threading.Thread(target=lambda t=texts, c=came: c.append(send_repairs(killer.server, job, t)))
        sender.start()
        if hits < kills:
            time.sleep(dice.random() * 0.05)
            killer.server.kill()
            sender.join()
            hits += came == [None]
            killer.server.start()
        sender.join()
        if came and came[0] and came[0]["refused"]:
            raise RuntimeError(f"repairs were refused: {json.dumps(came[0]['items'][:3])}")
    raise RuntimeError("the rejects could not be repaired in time")


def repaired_differences(server, job, expected):
    """Everything that is not as it must be when every reject was repaired."""
    last = ask(server, f"/api/jobstatus/{job}")
    rows = hashlib.sha256()
    for line in lines_of(server, f"/api/jobs/{job}/records?format=ndjson"):
        rows.update(line)
    found = []
    if last["status"] != "Succeeded" or last["processedRecordsCount"] != expected.rows + expected.rejects:
        found.append(f"the repaired job says {last['status']} {last['processedRecordsCount']}")
    if rows.digest() != expected.repaired_lines.digest():
        found.append("the rows are not what the repaired file has")
    return found


def tell_dossier(server, path, *options):
    """`dossier ingest` of a file: its exit status and what it says."""
    done = subprocess.run([server.binary, "ingest", path, *options, "--server", f"http://127.0.0.1:{server.port}"],
                          env={**os.environ, "DOSSIER_KEY": server.admin_key}, capture_output=True, text=True,
                          timeout=120, check=False)
    return done.returncode, done.stdout + done.stderr


def command_line_differences(server, work, seed):
    """What is wrong with how the command line tells of a file with rejects, of one without, and of a useless one."""
    path = os.path.join(work, "told.csv")
    expected = make_file(path, 1 << 18, -seed - 1)  # No other file has its keys.
    with open(path, encoding="utf-8", newline="") as file:
        records = file.read().splitlines(keepends=True)
    found = []
    good = [x for x in records[1:] if x.startswith("44") and "/2024," in x and ",31/02/" not in x][:9]
    good = [x.replace(",R", ",G") for x in good]
    for text, status, said in (
            (None, 1, ("PartiallySucceeded", f"rows      {expected.rows:,}\n", f"rejects   {expected.rejects:,}\n")),
            (HEADER + "".join(good), 0, ("Succeeded", f"rows      {len(good)}\n", "rejects   0\n")),
            ("caller_id,recipient\r\n1,2\r\n", 2, ("Failed", "the header lacks", "rows      0\n"))):
        if text is not None:
            with open(path, "w", encoding="utf-8", newline="") as file:
                file.write(text)
        got, summary = tell_dossier(server, path)
        if got != status or not all(words in summary for words in said):
            found.append(f"dossier ingest ended with {got}, not {status}, and does not say all of {said}:\n{summary}")
    with open(path, "w", encoding="latin-1", newline="") as file:
        file.write(good[0].replace(",G", ",L").replace("44", "é", 1).replace(",", ";"))
    got, summary = tell_dossier(server, path, "--encoding", "latin-1", "--delimiter", ";", "--header", "no")
    if got != 0:
        found.append(f"dossier ingest of a Latin-1 file ended with {got}:\n{summary}")
    return found


def ingest_under_kills(arguments, server, work, seed, kills, missing, deadline):
    """One file with some `kills`: what these hit, and what is wrong. A kill that met no open job is None."""
    path = os.path.join(work, "calls.csv")
    expected = make_file(path, arguments.mib << 20, seed)
    job = send(server, path)
    dice = random.Random(seed)
    killer = Killer(server, dice, deadline)
    last = killer.until_ended(job, aims_for(dice, kills, missing))
    hits = hits_of(server, job, killer.killed_at)
    found = differences(server, job, last, expected)
    repairing = repair_under_kills(killer, job, expected, max(1, kills // 3))
    found += repaired_differences(server, job, expected)
    again = send(server, path)
    if again != job:
        found.append(f"the same file again is the job {again}, not {job}")
    said = collections.Counter("no open job" if hit is None else hit for hit in hits)
    print(f"seed {seed}: {expected.rows} rows, {expected.rejects} rejects, {last['totalChunks']} chunks, "
          f"{len(hits)} kills {dict(said)}: {last['status']}; {repairing} while it was repaired", flush=True)
    return hits, [f"seed {seed}: {sentence}" for sentence in found]


def run(arguments, work):
    first = arguments.seed if arguments.seed is not None else random.randrange(1 << 30)
    deadline = time.monotonic() + arguments.seconds_max
    print(f"first seed {first}", flush=True)
    server = Server(arguments.binary, os.path.join(work, "data"), os.path.join(work, "log"), secrets.token_hex(16),
                    settings_for(arguments.mib << 20))
    server.start()
    hits, found = collections.Counter(), []
    phases = WANTED_HITS if arguments.kills >= len(WANTED_HITS) else ()
    try:
        for seed in range(first, first + FILES_MAX_EACH_KILL * arguments.kills):
            missing = [phase for phase in phases if not hits[phase]]
            left = max(arguments.kills - hits.total(), len(missing))
            if left == 0 or found:
                break
            of_file, found = ingest_under_kills(arguments, server, work, seed, left, missing, deadline)
            hits.update(hit for hit in of_file if hit is not None)
        found += command_line_differences(server, work, first)
        missing = [phase for phase in phases if not hits[phase]]
        if hits.total() < arguments.kills or missing:
            found.append(f"wanted were {arguments.kills}, among them some for each of {phases}")
        if server.stop() != 0:
            found.append("the server did not stop by itself")
        status, said = server.verify()
        if status != 0:
            found.append(f"verify: {said}")
        print(f"{hits.total()} kills hit an open job: {dict(hits)}")
        for sentence in found:
            print(f"  {sentence}")
        return 1 if found else 0
    finally:
        server.kill()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--binary", required=True)
    parser.add_argument("--kills", type=int, default=10, help="how many must hit an open job")
    parser.add_argument("--mib", type=int, default=6, help="size of each file")
    parser.add_argument("--seconds-max", type=float, default=600)
    parser.add_argument("--seed", type=int)
    arguments = parser.parse_args()
    work = tempfile.mkdtemp(prefix="dossier-ingestion-")
    try:
        return run(arguments, work)
    except (OSError, Broken, ServerFailed, RuntimeError) as why:
        print(f"failed: {why}")
        return 1
    finally:
        shutil.rmtree(work, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
