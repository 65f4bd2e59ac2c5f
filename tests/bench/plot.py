# SPDX-License-Identifier: MIT
"""Draws the ratios as bars, with a mark where each bar is set."""
from xml.sax.saxutils import escape

SERIES = [("ratio", "wall time", "#3b6ea5"), ("cpu_ratio", "processor time", "#7fa8d1"),
          ("instructions_ratio", "instructions", "#c98a2b")]
LEFT, WIDTH, BAR, GAP, TOP = 230, 620, 13, 20, 70


def text(x, y, words, size=12, anchor="start", fill="#222"):
    return (f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}" text-anchor="{anchor}" '
            f'fill="{fill}">{escape(words)}</text>')


def rectangle(x, y, width, height, fill):
    return (f'<rect x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}" '
            f'fill="{fill}"/>')


def line(x, top, bottom, stroke, width=1):
    return (f'<line x1="{x:.1f}" x2="{x:.1f}" y1="{top:.1f}" y2="{bottom:.1f}" '
            f'stroke="{stroke}" stroke-width="{width}"/>')


def draw_case(row, y, scale):
    name = f"{row['bench']} ({row['backend']})"
    parts = [text(LEFT - 10, y + BAR * 1.8, name, 13, "end")]
    for name, _, colour in SERIES:
        value = row.get(name)
        if value is not None:
            over = name in row.get("over", [])
            parts.append(rectangle(LEFT, y, value * scale, BAR - 2, colour))
            label = f"{value:.2f}" + (" over" if over else "")
            parts.append(text(LEFT + value * scale + 5, y + BAR - 3, label, 11,
                              fill="#b00020" if over else "#222"))
        bar = row.get("bars", {}).get(name)
        if bar is not None:
            parts.append(line(LEFT + bar * scale, y - 1, y + BAR - 1, "#b00020", 2))
        y += BAR
    return parts


def draw(rows):
    rows = [row for row in rows if row["raw"] == "malloc"]
    values = [row[name] for row in rows for name, _, _ in SERIES if row.get(name) is not None]
    largest = max(1.3, max(values, default=1.0) * 1.12)
    scale = WIDTH / largest
    height = TOP + len(rows) * (len(SERIES) * BAR + GAP) + 30
    parts = [f'<svg xmlns="http://www.w3.org/2000/svg" width="{LEFT + WIDTH + 70}" '
             f'height="{height}" font-family="sans-serif">',
             rectangle(0, 0, LEFT + WIDTH + 70, height, "#fff"),
             text(20, 26, "Ostler over raw C (1.00: as fast; less is better)", 16)]
    x = LEFT
    for _, label, colour in SERIES:
        parts += [rectangle(x, 40, 12, 12, colour), text(x + 17, 50, label)]
        x += 140
    parts += [line(x + 5, 40, 52, "#b00020", 2), text(x + 12, 50, "bar")]
    bottom = height - 28
    for tenth in range(0, int(largest * 10) + 1, 2):
        position = LEFT + tenth / 10 * scale
        parts += [line(position, TOP - 8, bottom, "#888" if tenth == 10 else "#e4e4e4"),
                  text(position, bottom + 16, f"{tenth / 10:.1f}", 11, "middle")]
    y = TOP
    for row in rows:
        parts += draw_case(row, y, scale)
        y += len(SERIES) * BAR + GAP
    return "\n".join([*parts, "</svg>", ""])
