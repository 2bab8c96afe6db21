// Borders drawn by hand: the pieces into which they cut the plane, and how far each place is from the nearest one.

const FAR = 20; // where the ends of an open stroke are taken to

const apart = ([a, b], [c, d]) => Math.hypot(a - c, b - d);
const lengthOf = (stroke) => stroke.slice(1).reduce((sum, point, i) => sum + apart(point, stroke[i]), 0);

// A stroke of 2 to 24 points that lie equally far along it; null where it is too short to be meant.
export function tidied(stroke) {
  const whole = lengthOf(stroke);
  if (!(whole > 0.4)) return null;
  const count = Math.min(Math.max(Math.ceil(whole / 0.35) + 1, 2), 24);
  const [found, last] = [[stroke[0]], stroke.at(-1)];
  let [passed, next] = [0, 1];
  for (let i = 1; i < stroke.length; i++) {
    const piece = apart(stroke[i - 1], stroke[i]);
    while (next < count - 1 && passed + piece >= (next * whole) / (count - 1)) {
      const share = ((next++ * whole) / (count - 1) - passed) / piece;
      found.push([0, 1].map((k) => stroke[i - 1][k] + share * (stroke[i][k] - stroke[i - 1][k])));
    }
    passed += piece;
  }
  return [...found, last];
}

// The segments of all strokes. A stroke that comes back to its start is closed; another goes on to the frame.
export function segmentsOf(strokes) {
  return strokes.flatMap((stroke) => {
    const closed = lengthOf(stroke) > 1.5 && apart(stroke[0], stroke.at(-1)) < 0.6;
    const points = closed
      ? [...stroke, stroke[0]]
      : [onwards(stroke), ...stroke, onwards(stroke.toReversed())];
    return points.slice(1).map((point, i) => [points[i], point]);
  });
}

// Where the beginning of a stroke leads to, on its own line.
function onwards([[x, y], [u, v]]) {
  const length = Math.hypot(x - u, y - v) || 1;
  return [x + (FAR * (x - u)) / length, y + (FAR * (y - v)) / length];
}

// Steps of the lattice that cross a border an odd number of times: to the right of each place, and upwards.
function crossed({ side, step, ticks }, segments) {
  const walls = [new Uint8Array(side * side), new Uint8Array(side * side)];
  const place = (x) => Math.floor((x - ticks[0]) / step);
  for (const ends of segments) {
    for (const k of [0, 1]) {
      const [[a, b], [c, d]] = k ? ends.map(([x, y]) => [y, x]) : ends;
      for (let line = 0; line < side; line++) {
        const at = ticks[line];
        if (b >= at === d >= at) continue;
        const i = place(a + ((at - b) / (d - b)) * (c - a));
        if (i >= 0 && i < side - 1) walls[k][k ? i * side + line : line * side + i] ^= 1;
      }
    }
  }
  return walls;
}

// The number of the piece in which each place lies.
export function piecesOf(grid, segments) {
  const { side } = grid;
  const [right, up] = crossed(grid, segments);
  const pieces = new Int32Array(side * side).fill(-1);
  let count = 0;
  for (let start = 0; start < pieces.length; start++) {
    if (pieces[start] >= 0) continue;
    const queue = [start];
    pieces[start] = count;
    while (queue.length) {
      const at = queue.pop();
      const i = at % side;
      const steps = [
        [i + 1 < side && !right[at], at + 1],
        [i > 0 && !right[at - 1], at - 1],
        [at + side < pieces.length && !up[at], at + side],
        [at >= side && !up[at - side], at - side],
      ];
      for (const [open, to] of steps) {
        if (!open || pieces[to] >= 0) continue;
        pieces[to] = count;
        queue.push(to);
      }
    }
    count++;
  }
  return { pieces, count };
}

// The point of the borders that is nearest to a place.
export function nearestOn(segments, [x, y]) {
  let [best, found] = [Infinity, null];
  for (const [[a, b], [c, d]] of segments) {
    const [u, v] = [c - a, d - b];
    const share = Math.min(Math.max(((x - a) * u + (y - b) * v) / (u * u + v * v || 1), 0), 1);
    const [dx, dy] = [x - a - share * u, y - b - share * v];
    const square = dx * dx + dy * dy;
    if (square < best) [best, found] = [square, [a + share * u, b + share * v]];
  }
  return found;
}

// How far each place is from the borders: above zero in the pieces that hold more of p than of q.
export function signedDistance(grid, strokes, p, q) {
  const segments = segmentsOf(strokes);
  const { pieces, count } = piecesOf(grid, segments);
  const more = new Float64Array(count);
  pieces.forEach((piece, i) => (more[piece] += p[i] - q[i]));
  const { side, ticks } = grid;
  return Float64Array.from(pieces, (piece, at) => {
    const place = [ticks[at % side], ticks[Math.floor(at / side)]];
    return (more[piece] > 0 ? 1 : -1) * (segments.length ? apart(place, nearestOn(segments, place)) : 0);
  });
}
