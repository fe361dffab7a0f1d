# SPDX-License-Identifier: Apache-2.0
"""The Kafka that measures of the backbone need: tests/kafka/broker.sh, and Kafka's own programs."""

import contextlib
import json
import os
import re
import resource
import secrets
import shutil
import subprocess
import time

from rig import HERE, Absent

BROKER = os.path.join(HERE, "..", "kafka", "broker.sh")
START_S_MAX = 500
TOOL_S_MAX = 300
SHOWN_S_MAX = 30
_CANNOT_BE_HAD = 77
_RATE = re.compile(r"([\d.]+) records/sec")
_PERCENTILES = re.compile(r"50th = (\d+), 99th = (\d+)")


class Kafka:
    """A broker that answers. Topics are named after a mark of their own, to be removed together."""

    def __init__(self, servers):
        self.servers = servers
        self._mark = f"dossier.bench.{secrets.token_hex(4)}"
        self._topics = 0

    def topic(self):
        """A name that nobody has used."""
        self._topics += 1
        return f"{self._mark}.{self._topics}"

    def tool(self, name, *arguments):
        """What one of Kafka's own programs prints."""
        run = subprocess.run([BROKER, "tool", f"org.apache.kafka.tools.{name}", *map(str, arguments)],
                             capture_output=True, text=True, timeout=TOOL_S_MAX, check=False)
        if run.returncode:
            raise RuntimeError(f"{name}: {(run.stdout + run.stderr)[-500:]}")
        return run.stdout

    def make_topic(self, name, partitions):
        """Returns when the broker shows it: the controller that makes topics tells brokers a little later."""
        self.tool("TopicCommand", "--bootstrap-server", self.servers, "--create", "--topic", name,
                  "--partitions", partitions)
        deadline = time.monotonic() + SHOWN_S_MAX
        while self._count_partitions(name) < partitions:
            if time.monotonic() > deadline:
                raise RuntimeError(f"the broker does not show the topic {name} within {SHOWN_S_MAX} s")
            time.sleep(0.1)

    def _count_partitions(self, name):
        with self.kcat("-L", "-J", "-t", name, stdout=subprocess.PIPE) as kcat:
            shown = json.load(kcat.stdout)
        return sum(len(topic.get("partitions", [])) for topic in shown["topics"])

    def produce(self, topic, count, payloads, settings):
        """(messages a second, processor seconds) of Kafka's own measure of a producer, as fast as it goes."""
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        said = self.tool("ProducerPerformance", "--topic", topic, "--num-records", count, "--throughput", -1,
                         "--payload-file", payloads, "--producer-props", f"bootstrap.servers={self.servers}",
                         *[f"{name}={value}" for name, value in settings.items()])
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        cpu_s = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        return float(_RATE.findall(said)[-1]), cpu_s

    def end_to_end_ms(self, topic, count, size_bytes):
        """(p50, p99) of Kafka's own measure from sending to receiving, one message at a time."""
        said = self.tool("EndToEndLatency", self.servers, topic, count, 1, size_bytes)
        p50, p99 = _PERCENTILES.search(said).groups()
        return float(p50), float(p99)

    def kcat(self, *arguments, **options):
        """kcat as a process; what it prints comes at once."""
        return subprocess.Popen(["kcat", "-b", self.servers, "-q", "-u", *map(str, arguments)], **options)

    def remove_topics(self):
        self.tool("TopicCommand", "--bootstrap-server", self.servers, "--delete", "--if-exists", "--topic",
                  re.escape(self._mark) + ".*")


@contextlib.contextmanager
def real_kafka():
    """A running Kafka; started, and stopped again, unless it runs already. Raises Absent where it cannot be had."""
    for program in ("mvn", "java", "kcat"):
        if not shutil.which(program):
            raise Absent(program)
    running = subprocess.run([BROKER, "running"], capture_output=True, text=True, check=False)
    if running.returncode:
        start = subprocess.run([BROKER, "start"], stdout=subprocess.DEVNULL, timeout=START_S_MAX, check=False)
        if start.returncode == _CANNOT_BE_HAD:
            raise Absent("Kafka's jars")
        if start.returncode:
            raise RuntimeError(f"{BROKER} start: exit {start.returncode}")
    kafka = Kafka(subprocess.run([BROKER, "running"], capture_output=True, text=True, check=True).stdout.strip())
    try:
        yield kafka
    finally:
        kafka.remove_topics()
        if running.returncode:
            subprocess.run([BROKER, "stop"], stdout=subprocess.DEVNULL, check=True, timeout=120)
