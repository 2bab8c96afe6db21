// Networks: linear layers with an activation between each two. φ' and φ'' are read off the value y = φ(a).

import { multiply, transpose } from "./matrices.js";

const SLOPES = { tanh: null, leaky_relu: 0.2, relu: 0 };

export function network(F, sizes, activation) {
  const count = sizes.slice(1).reduce((sum, outputs, l) => sum + (sizes[l] + 1) * outputs, 0);
  const net = { F, sizes, low: SLOPES[activation], rows: 0, steps: 0, last: sizes.length - 1, raw: null };
  for (const name of ["theta", "gradient", "mean", "square"]) net[name] = new F(count);
  let at = 0;
  net.layers = sizes.slice(1).map((outputs, l) => {
    const inputs = sizes[l];
    const cut = (flat) => [
      flat.subarray(at, at + inputs * outputs),
      flat.subarray(at + inputs * outputs, end),
    ];
    const end = at + (inputs + 1) * outputs;
    const [[weight, bias], [dWeight, dBias]] = [cut(net.theta), cut(net.gradient)];
    at = end;
    return { inputs, outputs, weight, bias, dWeight, dBias, turned: new F(inputs * outputs) };
  });
  return net;
}

// Weights and biases from U(-b, b), b = 1 / sqrt(inputs), as ganlab.networks starts them.
export function initialize(net, rng) {
  for (const { inputs, weight, bias } of net.layers) {
    for (const part of [weight, bias]) {
      for (let i = 0; i < part.length; i++) part[i] = (2 * rng.uniform() - 1) / Math.sqrt(inputs);
    }
  }
  return net;
}

// Room for `rows` samples in every layer: values y, adjoints d, their sums e, tangents t before and v after
// the activation.
function reserve(net, rows) {
  if (rows <= net.rows) return;
  net.rows = rows;
  for (const name of ["y", "d", "e", "t", "v"]) net[name] = net.sizes.map((size) => new net.F(rows * size));
  net.scratch = [0, 1].map(() => new net.F(rows * Math.max(...net.sizes)));
}

export function forward(net, x, rows) {
  reserve(net, rows);
  net.y[0].set(x);
  net.layers.forEach(({ inputs, outputs, weight, bias }, l) => {
    multiply(net.y[l + 1], net.y[l], weight, rows, outputs, inputs, false);
    shift(net.y[l + 1], bias, rows, outputs, l + 1 < net.last ? net.low : 1);
  });
  return net.y[net.last];
}

// y = φ(y + bias), where φ is tanh (low: null) or linear with the slope `low` below zero.
function shift(y, bias, rows, columns, low) {
  for (let i = 0, at = 0; i < rows; i++) {
    for (let j = 0; j < columns; j++, at++) {
      const a = y[at] + bias[j];
      y[at] = low === null ? Math.tanh(a) : Math.max(a, low * a); // a branch would be guessed wrong
    }
  }
}

// d = d φ'(a)
export function slope(d, y, n, low) {
  if (low === null) for (let i = 0; i < n; i++) d[i] *= 1 - y[i] * y[i];
  else for (let i = 0; i < n; i++) d[i] *= low + (1 - low) * (y[i] > 0);
}

// Adjoints from the output, d[last], down to layer `to`: 1 for gradients in the weights, 0 for the input.
export function pullback(net, d, rows, to) {
  for (let l = net.last; l > to; l--) {
    const { inputs, outputs, weight, turned } = net.layers[l - 1];
    multiply(d[l - 1], d[l], transpose(turned, weight, outputs, inputs), rows, inputs, outputs, false);
    if (l > 1) slope(d[l - 1], net.y[l - 1], rows * inputs, net.low);
  }
  return d[0];
}

// The gradient in the weights, left[l]ᵀ right[l - 1] summed over rows `from` to `to`, and in the biases.
export function collect(net, left, right, from, to, first) {
  const rows = to - from;
  net.layers.forEach(({ inputs, outputs, dWeight, dBias }, l) => {
    const above = left[l + 1].subarray(from * outputs, to * outputs);
    const below = right[l].subarray(from * inputs, to * inputs);
    const [a, b] = [
      transpose(net.scratch[0], above, rows, outputs),
      transpose(net.scratch[1], below, rows, inputs),
    ];
    multiply(dWeight, a, b, outputs, inputs, rows, !first);
    if (!first) return;
    for (let j = 0, at = 0; j < outputs; j++) {
      let sum = 0;
      for (let i = 0; i < rows; i++) sum += a[at++];
      dBias[j] = sum;
    }
  });
}

// One step down the gradient: Adam as in PyTorch, or plain.
export function update(net, optimizer, rate, beta1) {
  const { theta, gradient, mean, square } = net;
  net.steps++;
  if (optimizer === "sgd") {
    for (let i = 0; i < theta.length; i++) theta[i] -= rate * gradient[i];
    return;
  }
  const beta2 = 0.999;
  const size = rate / (1 - beta1 ** net.steps);
  const root = Math.sqrt(1 - beta2 ** net.steps);
  for (let i = 0; i < theta.length; i++) {
    const g = gradient[i];
    mean[i] += (1 - beta1) * (g - mean[i]);
    square[i] = beta2 * square[i] + (1 - beta2) * g * g;
    theta[i] -= (size * mean[i]) / (Math.sqrt(square[i]) / root + 1e-8);
  }
}

// A network on many samples, a chunk at a time.
const CHUNK = 250;

export function apply(net, x, n, out) {
  const [inputs, outputs] = [net.sizes[0], net.sizes[net.last]];
  for (let i = 0; i < n; i += CHUNK) {
    const rows = Math.min(CHUNK, n - i);
    out.set(
      forward(net, x.subarray(i * inputs, (i + rows) * inputs), rows).subarray(0, rows * outputs),
      i * outputs,
    );
  }
  return out;
}
