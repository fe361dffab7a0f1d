# SPDX-License-Identifier: Apache-2.0
"""What the proofs have in common that kill a server which has to do with Kafka: arguments, a broker, topics of their
own on it, a server, what they read with kcat, and how they end."""

import argparse
import json
import os
import secrets
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
from dossier_process import Server  # noqa: E402  pylint: disable=wrong-import-position

SHARDS = 64
COMMAND_PARTITIONS = 8
READ_S_MAX = 300
_NAMED = ("documents", "ingestion", "commands", "replies", "dead_letters")


def parse(about, arguments, **counts):
    """`counts`: what else can be said as a number, and its default."""
    parser = argparse.ArgumentParser(description=about, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--binary", required=True, help="the dossier to kill")
    parser.add_argument("--broker", help="the development broker as a program")
    parser.add_argument("--servers", help="bootstrap servers of a real Kafka instead")
    for name, count in counts.items():
        parser.add_argument(f"--{name}", type=int, default=count)
    options = parser.parse_args(arguments)
    if bool(options.broker) == bool(options.servers):
        parser.error("give either --broker or --servers")
    return options


def read_topic(servers, topic):
    """All messages as kcat's JSON, headers as a dict, in the order of each partition."""
    run = subprocess.run(["kcat", "-b", servers, "-t", topic, "-C", "-e", "-q", "-J"], capture_output=True,
                         timeout=READ_S_MAX, check=True)
    found = []
    for line in run.stdout.decode(errors="replace").splitlines():
        message = json.loads(line)
        flat = message.get("headers", [])
        message["headers"] = dict(zip(flat[::2], flat[1::2]))
        found.append(message)
    return found


def _start_broker(options, topics):
    """(the process or None, bootstrap servers)."""
    if options.servers:
        return None, options.servers
    wanted = [x for name, topic in topics.items()
              for x in (topic, str(COMMAND_PARTITIONS if name == "commands" else SHARDS))]
    broker = subprocess.Popen([options.broker, *wanted], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    return broker, broker.stdout.readline().strip()


def _conclude(server, wrong):
    """What is wrong with how it ends, too."""
    status = server.stop()
    if status != 0:
        wrong.append(f"SIGTERM ended it with {status}")
    status, said = server.verify()
    if status != 0:
        wrong.append(f"dossier verify: {said[-1000:]}")
    return wrong


def conduct(options, prove, settings=None):
    """The exit status. `prove(server, servers, topics, work)` starts the server, returns what is wrong, in sentences,
    and what was done, in one."""
    if not shutil.which("kcat"):
        sys.exit("kcat is missing: ./dev install test")
    work = tempfile.mkdtemp(prefix="dossier-kafka-")
    mark = secrets.token_hex(4)
    topics = {name: f"dossier.kills.{name}.{mark}" for name in _NAMED}
    prefix = f"dossier.kills.rows.{mark}."
    topics["rows"] = prefix + "cdr"
    broker, servers = _start_broker(options, topics)
    server = Server(options.binary, os.path.join(work, "data"), os.path.join(work, "log"),
                    "dsk_" + secrets.token_urlsafe(32),
                    {"kafka.bootstrap_servers": servers, "kafka.rows_topic_prefix": prefix, "storage.shards": SHARDS,
                     **{f"kafka.{name}_topic": topics[name] for name in _NAMED}, **(settings or {})})
    try:
        wrong, done = prove(server, servers, topics, work)
        wrong = _conclude(server, wrong)
    finally:
        server.kill()
        if broker:
            broker.communicate("")
    print(f"{done}, {len(wrong)} violations")
    for sentence in wrong[:20]:
        print(f"  {sentence}")
    if wrong:
        print(f"the data is kept in {work}")
        return 1
    shutil.rmtree(work)
    return 0
