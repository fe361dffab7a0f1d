# SPDX-License-Identifier: Apache-2.0
"""P10 (what a dormant document costs) and P13 (kill -9 to the first 200), on the same documents."""

import os
import shutil
import subprocess
import time

from rig import median, resting_copy
from table import Bound, Row, ms, size

SETTINGS = {"actors.passivate_after_ms": 1000}


def dormant_and_restart(rig, wants):
    rows = []
    count = 100_000 if rig.quick else 1_000_000
    with rig.dossier("many", SETTINGS) as server:
        ident, _, _ = rig.make_document(server.client(), b"content")
        path = f"/api/documents/{ident}?customerId=bench-00"
        half = rig.fill(server, count // 2)
        at_half = _resting_bytes(server) if "P10" in wants else 0
        made = half + rig.fill(server, count - half)
        server.kill()
        if "P13" in wants:
            rows += _restarts(rig, server, path, made)
        if "P10" in wants:
            each = (_resting_bytes(server) - at_half) / max(1, made - half)
            rows.append(Row("P10", f"dormant document, from {half} to {made} of them", ours=f"{each:.1f} B", value=each,
                            to_reach=Bound("<=", 16, "B"), aim=Bound("<=", 8, "B"),
                            note=f"resident {size(server.rss_bytes())} in all, memtables and block cache excluded"
                                 + (", rough with --quick" if rig.quick else "")))
    return rows


def _resting_bytes(server):
    """Resident memory of a server that has just been started on these documents, without memtables and block
    cache. Started twice: what replaying the log leaves in the allocator says nothing about documents."""
    server.kill()
    server.start(timeout_s=300)
    server.stop()
    server.start(timeout_s=300)
    time.sleep(3)
    values = server.metrics()
    caches = sum(v for k, v in values.items() if k.endswith("_bytes") and ("memtable" in k or "block_cache" in k))
    return server.rss_bytes() - caches


def _restarts(rig, server, path, count):
    """P13: each restart begins with the directory as kill -9 left it; so does, in turn, the bare DB::Open."""
    image = server.data_dir + ".image"
    os.rename(server.data_dir, image)
    times, opens = [], []
    for _ in range(2 if rig.quick else 5):
        resting_copy(image, server.data_dir)
        started = time.monotonic()
        server.launch()
        server.await_ready(timeout_s=300)
        client = server.client()
        while client.ask("GET", path).status != 200:
            time.sleep(0.001)
        times.append((time.monotonic() - started) * 1000)
        server.kill()
        shutil.rmtree(server.data_dir)
        resting_copy(image, server.data_dir)
        opened = subprocess.run([os.path.join(rig.programs, "open_probe"), os.path.join(server.data_dir, "store")],
                                capture_output=True, text=True, timeout=300, check=False)
        if opened.returncode == 0:
            opens.append(float(opened.stdout))
        shutil.rmtree(server.data_dir)
    os.rename(image, server.data_dir)
    bare = median(opens) if opens else None
    return [
        Row("P13", f"kill -9 to the first 200, {count} documents", ours=ms(median(times)), value=median(times),
            to_reach=Bound("<=", 2000, "ms"), aim=Bound("<=", 700, "ms"), note=f"worst {ms(max(times))}"),
        Row("P13", f"kill -9 to the first 200, {count} documents", "bare DB::Open", ms(bare) if bare else "failed",
            ms(median(times)), median(times) / bare if bare else None, aim=Bound("<=", 1.3)),
    ]
