#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Kills the server with -9 while it records and publishes, again and again, then reads the topic with kcat.

Every event of every document must be on the topic; whoever drops repeated ids must see each document's events
in order without a gap; everything that was acknowledged must be among them; nothing may be left in the outbox.
The broker is the development broker in a process of its own, or with --servers a real one.
"""

import argparse
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

SHARDS = 64
WRITERS = 4


class Writer(threading.Thread):
    """Creates documents and changes them; remembers the last acknowledged version of each."""

    def __init__(self, server, number, acknowledged, lock):
        super().__init__(daemon=True)
        self.server, self.number = server, number
        self.acknowledged, self.lock = acknowledged, lock
        self.trouble = None

    def run(self):
        client = self.server.client()
        try:
            while True:
                self.live(client)
        except (OSError, Broken):
            pass  # The server was killed.
        except Exception as why:  # pylint: disable=broad-except
            self.trouble = f"{type(why).__name__}: {why}"
        finally:
            client.close()

    def live(self, client):
        customer = f"customer-{self.number}-{random.randrange(50)}"
        made = client.ask("POST", f"/api/customers/{customer}/documents", {"documentType": "t", "fileName": "f"})
        if made.status != 201:
            raise RuntimeError(made.said())
        ident = made.json()["documentId"]
        self.note(ident, 1)
        for version in range(2, random.randrange(2, 6)):
            changed = client.ask("PATCH", f"/api/documents/{ident}", {"fileName": f"f{version}"}, {"If-Match": "*"})
            if changed.status != 200:
                raise RuntimeError(changed.said())
            self.note(ident, version)

    def note(self, ident, version):
        with self.lock:
            self.acknowledged[ident] = version


def parse(arguments):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--binary", required=True, help="the dossier to kill")
    parser.add_argument("--broker", help="the development broker as a program")
    parser.add_argument("--servers", help="bootstrap servers of a real Kafka instead")
    parser.add_argument("--kills", type=int, default=5)
    options = parser.parse_args(arguments)
    if bool(options.broker) == bool(options.servers):
        parser.error("give either --broker or --servers")
    return options


def await_empty_outbox(server, timeout_s=60):
    deadline = time.monotonic() + timeout_s
    while (rows := server.metrics()["dossier_outbox_rows"]) > 0:
        if time.monotonic() > deadline:
            raise ServerFailed(f"{rows:.0f} events are still in the outbox after {timeout_s} s")
        time.sleep(0.05)


def read_topic(servers, topic):
    """[(partition, entity, event id, sequence)] in the order of each partition."""
    run = subprocess.run(["kcat", "-b", servers, "-t", topic, "-C", "-e", "-q", "-J"], capture_output=True, text=True,
                         timeout=120, check=True)
    found = []
    for line in run.stdout.splitlines():
        message = json.loads(line)
        flat = message["headers"]
        headers = dict(zip(flat[::2], flat[1::2]))
        found.append((message["partition"], message["key"], headers["ce_id"], int(headers["ce_sequence"])))
    return found


def check(messages, acknowledged):
    """What is wrong, in sentences."""
    wrong, known, heard, places = [], set(), {}, {}
    for partition, entity, ident, sequence in messages:
        if places.setdefault(entity, partition) != partition:
            wrong.append(f"{entity} is in partitions {places[entity]} and {partition}")
        if ident != f"{entity}-{sequence}":
            wrong.append(f"event {ident} says that it is number {sequence} of {entity}")
        if ident in known:
            continue
        known.add(ident)
        if sequence != heard.get(entity, 0) + 1:
            wrong.append(f"event {sequence} of {entity} follows {heard.get(entity, 0)}")
        heard[entity] = sequence
    if not acknowledged:
        wrong.append("nothing was acknowledged, so nothing was proved")
    for entity, version in acknowledged.items():
        if heard.get(entity, 0) < version:
            wrong.append(f"{entity} was acknowledged up to {version} and heard up to {heard.get(entity, 0)}")
    return wrong, len(known)


def run_lives(server, kills, acknowledged):
    """Returns what writers could not understand."""
    lock, trouble = threading.Lock(), []
    for number in range(kills):
        server.start()
        writers = [Writer(server, n, acknowledged, lock) for n in range(WRITERS)]
        for writer in writers:
            writer.start()
        time.sleep(random.uniform(0.1, 1.5))
        server.check_alive()
        server.kill()
        for writer in writers:
            writer.join(30)
            trouble += [f"life {number}: {writer.trouble}"] if writer.trouble else []
    return trouble


def main(arguments):
    options = parse(arguments)
    if not shutil.which("kcat"):
        sys.exit("kcat is missing: ./dev install test")
    work = tempfile.mkdtemp(prefix="dossier-kafka-")
    mark = secrets.token_hex(4)
    topic = f"dossier.kills.{mark}"
    # Not of interest here, but the server wants to have them, with a partition for each shard.
    others = {name: f"dossier.kills.{name}.{mark}" for name in ("ingestion", "commands", "replies", "dead_letters")}
    broker = None
    servers = options.servers
    if options.broker:
        wanted = [x for name in (topic, *others.values()) for x in (name, str(SHARDS))]
        broker = subprocess.Popen([options.broker, *wanted], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        servers = broker.stdout.readline().strip()
    server = Server(options.binary, os.path.join(work, "data"), os.path.join(work, "log"),
                    "dsk_" + secrets.token_urlsafe(32),
                    {"kafka.bootstrap_servers": servers, "kafka.documents_topic": topic, "storage.shards": SHARDS,
                     **{f"kafka.{name}_topic": other for name, other in others.items()}})
    acknowledged = {}
    try:
        wrong = run_lives(server, options.kills, acknowledged)
        server.start()
        await_empty_outbox(server)
        messages = read_topic(servers, topic)
        more, events = check(messages, acknowledged)
        wrong += more
        status = server.stop()
        if status != 0:
            wrong.append(f"SIGTERM ended it with {status}")
    finally:
        server.kill()
        if broker:
            broker.communicate("")
    print(f"{options.kills} kills, {len(acknowledged)} documents, {events} events, "
          f"{len(messages) - events} sent again, {len(wrong)} violations")
    for sentence in wrong[:20]:
        print(f"  {sentence}")
    if wrong:
        print(f"the data is kept in {work}")
        return 1
    shutil.rmtree(work)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
