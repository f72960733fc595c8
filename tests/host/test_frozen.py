"""A process that holds its place and does nothing is ended; one that is busy, slow or starting is not."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from callcenter.host import frozen
from callcenter.host.frozen import FROZEN_AFTER, FrozenWatch

pytestmark = pytest.mark.adapter

# Says something to whoever asks, after so many seconds.
_SERVER = """
import socket, sys, time
server = socket.create_server(("127.0.0.1", 0))
print(server.getsockname()[1], flush=True)
while True:
    asked, _ = server.accept()
    time.sleep(float(sys.argv[1]))
    try:
        asked.sendall(b"HTTP/1.0 200 OK\\r\\n\\r\\n")
    except OSError:
        pass
    asked.close()
"""


# Listens, says nothing, and works.
_BUSY = """
import socket
server = socket.create_server(("127.0.0.1", 0))
print(server.getsockname()[1], flush=True)
while True:
    pass
"""


@contextmanager
def served(after: float = 0) -> Iterator[tuple[subprocess.Popen[str], int]]:
    """A server in a process of its own, and its port."""
    with running(_SERVER, str(after)) as process_and_port:
        yield process_and_port


@contextmanager
def busy() -> Iterator[tuple[subprocess.Popen[str], int]]:
    """The same with no time for anybody."""
    with running(_BUSY) as process_and_port:
        yield process_and_port


@contextmanager
def running(program: str, *arguments: str) -> Iterator[tuple[subprocess.Popen[str], int]]:
    argv = [sys.executable, "-c", program, *arguments]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield process, int(process.stdout.readline())
        finally:
            process.kill()


def lives(process: subprocess.Popen[str], seconds: float) -> bool:
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        return True
    return False


def test_one_that_is_frozen_is_ended_and_the_place_is_free() -> None:
    with served() as (process, port), FrozenWatch(port, lambda: process.pid):
        assert lives(process, 1)
        os.kill(process.pid, signal.SIGSTOP)
        began = time.monotonic()
        assert process.wait(30) == -signal.SIGKILL
        assert time.monotonic() - began >= FROZEN_AFTER - 0.5


def test_one_that_is_frozen_for_a_moment_lives() -> None:
    with served() as (process, port), FrozenWatch(port, lambda: process.pid):
        assert lives(process, 0.5)
        os.kill(process.pid, signal.SIGSTOP)
        assert lives(process, FROZEN_AFTER / 3)
        os.kill(process.pid, signal.SIGCONT)
        assert lives(process, FROZEN_AFTER + 1)


def test_one_that_takes_a_while_to_answer_lives() -> None:
    with served(after=0.3) as (process, port), FrozenWatch(port, lambda: process.pid):
        assert lives(process, FROZEN_AFTER + 1)


def test_one_that_works_and_has_no_time_to_answer_lives() -> None:
    with busy() as (process, port), FrozenWatch(port, lambda: process.pid):
        assert lives(process, 2 * FROZEN_AFTER)


def test_one_that_goes_round_in_circles_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(frozen, "CIRCLING_AFTER", 3.0)
    with busy() as (process, port), FrozenWatch(port, lambda: process.pid):
        began = time.monotonic()
        assert process.wait(30) == -signal.SIGKILL
        assert time.monotonic() - began >= 3.0


def test_one_that_does_not_listen_yet_lives() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # nobody listens there
        with (
            served() as (process, _),
            FrozenWatch(taken.getsockname()[1], lambda: process.pid),
        ):
            os.kill(process.pid, signal.SIGSTOP)
            assert lives(process, FROZEN_AFTER + 1)


def test_whoever_is_late_itself_ends_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(frozen, "_ON_TIME", -10)
    with served() as (process, port), FrozenWatch(port, lambda: process.pid):
        os.kill(process.pid, signal.SIGSTOP)
        assert lives(process, FROZEN_AFTER + 1)


def test_where_nobody_holds_the_place_nobody_is_ended() -> None:
    with served() as (process, port), FrozenWatch(port, lambda: None):
        os.kill(process.pid, signal.SIGSTOP)
        assert lives(process, FROZEN_AFTER + 1)
