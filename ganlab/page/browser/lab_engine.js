// The browser lab's mathematics: `engine()` returns the functions that train a GAN in the plane.
//
// `engine` refers to nothing outside itself, since its source text is the worker's program. It computes what
// ganlab.losses, regularizers, training and metrics compute; the tests compare them in float64. `F` is the
// kind of array: Float64Array is the faster one too, as a number in JavaScript has 64 bits.

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
      return {
        ...mixture(
          ticks.flatMap((x) => ticks.map((y) => [x, y])),
          0.05,
        ),
        extent: 5.2,
      };
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
    blob: () => ({ ...curve(() => [1, 1], 0.2), extent: 2.8 }),
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

  // In tiles, since writing down a column of 256 numbers misses the cache each time.
  function transpose(out, a, rows, columns) {
    for (let i0 = 0; i0 < rows; i0 += 8) {
      const end = Math.min(i0 + 8, rows);
      for (let j = 0; j < columns; j++) {
        for (let i = i0, to = j * rows + i0, at = i0 * columns + j; i < end; i++, at += columns)
          out[to++] = a[at];
      }
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
        y[at] = low === null ? Math.tanh(a) : Math.max(a, low * a); // a branch would be guessed wrong
      }
    }
  }

  // d = d φ'(a)
  function slope(d, y, n, low) {
    if (low === null) for (let i = 0; i < n; i++) d[i] *= 1 - y[i] * y[i];
    else for (let i = 0; i < n; i++) d[i] *= low + (1 - low) * (y[i] > 0);
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
      setup: s,
      F,
      streams,
      generator,
      discriminator,
      source: SOURCES[s.data](s.points || []),
      step: 0,
      criticStep: 0,
      real: room(2),
      latents: room(s.latent_dim),
      mix: room(1),
      stack: room(6),
      slopes: room(3),
      others: room(1),
      row: {},
      turn: 0,
      limit: s.steps,
      start: setup,
      changes: [],
      history: { stride: 1, held: 0, sums: zeros(() => 0), columns: zeros(() => []) },
      metrics: [],
      every: 50,
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
      const size = sizes[l];
      if (low !== null) {
        for (let i = 0, at = 0; i < rows; i++)
          for (let j = 0; j < size; j++, at++) e[l][at] = slopes[i] * d[l][at];
        continue;
      }
      const { weight, turned } = net.layers[l];
      multiply(
        e[l],
        e[l + 1],
        transpose(turned, weight, sizes[l + 1], size),
        rows,
        size,
        sizes[l + 1],
        false,
      );
      slope(e[l], y[l], rows * size, low);
      // φ'' tangent adjoint, with φ'' = -2 y φ', and φ' adjoint = d
      for (let i = 0; i < rows * size; i++) e[l][i] -= 2 * y[l][i] * t[l][i] * d[l][i];
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
      out.set(
        forward(net, x.subarray(i * inputs, (i + rows) * inputs), rows).subarray(0, rows * outputs),
        i * outputs,
      );
    }
    return out;
  }

  function measure(g, n = 2500) {
    const latents = normals(new g.F(n * g.setup.latent_dim), g.streams.metric);
    return { step: g.step, ...coverage(apply(g.generator, latents, n, new g.F(2 * n)), n, g.source) };
  }

  // Curves keep at most 512 rows: when they are full, each two become their mean.
  const COLUMNS = ["step", "d_loss", "penalty", "g_loss", "g_norm"];

  function record(g) {
    const { history, row } = g;
    COLUMNS.forEach((name) => (history.sums[name] += name === "step" ? g.step : (row[name] ?? NaN)));
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
    if (g.source.centers && g.step % g.every === 0) g.metrics.push(measure(g));
    if (g.metrics.length >= 400) {
      g.every *= 2;
      g.metrics = g.metrics.filter((_, i) => i % 2);
    }
  }

  // What a picture shows: the generator's images of fixed latents, the steepest descent of its loss at some of
  // them, the discriminator's scores on a lattice, and the images of a grid of latents.

  const SHOWN = 250;
  const ARROWS = 60;
  const LATTICE = 32;
  const LINES = 9;
  const TICKS = 25;

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
    const arrows = pullback(D, D.d, ARROWS, 0)
      .slice(0, 2 * ARROWS)
      .map((x) => -ARROWS * x);
    const single = (values) => Float32Array.from(values);
    return {
      fake: single(fake),
      arrows: single(arrows),
      field: single(field),
      manifold: single(manifold),
      ticks: TICKS,
    };
  }

  function summary(g) {
    const { step, criticStep, turn, row, metrics, source, setup } = g;
    return {
      step,
      criticStep,
      turn,
      row: { ...row },
      metrics: metrics.at(-1) ?? null,
      total: source.centers?.length ?? 0,
      setup,
    };
  }

  // A host runs one game for a page: it takes messages and answers with frames.
  function host(post, F, budget, soon) {
    let [g, mode, pace, waiting, framed, lastPost] = [null, "paused", 0, false, 0, 0];
    let [timer, ready, ticks] = [null, 0, []];
    const now = () => performance.now();

    function frame(done, more) {
      const { columns } = g.history;
      const reached = g.step >= g.limit;
      post({
        type: "frame",
        ...summary(g),
        ...view(g),
        columns,
        points: g.metrics,
        mode,
        done,
        reached,
        rate: rate(),
        ...more,
      });
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
    // At most 600 steps a second, so that the eye can follow two small networks.
    function steps(until) {
      while (now() < until && now() >= ready && g.step < g.limit) {
        wholeStep();
        ready = Math.max(ready, now() - 100) + 1000 / 600;
      }
      return "both";
    }
    function run() {
      timer = null;
      if (mode !== "running") return;
      const until = now() + budget;
      const done = attempt(() => (pace ? halfStep(g) : steps(until)));
      if (!done) return;
      ticks = [...ticks.filter(([, at]) => at > now() - 2000), [g.step, now()]];
      if (g.step >= g.limit) mode = "paused";
      if (pace || mode === "paused" || (!waiting && now() - lastPost >= framed)) frame(done);
      if (mode === "running") later();
    }
    function later() {
      if (timer !== null) return;
      const wait = pace || Math.ceil(ready - now());
      timer = wait > 0 ? setTimeout(run, wait) : (soon(run) ?? 0);
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
        const ran = attempt(() => {
          const times = { discriminator: 1, generator: 0, both: g.setup.n_critic }[who];
          for (let i = 0; i < times; i++) drawnCriticStep(g);
          if (who !== "discriminator") drawnGeneratorStep(g);
          return true;
        });
        if (ran) frame(who);
      },
      tune({ setup }) {
        const changed = Object.keys(setup).filter((name) => setup[name] !== g.setup[name]);
        if (changed.length)
          g.changes.push({ step: g.step, ...Object.fromEntries(changed.map((name) => [name, setup[name]])) });
        Object.assign(g.setup, setup);
        frame("tune");
      },
      seen() {
        waiting = false;
      },
      export() {
        const { columns, stride } = g.history;
        post({
          type: "export",
          ...summary(g),
          start: g.start,
          changes: g.changes,
          stride,
          columns,
          points: g.metrics,
          ...view(g),
        });
      },
    };
    return (message) => ACTIONS[message.type](message);
  }

  return {
    stream,
    SOURCES,
    network,
    initialize,
    game,
    criticGradient,
    generatorGradient,
    criticStep,
    generatorStep,
    halfStep,
    update,
    coverage,
    measure,
    LOSSES,
    forward,
    view,
    host,
  };
}
