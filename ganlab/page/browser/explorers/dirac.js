// The zero-sum Dirac-GAN with R1: its eigenvalues, the factors of a step, and the path of a start.

const SPEED = 1 / 2; // of turning, near the equilibrium

const sigmoid = (a) => 1 / (1 + Math.exp(-a));

// Both eigenvalues [real, imaginary] of the matrix [[a, b], [c, d]].
export function eigenvalues([[a, b], [c, d]]) {
  const [half, determinant] = [(a + d) / 2, a * d - b * c];
  const inside = half * half - determinant;
  const root = Math.sqrt(Math.abs(inside));
  if (inside < 0) return [half, half].map((real, i) => [real, i ? -root : root]);
  const far = half + (half < 0 ? -root : root); // the other one without cancellation
  return [
    [far, 0],
    [far === 0 ? 0 : determinant / far, 0],
  ];
}

// What the velocities are, to first order: R1 with this weight brakes the discriminator.
export const jacobian = (weight) => [
  [0, SPEED],
  [-SPEED, -2 * weight],
];

// The matrix of one step; in turns the discriminator answers the place to which the generator has moved.
export function matrix(rule, rate, weight) {
  const x = rate * SPEED;
  const answer = rule === "in turns" ? x * x : 0;
  return [
    [1, x],
    [-x, 1 - 2 * rate * weight - answer],
  ];
}

export const modulus = ([real, imaginary]) => Math.hypot(real, imaginary);

// The longest step with which both players, at once, come home; 0 where there is none.
export function longest(weight) {
  const limits = eigenvalues(jacobian(weight)).map(([re, im]) => (-2 * re) / (re * re + im * im));
  return Math.max(0, Math.min(...limits));
}

// The places [theta, psi] after 0, 1, ... steps of the game itself, cut off where the players are far away.
export function path(rule, rate, weight, start, steps) {
  let [theta, psi] = start;
  const places = [start];
  for (let i = 0; i < steps && Math.hypot(theta, psi) < 1e3; i++) {
    const moved = theta + rate * psi * sigmoid(theta * psi);
    const seen = rule === "in turns" ? moved : theta;
    psi += rate * (-seen * sigmoid(seen * psi) - 2 * weight * psi);
    theta = moved;
    places.push([theta, psi]);
  }
  return places;
}
