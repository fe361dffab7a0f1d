# SPDX-License-Identifier: Apache-2.0
"""After a restart: compares what the server says with what the oracle knows."""

import hashlib
import queue
import threading
import time

from history import History
from load import SHED, send_create
from model import CHANGED, CREATED, DELETED, STORED, UPLOADED, from_rfc3339, has_url_ended, now_ms

DOWNLOAD_SHARE = 0.2
SETTLED = (CREATED, STORED, UPLOADED, CHANGED)


class Checker:
    """Checks in several threads; each has its own connection."""

    def __init__(self, server, known, verdict, uptime, leads_s, dice, thread_count=4):
        self.server = server
        self.known = known
        self.verdict = verdict
        self.uptime = uptime
        self.leads_s = leads_s
        self.dice = dice
        self.thread_count = thread_count

    def run(self, check, things):
        """Calls check(client, thing) for each; an exception in a thread is raised here."""
        todo = queue.SimpleQueue()
        for thing in things:
            todo.put(thing)
        troubles = []

        def work():
            client = self.server.client()
            try:
                while not troubles:
                    check(client, todo.get_nowait())
            except queue.Empty:
                pass
            except Exception as why:  # pylint: disable=broad-except
                troubles.append(why)
            finally:
                client.close()

        threads = [threading.Thread(target=work, daemon=True) for _ in range(self.thread_count)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        if troubles:
            raise troubles[0]

    def ask(self, client, verb, path):
        """A request that is repeated while the server sheds load."""
        for _ in range(200):
            answer = client.ask(verb, path)
            if answer.status not in SHED:
                return answer
            time.sleep(0.05)
        return answer

    # Creations without an answer.

    def repeat_creation(self, client, creation):
        """The same key again, twice: whatever became of the first, there is one document."""
        idents = set()
        while len(idents) < 3:
            answer = send_create(client, creation)
            if answer.status == 201:
                said = answer.json()
                idents.add(said["documentId"])
                if len(idents) > 1:
                    self.verdict.violate("doubled", f"the key {creation.key} made the documents {sorted(idents)}")
                    return
                if creation.name not in self.known.pending:
                    self.verdict.count("repeated")
                    return
                self.known.acknowledged(creation, said["documentId"], said["uploadSasUri"])
            elif answer.status in SHED:
                time.sleep(0.05)
            else:
                # Its expiry passed before it ever took effect.
                if not (answer.status == 400 and creation.expiry and creation.expiry <= now_ms()):
                    self.verdict.violate("wrong", f"repeating {creation.name} answered {answer.said()}")
                self.known.refused(creation)
                return

    # Lists.

    def check_customer(self, client, customer):
        must = {d.id for d in list(self.known.documents.values())
                if d.customer == customer and d.is_certain and not d.may_be_gone(now_ms())}
        listed, seen_names = {}, {}
        path = f"/api/customers/{customer}/documents?limit=100"
        cursor = ""
        while cursor is not None:
            answer = self.ask(client, "GET", path + (f"&cursor={cursor}" if cursor else ""))
            if answer.status != 200:
                self.verdict.violate("wrong", f"the list of {customer} answered {answer.said()}")
                return
            page = answer.json()
            for item in page["items"]:
                listed[item["id"]] = item
                if seen_names.setdefault(item["fileName"], item["id"]) != item["id"]:
                    self.verdict.violate("doubled", f"{customer} has two documents {item['fileName']}")
            cursor = page.get("nextCursor")
        self.verdict.count("listed", len(listed))
        for ident, item in listed.items():
            self.judge_listed(customer, ident, item)
        now = now_ms()
        for ident in must - set(listed):
            if not self.known.documents[ident].may_be_gone(now):
                self.verdict.violate("lost", f"{ident} is missing in the list of {customer}")

    def judge_listed(self, customer, ident, item):
        name = item["fileName"]
        document = self.known.documents.get(ident)
        if document:
            if document.is_ended or document.is_deleted:
                self.verdict.violate("wrong", f"{ident} has ended and is still listed")
            return
        creation = self.known.pending.get(name)
        if creation and creation.customer == customer:
            self.known.acknowledged(creation, ident, None)  # It took effect; only the answer was lost.
        elif name in self.known.names[customer]:
            self.verdict.violate("doubled", f"{customer} has {name} as {ident} too")
        else:
            self.verdict.violate("phantom", f"{customer} has {name}, which nobody asked for")

    def forget_unanswered(self):
        """Creations without a key that no list shows: never took effect, or are over already."""
        for creation in list(self.known.pending.values()):
            if not creation.key:
                self.known.refused(creation)

    # Documents.

    def check_document(self, client, ident):
        document = self.known.documents[ident]
        path = f"/api/documents/{ident}"
        if document.is_ended:
            answer = self.ask(client, "GET", f"{path}?customerId={document.customer}")
            if answer.status != 410:
                self.violate("wrong", document, f"has ended and was read as {answer.said()}")
            self.verdict.count("checked")
            return
        answer = self.ask(client, "GET", f"{path}/events?customerId={document.customer}&limit=1000")
        if answer.status != 200:
            self.violate("lost", document, f"its history answered {answer.said()}")
            return
        history = History(answer.json()["items"])
        for kind, text in history.shape_trouble():
            self.violate(kind, document, text)
        for kind, text in history.timer_trouble(self.leads_s, self.uptime, now_ms()):
            self.violate(kind, document, text)
        for expiry, at in history.expired_as:
            self.verdict.late(self.uptime.lateness(expiry, at))
        if history.events[:len(document.history)] != document.history:
            self.violate("lost", document, f"its history was {document.history} and is now {history.events}")
        document.history = history.events
        self.settle(document, history)
        self.compare_view(client, document, history)
        self.verdict.count("checked")

    def settle(self, document, history):
        """What was possible and is not in the history did not happen; what was acknowledged must be there."""
        for kind in SETTLED:
            found, certain = history.counts[kind], document.acknowledged[kind]
            if found < certain:
                self.violate("lost", document, f"{certain} {kind} were acknowledged, {found} are recorded")
            elif found > certain + document.possible[kind]:
                self.violate("phantom", document, f"{found} {kind} are recorded, {certain} were asked for")
        if document.is_deleted and not history.ends:
            self.violate("lost", document, "its deletion was acknowledged and is not recorded")
        if history.counts[DELETED] > document.acknowledged[DELETED] + document.possible[DELETED]:
            self.violate("phantom", document, "is deleted, and nobody asked for that")
        if history.expiry not in document.expiries():
            self.violate("lost", document, f"its expiry is {history.expiry}, acknowledged was {document.expiry}")
        if history.digest not in (document.digest, *document.possible_digests):
            self.violate("lost", document, f"its content is {history.digest}, acknowledged was {document.digest}")
        for kind in SETTLED:
            document.acknowledged[kind] = history.counts[kind]
        document.possible.clear()
        document.possible_expiries.clear()
        document.possible_digests.clear()
        document.expiry = history.expiry
        document.digest = history.digest
        document.is_confirmed = history.is_confirmed
        if history.counts[DELETED]:
            document.is_deleted = True

    def compare_view(self, client, document, history):
        answer = self.ask(client, "GET", f"/api/documents/{document.id}?customerId={document.customer}")
        if history.ends:
            if answer.status != 410:
                self.violate("wrong", document, f"has ended and was read as {answer.said()}")
            if document.download_url and self.ask(client, "GET", document.download_url).status != 410:
                self.violate("wrong", document, "has ended and can still be downloaded")
            document.is_ended = True
        elif answer.status == 410:
            if document.expiry is None or document.expiry > now_ms():
                self.violate("early", document, f"is gone, its expiry is {document.expiry}")
        elif answer.status != 200:
            self.violate("lost", document, f"was read as {answer.said()}")
        else:
            self.compare_fields(client, document, history, answer.json())

    def compare_fields(self, client, document, history, view):
        if view["version"] < history.version:
            self.violate("wrong", document, f"has version {view['version']} and {history.version} events")
        expiry = from_rfc3339(view["expiryDate"]) if view.get("expiryDate") else None
        told = (view["customerId"], view["fileName"], expiry, view["uploaded"], view.get("sha256"))
        known = (document.customer, document.name, history.expiry, history.is_confirmed, history.digest)
        if told != known:
            self.violate("wrong", document, f"is read as {told}, its history says {known}")
        if document.is_confirmed and self.dice.random() < DOWNLOAD_SHARE:
            self.compare_content(client, document)

    def compare_content(self, client, document):
        answer = self.ask(client, "GET", f"/api/documents/{document.id}/download?customerId={document.customer}")
        if answer.status == 200:
            document.download_url = answer.json()["downloadSasUri"]
            answer = self.ask(client, "GET", document.download_url)
        if answer.status == 410 and (document.may_have_expired(now_ms())
                                     or has_url_ended(document.download_url, now_ms())):
            return
        self.verdict.count("downloaded")
        if answer.status != 200:
            self.violate("lost", document, f"its content answered {answer.said()}")
        elif hashlib.sha256(answer.body).hexdigest() != document.digest:
            self.violate("lost", document, "its content differs from what was acknowledged")

    def violate(self, kind, document, text):
        self.verdict.violate(kind, f"{document.id} ({document.customer} {document.name}): {text}")
