"""How often a password may be tried, on a clock moved by hand."""

from datetime import UTC, datetime, timedelta

import pytest

from callcenter.services.attempts import Attempts, TooManyAttempts

pytestmark = pytest.mark.service

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def exhausted(attempts: Attempts, name: str = "ana", address: str = "192.0.2.1") -> Attempts:
    for number in range(3):
        attempts.count(name, address, NOON + number * MINUTE)
    return attempts


def test_one_attempt_too_many_is_refused_and_says_how_long_to_wait() -> None:
    attempts = exhausted(Attempts(per_name=3))
    with pytest.raises(TooManyAttempts) as refused:
        attempts.count("ana", "192.0.2.1", NOON + 5 * MINUTE)
    assert refused.value.retry_after_seconds == 600


def test_attempts_of_a_time_to_come_do_not_count_when_the_clock_was_set_back() -> None:
    attempts = exhausted(Attempts(per_name=3))
    attempts.count("ana", "192.0.2.1", NOON - 60 * MINUTE)


def test_attempts_are_forgotten_one_by_one_as_they_age() -> None:
    attempts = exhausted(Attempts(per_name=3))
    attempts.count("ana", "192.0.2.1", NOON + 15 * MINUTE)
    with pytest.raises(TooManyAttempts):
        attempts.count("ana", "192.0.2.1", NOON + 15 * MINUTE)


def test_a_stranger_elsewhere_cannot_lock_a_person_out() -> None:
    attempts = exhausted(Attempts(per_name=3), address="198.51.100.7")
    attempts.count("ana", "192.0.2.1", NOON + 5 * MINUTE)


def test_one_guess_each_at_many_names_is_noticed_by_address() -> None:
    attempts = Attempts(per_name=3, per_address=10)
    for number in range(10):
        attempts.count(f"name{number}", "192.0.2.1", NOON)
    with pytest.raises(TooManyAttempts):
        attempts.count("name10", "192.0.2.1", NOON)


def test_a_right_password_clears_the_name_and_costs_the_address_nothing() -> None:
    attempts = Attempts(per_name=3, per_address=4)
    for _ in range(20):
        attempts.count("ana", "192.0.2.1", NOON)
        attempts.forgive("ana", "192.0.2.1")


def test_a_refused_attempt_does_not_lengthen_the_wait() -> None:
    attempts = exhausted(Attempts(per_name=3))
    for _ in range(10):
        with pytest.raises(TooManyAttempts):
            attempts.count("ana", "192.0.2.1", NOON + 14 * MINUTE)
    attempts.count("ana", "192.0.2.1", NOON + 15 * MINUTE)


def test_memory_is_bounded_and_the_oldest_goes_first() -> None:
    attempts = Attempts(per_name=1, per_address=1000, remembered=10)
    for number in range(100):
        attempts.count(f"name{number}", "192.0.2.1", NOON)
    attempts.count("name0", "192.0.2.1", NOON)
    with pytest.raises(TooManyAttempts):
        attempts.count("name99", "192.0.2.1", NOON)
