// The Dirac-GAN with a rate and a penalty to drag: where the eigenvalues are, and where the players go.
// `mount(root, data, live)`: data is what `ganlab.explorables.dirac` writes. live.send(state) is called with
// {rate, weight, rule, start, modulus} whenever the reader moves something. Returns {destroy}.

import CSS from "./explorers/densities.css" with { type: "text" };
import { eigenvalues, jacobian, longest, matrix, modulus, path } from "./explorers/dirac.js";
import { axes } from "./kit/axes.js";
import { make } from "./kit/elements.js";
import { shown } from "./kit/numbers.js";
import { follow, stage } from "./kit/stage.js";

const RULES = ["at once", "in turns"];
const DISC = Array.from({ length: 121 }, (_, i) => (i * Math.PI) / 60);

export function mount(root, data, live) {
  const about = "Explorer: the Dirac-GAN, its eigenvalues and the path of its players";
  const body = stage(root, "densities", about, CSS);
  const explorer = { body, live, ...data, width: 0 };
  build(explorer);
  show(explorer, false);
  const release = follow(body, (now) => {
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
  const { body } = explorer;
  const title = (text) => body.append(make("p", { class: "title" }, text));
  title("eigenvalues times the rate, and the disc in which they must lie if both players move at once");
  const plane = { height: 210, x: [-1, 1], y: [-1.2, 1.2], lines: [], xLabel: "real part" };
  explorer.plane = axes(body, { ...plane, label: "eigenvalues times the rate, in the complex plane" });
  title("the path of the players: click to place the start");
  const ground = { height: 240, x: [-1, 1], y: [-1.6, 1.6], lines: [], xLabel: "θ, the generator" };
  const pick = ({ x, y }) => change(explorer, { start: [x, y] });
  explorer.ground = axes(body, { ...ground, label: "path of θ and ψ", pick });
  const controls = make("div", { class: "controls" });
  explorer.said = make("p", { class: "said", role: "status" });
  body.append(controls, explorer.said);
  explorer.sliders = {
    rate: slider(controls, "rate η", [0.05, 4], (rate) => change(explorer, { rate })),
    weight: slider(controls, "weight λ of R1", [0, 1.5], (weight) => change(explorer, { weight })),
  };
  const choice = make("select", { onchange: () => change(explorer, { rule: choice.value }) });
  choice.append(...RULES.map((rule) => make("option", { value: rule }, rule)));
  controls.append(make("label", {}, "the players move", choice));
  explorer.choice = choice;
}

function slider(controls, name, [min, max], act) {
  const oninput = () => act(Number(input.value));
  const input = make("input", { type: "range", min, max, step: 0.01, oninput });
  const output = make("output", { "aria-hidden": "true" });
  controls.append(make("label", {}, name, input, output));
  return (value) => {
    input.value = value;
    output.textContent = shown(value, 3);
    input.setAttribute("aria-valuetext", `${name} ${shown(value, 3)}`);
  };
}

function change(explorer, changed) {
  Object.assign(explorer, changed);
  show(explorer);
}

const complex = ([re, im]) =>
  im ? `${shown(re, 3)} ${im < 0 ? "−" : "+"} ${shown(Math.abs(im), 3)}i` : shown(re, 3);

function show(explorer, moved = true) {
  const { body, sliders, choice, rate, weight, rule, start, live } = explorer;
  const kappas = eigenvalues(jacobian(weight));
  const factors = eigenvalues(matrix(rule, rate, weight));
  const most = Math.max(...factors.map(modulus));
  const limit = longest(weight);
  const whither = most < 1 - 1e-9 ? "come home" : most > 1 + 1e-9 ? "leave" : "neither come nor go";
  explorer.said.textContent =
    `κ = ${kappas.map(complex).join(" and ")}. Largest |μ| of a step, ${rule}: ${shown(most, 4)}. ` +
    `Near the equilibrium the players ${whither}. ` +
    (limit
      ? `At once they come home with steps below ${shown(limit, 3)}.`
      : "At once no step brings them home.");
  Object.assign(body.dataset, { modulus: most, longest: limit });
  sliders.rate(rate);
  sliders.weight(weight);
  choice.value = rule;
  if (moved) live?.send?.({ rate, weight, rule, start, modulus: most });
  if (explorer.width) draw(explorer, kappas);
}

function draw(explorer, kappas) {
  const { plane, ground, rate, weight, rule, start, steps } = explorer;
  const room = plane.svg.parentNode.clientWidth - 22;
  for (const each of [plane, ground]) widen(each.options, room);
  const disc = { name: "disc", role: "neutral", dash: "dashed" };
  const circle = { ...disc, x: DISC.map((t) => Math.cos(t) - 1), y: DISC.map((t) => Math.sin(t)) };
  plane.options.lines = [circle];
  plane.draw(room, {
    dots: kappas.map(([re, im]) => ({ x: rate * re, y: rate * im, role: "discriminator" })),
  });
  const places = path(rule, rate, weight, start, steps);
  const line = { name: "path", role: "fake", dash: "solid" };
  ground.options.lines = [{ ...line, x: places.map(([x]) => x), y: places.map(([, y]) => y) }];
  const home = { x: 0, y: 0, role: "real" };
  ground.draw(room, { dots: [home], handles: [{ x: start[0], y: start[1], role: "fake" }] });
}

// One length has the same number of pixels along both axes.
function widen(options, room) {
  const half = (options.y[1] * (room - 54)) / (options.height - 42);
  options.x = [-half, half];
}
