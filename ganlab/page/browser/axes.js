// What the player and the explorers share: elements, colours that follow the theme, numbers, and axes.
// Python puts this file in the place of `import ... from "./axes.js"`, so that a part on a page stands alone.

export const STYLE = `
.explorable { --real: #0072B2; --fake: #D55E00; --discriminator: #009E73; --other: #CC79A7; --neutral: #666666;
  --ink: #1a1a1a; --paper: #ffffff; --line: #8a8a8a; --soft: #8a8a8a40; --focus: #8045e5;
  color: var(--ink); background: var(--paper); border: 1px solid var(--soft); border-radius: .4em; padding: .7em; position: relative;
  margin: 1em 0; font-size: 15px; line-height: 1.4; container-type: inline-size; overflow-wrap: anywhere; }
html[data-theme="dark"] .explorable, html[theme="dark"] .explorable, body[data-jp-theme-light="false"] .explorable {
  --ink: #e6e6e6; --paper: #16181c; --line: #8f8f8f; --soft: #8f8f8f50; --focus: #b48bff; --neutral: #a0a0a0; }
@media (prefers-color-scheme: dark) {
  html:not([data-theme]):not([theme]) body:not([data-jp-theme-light]) .explorable {
    --ink: #e6e6e6; --paper: #16181c; --line: #8f8f8f; --soft: #8f8f8f50; --focus: #b48bff; --neutral: #a0a0a0; } }
.explorable svg, .explorable canvas { display: block; max-width: 100%; }
.explorable svg text { fill: var(--ink); stroke: none; font: 12px system-ui, sans-serif; }
.explorable .axis { stroke: var(--line); fill: none; shape-rendering: crispEdges; }
.explorable .grid { stroke: var(--soft); shape-rendering: crispEdges; }
.explorable .curve { fill: none; stroke-linecap: round; stroke-width: 2; stroke: var(--role); }
.explorable .dot { fill: var(--role); stroke: var(--paper); stroke-width: 1.5; }
.explorable .tangent { stroke: var(--role); stroke-width: 1; opacity: .8; }
.explorable .cursor { stroke: var(--ink); stroke-width: 1; }
.explorable .landmark { stroke: var(--neutral); stroke-width: 1; stroke-dasharray: 1 3; }
.explorable .pick { cursor: ew-resize; touch-action: pan-y; }
.explorable ul.legend { list-style: none; display: flex; flex-wrap: wrap; gap: 0 1.2em; padding: 0; margin: .2em 0; font-size: 13px; }
.explorable ul.legend li { display: flex; gap: .4em; align-items: center; margin: 0; }
.explorable ul.legend svg { flex: none; }
.explorable .bar { display: flex; flex-wrap: wrap; gap: .4em 1em; align-items: center; margin: .4em 0; }
.explorable input[type="range"] { flex: 1; min-width: 8em; margin: 0; accent-color: var(--focus); height: 1.8em; }
.explorable [hidden] { display: none !important; }
.explorable label { display: inline-flex; min-height: 24px; gap: .4em; align-items: center; margin: 0; }
.explorable button { font: inherit; color: inherit; background: transparent; border: 1px solid var(--line);
  border-radius: .3em; padding: .2em .8em; min-height: 2em; min-width: 4.6em; cursor: pointer; }
.explorable output, .explorable td { font-variant-numeric: tabular-nums; }
.explorable :focus-visible { outline: 3px solid var(--focus); outline-offset: 2px; }
.explorable p.said { margin: .4em 0 0; font-size: 14px; }
.explorable p.title { margin: .4em 0 .1em; font-size: 13px; }
.explorable .unseen { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
.explorable table { border-collapse: collapse; font-size: 14px; margin: .4em 0 0; width: auto; }
.explorable th, .explorable td { padding: .15em 1em .15em 0; text-align: right; white-space: nowrap; border: 0; font-weight: normal; background: none; }
.explorable th:first-child { text-align: left; white-space: normal; }
@media print { .explorable button, .explorable input { display: none; } }
`;

const ROLES = ["real", "fake", "discriminator", "other", "neutral", "ink"];
const SVG = ["svg", "path", "line", "circle", "text", "rect", "g", "polygon"];

export function make(tag, attributes = {}, ...children) {
  const element = SVG.includes(tag)
    ? document.createElementNS("http://www.w3.org/2000/svg", tag)
    : document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined || value === null || value === false) continue;
    element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.filter((child) => child !== null));
  return element;
}

// A control that keeps its arrow keys in JupyterLab.
export function control(tag, attributes, ...children) {
  return make(tag, { "data-lm-suppress-shortcuts": "true", ...attributes }, ...children);
}

export function role(name) {
  return `--role: var(--${ROLES.includes(name) ? name : "neutral"})`;
}

// The root of a part, emptied, with its name and style.
export function stage(root, kind, label) {
  const body = make("div", { class: `explorable explorable-${kind}`, role: "group", "aria-label": label });
  body.append(make("style", {}, STYLE));
  root.replaceChildren(body);
  return body;
}

// Calls `draw` whenever the width of `body` or the colours of the page change. Returns what ends that.
export function follow(body, draw) {
  let width = 0;
  const sized = new ResizeObserver(() => {
    if (body.clientWidth && body.clientWidth !== width) draw((width = body.clientWidth));
  });
  const themed = new MutationObserver(() => width && draw(width));
  const asked = matchMedia("(prefers-color-scheme: dark)");
  const painted = () => width && draw(width);
  sized.observe(body);
  themed.observe(document.documentElement, { attributes: true, attributeFilter: ["data-theme", "theme"] });
  themed.observe(document.body, { attributes: true, attributeFilter: ["data-jp-theme-light"] });
  asked.addEventListener("change", painted);
  return () => {
    sized.disconnect();
    themed.disconnect();
    asked.removeEventListener("change", painted);
  };
}

export function bytes(base64) {
  return Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
}

export function clamp(x, low, high) {
  return Math.min(Math.max(x, low), high);
}

// A number as a reader wants it: `digits` significant ones, a real minus, no trailing zeros behind the point.
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

const DASHES = { solid: null, dashed: "7 4", dotted: "2 3", dashdot: "8 3 2 3" };

export function legend(lines) {
  const list = make("ul", { class: "legend" });
  for (const line of lines) {
    const sample = make("svg", { width: 26, height: 8, "aria-hidden": "true" });
    const dash = { "stroke-dasharray": DASHES[line.dash] };
    sample.append(make("path", { d: "M0 4H26", class: "curve", style: role(line.role), ...dash }));
    list.append(make("li", {}, sample, line.name));
  }
  return list;
}

// Axes in `host`. options: {height, x: [low, high], y: [low, high], xLabel, label, lines: [{name, role, dash,
// x, y}], landmarks: [{name, y}], pick: called with an x}. `draw(width, now)` paints; now: {cursor, dots:
// [{x, y, role}], tangents: [{x, y, slope, role}], handles: [{x, y, role, name}]}.
export function axes(host, options) {
  const height = options.height ?? 150;
  const svg = make("svg", { height, role: "img", "aria-label": options.label });
  host.append(svg);
  const place = {};

  function draw(width, now = {}) {
    const left = 46;
    const [right, top, bottom] = [width - 8, 8, height - (options.xLabel ? 34 : 20)];
    if (right - left < 20) return;
    const [x0, x1] = options.x;
    const [y0, y1] = options.y;
    const px = (x) => left + ((x - x0) / (x1 - x0)) * (right - left);
    const py = (y) => bottom - ((y - y0) / (y1 - y0)) * (bottom - top);
    Object.assign(place, { px, py, left, right, top, bottom, x0, x1, y0, y1 });
    svg.setAttribute("width", width);
    svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
    const back = make("g");
    for (const x of ticks(x0, x1, clamp((right - left) / 45, 3, 9))) {
      back.append(make("line", { class: "grid", x1: px(x), x2: px(x), y1: top, y2: bottom }));
      const anchor = px(x) > width - 20 ? "end" : "middle";
      back.append(make("text", { x: anchor === "end" ? width - 2 : px(x), y: bottom + 14, "text-anchor": anchor }, shown(x)));
    }
    for (const y of ticks(y0, y1, clamp((bottom - top) / 34, 2, 6))) {
      back.append(make("line", { class: "grid", x1: left, x2: right, y1: py(y), y2: py(y) }));
      back.append(make("text", { x: left - 5, y: py(y) + 4, "text-anchor": "end" }, shown(y)));
    }
    back.append(make("path", { class: "axis", d: `M${left} ${top}V${bottom}H${right}` }));
    if (options.xLabel) {
      back.append(make("text", { x: (left + right) / 2, y: height - 5, "text-anchor": "middle" }, options.xLabel));
    }
    // A nested picture cuts off what leaves the axes.
    const box = { x: left, y: top, width: right - left, height: bottom - top };
    const inner = make("svg", { ...box, viewBox: `${left} ${top} ${box.width} ${box.height}` });
    for (const mark of options.landmarks ?? []) {
      inner.append(make("line", { class: "landmark", x1: left, x2: right, y1: py(mark.y), y2: py(mark.y) }));
      inner.append(make("text", { x: right - 4, y: py(mark.y) - 4, "text-anchor": "end" }, mark.name));
    }
    for (const line of options.lines) {
      const dash = { "stroke-dasharray": DASHES[line.dash] };
      inner.append(make("path", { class: "curve", style: role(line.role), d: path(line, px, py), ...dash }));
    }
    if (now.cursor !== undefined) {
      inner.append(make("line", { class: "cursor", x1: px(now.cursor), x2: px(now.cursor), y1: top, y2: bottom }));
    }
    for (const t of now.tangents ?? []) {
      // Half of 60 pixels to either side, along the slope as it looks on the screen.
      const across = px(t.x + 1) - px(t.x);
      const up = py(t.y + t.slope) - py(t.y);
      const scale = 60 / Math.hypot(across, up);
      const ends = { x1: px(t.x) - across * scale, x2: px(t.x) + across * scale };
      inner.append(make("line", { class: "tangent", style: role(t.role), ...ends,
        y1: py(t.y) - up * scale, y2: py(t.y) + up * scale }));
    }
    const front = make("g");
    for (const d of now.dots ?? []) {
      if (typeof d.y !== "number" || d.y < y0 || d.y > y1) continue;
      front.append(make("circle", { class: "dot", style: role(d.role), cx: px(d.x), cy: py(d.y), r: 5 }));
    }
    for (const h of now.handles ?? []) {
      const [cx, cy] = [px(clamp(h.x, x0, x1)), py(clamp(h.y, y0, y1))];
      const shape = h.wide
        ? make("polygon", { points: `${cx - 9},${cy} ${cx},${cy - 7} ${cx + 9},${cy} ${cx},${cy + 7}` })
        : make("circle", { cx, cy, r: 8 });
      shape.setAttribute("class", "dot");
      shape.setAttribute("style", role(h.role));
      front.append(shape);
    }
    svg.replaceChildren(back, inner, front);
  }

  if (options.pick) {
    svg.classList.add("pick");
    const at = (event) => {
      const box = svg.getBoundingClientRect();
      const { x0, x1, y0, y1, left, right, top, bottom } = place;
      const x = x0 + ((event.clientX - box.left - left) / (right - left)) * (x1 - x0);
      const y = y0 + ((bottom - (event.clientY - box.top)) / (bottom - top)) * (y1 - y0);
      return { x: clamp(x, x0, x1), y: clamp(y, y0, y1) };
    };
    svg.addEventListener("pointerdown", (event) => {
      if (event.button || place.x0 === undefined) return;
      svg.setPointerCapture(event.pointerId);
      options.pick(at(event), "down", place);
    });
    svg.addEventListener("pointermove", (event) => {
      if (svg.hasPointerCapture(event.pointerId)) options.pick(at(event), "move", place);
    });
  }
  return { svg, draw, options };
}

function path(line, px, py) {
  let d = "";
  let pen = "M";
  line.y.forEach((y, i) => {
    if (typeof y !== "number" || !Number.isFinite(y)) {
      pen = "M";
      return;
    }
    d += `${pen}${px(line.x[i]).toFixed(1)} ${clamp(py(y), -1e4, 1e4).toFixed(1)}`;
    pen = "L";
  });
  return d;
}
