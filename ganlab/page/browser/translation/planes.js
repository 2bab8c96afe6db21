// A plane of this part, on a canvas: points that keep the colour and the mark of their blob.

export const EXTENT = 2; // half of a plane

const INKS = ["real", "fake", "discriminator", "other", "ink"];
const EDGE = 1.2;

// The corners of the marks, on a circle around their middle; the first one is a disc.
const polygon = (count, turn) =>
  Array.from({ length: count }, (_, i) => {
    const angle = turn + (2 * Math.PI * i) / count;
    return [Math.cos(angle), Math.sin(angle)];
  });
const MARKS = [
  null,
  polygon(4, Math.PI / 4),
  polygon(3, -Math.PI / 2),
  polygon(4, 0),
  polygon(3, Math.PI / 2),
];

function outline(ctx, blob, x, y, radius) {
  ctx.beginPath();
  if (!MARKS[blob]) ctx.arc(x, y, 0.85 * radius, 0, 2 * Math.PI);
  else MARKS[blob].forEach(([u, v], i) => ctx[i ? "lineTo" : "moveTo"](x + radius * u, y + radius * v));
  ctx.closePath();
}

// The point of a plane under the pointer, and how many pixels a unit is.
export function placeOf(canvas, { clientX, clientY }) {
  const box = canvas.getBoundingClientRect();
  const unit = box.width / (2 * EXTENT);
  return { point: [(clientX - box.left) / unit - EXTENT, EXTENT - (clientY - box.top) / unit], unit };
}

// `scene`: `points`, flat, and `blobs`, the blob of each; and what there is of `ground`, points without a blob,
// `lines`, pairs of places, `rings`, places with their blob, `centres`, and the number of the one that is `chosen`.
export function paintSide(canvas, scene, colors) {
  const ratio = Math.min(devicePixelRatio || 1, 2);
  const size = canvas.clientWidth;
  const side = Math.round(size * ratio);
  if (!side) return;
  if (canvas.width !== side || canvas.height !== side) [canvas.width, canvas.height] = [side, side];
  const ctx = canvas.getContext("2d");
  ctx.setTransform(ratio, 0, 0, ratio, 0, 0);
  ctx.fillStyle = colors.paper;
  ctx.fillRect(0, 0, size, size);
  const at = ([x, y]) => [0.5 + x / (2 * EXTENT), 0.5 - y / (2 * EXTENT)].map((share) => share * size);
  const radius = Math.max(size / 72, 3.4);
  const draw = { ctx, at, radius, colors };
  ground(draw, scene.ground ?? []);
  ways(draw, scene.lines ?? []);
  marks(draw, scene);
  for (const { place, blob } of scene.rings ?? []) ring(draw, place, blob);
  names(draw, scene);
}

const pairwise = (flat, act) => {
  for (let i = 0; i < flat.length; i += 2) act([flat[i], flat[i + 1]], i / 2);
};

function ground({ ctx, at, colors }, points) {
  ctx.fillStyle = colors.line;
  pairwise(points, (point) => {
    const [x, y] = at(point);
    ctx.fillRect(x - 1, y - 1, 2, 2);
  });
}

function ways({ ctx, at, colors }, lines) {
  ctx.strokeStyle = colors.line;
  ctx.lineWidth = 1;
  ctx.beginPath();
  for (const [from, to] of lines) {
    ctx.moveTo(...at(from));
    ctx.lineTo(...at(to));
  }
  ctx.stroke();
}

function marks({ ctx, at, radius, colors }, { points, blobs }) {
  ctx.lineWidth = EDGE;
  ctx.strokeStyle = colors.paper;
  pairwise(points, (point, i) => {
    outline(ctx, blobs[i], ...at(point), radius);
    ctx.fillStyle = colors[INKS[blobs[i]]];
    ctx.fill();
    ctx.stroke();
  });
}

// A point that is known with its partner.
function ring({ ctx, at, radius, colors }, place, blob) {
  for (const [width, color] of [
    [4, colors.paper],
    [2, colors[INKS[blob]]],
  ]) {
    ctx.lineWidth = width;
    ctx.strokeStyle = color;
    ctx.beginPath();
    ctx.arc(...at(place), radius + 4, 0, 2 * Math.PI);
    ctx.stroke();
  }
}

// The number of each blob, and a square around the one that is chosen.
function names({ ctx, at, radius, colors }, { centres, chosen }) {
  ctx.font = "600 14px system-ui, sans-serif";
  ctx.textAlign = "center";
  ctx.lineJoin = "round";
  centres.map(at).forEach(([x, y], i) => {
    const away = 3.2 * radius + 6;
    const [left, base] = [x + (x > away + 8 ? -away : away), y - 4];
    ctx.strokeStyle = colors.paper;
    ctx.lineWidth = 4;
    ctx.strokeText(i + 1, left, base);
    ctx.fillStyle = colors.ink;
    ctx.fillText(i + 1, left, base);
    if (i !== chosen) return;
    const half = 3.2 * radius;
    ctx.strokeStyle = colors.ink;
    ctx.lineWidth = 1.5;
    ctx.strokeRect(x - half, y - half, 2 * half, 2 * half);
  });
}
