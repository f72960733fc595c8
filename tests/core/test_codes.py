"""The tree of what calls come to."""

import pytest

from callcenter.core.codes import Disposition, check_tree, leaves
from callcenter.core.errors import Invalid

pytestmark = pytest.mark.core

SALE = Disposition("sale", "Sale", flags=("sale",))
NEW, OLD = Disposition("new", "New", parent="sale"), Disposition("old", "Old", parent="sale")


def test_only_what_has_nothing_under_it_is_said_of_a_call() -> None:
    known = {one.id: one for one in (SALE, NEW, OLD, Disposition("no", "No"))}
    assert leaves(known) == {"new", "old", "no"}
    assert leaves({}) == frozenset()


def test_a_parent_must_be_there_and_nobody_is_their_own_ancestor() -> None:
    check_tree([SALE, NEW, OLD])
    with pytest.raises(Invalid, match=r"parent: there is no disposition sale; there are: new"):
        check_tree([NEW])
    ring = Disposition("sale", "Sale", parent="new")
    with pytest.raises(Invalid, match="sale → new → sale"):
        check_tree([ring, NEW])
    with pytest.raises(Invalid, match="a ring"):
        check_tree([Disposition("x", "X", parent="x")])
