// The lab's picture of the plane, on a canvas: what D says, real and generated points, and where G is pushed.

import { make } from "../kit/elements.js";
import { paintPoints } from "../kit/marks.js";
import { channels } from "../kit/palette.js";
import { said } from "../training/losses.js";

export function drawPlane(ctx, size, { frame, real, extent, setup, shown, colors, cursor }) {
  const at = (points, i) =>
    [0.5, 0.5].map((half, k) => size * (half + ((k ? -1 : 1) * points[2 * i + k]) / (2 * extent)));
  const each = (points, draw) => {
    for (let i = 0; i < points.length / 2; i++) draw(...at(points, i), i);
  };
  const mark = Math.max(size / 130, 2.2);
  ctx.fillStyle = colors.paper;
  ctx.fillRect(0, 0, size, size);
  if (shown.field) drawField(ctx, size, said(frame.field, setup.loss), colors);
  if (shown.manifold) drawManifold(ctx, frame, each, colors);
  const pixels = (points) => Array.from({ length: points.length / 2 }, (_, i) => at(points, i));
  const points = { real: pixels(real), fake: pixels(frame.fake) };
  paintPoints(ctx, points, { radius: mark, arm: mark }, colors);
  if (shown.arrows) drawArrows(ctx, size, frame, each, colors);
  if (cursor) {
    const [x, y] = at(cursor, 0);
    ctx.strokeStyle = colors.ink;
    ctx.strokeRect(x - 7, y - 7, 14, 14);
  }
}

function drawField(ctx, size, field, colors) {
  const side = Math.sqrt(field.length);
  const tile = make("canvas", { width: side, height: side });
  const paint = tile.getContext("2d");
  const image = paint.createImageData(side, side);
  const [from, to] = [channels(colors.paper), channels(colors.discriminator)];
  field.forEach((p, i) => {
    for (let k = 0; k < 3; k++) image.data[4 * i + k] = from[k] + 0.6 * p * (to[k] - from[k]);
    image.data[4 * i + 3] = 255;
  });
  paint.putImageData(image, 0, 0);
  ctx.drawImage(tile, 0, 0, size, size);
}

function drawManifold(ctx, { manifold, ticks }, each, colors) {
  ctx.strokeStyle = colors.ink;
  ctx.globalAlpha = 0.65;
  ctx.lineWidth = 1;
  ctx.beginPath();
  each(manifold, (x, y, i) => (i % ticks ? ctx.lineTo(x, y) : ctx.moveTo(x, y)));
  ctx.stroke();
  ctx.globalAlpha = 1;
}

// One unit of gradient is a tenth of the picture, and no arrow is longer than that.
function drawArrows(ctx, size, { fake, arrows }, each, colors) {
  ctx.strokeStyle = colors.ink;
  ctx.lineWidth = 1;
  ctx.beginPath();
  each(fake.subarray(0, arrows.length), (x, y, i) => {
    const [dx, dy] = [arrows[2 * i], -arrows[2 * i + 1]];
    const length = Math.hypot(dx, dy);
    const scale = (size / 10) * Math.min(1, 1 / length);
    if (!(length * scale > 1)) return;
    const [u, v] = [dx * scale, dy * scale];
    const [tipX, tipY] = [x + u, y + v];
    ctx.moveTo(x, y);
    ctx.lineTo(tipX, tipY);
    ctx.lineTo(tipX - 0.25 * u - 0.15 * v, tipY - 0.25 * v + 0.15 * u);
    ctx.moveTo(tipX, tipY);
    ctx.lineTo(tipX - 0.25 * u + 0.15 * v, tipY - 0.25 * v - 0.15 * u);
  });
  ctx.stroke();
}
