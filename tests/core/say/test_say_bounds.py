"""What cannot be said is refused in both languages, by a bound with a name and without the value."""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callcenter.core.errors import Invalid
from callcenter.core.say.values import LARGEST, MOST_DIGITS, TOO_MANY_HOURS, Currency
from callcenter.core.say.wording import WORDINGS, Wording

pytestmark = pytest.mark.core


@pytest.fixture(params=sorted(WORDINGS))
def wording(request: pytest.FixtureRequest) -> Wording:
    language: str = request.param
    return WORDINGS[language]


@pytest.mark.parametrize(
    ("say", "bound"),
    [
        (lambda w: w.cardinal(LARGEST + 1), str(LARGEST)),
        (lambda w: w.cardinal(-LARGEST - 1), str(-LARGEST)),
        (lambda w: w.people(-1), "from 0"),
        (lambda w: w.ordinal(0), "from 1"),
        (lambda w: w.position(0), "from 1"),
        (lambda w: w.decimal(Decimal(LARGEST) + 1), str(LARGEST)),
        (lambda w: w.decimal(Decimal("NaN")), str(LARGEST)),
        (lambda w: w.decimal(Decimal("-Infinity")), str(LARGEST)),
        (lambda w: w.decimal(Decimal("1E+999999")), str(LARGEST)),
        (lambda w: w.decimal(Decimal("0.0000000001")), "9 digits after the point"),
        (lambda w: w.percent(Decimal("1E-999999")), "9 digits after the point"),
        (lambda w: w.money(Decimal("1.005"), Currency.CNY), "2 digits after the point"),
        (lambda w: w.money(Decimal(LARGEST) + 1, Currency.USD), str(LARGEST)),
        (lambda w: w.digits(""), "digits"),
        (lambda w: w.digits("12a"), "digits"),
        (lambda w: w.digits("１２"), "digits"),
        (lambda w: w.digits("1" * (MOST_DIGITS + 1)), f"at most {MOST_DIGITS}"),
        (lambda w: w.duration(timedelta(seconds=-1)), f"below {TOO_MANY_HOURS} hours"),
        (lambda w: w.duration(timedelta(hours=TOO_MANY_HOURS)), f"below {TOO_MANY_HOURS} hours"),
        (lambda w: w.between(timedelta(minutes=2), timedelta(minutes=1)), "shorter"),
        (lambda w: w.wait(timedelta(minutes=2), timedelta(minutes=1)), "shorter"),
    ],
)
def test_what_is_out_of_bounds_is_refused_by_name(
    wording: Wording, say: Callable[[Wording], str], bound: str
) -> None:
    with pytest.raises(Invalid, match=bound):
        say(wording)


def test_no_refusal_repeats_what_may_be_personal(wording: Wording) -> None:
    with pytest.raises(Invalid) as refused:
        wording.digits("4111 1111 x")
    assert "4111" not in str(refused.value)


@given(st.decimals(-LARGEST, LARGEST, places=2), st.sampled_from(Currency))
def test_no_figure_is_left_to_the_engine_to_read(amount: Decimal, currency: Currency) -> None:
    said = {WORDINGS[language].money(amount, currency) for language in WORDINGS}
    assert not any(character.isascii() and character.isdigit() for character in "".join(said))
