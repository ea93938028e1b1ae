"""The end of a backfill that is heard of before its beginning: replicas share the orders, and their order is lost."""

from tests.unit.planning.test_backfills import cancelled, ordered, request, world


def test_a_backfill_that_was_cancelled_before_it_began_never_begins() -> None:
    late = world()
    assert late.decide(cancelled()).marks == ("b",)
    late.meets(cancelled())
    late.meets(ordered(request()))
    assert (late.records, late.backfills, late.gate.backfills) == ([], [], ())


def test_the_end_of_one_that_was_dealt_with_changes_nothing() -> None:
    over = world()
    over.meets(ordered(request()))
    over.meets(cancelled())
    told = len(over.backfills)
    again = over.decide(cancelled())
    assert (again.marks, again.gate, again.backfills) == ((), None, ())
    assert len(over.backfills) == told
