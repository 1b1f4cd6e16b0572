"""What the benchmarks share: contenders that take turns, the machine's own rate, a Markdown table.

Every contender runs in a process of its own, which waits for its turn: one call of A, one of B, one of A, ... A shared
machine slows all of them alike, so read the ratios. Between the turns a matrix product (`Ruler`) measures what the
machine can do at that moment.
"""

import argparse
import json
import os
import platform
import resource
import statistics
import subprocess
import sys
import time

import numpy as np


def serve(call) -> None:
    """The life of a contender: for each line on standard input, run `call() -> extra` once and report it as JSON."""
    report = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # whatever a library prints does not disturb the report
    for _ in sys.stdin:
        before, start = resource.getrusage(resource.RUSAGE_SELF), time.perf_counter()
        extra = call()
        seconds, after = time.perf_counter() - start, resource.getrusage(resource.RUSAGE_SELF)
        used = {"peak": after.ru_maxrss * 1024, "faults": after.ru_minflt - before.ru_minflt}
        report.write(json.dumps({"seconds": seconds, **used, **extra}) + "\n")
        report.flush()


class Contender:
    """A process started as `python SCRIPT --contender NAME ...` with the same options as this one."""

    def __init__(self, name: str):
        self.name, self.results, self.rates = name, [], []
        command = [sys.executable, *sys.argv, "--contender", name]
        environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"}
        for word, backend in {"JAX": "jax", "PyTorch": "torch"}.items():  # no TensorFlow beside PyTorch
            if word in name:
                environment["KERAS_BACKEND"] = backend
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment
        )

    def turn(self) -> dict:
        try:
            self.process.stdin.write("\n")
            self.process.stdin.flush()
            return json.loads(self.process.stdout.readline())
        except (BrokenPipeError, json.JSONDecodeError):
            raise SystemExit(f"{self.name} stopped:\n{self.process.stderr.read()[-2000:]}") from None

    def close(self):
        self.process.stdin.close()
        self.process.stderr.close()
        self.process.wait()


LIBRARIES = ("numpy", "jax", "tensorflow", "torch")  # whose float32 product of matrices is tried
LIMITS = ("OPENBLAS_", "OMP_", "MKL_", "GOTO_", "BLIS_", "XLA_FLAGS")  # variables that hold libraries back
PAUSE = 0.2  # seconds, after which a library's threads sleep


class Ruler:
    """What the machine can do: GFLOP/s of the fastest library's float32 product of two square matrices.

    It is measured in a process of its own, from whose environment what would limit it is taken; its threads sleep while
    contenders have their turns.

    Attributes:
        library: the fastest one.
    """

    def __init__(self):
        found = {name: self._start(name) for name in LIBRARIES if has(name)}
        rates = {name: max(self._ask(process) for _ in range(4)) for name, process in found.items()}
        self.library = max(rates, key=rates.get)
        for name, process in found.items():
            if name != self.library:
                process.communicate()
        self._process = found[self.library]

    @staticmethod
    def _start(library: str) -> subprocess.Popen:
        environment = {key: value for key, value in os.environ.items() if not key.startswith(LIMITS)}
        command = [sys.executable, __file__, library]
        streams = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL, "text": True}
        return subprocess.Popen(command, env=environment, **streams)

    @staticmethod
    def _ask(process: subprocess.Popen) -> float:
        process.stdin.write("\n")
        process.stdin.flush()
        rate = float(process.stdout.readline())
        time.sleep(PAUSE)
        return rate

    def rate(self) -> float:
        return self._ask(self._process)

    def close(self) -> None:
        self._process.communicate()


def product(library: str, size: int = 2048):
    """A call that multiplies two matrices of `size`, and waits for the result."""
    import importlib

    a = np.full((size, size), 0.5, "float32")
    module = importlib.import_module(library)
    if library == "jax":
        b = module.numpy.asarray(a)
        return lambda: module.block_until_ready(b @ b)
    if library == "tensorflow":
        c = module.constant(a)
        return lambda: module.matmul(c, c).numpy()
    d = module.from_numpy(a) if library == "torch" else a
    return lambda: d @ d


def measure(library: str, size: int = 2048) -> None:
    """The life of a ruler: for each line on standard input, the rate of now."""
    call = product(library, size)
    for _ in sys.stdin:
        start = time.perf_counter()
        for _ in range(2):
            call()
        print(2 * 2 * size**3 / (time.perf_counter() - start) / 1e9, flush=True)


def compare(names: list[str], rounds: int, warm_up: int = 2) -> list[Contender]:
    """Let the contenders take turns: `results` are their rounds, `rates` sgemm beside each, `first` the first call."""
    contenders, ruler = [], Ruler()
    for name in names:
        print(f"warming up: {name}", file=sys.stderr)
        contender = Contender(name)
        contender.first = contender.turn()["seconds"]
        for _ in range(warm_up - 1):
            contender.turn()
        contenders.append(contender)
    for k in range(rounds):
        print(f"round {k + 1} of {rounds}", file=sys.stderr)
        for contender in contenders:
            before = ruler.rate()
            contender.results.append(contender.turn())
            contender.rates.append((before + ruler.rate()) / 2)
            contender.ruler = ruler.library
    for contender in [*contenders, ruler]:
        contender.close()
    return contenders


def median(values) -> float:
    return statistics.median(values)


def ratio(contender: Contender, other: Contender) -> float:
    """How many times faster `contender` is than `other`: the median over the rounds."""
    pairs = zip(other.results, contender.results, strict=True)
    return median(theirs["seconds"] / ours["seconds"] for theirs, ours in pairs)


def gflops(contender: Contender) -> float:
    return median(r["gflop"] / r["seconds"] for r in contender.results)


def share(contender: Contender) -> float:
    """The part of the machine's sgemm rate that the contender reached."""
    pairs = zip(contender.results, contender.rates, strict=True)
    return median(r["gflop"] / r["seconds"] / rate for r, rate in pairs)


def sgemm(contenders: list[Contender]) -> str:
    """The machine's own rate, and whose product it is."""
    first = contenders[0]
    return f"sgemm ({first.ruler}) {median(first.rates):.0f} GFLOP/s"


def table(head: list[str], rows: list[list]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(map(str, line)) + " |" for line in lines)


def machine() -> str:
    """A line about where the numbers come from."""
    name = platform.processor() or platform.machine()
    if os.path.exists("/proc/cpuinfo"):
        with open("/proc/cpuinfo") as file:
            name = next((line.split(":")[1].strip() for line in file if line.startswith("model name")), name)
    return f"{os.cpu_count()} x {name}, Python {platform.python_version()}, {time.strftime('%Y-%m-%d')}"


def parser(description: str) -> argparse.ArgumentParser:
    """The options that every benchmark has."""
    options = argparse.ArgumentParser(description=description.split("\n")[0])
    options.add_argument("--rounds", type=int, default=5, help="measured calls of each contender, after warm-up")
    options.add_argument("--only", nargs="*", help="names of the contenders to run; all by default")
    options.add_argument("--contender", help=argparse.SUPPRESS)
    return options


def chosen(options, names: list[str]) -> list[str]:
    unknown = set(options.only or []) - set(names)
    if unknown:
        raise SystemExit(f"--only: expected some of {', '.join(names)}, received {', '.join(sorted(unknown))}")
    return [name for name in names if not options.only or name in options.only]


def has(module: str) -> bool:
    import importlib.util

    return importlib.util.find_spec(module) is not None


if __name__ == "__main__":
    measure(sys.argv[1])
