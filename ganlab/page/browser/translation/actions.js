// What the reader does with the part.

import { ask, say, show } from "./display.js";
import { LENGTH, MOST, advance, begun, isOver, laid, looked } from "./game.js";
import { EXTENT } from "./planes.js";
import { PRESETS, within } from "./setups.js";

const BUDGET = 12; // milliseconds of training for each picture
const REACH = EXTENT - 0.2;

// A new game on these planes.
export function begin(t, planes = t.game.planes) {
  t.wanted = false;
  t.game = begun({ ...t.setup }, planes);
  show(t);
}

export function choose(t, name) {
  Object.assign(t.setup, PRESETS[name].setup);
  t.asIs = true;
  t.ends.clear();
  say(t, "");
  begin(t, t.rings);
}

export function change(t, name, value) {
  t.setup[name] = within(name, value);
  if (name !== "seed") t.ends.clear();
  say(t, "");
  begin(t);
}

// The next seed; it runs at once where the game before it ran or was over.
export function another(t) {
  const goesOn = t.wanted || isOver(t.game);
  change(t, "seed", (t.setup.seed + 1) % (MOST.seed + 1));
  if (goesOn) toggle(t);
}

// One step, as long as there are any; a game that is over goes on as after a change.
export function step(t) {
  t.wanted = false;
  forth(t);
  show(t);
}

function forth(t) {
  if (isOver(t.game)) laid(t.game, t.game.planes);
  try {
    advance(t.game);
  } catch (error) {
    t.wanted = false;
    say(t, `Stopped: ${error.message}. Reset, or take a smaller weight.`);
  }
}

export function toggle(t) {
  t.wanted = !t.wanted;
  if (t.wanted && isOver(t.game)) laid(t.game, t.game.planes);
  t.spoken.at = 0;
  say(t, "");
  show(t);
  go(t);
}

// The game runs while the reader wants it to and can see it.
export function go(t) {
  if (!t.wanted || t.held || t.running) return;
  t.running = true;
  requestAnimationFrame(() => run(t));
}

function run(t) {
  t.running = false;
  if (!t.wanted || t.held || t.closed) return;
  const until = performance.now() + BUDGET;
  do forth(t);
  while (t.wanted && !isOver(t.game) && performance.now() < until);
  if (isOver(t.game)) over(t);
  const now = performance.now();
  if (!t.wanted) show(t);
  else if (now - t.painted >= (t.calm ? 500 : 30)) {
    t.painted = now;
    ask(t);
  }
  go(t);
}

// What a game between the rings that was not disturbed has ended in is kept.
function over(t) {
  const { setup, players } = t.game;
  t.wanted = false;
  if (t.asIs && players.step === LENGTH) t.ends.set(setup.seed, looked(t.game).symmetry);
}

// Blobs that move, come and go, while the game goes on.

function lay(t, side, centres) {
  t.asIs = false;
  laid(t.game, { ...t.game.planes, [side]: centres });
  show(t);
}

const inside = (point) => point.map((x) => Math.min(Math.max(x, -REACH), REACH));
const told = ([x, y]) => `${x.toFixed(1)}, ${y.toFixed(1)}`.replaceAll("-", "−");

export function take(t, side, index) {
  t.chosen[side] = index;
  say(t, `Blob ${index + 1} of the ${side}, at ${told(t.game.planes[side][index])}.`);
  ask(t);
}

export function move(t, side, point) {
  const index = t.chosen[side];
  lay(t, side, t.game.planes[side].with(index, inside(point)));
}

// A new blob stands where there is most room.
export function add(t, side) {
  const centres = t.game.planes[side];
  if (centres.length >= MOST.blobs) return;
  const ticks = [-1.5, -0.75, 0, 0.75, 1.5];
  const room = (point) => Math.min(...centres.map(([x, y]) => Math.hypot(x - point[0], y - point[1])));
  const places = ticks.flatMap((x) => ticks.map((y) => [x, y]));
  const best = places.reduce((found, place) => (room(place) > room(found) ? place : found));
  lay(t, side, [...centres, best]);
  take(t, side, centres.length);
}

export function remove(t, side) {
  const centres = t.game.planes[side];
  if (centres.length <= 1) return;
  const index = Math.min(t.chosen[side], centres.length - 1);
  lay(t, side, centres.toSpliced(index, 1));
  take(t, side, Math.min(index, centres.length - 2));
}
