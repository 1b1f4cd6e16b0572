"""One of several processes of a training.

    python -m support.together RUN_DIR STEPS        (in tests/)

Begins the run or, where it has begun, resumes it. The environment says which process this is, see `environments`.
Prints the weights as a JSON object; or the sentence of why it ended, with status 1.
"""

import json
import os
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

HERE = Path(__file__).parents[1]


def environments(backend: str) -> list[dict[str, str]]:
    """What tells two processes on this machine of each other, as the engine of the backend wants to be told."""
    ports = [_free_port() for _ in range(2)]
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


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


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
