"""The rules that hold for every test: one category a module, no task left behind, repeatable examples."""

import asyncio
import inspect
import os
from collections.abc import AsyncIterator, Iterable, Sequence

import pytest
import pytest_asyncio
from hypothesis import settings

CATEGORIES = frozenset({"core", "engine", "service", "adapter", "scenario", "architecture", "live"})

settings.register_profile("ci", derandomize=True, deadline=None, max_examples=40)
settings.register_profile("explore", deadline=None, max_examples=1000)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci"))


def categories_of(module: object) -> list[str]:
    """The categories a test module declares in its `pytestmark`."""
    marks = getattr(module, "pytestmark", ())
    declared: Iterable[pytest.MarkDecorator] = marks if isinstance(marks, Sequence) else (marks,)
    return [mark.name for mark in declared if mark.name in CATEGORIES]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Refuse modules that do not say, or say twice, what kind of test they are."""
    modules = {item.getparent(pytest.Module) for item in items} - {None}
    wrong = sorted(
        module.nodeid for module in modules if module and len(categories_of(module.obj)) != 1
    )
    if wrong:
        raise pytest.UsageError(
            f"declare exactly one category, pytestmark = pytest.mark.<{'|'.join(sorted(CATEGORIES))}>,"
            f" in: {', '.join(wrong)}"
        )
    for item in items:
        _watch_tasks(item)


def _watch_tasks(item: pytest.Item) -> None:
    """Let `no_task_left` surround an async test: here, since asking in every test costs as much as
    a quick one does."""
    is_async = inspect.iscoroutinefunction(getattr(item, "function", None))
    fixtures: list[str] = getattr(item, "fixturenames", [])
    if is_async and "no_task_left" not in fixtures:
        fixtures.insert(0, "no_task_left")


@pytest_asyncio.fixture
async def no_task_left() -> AsyncIterator[None]:
    """Fails a test whose tasks outlive it and its fixtures."""
    before = asyncio.all_tasks()
    yield
    left = asyncio.all_tasks() - before - {asyncio.current_task()}
    if left:  # what was cancelled may still have to say goodbye
        _, left = await asyncio.wait(left, timeout=1.0)
    assert not left, f"left running: {sorted(task.get_name() for task in left)}"
