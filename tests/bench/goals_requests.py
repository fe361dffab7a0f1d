# SPDX-License-Identifier: Apache-2.0
"""P1 (reads), P2 (durable creates), P3 (group commit)."""

import json
import os
import subprocess

from rig import CUSTOMERS, Absent, cpu_note, median, median_rate
from table import Bound, Row, ms, rate

CONNECTIONS = 64
CREATE_BODY = json.dumps({"documentType": "invoice", "fileName": "bench.bin"})


def _absent(goal, what, peer):
    return Row(goal, what, peer, "absent")


def reads(rig):
    """P1: GET of one document against Beast alone and against nginx's fixed answer, equal bodies."""
    rows = []
    with rig.dossier("reads") as server:
        client = server.client()
        ident, _, _ = rig.make_document(client, b"content")
        path = f"/api/documents/{ident}?customerId=bench-00"
        size = len(client.ask("GET", path).body)
        target = f"http://127.0.0.1:{server.port}{path}"

        def ours():
            return rig.wrk(target, CONNECTIONS, fields=rig.admin_fields(), process=server)

        with rig.program("echo_server", 2, size) as echo:
            done = rig.interleave({"ours": ours, "echo": lambda: rig.wrk(echo.url + path, CONNECTIONS, process=echo)})
        rows.append(_read_row("bare Beast echo", done["ours"], done["echo"], Bound(">=", 0.6), Bound(">=", 0.8)))
        try:
            with rig.nginx(f'default_type application/json; return 200 "{"x" * size}";') as nginx:
                done = rig.interleave({"ours": ours,
                                       "nginx": lambda: rig.wrk(nginx.url + path, CONNECTIONS, process=nginx)})
            rows.append(_read_row("nginx return 200", done["ours"], done["nginx"], None, Bound(">=", 0.6)))
        except Absent:
            rows.append(_absent("P1", "GET document, 64 connections", "nginx return 200"))
    return rows


def _read_row(peer, ours, theirs, to_reach, aim):
    return Row("P1", "GET document, 64 connections", peer, rate(median_rate(theirs)), rate(median_rate(ours)),
               median_rate(ours) / median_rate(theirs), to_reach=to_reach, aim=aim, note=cpu_note(ours, theirs))


def creates(rig):
    """P2: each create is fsynced before its 201. Echo answers the same body, redis syncs each SET."""
    rows = []
    body = rig.file("echo-body", CREATE_BODY)
    with rig.dossier("creates") as server, rig.program("echo_server", 2, 0) as echo:
        for connections, to_reach, aim in ((64, Bound(">=", 0.3), None), (256, None, Bound(">=", 0.5))):
            done = rig.interleave({
                "ours": lambda c=connections: rig.wrk_create(server, c, body=CREATE_BODY),
                "echo": lambda c=connections: rig.wrk(echo.url, c, method="POST", body=body, process=echo,
                                                      targets=rig.create_targets(), fields={
                                                          **rig.admin_fields(), "Content-Type": "application/json"})})
            ours, theirs = done["ours"], done["echo"]
            rows.append(Row("P2", f"durable create, {connections} connections", "bare Beast echo POST",
                            rate(median_rate(theirs)), rate(median_rate(ours)),
                            median_rate(ours) / median_rate(theirs), to_reach=to_reach, aim=aim,
                            note=cpu_note(ours, theirs)))
            p99 = median([x.p99_ms for x in ours])
            rows.append(Row("P2", f"durable create, {connections} connections, p99", "bare Beast echo POST",
                            ms(median([x.p99_ms for x in theirs])), ms(p99), value=p99,
                            to_reach=Bound("<=", 15, "ms") if connections == 64 else None,
                            note=f"{sum(x.refused + x.broken for x in ours)} not acknowledged"))
        rows.append(_redis_row(rig, median_rate(done["ours"])))
    rows.append(_publishing_row(rig))
    rows.append(_found_again_row(rig))
    return rows


def _publishing_row(rig):
    """What it costs to publish every event at once, with the development broker on the same cores."""
    with rig.dossier("silent") as silent, rig.dossier("publishing", {"kafka.enabled": "true"}) as publishing:
        done = rig.interleave({"ours": lambda: rig.wrk_create(publishing, CONNECTIONS, body=CREATE_BODY),
                               "silent": lambda: rig.wrk_create(silent, CONNECTIONS, body=CREATE_BODY)})
        left = int(metric(publishing.metrics(), "dossier_outbox_rows"))
    ours, theirs = done["ours"], done["silent"]
    return Row("P2", "durable create, 64 connections, publishing", "ours, not publishing", rate(median_rate(theirs)),
               rate(median_rate(ours)), median_rate(ours) / median_rate(theirs), aim=Bound(">=", 0.8),
               note=f"{cpu_note(ours, theirs)}; {left} left in the outbox")


def _redis_row(rig, ours):
    what = "durable create, 256 connections"
    try:
        with rig.redis() as redis:
            count = 40_000 if rig.quick else 200_000
            rates = []
            for _ in range(rig.runs):
                run = subprocess.run(["redis-benchmark", "-p", str(redis.port), "-c", "256", "-n", str(count), "-t",
                                      "set", "-d", "600", "-r", "1000000", "--csv"], capture_output=True, text=True,
                                     timeout=300, check=True)
                rates.append(float(run.stdout.splitlines()[-1].split(",")[1].strip('"')))
    except (Absent, subprocess.SubprocessError):
        return _absent("P2", what, "redis appendfsync always SET")
    return Row("P2", what, "redis appendfsync always SET", rate(median(rates)), rate(ours), ours / median(rates),
               aim=Bound(">=", 0.6))


def _found_again_row(rig):
    """Kills the server under load and counts what the customers' lists hold after the restart."""
    with rig.dossier("found-again") as server:
        load = rig.wrk_create(server, CONNECTIONS, rig.seconds, body=CREATE_BODY)
        acknowledged = load.requests - load.refused
        server.kill()
        server.start()
        client = server.client()
        found = sum(_count(client, customer) for customer in CUSTOMERS)
    return Row("P2", "creates found after kill -9", "acknowledged", str(acknowledged), str(found),
               found / max(1, acknowledged), aim=Bound(">=", 1.0))


def _count(client, customer):
    count, cursor = 0, ""
    while cursor is not None:
        path = f"/api/customers/{customer}/documents?limit=200" + (f"&cursor={cursor}" if cursor else "")
        page = client.ask("GET", path).json()
        count += len(page["items"])
        cursor = page.get("nextCursor")
    return count


def group_commit(rig):
    """P3: how many acknowledgements share an fsync, against the disk's own rate."""
    rows = []
    probe_file = os.path.join(rig.work, "fsync-probe")

    def probe():
        run = subprocess.run([os.path.join(rig.programs, "fsync_probe"), probe_file, "4096", "1.5"],
                             capture_output=True, text=True, check=True)
        return json.loads(run.stdout)

    def measured_create(server, connections):
        before = server.metrics()
        load = rig.wrk_create(server, connections, body=CREATE_BODY)
        after = server.metrics()
        load.groups = metric(after, "dossier_commit_groups_total") - metric(before, "dossier_commit_groups_total")
        load.batches = metric(after, "dossier_commit_batches_total") - metric(before, "dossier_commit_batches_total")
        return load

    with rig.dossier("group-commit") as server, rig.program("echo_server", 2, 0) as echo:
        body = rig.file("echo-body", CREATE_BODY)
        # The disk takes its turn too: what it can do changes from minute to minute.
        done = rig.interleave({"ours": lambda: measured_create(server, 256), "disk": probe})
        single = rig.interleave({
            "ours": lambda: rig.wrk_create(server, 1, 2, body=CREATE_BODY),
            "disk": probe,
            "echo": lambda: rig.wrk(echo.url, 1, 2, method="POST", body=body, targets=rig.create_targets())})
    many, disk_rate = done["ours"], median([d["rate"] for d in done["disk"]])
    disk_p50 = median([d["p50_us"] for d in single["disk"]]) / 1000
    shared = [x.batches / x.groups for x in many if x.groups]
    rows.append(Row("P3", "acknowledgements for each fsync, 256 connections", ours=f"{median(shared):.1f}" if shared
                    else "no such metric", value=median(shared) if shared else None, aim=Bound(">=", 16, "acks")))
    rows.append(Row("P3", "durable creates, 256 connections", "append + fdatasync", rate(disk_rate),
                    rate(median_rate(many)), median_rate(many) / disk_rate, aim=Bound(">=", 6)))
    ours = median([x.p50_ms for x in single["ours"]])
    limit = median([x.p50_ms for x in single["echo"]]) + disk_p50
    rows.append(Row("P3", "durable create, one client, p50", "echo p50 + fdatasync p50", ms(limit), ms(ours),
                    ours / limit, aim=Bound("<=", 1.6)))
    return rows


def metric(values, name):
    return values.get(name, 0.0)
