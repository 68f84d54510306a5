"""A sweep on the workers of dask.distributed; imported when a sweep needs it, since dask takes a while to load."""

import math
import os
import queue
import signal
import threading
import time
import uuid
from contextlib import contextmanager
from dataclasses import replace

import torch
from dask.system import CPU_COUNT
from distributed import Client, LocalCluster, WorkerPlugin, get_worker

from ntkit.experiments.sweeps import outcome_of, settle, told

_SECONDS_BETWEEN_LOOKS = 0.2
_SECONDS_BETWEEN_READINGS = 0.5
_SECONDS_TO_STOP = 120  # for what runs when a sweep is cancelled to save itself


def train_on(address, workers, trials, here, terms, board, stop):
    """Train the trials on a cluster, and put what becomes of them on the board.

    Parameters: address and workers as in `sweep`; trials by key; here, the RunFolder; terms; board; stop() → True
    stops the sweep.
    """
    with _client(address, workers, trials, terms) as client, _Sweep(client, trials, here, terms, board) as going:
        while going.futures and not stop():
            going.look()
        if going.futures:
            going.stop()


# ---- the cluster


@contextmanager
def _client(address, workers, trials, terms):
    """A client of the cluster at the address, or of one on this machine that ends with it."""
    if isinstance(address, Client):
        if address.asynchronous:
            raise ValueError("address must not be an asynchronous Client; make one with asynchronous=False.")
        yield address
    elif address is not None:
        with Client(address, set_as_default=False) as client:
            yield client
    else:
        count = min(workers or _places(terms.device), len(trials))
        with (
            LocalCluster(
                n_workers=count,
                threads_per_worker=1,
                processes=True,
                host="127.0.0.1",
                dashboard_address=None,
                memory_limit=0,  # a run takes what it takes: dask would kill it at a share of the memory
                silence_logs=50,
            ) as cluster,
            Client(cluster, set_as_default=False) as client,
        ):
            client.register_plugin(Local(), name="ntkit-local")
            yield client


def _places(device):
    """How many runs this machine takes at once: one a GPU, or one a core."""
    return torch.cuda.device_count() if uses_gpu(device) else CPU_COUNT


def uses_gpu(device):
    """Whether runs share out the GPUs of this machine.

    >>> uses_gpu("cpu")
    False
    """
    return str(device) in ("auto", "cuda") and torch.cuda.is_available()


class Local(WorkerPlugin):
    """A worker of this machine leaves the keyboard interrupt, which reaches every process, to the one that sweeps."""

    def setup(self, worker):
        """Called by dask on each worker, new ones too."""
        if threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGINT, signal.SIG_IGN)


class Trainer(WorkerPlugin):
    """What a worker needs for a sweep: the trials, with images of the user's own once for all of them.

    name of the sweep, and the topic of its readings.  token: a file in the folder by which a worker tells whether it
    sees that folder.
    """

    def __init__(self, name, trials, here, terms, *, local):
        self.name, self.trials, self.here, self.terms, self.local = name, trials, here, terms, local

    def setup(self, worker):
        """Called by dask on each worker, new ones too."""
        self.worker, self.stopped = worker, threading.Event()

    def train(self, key):
        """The Outcome of a trial."""
        tell = _Teller(self.worker, self.name, key)
        here = self.here if _token(self.here, self.name).exists() else None
        trial, terms = self.trials[key], replace(self.terms, device=self._device())
        if trial.key != key:
            text = f"the key of {trial.label} must be the same on client and worker. Do both have the same ntkit?"
            raise RuntimeError(text)
        tell({})
        return outcome_of(trial, here, terms, tell.if_due, self.stopped.is_set)

    def _device(self):
        """The GPUs of this machine are shared out by the number of the worker; elsewhere its owner has done that."""
        if not (self.local and uses_gpu(self.terms.device)):
            return self.terms.device
        return f"cuda:{int(self.worker.name) % torch.cuda.device_count()}"


def _train(name, key):
    return get_worker().plugins[name].train(key)


def _stop(name, dask_worker):
    if name in dask_worker.plugins:
        dask_worker.plugins[name].stopped.set()


def _token(here, name):
    return here.folder / f".{name}"


class _Teller:
    """Sends the readings of a run to the client, not more often than it can use."""

    def __init__(self, worker, topic, key):
        self.worker, self.topic, self.key, self.due = worker, topic, key, -math.inf

    def __call__(self, numbers):
        self.worker.log_event(self.topic, {"key": self.key, "numbers": numbers})

    def if_due(self, numbers):
        """Send unless something was sent just now."""
        now = time.monotonic()
        if now >= self.due:
            self.due = now + _SECONDS_BETWEEN_READINGS
            self(numbers)


# ---- the client


class _Sweep:
    """The trials on their way through a cluster, as their client sees them."""

    def __init__(self, client, trials, here, terms, board):
        self.client, self.here, self.board = client, here, board
        self.trials, self.terms = trials, terms
        self.name = f"ntkit-sweep-{uuid.uuid4().hex}"
        self.arrived, self.futures = queue.SimpleQueue(), {}

    def __enter__(self):
        client, local = self.client, isinstance(self.client.cluster, LocalCluster)
        _token(self.here, self.name).write_text(f"process {os.getpid()}\n")
        client.register_plugin(Trainer(self.name, self.trials, self.here, self.terms, local=local), name=self.name)
        client.subscribe_topic(self.name, lambda event: self.arrived.put(("reading", event[1])))
        for key in self.trials:
            # A tuple: the trials are one group, which dask then hands out as workers become free.
            self.futures[key] = client.submit(_train, self.name, key, key=(self.name, key), pure=False)
        for key, future in self.futures.items():
            future.add_done_callback(lambda future, key=key: self.arrived.put(("ended", key)))
        return self

    def __exit__(self, *error):
        _token(self.here, self.name).unlink(missing_ok=True)
        client = self.client
        client.cancel(list(self.futures.values()))
        client.unsubscribe_topic(self.name)
        client.unregister_worker_plugin(self.name)

    def look(self):
        """Take in what has arrived, waiting a little for it, and show the board."""
        with_wait = True
        while True:
            try:
                kind, content = self.arrived.get(timeout=_SECONDS_BETWEEN_LOOKS if with_wait else 0)
            except queue.Empty:
                break
            with_wait = False
            if kind == "reading":
                self._reads(content["key"], content["numbers"])
            else:
                self._ends(content)
        self.board.show()

    def stop(self):
        """Ask every run in progress to save itself, and wait until it has."""
        waiting = [future for key, future in self.futures.items() if key not in self.board.running]
        self.client.cancel(waiting)
        deadline = time.monotonic() + _SECONDS_TO_STOP
        while self.board.running and time.monotonic() < deadline:
            self.client.run(_stop, self.name, on_error="ignore")  # again and again: workers may come and go
            self.look()

    def _reads(self, key, numbers):
        if numbers:
            self.board.reads(key, numbers)
        elif key in self.board.waiting:
            self.board.starts(key)

    def _ends(self, key):
        future = self.futures.pop(key, None)
        if future is None or future.cancelled():
            self.board.stops(key)
            return
        error = future.exception()
        if error is not None:
            self.board.fails(key, told(error))
            return
        outcome = future.result()
        if outcome.contents and not self.here.run(key).exists():
            self.here.write(key, outcome.contents)
        settle(self.board, key, outcome)
