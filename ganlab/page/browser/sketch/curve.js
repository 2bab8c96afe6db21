// A curve that a reader draws over the samples of an axis, and how far it is from another one.

// `known` has a height for each sample, or null. The gap from the sample that was set last is drawn along.
export function joined(known, [i, y], last) {
  const next = [...known];
  next[i] = y;
  if (!last) return next;
  const [j, from] = last;
  const way = Math.abs(i - j);
  for (let k = 1; k < way; k++) next[j + k * Math.sign(i - j)] = from + ((y - from) * k) / way;
  return next;
}

// What is not known lies on the line between its neighbours, and at the ends as high as the nearest one.
export function completed(known) {
  const places = known.flatMap((y, i) => (y === null ? [] : [i]));
  if (!places.length) return null;
  return known.map((y, i) => {
    if (y !== null) return y;
    const right = places.find((place) => place > i);
    const left = places.findLast((place) => place < i);
    if (left === undefined) return known[right];
    if (right === undefined) return known[left];
    return known[left] + ((known[right] - known[left]) * (i - left)) / (right - left);
  });
}

export const apart = (one, other) => one.reduce((sum, y, i) => sum + Math.abs(y - other[i]), 0) / one.length;
