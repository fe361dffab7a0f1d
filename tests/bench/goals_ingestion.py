# SPDX-License-Identifier: Apache-2.0
"""P19 (CSV on one core, against a scan of the same bytes for line feeds) and its worst cases (P22)."""

import json
import os
import subprocess

from table import Bound, Row

USUAL = {"unquoted": "no quotes", "quoted": "a fifth of the fields quoted", "crlf": "the same with CRLF"}
WORST = {"open_quote": "a quote that is never closed, at byte 0", "one_field": "one endless field",
         "commas": "commas only", "stray_quotes": "quotes where none belong"}


def scans(rig):
    found = {}
    for data in (*USUAL, *WORST):
        mib, rounds = ("64", "2") if rig.quick else ("256", "5")
        arguments = [os.path.join(rig.programs, "csv_scan"), mib, rounds, data]
        run = subprocess.run(arguments, capture_output=True, text=True, timeout=300, check=True)
        found[data] = json.loads(run.stdout.splitlines()[0])  # The best instructions come first.
    rows = [row for data, what in USUAL.items() for row in _usual(what, found[data])]
    normal = found["unquoted"]["typed"]
    rows += [Row("P22", f"CSV rows, {what}", "no quotes", _rate(normal), _rate(found[data]["typed"]),
                 found[data]["typed"] / normal, aim=Bound(">=", 0.25), note=f"{found[data]['rejects']} rejects")
             for data, what in WORST.items()]
    return rows


def _usual(what, x):
    peer = "memchr for line feeds"
    return [
        Row("P19", f"CSV split at record starts, {what}", peer, _rate(x["memchr"]), _rate(x["split"]),
            x["split"] / x["memchr"], to_reach=Bound(">=", 0.1), aim=Bound(">=", 0.1), note=x["instructions"]),
        Row("P19", f"CSV rows typed and checked, {what}", peer, _rate(x["memchr"]), _rate(x["typed"]),
            x["typed"] / x["memchr"],
            note=f"encoded as blocks, too: {_rate(x['typed_and_encoded'])}; one core, {x['rows']} rows"),
    ]


def _rate(gb_per_s):
    return f"{gb_per_s:.2f} GB/s"
