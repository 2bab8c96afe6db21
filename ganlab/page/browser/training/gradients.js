// The gradients of both players' objectives, written into their networks.

import { LOSSES } from "./losses.js";
import { multiply, transpose } from "./matrices.js";
import { collect, forward, pullback, slope } from "./networks.js";
import { charges, mixed } from "./penalties.js";

// The gradient of the discriminator's objective on real points, latents and, for a penalty between them, mixes.
export function criticGradient(g, real, latents, mix) {
  const { discriminator: net, setup, stack, slopes } = g;
  const n = real.length / 2;
  const rows = mixed(setup) ? 3 * n : 2 * n;
  const fake = forward(g.generator, latents, n);
  stack.set(real);
  for (let i = 0; i < 2 * n; i++) stack[2 * n + i] = fake[i];
  if (rows > 2 * n) {
    for (let i = 0; i < 2 * n; i++) stack[4 * n + i] = mix[i >> 1] * real[i] + (1 - mix[i >> 1]) * fake[i];
  }
  const scores = forward(net, stack.subarray(0, 2 * rows), rows);
  const [r, f] = [scores.subarray(0, n), scores.subarray(n, 2 * n)];
  slopes.fill(0);
  const loss = LOSSES[setup.loss].discriminator(r, f, slopes.subarray(0, n), slopes.subarray(n, 2 * n));
  const penalty = penalized(g, n, rows);
  if (!penalty) {
    net.d[net.last].set(slopes.subarray(0, 2 * n));
    pullback(net, net.d, 2 * n, 1);
    collect(net, net.d, net.y, 0, 2 * n, true);
  }
  return { d_loss: loss, penalty };
}

// The same with penalties, Σ w E (‖∇f‖ - target)²; 0 where there are none. With v = ∂penalty/∂∇f held fixed, the
// penalty's gradient is that of Σ v·∇f, the derivative of the scores along v: a forward tangent, then reverse
// through both.
function penalized(g, n, rows) {
  const { discriminator: net, setup, slopes } = g;
  const { d, e, v, t, y, last, low } = net;
  const charged = charges(setup);
  if (charged.every((pairs) => !pairs.length)) return 0;
  d[last].fill(1, 0, rows);
  const penalty = price(pullback(net, d, rows, 0), charged, n, rows, v[0]);
  for (let l = 1; l < last; l++) {
    const { inputs, outputs, weight } = net.layers[l - 1];
    multiply(t[l], v[l - 1], weight, rows, outputs, inputs, false);
    v[l].set(t[l].subarray(0, rows * outputs));
    slope(v[l], y[l], rows * outputs, low);
  }
  e[last].set(slopes.subarray(0, rows));
  for (let l = last - 1; l > 0; l--) (low === null ? bent : straight)(net, l, rows, slopes);
  collect(net, e, y, 0, rows, true);
  collect(net, d, v, 0, rows, false);
  return penalty;
}

// The penalty of some gradients, row after row; its derivative in them goes into v.
function price(gradients, charged, n, rows, v) {
  let penalty = 0;
  for (let i = 0; i < rows; i++) {
    const length = Math.hypot(gradients[2 * i], gradients[2 * i + 1]);
    let factor = 0;
    for (const [weight, target] of charged[Math.floor(i / n)]) {
      penalty += (weight / n) * (length - target) ** 2;
      if (length > 0) factor += ((2 * weight) / n) * ((length - target) / length);
    }
    v[2 * i] = factor * gradients[2 * i];
    v[2 * i + 1] = factor * gradients[2 * i + 1];
  }
  return penalty;
}

// The sums of adjoints at a layer, e: of an activation of straight pieces, and of tanh.
function straight({ d, e, sizes }, l, rows, slopes) {
  for (let i = 0, at = 0; i < rows; i++)
    for (let j = 0; j < sizes[l]; j++, at++) e[l][at] = slopes[i] * d[l][at];
}

function bent({ d, e, t, y, sizes, layers, low }, l, rows) {
  const [size, above] = [sizes[l], sizes[l + 1]];
  const { weight, turned } = layers[l];
  multiply(e[l], e[l + 1], transpose(turned, weight, above, size), rows, size, above, false);
  slope(e[l], y[l], rows * size, low);
  // φ'' tangent adjoint, with φ'' = -2 y φ', and φ' adjoint = d
  for (let i = 0; i < rows * size; i++) e[l][i] -= 2 * y[l][i] * t[l][i] * d[l][i];
}

// The gradient of the generator's objective; `real` is read by the relativistic losses only.
export function generatorGradient(g, real, latents) {
  const { generator, discriminator: net, setup, stack, slopes, others } = g;
  const n = latents.length / setup.latent_dim;
  const loss = LOSSES[setup.loss];
  const rows = loss.relativistic ? 2 * n : n;
  const fake = forward(generator, latents, n);
  for (let i = 0; i < 2 * n; i++) stack[i] = fake[i];
  if (loss.relativistic) stack.set(real, 2 * n);
  const scores = forward(net, stack.subarray(0, 2 * rows), rows);
  const [f, r] = [scores.subarray(0, n), scores.subarray(rows - n, rows)];
  const value = loss.generator(r, f, others, slopes.subarray(0, n));
  net.d[net.last].set(slopes.subarray(0, n));
  generator.d[generator.last].set(pullback(net, net.d, n, 0).subarray(0, 2 * n));
  pullback(generator, generator.d, n, 1);
  collect(generator, generator.d, generator.y, 0, n, true);
  return value;
}
