# SPDX-License-Identifier: Apache-2.0
"""The load under which the server is killed: one thread, its own documents, random requests."""

import hashlib
import os
import threading

import model
from dossier_process import Broken
from model import CHANGED, DELETED, STORED, UPLOADED, now_ms, to_rfc3339

BROKEN = (OSError, Broken)
SHED = (429, 503)  # The outcome of 503 may be unknown; a shed request is repeated later or not at all.
SIZE_MAX = 64 * 1024
LIVE_MAX = 60  # Documents a worker keeps working on.


class Worker(threading.Thread):
    """Asks until told to stop or until the server is gone. Everything it learns goes into `known`."""

    def __init__(self, number, cycle, server, known, verdict, dice, carried):
        super().__init__(daemon=True)
        self.server = server
        self.known = known
        self.verdict = verdict
        self.dice = dice
        self.stopping = threading.Event()
        self.live = carried  # Documents this worker owns; some from before the last crash.
        self.customer = f"w{number}-{cycle}"
        self.prefix = f"{cycle}-{number}"
        self.made = 0
        self.shared_content = os.urandom(2000)  # Equal content of one customer is stored once.
        self.trouble = None

    def run(self):
        client = self.server.client()
        try:
            while not self.stopping.is_set():
                self.step(client)
        except BROKEN as why:
            self.trouble = why  # Expected once the server is killed; the oracle judges.
        except Exception as why:  # pylint: disable=broad-except
            self.verdict.violate("wrong", f"an answer that cannot be read: {type(why).__name__}: {why}")
        finally:
            client.close()

    def step(self, client):
        if not self.live or self.dice.random() < 0.3:
            self.create(client)
            return
        document = self.dice.choice(self.live)
        if not document.is_certain or document.may_be_gone(now_ms()):
            self.live.remove(document)
            return
        what = self.dice.choices((self.upload, self.confirm, self.change_expiry, self.download, self.read, self.delete),
                                 (30, 25, 14, 10, 10, 6))[0]
        self.known.touch(document)
        what(client, document)
        if document.is_deleted or not document.is_certain:
            self.live.remove(document)

    # Requests. What may take effect is noted before it is sent and settled by the answer.

    def create(self, client):
        self.made += 1
        body = {"documentType": "crash", "fileName": f"{self.prefix}-{self.made}.bin"}
        expiry = None
        kind = self.dice.random()
        if kind < 0.35:
            expiry = now_ms() + self.dice.randrange(1000, 4000)
        elif kind < 0.6:
            expiry = now_ms() + 3_600_000 + self.dice.randrange(1000)
        if expiry:
            body["expiryDate"] = to_rfc3339(expiry)
        key = f"key-{body['fileName']}" if self.dice.random() < 0.8 else None
        creation = model.Creation(self.customer, body, key, expiry)
        self.known.sending(creation)
        answer = send_create(client, creation)
        if answer.status == 201:
            said = answer.json()
            document = self.known.acknowledged(creation, said["documentId"], said["uploadSasUri"])
            self.verdict.count("acked")
            if len(self.live) >= LIVE_MAX:
                self.live.pop(self.dice.randrange(len(self.live)))
            self.live.append(document)
        elif answer.status not in SHED:
            self.known.refused(creation)
            self.verdict.violate("wrong", f"create of {creation.name} answered {answer.said()}")

    def upload(self, client, document):
        if document.is_confirmed:
            return
        if self.dice.random() < 0.2:
            content = self.shared_content
        else:
            content = os.urandom(16) + b"." * self.dice.randrange(SIZE_MAX)
        digest = hashlib.sha256(content).hexdigest()
        if digest == document.digest:
            return
        document.possible[STORED] += 1
        document.possible_digests.append(digest)
        answer = client.ask("PUT", document.upload_url, content, {"x-ms-blob-type": "BlockBlob"})
        if self.settle(document, answer, 201, "upload", url=document.upload_url):
            document.acknowledged[STORED] += 1
            document.digest = digest

    def confirm(self, client, document):
        if document.digest is None or document.is_confirmed:
            return
        document.possible[UPLOADED] += 1
        answer = client.ask("POST", f"/api/documents/{document.id}/confirm-upload", {"uploaded": True})
        if self.settle(document, answer, 200, "confirm"):
            document.acknowledged[UPLOADED] += 1
            document.is_confirmed = True

    def change_expiry(self, client, document):
        answer = self.read(client, document)
        if answer is None:
            return
        kind = self.dice.random()
        if kind < 0.4:
            expiry = now_ms() + self.dice.randrange(1000, 4000)
        elif kind < 0.8:
            expiry = now_ms() + 3_600_000 + self.dice.randrange(1000)
        else:
            expiry = None
        if expiry == document.expiry:
            return
        document.possible[CHANGED] += 1
        document.possible_expiries.append(expiry)
        body = {"expiryDate": to_rfc3339(expiry) if expiry else None}
        answer = client.ask("PATCH", f"/api/documents/{document.id}?customerId={document.customer}", body,
                            {"if-match": answer.fields["etag"]})
        # 412: its expiry was announced between the read and the change.
        if self.settle(document, answer, 200, "change of expiry", refusals=(412,)):
            document.acknowledged[CHANGED] += 1
            document.expiry = expiry

    def delete(self, client, document):
        document.possible[DELETED] += 1
        answer = client.ask("DELETE", f"/api/documents/{document.id}?customerId={document.customer}")
        if self.settle(document, answer, 204, "delete"):
            document.acknowledged[DELETED] += 1
            document.is_deleted = True

    def read(self, client, document):
        answer = client.ask("GET", f"/api/documents/{document.id}?customerId={document.customer}")
        self.verdict.count("reads")
        if answer.status == 200:
            view = answer.json()
            if view["uploaded"] != document.is_confirmed or (document.digest and view["sha256"] != document.digest):
                self.verdict.violate("wrong", f"{document.id} was read as {answer.said()}")
            return answer
        self.judge_refusal(document, answer, "read")
        return None

    def download(self, client, document):
        if not document.is_confirmed:
            return
        answer = client.ask("GET", f"/api/documents/{document.id}/download?customerId={document.customer}")
        if answer.status == 200:
            document.download_url = answer.json()["downloadSasUri"]
            answer = client.ask("GET", document.download_url)
        self.verdict.count("reads")
        if answer.status == 200:
            if hashlib.sha256(answer.body).hexdigest() != document.digest:
                self.verdict.violate("wrong", f"{document.id}: the downloaded bytes differ from the uploaded ones")
        else:
            self.judge_refusal(document, answer, "download", document.download_url)

    # Judging.

    def settle(self, document, answer, wanted, what, refusals=(), url=None):
        """Whether the change was acknowledged. A shed one stays possible: its outcome may be unknown."""
        if answer.status in SHED:
            return False
        document.possible.clear()
        document.possible_digests.clear()
        document.possible_expiries.clear()
        if answer.status == wanted:
            self.verdict.count("acked")
            return True
        if answer.status not in refusals:
            self.judge_refusal(document, answer, what, url)
        return False

    def judge_refusal(self, document, answer, what, url=None):
        if answer.status in SHED:
            return
        if answer.status == 410:
            if not document.may_be_gone(now_ms()) and not model.has_url_ended(url, now_ms()):
                self.verdict.violate("early", f"{what} of {document.id}: gone, but it expires at {document.expiry}")
        elif answer.status == 404:
            self.verdict.violate("lost", f"{what} of {document.id}: {answer.said()}")
        else:
            self.verdict.violate("wrong", f"{what} of {document.id} answered {answer.said()}")


def send_create(client, creation):
    fields = {"idempotency-key": creation.key} if creation.key else {}
    return client.ask("POST", f"/api/customers/{creation.customer}/documents", creation.body, fields)
