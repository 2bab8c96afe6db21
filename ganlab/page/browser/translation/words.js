// What this part says: the sentence below its planes.

import { isKnown } from "../training/blobs.js";

export const percent = (share) => (share === null ? "not known" : `${Math.round(100 * share)}%`);

// At most three digits; what is smaller than a thousandth says so.
export const small = (x) => (x > 0 && x < 0.001 ? "below 0.001" : x.toFixed(x < 1 ? 3 : 2));

// Where the blobs go, such as "1 to 3, 2 to 4".
const ways = (goes) =>
  goes.map((to, k) => (to === null ? `${k + 1} is torn` : `${k + 1} to ${to + 1}`)).join(", ");

// A map between the rings, which have five blobs, by the number of its symmetry.
function named(symmetry) {
  if (symmetry === null) return "none of the ten symmetric maps";
  if (symmetry === 0) return "the true map";
  return symmetry < 5 ? `a turn by ${symmetry} of 5 blobs` : `reflection ${symmetry - 4} of 5`;
}

// What the games of this set-up have ended in.
export const listed = (ends) =>
  ends.size
    ? `Ended so far: ${[...ends].map(([seed, end]) => `seed ${seed}, ${named(end)}`).join("; ")}.`
    : "";

export function sentence({ game, seen, wanted, held, asIs }) {
  const { players, planes } = game;
  const { step } = players;
  const doing = wanted ? (held ? "waiting until it is in view" : "training") : "paused";
  if (!step) return "Ready: two translators that have learnt nothing.";
  const right = isKnown(planes)
    ? `${percent(seen.right)} of the points lie at the blob with their number.`
    : "Which blob belongs to which is not known.";
  const { length } = planes.target;
  return (
    `Step ${step}, ${doing}. Cycle error ${small(seen.error)}. ${right} ` +
    `${seen.reached} of ${length} blobs are reached: ${ways(seen.goes)}.` +
    (asIs ? ` This is ${named(seen.symmetry)}.` : "")
  );
}
