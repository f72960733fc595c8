"""A real PostgreSQL of the tests' own: on loopback, in a temporary folder, run by this process."""

import os
import pwd
import shutil
import signal
import socket
import subprocess
from collections.abc import Mapping
from contextlib import closing
from functools import cached_property
from pathlib import Path
from tempfile import mkdtemp
from threading import Thread

import psycopg

from callcenter.adapters.db.migrations import upgrade
from callcenter.adapters.db.tables import metadata

PORTS = range(25000, 26000)
ROOT = 0
PASSWORD = "s3cret@:/pass"
PASSWORD_IN_URL = "s3cret%40%3A%2Fpass"
ROOM = 500 * 2**20


class NoPostgres(Exception):
    """There is no PostgreSQL on this machine; says which package to install."""


def binaries() -> Path:
    """Where initdb and postgres are: newest Debian version first, then the PATH."""
    debian = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), reverse=True)
    found = str(debian[0]) if debian else shutil.which("initdb")
    if found is None:
        raise NoPostgres(
            "these tests run on a real PostgreSQL and found none: apt install postgresql"
            " (Debian: postgresql-15 or newer)"
        )
    return Path(found).resolve().parent


def unprivileged() -> Mapping[str, int]:
    """PostgreSQL refuses to run as root: there, run it as somebody else."""
    if os.geteuid() != ROOT:
        return {}
    names = {entry.pw_name: entry for entry in pwd.getpwall()}
    entry = names.get("postgres") or names["nobody"]
    return {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}  # type: ignore[dict-item]


def free_port() -> int:
    """A port of our block on which nobody listens."""
    start = os.getpid() % len(PORTS)  # two runs at once do not race for the first one
    for port in [*PORTS[start:], *PORTS[:start]]:
        with closing(socket.socket()) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if probe.connect_ex(("127.0.0.1", port)) != 0:
                return int(port)
    raise NoPostgres("no port is free between 25000 and 25999: stop what listens there")


class Cluster:
    """A PostgreSQL of our own in a temporary folder; `stop` and `start` play an outage."""

    def __init__(self) -> None:
        # Not pytest's folder: its parents are closed to the user that PostgreSQL runs as.
        # In memory where there is room: a cluster is a thousand files.
        memory = Path("/dev/shm")
        roomy = memory.is_dir() and shutil.disk_usage(memory).free > ROOM
        self.folder = Path(mkdtemp(prefix="cc-postgres-", dir=memory if roomy else None))
        self.port = free_port()
        self._bin = binaries()
        self._who = unprivileged()
        if self._who:
            os.chown(self.folder, self._who["user"], self._who["group"])
        password = self.folder / "password"
        password.write_text(PASSWORD)
        password.chmod(0o644)
        self._run(
            "initdb", "--pgdata", str(self._data), "--username=callcenter", "--auth=scram-sha-256",
            f"--pwfile={password}", "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync", "--no-instructions",
        )  # fmt: skip
        self.start()

    @property
    def _data(self) -> Path:
        return self.folder / "data"

    def start(self) -> None:
        """Start and wait until it answers. A child of ours, not a daemon: we see it end."""
        self._server = subprocess.Popen(
            [
                self._bin / "postgres", "-D", self._data, "-p", str(self.port),
                "-c", "listen_addresses=127.0.0.1", "-k", self.folder, "-c", "fsync=off",
            ],
            cwd=self.folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            **self._who,  # type: ignore[call-overload]
        )  # fmt: skip
        log = self._server.stderr
        said = []
        for line in log:
            said.append(line.decode(errors="replace"))
            if b"ready to accept connections" in line:
                break
        else:
            raise NoPostgres("postgres ended at once: " + "".join(said[-5:]))
        Thread(target=log.read, daemon=True).start()

    def stop(self) -> None:
        """Stop at once, as a failing server does to its clients."""
        self._server.send_signal(signal.SIGQUIT)
        self._server.wait(30)
        self._server.stderr.close()

    def remove(self) -> None:
        """Stop and leave nothing behind."""
        self.stop()
        shutil.rmtree(self.folder)

    def url(self, database: str) -> str:
        """The URL of one database."""
        return f"postgresql://callcenter:{PASSWORD_IN_URL}@127.0.0.1:{self.port}/{database}"

    @cached_property
    def migrated(self) -> str:
        """The URL of the database with all tables."""
        self._execute("postgres", "CREATE DATABASE migrated")
        upgrade(self.url("migrated"))
        return self.url("migrated")

    @cached_property
    def bare(self) -> str:
        """The URL of the database without a table."""
        self._execute("postgres", "CREATE DATABASE bare")
        return self.url("bare")

    def emptied(self) -> str:
        """The migrated database, without a row. One for all tests: making one costs seconds."""
        url = self.migrated
        # Not TRUNCATE: it makes new files for every table and index, whatever is in them.
        tables = reversed(metadata.sorted_tables)
        statements = [f"DELETE FROM {table.name}" for table in tables]
        # The change log refuses to lose a row, except to whoever replicates.
        self._execute(
            "migrated", "; ".join(["SET session_replication_role = replica", *statements])
        )
        return url

    def stripped(self) -> str:
        """The bare database, without a table."""
        url = self.bare
        self._execute("bare", "DROP SCHEMA public CASCADE; CREATE SCHEMA public")
        return url

    def _execute(self, database: str, statements: str) -> None:
        with closing(psycopg.connect(self.url(database), autocommit=True)) as server:
            server.execute(statements.encode())

    def _run(self, program: str, *arguments: str) -> None:
        done = subprocess.run(
            [self._bin / program, *arguments],
            cwd=self.folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            timeout=60,
            **self._who,  # type: ignore[call-overload]
        )
        if done.returncode:
            raise NoPostgres(f"{program} failed: {done.stderr.decode(errors='replace').strip()}")
