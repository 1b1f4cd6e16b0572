"""Drawing sketches: ours, many at once in one compiled loop, against one at a time and against PyTorch's cell.

Prints a Markdown table. Every contender draws `--steps` points of each sketch, none stops early.
"""

import numpy as np
from harness import chosen, compare, has, machine, median, parser, ratio, serve, sgemm, share, table

OURS = {"ours": "lstm", "ours, layer_norm decoder": "layer_norm", "ours, hyper decoder": "hyper"}
SINGLE, TORCH, JAX = "ours, one sketch at a time", "PyTorch LSTMCell, a Python loop", "ours, JAX"


def arguments():
    options = parser(__doc__)
    options.add_argument("--count", type=int, default=256, help="sketches drawn at once")
    options.add_argument("--steps", type=int, default=250, help="points of each sketch")
    options.add_argument("--dec-rnn-size", type=int, default=512)
    return options.parse_args()


def our_sampler(options, name):
    from sketch_rnn_keras import HParams, SketchRNN
    from sketch_rnn_keras.sampling import sample_points

    size = options.dec_rnn_size
    model = SketchRNN(HParams(max_seq_len=options.steps, dec_model=OURS.get(name, "lstm"), dec_rnn_size=size))
    count = 1 if name == SINGLE else options.count
    rng = np.random.default_rng(1)
    z = rng.standard_normal((count, model.hparams.z_size), dtype="float32")
    noise = np.concatenate([rng.random((options.steps, count, 2)), rng.standard_normal((options.steps, count, 2))], -1)

    def draw():
        sample_points(model, z, noise, 0.5, stop_at_end=False)
        return {"count": count, "gflop": gflop(options, count)}

    return draw


def gflop(options, count) -> float:
    """Of the matrix products of an LSTM decoder and its head."""
    h = options.dec_rnn_size
    return 2e-9 * count * options.steps * ((5 + h) * 4 * h + h * 123)


def torch_sampler(options):
    """The same decoder on `torch.nn.LSTMCell`, a step at a time as its documentation shows."""
    import torch
    from torch import nn

    cell, head = nn.LSTMCell(5 + 128, options.dec_rnn_size), nn.Linear(options.dec_rnn_size, 123)
    start = nn.Linear(128, 2 * options.dec_rnn_size)

    @torch.inference_mode()
    def draw():
        z = torch.randn(options.count, 128)
        h, c = torch.tanh(start(z)).chunk(2, -1)
        point, points = torch.tensor([[0.0, 0.0, 1.0, 0.0, 0.0]]).expand(options.count, -1), []
        for _ in range(options.steps):
            h, c = cell(torch.cat([point, z], -1), (h, c))
            pen, log_pi, mu_x, mu_y, log_x, log_y, rho = head(h).split([3] + [20] * 6, dim=-1)
            k = torch.distributions.Categorical(logits=log_pi / 0.5).sample()[:, None]
            mu_x, mu_y, log_x, log_y, rho = (v.gather(1, k)[:, 0] for v in (mu_x, mu_y, log_x, log_y, rho))
            rho, n = torch.tanh(rho), torch.randn(2, options.count)
            dx = mu_x + 0.5**0.5 * log_x.exp() * n[0]
            dy = mu_y + 0.5**0.5 * log_y.exp() * (rho * n[0] + (1 - rho * rho).sqrt() * n[1])
            state = nn.functional.one_hot(torch.distributions.Categorical(logits=pen / 0.5).sample(), 3).float()
            point = torch.cat([dx[:, None], dy[:, None], state], -1)
            points.append(point)
        torch.stack(points, 1).numpy()
        return {"count": options.count, "gflop": gflop(options, options.count)}

    return draw


def main():
    options = arguments()
    if options.contender:
        is_torch = options.contender == TORCH
        return serve(torch_sampler(options) if is_torch else our_sampler(options, options.contender))
    missing = [name for name, module in ((TORCH, "torch"), (JAX, "jax")) if not has(module)]
    names = [name for name in chosen(options, [*OURS, JAX, SINGLE, TORCH]) if name not in missing]
    contenders = compare(names, options.rounds)
    rows = []
    for contender in contenders:
        seconds = median(r["seconds"] for r in contender.results)
        count, first = contender.results[0]["count"], contenders[0].results[0]["count"]
        rows.append(
            [
                contender.name,
                count,
                f"{seconds:.2f}",
                f"{count / seconds:.1f}",
                f"{ratio(contenders[0], contender) * first / count:.2f}",
                f"{count * options.steps / seconds:.0f}",
                f"{share(contender):.0%}" if "layer" not in contender.name and "hyper" not in contender.name else "",
                f"{contender.results[-1]['peak'] / 2**30:.2f}",
            ]
        )
    print(f"{machine()}; {sgemm(contenders)}")
    print(f"{options.steps} points of each sketch, medians of {options.rounds} rounds\n")
    head = ["contender", "at once", "seconds", "sketches/s", f"times {contenders[0].name}, per sketch", "points/s"]
    print(table([*head, "of sgemm", "peak GiB"], rows))
    if missing:
        print(f"\nnot installed, not measured: {', '.join(missing)}")
    return None


if __name__ == "__main__":
    main()
