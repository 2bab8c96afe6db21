// The link that carries a game: whose part, the level, the seed, and what the reader did.

import { clamp } from "../kit/numbers.js";
import { COUNT, LEVELS, ROUNDS, VISIBLE, within } from "./levels.js";

const VERSION = 1;
export const MOST_SURE = 12;
export const MOST_SEED = 9999;
export const MOST_STROKES = 6;

export const STEP = (2 * VISIBLE) / 255; // from one place of a link to the next

const byteOf = (x) => Math.round((clamp(x / VISIBLE, -1, 1) + 1) * 127.5);
const hex = (points) =>
  points
    .flat()
    .map((x) => byteOf(x).toString(16).padStart(2, "0"))
    .join("");
const read = (text) =>
  (text.match(/.{4}/g) ?? []).map((pair) =>
    [0, 2].map((i) => (parseInt(pair.slice(i, i + 2), 16) / 127.5 - 1) * VISIBLE),
  );

// A point as a link can say it, so that a game that is played again is the same one.
export const rounded = (points) => read(hex(points));

export const standard = (who = "generator") => ({ who, level: 1, seed: 0, points: null, rounds: [] });

// Letters, digits, _ and - only, so that any script may take it for the id of an element.
export function toLink({ who, level, seed, points, rounds }) {
  const parts = [`play${VERSION}`, `as-${who}`, `level-${level}`, `seed-${seed}`];
  if (who === "generator" && points) parts.push(`points-${hex(points)}`);
  if (who === "discriminator") {
    for (const { sure, strokes } of rounds)
      parts.push(`round-${[Math.round(10 * sure), ...strokes.map(hex)].join("_")}`);
  }
  return parts.join("--");
}

const READ = {
  as: (text) => (Object.hasOwn(LEVELS, text) ? { who: text } : null),
  level: (text) => (/^\d$/.test(text) ? { level: Number(text) } : null),
  seed: (text) => (/^\d{1,4}$/.test(text) ? { seed: Number(text) } : null),
  points(text) {
    const whole = new RegExp(`^[0-9a-f]{${4 * COUNT}}$`).test(text);
    return whole ? { points: read(text).map(within) } : null;
  },
  round(text, { rounds }) {
    const [, sure, drawn] = /^(\d{1,3})((?:_(?:[0-9a-f]{4}){2,24})*)$/.exec(text) ?? [];
    if (sure === undefined || sure > 10 * MOST_SURE || rounds.length >= ROUNDS) return null;
    const strokes = drawn
      .split("_")
      .slice(1, MOST_STROKES + 1)
      .map(read);
    return { rounds: [...rounds, { sure: sure / 10, strokes }] };
  },
};

// The game of a fragment, and a sentence where it could not be taken as it is; null where it is none of ours.
export function fromLink(fragment) {
  const text = String(fragment).replace(/^#/, "").slice(0, 6000);
  if (!/^play\d/.test(text)) return null;
  const [head, ...parts] = text.split("--");
  if (head !== `play${VERSION}`)
    return { game: standard(), notice: "The link could not be read: here is a new game." };
  let game = standard();
  const odd = [];
  for (const part of parts) {
    const [, name, value] = /^([a-z]+)-(\w+)$/.exec(part) ?? [null, part, ""];
    const found = Object.hasOwn(READ, name) ? READ[name](value, game) : null;
    if (found) game = { ...game, ...found };
    else odd.push(name.slice(0, 20));
  }
  if (game.level < 1 || game.level > LEVELS[game.who].length) {
    odd.push("level");
    game = { ...standard(game.who), seed: game.seed };
  }
  game = { ...game, ...(game.who === "generator" ? { rounds: [] } : { points: null }) };
  return { game, notice: odd.length ? `Not taken as the link had it: ${odd.slice(0, 6).join(", ")}.` : "" };
}
