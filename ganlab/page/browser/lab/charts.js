// The lab's curves over the steps, on canvases.

import { LOSSES } from "../training/losses.js";

// What each chart shows of a frame. A series has x, y, color and dash; a mark is a level with a name.
export function charts({ columns, points, total, setup }, colors) {
  return {
    losses: losses(columns, LOSSES[setup.loss].equilibrium, colors),
    coverage: coverage(points, total, colors),
    gradient: {
      title: "log10 of the length of G's gradient",
      series: [{ x: columns.step, y: columns.g_norm.map(Math.log10), color: colors.fake, dash: [] }],
    },
  };
}

function losses(columns, [d, g], colors) {
  const marks = [];
  if (d) marks.push({ ...d, color: colors.discriminator });
  if (g && g.value !== d?.value) marks.push({ ...g, color: colors.fake });
  return {
    title: "Losses: D solid, G dashed",
    series: [
      { x: columns.step, y: columns.d_loss, color: colors.discriminator, dash: [] },
      { x: columns.step, y: columns.g_loss, color: colors.fake, dash: [5, 3] },
    ],
    marks,
  };
}

function coverage(points, total, colors) {
  const x = points.map((m) => m.step);
  const modes = { x, y: points.map((m) => m.modes), color: colors.ink, dash: [] };
  const kl = points.map((m) => m.reverse_kl ?? NaN);
  return {
    title: total ? "Modes solid, reverse KL dashed (nats, right)" : "Modes: not defined for these data",
    series: total ? [modes, { x, y: kl, color: colors.other, dash: [5, 3], right: true }] : [],
    range: [0, total || 1],
    right: total > 1 ? [0, Math.log(total)] : [0, 1],
    digits: 0,
  };
}

export function drawChart(ctx, width, height, chart, colors) {
  const { title, series, marks = [], range, digits = 1, right } = chart;
  ctx.fillStyle = colors.paper;
  ctx.fillRect(0, 0, width, height);
  const unit = Math.max(1, width / 460); // type grows with a chart that fills a screen
  ctx.font = `${Math.round(11 * unit)}px system-ui, sans-serif`;
  ctx.fillStyle = colors.ink;
  ctx.textAlign = "left";
  ctx.fillText(title, 4, 11 * unit);
  if (!series.length) return;
  const [wide, top, bottom] = [34 * unit, 18 * unit, height - 16 * unit];
  const box = { left: wide, right: width - (right ? wide : 8), top, bottom };
  const values = series.flatMap((s) => s.y);
  const levels = marks.map((mark) => mark.value);
  const ends = range ?? spread(values, levels);
  const last = Math.max(1, ...series.flatMap((s) => s.x.slice(-1)));
  const px = (x) => box.left + ((box.right - box.left) * x) / last;
  const scale = ([a, b]) => {
    return (y) => box.bottom - ((box.bottom - box.top) * (Math.min(Math.max(y, a), b) - a)) / (b - a || 1);
  };
  const py = scale(ends);
  drawFrame(ctx, box, { width, height, last, ends, py, digits }, colors);
  if (right) for (const y of right) ctx.fillText(y.toFixed(1), width - 4, scale(right)(y) + 4);
  for (const s of series) line(ctx, s.x.map(px), s.y.map(s.right ? scale(right) : py), s.color, s.dash);
  for (const { value, name, color } of marks) {
    line(ctx, [0, last].map(px), [value, value].map(py), color, [1, 3]);
    ctx.strokeStyle = colors.paper;
    ctx.lineWidth = 4;
    for (const put of ["strokeText", "fillText"]) ctx[put](name, box.right - 3, py(value) - 3);
  }
}

// The box of the curves, with the numbers at its ends.
function drawFrame(ctx, box, { height, last, ends, py, digits }, colors) {
  ctx.fillText("0", box.left, height - 4);
  ctx.textAlign = "right";
  ctx.fillText(`step ${Math.round(last)}`, box.right, height - 4);
  for (const y of ends) ctx.fillText(y.toFixed(digits).replace(/^-(0\.?0*)$/, "$1"), box.left - 4, py(y) + 4);
  ctx.strokeStyle = colors.line;
  ctx.lineWidth = 1;
  ctx.setLineDash([]);
  ctx.strokeRect(box.left, box.top, box.right - box.left, box.bottom - box.top);
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
