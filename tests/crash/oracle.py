#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""kill -9 oracle: an outside process that remembers every acknowledged write.

Each cycle starts the server, compares everything it says with what is known, loads it from several threads,
kills it at a random moment and runs `dossier verify`. Exit 1 at the first cycle with a violation; the data
directory is kept then.
"""

import argparse
import os
import random
import shutil
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "support"))

from checks import Checker  # noqa: E402
from dossier_process import Server, ServerFailed  # noqa: E402
from load import BROKEN, Worker  # noqa: E402
from model import Known, Uptime, Verdict, now_ms  # noqa: E402

LEADS_S = (60, 2)  # The first is longer than every short life: both ways of announcing are met.
USED_SAMPLE = 120  # Documents of the last cycle looked at in each cycle.
OLD_SAMPLE = 40  # And of all.


class Epoch:
    """A data directory from its first start to its last check."""

    def __init__(self, options, number, dice, verdict):
        self.options = options
        self.dice = dice
        self.verdict = verdict
        self.folder = os.path.join(options.data_dir, f"epoch-{number}")
        os.makedirs(self.folder)
        self.known = Known()
        self.uptime = Uptime(options.late_bound_ms)
        self.carried = [[] for _ in range(options.threads)]
        self.server = Server(options.binary, os.path.join(self.folder, "data"), os.path.join(self.folder, "log"),
                             "dsk_" + "crash" * 8,
                             {"documents.expiring_leads_s": ",".join(map(str, LEADS_S)),
                              "actors.passivate_after_ms": 500})
        self.checker = Checker(self.server, self.known, verdict, self.uptime, LEADS_S, dice)

    def start(self):
        if self.dice.random() < 0.1:
            self.server.launch()
            time.sleep(self.dice.random() * 0.15)
            self.server.kill()  # While it starts.
            self.verdict.count("killed while starting")
        started = time.monotonic()
        self.server.start()
        self.uptime.ready()
        self.verdict.count("start ms", int((time.monotonic() - started) * 1000))

    def check(self, idents):
        """Unanswered creations first: the lists must show what became of them."""
        keyed = [c for c in list(self.known.pending.values()) if c.key]
        self.checker.run(self.checker.repeat_creation, keyed)
        customers = {self.known.documents[i].customer for i in idents}
        customers |= {c.customer for c in list(self.known.pending.values())}
        self.checker.run(self.checker.check_customer, sorted(customers))
        self.checker.forget_unanswered()
        self.checker.run(self.checker.check_document, sorted(set(idents) | self.known.take_touched()))

    def check_recent(self):
        """Every document whose last request got no answer; of those that were used, that came due and of
        all others a sample. The end of the epoch looks at each."""
        documents = self.known.documents
        touched = self.known.take_touched()
        now = now_ms()
        due = {d.id for d in documents.values() if not d.is_ended and d.may_have_expired(now)}
        idents = {ident for ident in touched if not documents[ident].is_certain}
        for some, count in ((touched, USED_SAMPLE), (due, USED_SAMPLE), (documents, OLD_SAMPLE)):
            idents |= set(self.dice.sample(sorted(some), min(count, len(some))))
        self.check(idents)

    def load_and_kill(self, cycle):
        workers = [Worker(n, cycle, self.server, self.known, self.verdict,
                          random.Random(self.dice.random()), self.carried[n])
                   for n in range(self.options.threads)]
        for worker in workers:
            worker.start()
        length = self.dice.uniform(0.05, 0.5) if self.dice.random() < 0.9 else self.dice.uniform(0.5, 3.0)
        time.sleep(length)
        alive = self.server.process.poll() is None
        for worker in workers:
            if alive and worker.trouble:
                self.verdict.violate("wrong", f"the server broke a connection under load: {worker.trouble}")
        self.uptime.killed()
        self.server.kill()
        for worker in workers:
            worker.stopping.set()
        for worker in workers:
            worker.join()
        if not alive:
            raise ServerFailed(f"ended under load with {self.server.process.returncode}:\n{self.server.log_tail()}")

    def verify(self):
        status, said = self.server.verify()
        self.verdict.count("verified")
        if status != 0:
            self.verdict.violate("verify", f"dossier verify exited with {status}: {said[-2000:]}")

    def cycle(self, number):
        self.start()
        self.check_recent()
        self.load_and_kill(number)
        self.verify()

    def finish(self):
        """Waits for every short life to end, then checks every document of the epoch."""
        self.start()
        near = [e for d in self.known.documents.values() if not d.is_ended
                for e in d.expiries() if e is not None and e < now_ms() + 60_000]
        last = max(near, default=0) + self.options.late_bound_ms + 100
        time.sleep(max(0, last - now_ms()) / 1000)
        self.check(set(self.known.documents))
        self.uptime.killed()
        if self.server.stop() != 0:
            self.verdict.violate("died", f"SIGTERM: ended with {self.server.process.returncode}, not with 0 in time")
        self.verify()


def print_table(verdict, options, elapsed_s):
    counts = verdict.counts
    rows = [("cycles", counts["cycles"]), ("killed while starting", counts["killed while starting"]),
            ("writes acknowledged", counts["acked"]), ("documents checked", counts["checked"]),
            ("creations repeated", counts["repeated"]), ("contents compared", counts["downloaded"]),
            ("directories verified", counts["verified"]),
            ("mean start", f"{counts['start ms'] // max(1, counts['cycles'])} ms"),
            ("latest expiry", f"{verdict.late_ms_max} ms"), ("seconds", round(elapsed_s))]
    rows += [(kind, counts[kind]) for kind in verdict.KINDS]
    print(f"\nkill -9 oracle, seed {options.seed}")
    for name, value in rows:
        print(f"  {name:<24}{value:>12}")


def run(options, verdict):
    dice = random.Random(options.seed)
    epoch = None
    for cycle in range(options.cycles):
        if epoch is None:
            epoch = Epoch(options, cycle // options.epoch, dice, verdict)
        epoch.cycle(cycle)
        verdict.count("cycles")
        if (cycle + 1) % 10 == 0:
            print(f"cycle {cycle + 1}: {verdict.counts['acked']} acknowledged, {verdict.counts['checked']} checked, "
                  f"{len(verdict.violations)} violations", flush=True)
        if not verdict.violations and ((cycle + 1) % options.epoch == 0 or cycle + 1 == options.cycles):
            epoch.finish()
            if not verdict.violations:
                shutil.rmtree(epoch.folder)
            epoch = None
        if verdict.violations:
            return


def parse(arguments):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--binary", required=True)
    parser.add_argument("--cycles", type=int, default=25)
    parser.add_argument("--seed", type=int, default=None)
    parser.add_argument("--data-dir", default=None, help="a directory for the runs; default: a temporary one")
    parser.add_argument("--threads", type=int, default=6)
    parser.add_argument("--epoch", type=int, default=50, help="cycles on one data directory")
    parser.add_argument("--late-bound-ms", type=int, default=3000, help="how late a timer may be, the server being up")
    options = parser.parse_args(arguments)
    if options.seed is None:
        options.seed = random.SystemRandom().randrange(1 << 32)
    return options


def main(arguments):
    options = parse(arguments)
    is_temporary = options.data_dir is None
    options.data_dir = options.data_dir or tempfile.mkdtemp(prefix="dossier-crash-")
    verdict = Verdict()
    started = time.monotonic()
    try:
        run(options, verdict)
    except (ServerFailed, *BROKEN) as why:
        verdict.violate("died", f"{type(why).__name__}: {why}")
    print_table(verdict, options, time.monotonic() - started)
    for violation in verdict.violations[:50]:
        print(violation)
    if verdict.violations:
        print(f"{len(verdict.violations)} violations; the data is kept in {options.data_dir}")
        return 1
    if is_temporary:
        shutil.rmtree(options.data_dir, ignore_errors=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
