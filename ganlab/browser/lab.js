// The browser lab: a GAN in the plane that trains in the page. `mount(root, data)` builds it.
//
// Everything that computes is inside `engine`, which refers to nothing outside itself: its source text is the
// worker's program. The mathematics is that of ganlab.losses, regularizers, training and metrics, and is
// tested against them in float64.

export const VERSION = 1;

// --- What computes ------------------------------------------------------------------------------------------

export function engine() {
  const STREAMS = ["generator", "discriminator", "data", "d_latents", "g_latents", "mix", "metric", "view"];

  // A seeded stream of random numbers (sfc32), one for each purpose.
  function stream(seed, purpose) {
    let state = (Math.imul(seed + 1, 0x9e3779b1) ^ Math.imul(purpose + 1, 0x85ebca6b)) >>> 0;
    const split = () => {
      state = (state + 0x9e3779b9) | 0;
      let t = Math.imul(state ^ (state >>> 16), 0x21f0aaad);
      t = Math.imul(t ^ (t >>> 15), 0x735a2d97);
      return t ^ (t >>> 15);
    };
    let [a, b, c, d] = [split(), split(), split(), split()];
    const uniform = () => {
      const t = (((a + b) | 0) + d) | 0;
      d = (d + 1) | 0;
      a = b ^ (b >>> 9);
      b = (c + (c << 3)) | 0;
      c = (((c << 21) | (c >>> 11)) + t) | 0;
      return (t >>> 0) / 4294967296;
    };
    let spare = null;
    const normal = () => {
      if (spare !== null) {
        const value = spare;
        spare = null;
        return value;
      }
      const radius = Math.sqrt(-2 * Math.log(1 - uniform()));
      const angle = 2 * Math.PI * uniform();
      spare = radius * Math.sin(angle);
      return radius * Math.cos(angle);
    };
    for (let i = 0; i < 12; i++) uniform();
    return { uniform, normal, index: (n) => Math.floor(n * uniform()) };
  }

  // Data: sources of points (n, 2) with the sizes of ganlab.data.

  function mixture(centers, std) {
    const sample = (out, n, rng) => {
      for (let i = 0; i < n; i++) {
        const [x, y] = centers[rng.index(centers.length)];
        out[2 * i] = x + std * rng.normal();
        out[2 * i + 1] = y + std * rng.normal();
      }
      return out;
    };
    return { centers, std, sample };
  }

  function curve(point, noise) {
    const sample = (out, n, rng) => {
      for (let i = 0; i < n; i++) {
        const [x, y] = point(rng);
        out[2 * i] = x + noise * rng.normal();
        out[2 * i + 1] = y + noise * rng.normal();
      }
      return out;
    };
    return { centers: null, sample };
  }

  const SOURCES = {
    ring: () => {
      const angle = (k) => (2 * Math.PI * k) / 8;
      const centers = [...Array(8).keys()].map((k) => [2 * Math.cos(angle(k)), 2 * Math.sin(angle(k))]);
      return { ...mixture(centers, 0.02), extent: 2.8 };
    },
    grid: () => {
      const ticks = [-4, -2, 0, 2, 4];
      return { ...mixture(ticks.flatMap((x) => ticks.map((y) => [x, y])), 0.05), extent: 5.2 };
    },
    swiss_roll: () => {
      const point = (rng) => {
        const t = 1.5 * Math.PI * (1 + 2 * rng.uniform());
        return [(t * Math.cos(t)) / 7.5, (t * Math.sin(t)) / 7.5];
      };
      return { ...curve(point, 0.25 / 7.5), extent: 2.8 };
    },
    two_moons: () => {
      const point = (rng) => {
        const t = Math.PI * rng.uniform();
        const outer = rng.uniform() < 0.5;
        const [x, y] = outer ? [Math.cos(t), Math.sin(t)] : [1 - Math.cos(t), 0.5 - Math.sin(t)];
        return [1.5 * (x - 0.5), 1.5 * (y - 0.25)];
      };
      return { ...curve(point, 0.08), extent: 2.8 };
    },
    blob: () => ({ ...mixture([[1, 1]], 0.2), extent: 2.8 }),
    drawn: (points) => ({ ...mixture(points.length ? points : [[0, 0]], 0.08), extent: 2.8 }),
  };

  // Matrices, row after row.

  // c = a bᵀ, or c += a bᵀ, with a (m, k) and b (n, k): the only product there is.
  function multiply(c, a, b, m, n, k, add) {
    const m2 = m - (m % 2);
    const n4 = n - (n % 4);
    for (let i = 0; i < m2; i += 2) {
      const a0 = i * k;
      const a1 = a0 + k;
      const c0 = i * n;
      const c1 = c0 + n;
      for (let j = 0; j < n4; j += 4) {
        const b0 = j * k;
        const b1 = b0 + k;
        const b2 = b1 + k;
        const b3 = b2 + k;
        let s00 = 0;
        let s01 = 0;
        let s02 = 0;
        let s03 = 0;
        let s10 = 0;
        let s11 = 0;
        let s12 = 0;
        let s13 = 0;
        for (let p = 0; p < k; p++) {
          const x = a[a0 + p];
          const y = a[a1 + p];
          const w0 = b[b0 + p];
          const w1 = b[b1 + p];
          const w2 = b[b2 + p];
          const w3 = b[b3 + p];
          s00 += x * w0;
          s01 += x * w1;
          s02 += x * w2;
          s03 += x * w3;
          s10 += y * w0;
          s11 += y * w1;
          s12 += y * w2;
          s13 += y * w3;
        }
        if (!add) c[c0 + j] = c[c0 + j + 1] = c[c0 + j + 2] = c[c0 + j + 3] = 0;
        if (!add) c[c1 + j] = c[c1 + j + 1] = c[c1 + j + 2] = c[c1 + j + 3] = 0;
        c[c0 + j] += s00;
        c[c0 + j + 1] += s01;
        c[c0 + j + 2] += s02;
        c[c0 + j + 3] += s03;
        c[c1 + j] += s10;
        c[c1 + j + 1] += s11;
        c[c1 + j + 2] += s12;
        c[c1 + j + 3] += s13;
      }
      dots(c, a, b, i, i + 2, n4, n, n, k, add);
    }
    dots(c, a, b, m2, m, 0, n, n, k, add);
  }

  function dots(c, a, b, i0, i1, j0, j1, n, k, add) {
    for (let i = i0; i < i1; i++) {
      for (let j = j0; j < j1; j++) {
        let sum = add ? c[i * n + j] : 0;
        for (let p = 0, x = i * k, w = j * k; p < k; p++) sum += a[x + p] * b[w + p];
        c[i * n + j] = sum;
      }
    }
  }

  function transpose(out, a, rows, columns) {
    for (let i = 0, at = 0; i < rows; i++) {
      for (let j = 0, to = i; j < columns; j++, to += rows) out[to] = a[at++];
    }
    return out;
  }

  // Networks: linear layers with an activation between each two. φ' and φ'' are read off the value y = φ(a).

  const SLOPES = { tanh: null, leaky_relu: 0.2, relu: 0 };

  function network(F, sizes, activation) {
    const count = sizes.slice(1).reduce((sum, outputs, l) => sum + (sizes[l] + 1) * outputs, 0);
    const net = { F, sizes, low: SLOPES[activation], rows: 0, steps: 0, last: sizes.length - 1 };
    for (const name of ["theta", "gradient", "mean", "square"]) net[name] = new F(count);
    let at = 0;
    net.layers = sizes.slice(1).map((outputs, l) => {
      const inputs = sizes[l];
      const cut = (flat) => [flat.subarray(at, at + inputs * outputs), flat.subarray(at + inputs * outputs, end)];
      const end = at + (inputs + 1) * outputs;
      const [[weight, bias], [dWeight, dBias]] = [cut(net.theta), cut(net.gradient)];
      at = end;
      return { inputs, outputs, weight, bias, dWeight, dBias, turned: new F(inputs * outputs) };
    });
    return net;
  }

  // Weights and biases from U(-b, b), b = 1 / sqrt(inputs), as ganlab.networks starts them.
  function initialize(net, rng) {
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

  function forward(net, x, rows) {
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
        y[at] = low === null ? Math.tanh(a) : a > 0 ? a : low * a;
      }
    }
  }

  // d = d φ'(a)
  function slope(d, y, n, low) {
    if (low === null) for (let i = 0; i < n; i++) d[i] *= 1 - y[i] * y[i];
    else for (let i = 0; i < n; i++) if (!(y[i] > 0)) d[i] *= low;
  }

  // Adjoints from the output, d[last], down to layer `to`: 1 for gradients in the weights, 0 for the input.
  function pullback(net, d, rows, to) {
    for (let l = net.last; l > to; l--) {
      const { inputs, outputs, weight, turned } = net.layers[l - 1];
      multiply(d[l - 1], d[l], transpose(turned, weight, outputs, inputs), rows, inputs, outputs, false);
      if (l > 1) slope(d[l - 1], net.y[l - 1], rows * inputs, net.low);
    }
    return d[0];
  }

  // The gradient in the weights, left[l]ᵀ right[l - 1] summed over rows `from` to `to`, and in the biases.
  function collect(net, left, right, from, to, first) {
    const rows = to - from;
    net.layers.forEach(({ inputs, outputs, dWeight, dBias }, l) => {
      const above = left[l + 1].subarray(from * outputs, to * outputs);
      const below = right[l].subarray(from * inputs, to * inputs);
      const [a, b] = [transpose(net.scratch[0], above, rows, outputs), transpose(net.scratch[1], below, rows, inputs)];
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
  function update(net, optimizer, rate, beta1) {
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

  // Losses: functions of the raw scores r (real) and f (generated) that write their slopes into dr and df.

  const sigmoid = (x) => (x >= 0 ? 1 / (1 + Math.exp(-x)) : Math.exp(x) / (1 + Math.exp(x)));
  const softplus = (x) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)));
  const TERMS = {
    up: [(a) => softplus(-a), (a) => -sigmoid(-a)],
    down: [softplus, sigmoid],
    saturating: [(a) => -softplus(a), (a) => -sigmoid(a)],
    one: [(a) => (a - 1) ** 2 / 2, (a) => a - 1],
    zero: [(a) => a ** 2 / 2, (a) => a],
    more: [(a) => -a, () => -1],
    less: [(a) => a, () => 1],
    above: [(a) => Math.max(0, 1 - a), (a) => (a < 1 ? -1 : 0)],
    below: [(a) => Math.max(0, 1 + a), (a) => (a > -1 ? 1 : 0)],
  };

  // The mean of a term over the scores; its slopes go into `ds`.
  function mean([value, derivative], s, ds) {
    let sum = 0;
    for (let i = 0; i < s.length; i++) {
      sum += value(s[i]);
      ds[i] = derivative(s[i]) / s.length;
    }
    return sum / s.length;
  }

  function pairing(r, f, dr, df) {
    const n = r.length;
    let sum = 0;
    for (let i = 0; i < n; i++) {
      sum += softplus(f[i] - r[i]);
      df[i] = sigmoid(f[i] - r[i]) / n;
      dr[i] = -df[i];
    }
    return sum / n;
  }

  function average(r, f, dr, df) {
    const n = r.length;
    const [mr, mf] = [r, f].map((s) => s.reduce((sum, x) => sum + x, 0) / n);
    let [sum, sr, sf] = [0, 0, 0];
    for (let i = 0; i < n; i++) {
      sum += softplus(mf - r[i]) + softplus(f[i] - mr);
      sr += dr[i] = -sigmoid(mf - r[i]) / n;
      sf += df[i] = sigmoid(f[i] - mr) / n;
    }
    for (let i = 0; i < n; i++) {
      dr[i] -= sf / n;
      df[i] -= sr / n;
    }
    return sum / n;
  }

  const separate = (real, fake, generated) => ({
    discriminator: (r, f, dr, df) => mean(TERMS[real], r, dr) + mean(TERMS[fake], f, df),
    generator: (r, f, dr, df) => mean(TERMS[generated], f, df),
  });
  const relative = (loss) => ({
    discriminator: loss,
    generator: (r, f, dr, df) => loss(f, r, df, dr),
    relativistic: true,
  });
  const LOSSES = {
    minimax: separate("up", "down", "saturating"),
    non_saturating: separate("up", "down", "up"),
    least_squares: separate("one", "zero", "one"),
    wasserstein: separate("more", "less", "more"),
    hinge: separate("above", "below", "more"),
    relativistic_average: relative(average),
    relativistic_pairing: relative(pairing),
  };

  // The game.

  function game(setup, F) {
    const s = { ...setup };
    const streams = Object.fromEntries(STREAMS.map((name, i) => [name, stream(s.seed, i)]));
    const widths = (width, depth) => Array(depth).fill(width);
    const sizes = {
      generator: [s.latent_dim, ...widths(s.g_width, s.g_depth), 2],
      discriminator: [2, ...widths(s.d_width, s.d_depth), 1],
    };
    const [generator, discriminator] = ["generator", "discriminator"].map((name) =>
      initialize(network(F, sizes[name], s.activation), streams[name]),
    );
    const room = (columns) => new F(s.batch * columns);
    const zeros = (make) => Object.fromEntries(COLUMNS.map((name) => [name, make()]));
    const g = {
      ...{ setup: s, F, streams, generator, discriminator, source: SOURCES[s.data](s.points || []) },
      ...{ step: 0, criticStep: 0, real: room(2), latents: room(s.latent_dim), mix: room(1), stack: room(6) },
      ...{ slopes: room(3), others: room(1), row: {}, turn: 0, limit: s.steps, start: setup, changes: [] },
      ...{ history: { stride: 1, held: 0, sums: zeros(() => 0), columns: zeros(() => []) }, metrics: [], every: 50 },
    };
    g.shown = scene(g);
    return g;
  }

  // The gradient of the discriminator's objective on real points, latents and, for WGAN-GP, mixes.
  function criticGradient(g, real, latents, mix) {
    const { discriminator: net, setup, stack, slopes } = g;
    const n = real.length / 2;
    const rows = setup.gp > 0 ? 3 * n : 2 * n;
    const fake = forward(g.generator, latents, n);
    stack.set(real);
    for (let i = 0; i < 2 * n; i++) stack[2 * n + i] = fake[i];
    if (setup.gp > 0) {
      for (let i = 0; i < 2 * n; i++) stack[4 * n + i] = mix[i >> 1] * real[i] + (1 - mix[i >> 1]) * fake[i];
    }
    const scores = forward(net, stack.subarray(0, 2 * rows), rows);
    const [r, f] = [scores.subarray(0, n), scores.subarray(n, 2 * n)];
    slopes.fill(0);
    const loss = LOSSES[setup.loss].discriminator(r, f, slopes.subarray(0, n), slopes.subarray(n, 2 * n));
    const penalty = setup.gp + setup.r1 + setup.r2 > 0 ? penalized(g, n, rows) : 0;
    if (!penalty) {
      net.d[net.last].set(slopes.subarray(0, 2 * n));
      pullback(net, net.d, 2 * n, 1);
      collect(net, net.d, net.y, 0, 2 * n, true);
    }
    return { d_loss: loss, penalty };
  }

  // The same with penalties, w E φ(‖∇f‖). With v = ∂penalty/∂∇f held fixed, the penalty's gradient is that of
  // Σ v·∇f, the derivative of the scores along v: a forward tangent, then reverse through both.
  function penalized(g, n, rows) {
    const { discriminator: net, setup, slopes } = g;
    const { d, e, v, t, y, last, low, sizes } = net;
    d[last].fill(1, 0, rows);
    const gradients = pullback(net, d, rows, 0);
    const weights = [setup.r1, setup.r2, setup.gp];
    let penalty = 0;
    for (let i = 0; i < rows; i++) {
      const part = Math.floor(i / n);
      const norm = Math.hypot(gradients[2 * i], gradients[2 * i + 1]);
      const factor = part < 2 ? 1 : norm > 0 ? (norm - 1) / norm : 0;
      penalty += (weights[part] / n) * (part < 2 ? norm : norm - 1) ** 2;
      for (const k of [2 * i, 2 * i + 1]) v[0][k] = ((2 * weights[part]) / n) * factor * gradients[k];
    }
    for (let l = 1; l < last; l++) {
      const { inputs, outputs, weight } = net.layers[l - 1];
      multiply(t[l], v[l - 1], weight, rows, outputs, inputs, false);
      v[l].set(t[l].subarray(0, rows * outputs));
      slope(v[l], y[l], rows * outputs, low);
    }
    e[last].set(slopes.subarray(0, rows));
    for (let l = last - 1; l > 0; l--) {
      const { inputs, outputs, weight, turned } = net.layers[l];
      multiply(e[l], e[l + 1], transpose(turned, weight, outputs, inputs), rows, inputs, outputs, false);
      slope(e[l], y[l], rows * inputs, low);
      // φ''(a) · tangent · adjoint, and φ'' = -2 y φ', which d holds already
      if (low === null) for (let i = 0; i < rows * sizes[l]; i++) e[l][i] -= 2 * y[l][i] * t[l][i] * d[l][i];
    }
    collect(net, e, y, 0, rows, true);
    collect(net, d, v, 0, rows, false);
    return penalty;
  }

  // The gradient of the generator's objective; `real` is read by the relativistic losses only.
  function generatorGradient(g, real, latents) {
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

  const norm = (x) => Math.sqrt(x.reduce((sum, value) => sum + value * value, 0));

  function finite(g, player, value) {
    if (Number.isFinite(value)) return;
    throw new RangeError(`step ${g.step + 1}: the ${player}'s loss is ${value}; no weight was changed`);
  }

  function criticStep(g, real, latents, mix) {
    const row = criticGradient(g, real, latents, mix);
    finite(g, "discriminator", row.d_loss + row.penalty);
    update(g.discriminator, g.setup.d_optimizer, g.setup.d_rate, g.setup.beta1);
    g.criticStep++;
    return Object.assign(g.row, row);
  }

  function generatorStep(g, real, latents) {
    const g_loss = generatorGradient(g, real, latents);
    finite(g, "generator", g_loss);
    const g_norm = norm(g.generator.gradient);
    update(g.generator, g.setup.g_optimizer, g.setup.g_rate, g.setup.beta1);
    g.step++;
    return Object.assign(g.row, { g_loss, g_norm });
  }

  // Randomness is drawn outside the steps, one stream a purpose.

  const normals = (out, rng) => {
    for (let i = 0; i < out.length; i++) out[i] = rng.normal();
    return out;
  };

  function drawnCriticStep(g) {
    const { streams, setup, mix } = g;
    if (setup.gp > 0) for (let i = 0; i < mix.length; i++) mix[i] = streams.mix.uniform();
    g.source.sample(g.real, setup.batch, streams.data);
    criticStep(g, g.real, normals(g.latents, streams.d_latents), mix);
  }

  function drawnGeneratorStep(g) {
    if (LOSSES[g.setup.loss].relativistic) g.source.sample(g.real, g.setup.batch, g.streams.data);
    generatorStep(g, g.real, normals(g.latents, g.streams.g_latents));
    record(g);
  }

  // What comes next: the discriminator's head start, its n_critic steps, then one step of the generator.
  function halfStep(g) {
    const due = g.criticStep < g.setup.head_start || g.turn < g.setup.n_critic;
    if (g.criticStep >= g.setup.head_start) g.turn = due ? g.turn + 1 : 0;
    (due ? drawnCriticStep : drawnGeneratorStep)(g);
    return due ? "discriminator" : "generator";
  }

  // What is measured.

  // The rule of ganlab.metrics.mode_coverage: a sample within 3 standard deviations of its nearest centre counts.
  function coverage(points, n, { centers, std }) {
    const counts = Array(centers.length).fill(0);
    for (let i = 0; i < n; i++) {
      let [best, nearest] = [Infinity, 0];
      for (let k = 0; k < centers.length; k++) {
        const square = (points[2 * i] - centers[k][0]) ** 2 + (points[2 * i + 1] - centers[k][1]) ** 2;
        if (square < best) [best, nearest] = [square, k];
      }
      if (best <= 9 * std * std) counts[nearest]++;
    }
    const near = counts.reduce((sum, count) => sum + count, 0);
    const share = (count) => (count ? (count / near) * Math.log((count / near) * counts.length) : 0);
    return {
      modes: counts.filter((count) => count).length,
      total: counts.length,
      high_quality: near / n,
      reverse_kl: near ? counts.reduce((sum, count) => sum + share(count), 0) : null,
    };
  }

  const CHUNK = 250;

  function apply(net, x, n, out) {
    const [inputs, outputs] = [net.sizes[0], net.sizes[net.last]];
    for (let i = 0; i < n; i += CHUNK) {
      const rows = Math.min(CHUNK, n - i);
      out.set(forward(net, x.subarray(i * inputs, (i + rows) * inputs), rows).subarray(0, rows * outputs), i * outputs);
    }
    return out;
  }

  function measure(g, n = 2500) {
    if (!g.source.centers) return null;
    const latents = normals(new g.F(n * g.setup.latent_dim), g.streams.metric);
    return { step: g.step, ...coverage(apply(g.generator, latents, n, new g.F(2 * n)), n, g.source) };
  }

  // Curves keep at most 512 rows: when they are full, each two become their mean.
  const COLUMNS = ["step", "d_loss", "penalty", "g_loss", "g_norm"];

  function record(g) {
    const { history, row } = g;
    COLUMNS.forEach((name) => (history.sums[name] += name === "step" ? g.step : row[name] ?? NaN));
    if (++history.held === history.stride) {
      for (const name of COLUMNS) {
        history.columns[name].push(history.sums[name] / history.stride);
        history.sums[name] = 0;
      }
      history.held = 0;
    }
    if (history.columns.step.length >= 512) {
      history.stride *= 2;
      for (const name of COLUMNS) {
        const all = history.columns[name];
        history.columns[name] = all.filter((_, i) => i % 2).map((value, i) => (value + all[2 * i]) / 2);
      }
    }
    if (g.step % g.every === 0) g.metrics.push(measure(g));
    if (g.metrics.length >= 400) {
      g.every *= 2;
      g.metrics = g.metrics.filter((_, i) => i % 2);
    }
  }

  // What a picture shows: the generator's images of fixed latents, the steepest descent of its loss at some of
  // them, the discriminator's scores on a lattice, and the images of a grid of latents.

  const SHOWN = 250;
  const ARROWS = 60;
  const LATTICE = 40;
  const LINES = 11;
  const TICKS = 31;

  function scene(g) {
    const { streams, setup, source, F } = g;
    const lattice = new F(2 * LATTICE ** 2);
    for (let i = 0; i < LATTICE ** 2; i++) {
      lattice[2 * i] = source.extent * ((2 * (i % LATTICE) + 1) / LATTICE - 1);
      lattice[2 * i + 1] = source.extent * (1 - (2 * Math.floor(i / LATTICE) + 1) / LATTICE);
    }
    const dims = setup.latent_dim;
    const lines = dims > 1 ? 2 * LINES : 1;
    const grid = new F(lines * TICKS * dims);
    for (let line = 0; line < lines; line++) {
      for (let tick = 0; tick < TICKS; tick++) {
        const along = (4 * tick) / (TICKS - 1) - 2;
        const across = (4 * (line % LINES)) / (LINES - 1) - 2;
        const at = (line * TICKS + tick) * dims;
        grid[at] = line < LINES ? along : across;
        if (dims > 1) grid[at + 1] = line < LINES ? across : along;
      }
    }
    const real = source.sample(new F(2 * SHOWN), SHOWN, streams.view);
    return { real, latents: normals(new F(SHOWN * dims), streams.view), lattice, grid, lines };
  }

  function view(g) {
    const { F, shown, generator: G, discriminator: D, setup } = g;
    const fake = apply(G, shown.latents, SHOWN, new F(2 * SHOWN));
    const manifold = apply(G, shown.grid, shown.lines * TICKS, new F(2 * shown.lines * TICKS));
    const field = apply(D, shown.lattice, LATTICE ** 2, new F(LATTICE ** 2));
    const points = new F(4 * ARROWS);
    points.set(fake.subarray(0, 2 * ARROWS));
    points.set(shown.real.subarray(0, 2 * ARROWS), 2 * ARROWS);
    const scores = forward(D, points, 2 * ARROWS).slice(0, 2 * ARROWS);
    const slopes = new F(2 * ARROWS);
    const [f, r] = [scores.subarray(0, ARROWS), scores.subarray(ARROWS)];
    LOSSES[setup.loss].generator(r, f, slopes.subarray(ARROWS), slopes.subarray(0, ARROWS));
    D.d[D.last].set(slopes.subarray(0, ARROWS));
    const arrows = pullback(D, D.d, ARROWS, 0).slice(0, 2 * ARROWS).map((x) => -ARROWS * x);
    const single = (values) => Float32Array.from(values);
    return { fake: single(fake), arrows: single(arrows), field: single(field), manifold: single(manifold) };
  }

  function summary(g) {
    const { step, criticStep, turn, row, metrics, source, setup } = g;
    return { step, criticStep, turn, row: { ...row }, metrics: metrics.at(-1) ?? null, total: source.centers?.length ?? 0, setup };
  }

  // A host runs one game for a page: it takes messages and answers with frames.
  function host(post, F, budget, soon) {
    let [g, mode, pace, waiting, framed, lastPost, timer, ticks] = [null, "paused", 0, false, 0, 0, null, []];
    const now = () => performance.now();

    function frame(done, more) {
      const { columns } = g.history;
      const reached = g.step >= g.limit;
      post({ type: "frame", ...summary(g), ...view(g), columns, points: g.metrics, mode, done, reached, rate: rate(), ...more });
      [waiting, lastPost] = [true, now()];
    }
    function rate() {
      const [first, last] = [ticks[0], ticks.at(-1)];
      return first && last[1] > first[1] ? (1000 * (last[0] - first[0])) / (last[1] - first[1]) : 0;
    }
    function attempt(work) {
      try {
        return work();
      } catch (error) {
        mode = "paused";
        post({ type: "failure", message: String(error.message), ...summary(g) });
        return null;
      }
    }
    const wholeStep = () => {
      while (halfStep(g) !== "generator" && g.criticStep > g.setup.head_start);
    };
    function run() {
      timer = null;
      if (mode !== "running") return;
      const until = now() + budget;
      const done = pace ? attempt(() => halfStep(g)) : attempt(() => {
        do wholeStep();
        while (now() < until && g.step < g.limit);
        return "both";
      });
      if (!done) return;
      ticks = [...ticks.filter(([, at]) => at > now() - 2000), [g.step, now()]];
      if (g.step >= g.limit) mode = "paused";
      if (pace || mode === "paused" || (!waiting && now() - lastPost >= framed)) frame(done);
      if (mode === "running") later();
    }
    function later() {
      if (timer !== null) return;
      timer = pace ? setTimeout(run, pace) : soon(run) ?? 0;
    }
    const ACTIONS = {
      reset({ setup, frames }) {
        g = game(setup, F);
        [mode, framed, ticks] = ["paused", frames, []];
        frame("reset", { real: g.shown.real, extent: g.source.extent });
      },
      stop() {
        mode = "paused";
      },
      run(message) {
        pace = message.pace;
        if (g.step >= g.limit) g.limit = g.step + g.setup.steps;
        [mode, waiting] = ["running", false];
        ticks = [];
        later();
      },
      pause() {
        mode = "paused";
        frame("pause");
      },
      step({ who }) {
        mode = "paused";
        const ran = attempt(() => ({ discriminator: drawnCriticStep, generator: drawnGeneratorStep, both: wholeStep })[who](g) ?? true);
        if (ran) frame(who);
      },
      tune({ setup }) {
        const changed = Object.keys(setup).filter((name) => setup[name] !== g.setup[name]);
        if (changed.length) g.changes.push({ step: g.step, ...Object.fromEntries(changed.map((name) => [name, setup[name]])) });
        Object.assign(g.setup, setup);
        frame("tune");
      },
      seen() {
        waiting = false;
      },
      export() {
        const { columns, stride } = g.history;
        post({ type: "export", ...summary(g), start: g.start, changes: g.changes, stride, columns, points: g.metrics, ...view(g) });
      },
    };
    return (message) => ACTIONS[message.type](message);
  }

  return { ...{ stream, SOURCES, network, initialize, game, criticGradient, generatorGradient, criticStep }, ...{ generatorStep, halfStep, update, coverage, measure, LOSSES, forward, view, host } };
}

// --- Set-ups ------------------------------------------------------------------------------------------------

const choice = (label, choices, more) => ({ label, choices, value: Object.keys(choices)[0], ...more });
const number = (label, value, low, high, more) => ({ label, value, low, high, ...more });
const whole = { whole: true };
const live = { live: true }; // may change while the game goes on

const OPTIMIZERS = { adam: "Adam", sgd: "plain gradient" };

const FIELDS = {
  data: choice("Data", {
    ring: "ring of eight",
    grid: "grid of 25",
    swiss_roll: "Swiss roll",
    two_moons: "two moons",
    blob: "one Gaussian",
    drawn: "draw your own",
  }),
  loss: choice(
    "Loss",
    {
      non_saturating: "non-saturating",
      minimax: "saturating (minimax)",
      least_squares: "least squares",
      hinge: "hinge",
      wasserstein: "Wasserstein",
      relativistic_pairing: "relativistic pairing",
      relativistic_average: "relativistic average",
    },
    live,
  ),
  gp: number("WGAN-GP weight", 0, 0, 100, live),
  r1: number("R1 weight", 0, 0, 100, live),
  r2: number("R2 weight", 0, 0, 100, live),
  g_optimizer: choice("Optimizer of G", OPTIMIZERS, live),
  d_optimizer: choice("Optimizer of D", OPTIMIZERS, live),
  g_rate: number("Learning rate of G", 1e-3, 1e-6, 1, live),
  d_rate: number("Learning rate of D", 1e-3, 1e-6, 1, live),
  beta1: number("Adam's beta 1", 0.5, 0, 0.99, live),
  n_critic: number("D steps per G step", 1, 1, 20, { ...whole, ...live }),
  head_start: number("Head start of D, steps", 0, 0, 5000, whole),
  g_width: number("Width of G", 32, 1, 128, whole),
  g_depth: number("Hidden layers of G", 2, 0, 4, whole),
  d_width: number("Width of D", 32, 1, 128, whole),
  d_depth: number("Hidden layers of D", 2, 0, 4, whole),
  activation: choice("Activation", { leaky_relu: "leaky ReLU", tanh: "tanh", relu: "ReLU" }),
  latent_dim: number("Latent dimensions", 2, 1, 16, whole),
  batch: number("Batch", 128, 4, 512, whole),
  seed: number("Seed", 0, 0, 999999, whole),
  steps: number("Stop after, G steps", 3000, 1, 20000, whole),
};
const GROUPS = {
  Game: ["loss", "gp", "r1", "r2", "n_critic", "head_start"],
  Learning: ["g_rate", "d_rate", "g_optimizer", "d_optimizer", "beta1", "batch", "steps"],
  Networks: ["g_width", "g_depth", "d_width", "d_depth", "activation", "latent_dim"],
};
const EXTENT = 2.8;
const MOST_POINTS = 100;

export const PRESETS = {
  healthy: {
    label: "Healthy",
    note: "Both players learn at one pace and R1 and R2 calm the discriminator. The crosses settle on all eight modes, and both losses come near their dotted lines.",
    setup: { r1: 0.05, r2: 0.05 },
  },
  collapse: {
    label: "Mode collapse",
    note: "The generator learns ten times as fast as its discriminator. Its points bunch together and hop from mode to mode. Cure: give both the same learning rate.",
    setup: { g_rate: 2e-3, d_rate: 2e-4, steps: 2000 },
  },
  saturation: {
    label: "Saturation",
    note: "The discriminator has a head start and is sure of itself, so the slope of log(1 - D) is near zero and the arrows vanish. Cure: choose the non-saturating loss, at once or from a reset.",
    setup: { loss: "minimax", g_optimizer: "sgd", g_rate: 0.05, head_start: 1000, steps: 1500 },
  },
  rotation: {
    label: "Rotation",
    note: "A linear critic and one Gaussian: the two players circle the equilibrium and come no nearer. Cure: an R1 weight of 1, while it runs.",
    setup: { data: "blob", loss: "wasserstein", g_optimizer: "sgd", d_optimizer: "sgd", g_rate: 0.05, d_rate: 0.05, g_depth: 0, d_depth: 0, steps: 2000 },
  },
  weak_critic: {
    label: "Critic too weak",
    note: "The discriminator is linear: it sees no more than the mean. Its loss stays at 2 log 2, which looks like equilibrium, and no mode is found. Cure: give it two hidden layers.",
    setup: { d_depth: 0, r1: 0.05, r2: 0.05, steps: 1500 },
  },
};

const byteOf = (x) => Math.round((Math.min(Math.max(x / EXTENT, -1), 1) + 1) * 127.5);
const onLattice = ([x, y]) => [x, y].map((value) => (byteOf(value) / 127.5 - 1) * EXTENT);

// A complete set-up from any values, and the names of those that were refused or brought within their range.
export function clean(values) {
  const given = values !== null && typeof values === "object" ? values : {};
  const [setup, refused] = [{}, []];
  for (const [name, field] of Object.entries(FIELDS)) {
    setup[name] = field.value;
    if (!Object.hasOwn(given, name)) continue;
    const value = field.choices ? String(given[name]) : Number(String(given[name]).trim() || NaN);
    const fits = field.choices ? Object.hasOwn(field.choices, value) : Number.isFinite(value);
    if (fits) setup[name] = field.choices ? value : Math.min(Math.max(field.whole ? Math.round(value) : value, field.low), field.high);
    if (!fits || setup[name] !== value) refused.push(name);
  }
  const points = Array.isArray(given.points) ? given.points : [];
  const fit = points.filter((p) => Array.isArray(p) && p.length === 2 && p.every(Number.isFinite)).slice(0, MOST_POINTS);
  setup.points = fit.map(onLattice);
  if (fit.length < points.length) refused.push("points");
  return { setup, refused };
}

const hex = (byte) => byte.toString(16).padStart(2, "0");

// The fragment that carries a set-up: letters, digits, _ and - only, so that any script may take it for an id.
export function toLink(setup) {
  const fields = Object.entries(FIELDS).filter(([name, field]) => setup[name] !== field.value);
  const parts = fields.map(([name, field]) => `${name}-${field.choices ? setup[name] : String(setup[name]).replace(".", "_")}`);
  if (setup.points.length) parts.push(`points-${setup.points.flat().map((x) => hex(byteOf(x))).join("")}`);
  return [`lab${VERSION}`, ...parts].join("--");
}

// The set-up of a fragment, and a sentence where it could not be taken as it is; null where it is none of ours.
export function fromLink(fragment) {
  const text = String(fragment).replace(/^#/, "").slice(0, 4000);
  if (!/^lab\d/.test(text)) return null;
  const [head, ...parts] = text.split("--");
  const version = /^lab(\d{1,6})$/.exec(head);
  const standard = "so the standard set-up is shown.";
  if (!version || Number(version[1]) < 1) return { setup: clean({}).setup, notice: `The link could not be read, ${standard}` };
  if (Number(version[1]) > VERSION) return { setup: clean({}).setup, notice: `The link was made by a newer lab, ${standard}` };
  const [values, unknown] = [{}, []];
  for (const part of parts) {
    const [, name, value] = /^([a-z_0-9]+)-([\w-]+)$/.exec(part) ?? [null, part, null];
    if (value === null || !(Object.hasOwn(FIELDS, name) || name === "points")) unknown.push(name.slice(0, 30));
    else if (name === "points") values.points = (value.match(/[0-9a-f]{4}/g) ?? []).map((pair) => [0, 2].map((i) => (parseInt(pair.slice(i, i + 2), 16) / 127.5 - 1) * EXTENT));
    else values[name] = FIELDS[name].choices ? value : value.replace("_", ".");
  }
  const { setup, refused } = clean(values);
  const odd = [...refused, ...unknown];
  return { setup, notice: odd.length ? `Not taken as the link had it: ${odd.slice(0, 8).join(", ")}.` : "" };
}

const same = (a, b) => JSON.stringify(a) === JSON.stringify(b);
const presetOf = (setup) => Object.keys(PRESETS).find((name) => same(clean({ ...PRESETS[name].setup, seed: setup.seed }).setup, setup)) ?? "custom";

// The losses where p_g = p_data and D is best, as in ganlab.plotting.LANDMARKS: value and name, of D and of G.
const LOG2 = Math.log(2);
export const LANDMARKS = {
  minimax: [[2 * LOG2, "2 log 2"], [-LOG2, "-log 2"]],
  non_saturating: [[2 * LOG2, "2 log 2"], [LOG2, "log 2"]],
  least_squares: [[0.25, "1/4"], [0.125, "1/8"]],
  hinge: [[2, "2"], [0, "0"]],
  relativistic_average: [[2 * LOG2, "2 log 2"], [2 * LOG2, "2 log 2"]],
  relativistic_pairing: [[LOG2, "log 2"], [LOG2, "log 2"]],
};

// --- Pictures -----------------------------------------------------------------------------------------------

// How sure D is that a point is real, in [0, 1], from its raw scores.
function said(field, loss) {
  const logistic = { minimax: 1, non_saturating: 1 };
  if (logistic[loss]) return field.map((a) => 1 / (1 + Math.exp(-a)));
  if (loss === "least_squares") return field.map((a) => Math.min(Math.max(a, 0), 1));
  if (loss === "hinge") return field.map((a) => Math.min(Math.max((a + 1) / 2, 0), 1));
  const [low, high] = [Math.min(...field), Math.max(...field)];
  return field.map((a) => (a - low) / (high - low || 1));
}

const rgb = (color) => [1, 3, 5].map((i) => parseInt(color.slice(i, i + 2), 16));

function drawField(ctx, size, field, colors) {
  const side = Math.sqrt(field.length);
  const tile = document.createElement("canvas");
  tile.width = tile.height = side;
  const paint = tile.getContext("2d");
  const image = paint.createImageData(side, side);
  const [from, to] = [rgb(colors.paper), rgb(colors.d)];
  field.forEach((p, i) => {
    for (let k = 0; k < 3; k++) image.data[4 * i + k] = from[k] + 0.6 * p * (to[k] - from[k]);
    image.data[4 * i + 3] = 255;
  });
  paint.putImageData(image, 0, 0);
  ctx.drawImage(tile, 0, 0, size, size);
}

function drawPlane(ctx, size, { frame, real, extent, setup, shown, colors, cursor }) {
  const at = (points, i) => [0.5, 0.5].map((half, k) => size * (half + ((k ? -1 : 1) * points[2 * i + k]) / (2 * extent)));
  const each = (points, draw) => {
    for (let i = 0; i < points.length / 2; i++) draw(...at(points, i), i);
  };
  ctx.fillStyle = colors.paper;
  ctx.fillRect(0, 0, size, size);
  if (shown.field) drawField(ctx, size, said(frame.field, setup.loss), colors);
  if (shown.manifold) {
    ctx.strokeStyle = colors.ink;
    ctx.globalAlpha = 0.35;
    ctx.lineWidth = 1;
    ctx.beginPath();
    each(frame.manifold, (x, y, i) => (i % 31 ? ctx.lineTo(x, y) : ctx.moveTo(x, y)));
    ctx.stroke();
  }
  const mark = Math.max(size / 130, 2.2);
  ctx.globalAlpha = 0.65;
  ctx.fillStyle = colors.real;
  each(real, (x, y) => {
    ctx.beginPath();
    ctx.arc(x, y, mark, 0, 7);
    ctx.fill();
  });
  ctx.globalAlpha = 0.9;
  ctx.strokeStyle = colors.fake;
  ctx.lineWidth = 1.3;
  ctx.beginPath();
  each(frame.fake, (x, y) => {
    ctx.moveTo(x - mark, y - mark);
    ctx.lineTo(x + mark, y + mark);
    ctx.moveTo(x - mark, y + mark);
    ctx.lineTo(x + mark, y - mark);
  });
  ctx.stroke();
  ctx.globalAlpha = 1;
  if (shown.arrows) drawArrows(ctx, size, frame, each, colors);
  if (cursor) {
    const [x, y] = at(cursor, 0);
    ctx.strokeStyle = colors.ink;
    ctx.strokeRect(x - 7, y - 7, 14, 14);
  }
}

// One unit of gradient is a tenth of the picture, and no arrow is longer than that.
function drawArrows(ctx, size, { fake, arrows }, each, colors) {
  ctx.strokeStyle = colors.ink;
  ctx.lineWidth = 1;
  ctx.beginPath();
  each(fake.subarray(0, arrows.length), (x, y, i) => {
    const [dx, dy] = [arrows[2 * i], -arrows[2 * i + 1]];
    const length = Math.hypot(dx, dy);
    const scale = (size / 10) * Math.min(1, 1 / length);
    if (!(length * scale > 1)) return;
    const [u, v] = [dx * scale, dy * scale];
    const [tipX, tipY] = [x + u, y + v];
    ctx.moveTo(x, y);
    ctx.lineTo(tipX, tipY);
    ctx.lineTo(tipX - 0.25 * u - 0.15 * v, tipY - 0.25 * v + 0.15 * u);
    ctx.moveTo(tipX, tipY);
    ctx.lineTo(tipX - 0.25 * u + 0.15 * v, tipY - 0.25 * v - 0.15 * u);
  });
  ctx.stroke();
}

// Curves over the steps. A series has x, y, color and dash; a mark is a level with a name.
function drawChart(ctx, width, height, { title, series, marks = [], range, digits = 1, right }, colors) {
  ctx.fillStyle = colors.paper;
  ctx.fillRect(0, 0, width, height);
  const box = { left: 34, right: width - (right ? 34 : 8), top: 18, bottom: height - 16 };
  const [low, high] = range ?? spread([...series.flatMap((s) => [...s.y]), ...marks.map((m) => m.value)]);
  const last = Math.max(1, ...series.flatMap((s) => s.x.slice(-1)));
  const px = (x) => box.left + ((box.right - box.left) * x) / last;
  const scale = (a, b) => (y) => box.bottom - ((box.bottom - box.top) * (Math.min(Math.max(y, a), b) - a)) / (b - a || 1);
  ctx.font = "11px system-ui, sans-serif";
  ctx.fillStyle = colors.ink;
  ctx.textAlign = "left";
  ctx.fillText(title, 4, 11);
  ctx.fillText("0", box.left, height - 4);
  ctx.textAlign = "right";
  ctx.fillText(`step ${Math.round(last)}`, box.right, height - 4);
  for (const y of [low, high]) ctx.fillText(y.toFixed(digits), box.left - 4, scale(low, high)(y) + 4);
  if (right) for (const y of right) ctx.fillText(y.toFixed(1), width - 4, scale(...right)(y) + 4);
  ctx.strokeStyle = colors.line;
  ctx.lineWidth = 1;
  ctx.setLineDash([]);
  ctx.strokeRect(box.left, box.top, box.right - box.left, box.bottom - box.top);
  for (const { value, name, color } of marks) {
    line(ctx, [0, last].map(px), [value, value].map(scale(low, high)), color, [1, 3]);
    ctx.fillText(name, box.right - 3, scale(low, high)(value) - 3);
  }
  for (const s of series) line(ctx, s.x.map(px), s.y.map(scale(...(s.right ? right : [low, high]))), s.color, s.dash);
}

function line(ctx, xs, ys, color, dash) {
  ctx.strokeStyle = color;
  ctx.lineWidth = 1.5;
  ctx.setLineDash(dash);
  ctx.beginPath();
  let pen = false;
  xs.forEach((x, i) => {
    const there = Number.isFinite(ys[i]);
    if (there) ctx[pen ? "lineTo" : "moveTo"](x, ys[i]);
    pen = there;
  });
  ctx.stroke();
  ctx.setLineDash([]);
}

// The range that 96 % of the values lie in, with a margin.
function spread(values) {
  const sorted = values.filter(Number.isFinite).sort((a, b) => a - b);
  if (!sorted.length) return [0, 1];
  const [low, high] = [0.02, 0.98].map((q) => sorted[Math.round(q * (sorted.length - 1))]);
  const margin = 0.15 * (high - low) || 0.5;
  return [low - margin, high + margin];
}

function charts({ columns, points, total, setup }, colors) {
  const marks = (LANDMARKS[setup.loss] ?? []).map(([value, name], i) => ({ value, name, color: i ? colors.fake : colors.d }));
  const losses = {
    title: "Losses: D solid, G dashed",
    series: [
      { x: columns.step, y: columns.d_loss, color: colors.d, dash: [] },
      { x: columns.step, y: columns.g_loss, color: colors.fake, dash: [5, 3] },
    ],
    marks: same(marks[0]?.value, marks[1]?.value) ? marks.slice(0, 1) : marks,
  };
  const steps = points.map((m) => m.step);
  const coverage = {
    title: total ? "Modes solid, reverse KL dashed (nats, right)" : "Modes: not defined for these data",
    series: total
      ? [
          { x: steps, y: points.map((m) => m.modes), color: colors.ink, dash: [] },
          { x: steps, y: points.map((m) => m.reverse_kl ?? NaN), color: colors.other, dash: [5, 3], right: true },
        ]
      : [],
    ...{ range: [0, total || 1], right: total > 1 ? [0, Math.log(total)] : [0, 1], digits: 0 },
  };
  const gradient = {
    title: "log10 of the length of G's gradient",
    series: [{ x: columns.step, y: columns.g_norm.map(Math.log10), color: colors.fake, dash: [] }],
  };
  return { losses, coverage, gradient };
}

// --- The page -----------------------------------------------------------------------------------------------

const STYLE = `
.ganlab-lab { --real: #0072B2; --fake: #D55E00; --d: #009E73; --other: #CC79A7;
  --ink: #1f1f1f; --paper: #ffffff; --line: #8a8a8a; --face: #f3f4f5;
  container-type: inline-size; color: var(--ink); line-height: 1.45; margin: 1rem 0; }
html[data-theme="dark"] .ganlab-lab, body[data-jp-theme-light="false"] .ganlab-lab {
  --ink: #e6e6e6; --paper: #16191d; --line: #777d85; --face: #24282d; }
@media (prefers-color-scheme: dark) { html:not([data-theme]) body:not([data-jp-theme-light]) .ganlab-lab {
  --ink: #e6e6e6; --paper: #16191d; --line: #777d85; --face: #24282d; } }
.ganlab-lab [hidden] { display: none; }
.ganlab-lab p { margin: 0.4rem 0; max-width: none; }
.ganlab-lab .row { display: flex; flex-wrap: wrap; gap: 0.4rem 0.8rem; align-items: center; margin: 0.5rem 0; }
.ganlab-lab .stage { display: grid; gap: 0.6rem; grid-template-columns: minmax(0, 1fr); }
.ganlab-lab .curves { display: grid; gap: 0.4rem; align-content: start; }
@container (min-width: 600px) { .ganlab-lab .stage { grid-template-columns: minmax(0, 1.15fr) minmax(0, 1fr); } }
.ganlab-lab canvas { display: block; width: 100%; border: 1px solid var(--line); background: var(--paper); }
.ganlab-lab .plane { aspect-ratio: 1; max-width: 32rem; }
.ganlab-lab .chart { height: 8.5rem; }
.ganlab-lab .drawing { touch-action: none; cursor: crosshair; }
.ganlab-lab button, .ganlab-lab select, .ganlab-lab input { font: inherit; font-size: 0.9rem; color: var(--ink);
  background: var(--face); border: 1px solid var(--line); border-radius: 3px; padding: 0.2rem 0.5rem; min-height: 1.9rem;
  max-width: 100%; box-sizing: border-box; }
.ganlab-lab button { cursor: pointer; }
.ganlab-lab .main { background: var(--ink); color: var(--paper); min-width: 5rem; }
.ganlab-lab input[type=checkbox] { min-height: 0; width: 1.1rem; height: 1.1rem; vertical-align: -0.15rem; accent-color: var(--real); }
.ganlab-lab :is(button, select, input, summary, canvas):focus-visible { outline: 3px solid var(--real); outline-offset: 2px; }
.ganlab-lab label { font-size: 0.9rem; }
.ganlab-lab .fields { display: grid; gap: 0.4rem 0.8rem; grid-template-columns: repeat(auto-fill, minmax(9rem, 1fr)); }
.ganlab-lab .fields label { display: grid; align-content: end; }
.ganlab-lab fieldset { border: 0; padding: 0; margin: 0.6rem 0; min-width: 0; }
.ganlab-lab legend { font-weight: 600; font-size: 0.9rem; padding: 0; margin: 0; float: none; width: auto; }
.ganlab-lab .key { font-size: 0.85rem; }
.ganlab-lab .count { font-variant-numeric: tabular-nums; font-size: 0.9rem; min-height: 1.4rem; }
.ganlab-lab .swatch { font-weight: 700; padding: 0 0.2rem; }
.ganlab-lab .link { flex: 1 1 12rem; }
@media print { .ganlab-lab .row, .ganlab-lab details { display: none; } }
`;

const PARTS = {
  field: "what D says",
  arrows: "arrows: where G is pushed",
  manifold: "G's grid of latents",
};
const KEY = [
  ["real", "\u25CF", "real"],
  ["fake", "\u00D7", "generated"],
  ["d", "\u25A0", "D says real"],
];

function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (value === true) element.setAttribute(name, "");
    else if (value !== false && value !== undefined) element.setAttribute(name, value);
  }
  element.append(...children);
  return element;
}

// JupyterLab would take the arrow keys from a control without this attribute.
const control = (tag, attributes, ...children) => make(tag, { "data-lm-suppress-shortcuts": "true", ...attributes }, ...children);
const button = (text, click, attributes) => control("button", { type: "button", onclick: click, ...attributes }, text);

// The engine in a worker; in this thread, in short pieces, where no worker starts.
function connect(receive, fallen) {
  const here = () => {
    const answer = engine().host((message) => queueMicrotask(() => receive(message)), Float64Array, 8, (run) => setTimeout(run, 4));
    return { send: answer, stop: () => answer({ type: "stop" }) };
  };
  const program = `const { port1, port2 } = new MessageChannel(), next = [];
    port1.onmessage = () => next.shift()();
    const answer = (${engine})().host((m) => postMessage(m), Float64Array, 12, (run) => { next.push(run); port2.postMessage(0); });
    onmessage = ({ data }) => answer(data);`;
  try {
    const address = URL.createObjectURL(new Blob([program], { type: "text/javascript" }));
    const worker = new Worker(address);
    let alive = false;
    const sent = [];
    const line = {
      send(message) {
        if (!alive) sent.push(message);
        worker.postMessage(message);
      },
      stop: () => worker.terminate(),
    };
    worker.onmessage = ({ data }) => {
      if (!alive) URL.revokeObjectURL(address);
      alive = true;
      receive(data);
    };
    worker.onerror = (event) => {
      event.preventDefault();
      if (alive) return;
      alive = true;
      worker.terminate();
      Object.assign(line, here());
      fallen();
      sent.forEach((message) => line.send(message));
    };
    return line;
  } catch {
    fallen();
    return here();
  }
}

export function mount(root, data = {}) {
  if (!document.getElementById("ganlab-lab-style")) {
    document.head.append(make("style", { id: "ganlab-lab-style" }, STYLE));
  }
  const compact = Boolean(data.compact);
  const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
  const opened = { ...clean({ ...PRESETS[data.preset ?? "healthy"]?.setup, ...data.setup }), notice: "" };
  const linked = compact ? null : fromLink(location.hash);
  let { setup } = linked ?? opened;
  let [frame, wanted, slow, points, cursor, drawing] = [null, false, false, null, [0, 0], false];
  const held = { offscreen: false, hidden: document.hidden };
  const shown = { field: true, arrows: true, manifold: false };
  const [reals, spoken] = [{ points: new Float64Array(0), extent: EXTENT }, { at: 0, timer: null }];
  let [mode, due, closed] = ["paused", false, false];

  // The parts, from top to bottom.
  const presets = control("select", { onchange: () => choose(presets.value) });
  presets.append(...Object.entries(PRESETS).map(([name, { label }]) => make("option", { value: name }, label)), make("option", { value: "custom" }, "your own set-up"));
  const note = make("p", { class: "note" });
  const play = button("Play", () => (wanted ? pause() : start()), { class: "main" });
  const slower = control("input", { type: "checkbox", onchange: () => pace(slower.checked) });
  const steps = [["discriminator", "Step D"], ["generator", "Step G"], ["both", "Step both"]].map(([who, text]) => button(text, () => step(who)));
  const plane = control("canvas", { class: "plane", role: "img", "aria-label": "Real and generated points in the plane; the sentence below the pictures says what they show" });
  const curves = Object.fromEntries(
    [["losses", "losses of both players"], ["coverage", "modes found and reverse KL"], ["gradient", "length of the generator's gradient"]]
      .slice(0, compact ? 1 : 3)
      .map(([name, what]) => [name, make("canvas", { class: "chart", role: "img", "aria-label": `Curves: ${what}; the sentence below says the last values` })]),
  );
  const count = make("p", { class: "count", "aria-hidden": "true" });
  const status = make("p", { role: "status", "aria-live": "polite" });
  const notice = make("p", { role: "status", "aria-live": "polite", class: "notice" });
  const hint = make("p", { id: `ganlab-lab-${Math.random().toString(36).slice(2)}`, hidden: true }, "Draw with the pointer, or from the keyboard: arrow keys move the square, Space or Enter sets a point, Backspace takes the last one back. Each point is the centre of one Gaussian.");
  const inputs = Object.fromEntries(Object.entries(FIELDS).map(([name, field]) => [name, fieldInput(name, field)]));
  const labelled = (name) => make("label", {}, FIELDS[name].label, inputs[name]);
  const toggles = Object.entries(PARTS).map(([name, text]) => {
    const box = control("input", { type: "checkbox", onchange: () => ((shown[name] = box.checked), ask()) });
    box.checked = shown[name];
    return make("label", {}, box, ` ${text}`);
  });
  const key = make("p", { class: "key" });
  KEY.forEach(([name, mark, text]) => key.append(make("span", { class: "swatch", style: `color: var(--${name})`, "aria-hidden": "true" }, mark), `${text} `));
  const address = control("input", { type: "text", readonly: true, class: "link", "aria-label": "Link to this set-up", hidden: true });
  const lab = make(
    "section",
    { class: compact ? "ganlab-lab compact" : "ganlab-lab", "aria-label": "A GAN that trains in this page" },
    make("div", { class: "row" }, make("label", {}, "Preset ", presets), ...(compact ? ["loss", "seed"] : ["data", "loss", "seed"]).map(labelled)),
    note,
    make("div", { class: "row" }, play, ...steps, make("label", {}, slower, " slow motion"), button("Reset", () => reset())),
    make("div", { class: "stage" }, make("div", {}, plane, hint), make("div", { class: "curves" }, ...Object.values(curves))),
    make("div", { class: "row" }, key, ...toggles),
    count,
    status,
    notice,
  );
  const clear = button("Clear the points", () => change("points", []), { hidden: true });
  if (!compact) {
    const groups = Object.entries(GROUPS).map(([title, names]) => make("fieldset", {}, make("legend", {}, title), make("div", { class: "fields" }, ...names.filter((name) => name !== "loss").map(labelled))));
    lab.append(
      make("details", {}, make("summary", {}, "All settings"), ...groups),
      make("div", { class: "row" }, clear, button("Link", share), button("Save run (JSON)", () => line.send({ type: "export" })), button("Save picture (PNG)", picture), address),
    );
  }
  root.append(lab);

  function fieldInput(name, field) {
    const changed = () => change(name, input.value);
    if (field.choices) {
      const options = Object.entries(field.choices).map(([value, text]) => make("option", { value }, text));
      var input = control("select", { onchange: changed, name }, ...options);
    } else {
      input = control("input", { type: "number", name, min: field.low, max: field.high, step: field.whole ? 1 : "any", onchange: changed });
    }
    return input;
  }

  // What the reader does.

  function choose(name) {
    if (PRESETS[name]) adopt(clean({ ...PRESETS[name].setup, seed: setup.seed, points: setup.points }).setup);
    else show();
  }

  function change(name, value) {
    const next = clean({ ...setup, [name]: value });
    const bad = next.refused.includes(name);
    say(bad ? `${FIELDS[name]?.label ?? "points"}: ${next.setup[name]} is what the lab can do.` : "");
    adopt(next.setup);
  }

  // A live setting goes into the game as it runs; any other starts a new one.
  function adopt(next) {
    const names = [...Object.keys(FIELDS), "points"].filter((name) => !same(next[name], setup[name]));
    setup = next;
    show();
    if (names.length && names.every((name) => FIELDS[name]?.live)) line.send({ type: "tune", setup });
    else if (names.length) reset();
  }

  function reset() {
    [wanted, frame] = [false, null];
    line.send({ type: "reset", setup, frames: calm ? 500 : 33 });
    show();
  }

  function start() {
    wanted = true;
    say("");
    go();
    show();
  }

  function pause() {
    wanted = false;
    line.send({ type: "pause" });
    show();
  }

  function step(who) {
    wanted = false;
    line.send({ type: "step", who });
    show();
  }

  function pace(on) {
    slow = on;
    if (wanted) go();
  }

  // A game runs while the reader wants it to and can see it.
  function go() {
    if (!wanted) return;
    const seen = !held.offscreen && !held.hidden;
    line.send(seen ? { type: "run", pace: slow ? 600 : 0 } : { type: "pause" });
  }

  function share() {
    const link = `#${toLink(setup)}`;
    try {
      history.replaceState(null, "", link);
    } catch {} // a page inside a frame may have no address of its own
    address.hidden = false;
    address.value = location.href.split("#")[0] + link;
    address.select();
    navigator.clipboard?.writeText(address.value).catch(() => {});
    say("The link carries the whole set-up; it is in the address of this page and in the field beside the button.");
  }

  function save(name, blob) {
    const at = URL.createObjectURL(blob);
    make("a", { href: at, download: name }).click();
    setTimeout(() => URL.revokeObjectURL(at), 10000);
  }

  const fileName = (kind) => `ganlab-${presetOf(setup)}-seed${setup.seed}-step${frame?.step ?? 0}.${kind}`;

  function saveRun({ type, ...run }) {
    const plain = (_, value) => (ArrayBuffer.isView(value) ? [...value] : value);
    const text = JSON.stringify({ format: "ganlab-lab", version: VERSION, link: toLink(run.start), ...run }, plain, 1);
    save(fileName("json"), new Blob([text], { type: "application/json" }));
  }

  function picture() {
    if (!frame) return;
    const sheet = make("canvas", { width: 1080, height: 660 });
    const [ctx, colors] = [sheet.getContext("2d"), palette()];
    ctx.fillStyle = colors.paper;
    ctx.fillRect(0, 0, 1080, 660);
    drawPlane(ctx, 620, scene());
    Object.values(charts(frame, colors)).forEach((chart, i) => {
      ctx.setTransform(1, 0, 0, 1, 640, 205 * i);
      drawChart(ctx, 430, 200, chart, colors);
    });
    ctx.setTransform(1, 0, 0, 1, 0, 0);
    ctx.fillStyle = colors.ink;
    ctx.fillText(`${sentence()} ${toLink(setup)}`.slice(0, 190), 6, 645);
    sheet.toBlob((blob) => save(fileName("png"), blob), "image/png");
  }

  // What the reader sees.

  function say(text) {
    notice.textContent = text;
  }

  function show() {
    for (const [name, input] of Object.entries(inputs)) input.value = setup[name];
    const name = presetOf({ ...setup, points: [] });
    presets.value = name;
    note.textContent = PRESETS[name]?.note ?? "Your own set-up.";
    play.textContent = wanted ? "Pause" : "Play";
    const drawn = setup.data === "drawn";
    [hint.hidden, clear.hidden] = [!drawn, !drawn];
    plane.classList.toggle("drawing", drawn);
    if (drawn) plane.setAttribute("tabindex", "0");
    else plane.removeAttribute("tabindex");
    plane.setAttribute("role", drawn ? "application" : "img");
    if (drawn) plane.setAttribute("aria-describedby", hint.id);
    ask();
  }

  const number = (x) => (Number.isFinite(x) ? x.toFixed(3) : "not known yet");

  function sentence() {
    if (!frame) return "Not started.";
    const { step, criticStep, row, metrics, total } = frame;
    if (!criticStep && !step) return `Ready: ${FIELDS.data.choices[setup.data]}, ${FIELDS.loss.choices[setup.loss]} loss, seed ${setup.seed}.`;
    const [d, g] = (LANDMARKS[setup.loss] ?? []).map(([value, name]) => ` (${name} is ${number(value)})`);
    const doing = wanted ? (held.offscreen || held.hidden ? "waiting until it is in view" : "training") : "paused";
    const found = metrics ? ` ${metrics.modes} of ${total} modes, reverse KL ${metrics.reverse_kl === null ? "not defined" : `${number(metrics.reverse_kl)} nats`}.` : "";
    return `Step ${step} of G, ${criticStep} of D, ${doing}. Loss of D ${number(row.d_loss)}${d ?? ""}, of G ${number(row.g_loss)}${g ?? ""}.${found}`;
  }

  // The live sentence changes at once when the reader acts, and every four seconds while a game runs.
  function speak() {
    clearTimeout(spoken.timer);
    const wait = wanted ? spoken.at + 4000 - performance.now() : 0;
    if (wait > 0) {
      spoken.timer = setTimeout(speak, wait);
      return;
    }
    spoken.at = performance.now();
    status.textContent = sentence();
  }

  const HALVES = { discriminator: "D has moved.", generator: "G has moved." };

  function tally() {
    if (!frame) return;
    const { step, rate, metrics, total, done } = frame;
    const found = metrics ? ` \u00B7 ${metrics.modes} of ${total} modes` : "";
    const fast = wanted && !slow && rate ? ` \u00B7 ${Math.round(rate)} steps a second` : "";
    count.textContent = `Step ${step}${found}${fast} ${HALVES[done] ?? ""}`;
  }

  function palette() {
    const style = getComputedStyle(lab);
    return Object.fromEntries(["real", "fake", "d", "other", "ink", "paper", "line"].map((name) => [name, style.getPropertyValue(`--${name}`).trim()]));
  }

  function scene() {
    return { ...{ frame, setup, shown, colors: palette() }, real: reals.points, extent: reals.extent, cursor: setup.data === "drawn" ? cursor : null };
  }

  // The context of a canvas at its size on the page; null where it has none.
  function prepare(canvas) {
    const ratio = Math.min(devicePixelRatio || 1, 2);
    const [width, height] = [canvas.clientWidth, canvas.clientHeight];
    if (width < 20 || height < 20) return null;
    const [w, h] = [Math.round(width * ratio), Math.round(height * ratio)];
    if (canvas.width !== w || canvas.height !== h) [canvas.width, canvas.height] = [w, h];
    const ctx = canvas.getContext("2d");
    ctx.setTransform(ratio, 0, 0, ratio, 0, 0);
    return { ctx, width, height };
  }

  function ask() {
    if (due || closed) return;
    due = true;
    requestAnimationFrame(draw);
  }

  function draw() {
    due = false;
    if (closed || !frame) return;
    const at = prepare(plane);
    if (at) drawPlane(at.ctx, at.width, scene());
    const [colors, drawn] = [palette(), charts(frame, palette())];
    for (const [name, canvas] of Object.entries(curves)) {
      const on = prepare(canvas);
      if (on) drawChart(on.ctx, on.width, on.height, drawn[name], colors);
    }
    tally();
    speak();
    line.send({ type: "seen" });
  }

  function receive(message) {
    if (closed) return;
    if (message.type === "export") {
      saveRun(message);
      return;
    }
    if (message.type === "failure") {
      [wanted, mode] = [false, "paused"];
      say(`Stopped: ${message.message}. Reset, or choose smaller learning rates.`);
      show();
      return;
    }
    if (message.real) Object.assign(reals, { points: message.real, extent: message.extent });
    frame = message;
    mode = message.mode;
    if (wanted && message.reached && message.mode === "paused") {
      wanted = false;
      say(`Stopped after ${message.step} steps, as set. Play goes on.`);
      show();
    }
    ask();
  }

  // Drawing one's own data.

  const place = (event) => {
    const box = plane.getBoundingClientRect();
    return onLattice([((event.clientX - box.left) / box.width - 0.5) * 2 * EXTENT, (0.5 - (event.clientY - box.top) / box.height) * 2 * EXTENT]);
  };
  const far = (p) => points.every((q) => Math.hypot(p[0] - q[0], p[1] - q[1]) > 0.2);
  function add(p) {
    if (points.length < MOST_POINTS && far(p)) points.push(p);
    [cursor, reals.points] = [p, Float64Array.from(points.flat())];
    ask();
  }
  const draws = (act) => (event) => {
    if (setup.data === "drawn") act(event);
  };
  plane.addEventListener("pointerdown", draws((event) => {
    plane.setPointerCapture(event.pointerId);
    [drawing, points] = [true, [...setup.points]];
    add(place(event));
  }));
  plane.addEventListener("pointermove", draws((event) => drawing && add(place(event))));
  for (const type of ["pointerup", "pointercancel"]) plane.addEventListener(type, draws(() => {
    if (drawing) change("points", points);
    drawing = false;
  }));
  const MOVES = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };
  plane.addEventListener("keydown", draws((event) => {
    const move = MOVES[event.key];
    if (move) cursor = onLattice([cursor[0] + 0.2 * move[0], cursor[1] + 0.2 * move[1]]);
    else if (event.key === " " || event.key === "Enter") {
      points = [...setup.points];
      add(cursor);
      change("points", points);
    } else if (event.key === "Backspace") change("points", setup.points.slice(0, -1));
    else return;
    event.preventDefault();
    ask();
  }));

  // What happens around it.

  const eye = new IntersectionObserver(([entry]) => {
    held.offscreen = !entry.isIntersecting;
    go();
  });
  eye.observe(lab);
  const frameSize = new ResizeObserver(ask);
  frameSize.observe(lab);
  const theme = new MutationObserver(ask);
  theme.observe(document.documentElement, { attributes: true, attributeFilter: ["data-theme"] });
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const ears = [
    [document, "visibilitychange", () => ((held.hidden = document.hidden), go())],
    [dark, "change", ask],
    [window, "hashchange", () => follow(fromLink(location.hash))],
  ];
  ears.forEach(([target, type, act]) => target.addEventListener(type, act));

  function follow(link) {
    if (compact || !link) return;
    adopt(link.setup);
    say(link.notice);
  }

  const line = connect(receive, () => say("No worker can be started here, so the training shares the page's own thread and is slower."));
  if (linked?.notice) say(linked.notice);
  reset();

  const state = () => Object.freeze({
    ...{ setup: structuredClone(setup), preset: presets.value, mode, wanted, held: { ...held } },
    ...{ step: frame?.step ?? 0, criticStep: frame?.criticStep ?? 0, rate: frame?.rate ?? 0, row: { ...frame?.row } },
    ...{ metrics: frame?.metrics ?? null, notice: notice.textContent, status: status.textContent, ready: frame !== null },
  });
  const handle = Object.freeze({
    state,
    destroy() {
      closed = true;
      clearTimeout(spoken.timer);
      line.stop();
      [eye, frameSize, theme].forEach((observer) => observer.disconnect());
      ears.forEach(([target, type, act]) => target.removeEventListener(type, act));
      lab.remove();
    },
  });
  root.lab = handle;
  return handle;
}
