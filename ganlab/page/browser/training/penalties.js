// All that the lab knows of penalties: where the length of the critic's gradient is charged, and from what length.

// The parts of the batch on which a critic is charged, in their order. `between` holds mixes of the two before.
export const PLACES = ["real", "generated", "between"];

// The price is the square of the distance of the length from `target`.
export const PENALTIES = {
  gp: { label: "WGAN-GP", place: "between", target: 1 },
  r1: { label: "R1", place: "real", target: 0 },
  r2: { label: "R2", place: "generated", target: 0 },
};

const AT = PLACES.map((place) => Object.keys(PENALTIES).filter((name) => PENALTIES[name].place === place));

// What is charged at each place: pairs of a weight and a target.
export const charges = (setup) =>
  AT.map((names) =>
    names.filter((name) => setup[name] > 0).map((name) => [setup[name], PENALTIES[name].target]),
  );

// Whether a critic is charged between the points, so that mixes of them are needed.
export const mixed = (setup) => AT[PLACES.indexOf("between")].some((name) => setup[name] > 0);
