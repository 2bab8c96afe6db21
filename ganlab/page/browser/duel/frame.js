// What both games have around their plane: the task, the level, the seed, and the link.

import { button, make } from "../kit/elements.js";
import { palette } from "../kit/palette.js";
import { LEVELS } from "./levels.js";
import { MOST_SEED } from "./links.js";
import { paintPlane } from "./plane.js";

let mounted = 0;

// Builds the elements of a game into `host`; `act` has what the controls call: level, seed and share.
export function frame(host, { who, level, seed }, { task, about, hint }, act) {
  const id = `duel-hint-${++mounted}`;
  const parts = {
    task: make("p", { class: "task" }, task),
    plane: make("canvas", {
      class: "plane",
      tabindex: "0",
      role: "application",
      "aria-label": about,
      "aria-describedby": id,
      "data-lm-suppress-shortcuts": "true",
    }),
    side: make("div", { class: "side" }),
    status: make("p", { class: "verdict", role: "status" }),
    hint: make("p", { class: "hint", id }, hint),
    address: make("input", { type: "text", readonly: true, hidden: true, "aria-label": "Link to this game" }),
  };
  const choose = ({ target }) => act.level(Number(target.value));
  const levels = LEVELS[who].map(({ name }, i) => make("option", { value: i + 1 }, `${i + 1}. ${name}`));
  parts.levels = make("select", { onchange: choose }, ...levels);
  parts.levels.value = level;
  parts.onwards = button("Next level", () => act.level(level + 1), { class: "main", hidden: true });
  const range = { type: "number", min: 0, max: MOST_SEED, step: 1, value: seed };
  const sow = ({ target }) => act.seed(Math.round(Number(target.value)) || 0);
  parts.seeds = make("input", { ...range, onchange: sow });
  const bar = make("div", { class: "bar dealt" });
  bar.append(
    make("label", {}, "Level", parts.levels),
    make("label", {}, "Seed", parts.seeds),
    button("Begin again", () => act.level(level)),
    button("Link to this game", () => offerLink(parts, act.share())),
    parts.address,
  );
  host.replaceChildren(
    parts.task,
    make("p", { class: "note" }, LEVELS[who][level - 1].note),
    make("div", { class: "sight" }, make("div", {}, parts.plane, parts.hint), parts.side),
    bar,
  );
  return parts;
}

function offerLink({ address }, link) {
  try {
    history.replaceState(null, "", `#${link}`);
  } catch {} // a page inside a frame may have no address of its own
  address.hidden = false;
  address.value = `${location.href.split("#")[0]}#${link}`;
  address.select();
  navigator.clipboard?.writeText(address.value).catch(() => {});
}

// Draws soon, once for all that asks until then.
export function painter(canvas, scene) {
  let due = false;
  const paint = () => {
    due = false;
    if (canvas.isConnected) paintPlane(canvas, scene(), palette(canvas));
  };
  return () => {
    if (!due) requestAnimationFrame(paint);
    due = true;
  };
}

// Where a level is won, the way to the next one, if there is one.
export const offerNext = ({ onwards }, { who, level }, won) => {
  onwards.hidden = !won || level >= LEVELS[who].length;
};

export const nats = (x) =>
  x
    .toFixed(2)
    .replace(/^-(0\.0+)$/, "$1")
    .replace("-", "−");

export const percent = (share) => `${Math.round(100 * share)}%`;
