// Two densities on a line, each to be moved and widened, with what the best discriminator makes of them.
// `mount(root, data, live)`: data is what `ganlab.explorables.densities` writes. live.send(state) is called
// with {laws, jsd, value} whenever the reader moves something. Returns {destroy}.

import { axes, clamp, control, follow, legend, make, shown, stage } from "./axes.js";

const CSS = `
.explorable-densities .controls { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(20em, 100%), 1fr)); gap: .2em 1.5em; margin: .4em 0; }
.explorable-densities .controls label { display: grid; grid-template-columns: 10.5em minmax(5em, 1fr) 3.6em; font-size: 14px; }
.explorable-densities .controls input { min-width: 0; }
`;
const LOG2 = Math.log(2);
const ROOT = Math.log(2 * Math.PI) / 2;

// A law is a list of [weight, mean, standard deviation].
export function logDensity(law, x) {
  let [top, sum] = [-Infinity, 0];
  for (const [weight, mean, std] of law) {
    const z = (x - mean) / std;
    const term = Math.log(weight) - Math.log(std) - ROOT - (z * z) / 2;
    if (term > top) [sum, top] = [sum * Math.exp(top - term) + 1, term];
    else sum += Math.exp(term - top);
  }
  return top + Math.log(sum);
}

export function mean(law) {
  return law.reduce((sum, [weight, m]) => sum + weight * m, 0);
}

export function deviation(law) {
  const centre = mean(law);
  return Math.sqrt(law.reduce((sum, [weight, m, std]) => sum + weight * (std * std + (m - centre) ** 2), 0));
}

// The law moved and widened to another mean and another standard deviation.
export function placed(law, centre, width) {
  const [m, factor] = [mean(law), width / deviation(law)];
  return law.map(([weight, mu, std]) => [weight, centre + factor * (mu - m), factor * std]);
}

const softplus = (x) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)));

export function best(p, q, x) {
  return 1 / (1 + Math.exp(logDensity(q, x) - logDensity(p, x)));
}

// JSD(p, q) and V(D*) = E_p[log D*] + E_q[log(1 - D*)], in nats, each by the trapezoidal rule on its own
// integrand: for smooth densities that fall off on both sides it is exact to rounding once the step is small.
export function compare(p, q) {
  const all = [...p, ...q];
  const low = Math.min(...all.map(([, m, s]) => m - 10 * s));
  const high = Math.max(...all.map(([, m, s]) => m + 10 * s));
  const count = clamp(Math.ceil((16 * (high - low)) / Math.min(...all.map(([, , s]) => s))), 400, 40000);
  const step = (high - low) / count;
  let [jsd, value] = [0, 0];
  for (let i = 0; i <= count; i++) {
    const x = low + i * step;
    const [a, b] = [logDensity(p, x), logDensity(q, x)];
    const [real, fake] = [-softplus(b - a), -softplus(a - b)]; // log D*, log(1 - D*)
    jsd += (Math.exp(a) * (LOG2 + real) + Math.exp(b) * (LOG2 + fake)) / 2;
    value += Math.exp(a) * real + Math.exp(b) * fake;
  }
  return { jsd: jsd * step, value: value * step };
}

export function mount(root, data, live) {
  const body = stage(root, "densities", `Explorer: ${data.laws.map((law) => law.name).join(" and ")}, and the best discriminator between them`);
  body.append(make("style", {}, CSS));
  const [x0, x1] = data.x;
  const grid = Array.from({ length: 401 }, (_, i) => x0 + (i * (x1 - x0)) / 400);
  const widths = [(x1 - x0) / 100, (x1 - x0) / 4];
  const laws = data.laws.map((law) => ({ ...law, parts: law.parts }));
  let width = 0;
  let held = null;
  let probe = data.at;

  const curve = (law) => ({ name: law.name, role: law.role, dash: law.dash, x: grid, y: grid.map((x) => Math.exp(logDensity(law.parts, x))) });
  const answer = () => ({ name: "D*(x)", role: "discriminator", dash: "solid", x: grid, y: grid.map((x) => best(laws[0].parts, laws[1].parts, x)) });
  body.append(legend([...laws.map(curve), answer()]), make("p", { class: "title" }, "densities: drag a circle to move a law, a diamond to widen it"));
  const top = axes(body, { height: 200, x: data.x, y: [0, 1], lines: [], label: "the two densities", pick: drag });
  body.append(make("p", { class: "title" }, "the best discriminator's answer, D* = p/(p + q)"));
  const bottom = axes(body, { height: 150, x: data.x, y: [0, 1.04], lines: [], landmarks: [{ name: "1/2", y: 0.5 }], xLabel: "x", label: "the best discriminator's answer D*", pick: ({ x }) => look(x) });
  const controls = make("div", { class: "controls" });
  const said = make("p", { class: "said", role: "status" });
  body.append(controls, said);

  const sliders = laws.map((law, i) => ({
    centre: slider(`${law.name}: mean`, x0, x1, (v) => change(i, v, deviation(law.parts))),
    width: slider(`${law.name}: deviation`, ...widths, (v) => change(i, mean(law.parts), v)),
  }));
  const seeker = slider("look at x", x0, x1, look);

  function slider(name, min, max, act) {
    const input = control("input", { type: "range", min, max, step: (max - min) / 400 });
    const output = make("output", { "aria-hidden": "true" });
    input.addEventListener("input", () => act(Number(input.value)));
    controls.append(make("label", {}, name, input, output));
    return (value) => {
      input.value = value;
      output.textContent = shown(value, 3);
      input.setAttribute("aria-valuetext", `${name} ${shown(value, 3)}`);
    };
  }

  function handles() {
    return laws.flatMap((law) => {
      const [centre, wide] = [mean(law.parts), deviation(law.parts)];
      const at = (x) => Math.exp(logDensity(law.parts, x));
      return [{ x: centre, y: at(centre), role: law.role }, { x: centre + wide, y: at(centre + wide), role: law.role, wide: true }];
    });
  }

  function drag({ x, y }, phase, place) {
    if (phase === "down") {
      const far = (h) => Math.hypot(place.px(h.x) - place.px(x), place.py(h.y) - place.py(y));
      const nearest = handles().map((h, i) => [far(h), i]).sort((a, b) => a[0] - b[0])[0];
      held = nearest[0] <= 24 ? nearest[1] : null;
      if (held === null) look(x);
      return;
    }
    if (held === null) return look(x);
    const i = held >> 1;
    const centre = mean(laws[i].parts);
    if (held & 1) change(i, centre, Math.abs(x - centre));
    else change(i, x, deviation(laws[i].parts));
  }

  function change(i, centre, wide) {
    laws[i].parts = placed(laws[i].parts, clamp(centre, x0, x1), clamp(wide, ...widths));
    show();
  }

  function look(x) {
    probe = clamp(x, x0, x1);
    show();
  }

  function show(moved = true) {
    const [p, q] = laws.map((law) => law.parts);
    const { jsd, value } = compare(p, q);
    const d = best(p, q, probe);
    said.textContent = `JSD ${shown(jsd, 4)} of at most ${shown(LOG2, 4)} nats; V(D*) ${shown(value, 5)} = 2 JSD − log 4. ` +
      `At x = ${shown(probe, 3)}: p ${shown(Math.exp(logDensity(p, probe)), 3)}, q ${shown(Math.exp(logDensity(q, probe)), 3)}, D* ${shown(d, 4)}.`;
    body.dataset.jsd = jsd;
    body.dataset.value = value;
    laws.forEach((law, i) => {
      sliders[i].centre(mean(law.parts));
      sliders[i].width(deviation(law.parts));
    });
    seeker(probe);
    if (moved) live?.send?.({ laws: [p, q], jsd, value });
    if (!width) return;
    const lines = laws.map(curve);
    Object.assign(top.options, { lines, y: [0, 1.12 * Math.max(...lines.flatMap((line) => line.y))] });
    bottom.options.lines = [answer()];
    const room = top.svg.parentNode.clientWidth - 22;
    top.draw(room, { cursor: probe, handles: handles() });
    bottom.draw(room, { cursor: probe, dots: [{ x: probe, y: d, role: "discriminator" }] });
  }

  show(false);
  const unfollow = follow(body, (now) => ((width = now), show(false)));
  return {
    destroy() {
      unfollow();
      root.replaceChildren();
    },
  };
}
