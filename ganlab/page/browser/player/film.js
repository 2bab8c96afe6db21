// A recording as numbers: what `ganlab.explorables.player` packed, unpacked, and what holds at a step.

const LEVELS = 4095;

const bytes = (base64) => Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));

// Two coordinates of twelve bits each in three bytes.
function cloud(data, reach) {
  const coordinate = (level) => ((2 * level) / LEVELS - 1) * reach;
  return Array.from({ length: data.length / 3 }, (_, i) => {
    const [a, b, c] = [data[3 * i], data[3 * i + 1], data[3 * i + 2]];
    return [(a << 4) | (b >> 4), ((b & 15) << 8) | c].map(coordinate);
  });
}

export function unpack(run) {
  const [real, fake] = [cloud(bytes(run.real), run.reach), cloud(bytes(run.fake), run.reach)];
  const [field, arrows] = [bytes(run.field), new Int8Array(bytes(run.arrows).buffer)];
  const count = fake.length / run.steps.length;
  const cells = run.resolution ** 2;
  const ends = arrows.length / run.steps.length / 2;
  return {
    ...run,
    real,
    ends,
    fakeAt: (f) => fake.slice(f * count, (f + 1) * count),
    fieldAt: (f) => field.subarray(f * cells, (f + 1) * cells),
    // Kept as direction times the square root of length / longest.
    arrowsAt: (f) =>
      Array.from({ length: ends }, (_, i) => {
        const k = 2 * (f * ends + i);
        return [arrows[k] / 127, arrows[k + 1] / 127];
      }),
  };
}

// The last frame at or before a step.
export function frameAt(run, step) {
  let frame = 0;
  run.steps.forEach((s, i) => s <= step && (frame = i));
  return frame;
}

export function valueAt(line, step) {
  let value = line.y[0] ?? null;
  line.x.forEach((x, i) => x <= step && (value = line.y[i]));
  return value;
}

export const inside = (run, [x, y]) => Math.abs(x) <= run.extent && Math.abs(y) <= run.extent;

// Pieces of the line where the field passes `level`, in units of cells: each triangle of a cell gives one.
export function contour(field, n, level) {
  const pieces = [];
  const cross = (a, b) => {
    const [u, v] = [field[a[1] * n + a[0]] - level, field[b[1] * n + b[0]] - level];
    const along = (k) => a[k] + ((b[k] - a[k]) * u) / (u - v);
    return u < 0 === v < 0 ? null : [along(0), along(1)];
  };
  for (let y = 0; y + 1 < n; y++) {
    for (let x = 0; x + 1 < n; x++) {
      const [p, q, r, s] = [
        [x, y],
        [x + 1, y],
        [x + 1, y + 1],
        [x, y + 1],
      ];
      for (const [a, b, c] of [
        [p, q, r],
        [p, r, s],
      ]) {
        const ends = [cross(a, b), cross(b, c), cross(c, a)].filter(Boolean);
        if (ends.length === 2) pieces.push(ends);
      }
    }
  }
  return pieces;
}
