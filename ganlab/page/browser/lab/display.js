// What the reader sees of the lab, as it changes.

import { palette } from "../kit/palette.js";
import { charts, drawChart } from "./charts.js";
import { stateOf } from "./links.js";
import { drawPlane } from "./plane.js";
import { PRESETS } from "./setups.js";
import { sentence, tally } from "./words.js";

export function say({ parts }, text) {
  parts.notice.textContent = text;
}

// Brings every control in line with the set-up.
export function show(lab) {
  const { parts, setup, wanted } = lab;
  for (const [name, input] of Object.entries(parts.inputs)) input.value = setup[name];
  const { name, turned } = stateOf(setup, lab.preset);
  if (name !== "custom") lab.preset = name;
  for (const [chip, element] of Object.entries(parts.presets))
    element.setAttribute("aria-pressed", String(chip === name));
  const { note, turn } = PRESETS[name] ?? { note: "Your own set-up." };
  parts.note.textContent = turn ? `${note} ${turn.says}` : note;
  parts.turn.hidden = !turn;
  parts.turn.textContent = turned ? "Undo" : turn?.label;
  parts.play.textContent = wanted ? "Pause" : "Play";
  const drawn = setup.data === "drawn";
  [parts.hint.hidden, parts.clear.hidden] = [!drawn, !drawn];
  parts.plane.classList.toggle("drawing", drawn);
  if (drawn) parts.plane.setAttribute("tabindex", "0");
  else parts.plane.removeAttribute("tabindex");
  parts.plane.setAttribute("role", drawn ? "application" : "img");
  if (drawn) parts.plane.setAttribute("aria-describedby", parts.hint.id);
  ask(lab);
}

export function ask(lab) {
  if (lab.due || lab.closed) return;
  lab.due = true;
  requestAnimationFrame(() => draw(lab));
}

function draw(lab) {
  const { parts, frame, closed } = lab;
  lab.due = false;
  if (closed || !frame) return;
  const at = prepare(parts.plane);
  drawPlane(at.ctx, at.width, seen(lab));
  const colors = palette(parts.section);
  const drawn = charts(frame, colors);
  for (const [name, canvas] of Object.entries(parts.curves)) {
    const on = prepare(canvas);
    drawChart(on.ctx, on.width, on.height, drawn[name], colors);
  }
  parts.count.textContent = tally(lab);
  speak(lab);
  lab.line.send({ type: "seen" });
}

// What the plane shows.
export function seen({ frame, setup, shown, parts, reals, cursor }) {
  return {
    frame,
    setup,
    shown,
    colors: palette(parts.section),
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

// The live sentence changes at once when the reader acts, and every four seconds while a game runs.
function speak(lab) {
  const { spoken, parts } = lab;
  clearTimeout(spoken.timer);
  const wait = lab.mode === "running" ? spoken.at + 4000 - performance.now() : 0;
  if (wait > 0) {
    spoken.timer = setTimeout(() => speak(lab), wait);
    return;
  }
  spoken.at = performance.now();
  parts.status.textContent = sentence(lab);
}
