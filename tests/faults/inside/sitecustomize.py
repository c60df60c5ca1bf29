"""Loaded by every Python process of a disturbed search: it stops or kills the process at an exact moment.

The moment is in the environment, as JSON: in which command ("run" or "work"; "" is any), at what ("write": a statement
that writes, "commit", "train": a part of a training), whose text contains `match`, and which of those. The first
process that gets there takes the flag, a file, and does it to itself: so it happens once.
"""

import faulthandler
import importlib.util
import json
import os
import signal
import sys
import time

if os.environ.get("HPO_FAULT_STACKS"):  # where a process hangs: it says so when it gets SIGUSR1
    _stacks = open(os.environ["HPO_FAULT_STACKS"], "a")  # noqa: PTH123, SIM115 - as long as the process lives
    faulthandler.register(signal.SIGUSR1, _stacks)

_WANTED = json.loads(os.environ.get("HPO_FAULT_MOMENTS", "[]"))
_ROLE = "run" if "hpo.run" in sys.orig_argv else "work" if "hpo.work" in sys.orig_argv else "other"
_seen = {}


def _reached(kind, text):
    for index, wanted in enumerate(_WANTED):
        if wanted["at"] != kind or wanted["role"] not in ("", _ROLE) or wanted["match"] not in text:
            continue
        seen = _seen[index] = _seen.get(index, 0) + 1
        if seen < wanted["count"]:
            continue
        try:
            flag = os.open(wanted["flag"], os.O_CREAT | os.O_EXCL | os.O_WRONLY)
        except FileExistsError:
            if not wanted.get("again"):
                continue
        else:
            os.write(flag, str(os.getpid()).encode())
            os.close(flag)
        if wanted["do"] == "wait":
            time.sleep(wanted["seconds"])
        else:
            os.kill(os.getpid(), signal.SIGSTOP if wanted["do"] == "stop" else signal.SIGKILL)


def _watch_statements(module):
    from sqlalchemy import event  # noqa: PLC0415
    from sqlalchemy.engine import Engine  # noqa: PLC0415

    @event.listens_for(Engine, "before_cursor_execute")
    def statement(connection, cursor, text, *more):
        if text.lstrip()[:6].upper() in ("INSERT", "UPDATE", "DELETE"):
            _reached("write", " ".join(text.split()))

    @event.listens_for(Engine, "commit")
    def commit(connection):
        _reached("commit", "")


def _watch_training(module):
    made, advanced = module.NetworkTraining.__init__, module.NetworkTraining.advance

    def init(self, network, training, folds, assignment, **named):
        self.fault_seed = f"seed {assignment.seed};"
        made(self, network, training, folds, assignment, **named)

    def advance(self, *arguments, **named):
        _reached("train", self.fault_seed)
        return advanced(self, *arguments, **named)

    module.NetworkTraining.__init__, module.NetworkTraining.advance = init, advance


_AFTER = {}
if _WANTED:
    _AFTER["sqlalchemy"] = _watch_statements
    _AFTER["hpo.training.networks"] = _watch_training


class _Finder:
    """Calls the functions above once their module is loaded."""

    asked = False

    @classmethod
    def find_spec(cls, name, path=None, target=None):
        if name not in _AFTER or cls.asked:
            return None
        cls.asked = True
        try:
            spec = importlib.util.find_spec(name)
        finally:
            cls.asked = False
        load = spec.loader.exec_module

        def exec_module(module):
            load(module)
            if after := _AFTER.pop(name, None):  # who only asks where a module is does not load it
                after(module)

        spec.loader.exec_module = exec_module
        return spec


if _AFTER:
    sys.meta_path.insert(0, _Finder)

if os.environ.get("HPO_FAULT_NAMESPACE"):  # every Linux calls its first namespace of process ids the same
    _readlink = os.readlink

    def _same_namespace(path, *more, **named):
        if os.fspath(path) in ("/proc/self/ns/pid", f"/proc/{os.getpid()}/ns/pid"):
            return os.environ["HPO_FAULT_NAMESPACE"]
        return _readlink(path, *more, **named)

    os.readlink = _same_namespace
