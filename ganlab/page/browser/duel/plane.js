// The plane of both games, on a canvas: what a discriminator answers, points, borders, and where points are pushed.

import { make } from "../kit/elements.js";
import { paintPoints } from "../kit/marks.js";
import { channels } from "../kit/palette.js";
import { VISIBLE } from "./levels.js";

// The point of the plane under the pointer, and how many pixels a unit is.
export function placeOf(canvas, { clientX, clientY }) {
  const box = canvas.getBoundingClientRect();
  const unit = box.width / (2 * VISIBLE);
  return { point: [(clientX - box.left) / unit - VISIBLE, VISIBLE - (clientY - box.top) / unit], unit };
}

// `scene`: answers on a lattice, `real` and `fake` points, and what else there is of `rings`, `pushes`, `strokes`,
// `contour` and `cursor`.
export function paintPlane(canvas, scene, colors) {
  const ratio = Math.min(devicePixelRatio || 1, 2);
  const size = canvas.clientWidth;
  const side = Math.round(size * ratio);
  if (!side) return;
  if (canvas.width !== side || canvas.height !== side) [canvas.width, canvas.height] = [side, side];
  const ctx = canvas.getContext("2d");
  ctx.setTransform(ratio, 0, 0, ratio, 0, 0);
  ctx.fillStyle = colors.paper;
  ctx.fillRect(0, 0, size, size);
  const at = ([x, y]) => [0.5 + x / (2 * VISIBLE), 0.5 - y / (2 * VISIBLE)].map((share) => share * size);
  if (scene.answers) field(ctx, size, scene, colors);
  paths(ctx, at, scene, colors);
  const mark = Math.max(size / 110, 3);
  paintPoints(
    ctx,
    { real: scene.real.map(at), fake: scene.fake.map(at) },
    { radius: mark, arm: mark + 0.5 },
    colors,
  );
  ctx.strokeStyle = colors.ink;
  ctx.lineWidth = 1.5;
  for (const [x, y] of (scene.rings ?? []).map(at)) {
    ctx.beginPath();
    ctx.arc(x, y, mark + 6, 0, 2 * Math.PI);
    ctx.stroke();
  }
  if (scene.cursor) {
    const [x, y] = at(scene.cursor);
    ctx.strokeRect(x - 8, y - 8, 16, 16);
  }
}

// Green where the answer is real, as the lab has it.
function field(ctx, size, { answers, grid }, colors) {
  const { side, span } = grid;
  const tile = make("canvas", { width: side, height: side });
  const brush = tile.getContext("2d");
  const image = brush.createImageData(side, side);
  const [from, to] = [channels(colors.paper), channels(colors.discriminator)];
  for (let j = 0; j < side; j++) {
    for (let i = 0; i < side; i++) {
      const [answer, at] = [answers[(side - 1 - j) * side + i], 4 * (j * side + i)];
      for (let k = 0; k < 3; k++) image.data[at + k] = from[k] + 0.6 * answer * (to[k] - from[k]);
      image.data[at + 3] = 255;
    }
  }
  brush.putImageData(image, 0, 0);
  const share = (VISIBLE / span) * side;
  ctx.drawImage(tile, (side - share) / 2, (side - share) / 2, share, share, 0, 0, size, size);
}

function paths(ctx, at, { strokes = [], contour = [], pushes = [] }, colors) {
  const line = (points, width, color, dash = []) => {
    ctx.setLineDash(dash);
    ctx.lineWidth = width;
    ctx.strokeStyle = color;
    ctx.beginPath();
    points.map(at).forEach(([x, y], i) => (i ? ctx.lineTo(x, y) : ctx.moveTo(x, y)));
    ctx.stroke();
  };
  ctx.lineCap = ctx.lineJoin = "round";
  for (const stroke of strokes) line(stroke, 6, colors.paper);
  for (const stroke of strokes) line(stroke, 3, colors.ink);
  for (const piece of contour) line(piece, 2.5, colors.ink, [4, 4]);
  for (const [from, to] of pushes) arrow(ctx, at(from), at(to), colors);
  ctx.setLineDash([]);
}

function arrow(ctx, [x, y], [tipX, tipY], colors) {
  const [u, v] = [tipX - x, tipY - y];
  if (Math.hypot(u, v) < 3) return;
  ctx.lineWidth = 1;
  ctx.strokeStyle = colors.ink;
  ctx.beginPath();
  ctx.moveTo(x, y);
  ctx.lineTo(tipX, tipY);
  ctx.lineTo(tipX - 0.3 * u - 0.18 * v, tipY - 0.3 * v + 0.18 * u);
  ctx.moveTo(tipX, tipY);
  ctx.lineTo(tipX - 0.3 * u + 0.18 * v, tipY - 0.3 * v - 0.18 * u);
  ctx.stroke();
}

// Where values on a lattice are zero, as short lines: through each square of four places that differ in sign.
export function zeros({ side, ticks }, values) {
  const found = [];
  for (let j = 0; j + 1 < side; j++) {
    for (let i = 0; i + 1 < side; i++) {
      const corners = [
        [i, j],
        [i + 1, j],
        [i + 1, j + 1],
        [i, j + 1],
      ];
      const ends = corners.flatMap(([u, v], k) => {
        const [w, z] = corners[(k + 1) % 4];
        const [one, other] = [values[v * side + u], values[z * side + w]];
        if (one > 0 === other > 0) return [];
        const share = one / (one - other);
        return [[ticks[u] + share * (ticks[w] - ticks[u]), ticks[v] + share * (ticks[z] - ticks[v])]];
      });
      for (let k = 0; k + 1 < ends.length; k += 2) found.push([ends[k], ends[k + 1]]);
    }
  }
  return found;
}
