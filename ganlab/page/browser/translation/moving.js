// Moving blobs in a plane, by mouse, by touch and by keyboard.

import { add, move, remove, take } from "./actions.js";
import { ask, say } from "./display.js";
import { placeOf } from "./planes.js";

const MOVES = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };
const NEAR = 40; // pixels

// The blob under a pointer, null where none is near.
function blobAt({ game }, side, canvas, event) {
  const { point, unit } = placeOf(canvas, event);
  const far = game.planes[side].map(([x, y]) => Math.hypot(x - point[0], y - point[1]) * unit);
  const nearest = Math.min(...far);
  return nearest < NEAR ? { index: far.indexOf(nearest), point } : null;
}

export function listen(t, side, canvas) {
  let grip = null; // from the pointer to the middle of the blob
  const on = (name, act, options) => canvas.addEventListener(name, act, options);
  on("pointerdown", (event) => {
    const found = event.button ? null : blobAt(t, side, canvas, event);
    if (!found) return;
    canvas.setPointerCapture(event.pointerId);
    grip = t.game.planes[side][found.index].map((x, k) => x - found.point[k]);
    t.chosen.held = side;
    take(t, side, found.index);
  });
  on("pointermove", (event) => {
    if (!grip) return;
    const { point } = placeOf(canvas, event);
    move(
      t,
      side,
      point.map((x, k) => x + grip[k]),
    );
  });
  const release = () => {
    if (grip) take(t, side, t.chosen[side]);
    [grip, t.chosen.held] = [null, null];
    ask(t);
  };
  for (const name of ["pointerup", "pointercancel"]) on(name, release);
  on("keydown", (event) => press(t, side, event));
  on("focus", () => take(t, side, Math.min(t.chosen[side], t.game.planes[side].length - 1)));
  on("blur", () => {
    say(t, "");
    ask(t);
  });
  // A finger that is not near a blob scrolls the page.
  const keep = (event) => {
    const { touches } = event;
    if (touches.length === 1 && blobAt(t, side, canvas, touches[0])) event.preventDefault();
  };
  on("touchstart", keep, { passive: false });
}

function press(t, side, event) {
  if (event.altKey || event.ctrlKey || event.metaKey) return;
  const centres = t.game.planes[side];
  const index = t.chosen[side];
  const way = MOVES[event.key];
  if (way) {
    const length = event.shiftKey ? 0.02 : 0.1;
    move(
      t,
      side,
      centres[index].map((x, k) => x + length * way[k]),
    );
    take(t, side, index);
  } else if (event.key === "Enter" || event.key === " ") {
    const on = event.shiftKey ? centres.length - 1 : 1;
    take(t, side, (index + on) % centres.length);
  } else if (event.key === "+" || event.key === "Insert") add(t, side);
  else if (event.key === "Backspace" || event.key === "Delete") remove(t, side);
  else return;
  event.preventDefault();
}
