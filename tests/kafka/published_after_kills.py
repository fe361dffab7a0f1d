#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Kills the server with -9 while it records and publishes, again and again, then reads the topic with kcat.

Every event of every document must be on the topic; whoever drops repeated ids must see each document's events
in order without a gap; everything that was acknowledged must be among them; nothing may be left in the outbox.
The broker is the development broker in a process of its own, or with --servers a real one.
"""

import functools
import random
import sys
import threading
import time

from kill_proof import conduct, parse, read_topic
from dossier_process import Broken, ServerFailed  # kill_proof knows the way.  pylint: disable=wrong-import-order

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


def await_empty_outbox(server, timeout_s=60):
    deadline = time.monotonic() + timeout_s
    while (rows := server.metrics()["dossier_outbox_rows"]) > 0:
        if time.monotonic() > deadline:
            raise ServerFailed(f"{rows:.0f} events are still in the outbox after {timeout_s} s")
        time.sleep(0.05)


def check(messages, acknowledged):
    """What is wrong, in sentences."""
    wrong, known, heard, places = [], set(), {}, {}
    for message in messages:
        partition, entity, ident = message["partition"], message["key"], message["headers"]["ce_id"]
        sequence = int(message["headers"]["ce_sequence"])
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


def prove(options, server, servers, topics, _work):
    """(what is wrong, what was done in one sentence)."""
    acknowledged = {}
    wrong = run_lives(server, options.kills, acknowledged)
    server.start()
    await_empty_outbox(server)
    messages = read_topic(servers, topics["documents"])
    more, events = check(messages, acknowledged)
    return wrong + more, (f"{options.kills} kills, {len(acknowledged)} documents, {events} events, "
                          f"{len(messages) - events} sent again")


def main(arguments):
    options = parse(__doc__, arguments, kills=5)
    return conduct(options, functools.partial(prove, options))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
