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

export const SOURCES = {
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
