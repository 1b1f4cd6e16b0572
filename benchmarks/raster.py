"""Drawings as 28 x 28 pixels: ours beside what other libraries take to draw the same lines.

Prints a Markdown table. Ours turns stroke-3 into paths first; the others are handed the points. The last column is how
far the pixels are from those of cairo, which drew Quick, Draw!'s own bitmaps, where cairocffi is installed.
"""

import time

import numpy as np
from harness import chosen, has, machine, median, parser, table

SIZE, WIDTH, BORDER = 28, 16.0, 24.0  # pixels; canvas units
SCALE = SIZE / (256 + 2 * BORDER)
NEEDS = {"cairo": "cairocffi", "skia": "skia", "Pillow x 4": "PIL", "OpenCV x 4": "cv2", "aggdraw": "aggdraw"}


def cairo():
    import cairocffi

    surface = cairocffi.ImageSurface(cairocffi.FORMAT_ARGB32, SIZE, SIZE)
    context = cairocffi.Context(surface)
    context.set_antialias(cairocffi.ANTIALIAS_BEST)
    context.set_line_cap(cairocffi.LINE_CAP_ROUND)
    context.set_line_join(cairocffi.LINE_JOIN_ROUND)
    context.set_line_width(WIDTH)
    context.scale(SCALE, SCALE)

    def draw(strokes):
        context.set_source_rgb(0, 0, 0)
        context.paint()
        context.set_source_rgb(1, 1, 1)
        for points in strokes:
            context.move_to(*points[0])
            for x, y in points:
                context.line_to(x, y)
            context.stroke()
        return np.frombuffer(surface.get_data(), np.uint8)[::4].reshape(SIZE, SIZE).copy()

    return draw


def skia():
    import skia

    pixels = np.zeros((SIZE, SIZE, 4), np.uint8)
    canvas = skia.Surface(pixels).getCanvas()
    canvas.scale(SCALE, SCALE)
    look = {"StrokeCap": skia.Paint.kRound_Cap, "StrokeJoin": skia.Paint.kRound_Join, "Style": skia.Paint.kStroke_Style}
    paint = skia.Paint(AntiAlias=True, StrokeWidth=WIDTH, Color=skia.ColorWHITE, **look)

    def draw(strokes):
        canvas.clear(0xFF000000)
        for points in strokes:
            path = skia.Path()
            path.addPoly([skia.Point(x, y) for x, y in points.tolist()], False)
            canvas.drawPath(path, paint)
        return pixels[..., 0].copy()

    return draw


def pillow():
    from PIL import Image, ImageDraw

    width = round(4 * WIDTH * SCALE)
    radius = (width - 1) / 2

    def draw(strokes):
        image = Image.new("L", (4 * SIZE, 4 * SIZE))
        pen = ImageDraw.Draw(image)
        for points in strokes:
            places = points * (4 * SCALE) - 0.5
            pen.line(places.ravel().tolist(), fill=255, width=width)
            for x, y in places.tolist():  # round ends and joins
                pen.ellipse((x - radius, y - radius, x + radius, y + radius), fill=255)
        return np.asarray(image.reduce(4))

    return draw


def opencv():
    import cv2

    def draw(strokes):
        image = np.zeros((4 * SIZE, 4 * SIZE), np.uint8)
        lines = [np.round((points * (4 * SCALE) - 0.5) * 256).astype(np.int32) for points in strokes]
        cv2.polylines(image, lines, False, 255, round(4 * WIDTH * SCALE), cv2.LINE_8, 8)
        return cv2.resize(image, (SIZE, SIZE), interpolation=cv2.INTER_AREA)

    return draw


def aggdraw():
    import aggdraw

    pen = aggdraw.Pen("white", WIDTH * SCALE)

    def draw(strokes):
        image = aggdraw.Draw("L", (SIZE, SIZE), 0)
        for points in strokes:
            image.line((points * SCALE).ravel().tolist(), pen)
        image.flush()
        return np.frombuffer(image.tobytes(), np.uint8).reshape(SIZE, SIZE)

    return draw


OTHERS = {"cairo": cairo, "skia": skia, "Pillow x 4": pillow, "OpenCV x 4": opencv, "aggdraw": aggdraw}


def main():
    from sketch_rnn_keras.data.doodles import make_splits
    from sketch_rnn_keras.quality.raster import fitted, rasterise
    from sketch_rnn_keras.strokes import from_polylines, to_polylines

    options = parser(__doc__)
    options.add_argument("--count", type=int, default=1000, help="built-in cats drawn")
    options = options.parse_args()
    names = [name for name in chosen(options, ["ours", *OTHERS]) if name == "ours" or has(NEEDS[name])]
    cats = make_splits("cat", (options.count, 0, 0))["train"]
    strokes = []
    for cat in cats:
        places = np.column_stack([np.diff(fitted(cat), axis=0, prepend=[[0, 0]]), cat[:, 2]])
        strokes.append([points * 255 + 128 + BORDER for points in to_polylines(places)])
    assert len(from_polylines(strokes[0])) == len(cats[0])
    draw = {name: OTHERS[name]() for name in names if name != "ours"}
    seconds, pixels = {name: [] for name in names}, {}
    for _ in range(options.rounds):
        for name in names:
            start = time.process_time()
            pixels[name] = rasterise(cats) if name == "ours" else np.stack([draw[name](each) for each in strokes])
            seconds[name].append(time.process_time() - start)
    rows = []
    for name in names:
        times = median(ours / theirs for ours, theirs in zip(seconds[names[0]], seconds[name], strict=True))
        apart = np.abs(pixels[name].astype(int) - pixels["cairo"]).mean() if "cairo" in pixels else None
        rate = options.count / median(seconds[name])
        rows.append([name, f"{rate:,.0f}", f"{times:.2f}", "" if apart is None else f"{apart:.1f}"])
    print(f"{machine()}; {np.mean([len(cat) for cat in cats]):.0f} points, medians of {options.rounds} rounds\n")
    print(table(["contender", "drawings/s of a processor", f"times {names[0]}", "levels of 255 from cairo"], rows))
    missing = [name for name in OTHERS if not has(NEEDS[name])]
    if missing:
        print(f"\nnot installed, not measured: {', '.join(missing)}")


if __name__ == "__main__":
    main()
