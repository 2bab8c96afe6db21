// What can be chosen, and what to expect of it.

import { MOST } from "./game.js";

export const FIELDS = {
  cycle: { label: "Weight of the cycle", value: 10, most: MOST.cycle },
  pairs: { label: "Known pairs", value: 0, most: MOST.pairs, whole: true },
  seed: { label: "Seed", value: 0, most: MOST.seed, whole: true },
};

export const PRESETS = {
  cycle: {
    label: "The cycle alone",
    note: "Two critics and a cycle. Expect all five blobs to be reached and the way back to lead home, by a map that need not be the true one. Then take another seed.",
    setup: { cycle: 10, pairs: 0 },
  },
  pairs: {
    label: "With five pairs",
    note: "Five points come with their partners: look for the rings. Expect each blob to go to its own number.",
    setup: { cycle: 10, pairs: 5 },
  },
  none: {
    label: "Without the cycle",
    note: "Two GANs that know nothing of each other. Expect all five blobs to be reached, and lines on the left: the way back need not lead home.",
    setup: { cycle: 0, pairs: 0 },
  },
};

// A number that a field can take.
export function within(name, value) {
  const { value: standard, most, whole } = FIELDS[name];
  const number = String(value).trim() === "" ? standard : Number(value);
  if (!Number.isFinite(number)) return standard;
  return Math.min(Math.max(whole ? Math.round(number) : number, 0), most);
}

export const presetOf = (setup) =>
  Object.keys(PRESETS).find((name) =>
    Object.entries(PRESETS[name].setup).every(([field, value]) => setup[field] === value),
  ) ?? null;
