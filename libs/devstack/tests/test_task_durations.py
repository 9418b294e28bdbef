"""What the worker's log tells about its tasks."""

import json

from accunode_devstack.bench_tasks import durations


def _line(**data: object) -> str:
    return json.dumps({"event": "Task …", "logger": "celery.app.trace", "data": data})


def test_durations_are_read_from_the_lines_that_tell_of_an_end() -> None:
    log = [
        " -------------- celery@host v5.6",
        _line(name="bulk.ingest", id="1"),
        _line(name="bulk.ingest", id="1", runtime=0.25),
        json.dumps({"event": "ready"}),
        _line(name="bulk.score_chunk", id="2", runtime=1.5),
        _line(name="bulk.score_chunk", id="3", runtime=1.25),
        _line(name="monitoring.tenant", id="4", runtime=0.2),
    ]
    assert durations(log) == {
        "bulk.ingest": (0.25,),
        "bulk.score_chunk": (1.5, 1.25),
        "monitoring.tenant": (0.2,),
    }
