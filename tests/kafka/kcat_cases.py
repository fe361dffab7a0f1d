#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The simplest of what clients.py tries, with nothing but kcat: an event is heard, a command in each mode has its
effect and is answered, a message that is none comes to the dead letters. Against the development broker inside
the server, as somebody does who just wants to see it, or with --servers against a real one."""

import argparse
import json
import os
import re
import secrets
import subprocess
import sys
import tempfile
import time
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
from dossier_process import Server  # noqa: E402  pylint: disable=wrong-import-position

HEARD_S_MAX = 30
_BROKER = re.compile(r"^Events: (\S+)", re.MULTILINE)


def parse(arguments):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--binary", required=True, help="the dossier to talk to")
    parser.add_argument("--servers", help="bootstrap servers of a real Kafka")
    return parser.parse_args(arguments)


class Cases(unittest.TestCase):
    options = None

    @classmethod
    def setUpClass(cls):
        cls.work = tempfile.TemporaryDirectory(prefix="dossier-kcat-")
        mark = "." + secrets.token_hex(4) if cls.options.servers else ""
        cls.documents, cls.commands = f"dossier.documents.v1{mark}", f"dossier.commands.v1{mark}"
        cls.replies, cls.letters = f"dossier.replies.v1{mark}", f"dossier.dlq.v1{mark}"
        settings = {"kafka.documents_topic": cls.documents, "kafka.commands_topic": cls.commands,
                    "kafka.replies_topic": cls.replies, "kafka.dead_letters_topic": cls.letters,
                    "kafka.ingestion_topic": f"dossier.ingestion.v1{mark}"}
        if cls.options.servers:
            settings["kafka.bootstrap_servers"] = cls.options.servers
        cls.server = Server(cls.options.binary, os.path.join(cls.work.name, "data"),
                            os.path.join(cls.work.name, "log"), "dsk_" + secrets.token_urlsafe(32), settings)
        cls.server.start()
        cls.servers = cls.options.servers or _BROKER.search(cls.server.log_tail(1 << 20)).group(1)

    @classmethod
    def tearDownClass(cls):
        cls.server.kill()
        cls.work.cleanup()

    def hear(self, topic, holds):
        """The first such message; kcat reads the topic again and again until it is there. Some headers of dead
        letters are numbers and no text."""
        deadline = time.monotonic() + HEARD_S_MAX
        while time.monotonic() < deadline:
            run = subprocess.run(["kcat", "-b", self.servers, "-t", topic, "-C", "-e", "-q", "-J"],
                                 capture_output=True, text=True, errors="replace", timeout=60, check=False)
            for line in run.stdout.splitlines():
                message = json.loads(line)
                flat = message.get("headers", [])
                message["headers"] = dict(zip(flat[::2], flat[1::2]))
                if holds(message):
                    return message
            time.sleep(0.2)
        raise AssertionError(f"no such message came on {topic} within {HEARD_S_MAX} s: {run.stderr}")

    def send(self, key, value, headers):
        arguments = ["kcat", "-b", self.servers, "-t", self.commands, "-P", "-q", "-k", key]
        for name, text in headers.items():
            arguments += ["-H", f"{name}={text}"]
        subprocess.run(arguments, input=value, text=True, timeout=60, check=True)

    def answer(self, ident):
        reply = self.hear(self.replies, lambda m: m["headers"].get("ce_causationid") == ident)
        return reply["headers"]["ce_type"], json.loads(reply["payload"])

    def document(self, ident):
        client = self.server.client()
        answer = client.ask("GET", f"/api/documents/{ident}")
        client.close()
        self.assertEqual(answer.status, 200, answer.said())
        return answer.json()

    def test_an_event_is_heard(self):
        client = self.server.client()
        made = client.ask("POST", "/api/customers/kcat/documents", {"documentType": "t", "fileName": "f"}).json()
        client.close()
        heard = self.hear(self.documents, lambda m: m["key"] == made["documentId"])
        self.assertEqual(heard["headers"]["ce_id"], made["documentId"] + "-1")
        self.assertEqual(heard["headers"]["ce_type"], "CustomerDocumentCreatedEvent")
        self.assertEqual(json.loads(heard["payload"])["customerId"], "kcat")

    def test_a_command_in_binary_mode_has_its_effect(self):
        ident = secrets.token_hex(8)
        self.send("kcat", json.dumps({"customerId": "kcat", "documentType": "t", "fileName": ident}),
                  {"ce_specversion": "1.0", "ce_id": ident, "ce_source": "/kcat",
                   "ce_type": "dossier.document.create", "content-type": "application/json"})
        kind, data = self.answer(ident)
        self.assertEqual(kind, "dossier.command.done", data)
        self.assertEqual(self.document(data["documentId"])["fileName"], ident)

    def test_a_command_in_structured_mode_has_its_effect(self):
        ident = secrets.token_hex(8)
        self.send("kcat", json.dumps({"specversion": "1.0", "id": ident, "source": "/kcat",
                                      "type": "dossier.document.create",
                                      "data": {"customerId": "kcat", "documentType": "t", "fileName": ident}}),
                  {"content-type": "application/cloudevents+json; charset=utf-8"})
        kind, data = self.answer(ident)
        self.assertEqual(kind, "dossier.command.done", data)
        self.assertEqual(self.document(data["documentId"])["fileName"], ident)

    def test_a_message_that_is_no_command_comes_to_the_dead_letters(self):
        value = "no command " + secrets.token_hex(8)
        self.send("kcat", value, {})
        letter = self.hear(self.letters, lambda m: m["payload"] == value)
        self.assertEqual(letter["key"], "kcat")
        self.assertEqual(letter["headers"]["__connect.errors.topic"], self.commands)


if __name__ == "__main__":
    Cases.options = parse(sys.argv[1:])
    unittest.main(argv=sys.argv[:1], verbosity=2)
