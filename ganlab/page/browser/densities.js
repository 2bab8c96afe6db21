// Two densities on a line, each to be moved and widened, with what the best discriminator makes of them.
// `mount(root, data, live)`: data is what `ganlab.explorables.densities` writes. live.send(state) is called
// with {laws, jsd, value} whenever the reader moves something. Returns {destroy}.

import CSS from "./explorers/densities.css" with { type: "text" };
import { LOG2, best, compare, density, deviation, mean, placed } from "./explorers/laws.js";
import { axes, legend } from "./kit/axes.js";
import { make } from "./kit/elements.js";
import { clamp, shown } from "./kit/numbers.js";
import { follow, stage } from "./kit/stage.js";

export function mount(root, data, live) {
  const about = `Explorer: ${data.laws.map((law) => law.name).join(" and ")}, and the best discriminator between them`;
  const [x0, x1] = data.x;
  const explorer = {
    live,
    window: data.x,
    widths: [(x1 - x0) / 100, (x1 - x0) / 4],
    grid: Array.from({ length: 401 }, (_, i) => x0 + (i * (x1 - x0)) / 400),
    laws: data.laws.map((law) => ({ ...law })),
    body: stage(root, "densities", about, CSS),
    width: 0,
    held: null,
    probe: data.at,
  };
  build(explorer);
  show(explorer, false);
  const release = follow(explorer.body, (now) => {
    explorer.width = now;
    show(explorer, false);
  });
  return {
    destroy() {
      release();
      root.replaceChildren();
    },
  };
}

function build(explorer) {
  const { body, laws, window, widths } = explorer;
  const title = (text) => make("p", { class: "title" }, text);
  body.append(legend([...laws.map((law) => curve(explorer, law)), answer(explorer)]));
  body.append(title("densities: drag a circle to move a distribution, a diamond to widen it"));
  const top = { height: 200, x: window, y: [0, 1], lines: [], label: "the two densities" };
  explorer.top = axes(body, { ...top, pick: (...picked) => drag(explorer, ...picked) });
  body.append(title("the best discriminator's answer, D* = p/(p + q)"));
  const bottom = { height: 150, x: window, y: [0, 1.04], lines: [], landmarks: [{ name: "1/2", y: 0.5 }] };
  const label = { xLabel: "x", label: "the best discriminator's answer D*" };
  explorer.bottom = axes(body, { ...bottom, ...label, pick: ({ x }) => look(explorer, x) });
  explorer.controls = make("div", { class: "controls" });
  explorer.said = make("p", { class: "said", role: "status" });
  body.append(explorer.controls, explorer.said);
  explorer.sliders = laws.map((law, i) => ({
    centre: slider(explorer, `${law.name}: mean`, window, (v) =>
      change(explorer, i, v, deviation(law.parts)),
    ),
    width: slider(explorer, `${law.name}: deviation`, widths, (v) => change(explorer, i, mean(law.parts), v)),
  }));
  explorer.seeker = slider(explorer, "look at x", window, (x) => look(explorer, x));
}

function curve({ grid }, { name, role, dash, parts }) {
  return { name, role, dash, x: grid, y: grid.map((x) => density(parts, x)) };
}

function answer({ grid, laws: [p, q] }) {
  const y = grid.map((x) => best(p.parts, q.parts, x));
  return { name: "D*(x)", role: "discriminator", dash: "solid", x: grid, y };
}

function slider({ controls }, name, [min, max], act) {
  const oninput = () => act(Number(input.value));
  const input = make("input", { type: "range", min, max, step: (max - min) / 400, oninput });
  const output = make("output", { "aria-hidden": "true" });
  controls.append(make("label", {}, name, input, output));
  return (value) => {
    input.value = value;
    output.textContent = shown(value, 3);
    input.setAttribute("aria-valuetext", `${name} ${shown(value, 3)}`);
  };
}

const handles = ({ laws }) =>
  laws.flatMap(({ parts, role }) => {
    const [centre, wide] = [mean(parts), mean(parts) + deviation(parts)];
    return [
      { x: centre, y: density(parts, centre), role },
      { x: wide, y: density(parts, wide), role, wide: true },
    ];
  });

function drag(explorer, { x, y }, phase, place) {
  if (phase === "down") {
    const far = (h) => Math.hypot(place.px(h.x) - place.px(x), place.py(h.y) - place.py(y));
    const [[distance, i]] = handles(explorer)
      .map((h, k) => [far(h), k])
      .sort((a, b) => a[0] - b[0]);
    explorer.held = distance <= 24 ? i : null;
    if (explorer.held === null) look(explorer, x);
    return;
  }
  if (explorer.held === null) {
    look(explorer, x);
    return;
  }
  const i = explorer.held >> 1;
  const { parts } = explorer.laws[i];
  if (explorer.held & 1) change(explorer, i, mean(parts), Math.abs(x - mean(parts)));
  else change(explorer, i, x, deviation(parts));
}

function change(explorer, i, centre, wide) {
  const { laws, window, widths } = explorer;
  laws[i].parts = placed(laws[i].parts, clamp(centre, ...window), clamp(wide, ...widths));
  show(explorer);
}

function look(explorer, x) {
  explorer.probe = clamp(x, ...explorer.window);
  show(explorer);
}

function show(explorer, moved = true) {
  const { body, laws, sliders, probe, live } = explorer;
  const [p, q] = laws.map((law) => law.parts);
  const { jsd, value } = compare(p, q);
  explorer.said.textContent =
    `JSD ${shown(jsd, 4)} of at most ${shown(LOG2, 4)} nats; V(D*) ${shown(value, 5)} = 2 JSD − log 4. ` +
    `At x = ${shown(probe, 3)}: p ${shown(density(p, probe), 3)}, q ${shown(density(q, probe), 3)}, D* ${shown(best(p, q, probe), 4)}.`;
  Object.assign(body.dataset, { jsd, value });
  laws.forEach((law, i) => {
    sliders[i].centre(mean(law.parts));
    sliders[i].width(deviation(law.parts));
  });
  explorer.seeker(probe);
  if (moved) live?.send?.({ laws: [p, q], jsd, value });
  if (explorer.width) draw(explorer);
}

function draw(explorer) {
  const { laws, top, bottom, probe } = explorer;
  const lines = laws.map((law) => curve(explorer, law));
  Object.assign(top.options, { lines, y: [0, 1.12 * Math.max(...lines.flatMap((line) => line.y))] });
  bottom.options.lines = [answer(explorer)];
  const room = top.svg.parentNode.clientWidth - 22;
  const dot = { x: probe, y: best(laws[0].parts, laws[1].parts, probe), role: "discriminator" };
  top.draw(room, { cursor: probe, handles: handles(explorer) });
  bottom.draw(room, { cursor: probe, dots: [dot] });
}
