// The browser lab: a GAN in the plane that trains in the page. `mount(root, data)`: data may hold `preset`, a
// `setup` of fields that differ from it, and `compact` for a small lab. `root.lab.state()` tells what goes on.

import { engine } from "./lab_engine.js";
import { LANDMARKS, charts, drawChart, drawPlane } from "./lab_pictures.js";
import {
  EXTENT,
  FIELDS,
  GROUPS,
  MOST_POINTS,
  PRESETS,
  VERSION,
  clean,
  fromLink,
  onLattice,
  presetOf,
  same,
  toLink,
} from "./lab_setups.js";

const STYLE = `
.part-lab { --real: #0072B2; --fake: #D55E00; --discriminator: #009E73; --other: #CC79A7;
  --ink: #1a1a1a; --paper: #ffffff; --line: #8a8a8a; --face: #f2f3f4; --focus: #8045e5;
  container-type: inline-size; color: var(--ink); font-size: 15px; line-height: 1.4; margin: 1em 0; overflow-wrap: anywhere; }
html[data-theme="dark"] .part-lab, html[theme="dark"] .part-lab, body[data-jp-theme-light="false"] .part-lab {
  --ink: #e6e6e6; --paper: #16181c; --line: #8f8f8f; --face: #24272c; --focus: #b48bff; }
@media (prefers-color-scheme: dark) {
  html:not([data-theme]):not([theme]) body:not([data-jp-theme-light]) .part-lab {
    --ink: #e6e6e6; --paper: #16181c; --line: #8f8f8f; --face: #24272c; --focus: #b48bff; } }
.part-lab [hidden] { display: none !important; }
.part-lab p { margin: .4em 0; }
.part-lab .bar { display: flex; flex-wrap: wrap; gap: .4em .8em; align-items: center; margin: .5em 0; }
.part-lab .bar label { display: inline-flex; gap: .4em; align-items: center; margin: 0; }
.part-lab .stage { display: grid; gap: .6em; grid-template-columns: minmax(0, 1fr); }
.part-lab .curves { display: grid; gap: .4em; align-content: start; }
@container (min-width: 600px) { .part-lab .stage { grid-template-columns: minmax(0, 1.15fr) minmax(0, 1fr); } }
.part-lab canvas { display: block; width: 100%; border: 1px solid var(--line); background: var(--paper); box-sizing: border-box; }
.part-lab .plane { aspect-ratio: 1; max-width: 32em; }
.part-lab .chart { height: 9em; }
.part-lab .drawing { touch-action: none; cursor: crosshair; }
.part-lab :is(button, select, input) { font: inherit; color: inherit; background: var(--face); border: 1px solid var(--line);
  border-radius: .3em; padding: .2em .6em; min-height: 2em; max-width: 100%; box-sizing: border-box; }
.part-lab button { cursor: pointer; }
.part-lab .main { background: var(--ink); color: var(--paper); min-width: 5em; }
.part-lab input[type=checkbox] { min-height: 0; width: 1.2em; height: 1.2em; margin: 0; accent-color: var(--focus); }
.part-lab input[type=number] { width: 8em; }
.part-lab .fields { display: grid; gap: .4em .8em; grid-template-columns: repeat(auto-fill, minmax(9.5em, 1fr)); }
.part-lab .fields label { display: grid; align-content: end; margin: 0; }
.part-lab .fields :is(select, input) { width: 100%; }
.part-lab fieldset { border: 0; padding: 0; margin: .6em 0; min-width: 0; }
.part-lab legend { font: inherit; font-weight: 600; padding: 0; margin: 0; float: none; width: auto; }
.part-lab summary { cursor: pointer; padding: .3em 0; }
.part-lab .count { font-variant-numeric: tabular-nums; margin: 0; min-width: 13em; }
.part-lab .sign { font-weight: 700; padding-right: .2em; }
.part-lab .link { flex: 1 1 12em; }
.part-lab :focus-visible { outline: 3px solid var(--focus); outline-offset: 2px; }
@media print { .part-lab :is(.bar, details, .notice) { display: none; } }
`;

const PARTS = {
  field: "what D says",
  arrows: "arrows: where G is pushed",
  manifold: "G's grid of latents",
};
const KEY = [
  ["real", "\u25CF", "real"],
  ["fake", "\u00D7", "generated"],
  ["discriminator", "\u25A0", "D says real"],
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
const control = (tag, attributes, ...children) =>
  make(tag, { "data-lm-suppress-shortcuts": "true", ...attributes }, ...children);
const button = (text, click, attributes) =>
  control("button", { type: "button", onclick: click, ...attributes }, text);

// The engine in a worker; in this thread, in short pieces, where no worker starts.
function connect(receive, fallen) {
  const here = () => {
    const answer = engine().host(
      (message) => queueMicrotask(() => receive(message)),
      Float64Array,
      8,
      (run) => setTimeout(run, 4),
    );
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

let mounted = 0;

export function mount(root, data = {}) {
  if (!document.getElementById("part-lab-style")) {
    document.head.append(make("style", { id: "part-lab-style" }, STYLE));
  }
  const compact = Boolean(data.compact);
  const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
  const turned = (name) => FIELDS[name]?.live && opened.setup[name] !== FIELDS[name].value;
  const asked = data.preset ?? "healthy";
  const preset = Object.hasOwn(PRESETS, asked) ? PRESETS[asked].setup : {};
  const missing = Object.hasOwn(PRESETS, asked)
    ? ""
    : `There is no preset ${asked}; the standard set-up is shown.`;
  const opened = { ...clean({ ...preset, ...data.setup }), notice: missing };
  const linked = compact ? null : fromLink(location.hash);
  let { setup } = linked ?? opened;
  let [frame, wanted, slow, points, cursor, drawing] = [null, false, false, null, [0, 0], false];
  const held = { offscreen: false, hidden: document.hidden };
  const shown = { field: true, arrows: true, manifold: false };
  const [reals, spoken] = [
    { points: new Float64Array(0), extent: EXTENT },
    { at: 0, timer: null },
  ];
  let [mode, due, closed] = ["paused", false, false];

  // The parts, from top to bottom.
  const presets = control("select", { onchange: () => choose(presets.value) });
  presets.append(
    ...Object.entries(PRESETS).map(([name, { label }]) => make("option", { value: name }, label)),
    make("option", { value: "custom" }, "your own set-up"),
  );
  const note = make("p", { class: "note" });
  const play = button("Play", () => (wanted ? pause() : start()), { class: "main" });
  const slower = control("input", { type: "checkbox", onchange: () => pace(slower.checked) });
  const steps = [
    ["discriminator", "Step D"],
    ["generator", "Step G"],
    ["both", "Step both"],
  ].map(([who, text]) => button(text, () => step(who)));
  const plane = control("canvas", {
    class: "plane",
    role: "img",
    "aria-label":
      "Real and generated points in the plane; the sentence below the pictures says what they show",
  });
  const curves = Object.fromEntries(
    [
      ["losses", "losses of both players"],
      ["coverage", "modes found and reverse KL"],
      ["gradient", "length of the generator's gradient"],
    ]
      .slice(0, compact ? 1 : 3)
      .map(([name, what]) => [
        name,
        make("canvas", {
          class: "chart",
          role: "img",
          "aria-label": `Curves: ${what}; the sentence below says the last values`,
        }),
      ]),
  );
  const count = make("p", { class: "count", "aria-hidden": "true" });
  const status = make("p", { role: "status", "aria-live": "polite" });
  const notice = make("p", { role: "status", "aria-live": "polite", class: "notice" });
  const hint = make(
    "p",
    { id: `part-lab-hint-${++mounted}`, hidden: true },
    "Draw with the pointer, or from the keyboard: arrow keys move the square, Space or Enter sets a point, Backspace takes the last one back. Each point is the centre of one Gaussian.",
  );
  const inputs = Object.fromEntries(
    Object.entries(FIELDS).map(([name, field]) => [name, fieldInput(name, field)]),
  );
  const front = compact
    ? [...new Set(["loss", "r1", ...Object.keys(opened.setup).filter(turned), "seed"])]
    : ["data", "loss", "seed"];
  const labelled = (name) => make("label", {}, FIELDS[name].label, inputs[name]);
  const toggles = Object.entries(PARTS).map(([name, text]) => {
    const box = control("input", { type: "checkbox", onchange: () => ((shown[name] = box.checked), ask()) });
    box.checked = shown[name];
    return make("label", {}, box, ` ${text}`);
  });
  const key = make("p", { class: "key" });
  KEY.forEach(([name, mark, text]) =>
    key.append(
      make("span", { class: "sign", style: `color: var(--${name})`, "aria-hidden": "true" }, mark),
      `${text} `,
    ),
  );
  const address = control("input", {
    type: "text",
    readonly: true,
    class: "link",
    "aria-label": "Link to this set-up",
    hidden: true,
  });
  const lab = make(
    "section",
    { class: "part-lab", "aria-label": "A GAN that trains in this page" },
    make("div", { class: "bar" }, make("label", {}, "Preset ", presets), ...front.map(labelled)),
    note,
    make(
      "div",
      { class: "bar" },
      play,
      ...steps,
      make("label", {}, slower, " slow motion"),
      button("Reset", () => reset()),
      count,
    ),
    make(
      "div",
      { class: "stage" },
      make("div", {}, plane, hint),
      make("div", { class: "curves" }, ...Object.values(curves)),
    ),
    make("div", { class: "bar" }, key, ...toggles),
    status,
    notice,
  );
  const clear = button("Clear the points", () => change("points", []), { hidden: true });
  if (!compact) {
    const groups = Object.entries(GROUPS).map(([title, names]) =>
      make(
        "fieldset",
        {},
        make("legend", {}, title),
        make("div", { class: "fields" }, ...names.filter((name) => name !== "loss").map(labelled)),
      ),
    );
    lab.append(
      make("details", {}, make("summary", {}, "All settings"), ...groups),
      make(
        "div",
        { class: "bar" },
        clear,
        button("Link to this set-up", share),
        button("Save run (JSON)", () => line.send({ type: "export" })),
        button("Save picture (PNG)", picture),
        address,
      ),
    );
  }
  root.append(lab);

  function fieldInput(name, field) {
    const onchange = ({ target }) => change(name, target.value);
    if (!field.choices) {
      const range = { min: field.low, max: field.high, step: field.whole ? 1 : "any" };
      return control("input", { type: "number", name, ...range, onchange });
    }
    const options = Object.entries(field.choices).map(([value, text]) => make("option", { value }, text));
    return control("select", { name, onchange }, ...options);
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
    line.send({ type: "reset", setup, frames: calm ? 500 : 40 });
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
    say(
      "The link carries the whole set-up; it is in the address of this page and in the field beside the button.",
    );
  }

  function save(name, blob) {
    const at = URL.createObjectURL(blob);
    make("a", { href: at, download: name }).click();
    setTimeout(() => URL.revokeObjectURL(at), 10000);
  }

  const fileName = (kind) => `ganlab-${presetOf(setup)}-seed${setup.seed}-step${frame?.step ?? 0}.${kind}`;

  function saveRun({ type, ...run }) {
    const plain = (_, value) => (ArrayBuffer.isView(value) ? [...value] : value);
    const text = JSON.stringify(
      { format: "ganlab-lab", version: VERSION, link: toLink(run.start), ...run },
      plain,
      1,
    );
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
    ctx.font = "11px system-ui, sans-serif";
    ctx.fillStyle = colors.ink;
    ctx.textAlign = "left";
    ctx.fillText(sentence(), 6, 637);
    ctx.fillText(toLink(setup).slice(0, 180), 6, 653);
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

  function number(x) {
    if (!Number.isFinite(x)) return "not known yet";
    return x && Math.abs(x) < 1e-3 ? x.toExponential(1) : x.toFixed(3);
  }

  function sentence() {
    if (!frame) return "Not started.";
    const { step, criticStep, row, metrics, total } = frame;
    if (!criticStep && !step)
      return `Ready: ${FIELDS.data.choices[setup.data]}, ${FIELDS.loss.choices[setup.loss]} loss, seed ${setup.seed}.`;
    const [d, g] = (LANDMARKS[setup.loss] ?? []).map(([value, name]) => ` (${name} is ${number(value)})`);
    const doing = wanted
      ? held.offscreen || held.hidden
        ? "waiting until it is in view"
        : "training"
      : "paused";
    const found = metrics
      ? ` ${metrics.modes} of ${total} modes, reverse KL ${metrics.reverse_kl === null ? "not defined" : `${number(metrics.reverse_kl)} nats`}.`
      : "";
    return `Step ${step} of G, ${criticStep} of D, ${doing}. Loss of D ${number(row.d_loss)}${d ?? ""}, of G ${number(row.g_loss)}${g ?? ""}.${found}`;
  }

  // The live sentence changes at once when the reader acts, and every four seconds while a game runs.
  function speak() {
    clearTimeout(spoken.timer);
    const wait = mode === "running" ? spoken.at + 4000 - performance.now() : 0;
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
    return Object.fromEntries(
      ["real", "fake", "discriminator", "other", "ink", "paper", "line"].map((name) => [
        name,
        style.getPropertyValue(`--${name}`).trim(),
      ]),
    );
  }

  function scene() {
    return {
      frame,
      setup,
      shown,
      colors: palette(),
      real: reals.points,
      extent: reals.extent,
      cursor: setup.data === "drawn" ? cursor : null,
    };
  }

  // The context of a canvas at its size on the page, which may be none.
  function prepare(canvas) {
    const ratio = Math.min(devicePixelRatio || 1, 2);
    const [width, height] = [canvas.clientWidth, canvas.clientHeight];
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
    drawPlane(at.ctx, at.width, scene());
    const [colors, drawn] = [palette(), charts(frame, palette())];
    for (const [name, canvas] of Object.entries(curves)) {
      const on = prepare(canvas);
      drawChart(on.ctx, on.width, on.height, drawn[name], colors);
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
    return onLattice([
      ((event.clientX - box.left) / box.width - 0.5) * 2 * EXTENT,
      (0.5 - (event.clientY - box.top) / box.height) * 2 * EXTENT,
    ]);
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
  plane.addEventListener(
    "pointerdown",
    draws((event) => {
      plane.setPointerCapture(event.pointerId);
      [drawing, points] = [true, [...setup.points]];
      add(place(event));
    }),
  );
  plane.addEventListener(
    "pointermove",
    draws((event) => drawing && add(place(event))),
  );
  for (const type of ["pointerup", "pointercancel"])
    plane.addEventListener(
      type,
      draws(() => {
        if (drawing) change("points", points);
        drawing = false;
      }),
    );
  const MOVES = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };
  plane.addEventListener(
    "keydown",
    draws((event) => {
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
    }),
  );

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

  const line = connect(receive, () =>
    say("No worker can be started here, so the training shares the page's own thread and is slower."),
  );
  const told = (linked ?? opened).notice;
  if (told) say(told);
  reset();

  const state = () =>
    Object.freeze({
      setup: structuredClone(setup),
      preset: presets.value,
      mode,
      wanted,
      held: { ...held },
      step: frame?.step ?? 0,
      criticStep: frame?.criticStep ?? 0,
      rate: frame?.rate ?? 0,
      row: { ...frame?.row },
      metrics: frame?.metrics ?? null,
      notice: notice.textContent,
      status: status.textContent,
      ready: frame !== null,
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
