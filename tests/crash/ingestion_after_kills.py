#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Kills the server with -9 while it ingests a file, again and again, then compares what came of it, byte by byte.

The file is made here, and so is what each of its records must become: rows and rejects must be the same, each
once, in order; the job must count them; and sending the file again must find the same job.
"""

import argparse
import hashlib
import http.client
import json
import os
import random
import secrets
import shutil
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
from dossier_process import Broken, Server, ServerFailed  # noqa: E402  pylint: disable=wrong-import-position

HEADER = "caller_id,recipient,call_date,end_time,duration,cost,reference,currency\r\n"
ENDED = ("Succeeded", "PartiallySucceeded", "Failed", "Cancelled")
SMALL = {"ingestion.chunk_threshold_bytes": 262144, "ingestion.chunk_bytes": 65536}


class Expected:
    """What the file must become, as digests of what the server is to answer."""

    def __init__(self):
        self.rows, self.rejects = 0, 0
        self.row_lines, self.reject_facts = hashlib.sha256(), hashlib.sha256()
        self.number, self.line, self.offset = 0, 2, len(HEADER)

    def record(self, text, values=None, kind=None):
        """One record, with its line end: a row of these values, a reject of this kind, or an empty line."""
        self.number += 1
        if values is not None:
            self.rows += 1
            place = f'{{"row":{self.number},"offset":{self.offset},"values":{{'
            self.row_lines.update((place + values + "}}\n").encode())
        elif kind is not None:
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


def add_record(dice, index, expected):
    """Makes one record and says what it must become."""
    reference, kind = f"R{index:09d}", dice.random()
    day, month = 1 + index % 28, 1 + index % 12
    duration, cost = dice.randrange(10000), f"{dice.randrange(90)}.{dice.randrange(1000):03d}"
    if kind < 0.002:
        text = dice.choice(("\n", "\r\n"))
        expected.record(text)
    elif kind < 0.006:
        text = f"44{index},45,31/02/2024,23:59:07,{duration},{cost},{reference},GBP\n"
        expected.record(text, kind="cast")
    elif kind < 0.008:
        text = f"44{index},é,{reference}\r\n"
        expected.record(text, kind="missing-columns")
    elif kind < 0.1:
        text = (f'"4 ""{index}""","4\r\n, 5é",{day:02d}/{month:02d}/2024,23:59:07,{duration},{cost},{reference},GBP'
                + dice.choice(("\n", "\r\n")))
        expected.record(text, values_of(f'4 "{index}"', "4\r\n, 5é", day, month, duration, cost, reference))
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
            file.write(add_record(dice, index, expected))
            index += 1
    return expected


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


def status_of(server, job):
    client = server.client()
    try:
        answer = client.ask("GET", f"/api/jobstatus/{job}")
        if answer.status != 200:
            raise RuntimeError(answer.said())
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


def kill_until_ended(server, job, kills, dice, deadline):
    """Kills and restarts the server at chance moments; returns how often, and the job's end."""
    killed = 0
    while time.monotonic() < deadline:
        if killed < kills:
            time.sleep(dice.random() * 0.5)
            server.kill()
            killed += 1
            server.start()
        else:
            time.sleep(0.1)
        last = status_of(server, job)
        if last["status"] in ENDED:
            return killed, last
    raise RuntimeError(f"the job does not end: {json.dumps(last)}")


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


def run(arguments, work):
    seed = arguments.seed if arguments.seed is not None else random.randrange(1 << 30)
    dice = random.Random(seed)
    path = os.path.join(work, "calls.csv")
    expected = make_file(path, arguments.mib << 20, seed)
    print(f"seed {seed}: {expected.rows} rows, {expected.rejects} rejects", flush=True)
    settings = {"kafka.enabled": "false", **(SMALL if arguments.mib < 256 else {})}
    server = Server(arguments.binary, os.path.join(work, "data"), os.path.join(work, "log"),
                    secrets.token_hex(16), settings)
    server.start()
    try:
        job = send(server, path)
        killed, last = kill_until_ended(server, job, arguments.kills, dice, time.monotonic() + arguments.seconds_max)
        found = differences(server, job, last, expected)
        again = send(server, path)
        if again != job:
            found.append(f"the same file again is the job {again}, not {job}")
        if server.stop() != 0:
            found.append("the server did not stop by itself")
        status, said = server.verify()
        if status != 0:
            found.append(f"verify: {said}")
        print(f"{killed} kills, {last['totalChunks']} chunks: {last['status']}")
        for sentence in found:
            print(f"  {sentence}")
        return 1 if found else 0
    finally:
        server.kill()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--binary", required=True)
    parser.add_argument("--kills", type=int, default=10)
    parser.add_argument("--mib", type=int, default=8, help="size of the file; below 256 its chunks are small")
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
