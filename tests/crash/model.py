# SPDX-License-Identifier: Apache-2.0
"""What the oracle knows: every document it asked for, what was acknowledged, and what may have happened.

A request without an answer may or may not have taken effect; both are allowed until the next look at the
document settles which. A document belongs to one thread at a time, so nothing else is uncertain.
"""

import re
import threading
import time
from collections import Counter
from datetime import datetime, timezone

CREATED = "CustomerDocumentCreatedEvent"
STORED = "CustomerDocumentContentStoredEvent"
UPLOADED = "CustomerDocumentUploadedEvent"
CHANGED = "CustomerDocumentChangedEvent"
EXPIRING = "CustomerDocumentExpiringEvent"
EXPIRED = "CustomerDocumentExpiredEvent"
ABANDONED = "CustomerDocumentAbandonedEvent"
DELETED = "CustomerDocumentDeletedEvent"
ENDS = (EXPIRED, ABANDONED, DELETED)


def now_ms():
    return time.time_ns() // 1_000_000


def to_rfc3339(ms):
    whole = datetime.fromtimestamp(ms // 1000, timezone.utc).strftime("%Y-%m-%dT%H:%M:%S")
    return f"{whole}.{ms % 1000:03d}Z"


def from_rfc3339(text):
    whole = datetime.strptime(text[:19], "%Y-%m-%dT%H:%M:%S").replace(tzinfo=timezone.utc)
    fraction = text[19:].rstrip("Z").lstrip(".")
    return int(whole.timestamp()) * 1000 + int((fraction + "000")[:3])


def has_url_ended(url, at_ms):
    """Whether a signed URL's own time has passed: whole seconds, never later than its document's expiry was."""
    ends = re.search(r"[?&]se=(\d+)", url or "")
    return ends is not None and int(ends.group(1)) * 1000 <= at_ms


class Creation:
    """A create that was sent. Without a document it was not acknowledged (yet)."""

    def __init__(self, customer, body, key, expiry):
        self.customer = customer
        self.body = body
        self.key = key  # Idempotency-Key or None.
        self.expiry = expiry

    @property
    def name(self):
        return self.body["fileName"]


class Document:
    """One acknowledged document: what is certain, and beside it what may have happened."""

    def __init__(self, ident, creation, upload_url):
        self.id = ident
        self.customer = creation.customer
        self.name = creation.name
        self.upload_url = upload_url
        self.acknowledged = Counter({CREATED: 1})  # Events that must be in the history.
        self.possible = Counter()  # Events that may be there besides.
        self.expiry = creation.expiry
        self.possible_expiries = []
        self.digest = None  # Of the content last acknowledged.
        self.possible_digests = []
        self.is_confirmed = False
        self.is_deleted = False
        self.download_url = None
        self.history = []  # As last seen: what is once there stays as it is.
        self.is_ended = False  # Its end was seen and checked; only its absence is checked from then on.

    @property
    def is_certain(self):
        return not (self.possible or self.possible_expiries or self.possible_digests)

    def expiries(self):
        """Every expiry (or None) that may hold now."""
        return [self.expiry, *self.possible_expiries]

    def may_have_expired(self, at_ms):
        return any(e is not None and e <= at_ms for e in self.expiries())

    def may_be_gone(self, at_ms):
        return self.is_deleted or self.possible[DELETED] > 0 or self.may_have_expired(at_ms)


class Uptime:
    """When the server was up, to say by when a timer must have fired."""

    def __init__(self, bound_ms):
        self.bound_ms = bound_ms
        self.periods = []  # [ready, killed]

    def ready(self):
        self.periods.append([now_ms(), float("inf")])

    def killed(self):
        if self.periods and self.periods[-1][1] == float("inf"):
            self.periods[-1][1] = now_ms()

    def deadline(self, due_ms):
        """By when something due at `due_ms` must have happened: the first time the server was up for long
        enough after it."""
        for ready, killed in self.periods:
            by = max(due_ms, ready) + self.bound_ms
            if by < killed:
                return by
        return float("inf")

    def lateness(self, due_ms, at_ms):
        """How late it was, not counting the time that the server was down or starting."""
        started = max((ready for ready, _ in self.periods if ready <= at_ms), default=0)
        return max(0, at_ms - max(due_ms, started))


class Known:
    """Everything the oracle knows in one data directory. Thread-safe."""

    def __init__(self):
        self._mutex = threading.Lock()
        self.documents = {}  # By id.
        self.pending = {}  # Creations without an answer, by file name.
        self.names = {}  # Customer: the file names it was ever asked to create.
        self.touched = set()  # Ids used since the last check.

    def sending(self, creation):
        with self._mutex:
            self.pending[creation.name] = creation
            self.names.setdefault(creation.customer, set()).add(creation.name)

    def acknowledged(self, creation, ident, upload_url):
        document = Document(ident, creation, upload_url)
        with self._mutex:
            self.pending.pop(creation.name, None)
            self.documents[ident] = document
            self.touched.add(ident)
        return document

    def refused(self, creation):
        with self._mutex:
            self.pending.pop(creation.name, None)

    def touch(self, document):
        with self._mutex:
            self.touched.add(document.id)

    def take_touched(self):
        with self._mutex:
            touched, self.touched = self.touched, set()
        return touched


class Verdict:
    """Counts of what was done and the list of what was wrong. Thread-safe."""

    KINDS = ("lost", "phantom", "doubled", "missed", "early", "late", "wrong", "verify", "died")

    def __init__(self):
        self._mutex = threading.Lock()
        self.counts = Counter()
        self.violations = []
        self.late_ms_max = 0

    def count(self, what, by=1):
        with self._mutex:
            self.counts[what] += by

    def late(self, ms):
        with self._mutex:
            self.late_ms_max = max(self.late_ms_max, ms)

    def violate(self, kind, text):
        assert kind in self.KINDS
        with self._mutex:
            self.counts[kind] += 1
            self.violations.append(f"{kind}: {text}")
