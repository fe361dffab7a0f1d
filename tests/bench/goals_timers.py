# SPDX-License-Identifier: Apache-2.0
"""P15 (how late timers are, spread out, under load) and P16 (very many due within one second)."""

import concurrent.futures
import json
import random
import threading
import time
from datetime import datetime, timezone

from rig import CUSTOMERS, median
from table import Bound, Row, ms

EXPIRED = "CustomerDocumentExpiredEvent"
BODY = json.dumps({"documentType": "invoice", "fileName": "bench.bin", "expiryDate": "@expiry@"})


def _ms_of(text):
    whole = datetime.strptime(text[:19], "%Y-%m-%dT%H:%M:%S").replace(tzinfo=timezone.utc)
    return whole.timestamp() * 1000 + float("0" + text[19:].rstrip("Z")) * 1000


def _now_ms():
    return time.time() * 1000


def _create_rate(rig, server):
    """Roughly, to know how long making the documents takes."""
    late = _now_ms() + 7_200_000
    started = time.monotonic()
    made = rig.wrk_create_each(server, BODY, (late, 1000, 5000))
    return made / (time.monotonic() - started)


def _idents(server, customers):
    """The ids of all documents of these customers that expire within the hour."""
    client = server.client()
    found = []
    for customer in customers:
        cursor = ""
        while cursor is not None:
            page = client.ask("GET", f"/api/customers/{customer}/documents?limit=200"
                              + (f"&cursor={cursor}" if cursor else "")).json()
            found += [(item["id"], customer) for item in page["items"]
                      if item.get("expiryDate") and _ms_of(item["expiryDate"]) < _now_ms() + 3_600_000]
            cursor = page.get("nextCursor")
    client.close()
    return found


def _lateness(server, idents):
    """For each document the ms between its expiry and its Expired event; None if there is not exactly one."""
    local = threading.local()

    def one(document):
        if not hasattr(local, "client"):
            local.client = server.client()
        ident, customer = document
        answer = local.client.ask("GET", f"/api/documents/{ident}/events?customerId={customer}").json()
        ends = [e for e in answer["items"] if e["type"] == EXPIRED]
        return _ms_of(ends[0]["time"]) - _ms_of(ends[0]["data"]["expiryDate"]) if len(ends) == 1 else None

    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        return list(pool.map(one, idents))


def _paced_reads(rig, server, path, seconds, connections, delay_ms):
    return rig.wrk(f"http://127.0.0.1:{server.port}{path}", connections, seconds, fields=rig.admin_fields(),
                   delay=delay_ms)


def _read_peak(rig, server, path):
    return rig.wrk(f"http://127.0.0.1:{server.port}{path}", 32, 2, fields=rig.admin_fields()).rate


def spread_out(rig):
    """P15: timers evenly over a window, while reads come at half of what the server can do."""
    count, window_s = (10_000, 10) if rig.quick else (100_000, 60)
    sample = 2000 if rig.quick else 20_000
    with rig.dossier("timers") as server:
        ident, _, _ = rig.make_document(server.client(), b"content")
        path = f"/api/documents/{ident}?customerId=bench-00"
        peak = _read_peak(rig, server, path)
        lead_s = count / _create_rate(rig, server) * 1.5 + sample / 2000 + 5
        start = _now_ms() + lead_s * 1000
        made = rig.wrk_create_each(server, BODY, (start, window_s * 1000, count))
        idents = _idents(server, random.Random(1).sample(CUSTOMERS, max(4, len(CUSTOMERS) * sample // count)))
        spare_s = (start - _now_ms()) / 1000
        if spare_s < 0:
            return [Row("P15", "spread-out timers", ours=f"creating them took {-spare_s:.0f} s too long")]
        time.sleep(spare_s)
        # Each connection asks every 4 ms at most: so many of them make half the peak.
        reads = _paced_reads(rig, server, path, window_s + 1, max(1, int(peak / 2 * 0.004)), 4)
        time.sleep(1)
        late = _lateness(server, idents[:sample])
    whole = sorted(x for x in late if x is not None)
    wrong = len(late) - len(whole)
    what = f"{made} timers over {window_s} s"

    def at(share):
        return whole[min(len(whole) - 1, int(len(whole) * share))]

    if not whole:
        return [Row("P15", what, ours="nothing expired")]
    note = f"{len(whole)} sampled, reads at {reads.rate:.0f}/s"
    return [
        Row("P15", f"{what}, lateness p50", ours=ms(at(0.5)), value=at(0.5), aim=Bound("<=", 2, "ms"), note=note),
        Row("P15", f"{what}, lateness p99", ours=ms(at(0.99)), value=at(0.99), aim=Bound("<=", 10, "ms"),
            note=f"worst {ms(whole[-1])}"),
        Row("P15", f"{what}, lateness p99.9", ours=ms(at(0.999)), value=at(0.999), aim=Bound("<=", 50, "ms")),
        Row("P15", f"{what}, early, lost or doubled", ours=str(wrong + sum(x < 0 for x in whole)),
            value=wrong + sum(x < 0 for x in whole), aim=Bound("<=", 0, "of them")),
        Row("P15", "GET p99 meanwhile", ours=ms(reads.p99_ms), value=reads.p99_ms, aim=Bound("<=", 25, "ms")),
    ]


def storm(rig):
    """P16: from the first due time until the last expiry is durable; reads keep coming."""
    count = 20_000 if rig.quick else 100_000
    with rig.dossier("storm") as server:
        ident, _, _ = rig.make_document(server.client(), b"content")
        path = f"/api/documents/{ident}?customerId=bench-00"
        start = _now_ms() + count / _create_rate(rig, server) * 1500 + 8000
        made = rig.wrk_create_each(server, BODY, (start, 1000, count))
        idle = _paced_reads(rig, server, path, 2, 8, 4)
        spare_s = (start - _now_ms()) / 1000
        if spare_s < 0.2:
            return [Row("P16", "storm of timers", ours=f"creating them took {-spare_s:.0f} s too long")]
        time.sleep(spare_s - 0.1)
        before = _recorded(server)
        reads = []
        load = threading.Thread(target=lambda: reads.append(_paced_reads(rig, server, path, 4, 8, 4)))
        load.start()
        took_s = _await_recorded(server, before + made, start)
        load.join()
    what = f"{made} documents due in one second"
    p99 = median([x.p99_ms for x in reads])
    return [
        Row("P16", f"{what}, all durably expired", ours=f"{took_s:.2f} s" if took_s else "not within 60 s",
            value=took_s, to_reach=Bound("<=", 3, "s"), note="from the first due time; 1 s of it is the second itself"),
        Row("P16", f"{what}, GET p99 meanwhile", "ours when idle", ms(idle.p99_ms), ms(p99),
            p99 / max(0.001, idle.p99_ms), value=p99, to_reach=Bound("<=", 25, "ms"), aim=Bound("<=", 3)),
    ]


def _recorded(server):
    return server.metrics().get("dossier_commit_events_total", 0)


def _await_recorded(server, wanted, start_ms):
    """Seconds from `start_ms` until so many events are durable; None after a minute."""
    while _now_ms() < start_ms + 60_000:
        if _recorded(server) >= wanted:
            return (_now_ms() - start_ms) / 1000
        time.sleep(0.02)
    return None
