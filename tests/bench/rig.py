# SPDX-License-Identifier: Apache-2.0
"""Runs peers, load and the server for the bench: loopback only, free ports, everything under one folder."""

import contextlib
import json
import os
import re
import secrets
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "support"))

from dossier_process import Server  # noqa: E402

THREADS = 2  # Of the server and of each peer.
CUSTOMERS = [f"bench-{i:02d}" for i in range(64)]
_ADDRESS = re.compile(r"http://127\.0\.0\.1:(\d+)")


class Absent(Exception):
    """A peer that this machine does not have."""


class Load:
    """What one run of wrk did."""

    def __init__(self, said):
        self.requests = said["requests"]
        self.refused = said["refused"]
        self.broken = said["broken"]
        self.rate = (self.requests - self.refused) / said["seconds"]
        self.p50_ms = said["p50_ms"]
        self.p99_ms = said["p99_ms"]
        self.cpu_s = 0.0

    @property
    def cpu_ms_each(self):
        return self.cpu_s * 1000 / max(1, self.requests)


class Peer:
    """A process that is not ours, with its address and its processor time."""

    def __init__(self, process, port):
        self.process = process
        self.port = port
        self.url = f"http://127.0.0.1:{port}"

    def cpu_s(self):
        return sum(_cpu_s(pid) for pid in [self.process.pid, *_children(self.process.pid)])

    def stop(self):
        self.process.terminate()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def _cpu_s(pid):
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii") as stat:
            values = stat.read().rsplit(")", 1)[1].split()
    except OSError:
        return 0.0
    return (int(values[11]) + int(values[12])) / os.sysconf("SC_CLK_TCK")


def _children(pid):
    try:
        with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as listed:
            return [int(child) for child in listed.read().split()]
    except OSError:
        return []


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def await_port(port, process, timeout_s=10):
    deadline = time.monotonic() + timeout_s
    while time.monotonic() < deadline:
        if process.poll() is not None:
            break
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.02)
    raise Absent(f"{process.args[0]} did not start")


class Rig:
    def __init__(self, options):
        self.binary = os.path.abspath(options.binary)
        self.programs = os.path.abspath(options.programs)
        self.packages = os.path.abspath(options.packages)
        self.work = os.path.abspath(options.work)
        self.quick = options.quick
        self.runs = 2 if options.quick else 5
        self.seconds = 2 if options.quick else 6
        self.key = "dsk_" + secrets.token_urlsafe(32)
        self._made = 0
        shutil.rmtree(self.work, ignore_errors=True)
        os.makedirs(self.work)

    def folder(self, name):
        self._made += 1
        path = os.path.join(self.work, f"{self._made:02d}-{name}")
        os.makedirs(path)
        return path

    def file(self, name, content):
        path = os.path.join(self.work, name)
        with open(path, "wb") as into:
            into.write(content if isinstance(content, bytes) else content.encode())
        return path

    # Servers.

    @contextlib.contextmanager
    def dossier(self, name, settings=None):
        """A server of its own. Events stay in its outbox unless the settings say otherwise: a broker would share
        the cores, and what publishing costs is a measure of its own."""
        folder = self.folder(name)
        server = Server(self.binary, os.path.join(folder, "data"), os.path.join(folder, "log"), self.key,
                        {"http.threads": THREADS, "log.level": "warn", "kafka.enabled": "false",
                         **(settings or {})})
        server.start()
        try:
            yield server
        finally:
            server.kill()
            shutil.rmtree(folder, ignore_errors=True)

    @contextlib.contextmanager
    def program(self, name, *arguments):
        """One of the bench's own peers: prints its address when it listens."""
        process = subprocess.Popen([os.path.join(self.programs, name), *map(str, arguments)],
                                   stdout=subprocess.PIPE, text=True)
        peer = Peer(process, int(_ADDRESS.search(process.stdout.readline()).group(1)))
        try:
            yield peer
        finally:
            peer.stop()

    @contextlib.contextmanager
    def nginx(self, location):
        """nginx with the given lines in `location /`, as many workers as we have threads."""
        binary = shutil.which("nginx")
        if not binary:
            raise Absent("nginx")
        folder, port = self.folder("nginx"), free_port()
        conf = os.path.join(folder, "nginx.conf")
        with open(conf, "w", encoding="utf-8") as into:
            into.write(f"""worker_processes {THREADS}; daemon off; pid {folder}/pid; error_log {folder}/error;
                user {_user()};
                events {{ worker_connections 2048; }}
                http {{
                  access_log off; sendfile on; tcp_nopush on; keepalive_requests 1000000000;
                  client_body_temp_path {folder}/b; proxy_temp_path {folder}/p; fastcgi_temp_path {folder}/f;
                  uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
                  server {{ listen 127.0.0.1:{port} backlog=1024; location / {{ {location} }} }}
                }}""")
        process = subprocess.Popen([binary, "-c", conf, "-p", folder], stderr=subprocess.DEVNULL)
        await_port(port, process)
        peer = Peer(process, port)
        try:
            yield peer
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait()

    @contextlib.contextmanager
    def redis(self):
        binary = shutil.which("redis-server")
        if not binary or not shutil.which("redis-benchmark"):
            raise Absent("redis")
        folder, port = self.folder("redis"), free_port()
        process = subprocess.Popen([binary, "--port", str(port), "--bind", "127.0.0.1", "--dir", folder, "--save", "",
                                    "--appendonly", "yes", "--appendfsync", "always"], stdout=subprocess.DEVNULL)
        await_port(port, process)
        try:
            yield Peer(process, port)
        finally:
            process.kill()
            process.wait()

    # Load.

    def wrk(self, target, connections, seconds=None, **options):
        """Runs wrk with one thread against a peer's or server's URL; `fields` is a dict, `process` whose
        processor time is counted."""
        process = options.pop("process", None)
        fields = options.pop("fields", {})
        arguments = ["wrk", "-t1", f"-c{connections}", f"-d{seconds or self.seconds}s", "--timeout", "30s",
                     "-s", os.path.join(HERE, "wrk.lua"), target, "--"]
        arguments += [f"{name}={value}" for name, value in options.items()]
        arguments += [f"field={name}:{value}" for name, value in fields.items()]
        before = process.cpu_s() if process else 0
        load = Load(_run_wrk(arguments))
        load.cpu_s = process.cpu_s() - before if process else 0
        return load

    def interleave(self, contenders, runs=None):
        """Runs each once to warm up, then all in turn, several times: {name: [Load, ...]}."""
        for run in contenders.values():
            run()
        done = {name: [] for name in contenders}
        for _ in range(runs or self.runs):
            for name, run in contenders.items():
                os.sync()  # Nobody pays for what the one before left to be written.
                done[name].append(run())
        return done

    def admin_fields(self):
        return {"x-functions-key": self.key}

    def create_targets(self):
        return self.file("create-targets", "".join(f"/api/customers/{c}/documents\n" for c in CUSTOMERS))

    def wrk_create(self, server, connections, seconds=None, body=None, **options):
        """Creates without Idempotency-Key, spread over the customers."""
        path = self.file("create-body", body or json.dumps({"documentType": "invoice", "fileName": "bench.bin"}))
        return self.wrk(f"http://127.0.0.1:{server.port}", connections, seconds, method="POST", body=path,
                        targets=self.create_targets(), process=server,
                        fields={**self.admin_fields(), "Content-Type": "application/json"}, **options)

    def fill(self, server, count):
        """Creates at least `count` documents; how many were acknowledged."""
        made = 0
        while made < count:
            load = self.wrk_create(server, 64, 2)
            if load.requests == load.refused:
                raise RuntimeError(f"no create succeeds: {server.log_tail()}")
            made += load.requests - load.refused
        return made

    def wrk_create_each(self, server, body, expiry):
        """Creates one document for each time of `expiry` (start ms, span ms, count), as fast as it can; returns
        how many were acknowledged."""
        def created():
            return server.metrics().get(
                'dossier_http_requests_total{operation="createDocument",status_class="2xx"}', 0)

        before = created()
        self.wrk_create(server, 64, 600, body=body, expiry=",".join(str(int(x)) for x in expiry))
        return int(created() - before)

    def make_document(self, client, content=None, customer="bench-00"):
        """A document through the API: (id, upload URL, download URL or None)."""
        answer = client.ask("POST", f"/api/customers/{customer}/documents",
                            {"documentType": "invoice", "fileName": "bench.bin"})
        made = _expect(answer, 201).json()
        if content is None:
            return made["documentId"], made["uploadSasUri"], None
        _expect(client.ask("PUT", made["uploadSasUri"], content, {"x-ms-blob-type": "BlockBlob"}), 201)
        return made["documentId"], made["uploadSasUri"], self.confirm(client, made["documentId"], customer)

    def confirm(self, client, ident, customer="bench-00"):
        """Confirms an upload and returns a download URL."""
        _expect(client.ask("POST", f"/api/documents/{ident}/confirm-upload", {"uploaded": True}), 200)
        answer = client.ask("GET", f"/api/documents/{ident}/download?customerId={customer}")
        return _expect(answer, 200).json()["downloadSasUri"]


def _run_wrk(arguments):
    """wrk's line of JSON. wrk sleeps out its duration whatever its script does; SIGINT ends it early."""
    with subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as wrk:
        said = wrk.stderr.readline()
        if said == "sent\n":
            time.sleep(0.5)  # For the last answers.
            wrk.send_signal(signal.SIGINT)
        out, rest = wrk.communicate(timeout=60)
    lines = [line for line in out.splitlines() if line.startswith("{")]
    if not lines:
        raise RuntimeError(f"wrk: {out}{said}{rest}")
    return json.loads(lines[-1])


def _expect(answer, status):
    if answer.status != status:
        raise RuntimeError(f"expected {status}, answered {answer.said()}")
    return answer


def resting_copy(source, target):
    """Copies a folder; nobody pays later for what that left to be written."""
    subprocess.run(["cp", "-a", "--reflink=auto", source, target], check=True)
    os.sync()


def _user():
    import pwd  # pylint: disable=import-outside-toplevel
    return pwd.getpwuid(os.geteuid()).pw_name


def median(values):
    return statistics.median(values)


def median_rate(loads):
    return median([load.rate for load in loads])


def spread(loads):
    """How far the runs were apart, as a share of the median."""
    rates = [load.rate for load in loads]
    return f"±{(max(rates) - min(rates)) / 2 / max(1e-9, median(rates)):.0%}"


def cpu_note(ours, peers):
    return (f"CPU ms/request {median([x.cpu_ms_each for x in ours]):.3f} (peer "
            f"{median([x.cpu_ms_each for x in peers]):.3f}), {spread(ours)}")
