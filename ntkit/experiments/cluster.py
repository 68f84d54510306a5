"""A sweep on the workers of dask.distributed; imported when a sweep needs it, since dask takes a while to load."""

import logging
import math
import queue
import signal
import threading
import time
import uuid
from contextlib import contextmanager, suppress
from dataclasses import replace

import dask
import torch
from dask.system import CPU_COUNT
from distributed import Client, LocalCluster, WorkerPlugin, get_worker

from ntkit.experiments.sweeps import Outcome, outcome_of, settle, told

_SECONDS_BETWEEN_LOOKS = 0.2
_SECONDS_BETWEEN_READINGS = 0.25
_THIS_MACHINE = "127.0.0.1"
_SECONDS_TO_STOP = 120  # for what runs when a sweep is cancelled to save itself


def train_on(address, workers, trials, here, terms, board, stop):
    """Train the trials on a cluster, and put what becomes of them on the board.

    Parameters: address and workers as in `sweep`; trials by key; here, the RunFolder; terms; board; stop() → True
    stops the sweep.
    """
    with (
        _client(address, workers, trials, terms) as client,
        ClusterSweep(client, Trainer(trials, here, terms, local=address is None), board) as going,
    ):
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
        with local_client(min(workers or _places(terms.device), len(trials))) as client:
            yield client


@contextmanager
def local_client(workers):
    """A client of a cluster of that many processes of this machine."""
    with _local_cluster(workers) as cluster, Client(cluster, set_as_default=False) as client:
        client.register_plugin(Local(), name="ntkit-local")
        yield client


def _local_cluster(workers):
    """Processes of this machine, which only it can reach.

    Raises: RuntimeError where they cannot be started.
    """
    try:
        with dask.config.set({"distributed.worker.profile.enabled": False}):  # it costs training some per cent
            return LocalCluster(
                n_workers=workers,
                threads_per_worker=1,
                processes=True,
                host=_THIS_MACHINE,
                dashboard_address=None,
                scheduler_kwargs={"dashboard_address": f"{_THIS_MACHINE}:0"},  # what is served without a dashboard
                memory_limit=0,  # a run takes what it takes: dask would kill it at a share of the memory
                silence_logs=logging.CRITICAL,
            )
    except RuntimeError as error:
        raise RuntimeError(
            "the workers of a sweep must be able to import the script that calls it, and did not start. Put the call "
            'under `if __name__ == "__main__":`, or give workers=0, which needs no other process.'
        ) from error


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

    name: of the sweep, and the topic of its readings.  identity: of the folder, by which a worker tells whether it sees
    it.  local: whether the workers share this machine.
    """

    def __init__(self, trials, here, terms, *, local):
        self.name, self.identity = f"ntkit-sweep-{uuid.uuid4().hex}", here.identity()
        self.trials, self.here, self.terms, self.local = trials, here, terms, local

    def setup(self, worker):
        """Called by dask on each worker, new ones too."""
        self.worker, self.stopped = worker, threading.Event()

    def train(self, key):
        """The Outcome of a trial."""
        tell = _Teller(self.worker, self.name, key)
        here = self.here if self.here.is_seen_as(self.identity) else None
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


class ClusterSweep:
    """The trials on their way through a cluster, as their client sees them."""

    def __init__(self, client, trainer, board):
        self.client, self.trainer, self.board, self.name = client, trainer, board, trainer.name
        self.arrived, self.futures, self.stopping = queue.SimpleQueue(), {}, False

    def __enter__(self):
        self.client.register_plugin(self.trainer, name=self.name)
        self.client.subscribe_topic(self.name, self.hears)
        for key in self.trainer.trials:
            # A tuple: the trials are one group, which dask then hands out as workers become free.
            self.futures[key] = self.client.submit(_train, self.name, key, key=(self.name, key), pure=False)
        for key, future in self.futures.items():
            future.add_done_callback(lambda future, key=key: self.arrived.put((self._ends, {"key": key})))
        return self

    def __exit__(self, *error):
        client = self.client
        with suppress(OSError):  # a cluster that is gone needs no tidying
            if self.futures:
                self._tell_to_stop()
            client.cancel(list(self.futures.values()))
            client.unsubscribe_topic(self.name)
            client.unregister_worker_plugin(self.name)

    def hears(self, event):
        """Called by dask, in a thread of its own, with (time, message) of a worker."""
        _, message = event
        self.arrived.put((self._reads, {name: message[name] for name in ("key", "numbers")}))

    def look(self):
        """Take in what has arrived, waiting a little for it, and show the board."""
        with suppress(queue.Empty):
            timeout = _SECONDS_BETWEEN_LOOKS
            while True:
                take_in, content = self.arrived.get(timeout=timeout)
                take_in(**content)
                timeout = 0
        self.board.show()

    def stop(self):
        """Ask every run in progress to save itself, and wait until it has."""
        self.stopping = True
        self._tell_to_stop()
        self.client.cancel([future for key, future in self.futures.items() if key not in self.board.running])
        deadline = time.monotonic() + _SECONDS_TO_STOP
        while self.board.running and time.monotonic() < deadline:
            self.look()
            self._tell_to_stop()  # again and again: workers may come and go

    def _tell_to_stop(self):
        self.client.run(_stop, self.name, on_error="ignore")

    def _reads(self, key, numbers):
        if key not in self.futures:
            return  # it has ended or was cancelled, and this comes late
        if numbers:
            self.board.reads(key, numbers)
        elif key in self.board.waiting:
            self.board.starts(key)

    def _ends(self, key):
        outcome = self._outcome(self.futures.pop(key))
        here = self.trainer.here
        if outcome.contents and not here.run(key).exists():
            here.write(key, outcome.contents)
        settle(self.board, key, outcome)

    def _outcome(self, future):
        """What a worker says of a trial, or what became of the worker."""
        if future.cancelled():
            lost = Outcome("failed", text="the cluster was lost, or gave the run up.")
            return Outcome("cancelled") if self.stopping else lost
        error = future.exception()
        return future.result() if error is None else Outcome("failed", text=told(error))
