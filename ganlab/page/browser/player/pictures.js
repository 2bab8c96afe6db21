// The pictures of a recording: the plane at one frame, on a canvas, and the sign of each of its layers.

import { make } from "../kit/elements.js";
import { paintPoints } from "../kit/marks.js";
import { clamp } from "../kit/numbers.js";
import { channels, palette } from "../kit/palette.js";
import { contour, inside } from "./film.js";

// The marks of one frame, in pixels of a square of side `size`.
export function paint(canvas, run, frame, layers) {
  const size = Math.round(canvas.clientWidth);
  const context = canvas.getContext("2d");
  if (!size || !context) return;
  const dense = window.devicePixelRatio || 1;
  if (canvas.width !== size * dense) canvas.width = canvas.height = size * dense;
  context.setTransform(dense, 0, 0, dense, 0, 0);
  const colors = palette(canvas);
  const pixel = ([x, y]) => [((x / run.extent + 1) / 2) * size, ((1 - y / run.extent) / 2) * size];
  const seen = (points) => points.filter((p) => inside(run, p)).map(pixel);
  const radius = clamp(size / 160, 1.5, 3);
  context.fillStyle = colors.paper;
  context.fillRect(0, 0, size, size);
  if (layers.field) paintField(context, run, run.fieldAt(frame), size, colors);
  const fake = run.fakeAt(frame);
  const points = { real: layers.real ? seen(run.real) : [], fake: layers.fake ? seen(fake) : [] };
  paintPoints(context, points, { radius, arm: 1.3 * radius }, colors);
  const starts = fake.map((p) => inside(run, p) && pixel(p));
  if (layers.arrows) paintArrows(context, run.arrowsAt(frame), starts, size / 7, colors.ink);
}

function paintField(context, run, field, size, colors) {
  const n = run.resolution;
  const small = make("canvas", { width: n, height: n });
  const brush = small.getContext("2d");
  const image = brush.createImageData(n, n);
  const rgb = channels(colors.discriminator);
  for (let row = 0; row < n; row++) {
    for (let column = 0; column < n; column++) {
      const opacity = 0.6 * field[(n - 1 - row) * n + column];
      image.data.set([...rgb, opacity], 4 * (row * n + column));
    }
  }
  brush.putImageData(image, 0, 0);
  // Values stand at the corners of the window, not half a cell inside: the picture is drawn half a cell larger.
  const edge = size / (n - 1) / 2;
  context.save();
  context.beginPath();
  context.rect(0, 0, size, size);
  context.clip();
  context.imageSmoothingEnabled = true;
  context.drawImage(small, -edge, -edge, size + 2 * edge, size + 2 * edge);
  context.restore();
  context.beginPath();
  const at = (i) => (i / (n - 1)) * size;
  for (const [[x1, y1], [x2, y2]] of contour(field, n, run.middle)) {
    context.moveTo(at(x1), size - at(y1));
    context.lineTo(at(x2), size - at(y2));
  }
  // The line has an edge of paper too: on its own green it would be lost.
  // oxfmt-ignore
  for (const [color, width] of [[colors.paper, 4.5], [colors.discriminator, 1.5]]) {
    context.strokeStyle = color;
    context.lineWidth = width;
    context.stroke();
  }
}

function paintArrows(context, arrows, starts, longest, color) {
  context.strokeStyle = context.fillStyle = color;
  context.lineWidth = 1;
  arrows.forEach(([u, v], i) => {
    if (!starts[i]) return;
    const [x, y] = starts[i];
    const [dx, dy] = [u * longest, -v * longest];
    const length = Math.hypot(dx, dy);
    if (length < 2) return;
    const [tx, ty] = [x + dx, y + dy];
    const [ex, ey] = [(dx / length) * Math.min(4, length), (dy / length) * Math.min(4, length)];
    context.beginPath();
    context.moveTo(x, y);
    context.lineTo(tx, ty);
    context.stroke();
    context.beginPath();
    context.moveTo(tx, ty);
    context.lineTo(tx - ex + ey / 2, ty - ey - ex / 2);
    context.lineTo(tx - ex - ey / 2, ty - ey + ex / 2);
    context.fill();
  });
}

// The mark of a layer, as it is drawn.
export function sign(name) {
  const svg = make("svg", { width: 14, height: 14, "aria-hidden": "true" });
  const stroke = (color) => ({ fill: "none", stroke: `var(--${color})`, "stroke-width": 1.6 });
  const square = { x: 1, y: 1, width: 12, height: 12 };
  const shapes = {
    real: ["circle", { cx: 7, cy: 7, r: 4, fill: "var(--real)" }],
    fake: ["path", { d: "M3 3L11 11M3 11L11 3", ...stroke("fake") }],
    field: ["rect", { ...square, fill: "var(--discriminator)", "fill-opacity": 0.5 }],
    arrows: ["path", { d: "M1 7H12M8 3L12 7L8 11", ...stroke("ink") }],
  };
  svg.append(make(...shapes[name]));
  return svg;
}
