from itertools import chain, combinations, pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hpo.certificate.images import disjoint, image_ranges
from hpo.certificate.plan import CertificatePlan, make_plan, wanted_trials
from hpo.storage.datasets import load_training_part, locate
from hpo.training.assignments import assignment
from hpo.training.images import StudyData
from tests.support.builders import definition, queued


@given(st.integers(1, 500), st.integers(1, 10), st.integers(0, 100_000))
def test_every_run_has_room_for_its_images_inside_the_pool(first, runs, more):
    samples = [first, 4 * first, 16 * first]
    pool = samples[-1] + more
    ranges = image_ranges(samples, runs, pool)
    assert [len(each) for each in ranges] == [runs] * 3
    for size, each in zip(samples, ranges, strict=True):
        assert all(start >= 0 and start + size <= stop <= pool for start, stop in each)


@given(st.integers(1, 500), st.integers(1, 10), st.integers(0, 100_000))
def test_where_the_pool_suffices_no_two_runs_share_an_image(first, runs, more):
    samples = [first, 4 * first, 16 * first]
    ranges = image_ranges(samples, runs, runs * sum(samples) + more)
    assert disjoint(ranges)
    assert all(earlier[1] <= later[0] for earlier, later in pairwise(sorted(chain(*ranges))))


def test_where_it_does_not_suffice_runs_of_one_size_share_before_those_of_two_do():
    first, second, last = image_ranges([100, 400, 1600], 3, 3400)
    assert first == ((0, 100), (100, 200), (200, 300))
    assert second == ((300, 700), (700, 1100), (1100, 1500))
    assert last == ((1500, 3100), (1500, 3400), (1500, 3400))
    assert disjoint((first, second, last))
    *smaller, last = image_ranges([100, 400, 1600], 3, 3000)
    assert last == ((0, 3000),) * 3
    assert disjoint(smaller)
    assert not disjoint((*smaller, last))


def images_of(blobs, made=lambda plan: plan) -> tuple[CertificatePlan, dict[int, list[set[bytes]]]]:
    study = definition(
        data={"dataset": str(blobs), "holdout": 900, "validation": 100, "confirmation": 200},
        rounds=[{"trials": 8, "samples": 20, "epochs": 4}],
    )
    located = locate(str(blobs), announce=lambda text: None)
    data = StudyData.build(study, located, load_training_part(located))
    plan = made(make_plan(study, [], data.pool_size))
    trained: dict[int, list[set[bytes]]] = {}
    for number, (_, attributes) in enumerate(wanted_trials(plan, study.seed)):
        if attributes["index"] == 0:
            (cut,) = assignment(study, data.pool_size, queued(number, attributes)).cuts
            fold = data.fold(cut)
            trained.setdefault(len(fold.train), []).append({image.tobytes() for image in fold.train.images})
    return plan, trained


def test_no_run_of_a_certificate_trains_on_an_image_of_another_run(blobs):
    plan, trained = images_of(blobs)
    assert plan.sizes_are_disjoint
    assert sorted(trained) == [20, 80, 320]
    assert all(not one & other for one, other in combinations(chain(*trained.values()), 2))


def test_a_certificate_that_an_older_version_began_goes_on_with_the_images_it_had(blobs):
    def read_back(plan: CertificatePlan) -> CertificatePlan:
        record = plan.record()
        del record["images"]
        return CertificatePlan.read(record)

    plan, trained = images_of(blobs, read_back)
    assert not plan.sizes_are_disjoint
    assert trained[20][2] < trained[80][0] < trained[320][0]


def test_a_plan_keeps_its_ranges_in_its_record(blobs):
    plan, _ = images_of(blobs)
    assert CertificatePlan.read(plan.record()) == plan
    assert np.shape(plan.record()["images"]) == (3, 3, 2)


@pytest.mark.parametrize("ranges", [(), (((0, 5),), ((0, 20),))])
def test_sizes_whose_images_are_not_known_or_overlap_are_not_apart(ranges):
    assert not disjoint(ranges)
