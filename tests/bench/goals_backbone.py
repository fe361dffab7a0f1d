# SPDX-License-Identifier: Apache-2.0
"""P26 (the outbox into Kafka), P27 (from an acknowledgement to its event on the topic), P28 (commands from Kafka),
P29 (streams to very many listeners)."""

import json
import os
import random
import shutil
import subprocess
import threading
import time

from kafka_peer import real_kafka
from rig import CUSTOMERS, Absent, median, resting_copy
from table import Bound, Row, ms, rate

SHARDS = 64
SAMPLES = 1000
DRAIN_S_MAX = 300
LATE_S_MAX = 10
PEER = "kafka-producer-perf-test"


def _absent(goal, what, peer, why):
    return Row(goal, what, peer, "absent", note=f"not measured: {why} cannot be had here")


def drain(rig):
    """P26: a full outbox from the first delivery to the last, against Kafka's own measure of a producer with equal
    messages, the same topics and the same settings."""
    what = "events from the outbox into Kafka"
    try:
        with real_kafka() as kafka, rig.dossier("drain") as server:
            return _drain_rows(rig, kafka, server, what)
    except Absent as why:
        return [_absent("P26", what, PEER, why)]


def _drain_rows(rig, kafka, server, what):
    # Both need to warm up, on a virtual machine above all: so many that it does not count.
    count = 200_000 if rig.quick else 1_000_000
    made = rig.fill(server, count)
    server.stop()
    image = server.data_dir + ".image"
    os.rename(server.data_dir, image)
    settings = {"acks": "all", "enable.idempotence": "true", "compression.type": "lz4", "linger.ms": 5,
                "batch.size": 1_000_000}
    ours, theirs, payloads = [], [], None
    anything = rig.file("anything", f"{random.randbytes(300).hex()}\n" * SAMPLES)
    for _ in range(rig.runs):
        topic = kafka.topic()
        kafka.make_topic(topic, SHARDS)
        # A broker is slow with partitions that are new to it: not at the cost of who comes first.
        kafka.produce(topic, count // 5, anything, settings)
        resting_copy(image, server.data_dir)
        server.settings.update({"kafka.enabled": "true", "kafka.bootstrap_servers": kafka.servers,
                                "kafka.documents_topic": topic})
        ours.append(_drained(server, made))
        server.stop()
        shutil.rmtree(server.data_dir)
        payloads = payloads or _payloads(rig, kafka, topic)
        produced, cpu_s = kafka.produce(topic, count, payloads, settings)
        theirs.append((produced, cpu_s / count))
    figure, peer = median([x for x, _ in ours]), median([x for x, _ in theirs])
    note = (f"CPU us/event {median([x for _, x in ours]) * 1e6:.1f} (peer {median([x for _, x in theirs]) * 1e6:.1f}), "
            f"{os.path.getsize(payloads) // SAMPLES} bytes each, {made} events")
    return [Row("P26", what, PEER, rate(peer), rate(figure), figure / peer, aim=Bound(">=", 0.5), note=note)]


def _drained(server, count):
    """(events a second, processor seconds each) from the first look that sees deliveries until all are there."""
    server.start()
    first = None
    deadline = time.monotonic() + DRAIN_S_MAX
    while time.monotonic() < deadline:
        delivered = server.metrics().get("dossier_outbox_delivered_total", 0)
        now = (time.monotonic(), delivered, server.cpu_s())
        if delivered and not first:
            first = now
        if delivered >= count:
            break
        time.sleep(0.05)  # Each look costs the server a millisecond.
    else:
        raise RuntimeError(f"{delivered:.0f} of {count} events were delivered within {DRAIN_S_MAX} s")
    if now[1] == first[1]:
        raise RuntimeError("the outbox was empty before anybody could look; more events are needed")
    return (now[1] - first[1]) / (now[0] - first[0]), (now[2] - first[2]) / (now[1] - first[1])


def _payloads(rig, kafka, topic):
    """A file of values as large, and as easy to compress, as our messages with their headers and keys."""
    with kafka.kcat("-C", "-t", topic, "-o", f"-{SAMPLES}", "-e", "-J", stdout=subprocess.PIPE, text=True) as kcat:
        messages = [json.loads(line) for line in kcat.stdout]
    ours = [message for message in messages if "headers" in message][:SAMPLES]
    lines = ["".join([message["key"], *message["headers"], message["payload"]]) for message in ours]
    return rig.file("payloads", "\n".join(lines) + "\n")


# --- From the acknowledgement to the topic. ---


class Arrivals(threading.Thread):
    """When kcat got the first event of each document from a topic, in microseconds of the wall clock."""

    def __init__(self, kafka, topic):
        super().__init__(daemon=True)
        self.at_us = {}
        self._kcat = kafka.kcat("-C", "-t", topic, "-o", "beginning", "-f", "%k\n", stdout=subprocess.PIPE)

    def run(self):
        rest = b""
        while piece := os.read(self._kcat.stdout.fileno(), 1 << 16):
            now = time.time_ns() // 1000
            *keys, rest = (rest + piece).split(b"\n")
            for key in keys:
                self.at_us.setdefault(key, now)

    def await_any(self, timeout_s=30):
        deadline = time.monotonic() + timeout_s
        while not self.at_us:
            if time.monotonic() > deadline:
                raise RuntimeError(f"kcat got nothing within {timeout_s} s")
            time.sleep(0.01)

    def stop(self):
        self._kcat.kill()
        self._kcat.wait()
        self.join()


def latency(rig):
    """P27: at a leisurely pace, and at 10,000 a second or two thirds of what the machine carries."""
    what = "acknowledged create to its event at a consumer"
    try:
        with real_kafka() as kafka:
            return _latency_rows(rig, kafka, what)
    except Absent as why:
        return [_absent("P27", what, "Kafka's EndToEndLatency", why)]


def _latency_rows(rig, kafka, what):
    rows, topic, own = [], kafka.topic(), kafka.topic()
    kafka.make_topic(own, 1)
    peer = kafka.end_to_end_ms(own, 1000 if rig.quick else 5000, 800)
    settings = {"kafka.enabled": "true", "kafka.bootstrap_servers": kafka.servers, "kafka.documents_topic": topic}
    with rig.dossier("latency", settings) as server:
        rig.make_document(server.client())
        _await_published(server)  # Until then there may be no topic.
        arrivals = Arrivals(kafka, topic)
        arrivals.start()
        try:
            arrivals.await_any()
            peak = rig.wrk_create(server, 64, rig.seconds).rate
            for pace in (1000, min(10_000, peak * 2 / 3)):
                _await_drained(server)  # What the load before left behind is not this load's.
                load, waits, lost = _paced(rig, server, arrivals, pace)
                note = f"{len(waits)} events, {lost} not seen within {LATE_S_MAX} s"
                if pace != 1000:
                    note += f"; unpaced the machine carries {rate(peak)}"
                for name, share, theirs in (("p50", 0.5, peer[0]), ("p99", 0.99, peer[1])):
                    figure = waits[int(len(waits) * share)] / 1000
                    rows.append(Row("P27", f"{what}, {rate(load.rate)}, {name}", "Kafka's EndToEndLatency, one by one",
                                    ms(theirs), ms(figure), value=figure, note=note))
        finally:
            arrivals.stop()
    return rows


def _await_published(server, timeout_s=30):
    deadline = time.monotonic() + timeout_s
    while not server.metrics().get("dossier_outbox_delivered_total"):
        if time.monotonic() > deadline:
            raise RuntimeError(f"nothing was published within {timeout_s} s")
        time.sleep(0.05)


def _await_drained(server, timeout_s=60):
    deadline = time.monotonic() + timeout_s
    while server.metrics()["dossier_outbox_rows"]:
        if time.monotonic() > deadline:
            raise RuntimeError(f"the outbox was not empty within {timeout_s} s")
        time.sleep(0.05)


def _paced(rig, server, arrivals, pace):
    """(the load, sorted microseconds from each acknowledgement to its arrival, how many did not arrive)."""
    connections, acks = 64, os.path.join(rig.work, f"acks-{random.randrange(1 << 32)}")
    delay_ms = max(0, round(connections / pace * 1000 - 2))  # An answer takes about two.
    load = rig.wrk_create(server, connections, rig.seconds, delay=delay_ms, acks=acks)
    with open(acks, encoding="ascii") as file:
        acked = [(int(at), ident.encode()) for at, ident in map(str.split, file)]
    deadline = time.monotonic() + LATE_S_MAX
    while time.monotonic() < deadline and any(ident not in arrivals.at_us for _, ident in acked[-1000:]):
        time.sleep(0.05)
    waits = sorted(arrivals.at_us[ident] - at for at, ident in acked if ident in arrivals.at_us)
    if not waits:
        raise RuntimeError("no event of an acknowledged create arrived")
    return load, waits, len(acked) - len(waits)


# --- Commands. ---


def commands(rig):
    """P28: a topic full of creates, from the first effect to the last, against the same creates over HTTP."""
    what = "commands from Kafka, durable"
    peer = "ours over HTTP, 256 connections"
    try:
        with real_kafka() as kafka:
            return [_commands_row(rig, kafka, what, peer)]
    except Absent as why:
        return [_absent("P28", what, peer, why)]


def _commands_row(rig, kafka, what, peer):
    count = 20_000 if rig.quick else 200_000
    ours, theirs = [], []
    for _ in range(rig.runs):
        topic = kafka.topic()
        kafka.make_topic(topic, 8)
        _send_creates(rig, kafka, topic, count)
        settings = {"kafka.enabled": "true", "kafka.bootstrap_servers": kafka.servers,
                    "kafka.documents_topic": kafka.topic(), "kafka.commands_topic": topic,
                    "kafka.replies_topic": kafka.topic(), "kafka.dead_letters_topic": kafka.topic()}
        with rig.dossier("commands", settings) as server:
            ours.append(_handled(server, count))
            theirs.append(rig.wrk_create(server, 256).rate)
    figure = median([x for x, _ in ours])
    note = (f"CPU us/command {median([x for _, x in ours]) * 1e6:.0f}; both with their events published, "
            f"commands answered, too; {count} of them")
    return Row("P28", what, peer, rate(median(theirs)), rate(figure), figure / median(theirs), note=note)


def _send_creates(rig, kafka, topic, count):
    lines = [f"{CUSTOMERS[n % len(CUSTOMERS)]}\t" + json.dumps(
        {"specversion": "1.0", "id": str(n), "source": "/bench", "type": "dossier.document.create",
         "data": {"customerId": CUSTOMERS[n % len(CUSTOMERS)], "documentType": "invoice", "fileName": "bench.bin"}})
             for n in range(count)]
    path = rig.file("commands", "\n".join(lines) + "\n")
    with kafka.kcat("-P", "-t", topic, "-K", "\t", "-H", "content-type=application/cloudevents+json", "-l",
                    path) as kcat:
        if kcat.wait(DRAIN_S_MAX):
            raise RuntimeError("kcat could not send the commands")


def _handled(server, count):
    """(commands a second, processor seconds each) from the first look that sees effects until all are durable."""
    first = None
    deadline = time.monotonic() + DRAIN_S_MAX
    while time.monotonic() < deadline:
        durable = server.metrics().get("dossier_commit_events_total", 0)
        now = (time.monotonic(), durable, server.cpu_s())
        if durable and not first:
            first = now
        if durable >= count:
            return (now[1] - first[1]) / (now[0] - first[0]), (now[2] - first[2]) / (now[1] - first[1])
        time.sleep(0.01)
    raise RuntimeError(f"{durable:.0f} of {count} commands had their effect within {DRAIN_S_MAX} s")


# --- Streams. ---


def fan_out(rig):
    """P29: every event to each of very many streams of /api/events; steadily, and as fast as one client creates."""
    listeners = 1000
    rows = []
    with rig.dossier("fan-out", {"http.connections_max": 4096}) as server:
        for pace, creates in ((20, 100 if rig.quick else 400), (0, 200 if rig.quick else 1000)):
            before = server.cpu_s()
            run = subprocess.run([os.path.join(rig.programs, "stream_listeners"), str(server.port), rig.key,
                                  str(listeners), str(pace), str(creates)], capture_output=True, text=True,
                                 timeout=360, check=False)
            if run.returncode:
                raise RuntimeError(run.stderr.strip())
            said = json.loads(run.stdout)
            lost = said["expected"] - said["delivered"]
            what = f"{listeners} streams, " + (f"{pace} creates/s" if pace else f"{creates} creates at once")
            note = (f"CPU us/delivery {(server.cpu_s() - before) * 1e6 / max(1, said['delivered']):.1f}, "
                    f"{said['broken']} streams broken")
            rows += [
                Row("P29", f"{what}, delivered", ours=rate(said["delivered"] / max(1e-6, said["seconds"])), note=note),
                Row("P29", f"{what}, ack to received, p99", ours=ms(said["p99_ms"]), value=said["p99_ms"],
                    note=f"p50 {ms(said['p50_ms'])}"),
                Row("P29", f"{what}, missing", ours=str(lost), value=lost, aim=Bound("<=", 0, "events")),
            ]
    return rows
