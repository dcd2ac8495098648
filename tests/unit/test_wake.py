"""A bell wakes whoever listens, whenever it rings."""

from plugin.wake import Bells


async def test_a_ring_between_the_look_and_the_wait_is_not_lost() -> None:
    bells = Bells()
    with bells.listening("order:1:2") as bell:
        bells.ring("order:1:2")
        assert await bell.rung(60)


async def test_a_ring_that_was_heard_is_not_heard_twice() -> None:
    bells = Bells()
    with bells.listening("inbox") as bell:
        bells.ring("inbox")
        bells.ring("inbox")
        assert await bell.rung(60)
        assert not await bell.rung(0.001)


async def test_other_bells_and_earlier_rings_wake_nobody() -> None:
    bells = Bells()
    bells.ring("inbox")
    with bells.listening("inbox") as bell:
        bells.ring("tasks")
        assert not await bell.rung(0.001)


async def test_everybody_who_listens_is_woken_and_nobody_is_remembered() -> None:
    bells = Bells()
    with bells.listening("inbox") as one, bells.listening("inbox") as other:
        bells.ring("inbox")
        assert await one.rung(60)
        assert await other.rung(60)
    assert not bells._waiting


async def test_whoever_waits_when_the_bells_stop_is_let_go() -> None:
    bells = Bells()
    await bells.start()
    with bells.listening("inbox") as bell:
        await bells.stop()
        assert await bell.rung(60)
