# SPDX-License-Identifier: Apache-2.0
"""Node's packages that a folder of tests pins in its package-lock.json, installed into a folder of the build."""

import fcntl
import hashlib
import os
import re
import shutil
import subprocess
import sys

INSTALL_S_MAX = 180
_PINNED = ("package.json", "package-lock.json")
_UNREACHABLE = re.compile(r"ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ENETUNREACH|EHOSTUNREACH|"
                          r"ERR_SOCKET_TIMEOUT|ENOTCACHED|CERT_|E403|E50\d")


class Skipped(Exception):
    """What is needed is not on this machine and cannot be had."""


def install_packages(pinned_in, folder):
    """Makes the packages that `pinned_in` names present in `folder`, for the next time, too; one process at a
    time. Raises Skipped where there is no Node or no registry."""
    for program in ("node", "npm"):
        if not shutil.which(program):
            raise Skipped(f"{program} is missing: ./dev install clients")
    os.makedirs(folder, exist_ok=True)
    wanted = hashlib.sha256()
    for name in _PINNED:
        with open(os.path.join(pinned_in, name), "rb") as file:
            wanted.update(file.read())
    stamp = os.path.join(folder, "packages.of")
    with open(os.path.join(folder, "lock"), "w", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if os.path.exists(stamp):
            with open(stamp, encoding="ascii") as file:
                if file.read() == wanted.hexdigest():
                    return
            os.remove(stamp)
        for name in _PINNED:
            shutil.copy(os.path.join(pinned_in, name), folder)
        _fetch(folder)
        with open(stamp, "w", encoding="ascii") as file:
            file.write(wanted.hexdigest())


def node_environment(folder):
    """The environment in which Node finds what install_packages() put into `folder`."""
    return {**os.environ, "NODE_PATH": os.path.join(os.path.abspath(folder), "node_modules")}


def _fetch(folder):
    arguments = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--fetch-retries=1",
                 "--fetch-timeout=30000", "--loglevel=error"]
    try:
        run = subprocess.run(arguments, cwd=folder, capture_output=True, text=True, timeout=INSTALL_S_MAX, check=False)
    except subprocess.TimeoutExpired as why:
        raise Skipped(f"npm ci did not end within {INSTALL_S_MAX} s") from why
    said = (run.stdout + run.stderr).strip()
    if run.returncode and (why := _UNREACHABLE.search(said)):
        raise Skipped(f"the npm registry cannot be reached: {why.group()}")
    if run.returncode:
        sys.exit(f"npm ci failed:\n{said}")
