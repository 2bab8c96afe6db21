// A recorded training, to scrub and to play; two runs share one time axis.
// `mount(root, data, live)`: data is what `ganlab.explorables.player` writes. live.send(state) is called with
// {step} whenever the reader moves. Returns {destroy, update}; update(data) shows a recording that has grown.

import { frameAt, unpack, valueAt } from "./player/film.js";
import { paint, sign } from "./player/pictures.js";
import CSS from "./player/player.css" with { type: "text" };
import { spoken } from "./player/words.js";
import { axes, legend } from "./kit/axes.js";
import { button, make } from "./kit/elements.js";
import { gone } from "./kit/eye.js";
import { clamp, nearest, span } from "./kit/numbers.js";
import { follow, stage } from "./kit/stage.js";

const LAYERS = { field: "discriminator", real: "real points", fake: "generated points", arrows: "gradient" };

export function mount(root, data, live) {
  const titles = data.runs.map((run) => run.title).filter(Boolean);
  const player = {
    body: stage(root, "player", `Recorded training: ${titles.join(", beside ") || "one run"}`, CSS),
    layers: { field: true, real: true, fake: true, arrows: true },
    calm: matchMedia("(prefers-reduced-motion: reduce)"),
    live,
    runs: null,
    times: null,
    views: null,
    width: 0,
    index: 0,
    timer: null,
    printed: null,
  };
  build(player);
  const paper = printing(player);
  const unwatch = gone(player.body, () => player.timer !== null && stop(player));
  load(player, data);
  const release = follow(player.body, (now) => {
    player.width = now;
    show(player);
  });
  return {
    update(next) {
      player.said.setAttribute("aria-live", "off"); // a training that streams is not read out frame by frame
      load(player, next);
    },
    destroy() {
      stop(player);
      unwatch();
      release();
      paper();
      root.replaceChildren();
    },
  };
}

function build(player) {
  const onclick = () => toggle(player);
  player.planes = make("div", { class: "runs", onclick });
  player.plots = make("div", { class: "plots" });
  player.play = button("Play", onclick, { "aria-pressed": "false" });
  player.slider = slider(player);
  player.clock = make("output", { "aria-hidden": "true" });
  player.boxes = make("div", { class: "bar marks", role: "group", "aria-label": "What is drawn" });
  for (const [name, words] of Object.entries(LAYERS)) {
    const onchange = () => {
      player.layers[name] = box.checked;
      show(player);
    };
    const box = make("input", { type: "checkbox", checked: true, onchange });
    player.boxes.append(make("label", { "data-layer": name }, box, sign(name), words));
  }
  player.said = make("p", { class: "said", role: "status" });
  const drive = make("div", { class: "bar drive" }, player.play, player.slider, player.clock);
  player.sight = make("div", { class: "sight" }, player.planes, player.plots);
  player.body.append(drive, player.sight, player.boxes, player.said);
}

// On paper stands the last frame, whatever the screen shows. Returns what ends that.
function printing(player) {
  const before = () => {
    player.printed = player.index;
    go(player, player.times.length - 1);
  };
  const after = () => player.printed === null || go(player, player.printed);
  window.addEventListener("beforeprint", before);
  window.addEventListener("afterprint", after);
  return () => {
    window.removeEventListener("beforeprint", before);
    window.removeEventListener("afterprint", after);
  };
}

function slider(player) {
  const oninput = () => {
    player.said.setAttribute("aria-live", "polite");
    go(player, Number(player.slider.value), true);
  };
  const onkeydown = (event) => {
    if (event.key !== " ") return;
    event.preventDefault();
    toggle(player);
  };
  const range = { type: "range", min: 0, step: 1, "aria-label": "Step of the training" };
  return make("input", { ...range, oninput, onkeydown });
}

function load(player, next) {
  const { body, planes, plots, sight, slider: range, boxes, said, times: before } = player;
  const last = before && player.index === before.length - 1;
  const runs = (player.runs = next.runs.map(unpack));
  const times = [...new Set(runs.flatMap((run) => run.steps))].sort((a, b) => a - b);
  player.times = times;
  range.max = times.length - 1;
  boxes.lastChild.hidden = !runs.some((run) => run.arrowsAt(0).length);
  if (!before) player.index = next.start ?? (player.live ? times.length - 1 : 0);
  else if (last) player.index = times.length - 1;
  planes.replaceChildren();
  plots.replaceChildren();
  sight.classList.toggle("alone", runs.length === 1);
  player.views = runs.map((run) => view(player, run));
  player.width = body.clientWidth;
  said.textContent = "";
  go(player, player.index);
}

// The picture of a run, and below the pictures of all its curves.
function view(player, run) {
  const canvas = make("canvas", { role: "img" });
  const name = run.title ? make("p", { class: "name" }, run.title) : null;
  const again = run.title && player.runs.length > 1 ? make("p", { class: "name again" }, run.title) : null;
  const aside = make("div", {}, again);
  player.planes.append(make("div", { class: "run" }, name, canvas));
  player.plots.append(aside);
  return { canvas, plots: run.plots.map((plot) => curves(player, aside, plot, plot === run.plots.at(-1))) };
}

function curves(player, aside, plot, lowest) {
  const { times } = player;
  aside.append(make("p", { class: "title" }, plot.name));
  if (plot.lines.length > 1) aside.append(legend(plot.lines));
  const marks = plot.landmarks.map((mark) => [mark.y]);
  const y = plot.range ?? span([...plot.lines.map((line) => line.y), ...marks]);
  const about = { label: `${plot.name} over the steps`, xLabel: lowest ? "step" : "" };
  const size = { x: [0, Math.max(times.at(-1), 1)], y, height: lowest ? 124 : 110 };
  const pick = ({ x: step }) => go(player, nearest(player.times, step), true);
  return axes(aside, { ...plot, ...about, ...size, pick });
}

function show({ runs, views, times, index, layers, width }) {
  const step = times[index];
  runs.forEach((run, i) => {
    paint(views[i].canvas, run, frameAt(run, step), layers);
    for (const plot of views[i].plots) {
      const dots = plot.options.lines.map((line) => ({ x: step, y: valueAt(line, step), role: line.role }));
      if (width) plot.draw(plot.svg.parentNode.clientWidth, { cursor: step, dots });
    }
  });
}

function go(player, next, moved = false) {
  const { times, slider: range, clock, live } = player;
  const index = (player.index = clamp(next, 0, times.length - 1));
  range.value = index;
  clock.textContent = `step ${times[index]} of ${times.at(-1)}`;
  range.setAttribute("aria-valuetext", clock.textContent);
  show(player);
  if (player.timer === null) tell(player);
  if (moved) live?.send?.({ step: times[index] });
}

// While the film runs nothing is read out; what it shows is said when it stops.
function tell({ runs, views, times, index, said }) {
  const texts = runs.map((run) => spoken(run, frameAt(run, times[index])));
  texts.forEach((text, i) => views[i].canvas.setAttribute("aria-label", text));
  said.textContent = texts.join(" ");
}

const toggle = (player) => (player.timer === null ? start(player) : stop(player));

function stop(player) {
  if (player.timer !== null) clearInterval(player.timer);
  player.timer = null;
  player.play.textContent = "Play";
  player.play.setAttribute("aria-pressed", "false");
  player.sight.classList.remove("running");
  tell(player);
}

function start(player) {
  const ended = () => player.index === player.times.length - 1;
  const next = () => (ended() ? stop(player) : go(player, player.index + 1, true));
  if (ended()) go(player, 0, true);
  player.play.textContent = "Pause";
  player.play.setAttribute("aria-pressed", "true");
  player.sight.classList.add("running");
  player.timer = setInterval(next, player.calm.matches ? 1000 : 160);
}
