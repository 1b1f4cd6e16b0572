"""The training step on two devices and in two processes, beside one; and what a model of the network says beyond.

    python benchmarks/devices.py [--rounds N]           measures, on this machine's processors
    python benchmarks/devices.py --model                prints the table for up to 64 devices

Of a machine with two processors one takes half the batch on each, in one process or in two that meet on the loopback
network. The model assumes a ring all-reduce of the gradients after the step, none of it hidden, and a step whose time
on a device is in proportion to its rows beyond a fixed part.
"""

import os
import subprocess
import sys

import numpy as np
from harness import chosen, compare, machine, median, ratio, serve, table
from train_step import arguments, setting

CONTENDERS = ["one device", "one device, one core", "two devices", "two processes"]
NAMES = [*CONTENDERS, *(f"{name}, JAX" for name in CONTENDERS)]
GRADIENTS = 8.7e6  # bytes of the default model's, in float32: 2.17 million weights
DEVICES = (1, 2, 8, 16, 64)
NETWORKS = {
    "NVLink, 300 GB/s": (300e9, 3e-6),
    "InfiniBand, 50 GB/s": (50e9, 5e-6),
    "Ethernet, 1.25 GB/s": (1.25e9, 30e-6),
}


def shared_step(name, options):
    """One step, as a call; a second process takes the same steps where there is one."""
    if name.startswith("one device, one core"):
        os.sched_setaffinity(0, {0})  # before an engine counts its threads
    told = {"XLA_FLAGS": "--xla_force_host_platform_device_count=2"} if name.startswith("two devices") else {}
    os.environ.update(told)
    if name.startswith("two processes"):
        _meet(name)
    if name == "two devices":
        import tensorflow as tf

        (cpu,) = tf.config.list_physical_devices("CPU")
        tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)
    from sketch_rnn_keras import SketchRNN
    from sketch_rnn_keras.backends import backend, open_devices
    from sketch_rnn_keras.model.optimizer import make_optimizer
    from sketch_rnn_keras.training.loop import objective

    backend().prepare_training()
    devices = open_devices("all" if name.startswith("two") else 1)
    hparams, data = setting(options)
    model = SketchRNN(hparams)
    update = backend().compiled_update(model, make_optimizer(hparams), objective(model), devices)
    rng, seeds = np.random.default_rng(2), iter(range(10**6))

    def step():
        devices.total(np.zeros(1, np.float32))  # the other process waits here until this one has its turn
        noise = rng.standard_normal((options.batch_size, hparams.z_size), dtype="float32")
        float(update(*next(data), noise, np.int32(next(seeds)), np.float32(0.5))["recon"])
        return {}

    return step


def _meet(name):
    """Tell this process and its peer, which this one starts, of each other."""
    peer = "--peer" in sys.argv
    port = int(os.environ.setdefault("PEERS_PORT", str(20_000 + os.getpid() % 20_000)))
    if not peer:
        subprocess.Popen([sys.executable, *sys.argv, "--peer"], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    if name.endswith("JAX"):
        told = {"COORDINATOR_ADDRESS": f"127.0.0.1:{port}", "NUM_PROCESSES": "2", "PROCESS_ID": str(int(peer))}
        os.environ.update({f"JAX_{key}": value for key, value in told.items()})
    else:
        hosts = f'"127.0.0.1:{port}", "127.0.0.1:{port + 1}"'
        task = f'{{"type": "worker", "index": {int(peer)}}}'
        os.environ["TF_CONFIG"] = f'{{"cluster": {{"worker": [{hosts}]}}, "task": {task}}}'


def efficiency(count, rows, network, *, fixed, per_row):
    """The share of a device's time that it computes the step of `rows` rows; the rest is the network's."""
    bandwidth, latency = network
    step = fixed + per_row * rows
    exchange = 2 * (count - 1) * (latency + GRADIENTS / count / bandwidth) if count > 1 else 0.0
    return step / (step + exchange)


def model_table(fixed, per_row):
    rows = []
    for rows_each, what in ((100, "100 rows on each"), (None, "800 rows in all")):
        for network, numbers in NETWORKS.items():
            shares = []
            for count in DEVICES:
                size = rows_each or 800 / count
                time = {"fixed": fixed, "per_row": per_row}
                share = efficiency(count, size, numbers, **time)
                whole = fixed + per_row * (rows_each or 800)
                speed = count * share if rows_each else whole / (fixed + per_row * size) * share
                shares.append(f"{speed:.1f}")
            rows.append([what, network, *shares])
    return table(["batch", "network", *(f"{count} devices" for count in DEVICES)], rows)


def main():
    if "--model" in sys.argv:
        print("times as many sketches per second as one device; a step of 10 ms and 0.1 ms for each row\n")
        print(model_table(10e-3, 0.1e-3))
        return None
    peer = "--peer" in sys.argv
    sys.argv = [argument for argument in sys.argv if argument != "--peer"]
    options = arguments()
    if options.contender:
        if peer:
            sys.argv.append("--peer")
        report = os.dup(1)
        os.dup2(2, 1)  # engines tell of connections there
        step = shared_step(options.contender, options)
        os.dup2(report, 1)
        while peer:  # until the other one is gone
            step()
        serve(step)
        os._exit(0)  # the peer finds out; engines would wait for it
    contenders = compare(chosen(options, NAMES), options.rounds)
    rows = []
    for contender in contenders:
        seconds = median(result["seconds"] for result in contender.results)
        rows.append([contender.name, f"{seconds:.2f}", f"{ratio(contenders[0], contender):.2f}"])
    print(f"{machine()}; batch {options.batch_size}, medians of {options.rounds} rounds\n")
    print(table(["contender", "s/step", f"times {contenders[0].name}"], rows))
    return None


if __name__ == "__main__":
    main()
