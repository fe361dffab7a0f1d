#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Starts a server and lets clients that are not ours, in Node, hear its events and send it commands.

Once for each mode of CloudEvents, against the development broker inside the server, or with --servers against
a real one. The packages that clients/package-lock.json pins are installed into a folder of the build. Exits with
77 (skipped) where there is no Node or no registry.
"""

import argparse
import json
import os
import re
import secrets
import shutil
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "support"))
from dossier_process import Server  # noqa: E402  pylint: disable=wrong-import-position
from node_packages import Skipped, install_packages, node_environment  # noqa: E402

CLIENTS = os.path.join(HERE, "clients")
SKIPPED = 77
SUITE_S_MAX = 180
_BROKER = re.compile(r"^Events: (\S+)", re.MULTILINE)


def parse(arguments):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--binary", required=True, help="the dossier to talk to")
    parser.add_argument("--packages", required=True, help="a folder for Node's packages, kept for the next time")
    parser.add_argument("--servers", help="bootstrap servers of a real Kafka")
    return parser.parse_args(arguments)


def topics_of(servers):
    """Names of their own on a broker that others use too."""
    mark = "." + secrets.token_hex(4) if servers else ""
    return {"documents": f"dossier.documents.v1{mark}", "ingestion": f"dossier.ingestion.v1{mark}",
            "commands": f"dossier.commands.v1{mark}",
            "replies": f"dossier.replies.v1{mark}", "deadLetters": f"dossier.dlq.v1{mark}"}


def run_suite(options, mode, work):
    """The exit status of the Node process."""
    topics = topics_of(options.servers)
    settings = {"kafka.mode": mode, "kafka.documents_topic": topics["documents"],
                "kafka.commands_topic": topics["commands"], "kafka.replies_topic": topics["replies"],
                "kafka.dead_letters_topic": topics["deadLetters"], "kafka.ingestion_topic": topics["ingestion"]}
    if options.servers:
        settings["kafka.bootstrap_servers"] = options.servers
    server = Server(options.binary, os.path.join(work, f"data-{mode}"), os.path.join(work, f"log-{mode}"),
                    "dsk_" + secrets.token_urlsafe(32), settings)
    server.start()
    try:
        servers = options.servers or _BROKER.search(server.log_tail(1 << 20)).group(1)
        given = {"url": f"http://127.0.0.1:{server.port}", "key": server.admin_key, "servers": servers, "mode": mode,
                 "topics": topics}
        environment = {**node_environment(options.packages), "DOSSIER_SUITE": json.dumps(given)}
        run = subprocess.run(["node", "--test-reporter=spec", os.path.join(CLIENTS, "suite.js")], env=environment,
                             timeout=SUITE_S_MAX, check=False)
        server.check_alive()
        if run.returncode == 0 and server.stop() != 0:
            print(f"SIGTERM did not end the server well; its output ends:\n{server.log_tail()}")
            return 1
        if run.returncode:
            print(f"the server's output ends:\n{server.log_tail()}")
        return run.returncode
    finally:
        server.kill()


def main(arguments):
    options = parse(arguments)
    try:
        install_packages(CLIENTS, os.path.abspath(options.packages))
    except Skipped as why:
        print(f"skipped: {why}")
        return SKIPPED
    work = tempfile.mkdtemp(prefix="dossier-clients-")
    failed = [mode for mode in ("binary", "structured") if run_suite(options, mode, work)]
    if failed:
        print(f"failed in {' and '.join(failed)} mode; the data is kept in {work}")
        return 1
    shutil.rmtree(work)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
