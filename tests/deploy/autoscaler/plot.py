#!/usr/bin/env python3
"""Draws what the autoscaler makes of each curve: load against replicas, as deploy/autoscaler/NAME.svg.

plot.py PLAY CURVES FOLDER            write FOLDER/NAME.svg for each CURVES/NAME.csv
plot.py --check PLAY CURVES FOLDER    fail where a file is not what the code gives
"""
import pathlib
import re
import subprocess
import sys

WIDTH, HEIGHT = 900, 260
LEFT, RIGHT, TOP, BOTTOM = 44, 16, 44, 34
LOAD, REPLICAS, INK, GRID = "#8fb8de", "#c0392b", "#333333", "#dddddd"
STEPS = (1, 2, 5, 10, 15, 20, 30, 60, 120, 300, 600, 900, 1800)


def play(program, curve):
    """(settings, [(seconds, in flight, replicas)])"""
    lines = subprocess.run([program, curve], check=True, capture_output=True, text=True).stdout.splitlines()
    settings = re.sub(r"(\w+?)(_sec)?: (\S+)", r"\1=\3", lines[0])
    return settings, [tuple(float(part) for part in line.split(";")[:3]) for line in lines[1:]]


def step_for(span, most):
    return next((step for step in STEPS if span / step <= most), STEPS[-1])


class Plot:
    def __init__(self, moments):
        self.moments = moments
        self.seconds = max(moment[0] for moment in moments)
        self.top = max(max(moment[1], moment[2]) for moment in moments) * 1.05

    def x(self, seconds):
        return f"{LEFT + (WIDTH - LEFT - RIGHT) * seconds / self.seconds:.1f}"

    def y(self, value):
        return f"{HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * value / self.top:.1f}"

    def stairs(self, column):
        """A path that stands at each value until the next."""
        path, last = "", None
        for moment in self.moments:
            if moment[column] != last:
                path += (f"H{self.x(moment[0])}V" if path else f"M{self.x(moment[0])} ") + self.y(moment[column])
                last = moment[column]
        return path + f"H{self.x(self.seconds)}"

    def grid(self):
        step = step_for(self.top, 6)
        value = 0
        while value <= self.top:
            yield f'<path d="M{LEFT} {self.y(value)}H{WIDTH - RIGHT}" stroke="{GRID}"/>'
            yield f'<text x="{LEFT - 6}" y="{self.y(value)}" dy="4" text-anchor="end">{value}</text>'
            value += step
        step = step_for(self.seconds, 12)
        for second in range(0, int(self.seconds) + 1, step):
            yield f'<text x="{self.x(second)}" y="{HEIGHT - BOTTOM + 16}" text-anchor="middle">{second}</text>'

    def svg(self, title, settings):
        bottom = self.y(0)
        area = self.stairs(1) + f"V{bottom}H{self.x(0)}Z"
        return "\n".join([
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" '
            f'font-family="sans-serif" font-size="11" fill="{INK}">',
            f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#ffffff"/>',
            f'<text x="{LEFT}" y="16" font-size="13" font-weight="bold">{title}</text>',
            f'<text x="{LEFT}" y="32">{settings}</text>',
            *self.grid(),
            f'<path d="{area}" fill="{LOAD}" stroke="none"/>',
            f'<path d="{self.stairs(2)}" fill="none" stroke="{REPLICAS}" stroke-width="2"/>',
            f'<text x="{WIDTH - RIGHT}" y="16" text-anchor="end">'
            f'<tspan fill="{LOAD}">█</tspan> in flight  <tspan fill="{REPLICAS}">▬</tspan> replicas</text>',
            f'<text x="{WIDTH - RIGHT}" y="{HEIGHT - 4}" text-anchor="end">seconds</text>',
            "</svg>"]) + "\n"


def main():
    arguments = [argument for argument in sys.argv[1:] if argument != "--check"]
    if len(arguments) != 3:
        sys.exit(__doc__)
    program, curves, folder = arguments
    stale, drawn = [], 0
    for curve in sorted(pathlib.Path(curves).glob("*.csv")):
        settings, moments = play(program, curve)
        title = curve.read_text().splitlines()[0].lstrip("# ")
        picture = Plot(moments).svg(title, settings)
        file = pathlib.Path(folder) / (curve.stem + ".svg")
        drawn += 1
        if "--check" not in sys.argv:
            file.write_text(picture)
        elif not file.exists() or file.read_text() != picture:
            stale.append(file.name)
    if stale or not drawn:
        sys.exit(f"not what the code gives: {', '.join(stale) or 'no curves'}; "
                 f"run tests/deploy/autoscaler/plot.py {' '.join(arguments)}")


if __name__ == "__main__":
    main()
