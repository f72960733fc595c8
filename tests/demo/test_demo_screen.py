"""What a person sees of the demo, on terminals of several widths."""

import contextlib
import os
import pty
import re
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from io import RawIOBase
from pathlib import Path

import pytest
from rich.cells import cell_len

from callcenter.demo.board import Board
from callcenter.demo.screen import shown, summary
from callcenter.demo.verdict import Fault, Outcome, Verdict

pytestmark = pytest.mark.scenario

HEIGHT = 24
WRONG = Fault("heard bo while ana heard the caller", "来电者听到 bo，而听到来电者的是 ana")
AGENTS = {
    "ana": ("talks", "通话中"),
    "bo": ("does not hear it", "没听见"),
    "chen": ("pauses: tea", "小休：喝茶"),
}
CALLERS = {
    "Li Na #12": ("waits for support", "排队等候"),
    "Mia #13": ("talks with chen", "与 chen 通话"),
}
Draw = Callable[[int, Callable[[], None]], list[str]]


def verdict(caller: str, outcome: Outcome, *faults: Fault, doubtful: bool = False) -> Verdict:
    agent = "ana" if outcome is Outcome.ANSWERED else None
    waited = timedelta(seconds=3.8) if agent else None
    return Verdict(caller, outcome, agent, waited, faults, doubtful)


@pytest.fixture
def board() -> Board:
    board = Board()
    for name, doing in AGENTS.items():
        board.agent(name, *doing)
    for name, doing in CALLERS.items():
        board.caller(name, *doing)
    board.judged(verdict("Jo #1", Outcome.ANSWERED))
    board.judged(verdict("Aya #2", Outcome.TURNED_AWAY))
    board.judged(verdict("Tom #3", Outcome.ANSWERED, WRONG, doubtful=True))
    board.judged(verdict("Sun #4", Outcome.LEFT))
    return board


@pytest.fixture
def on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> Draw:
    """Draw on a real terminal of so many columns; the lines that came, without what steers it."""
    for name in ("NO_COLOR", "FORCE_COLOR", "TTY_COMPATIBLE", "TTY_INTERACTIVE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("LINES", str(HEIGHT))

    def draw(width: int, play: Callable[[], None]) -> list[str]:
        ours, theirs = pty.openpty()
        monkeypatch.setenv("COLUMNS", str(width))
        with ThreadPoolExecutor(1) as reader, os.fdopen(ours, "rb", buffering=0) as end:
            came = reader.submit(lambda: b"".join(_pieces(end)))
            with os.fdopen(theirs, "w", encoding="utf-8") as screen, monkeypatch.context() as here:
                here.setattr("sys.stdout", screen)
                play()
            text = came.result(10).decode()
        text = re.sub(r"\r(?!\n)", "\n", text)  # here a picture ends, and is drawn over
        return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]|\r", "", text).split("\n")

    return draw


def _pieces(terminal: RawIOBase) -> Iterator[bytes]:
    """What comes until nobody can write any more, which Linux calls an error."""
    with contextlib.suppress(OSError):
        while piece := terminal.read(4096):
            yield piece


def picture(board: Board) -> Callable[[], None]:
    """The live table, as long as nothing happens."""

    def play() -> None:
        with shown(board, 20):
            pass

    return play


def line_of(name: str, lines: list[str]) -> int:
    return next(n for n, line in enumerate(lines) if name in line)


def everybody() -> list[str]:
    people = {**AGENTS, **CALLERS}
    return [f"{name} +{en} {zh}" for name, (en, zh) in people.items()]


@pytest.mark.parametrize("width", [80, 140])
def test_agents_and_callers_stand_side_by_side_with_all_that_they_do(
    board: Board, on_a_terminal: Draw, width: int
) -> None:
    lines = on_a_terminal(width, picture(board))
    text = "\n".join(lines)
    assert re.search(r"agent 坐席 +caller 来电者", text)
    assert re.search(r"ana +talks 通话中 +Li Na #12 +waits for support 排队等候", text)
    assert re.search(r"bo +does not hear it 没听见 +Mia #13 +talks with chen 与 chen 通话", text)
    assert re.search(r"chen +pauses: tea 小休：喝茶 *$", text, re.MULTILINE)
    assert max(map(cell_len, lines)) <= width


def test_on_a_narrow_terminal_callers_stand_below_the_agents_and_nothing_is_cut_off(
    board: Board, on_a_terminal: Draw
) -> None:
    lines = on_a_terminal(50, picture(board))
    assert all(re.search(one, "\n".join(lines)) for one in everybody())
    assert line_of("chen  ", lines) < line_of("caller 来电者", lines) < line_of("Li Na", lines)
    assert max(map(cell_len, lines)) <= 50


def test_even_on_a_very_narrow_terminal_every_word_is_there(
    board: Board, on_a_terminal: Draw
) -> None:
    lines = on_a_terminal(36, picture(board))
    text = re.sub(r"\s", "", "".join(lines))
    assert all(f"{en}{zh}".replace(" ", "") in text for en, zh in AGENTS.values())
    assert "waitsforsupport排队等候" in text
    assert max(map(cell_len, lines)) <= 36


def test_the_figures_and_what_was_judged_last_stand_above(
    board: Board, on_a_terminal: Draw
) -> None:
    lines = on_a_terminal(120, picture(board))
    figures = "calls 通话 4/20  answered 接通 2  left the menu 提前挂断 1  unknown number 空号 1"
    assert lines[0].rstrip() == f"{figures}  failed 失败 1"
    assert lines[1].rstrip() == "✓ Aya #2: unknown number 空号"
    assert lines[2].rstrip() == f"✗ Tom #3: {WRONG}"
    assert line_of("Sun #4: left the menu", lines) < line_of("agent 坐席", lines)


def test_on_a_terminal_with_too_few_lines_the_figures_are_still_there(
    board: Board, on_a_terminal: Draw
) -> None:
    for number in range(20, 20 + HEIGHT):
        board.caller(f"Ida #{number}", "listens", "听提示语")
    lines = on_a_terminal(60, picture(board))
    assert lines[0].startswith("calls 通话 4/20")
    assert lines[HEIGHT - 1].strip() == "..."


def test_what_happens_meanwhile_is_drawn(board: Board, on_a_terminal: Draw) -> None:
    def play() -> None:
        with shown(board, None):
            board.agent("ana", "wraps up", "话后处理")
            board.caller_left("Mia #13")

    text = "\n".join(on_a_terminal(80, play))
    before, after = text.index("ana         talks"), text.index("ana         wraps up 话后处理")
    assert before < after
    assert "Mia #13" in text[before:after] and "Mia #13" not in text[after:]


@pytest.mark.parametrize("width", [50, 80, 140])
def test_the_last_word_tells_every_fault_whole(
    board: Board, on_a_terminal: Draw, tmp_path: Path, width: int
) -> None:
    def play() -> None:
        summary(board, 4, 7, tmp_path / "none", timedelta(seconds=45))

    lines = on_a_terminal(width, play)
    text = re.sub(r"\s", "", "".join(lines))
    assert f"✗Tom#3:{WRONG}".replace(" ", "") in text
    assert "toobusyforitssoundtobetrusted机器过忙，录音不可靠" in text
    assert "Noteverycallwascarriedasitshouldbe." in text
    assert max(map(cell_len, lines)) <= width


def test_every_call_has_a_row_with_its_verdict(
    board: Board, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    summary(board, 4, 7, tmp_path / "none", timedelta(seconds=45))
    rows = [
        [cell.strip() for cell in line.strip("│").split("│")]
        for line in capsys.readouterr().out.splitlines()
        if line.startswith("│")
    ]
    assert rows == [
        ["Jo #1", "answered 接通", "ana", "3.8 s", "✓"],
        ["Aya #2", "unknown number 空号", "", "", "✓"],
        ["Tom #3", "answered 接通", "ana", "3.8 s", "✗"],
        ["Sun #4", "left the menu 提前挂断", "", "", "✓"],
    ]
