#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Kills the server, and with a real Kafka in turns the broker, with -9 while commands come in over Kafka.

kcat sends the commands and, as every careful producer does, sends again what it cannot know to be there. At the
end each command has had its effect exactly once and was answered, each document's events stand on the topic in
order without a gap, no message was given up, the outbox is empty and `dossier verify` finds nothing.
The broker is the development broker in a process of its own, or with --servers a real one. Only the real one that
tests/kafka/broker.sh has started is killed, too.
"""

import collections
import functools
import json
import os
import queue
import random
import secrets
import signal
import socket
import subprocess
import sys
import threading
import time

from kill_proof import conduct, parse, read_topic
from dossier_process import ServerFailed  # kill_proof knows the way.  pylint: disable=wrong-import-order

CUSTOMERS = 50
OLD_DOCUMENTS = 50  # Made over HTTP before the first command; a third of the commands change them.
HERE = os.path.dirname(os.path.abspath(__file__))
BROKER = os.path.join(HERE, "broker.sh")
BROKER_PID = os.path.join(HERE, "..", "..", "build", "kafka", "pid")
SEND_TRIES_MAX = 240
TYPE = "dossier.document."


class Plan:
    """The commands, and what each of them is known by when it has had its effect."""

    def __init__(self, old_documents):
        self.old_documents = old_documents  # [(id, customer)]
        self.sent = {}  # Command id: what its one event must show.
        self._mark = secrets.token_hex(4)

    def next(self):
        """(key, value) of one more command in structured mode."""
        number = len(self.sent)
        ident = f"{self._mark}-{number}"
        if number % 3 == 2:
            document, customer = self.old_documents[number % len(self.old_documents)]
            # A moment of its own, so that each change is one.
            expiry = time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime(4_000_000_000 + number))
            kind, data = "change-expiry", {"documentId": document, "customerId": customer, "expiryDate": expiry}
            self.sent[ident] = ("CustomerDocumentChangedEvent", document, expiry)
        else:
            customer = f"customer-{random.randrange(CUSTOMERS)}"
            kind, data = "create", {"customerId": customer, "documentType": "t", "fileName": ident}
            self.sent[ident] = ("CustomerDocumentCreatedEvent", None, ident)
        return customer, json.dumps({"specversion": "1.0", "id": ident, "source": "/tests/kills", "type": TYPE + kind,
                                     "data": data})


class Sender(threading.Thread):
    """Sends files of commands one after the other, each until kcat says that the broker has all of it."""

    def __init__(self, servers, topic):
        super().__init__(daemon=True)
        self.arguments = ["kcat", "-P", "-q", "-b", servers, "-t", topic, "-K", "\t", "-H",
                          "content-type=application/cloudevents+json", "-X", "topic.partitioner=murmur2_random",
                          "-X", "acks=all", "-X", "message.timeout.ms=30000"]
        self.files, self.again, self.trouble = queue.Queue(), 0, None

    def run(self):
        while (path := self.files.get()) is not None and not self.trouble:
            for _ in range(SEND_TRIES_MAX):
                run = subprocess.run([*self.arguments, "-l", path], capture_output=True, text=True, timeout=120,
                                     check=False)
                if run.returncode == 0 and "failed" not in run.stderr:
                    break
                self.again += 1
                time.sleep(0.5)
            else:
                self.trouble = f"{path} could not be sent: {run.stderr[-300:]}"

    def finish(self, timeout_s):
        self.files.put(None)
        self.join(timeout_s)
        if self.is_alive() or self.trouble:
            raise ServerFailed(f"not all commands could be sent: {self.trouble or 'it takes too long'}")


def is_answering(port):
    try:
        with socket.create_connection(("127.0.0.1", port), 1):
            return True
    except OSError:
        return False


def kill_broker(servers):
    """kill -9, and a start that must find everything again."""
    port = int(servers.rsplit(":", 1)[1])
    with open(BROKER_PID, encoding="ascii") as file:
        os.kill(int(file.read()), signal.SIGKILL)
    # Its ports are free when its last thread is gone. The other one is its controller's.
    deadline = time.monotonic() + 30
    while (is_answering(port) or is_answering(port + 1)) and time.monotonic() < deadline:
        time.sleep(0.02)
    subprocess.run([BROKER, "start"], env={**os.environ, "KAFKA_PORT": str(port)}, check=True,
                   stdout=subprocess.DEVNULL, timeout=180)


def make_old_documents(server):
    client, made = server.client(), []
    for number in range(OLD_DOCUMENTS):
        customer = f"customer-{number % CUSTOMERS}"
        answer = client.ask("POST", f"/api/customers/{customer}/documents", {"documentType": "t", "fileName": "old"})
        if answer.status != 201:
            raise ServerFailed(answer.said())
        made.append((answer.json()["documentId"], customer))
    client.close()
    return made


def is_ours(servers):
    """Whether this is the broker that broker.sh has started, so that killing it harms nobody."""
    run = subprocess.run([BROKER, "running"], capture_output=True, text=True, timeout=60, check=False)
    return run.returncode == 0 and run.stdout.strip() == servers


def await_effects(server, count, timeout_s=30):
    """Until this life of the server has recorded so many events: somewhere amidst the commands."""
    deadline = time.monotonic() + timeout_s
    while server.metrics().get("dossier_commit_events_total", 0) < count:
        server.check_alive()
        if time.monotonic() > deadline:
            raise ServerFailed(f"not even {count} commands had their effect within {timeout_s} s")
        time.sleep(0.002)


def run_lives(options, server, servers, plan, sender, work):
    """How often the broker was killed."""
    each, killed, may_kill = -(-options.commands // options.kills), 0, is_ours(servers)
    for number in range(options.kills):
        path = os.path.join(work, f"commands-{number}")
        with open(path, "w", encoding="utf-8") as file:
            for _ in range(min(each, options.commands - len(plan.sent))):
                file.write("\t".join(plan.next()) + "\n")
        sender.files.put(path)
        await_effects(server, random.randrange(each))
        if may_kill and number % 2:
            kill_broker(servers)
            server.check_alive()
            killed += 1
        else:
            server.kill()
            server.start()
    return killed


def await_answers(server, servers, topics, plan, timeout_s):
    """Until every command has an answer and nothing is left to be told."""
    deadline = time.monotonic() + timeout_s
    while True:
        server.check_alive()
        replies = read_topic(servers, topics["replies"])
        answered = {reply["headers"].get("ce_causationid") for reply in replies}
        waiting = len(plan.sent.keys() - answered)
        rows = server.metrics()["dossier_outbox_rows"]
        if not waiting and not rows:
            return replies
        if time.monotonic() > deadline:
            raise ServerFailed(f"after {timeout_s} s {waiting} commands have no answer and {rows:.0f} rows are in the "
                               f"outbox; its output ends:\n{server.log_tail()}")
        time.sleep(1)


def check_sequences(messages):
    """(what is wrong, the messages without repeated ids)."""
    wrong, once, heard, places = [], {}, {}, {}
    for message in messages:
        entity, ident = message["key"], message["headers"]["ce_id"]
        sequence = int(message["headers"]["ce_sequence"])
        if places.setdefault(entity, message["partition"]) != message["partition"]:
            wrong.append(f"{entity} is in partitions {places[entity]} and {message['partition']}")
        if ident != f"{entity}-{sequence}":
            wrong.append(f"event {ident} says that it is number {sequence} of {entity}")
        if ident in once:
            if once[ident]["payload"] != message["payload"]:
                wrong.append(f"event {ident} is there twice and says different things")
            continue
        once[ident] = message
        if sequence != heard.get(entity, 0) + 1:
            wrong.append(f"event {sequence} of {entity} follows {heard.get(entity, 0)}")
        heard[entity] = sequence
    return wrong, list(once.values())


def check_effects(plan, events):
    """Each command must have exactly one event, and no event may be nobody's."""
    wrong, effects = [], collections.Counter()
    by_effect = {effect: ident for ident, effect in plan.sent.items()}
    made_before = {document for document, _ in plan.old_documents}
    for event in events:
        kind, data = event["headers"]["ce_type"], json.loads(event["payload"])
        if kind == "CustomerDocumentCreatedEvent" and event["key"] in made_before:
            continue
        is_creation = kind == "CustomerDocumentCreatedEvent"
        effect = (kind, None if is_creation else event["key"], data.get("fileName" if is_creation else "expiryDate"))
        if effect not in by_effect:
            wrong.append(f"event {event['headers']['ce_id']} is nobody's: {effect}")
        else:
            effects[by_effect[effect]] += 1
    wrong += [f"command {ident} had {effects[ident]} effects" for ident in plan.sent if effects[ident] != 1]
    return wrong


def check_replies(plan, replies):
    wrong, said = [], {}
    for reply in replies:
        ident, kind = reply["headers"].get("ce_causationid"), reply["headers"].get("ce_type")
        data = json.loads(reply["payload"])
        if ident not in plan.sent:
            wrong.append(f"a reply answers {ident}, which nobody sent")
        elif kind != "dossier.command.done":
            wrong.append(f"command {ident} was answered with {kind}: {reply['payload'][:200]}")
        elif said.setdefault(ident, data["documentId"]) != data["documentId"]:
            wrong.append(f"command {ident} was answered with {said[ident]} and {data['documentId']}")
    return wrong


def prove(options, server, servers, topics, work):
    """(what is wrong, what was done in one sentence)."""
    server.start()
    plan = Plan(make_old_documents(server))
    sender = Sender(servers, topics["commands"])
    sender.start()
    killed = run_lives(options, server, servers, plan, sender, work)
    sender.finish(timeout_s=300)
    replies = await_answers(server, servers, topics, plan, 60 + options.commands / 200)
    messages = read_topic(servers, topics["documents"])
    wrong, events = check_sequences(messages)
    wrong += check_effects(plan, events) + check_replies(plan, replies)
    wrong += [f"a dead letter: {letter['headers']}" for letter in read_topic(servers, topics["dead_letters"])[:3]]
    return wrong, (f"{options.kills} kills ({killed} of the broker), {len(plan.sent)} commands ({sender.again} files "
                   f"of them sent again), {len(events)} events ({len(messages) - len(events)} sent again), "
                   f"{len(replies)} replies")


def main(arguments):
    options = parse(__doc__, arguments, kills=5, commands=3000)
    return conduct(options, functools.partial(prove, options))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
