// Two sides of the plane with blobs on each, and what a map between them is worth where it is known.
//
// `planes`: the centres of both sides, the spread of a blob, and the matrix A that gives the blobs of the target their
// shape. Where both sides have as many, the true map takes blob k to blob k: T(x) = w_k + A (x - c_k).

const times = ([[a, b], [c, d]], [x, y]) => [a * x + b * y, c * x + d * y];

function inverse([[a, b], [c, d]]) {
  const area = a * d - b * c;
  return [
    [d / area, -b / area],
    [-c / area, a / area],
  ];
}

export const isKnown = ({ source, target }) => source.length === target.length;

const offset = ({ std }, rng) => [std * rng.normal(), std * rng.normal()];
const plus = ([x, y], [u, v]) => [x + u, y + v];

// A point of the source by its blob and how far it lies off its middle; where it is, and where the true map takes it.
export const placeOfPoint = ({ source }, { blob, off }) => plus(source[blob], off);
export const truthOfPoint = ({ target, matrix }, { blob, off }) => plus(target[blob], times(matrix, off));

// Points of a side, without the other.
export function batchOf(planes, side, out, rng) {
  const centres = planes[side];
  const shaped = side === "target" ? (off) => times(planes.matrix, off) : (off) => off;
  for (let i = 0; i < out.length; i += 2) {
    out.set(plus(centres[rng.index(centres.length)], shaped(offset(planes, rng))), i);
  }
  return out;
}

// `n` points of the source by chance, and `n` of each of its blobs.
const many = (n, make) => Array.from({ length: n }, make);
export const anyPoints = (planes, n, rng) =>
  many(n, () => ({ blob: rng.index(planes.source.length), off: offset(planes, rng) }));
export const pointsOfEach = (planes, n, rng) =>
  planes.source.flatMap((_, blob) => many(n, () => ({ blob, off: offset(planes, rng) })));

// The blob of the target at which a point lies: that from whose middle it is least far, once A is undone.
function nearestBlob({ target, matrix }, point) {
  const undo = inverse(matrix);
  const far = target.map(([u, v]) => Math.hypot(...times(undo, [point[0] - u, point[1] - v])));
  const nearest = Math.min(...far);
  return { blob: far.indexOf(nearest), far: nearest };
}

const share = (list, holds) => list.filter(holds).length / list.length;

// The blob to which nine tenths of these places belong; null where there is none.
function most(places) {
  const found = new Set(places.map(({ blob }) => blob));
  return [...found].find((which) => share(places, ({ blob }) => blob === which) >= 0.9) ?? null;
}

// What has become of points of the source: `made` is where the map takes them, `again` where the way back leads from
// there. `right`: the share at the blob with the number of their own, null where no true map is known. `reached`: how
// many blobs have a point within three of their deviations. `error`: the root of the mean of |again - x|^2. `goes`: for
// each blob of the source the one to which nine tenths of its points go, else null.
export function judged(planes, points, made, again) {
  const places = points.map(({ blob, off }, i) => {
    const home = placeOfPoint(planes, { blob, off });
    const found = nearestBlob(planes, [made[2 * i], made[2 * i + 1]]);
    return {
      ...found,
      from: blob,
      square: (again[2 * i] - home[0]) ** 2 + (again[2 * i + 1] - home[1]) ** 2,
    };
  });
  const near = places.filter(({ far }) => far <= 3 * planes.std);
  return {
    right: isKnown(planes) ? share(places, ({ blob, from }) => blob === from) : null,
    reached: new Set(near.map(({ blob }) => blob)).size,
    error: Math.sqrt(places.reduce((sum, { square }) => sum + square, 0) / places.length),
    goes: planes.source.map((_, k) => most(places.filter(({ from }) => from === k))),
  };
}

// Which symmetry of a ring blobs that go so make, as `ganlab.evaluation.translations.symmetry` numbers them: a turn by
// j blobs is j, a reflection k -> j - k is as many as there are blobs and j more; null where it is none.
export function symmetryOf(goes) {
  const n = goes.length;
  for (let number = 0; number < 2 * n; number++) {
    const image = (k) => (number < n ? number + k : number - k) % n;
    if (goes.every((to, k) => to === (image(k) + n) % n)) return number;
  }
  return null;
}
