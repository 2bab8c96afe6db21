// A recorded training, to scrub and to play; two runs share one time axis.
// `mount(root, data, live)`: data is what `ganlab.explorables.player` writes. live.send(state) is called with
// {step} whenever the reader moves. Returns {destroy, update}; update(data) shows a recording that has grown.

import { axes, bytes, clamp, control, follow, legend, make, shown, span, stage } from "./axes.js";

const LEVELS = 4095;
const LAYERS = { field: "discriminator", real: "real points", fake: "generated points", arrows: "gradient" };
const CSS = `
.explorable-player .runs { display: grid; gap: 1em; grid-template-columns: repeat(auto-fit, minmax(min(16em, 100%), 1fr)); }
.explorable-player .run { min-width: 0; }
.explorable-player p.name { margin: 0 0 .3em; font-weight: 600; }
.explorable-player .said { min-height: 4.2em; }
@container (min-width: 38em) {
  .explorable-player .alone .run { display: grid; gap: 1em; grid-template-columns: minmax(0, 1.1fr) minmax(0, 1fr); }
  .explorable-player .alone .name { grid-column: 1 / 3; margin: 0; } }
.explorable-player canvas { border: 1px solid var(--soft); aspect-ratio: 1; width: 100%; max-width: 26em; margin: 0 auto; }
.explorable-player .marks { font-size: 13px; }
.explorable-player output { min-width: 8.5em; }
.explorable-player .drive { position: sticky; bottom: 0; background: var(--paper); padding: .3em 0; z-index: 1; margin: 0; }
`;

// The last frame at or before a step.
function frameAt(run, step) {
  let frame = 0;
  run.steps.forEach((s, i) => s <= step && (frame = i));
  return frame;
}

export function unpack(run) {
  const point = (data, i) => {
    const [a, b, c] = [data[3 * i], data[3 * i + 1], data[3 * i + 2]];
    return [((a << 4) | (b >> 4)), ((b & 15) << 8) | c].map((level) => ((2 * level) / LEVELS - 1) * run.reach);
  };
  const cloud = (data) => Array.from({ length: data.length / 3 }, (_, i) => point(data, i));
  const [real, fake] = [cloud(bytes(run.real)), cloud(bytes(run.fake))];
  const [field, arrows] = [bytes(run.field), new Int8Array(bytes(run.arrows).buffer)];
  const count = fake.length / run.steps.length;
  const cells = run.resolution ** 2;
  const ends = arrows.length / run.steps.length / 2;
  return {
    ...run, real, ends,
    fakeAt: (f) => fake.slice(f * count, (f + 1) * count),
    fieldAt: (f) => field.subarray(f * cells, (f + 1) * cells),
    // Kept as direction times the square root of length / longest.
    arrowsAt: (f) => Array.from({ length: ends }, (_, i) => {
      const k = 2 * (f * ends + i);
      return [arrows[k] / 127, arrows[k + 1] / 127];
    }),
  };
}

const inside = (run, [x, y]) => Math.abs(x) <= run.extent && Math.abs(y) <= run.extent;

// The marks of one frame, in pixels of a square of side `size`.
function paint(canvas, run, frame, layers) {
  const size = Math.round(canvas.clientWidth);
  const context = canvas.getContext("2d");
  if (!size || !context) return;
  const dense = window.devicePixelRatio || 1;
  if (canvas.width !== size * dense) canvas.width = canvas.height = size * dense;
  context.setTransform(dense, 0, 0, dense, 0, 0);
  const colors = getComputedStyle(canvas);
  const color = (name) => colors.getPropertyValue(`--${name}`).trim();
  const px = (x) => ((x / run.extent + 1) / 2) * size;
  const py = (y) => ((1 - y / run.extent) / 2) * size;
  context.fillStyle = color("paper");
  context.fillRect(0, 0, size, size);
  if (layers.field) paintField(context, run, run.fieldAt(frame), size, color("discriminator"));
  const radius = clamp(size / 160, 1.5, 3);
  if (layers.real) {
    context.fillStyle = color("real");
    context.globalAlpha = 0.55;
    for (const p of run.real.filter((p) => inside(run, p))) {
      context.beginPath();
      context.arc(px(p[0]), py(p[1]), radius, 0, 2 * Math.PI);
      context.fill();
    }
    context.globalAlpha = 1;
  }
  const fake = run.fakeAt(frame);
  if (layers.fake) {
    context.strokeStyle = color("fake");
    context.lineWidth = 1.3;
    context.beginPath();
    for (const [x, y] of fake.filter((p) => inside(run, p)).map((p) => [px(p[0]), py(p[1])])) {
      context.moveTo(x - 1.3 * radius, y - 1.3 * radius);
      context.lineTo(x + 1.3 * radius, y + 1.3 * radius);
      context.moveTo(x - 1.3 * radius, y + 1.3 * radius);
      context.lineTo(x + 1.3 * radius, y - 1.3 * radius);
    }
    context.stroke();
  }
  if (layers.arrows) paintArrows(context, run.arrowsAt(frame), fake.map((p) => inside(run, p) && [px(p[0]), py(p[1])]), size / 7, color("ink"));
}

function paintField(context, run, field, size, color) {
  const n = run.resolution;
  const small = make("canvas", { width: n, height: n });
  const brush = small.getContext("2d");
  const image = brush.createImageData(n, n);
  const [r, g, b] = [1, 3, 5].map((i) => parseInt(color.slice(i, i + 2), 16));
  for (let row = 0; row < n; row++) {
    for (let column = 0; column < n; column++) {
      image.data.set([r, g, b, 0.6 * field[(n - 1 - row) * n + column]], 4 * (row * n + column));
    }
  }
  brush.putImageData(image, 0, 0);
  // Values stand at the corners of the window, not half a cell inside: the picture is drawn half a cell larger.
  const edge = size / (n - 1) / 2;
  context.save();
  context.beginPath();
  context.rect(0, 0, size, size);
  context.clip();
  context.imageSmoothingEnabled = true;
  context.drawImage(small, -edge, -edge, size + 2 * edge, size + 2 * edge);
  context.restore();
  context.strokeStyle = color;
  context.lineWidth = 1.5;
  context.beginPath();
  const at = (i) => (i / (n - 1)) * size;
  for (const [[x1, y1], [x2, y2]] of contour(field, n, run.middle)) {
    context.moveTo(at(x1), size - at(y1));
    context.lineTo(at(x2), size - at(y2));
  }
  context.stroke();
}

// Pieces of the line where the field passes `level`, in units of cells: each triangle of a cell gives one.
function contour(field, n, level) {
  const pieces = [];
  const cross = (a, b) => {
    const [u, v] = [field[a[1] * n + a[0]] - level, field[b[1] * n + b[0]] - level];
    return u < 0 === v < 0 ? null : [a[0] + ((b[0] - a[0]) * u) / (u - v), a[1] + ((b[1] - a[1]) * u) / (u - v)];
  };
  for (let y = 0; y + 1 < n; y++) {
    for (let x = 0; x + 1 < n; x++) {
      const [p, q, r, s] = [[x, y], [x + 1, y], [x + 1, y + 1], [x, y + 1]];
      for (const [a, b, c] of [[p, q, r], [p, r, s]]) {
        const ends = [cross(a, b), cross(b, c), cross(c, a)].filter(Boolean);
        if (ends.length === 2) pieces.push(ends);
      }
    }
  }
  return pieces;
}

function paintArrows(context, arrows, starts, longest, color) {
  context.strokeStyle = context.fillStyle = color;
  context.lineWidth = 1;
  arrows.forEach(([u, v], i) => {
    if (!starts[i]) return;
    const [x, y] = starts[i];
    const [dx, dy] = [u * longest, -v * longest];
    const length = Math.hypot(dx, dy);
    if (length < 2) return;
    const [tx, ty] = [x + dx, y + dy];
    const [ex, ey] = [(dx / length) * Math.min(4, length), (dy / length) * Math.min(4, length)];
    context.beginPath();
    context.moveTo(x, y);
    context.lineTo(tx, ty);
    context.stroke();
    context.beginPath();
    context.moveTo(tx, ty);
    context.lineTo(tx - ex + ey / 2, ty - ey - ex / 2);
    context.lineTo(tx - ex - ey / 2, ty - ey + ex / 2);
    context.fill();
  });
}

// What the picture of a frame says to somebody who does not see it.
function spoken(run, frame) {
  const fake = run.fakeAt(frame);
  const gaps = fake.map(([x, y]) => Math.min(...run.real.map(([a, b]) => Math.hypot(a - x, b - y)))).sort((a, b) => a - b);
  const lengths = run.arrowsAt(frame).map(([u, v]) => (u * u + v * v) * run.longest).sort((a, b) => a - b);
  const away = fake.filter((p) => !inside(run, p)).length;
  const said = [`${run.title ? `${run.title}: ` : ""}step ${run.steps[frame]} of ${run.steps.at(-1)}`];
  for (const line of run.plots.flatMap((plot) => plot.lines).filter((line) => line.spoken)) {
    said.push(`${line.name} ${shown(valueAt(line, run.steps[frame]), 3)}${line.of ? ` of ${line.of}` : ""}`);
  }
  said.push(`half of the generated points lie within ${shown(gaps[gaps.length >> 1], 2)} of a real one`);
  if (away) said.push(`${away} of ${fake.length} lie outside the window`);
  if (lengths.length) said.push(`median gradient ${shown(lengths[lengths.length >> 1], 2)}`);
  return `${said.join("; ")}.`;
}

function valueAt(line, step) {
  let value = line.y[0] ?? null;
  line.x.forEach((x, i) => x <= step && (value = line.y[i]));
  return value;
}

export function mount(root, data, live) {
  const body = stage(root, "player", `Recorded training: ${data.runs.map((run) => run.title).filter(Boolean).join(", beside ") || "one run"}`);
  body.append(make("style", {}, CSS));
  const layers = { field: true, real: true, fake: true, arrows: true };
  const calm = matchMedia("(prefers-reduced-motion: reduce)");
  let runs, times, views, width = 0, index = 0, timer = null;

  const grid = make("div", { class: "runs" });
  const play = control("button", { type: "button", "aria-pressed": "false" }, "Play");
  const slider = control("input", { type: "range", min: 0, step: 1, "aria-label": "Step of the training" });
  const clock = make("output", { "aria-hidden": "true" });
  const boxes = make("div", { class: "bar marks", role: "group", "aria-label": "What is drawn" });
  for (const [name, words] of Object.entries(LAYERS)) {
    const box = control("input", { type: "checkbox", checked: true });
    box.addEventListener("change", () => ((layers[name] = box.checked), show()));
    boxes.append(make("label", { "data-layer": name }, box, sign(name), words));
  }
  const said = make("p", { class: "said", role: "status" });
  body.append(grid, make("div", { class: "bar drive" }, play, slider, clock), boxes, said);

  function load(next) {
    const [first, last] = [!times, times && index === times.length - 1];
    runs = next.runs.map(unpack);
    times = [...new Set(runs.flatMap((run) => run.steps))].sort((a, b) => a - b);
    slider.max = times.length - 1;
    boxes.lastChild.hidden = !runs.some((run) => run.arrowsAt(0).length);
    index = first ? next.start ?? times.length - 1 : last ? times.length - 1 : index;
    grid.replaceChildren();
    grid.classList.toggle("alone", runs.length === 1);
    views = runs.map((run) => {
      const canvas = make("canvas", { role: "img" });
      const host = make("div", { class: "run" }, run.title ? make("p", { class: "name" }, run.title) : null, canvas);
      const aside = make("div");
      host.append(aside);
      const x = [0, Math.max(times.at(-1), 1)];
      const plots = run.plots.map((plot) => {
        aside.append(make("p", { class: "title" }, plot.name));
        if (plot.lines.length > 1) aside.append(legend(plot.lines));
        const marks = plot.landmarks.map((mark) => [mark.y]);
        const y = plot.range ?? span([...plot.lines.map((line) => line.y), ...marks]);
        const about = { label: `${plot.name} over the steps`, xLabel: plot === run.plots.at(-1) ? "step" : "" };
        return axes(aside, { ...plot, ...about, x, y, height: about.xLabel ? 124 : 110, pick: ({ x: step }) => go(nearest(step), true) });
      });
      grid.append(host);
      return { canvas, plots };
    });
    width = body.clientWidth;
    said.textContent = "";
    go(index);
  }

  function nearest(step) {
    return times.reduce((best, t, i) => (Math.abs(t - step) < Math.abs(times[best] - step) ? i : best), 0);
  }

  function show() {
    const step = times[index];
    runs.forEach((run, i) => {
      const frame = frameAt(run, step);
      paint(views[i].canvas, run, frame, layers);
      for (const plot of views[i].plots) {
        const dots = plot.options.lines.map((line) => ({ x: step, y: valueAt(line, step), role: line.role }));
        if (width) plot.draw(plot.svg.parentNode.clientWidth, { cursor: step, dots });
      }
    });
  }

  function go(next, moved = false) {
    index = clamp(next, 0, times.length - 1);
    slider.value = index;
    clock.textContent = `step ${times[index]} of ${times.at(-1)}`;
    slider.setAttribute("aria-valuetext", clock.textContent);
    show();
    if (timer === null) tell();
    if (moved) live?.send?.({ step: times[index] });
  }

  // While the film runs nothing is read out; what it shows is said when it stops.
  function tell() {
    const texts = runs.map((run) => spoken(run, frameAt(run, times[index])));
    texts.forEach((text, i) => views[i].canvas.setAttribute("aria-label", text));
    said.textContent = texts.join(" ");
  }

  function stop() {
    if (timer !== null) clearInterval(timer);
    timer = null;
    play.textContent = "Play";
    play.setAttribute("aria-pressed", "false");
    tell();
  }

  function start() {
    if (index === times.length - 1) go(0, true);
    play.textContent = "Pause";
    play.setAttribute("aria-pressed", "true");
    timer = setInterval(() => (index === times.length - 1 ? stop() : go(index + 1, true)), calm.matches ? 1000 : 160);
  }

  const toggle = () => (timer === null ? start() : stop());
  play.addEventListener("click", toggle);
  slider.addEventListener("input", () => {
    said.setAttribute("aria-live", "polite");
    go(Number(slider.value), true);
  });
  slider.addEventListener("keydown", (event) => {
    if (event.key !== " ") return;
    event.preventDefault();
    toggle();
  });
  const seen = new IntersectionObserver(([entry]) => !entry.isIntersecting && timer !== null && stop());
  seen.observe(body);
  load(data);
  const unfollow = follow(body, (now) => ((width = now), show()));
  return {
    update(next) {
      said.setAttribute("aria-live", "off"); // a training that streams is not read out frame by frame
      load(next);
    },
    destroy() {
      stop();
      seen.disconnect();
      unfollow();
      root.replaceChildren();
    },
  };
}

// The mark of a layer, as it is drawn.
function sign(name) {
  const svg = make("svg", { width: 14, height: 14, "aria-hidden": "true" });
  const stroke = (color) => ({ fill: "none", stroke: `var(--${color})`, "stroke-width": 1.6 });
  const shapes = {
    real: make("circle", { cx: 7, cy: 7, r: 4, fill: "var(--real)" }),
    fake: make("path", { d: "M3 3L11 11M3 11L11 3", ...stroke("fake") }),
    field: make("rect", { x: 1, y: 1, width: 12, height: 12, fill: "var(--discriminator)", "fill-opacity": 0.5 }),
    arrows: make("path", { d: "M1 7H12M8 3L12 7L8 11", ...stroke("ink") }),
  };
  svg.append(shapes[name]);
  return svg;
}
