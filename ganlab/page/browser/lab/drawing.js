// Drawing one's own data in the lab's plane, by pointer and by keyboard.

import { change } from "./actions.js";
import { ask } from "./display.js";
import { onLattice } from "./links.js";
import { EXTENT, MOST_POINTS } from "./setups.js";

const MOVES = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };

// The listeners of the plane; each does something while the data are drawn ones.
export function drawing(lab) {
  const draws = (act) => (event) => {
    if (lab.setup.data === "drawn") act(lab, event);
  };
  return {
    onpointerdown: draws(begin),
    onpointermove: draws((_, event) => lab.drawing && add(lab, place(event))),
    onpointerup: draws(end),
    onpointercancel: draws(end),
    onkeydown: draws(press),
  };
}

function place({ currentTarget, clientX, clientY }) {
  const box = currentTarget.getBoundingClientRect();
  return onLattice([
    ((clientX - box.left) / box.width - 0.5) * 2 * EXTENT,
    (0.5 - (clientY - box.top) / box.height) * 2 * EXTENT,
  ]);
}

function add(lab, p) {
  const far = lab.points.every((q) => Math.hypot(p[0] - q[0], p[1] - q[1]) > 0.2);
  if (lab.points.length < MOST_POINTS && far) lab.points.push(p);
  [lab.cursor, lab.reals.points] = [p, Float64Array.from(lab.points.flat())];
  ask(lab);
}

function begin(lab, event) {
  event.currentTarget.setPointerCapture(event.pointerId);
  [lab.drawing, lab.points] = [true, [...lab.setup.points]];
  add(lab, place(event));
}

function end(lab) {
  if (lab.drawing) change(lab, "points", lab.points);
  lab.drawing = false;
}

function press(lab, event) {
  const { cursor, setup } = lab;
  const move = MOVES[event.key];
  if (move) lab.cursor = onLattice([cursor[0] + 0.2 * move[0], cursor[1] + 0.2 * move[1]]);
  else if (event.key === " " || event.key === "Enter") {
    lab.points = [...setup.points];
    add(lab, cursor);
    change(lab, "points", lab.points);
  } else if (event.key === "Backspace") change(lab, "points", setup.points.slice(0, -1));
  else return;
  event.preventDefault();
  ask(lab);
}
