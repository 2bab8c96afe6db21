// Numbers as a reader wants them, and ranges for axes.

export const clamp = (x, low, high) => Math.min(Math.max(x, low), high);

// `digits` significant digits, a real minus, no trailing zeros behind the point.
export function shown(x, digits = 4) {
  if (x === null || x === undefined || Number.isNaN(x)) return "no number";
  if (!Number.isFinite(x)) return x > 0 ? "∞" : "−∞";
  const size = Math.abs(x);
  let text = x.toPrecision(digits);
  if (size && (size < 1e-3 || size >= 1e6)) {
    const [mantissa, power] = x.toExponential(digits - 1).split("e");
    text = `${mantissa.replace(/\.?0+$/, "")}e${Number(power)}`;
  } else if (text.includes(".")) text = String(Number(text));
  else text = String(Math.round(x));
  return text.replace("-", "−").replace("e-", "e−");
}

export function ticks(low, high, count) {
  const rough = (high - low) / Math.max(count, 1);
  const ten = 10 ** Math.floor(Math.log10(rough));
  const step = ten * [1, 2, 5, 10].find((factor) => factor * ten >= rough * 0.999);
  const found = [];
  for (let i = Math.ceil(low / step - 1e-9); i * step <= high + 1e-9 * step; i++) found.push(i * step);
  return found;
}

// The smallest and the largest finite number of several lists, apart even where there is but one.
export function span(lists, padding = 0.06) {
  let [low, high] = [Infinity, -Infinity];
  for (const list of lists) {
    for (const y of list) {
      if (typeof y !== "number" || !Number.isFinite(y)) continue;
      [low, high] = [Math.min(low, y), Math.max(high, y)];
    }
  }
  if (low > high) return [0, 1];
  const room = (high - low) * padding || Math.abs(high) * padding || 0.5;
  return [low - room, high + room];
}

// The place of the value that is nearest to `wanted`; of two the first.
export const nearest = (values, wanted) =>
  values.reduce((best, v, i) => (Math.abs(v - wanted) < Math.abs(values[best] - wanted) ? i : best), 0);
