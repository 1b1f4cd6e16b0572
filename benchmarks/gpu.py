"""One training step on a GPU: ours in float32, TF32 and bfloat16, beside `torch.nn.LSTM` and Keras' LSTM on cuDNN.

    python benchmarks/gpu.py [--trace FOLDER]

Prints a Markdown table, and where the time of a step of ours goes, by kernel. JAX has to be installed; PyTorch and
TensorFlow are measured where they are. Without a GPU it measures the processor, and says so.
"""

import os
import tempfile
from collections import Counter
from pathlib import Path

from harness import chosen, compare, has, machine, median, ratio, serve, table
from train_step import arguments, keras_step, our_step, torch_step

# What tells JAX how exactly to multiply, and what tells the model.
PRECISIONS = {
    "ours, JAX, float32": ("highest", {}),
    "ours, JAX, TF32": ("tensorfloat32", {}),
    "ours, JAX, bfloat16": ("tensorfloat32", {"precision": "mixed_bfloat16"}),
}
PEERS = {
    "PyTorch LSTM, float32": "torch",
    "PyTorch LSTM, TF32": "torch",
    "Keras LSTM, TensorFlow": "tensorflow",
}
MOST_KERNELS = 15


def make_step(name, options):
    if name in PRECISIONS:
        exactness, changes = PRECISIONS[name]
        os.environ["JAX_DEFAULT_MATMUL_PRECISION"] = exactness  # before JAX is loaded
        return our_step(options, changes)
    if name.startswith("PyTorch"):
        import torch

        is_tf32 = name.endswith("TF32")
        torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = is_tf32
        if torch.cuda.is_available():
            torch.set_default_device("cuda")
        return torch_step(options)
    return keras_step(options, 0.0)


def profile(step, folder: Path) -> list[tuple[str, float]]:
    """Trace a step into `folder`; the kernels by their time in seconds, the longest first."""
    import jax

    with jax.profiler.trace(str(folder)):
        step()
    (file,) = folder.rglob("*.xplane.pb")
    planes = list(jax.profiler.ProfileData.from_file(str(file)).planes)
    devices = [plane for plane in planes if plane.name.startswith("/device:")] or planes
    times = Counter()
    for line in (line for plane in devices for line in plane.lines if "python" not in line.name.lower()):
        for event in line.events:
            times[event.name.split(" = ")[0][:60]] += event.duration_ns * 1e-9
    return times.most_common(MOST_KERNELS)


def device() -> str:
    import jax

    return ", ".join(f"{one.device_kind} ({one.platform})" for one in jax.devices())


def main():
    options = arguments(trace="where the trace of a step goes, for TensorBoard or Perfetto; nowhere by default")
    if options.contender:
        return serve(make_step(options.contender, options))
    missing = [name for name, library in PEERS.items() if not has(library)]
    names = [name for name in chosen(options, [*PRECISIONS, *PEERS]) if name not in missing]
    contenders = compare(names, options.rounds)
    rows = []
    for contender in contenders:
        seconds = median(result["seconds"] for result in contender.results)
        row = [f"{seconds * 1e3:.1f}", f"{ratio(contenders[0], contender):.2f}", f"{options.batch_size / seconds:.0f}"]
        rows.append([contender.name, *row, f"{contender.first:.1f}"])
    print(f"{device()}; {machine()}")
    print(f"batch {options.batch_size}, {options.data or 'synthetic sketches'}, medians of {options.rounds} rounds\n")
    print(table(["contender", "ms/step", f"times {names[0]}", "sketches/s", "first step, s"], rows))
    step = make_step(names[0], options)
    for _ in range(3):
        step()
    with tempfile.TemporaryDirectory() as own:
        kernels = profile(step, Path(options.trace or own))
    print(f"\n{names[0]}, one step by kernel\n")
    print(table(["kernel", "ms"], [[f"`{name}`", f"{seconds * 1e3:.2f}"] for name, seconds in kernels]))
    if missing:
        print(f"\nnot installed, not measured: {', '.join(missing)}")
    return None


if __name__ == "__main__":
    main()
