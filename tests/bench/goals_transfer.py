# SPDX-License-Identifier: Apache-2.0
"""P7 (downloads against nginx's sendfile) and P8 (uploads against a bare receive loop)."""

import os
import subprocess

from rig import Absent, cpu_note, median, median_rate, spread
from table import Bound, Row, rate, size

KIB, MIB, GIB = 1 << 10, 1 << 20, 1 << 30
SMALL = ((64 * KIB, "64 KiB"), (MIB, "1 MiB"))


class Copy:
    """One transfer by curl."""

    def __init__(self, bytes_per_s, cpu_s, size_bytes):
        self.rate = bytes_per_s
        self.cpu_s_per_gb = cpu_s / (size_bytes / 1e9)


def _curl(arguments, process, key):
    before = process.cpu_s()
    run = subprocess.run(["curl", "-sS", "-o", "/dev/null", "-w", f"%{{http_code}} %{{{key}}} %{{size_{key[6:]}}}",
                          *arguments], capture_output=True, text=True, timeout=300, check=False)
    status, speed, count = run.stdout.split()
    if not status.startswith("2"):
        raise RuntimeError(f"curl {arguments}: {run.stdout}{run.stderr}")
    return Copy(float(speed), process.cpu_s() - before, int(count))


def _big_file(rig):
    """1 GiB that nobody can compress; made once for a run of the bench."""
    path = os.path.join(rig.work, "big")
    if not os.path.exists(path):
        with open(path, "wb") as into:
            for _ in range(GIB // (8 * MIB)):
                into.write(os.urandom(8 * MIB))
    return path


def _copy_row(goal, what, peer, done, to_reach, aim):
    ours, theirs = done["ours"], done["peer"]
    note = (f"CPU s/GB {median([x.cpu_s_per_gb for x in ours]):.2f} "
            f"(peer {median([x.cpu_s_per_gb for x in theirs]):.2f}), {spread(ours)}")
    return Row(goal, what, peer, size(median_rate(theirs)) + "/s", size(median_rate(ours)) + "/s",
               median_rate(ours) / median_rate(theirs), to_reach=to_reach, aim=aim, note=note)


def downloads(rig):
    """P7: signed URL against the same bytes as a file of nginx."""
    rows = []
    root = rig.folder("files")
    with rig.dossier("downloads") as server:
        for bytes_count, name in SMALL:
            content = os.urandom(bytes_count)
            # A client of its own each time: the server closes connections that idle through a measurement.
            _, _, url = rig.make_document(server.client(), content)
            with open(os.path.join(root, str(bytes_count)), "wb") as into:
                into.write(content)
            try:
                with rig.nginx(f"root {root};") as nginx:
                    done = rig.interleave({
                        "ours": lambda u=url: rig.wrk(u, 32, process=server),
                        "peer": lambda n=nginx, b=bytes_count: rig.wrk(f"{n.url}/{b}", 32, process=n)})
            except Absent:
                rows.append(Row("P7", f"download {name}, 32 connections", "nginx sendfile", "absent"))
                continue
            ours, theirs = done["ours"], done["peer"]
            rows.append(Row("P7", f"download {name}, 32 connections", "nginx sendfile", rate(median_rate(theirs)),
                            rate(median_rate(ours)), median_rate(ours) / median_rate(theirs),
                            to_reach=Bound(">=", 0.85), aim=Bound(">=", 0.95), note=cpu_note(ours, theirs)))
        rows.append(_big_download(rig, server))
    return rows


def _big_download(rig, server):
    client = server.client(timeout_s=120)
    big = _big_file(rig)
    ident, upload, _ = rig.make_document(client)
    _curl(["-T", big, "-H", "Expect:", "-H", "x-ms-blob-type: BlockBlob", upload], server, "speed_upload")
    url = rig.confirm(client, ident)
    try:
        with rig.nginx(f"root {rig.work};") as nginx:
            done = rig.interleave({"ours": lambda: _curl([url], server, "speed_download"),
                                   "peer": lambda: _curl([f"{nginx.url}/big"], nginx, "speed_download")})
    except Absent:
        return Row("P7", "download 1 GiB, 1 connection", "nginx sendfile", "absent")
    return _copy_row("P7", "download 1 GiB, 1 connection", "nginx sendfile", done, Bound(">=", 0.85),
                     Bound(">=", 0.95))


def uploads(rig):
    """P8: a PUT is hashed, written and synced before its 201, here and there."""
    rows = []
    with rig.dossier("uploads") as server, rig.program("receive_server", rig.folder("received")) as peer:
        client = server.client()
        urls = [rig.make_document(client)[1] for _ in range(64)]
        targets = rig.file("upload-targets", "".join("/" + u.split("/", 3)[3] + "\n" for u in urls))
        for bytes_count, name in SMALL:
            # The first 16 bytes are the request's number: no two uploads are equal.
            body = rig.file(f"upload-{bytes_count}", os.urandom(bytes_count - 16))
            options = {"method": "PUT", "body": body, "unique": 1}
            done = rig.interleave({
                "ours": lambda o=options: rig.wrk(f"http://127.0.0.1:{server.port}", 16, process=server,
                                                  targets=targets, fields={"x-ms-blob-type": "BlockBlob"}, **o),
                "peer": lambda o=options: rig.wrk(peer.url, 16, process=peer, **o)})
            ours, theirs = done["ours"], done["peer"]
            refused = sum(x.refused + x.broken for x in ours)
            rows.append(Row("P8", f"upload {name}, 16 connections", "receive, hash, write, fdatasync",
                            rate(median_rate(theirs)), rate(median_rate(ours)),
                            median_rate(ours) / median_rate(theirs), aim=Bound(">=", 0.85),
                            note=cpu_note(ours, theirs) + (f", {refused} refused" if refused else "")))
        big = ["-T", _big_file(rig), "-H", "Expect:"]
        done = rig.interleave({
            "ours": lambda: _curl([*big, "-H", "x-ms-blob-type: BlockBlob", urls[0]], server, "speed_upload"),
            "peer": lambda: _curl([*big, peer.url + "/"], peer, "speed_upload")}, runs=min(3, rig.runs))
        rows.append(_copy_row("P8", "upload 1 GiB, 1 connection", "receive, hash, write, fdatasync", done, None,
                              Bound(">=", 0.85)))
    return rows
