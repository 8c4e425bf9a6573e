"""What runs in a process of its own: ``python -m plugrad_conformance.worker JOB``, the job as JSON.

Each case prints one line of JSON behind `MARK` when it begins and one when it ends, so that whoever started this
process knows where a crash or a hang was. The last line names the case that another process is to go on with, if any.
"""

from __future__ import annotations

import json
import sys
from importlib import import_module

from . import isolation
from .isolation import MARK, Job, encoded
from .questions import questions
from .runner import ask
from .subjects import find

try:
    import resource
except ImportError:  # Windows
    resource = None  # type: ignore[assignment]


def work(job: Job) -> None:
    """Ask the job's share of the cases."""
    module, _, function = job.prepare.partition(":")
    if module:
        getattr(import_module(module), function)()
    subject = find(job.subject)
    asked = ((check, case) for check in questions(job.family, job.op, job.live) for case in check.cases())
    for number, (check, case) in enumerate(asked):
        if number >= job.first and number % job.parts == job.part:
            about = {"family": check.family, "check": check.name, "order": check.order}
            about |= {"op": case.op, "case": case.name, "dtype": case.dtype}
            _say(begin=about, number=number)
            _say(end=encoded(ask(subject, check, case)))
            if _held() > isolation.ENOUGH:
                _say(next=number + 1)
                return
    _say(next=None)


def _held() -> int:
    """The most memory that this process had so far, in bytes; 0 where the system does not say."""
    if resource is None:
        return 0
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def _say(**what: object) -> None:
    print(MARK + json.dumps(what), flush=True)  # noqa: T201


if __name__ == "__main__":
    work(Job(*json.loads(sys.argv[1])))
