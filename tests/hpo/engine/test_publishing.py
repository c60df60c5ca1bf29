"""The publisher beside a running search: it is called, it is not called too often, and it ends nothing."""

from __future__ import annotations

import threading

from hpo.engine.publishing import Publisher

FOREVER = 30.0


def test_it_publishes_when_there_is_something_new_and_not_before():
    published = threading.Semaphore(0)
    publisher = Publisher(published.release, print, share=1e9)
    assert not published.acquire(blocking=False)
    for _ in range(2):
        publisher.wake()
        assert published.acquire(timeout=FOREVER)
    publisher.stop()


def test_a_failure_is_said_once_and_the_next_one_is_tried():
    said, tries = [], threading.Semaphore(0)

    def fail() -> None:
        tries.release()
        raise OSError("the disk is full")

    publisher = Publisher(fail, said.append, share=1e9)
    for _ in range(3):
        publisher.wake()
        assert tries.acquire(timeout=FOREVER)
    publisher.stop()
    (line,) = said
    assert "the disk is full" in line
    assert "going on" in line


def test_it_rests_after_the_work_and_stops_at_once_all_the_same():
    published = threading.Semaphore(0)

    def work() -> None:
        sum(range(200_000))
        published.release()

    publisher = Publisher(work, print, share=1e-9)  # so a rest of years
    publisher.wake()
    assert published.acquire(timeout=FOREVER)
    publisher.wake()
    publisher.stop()
    assert not published.acquire(blocking=False)
