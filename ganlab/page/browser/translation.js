// Two planes side by side, and two translators between them that train in the page: each point that is carried over
// keeps the colour of its blob, so that the map is seen. The reader may move the blobs. `mount(root, data)`: data is
// what `ganlab.explorables.translation` writes. `root.translation.state()` tells what goes on.

import { watched } from "./kit/eye.js";
import { follow, stage } from "./kit/stage.js";
import { go } from "./translation/actions.js";
import { build } from "./translation/controls.js";
import { ask, show } from "./translation/display.js";
import { begun } from "./translation/game.js";
import { FIELDS, PRESETS } from "./translation/setups.js";
import CSS from "./translation/translation.css" with { type: "text" };

export function mount(root, data) {
  const standard = Object.fromEntries(Object.entries(FIELDS).map(([name, { value }]) => [name, value]));
  const setup = { ...standard, ...PRESETS[data.preset]?.setup };
  const t = {
    body: stage(root, "translation", "Unpaired translation that trains in this page", CSS),
    rings: data.planes,
    setup,
    game: begun({ ...setup }, data.planes),
    asIs: true, // the blobs stand where they stood
    parts: null,
    seen: null,
    ends: new Map(), // by seed, the symmetry in which a game has ended
    wanted: false,
    running: false,
    held: document.hidden,
    chosen: { source: 0, target: 0, held: null },
    calm: matchMedia("(prefers-reduced-motion: reduce)").matches,
    spoken: { at: 0, timer: null },
    painted: 0,
    due: false,
    closed: false,
  };
  build(t);
  show(t);
  const leave = surround(t);
  root.translation = Object.freeze({ state: () => state(t) });
  return {
    destroy() {
      t.closed = true;
      clearTimeout(t.spoken.timer);
      leave();
      root.replaceChildren();
    },
  };
}

// What happens around the part. Returns what ends its listening.
function surround(t) {
  let offscreen = false;
  const turned = () => {
    t.held = offscreen || document.hidden;
    ask(t);
    go(t);
  };
  const unwatch = watched(t.body, (inView) => {
    offscreen = !inView;
    turned();
  });
  document.addEventListener("visibilitychange", turned);
  const release = follow(t.body, () => ask(t));
  return () => {
    unwatch();
    document.removeEventListener("visibilitychange", turned);
    release();
  };
}

function state({ setup, game, asIs, wanted, held, seen, ends, chosen, parts }) {
  const { players, planes } = game;
  return structuredClone({
    setup,
    asIs,
    wanted,
    held,
    chosen,
    planes,
    seen,
    ends: Object.fromEntries(ends),
    step: players.step,
    pairs: players.pairs.known.length / 2,
    note: parts.note.textContent,
    status: parts.status.textContent,
    notice: parts.notice.textContent,
  });
}
