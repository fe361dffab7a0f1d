# SPDX-License-Identifier: Apache-2.0
"""Reads one document's history as the server tells it and says what is wrong with it in itself."""

from collections import Counter

from model import CHANGED, CREATED, ENDS, EXPIRED, EXPIRING, STORED, UPLOADED, from_rfc3339


class History:
    """The events folded: what the document is, and when which expiry held."""

    def __init__(self, items):
        self.events = [(e["sequence"], e["type"], from_rfc3339(e["time"])) for e in items]
        self.counts = Counter(e["type"] for e in items)
        self.expiry = None
        self.digest = None
        self.is_confirmed = False
        self.ends = []  # (type, time)
        self.settings = []  # (expiry, from when): each expiry that ever held.
        self.announced = []  # (expiry, lead in s, time)
        self.said_of = Counter()  # How often (which of the settings, lead in s) was announced.
        self.expired_as = []  # The expiry that each Expired event names.
        for item in items:
            self._fold(item["type"], from_rfc3339(item["time"]), item["data"])

    def _fold(self, kind, at, data):
        if kind == CREATED or (kind == CHANGED and "expiryDate" in data):
            text = data.get("expiryDate")
            self.expiry = from_rfc3339(text) if text else None
            self.settings.append((self.expiry, at))
        elif kind == STORED:
            self.digest = data["sha256"]
        elif kind == UPLOADED:
            self.is_confirmed = True
        elif kind == EXPIRING:
            self.announced.append((from_rfc3339(data["expiryDate"]), data["leadSeconds"], at))
            # An expiry that is taken away and given back is announced anew: count for each giving.
            self.said_of[len(self.settings), data["leadSeconds"]] += 1
        if kind == EXPIRED:
            self.expired_as.append((from_rfc3339(data["expiryDate"]), at))
        if kind in ENDS:
            self.ends.append((kind, at))

    @property
    def version(self):
        return len(self.events)

    @property
    def ended_at(self):
        return self.ends[0][1] if self.ends else None

    def has_expired(self):
        return any(kind == EXPIRED for kind, _ in self.ends)

    def shape_trouble(self):
        """(kind, text) of what no history may look like."""
        if [sequence for sequence, _, _ in self.events] != list(range(1, len(self.events) + 1)):
            yield "lost", f"sequences are {[s for s, _, _ in self.events]}"
        if not self.events or self.events[0][1] != CREATED or self.counts[CREATED] != 1:
            yield "wrong", f"does not begin with its creation alone: {self.events}"
        if len(self.ends) > 1:
            yield "doubled", f"ended {len(self.ends)} times: {self.ends}"
        elif self.ends and self.events[-1][1] not in ENDS:
            yield "phantom", f"something happened after its end: {self.events}"

    def timer_trouble(self, leads_s, uptime, now):
        """(kind, text) of announcements and ends that are missing, doubled, early or late."""
        for expiry, at in self.expired_as:
            if expiry != self.expiry:
                yield "wrong", f"expired as of {expiry}, its expiry was {self.expiry}"
            if at < expiry:
                yield "early", f"expired at {at}, {expiry - at} ms before its time"
            if at > uptime.deadline(expiry):
                yield "late", f"expired at {at}, {at - expiry} ms after its time, the server being up"
        if not self.ends and self.expiry is not None and now > uptime.deadline(self.expiry):
            yield "missed", f"should have expired at {self.expiry}, it is {now}: {self.events}"
        said = Counter((expiry, lead) for expiry, lead, _ in self.announced)
        for (setting, lead), times in self.said_of.items():
            if times > 1:
                expiry = self.settings[setting - 1][0]
                yield "doubled", f"the expiry {expiry} was announced {times} times, {lead} s before"
        for expiry, lead, at in self.announced:
            if at < expiry - lead * 1000:
                yield "early", f"the expiry {expiry} was announced at {at}, lead {lead} s"
        yield from self._announcement_trouble(said, leads_s, uptime, now)

    def _announcement_trouble(self, said, leads_s, uptime, now):
        for i, (expiry, since) in enumerate(self.settings):
            if expiry is None:
                continue
            is_last = i + 1 == len(self.settings)
            until = self.settings[i + 1][1] if not is_last else self.ended_at or now
            passed = [lead for lead in leads_s if expiry - lead * 1000 <= since]
            wanted = [lead for lead in leads_s if lead not in passed]
            if passed:
                wanted.append(min(passed))  # Said at once, for all longer ones.
            for lead in wanted:
                due = max(since, expiry - lead * 1000)
                must_be_said = uptime.deadline(due) < until or (is_last and self.has_expired())
                if must_be_said and not said[(expiry, lead)]:
                    yield "missed", f"the expiry {expiry} was not announced {lead} s before: {self.events}"
            for lead in passed:
                if lead not in wanted and said[(expiry, lead)]:
                    yield "wrong", f"the expiry {expiry} was announced {lead} s before, when less was left"
