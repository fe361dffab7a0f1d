# SPDX-License-Identifier: Apache-2.0
"""A server process under test and a keep-alive HTTP client for it. Standard library only.

The server chooses its own port (127.0.0.1:0); the address is read from what it prints at start.
"""

import json
import os
import re
import signal
import socket
import subprocess
import time

_ADDRESS = re.compile(rb"http://127\.0\.0\.1:([1-9]\d*)")


class ServerFailed(Exception):
    """The server did not start, or ended when nobody asked it to."""


class Answer:
    """A response: status, fields by lower-case name, body bytes."""

    def __init__(self, status, fields, body):
        self.status = status
        self.fields = fields
        self.body = body

    def json(self):
        return json.loads(self.body)

    def said(self):
        """The answer in one short line, for messages."""
        return f"{self.status} {self.body[:300].decode('utf-8', 'replace')}"


class Broken(Exception):
    """The connection ended before the answer did."""


class Client:
    """One keep-alive connection; used by one thread. Raises OSError or Broken when the server dies.

    Reads only what our server writes (a Content-Length on every body), which makes it several times faster
    than http.client: the oracle shares the cores with the server.
    """

    def __init__(self, port, key, timeout_s=30):
        self._port = port
        self._key = key
        self._timeout_s = timeout_s
        self._socket = None
        self._early = b""

    def ask(self, verb, path, body=None, fields=None):
        """`body` may be bytes or something for json.dumps; signed URLs may be given whole."""
        lines = []
        if path.startswith("http"):
            path = "/" + path.split("/", 3)[3]
        else:
            lines.append(f"x-functions-key: {self._key}")
        if body is not None and not isinstance(body, bytes):
            body = json.dumps(body).encode()
            lines.append("content-type: application/json")
        if body is not None:
            lines.append(f"content-length: {len(body)}")
        lines += [f"{name}: {value}" for name, value in (fields or {}).items()]
        head = f"{verb} {path} HTTP/1.1\r\nhost: 127.0.0.1:{self._port}\r\n" + "".join(x + "\r\n" for x in lines)
        try:
            if self._socket is None:
                self._socket = socket.create_connection(("127.0.0.1", self._port), self._timeout_s)
                self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._socket.sendall(head.encode() + b"\r\n" + (body or b""))
            answer = self._read(verb)
        except BaseException:
            self.close()
            raise
        if answer.fields.get("connection", "").lower() == "close":
            self.close()
        return answer

    def close(self):
        if self._socket is not None:
            self._socket.close()
        self._socket = None
        self._early = b""

    def _receive(self):
        got = self._socket.recv(1 << 18)
        if not got:
            raise Broken(f"the server closed the connection after {len(self._early)} bytes of an answer")
        return got

    def _read(self, verb):
        while (end := self._early.find(b"\r\n\r\n")) < 0:
            self._early += self._receive()
        status_line, *lines = self._early[:end].decode("latin-1").split("\r\n")
        status = int(status_line.split(" ", 2)[1])
        fields = {}
        for line in lines:
            name, _, value = line.partition(":")
            fields[name.lower()] = value.strip()
        pieces, missing = [self._early[end + 4:]], 0
        if verb != "HEAD" and status not in (204, 304):
            missing = int(fields["content-length"]) - len(pieces[0])
        while missing > 0:
            pieces.append(self._receive())
            missing -= len(pieces[-1])
        self._early = b""
        return Answer(status, fields, b"".join(pieces))


class Server:
    """Starts, kills and restarts `dossier serve` on one data directory."""

    def __init__(self, binary, data_dir, log_path, admin_key, settings=None):
        self.binary = os.path.abspath(binary)
        self.data_dir = data_dir
        self.log_path = log_path
        self.admin_key = admin_key
        self.settings = settings or {}
        self.process = None
        self.port = None
        self.starts = 0

    def launch(self):
        """Starts the process and returns at once."""
        arguments = [self.binary, "serve", "--data-dir", self.data_dir, "--listen", "127.0.0.1:0"]
        for path, value in self.settings.items():
            arguments += ["--set", f"{path}={value}"]
        environment = {k: v for k, v in os.environ.items() if not k.startswith("DOSSIER_")}
        environment["DOSSIER_ADMIN_KEY"] = self.admin_key
        self.port = None
        self.starts += 1
        with open(self.log_path, "wb") as log:
            self.process = subprocess.Popen(arguments, stdout=log, stderr=subprocess.STDOUT,
                                            stdin=subprocess.DEVNULL, env=environment)

    def await_ready(self, timeout_s=60):
        """Returns when /health/ready answers 200; raises ServerFailed if it ends or takes too long."""
        deadline = time.monotonic() + timeout_s
        while time.monotonic() < deadline:
            self.check_alive()
            if self.port is None:
                self.port = self._printed_port()
            if self.port is not None and self._is_ready():
                return
            time.sleep(0.002)
        raise ServerFailed(f"not ready after {timeout_s} s; its output ends:\n{self.log_tail()}")

    def start(self, timeout_s=60):
        self.launch()
        self.await_ready(timeout_s)

    def client(self, timeout_s=30):
        return Client(self.port, self.admin_key, timeout_s)

    def check_alive(self):
        if self.process.poll() is not None:
            raise ServerFailed(f"ended by itself with {self.process.returncode}; its output ends:\n{self.log_tail()}")

    def kill(self):
        """kill -9: the process gets no chance to do anything."""
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGKILL)
        if self.process:
            self.process.wait()

    def stop(self, timeout_s=15):
        """SIGTERM and the exit status; kills it if it does not end in time."""
        if not self.process or self.process.poll() is not None:
            return self.process.returncode if self.process else None
        self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            self.kill()
            return None

    def verify(self, timeout_s=300):
        """Runs `dossier verify` on the data directory: (exit status, output)."""
        run = subprocess.run([self.binary, "verify", "--data-dir", self.data_dir], capture_output=True,
                             text=True, timeout=timeout_s, check=False)
        return run.returncode, (run.stdout + run.stderr).strip()

    def log_tail(self, bytes_max=4000):
        try:
            with open(self.log_path, "rb") as log:
                return log.read()[-bytes_max:].decode("utf-8", "replace")
        except OSError:
            return ""

    def cpu_s(self):
        """Processor seconds the running process has used."""
        with open(f"/proc/{self.process.pid}/stat", encoding="ascii") as stat:
            values = stat.read().rsplit(")", 1)[1].split()
        return (int(values[11]) + int(values[12])) / os.sysconf("SC_CLK_TCK")

    def rss_bytes(self):
        with open(f"/proc/{self.process.pid}/statm", encoding="ascii") as statm:
            return int(statm.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")

    def metrics(self):
        """/metrics as {'name' or 'name{label="x"}': value}."""
        client = self.client()
        answer = client.ask("GET", "/metrics")
        client.close()
        values = {}
        for line in answer.body.decode().splitlines():
            if line and not line.startswith("#"):
                name, value = line.rsplit(" ", 1)
                values[name] = float(value)
        return values

    def _printed_port(self):
        try:
            with open(self.log_path, "rb") as log:
                found = _ADDRESS.search(log.read())
        except OSError:
            return None
        return int(found.group(1)) if found else None

    def _is_ready(self):
        client = self.client(timeout_s=5)
        try:
            return client.ask("GET", "/health/ready").status == 200
        except (OSError, Broken):
            return False
        finally:
            client.close()
