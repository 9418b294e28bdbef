"""A process knows of how many processors it may make use."""

import os
from pathlib import Path

import pytest

from accunode_common import processors
from accunode_common.processors import available_processors, processes_here


@pytest.fixture
def eight(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(8)), raising=False)


@pytest.mark.usefixtures("eight")
@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({}, 8),
        ({"cpu.max": "max 100000\n"}, 8),
        ({"cpu.max": "150000 100000\n"}, 1.5),
        ({"cpu.max": "25000 100000\n"}, 0.25),
        ({"cpu.max": "1600000 100000\n"}, 8),
        ({"cpu/cpu.cfs_quota_us": "-1\n", "cpu/cpu.cfs_period_us": "100000\n"}, 8),
        ({"cpu/cpu.cfs_quota_us": "200000\n", "cpu/cpu.cfs_period_us": "100000\n"}, 2),
        ({"cpu.max": "nonsense"}, 8),
    ],
)
def test_a_control_groups_quota_counts_where_it_is_less_than_the_machine(
    files: dict[str, str], expected: float, tmp_path: Path
) -> None:
    for name, content in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(content)
    assert available_processors(tmp_path) == expected


@pytest.mark.parametrize(("available", "expected"), [(0.25, 1), (1.9, 1), (2, 2), (4, 4), (64, 4)])
def test_there_is_a_process_for_each_whole_processor_up_to_four(
    available: float, expected: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(processors, "available_processors", lambda: available)
    assert processes_here() == expected
