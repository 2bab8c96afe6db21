// Axes with curves on them, and their legend, as SVG.

import { make } from "./elements.js";
import { clamp, shown, ticks } from "./numbers.js";
import { role } from "./theme.js";

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
  if (options.pick) listen(svg, place, options);

  function draw(width, now = {}) {
    const found = measured(options, width, height);
    if (found.right - found.left < 20) return;
    Object.assign(place, found);
    svg.setAttribute("width", width);
    svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
    svg.replaceChildren(ground(place, options), inside(place, options, now), front(place, now));
  }
  return { svg, draw, options };
}

function measured(options, width, height) {
  const left = 46;
  const [right, top, bottom] = [width - 8, 8, height - (options.xLabel ? 34 : 20)];
  const [x0, x1] = options.x;
  const [y0, y1] = options.y;
  const px = (x) => left + ((x - x0) / (x1 - x0)) * (right - left);
  const py = (y) => bottom - ((y - y0) / (y1 - y0)) * (bottom - top);
  return { px, py, left, right, top, bottom, x0, x1, y0, y1, width, height };
}

// The grid, the numbers and the frame.
function ground({ px, py, left, right, top, bottom, x0, x1, y0, y1, width, height }, { xLabel }) {
  const group = make("g");
  for (const x of ticks(x0, x1, clamp((right - left) / 45, 3, 9))) {
    const anchor = px(x) > width - 20 ? "end" : "middle";
    const at = { x: anchor === "end" ? width - 2 : px(x), y: bottom + 14, "text-anchor": anchor };
    group.append(make("line", { class: "grid", x1: px(x), x2: px(x), y1: top, y2: bottom }));
    group.append(make("text", at, shown(x)));
  }
  for (const y of ticks(y0, y1, clamp((bottom - top) / 34, 2, 6))) {
    group.append(make("line", { class: "grid", x1: left, x2: right, y1: py(y), y2: py(y) }));
    group.append(make("text", { x: left - 5, y: py(y) + 4, "text-anchor": "end" }, shown(y)));
  }
  group.append(make("path", { class: "axis", d: `M${left} ${top}V${bottom}H${right}` }));
  const below = { x: (left + right) / 2, y: height - 5, "text-anchor": "middle" };
  if (xLabel) group.append(make("text", below, xLabel));
  return group;
}

// Landmarks, curves, cursor and tangents, in a nested picture that cuts off what leaves the axes.
function inside({ px, py, left, right, top, bottom }, { landmarks = [], lines }, { cursor, tangents = [] }) {
  const box = { x: left, y: top, width: right - left, height: bottom - top };
  const picture = make("svg", { ...box, viewBox: `${left} ${top} ${box.width} ${box.height}` });
  for (const { y, name } of landmarks) {
    picture.append(make("line", { class: "landmark", x1: left, x2: right, y1: py(y), y2: py(y) }));
    picture.append(make("text", { x: right - 4, y: py(y) - 4, "text-anchor": "end" }, name));
  }
  for (const line of lines) {
    const dash = { "stroke-dasharray": DASHES[line.dash] };
    picture.append(make("path", { class: "curve", style: role(line.role), d: path(line, px, py), ...dash }));
  }
  if (cursor !== undefined) {
    picture.append(make("line", { class: "cursor", x1: px(cursor), x2: px(cursor), y1: top, y2: bottom }));
  }
  picture.append(...tangents.map((tangent) => slanted(tangent, px, py)));
  return picture;
}

// Half of 60 pixels to either side, along the slope as it looks on the screen.
function slanted({ x, y, slope, role: name }, px, py) {
  const [across, up] = [px(x + 1) - px(x), py(y + slope) - py(y)];
  const scale = 60 / Math.hypot(across, up);
  const from = { x1: px(x) - across * scale, y1: py(y) - up * scale };
  const to = { x2: px(x) + across * scale, y2: py(y) + up * scale };
  return make("line", { class: "tangent", style: role(name), ...from, ...to });
}

// Dots, and handles to take hold of: a circle moves, a diamond widens.
function front({ px, py, x0, x1, y0, y1 }, { dots = [], handles = [] }) {
  const group = make("g");
  for (const d of dots) {
    if (typeof d.y !== "number" || d.y < y0 || d.y > y1) continue;
    group.append(make("circle", { class: "dot", style: role(d.role), cx: px(d.x), cy: py(d.y), r: 5 }));
  }
  for (const h of handles) {
    const [cx, cy] = [px(clamp(h.x, x0, x1)), py(clamp(h.y, y0, y1))];
    const points = `${cx - 9},${cy} ${cx},${cy - 7} ${cx + 9},${cy} ${cx},${cy + 7}`;
    const look = { class: "dot", style: role(h.role) };
    group.append(h.wide ? make("polygon", { points, ...look }) : make("circle", { cx, cy, r: 8, ...look }));
  }
  return group;
}

function listen(svg, place, options) {
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
