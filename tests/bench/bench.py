#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Measures the server against its peers, side by side in one run, and prints one table.

Contenders take turns (A B A B) after a warm-up; figures are medians. The load generator shares the cores, so
processor time is given too. A peer that this machine lacks is printed as absent. Exit 1 if a figure that is
to be reached is not.
"""

import argparse
import shutil
import sys
import time

import goals_backbone
import goals_ingestion
import goals_jobs
import goals_requests
import goals_store
import goals_timers
import goals_transfer
import rig as rigs
import table

MEASURES = (
    (("P1",), lambda rig, wants: goals_requests.reads(rig)),
    (("P2",), lambda rig, wants: goals_requests.creates(rig)),
    (("P3",), lambda rig, wants: goals_requests.group_commit(rig)),
    (("P7",), lambda rig, wants: goals_transfer.downloads(rig)),
    (("P8",), lambda rig, wants: goals_transfer.uploads(rig)),
    (("P10", "P13"), goals_store.dormant_and_restart),
    (("P15",), lambda rig, wants: goals_timers.spread_out(rig)),
    (("P16",), lambda rig, wants: goals_timers.storm(rig)),
    (("P19",), lambda rig, wants: goals_ingestion.scans(rig)),
    (("P20", "P21", "P23"), lambda rig, wants: goals_jobs.jobs(rig)),
    (("P26",), lambda rig, wants: goals_backbone.drain(rig)),
    (("P27",), lambda rig, wants: goals_backbone.latency(rig)),
    (("P28",), lambda rig, wants: goals_backbone.commands(rig)),
    (("P29",), lambda rig, wants: goals_backbone.fan_out(rig)),
)
EVERY_GOAL = [goal for goals, _ in MEASURES for goal in goals]


def parse(arguments):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--binary", required=True, help="the dossier to measure")
    parser.add_argument("--programs", required=True, help="the folder of the bench's own peers")
    parser.add_argument("--packages", required=True, help="a folder for Node's packages, kept for the next time")
    parser.add_argument("--work", required=True, help="a folder to make and remove")
    parser.add_argument("--quick", action="store_true", help="two short runs, fewer documents")
    parser.add_argument("--only", default=",".join(EVERY_GOAL), help="goals, e.g. P1,P7")
    options = parser.parse_args(arguments)
    options.only = [goal.strip().upper() for goal in options.only.split(",")]
    unknown = set(options.only) - set(EVERY_GOAL)
    if unknown:
        parser.error(f"no measure of {', '.join(sorted(unknown))}; there are {', '.join(EVERY_GOAL)}")
    return options


def main(arguments):
    options = parse(arguments)
    rig = rigs.Rig(options)
    rows, failed = [], False
    for goals, measure in MEASURES:
        wants = [goal for goal in goals if goal in options.only]
        if not wants:
            continue
        started = time.monotonic()
        print(f"measuring {' and '.join(wants)} ...", end=" ", file=sys.stderr, flush=True)
        try:
            rows += measure(rig, wants)
            print(f"{time.monotonic() - started:.0f} s", file=sys.stderr, flush=True)
        except Exception as why:  # pylint: disable=broad-except
            failed = True
            rows.append(table.Row(wants[0], f"could not be measured: {type(why).__name__}"))
            print(f"failed: {why}", file=sys.stderr, flush=True)
    shutil.rmtree(rig.work, ignore_errors=True)
    print(table.render(rows))
    missed = [row for row in rows if row.to_reach and not row.to_reach.holds(row)]
    return 1 if missed or failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
