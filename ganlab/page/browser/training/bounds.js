// What holds the weights of the discriminator themselves: clipping, and division of each layer by its spectral norm.

const ROUNDS = 500;
const CLOSE = 1e-13;

// Clamps all weights and biases to [-bound, bound], as ganlab.lipschitz.clip_weights does.
export function clip({ theta }, bound) {
  for (let i = 0; i < theta.length; i++) theta[i] = Math.min(Math.max(theta[i], -bound), bound);
}

// Brings a network in line with whether its layers are to be normalised. Where they are, `theta` has what the layers
// compute with, W / σ, and `raw` what is learnt, W; biases are in both.
export function hold(net, normalised) {
  if (normalised && !net.raw) {
    net.raw = net.theta.slice();
    normalise(net);
  } else if (!normalised && net.raw) {
    net.theta.set(net.raw);
    net.raw = null;
  }
}

// Goes over to what is learnt for the time of a step: weights and gradients. `normalise` goes back.
export function expose(net) {
  if (!net.raw) return;
  for (const { inputs, outputs, weight, dWeight, spectrum } of net.layers) {
    const { u, v, sigma } = spectrum;
    let along = 0;
    for (let i = 0; i < weight.length; i++) along += dWeight[i] * weight[i];
    for (let i = 0; i < outputs; i++)
      for (let j = 0; j < inputs; j++) {
        const at = i * inputs + j;
        dWeight[at] = (dWeight[at] - along * u[i] * v[j]) / sigma;
      }
  }
  net.theta.set(net.raw);
}

export function normalise(net) {
  if (!net.raw) return;
  net.raw.set(net.theta);
  for (const layer of net.layers) {
    layer.spectrum = largest(layer, layer.spectrum);
    for (let i = 0; i < layer.weight.length; i++) layer.weight[i] /= layer.spectrum.sigma;
  }
}

// The largest singular value of a weight and its vectors, by power iteration from those of before.
function largest({ inputs, outputs, weight }, before) {
  const u = new Float64Array(outputs);
  const v = before?.v ?? new Float64Array(inputs).map((_, j) => Math.cos(j + 1));
  let sigma = 0;
  for (let round = 0; round < ROUNDS; round++) {
    u.fill(0);
    for (let i = 0; i < outputs; i++) for (let j = 0; j < inputs; j++) u[i] += weight[i * inputs + j] * v[j];
    unit(u);
    const last = v.slice();
    v.fill(0);
    for (let i = 0; i < outputs; i++) for (let j = 0; j < inputs; j++) v[j] += weight[i * inputs + j] * u[i];
    sigma = unit(v);
    if (v.every((x, j) => Math.abs(x - last[j]) < CLOSE)) break;
  }
  return { u, v, sigma: sigma || 1 };
}

// Divides a vector by its length, which it returns.
function unit(x) {
  const length = Math.hypot(...x);
  if (length > 0) for (let i = 0; i < x.length; i++) x[i] /= length;
  return length;
}
