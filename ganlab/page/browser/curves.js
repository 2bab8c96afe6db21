// Functions to walk along: value, slope and tangent of each at one point that the reader drags.
// `mount(root, data, live)`: data is what `ganlab.explorables.curves` writes, samples with their slopes. The
// point moves from sample to sample, so that each number shown is one that Python computed. live.send(state)
// is called with {index, x} whenever the reader moves it. Returns {destroy}.

import { axes, clamp, control, follow, legend, make, role, shown, span, stage } from "./axes.js";

const SHORT = { inf: Infinity, "-inf": -Infinity };
const CSS = `
.explorable-curves output { min-width: 7em; }
.explorable-curves .swatch { display: inline-block; width: .7em; height: .7em; border-radius: 50%; background: var(--role); margin-right: .5em; }
`;

export function mount(root, data, live) {
  const names = data.functions.map((f) => f.name);
  const body = stage(root, "curves", `Explorer: ${names.join(", ")} over ${data.xName}`);
  body.append(make("style", {}, CSS));
  const read = (list) => list.map((v) => (typeof v === "string" ? SHORT[v] : v));
  const functions = data.functions.map((f) => ({ ...f, values: read(f.values), slopes: read(f.slopes) }));
  const x = data.x;
  const window = [x[0], x.at(-1)];
  let index = data.at;
  let width = 0;

  const lines = (key) => functions.map((f) => ({ name: f.name, role: f.role, dash: f.dash, x, y: f[key] }));
  const pick = ({ x: wanted }) => go(nearest(wanted), true);
  const panel = (key, words, range, marks, height) => {
    body.append(make("p", { class: "title" }, words));
    const label = `${words} of ${names.join(", ")} over ${data.xName}`;
    const xLabel = key === "slopes" || !data.slopes ? data.xName : "";
    return { key, axes: axes(body, { height, x: window, y: range ?? span(lines(key).map((l) => l.y)), lines: lines(key), landmarks: marks, xLabel, label, pick }) };
  };
  body.append(legend(lines("values")));
  const panels = [panel("values", `${data.yName}${data.unit && `, in ${data.unit}`}`, data.y, data.landmarks, 220)];
  if (data.slopes) panels.push(panel("slopes", `slope of ${data.yName}`, data.slopeRange, [], 150));
  const slider = control("input", { type: "range", min: 0, max: x.length - 1, step: 1, "aria-label": data.xName });
  const place = make("output", { "aria-hidden": "true" });
  const table = make("table");
  const said = make("p", { class: "said unseen", role: "status" });
  body.append(make("div", { class: "bar" }, slider, place), table, said);

  function nearest(wanted) {
    return x.reduce((best, v, i) => (Math.abs(v - wanted) < Math.abs(x[best] - wanted) ? i : best), 0);
  }

  function show() {
    if (!width) return;
    for (const { key, axes: plot } of panels) {
      const at = functions.map((f) => ({ x: x[index], y: f[key][index], slope: f.slopes[index], role: f.role }));
      const known = at.filter((t) => Number.isFinite(t.y) && Number.isFinite(t.slope) && t.y !== null && t.slope !== null);
      plot.draw(plot.svg.parentNode.clientWidth - 22, { cursor: x[index], dots: at, tangents: key === "values" ? known : [] });
    }
  }

  function go(next, moved = false) {
    index = clamp(next, 0, x.length - 1);
    slider.value = index;
    place.textContent = `${data.xName} = ${shown(x[index])}`;
    table.replaceChildren(make("thead", {}, make("tr", {}, make("td"), ...[data.yName, "slope"].map((word) => make("th", { scope: "col" }, word)))));
    const rows = functions.map((f) => make("tr", {},
      make("th", { scope: "row" }, make("span", { class: "swatch", style: role(f.role) }), f.name),
      make("td", {}, shown(f.values[index])), make("td", {}, shown(f.slopes[index]))));
    table.append(make("tbody", {}, ...rows));
    const parts = functions.map((f) => `${f.name} ${shown(f.values[index], 4)}, slope ${shown(f.slopes[index], 4)}`);
    said.textContent = `At ${place.textContent}: ${parts.join("; ")}.`;
    slider.setAttribute("aria-valuetext", place.textContent);
    show();
    if (moved) live?.send?.({ index, x: x[index] });
  }

  slider.addEventListener("input", () => go(Number(slider.value), true));
  go(index);
  const unfollow = follow(body, (now) => ((width = now), show()));
  return {
    destroy() {
      unfollow();
      root.replaceChildren();
    },
  };
}
