// The browser lab's pictures, on canvases: the plane of points, and curves over the steps.

// The losses where p_g = p_data and D is best, as in ganlab.plotting.LANDMARKS: value and name, of D and of G.
const LOG2 = Math.log(2);
export const LANDMARKS = {
  minimax: [
    [2 * LOG2, "2 log 2"],
    [-LOG2, "-log 2"],
  ],
  non_saturating: [
    [2 * LOG2, "2 log 2"],
    [LOG2, "log 2"],
  ],
  least_squares: [
    [0.25, "1/4"],
    [0.125, "1/8"],
  ],
  hinge: [
    [2, "2"],
    [0, "0"],
  ],
  relativistic_average: [
    [2 * LOG2, "2 log 2"],
    [2 * LOG2, "2 log 2"],
  ],
  relativistic_pairing: [
    [LOG2, "log 2"],
    [LOG2, "log 2"],
  ],
};

// How sure D is that a point is real, in [0, 1], from its raw scores.
function said(field, loss) {
  const logistic = { minimax: 1, non_saturating: 1 };
  if (logistic[loss]) return field.map((a) => 1 / (1 + Math.exp(-a)));
  if (loss === "least_squares") return field.map((a) => Math.min(Math.max(a, 0), 1));
  if (loss === "hinge") return field.map((a) => Math.min(Math.max((a + 1) / 2, 0), 1));
  const [low, high] = [Math.min(...field), Math.max(...field)];
  return field.map((a) => (a - low) / (high - low || 1));
}

const rgb = (color) => [1, 3, 5].map((i) => parseInt(color.slice(i, i + 2), 16));

function drawField(ctx, size, field, colors) {
  const side = Math.sqrt(field.length);
  const tile = document.createElement("canvas");
  tile.width = tile.height = side;
  const paint = tile.getContext("2d");
  const image = paint.createImageData(side, side);
  const [from, to] = [rgb(colors.paper), rgb(colors.discriminator)];
  field.forEach((p, i) => {
    for (let k = 0; k < 3; k++) image.data[4 * i + k] = from[k] + 0.6 * p * (to[k] - from[k]);
    image.data[4 * i + 3] = 255;
  });
  paint.putImageData(image, 0, 0);
  ctx.drawImage(tile, 0, 0, size, size);
}

export function drawPlane(ctx, size, { frame, real, extent, setup, shown, colors, cursor }) {
  const at = (points, i) =>
    [0.5, 0.5].map((half, k) => size * (half + ((k ? -1 : 1) * points[2 * i + k]) / (2 * extent)));
  const each = (points, draw) => {
    for (let i = 0; i < points.length / 2; i++) draw(...at(points, i), i);
  };
  ctx.fillStyle = colors.paper;
  ctx.fillRect(0, 0, size, size);
  if (shown.field) drawField(ctx, size, said(frame.field, setup.loss), colors);
  if (shown.manifold) {
    ctx.strokeStyle = colors.ink;
    ctx.globalAlpha = 0.35;
    ctx.lineWidth = 1;
    ctx.beginPath();
    each(frame.manifold, (x, y, i) => (i % frame.ticks ? ctx.lineTo(x, y) : ctx.moveTo(x, y)));
    ctx.stroke();
  }
  const mark = Math.max(size / 130, 2.2);
  ctx.globalAlpha = 0.8;
  ctx.fillStyle = colors.real;
  each(real, (x, y) => {
    ctx.beginPath();
    ctx.arc(x, y, mark, 0, 7);
    ctx.fill();
  });
  ctx.globalAlpha = 0.9;
  ctx.strokeStyle = colors.fake;
  ctx.lineWidth = 1.3;
  ctx.beginPath();
  each(frame.fake, (x, y) => {
    ctx.moveTo(x - mark, y - mark);
    ctx.lineTo(x + mark, y + mark);
    ctx.moveTo(x - mark, y + mark);
    ctx.lineTo(x + mark, y - mark);
  });
  ctx.stroke();
  ctx.globalAlpha = 1;
  if (shown.arrows) drawArrows(ctx, size, frame, each, colors);
  if (cursor) {
    const [x, y] = at(cursor, 0);
    ctx.strokeStyle = colors.ink;
    ctx.strokeRect(x - 7, y - 7, 14, 14);
  }
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

// Curves over the steps. A series has x, y, color and dash; a mark is a level with a name.
export function drawChart(
  ctx,
  width,
  height,
  { title, series, marks = [], range, digits = 1, right },
  colors,
) {
  ctx.fillStyle = colors.paper;
  ctx.fillRect(0, 0, width, height);
  const box = { left: 34, right: width - (right ? 34 : 8), top: 18, bottom: height - 16 };
  const [low, high] =
    range ??
    spread(
      series.flatMap((s) => s.y),
      marks.map((mark) => mark.value),
    );
  const last = Math.max(1, ...series.flatMap((s) => s.x.slice(-1)));
  const px = (x) => box.left + ((box.right - box.left) * x) / last;
  const scale = (a, b) => (y) =>
    box.bottom - ((box.bottom - box.top) * (Math.min(Math.max(y, a), b) - a)) / (b - a || 1);
  ctx.font = "11px system-ui, sans-serif";
  ctx.fillStyle = colors.ink;
  ctx.textAlign = "left";
  ctx.fillText(title, 4, 11);
  if (!series.length) return;
  ctx.fillText("0", box.left, height - 4);
  ctx.textAlign = "right";
  ctx.fillText(`step ${Math.round(last)}`, box.right, height - 4);
  for (const y of [low, high])
    ctx.fillText(y.toFixed(digits).replace(/^-(0\.?0*)$/, "$1"), box.left - 4, scale(low, high)(y) + 4);
  if (right) for (const y of right) ctx.fillText(y.toFixed(1), width - 4, scale(...right)(y) + 4);
  ctx.strokeStyle = colors.line;
  ctx.lineWidth = 1;
  ctx.setLineDash([]);
  ctx.strokeRect(box.left, box.top, box.right - box.left, box.bottom - box.top);
  for (const s of series)
    line(ctx, s.x.map(px), s.y.map(scale(...(s.right ? right : [low, high]))), s.color, s.dash);
  for (const { value, name, color } of marks) {
    line(ctx, [0, last].map(px), [value, value].map(scale(low, high)), color, [1, 3]);
    ctx.strokeStyle = colors.paper;
    ctx.lineWidth = 4;
    for (const put of ["strokeText", "fillText"]) ctx[put](name, box.right - 3, scale(low, high)(value) - 3);
  }
}

function line(ctx, xs, ys, color, dash) {
  ctx.strokeStyle = color;
  ctx.lineWidth = 1.5;
  ctx.setLineDash(dash);
  ctx.beginPath();
  let pen = false;
  xs.forEach((x, i) => {
    const there = Number.isFinite(ys[i]);
    if (there) ctx[pen ? "lineTo" : "moveTo"](x, ys[i]);
    pen = there;
  });
  ctx.stroke();
  ctx.setLineDash([]);
}

// The range that holds 96 % of the values, and the marks, with a margin.
function spread(values, marks) {
  const sorted = values.filter(Number.isFinite).sort((a, b) => a - b);
  if (!sorted.length) return [0, 1];
  const ends = [0.02, 0.98].map((q) => sorted[Math.round(q * (sorted.length - 1))]);
  const [low, high] = [Math.min(...ends, ...marks), Math.max(...ends, ...marks)];
  const margin = 0.15 * (high - low) || 0.5;
  return [low - margin, high + margin];
}

export function charts({ columns, points, total, setup }, colors) {
  const marks = (LANDMARKS[setup.loss] ?? []).map(([value, name], i) => ({
    value,
    name,
    color: i ? colors.fake : colors.discriminator,
  }));
  const losses = {
    title: "Losses: D solid, G dashed",
    series: [
      { x: columns.step, y: columns.d_loss, color: colors.discriminator, dash: [] },
      { x: columns.step, y: columns.g_loss, color: colors.fake, dash: [5, 3] },
    ],
    marks: marks[0]?.value === marks[1]?.value ? marks.slice(0, 1) : marks,
  };
  const steps = points.map((m) => m.step);
  const coverage = {
    title: total ? "Modes solid, reverse KL dashed (nats, right)" : "Modes: not defined for these data",
    series: total
      ? [
          { x: steps, y: points.map((m) => m.modes), color: colors.ink, dash: [] },
          {
            x: steps,
            y: points.map((m) => m.reverse_kl ?? NaN),
            color: colors.other,
            dash: [5, 3],
            right: true,
          },
        ]
      : [],
    ...{ range: [0, total || 1], right: total > 1 ? [0, Math.log(total)] : [0, 1], digits: 0 },
  };
  const gradient = {
    title: "log10 of the length of G's gradient",
    series: [{ x: columns.step, y: columns.g_norm.map(Math.log10), color: colors.fake, dash: [] }],
  };
  return { losses, coverage, gradient };
}
