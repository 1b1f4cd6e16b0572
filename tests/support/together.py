"""One of several processes of a training.

    python -m support.together RUN_DIR STEPS        (in tests/)

Begins the run or, where it has begun, resumes it. The environment says which process this is, see `environments`.
Prints the weights as a JSON object; or the sentence of why it ended, with status 1.
"""

import contextlib
import json
import os
import random
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

HERE = Path(__file__).parents[1]
PATIENCE = 300  # seconds, on a busy machine


def environments(backend: str) -> list[dict[str, str]]:
    """What tells two processes on this machine of each other, as the engine of the backend wants to be told."""
    ports = _free_ports(2)
    if backend == "jax":
        told = {"JAX_COORDINATOR_ADDRESS": f"127.0.0.1:{ports[0]}", "JAX_NUM_PROCESSES": "2"}
        return [told | {"JAX_PROCESS_ID": str(process)} for process in range(2)]
    cluster = {"worker": [f"127.0.0.1:{port}" for port in ports]}
    tasks = ({"type": "worker", "index": process} for process in range(2))
    return [{"TF_CONFIG": json.dumps({"cluster": cluster, "task": task})} for task in tasks]


def start(backend: str, run: Path, steps: int, told: dict[str, str]) -> subprocess.Popen:
    """A process of `python -m support.together`."""
    path = os.pathsep.join([str(HERE), os.environ.get("PYTHONPATH", "")])
    environment = os.environ | told | {"KERAS_BACKEND": backend, "PYTHONPATH": path}
    command = [sys.executable, "-m", "support.together", str(run), str(steps)]
    streams: dict[str, Any] = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    return subprocess.Popen(command, env=environment, **streams)


class End(NamedTuple):
    """How a process ended whose other one was killed: its exit status, what it said, and after how many seconds."""

    status: int
    said: str
    seconds: float

    def is_clean(self, victim: int) -> bool:
        """Whether it ended within a minute with a sentence that says who is gone and how to go on."""
        sentence = (f"process {victim} of the two that train together is gone", "start them all again with resume=True")
        return self.status != 0 and self.seconds < 60 and all(words in self.said for words in sentence)


def kill_one(backend: str, run: Path, victim: int, step: int) -> End:
    """Begin a training of two processes and kill one of them when the run's history has got to this step."""
    processes = [start(backend, run, 100_000, told) for told in environments(backend)]
    history = run / "history.csv"
    deadline = time.monotonic() + PATIENCE
    while not history.exists() or history.read_text().count("\n") <= step:
        if time.monotonic() > deadline or any(process.poll() for process in processes):
            for process in processes:
                process.kill()
            raise AssertionError([process.communicate()[1][-2000:] for process in processes])
        time.sleep(0.01)
    processes[victim].kill()
    killed = time.monotonic()
    said = "".join(processes[1 - victim].communicate(timeout=PATIENCE))
    processes[victim].communicate()
    return End(processes[1 - victim].returncode, said, time.monotonic() - killed)


def finish(processes: list[subprocess.Popen]) -> list[list[np.ndarray]]:
    """The weights that each of these processes ends with."""
    ends = [process.communicate(timeout=PATIENCE) for process in processes]
    assert [process.returncode for process in processes] == [0] * len(processes), [end[1][-2000:] for end in ends]
    return [[np.float32(array) for array in json.loads(out.splitlines()[-1]).values()] for out, _ in ends]


def _free_ports(count: int) -> list[int]:
    """Ports that nobody listens at. Systems hand out higher ones to whoever asks, maybe before they are used here."""
    free: list[int] = []
    for port in random.SystemRandom().sample(range(20_000, 32_000), 100):
        with socket.socket() as listener, contextlib.suppress(OSError):
            listener.bind(("127.0.0.1", port))
            free.append(port)
        if len(free) == count:
            return free
    raise AssertionError(f"fewer than {count} of 100 ports are free")


def main() -> None:
    from support import tiny_run

    from sketch_rnn_keras.backends import open_devices
    from sketch_rnn_keras.errors import InputError, WorkerLost
    from sketch_rnn_keras.training import loop

    is_one_of_several = any(name in os.environ for name in ("JAX_COORDINATOR_ADDRESS", "TF_CONFIG"))
    devices = open_devices("all" if is_one_of_several else 1)
    run = Path(sys.argv[1])
    loop.sample = tiny_run.one_dot
    changes = {"num_steps": int(sys.argv[2]), "conditional": False, "use_recurrent_dropout": False}
    resume = (run / "config.json").exists()
    try:
        data, hparams = tiny_run.load_data(), tiny_run.HPARAMS.replace(**changes)
        model = loop.train(hparams, data, run, devices=devices, resume=resume, verbose=0)
    except (InputError, WorkerLost) as error:
        print(error, flush=True)
        os._exit(1)  # as the command line does: engines would wait for the others
    print(json.dumps({variable.path: variable.numpy().tolist() for variable in model.trainable_variables}))


if __name__ == "__main__":
    main()
