// What the reader sees of the part, as it changes.

import { palette } from "../kit/palette.js";
import { placeOfPoint, truthOfPoint } from "../training/blobs.js";
import { MOST, isOver, looked } from "./game.js";
import { paintSide } from "./planes.js";
import { PRESETS, presetOf } from "./setups.js";
import { listed, percent, sentence, small } from "./words.js";

const APART = 3; // every so many points have a line to where they come home

const OWN =
  "Your own blobs: the game goes on with them. Where both planes have as many, blob 1 belongs to blob 1, and so on. A preset brings the rings back.";

// Paints and says what there is, once for all that asks until then.
export function ask(t) {
  if (t.due || t.closed) return;
  t.due = true;
  requestAnimationFrame(() => {
    t.due = false;
    if (!t.closed) draw(t);
  });
}

function draw(t) {
  const { game, parts } = t;
  const { players, planes } = game;
  t.seen = looked(game);
  const { right, reached, error } = t.seen;
  const colors = palette(parts.planes.source);
  for (const side of ["source", "target"]) paintSide(parts.planes[side], scene(t, side), colors);
  parts.count.textContent = `Step ${players.step}`;
  parts.error.textContent = players.step ? small(error) : "–";
  parts.right.textContent = players.step ? percent(right) : "–";
  parts.reached.textContent = players.step ? `${reached} of ${planes.target.length}` : "–";
  speak(t);
}

function scene({ game, seen, chosen, parts }, side) {
  const { planes, points, known, source, target, players } = game;
  const placed = side === "source" ? placeOfPoint : truthOfPoint;
  const taken = document.activeElement === parts.planes[side] || chosen.held === side;
  const common = {
    blobs: points.map(({ blob }) => blob),
    rings: known.map((point) => ({ place: placed(planes, point), blob: point.blob })),
    centres: planes[side],
    chosen: taken ? chosen[side] : null,
  };
  if (side === "target") return { ...common, points: seen.made, ground: target };
  const lines = points.flatMap((point, i) => {
    return players.step && i % APART === 0
      ? [[placeOfPoint(planes, point), [seen.again[2 * i], seen.again[2 * i + 1]]]]
      : [];
  });
  return { ...common, points: source, lines };
}

// The sentence changes at once when the reader acts, and every four seconds while the game runs.
function speak(t) {
  clearTimeout(t.spoken.timer);
  const wait = t.wanted && !t.held ? t.spoken.at + 4000 - performance.now() : 0;
  if (wait > 0) {
    t.spoken.timer = setTimeout(() => speak(t), wait);
    return;
  }
  t.spoken.at = performance.now();
  t.parts.status.textContent = sentence(t);
  t.parts.ends.textContent = listed(t.ends);
}

// Brings the controls in line with the game.
export function show(t) {
  const { parts, setup, game, wanted, asIs } = t;
  for (const [name, input] of Object.entries(parts.inputs)) input.value = setup[name];
  const preset = asIs ? presetOf(setup) : null;
  for (const [name, chip] of Object.entries(parts.chips))
    chip.setAttribute("aria-pressed", String(name === preset));
  parts.note.textContent = asIs ? (PRESETS[preset]?.note ?? "Your own set-up.") : OWN;
  parts.run.textContent = wanted ? "Pause" : isOver(game) ? "Run on" : "Run";
  for (const [side, { add, remove }] of Object.entries(parts.blobs)) {
    add.disabled = game.planes[side].length >= MOST.blobs;
    remove.disabled = game.planes[side].length <= 1;
  }
  ask(t);
}

export function say({ parts }, text) {
  parts.notice.textContent = text;
}
