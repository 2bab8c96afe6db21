// Functions to walk along: value, slope and tangent of each at one point that the reader drags.
// `mount(root, data, live)`: data is what `ganlab.explorables.curves` writes, samples with their slopes. The
// point moves from sample to sample, so that each number shown is one that Python computed. live.send(state)
// is called with {index, x} whenever the reader moves it. Returns {destroy}.

import CSS from "./explorers/curves.css" with { type: "text" };
import { axes, legend } from "./kit/axes.js";
import { make } from "./kit/elements.js";
import { clamp, nearest, shown, span } from "./kit/numbers.js";
import { follow, stage } from "./kit/stage.js";
import { role } from "./kit/theme.js";

const SHORT = { inf: Infinity, "-inf": -Infinity };
const read = (list) => list.map((v) => (typeof v === "string" ? SHORT[v] : v));

export function mount(root, data, live) {
  const names = data.functions.map((f) => f.name).join(", ");
  const explorer = {
    data,
    live,
    names,
    x: data.x,
    index: data.at,
    width: 0,
    functions: data.functions.map((f) => ({ ...f, values: read(f.values), slopes: read(f.slopes) })),
    body: stage(root, "curves", `Explorer: ${names} over ${data.xName}`, CSS),
  };
  build(explorer);
  go(explorer, explorer.index);
  const release = follow(explorer.body, (now) => {
    explorer.width = now;
    show(explorer);
  });
  return {
    destroy() {
      release();
      root.replaceChildren();
    },
  };
}

function build(explorer) {
  const { body, data, x } = explorer;
  body.append(legend(linesOf(explorer, "values")));
  const title = `${data.yName}${data.unit && `, in ${data.unit}`}`;
  explorer.panels = [panel(explorer, "values", title, { y: data.y, landmarks: data.landmarks, height: 220 })];
  if (data.slopes) {
    const below = { y: data.slopeRange, landmarks: [], height: 150 };
    explorer.panels.push(panel(explorer, "slopes", `slope of ${data.yName}`, below));
  }
  const oninput = () => go(explorer, Number(explorer.slider.value), true);
  const range = { type: "range", min: 0, max: x.length - 1, step: 1, "aria-label": data.xName };
  explorer.slider = make("input", { ...range, oninput });
  explorer.place = make("output", { "aria-hidden": "true" });
  explorer.table = make("table");
  explorer.said = make("p", { class: "said unseen", role: "status" });
  body.append(make("div", { class: "bar" }, explorer.slider, explorer.place), explorer.table, explorer.said);
}

const linesOf = ({ functions, x }, key) =>
  functions.map((f) => ({ name: f.name, role: f.role, dash: f.dash, x, y: f[key] }));

function panel(explorer, key, words, { y, ...look }) {
  const { body, data, names, x } = explorer;
  const lines = linesOf(explorer, key);
  body.append(make("p", { class: "title" }, words));
  const label = `${words} of ${names} over ${data.xName}`;
  const xLabel = key === "slopes" || !data.slopes ? data.xName : "";
  const pick = ({ x: wanted }) => go(explorer, nearest(x, wanted), true);
  const ranges = { x: [x[0], x.at(-1)], y: y ?? span(lines.map((line) => line.y)) };
  return { key, axes: axes(body, { ...look, ...ranges, lines, xLabel, label, pick }) };
}

function show({ panels, functions, x, index, width }) {
  if (!width) return;
  const known = (t) => Number.isFinite(t.y) && Number.isFinite(t.slope);
  for (const { key, axes: plot } of panels) {
    const dots = functions.map((f) => ({
      x: x[index],
      y: f[key][index],
      slope: f.slopes[index],
      role: f.role,
    }));
    const tangents = key === "values" ? dots.filter(known) : [];
    plot.draw(plot.svg.parentNode.clientWidth - 22, { cursor: x[index], dots, tangents });
  }
}

function go(explorer, next, moved = false) {
  const { data, x, functions, slider, place, said, live } = explorer;
  const index = (explorer.index = clamp(next, 0, x.length - 1));
  slider.value = index;
  place.textContent = `${data.xName} = ${shown(x[index])}`;
  tabulate(explorer);
  const parts = functions.map(
    (f) => `${f.name} ${shown(f.values[index], 4)}, slope ${shown(f.slopes[index], 4)}`,
  );
  said.textContent = `At ${place.textContent}: ${parts.join("; ")}.`;
  slider.setAttribute("aria-valuetext", place.textContent);
  show(explorer);
  if (moved) live?.send?.({ index, x: x[index] });
}

function tabulate({ table, data, functions, index }) {
  const head = [data.yName, "slope"].map((word) => make("th", { scope: "col" }, word));
  const rows = functions.map((f) => {
    const name = make("th", { scope: "row" }, make("span", { class: "swatch", style: role(f.role) }), f.name);
    const numbers = [f.values, f.slopes].map((list) => make("td", {}, shown(list[index])));
    return make("tr", {}, name, ...numbers);
  });
  table.replaceChildren(make("thead", {}, make("tr", {}, make("td"), ...head)), make("tbody", {}, ...rows));
}
