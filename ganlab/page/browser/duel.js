// Play one of the two networks: the generator, which drags points, or the discriminator, which draws a border.
// `mount(root, data)`: data may hold `who`, generator or discriminator. `root.duel.state()` tells what goes on.

import { button, make } from "./kit/elements.js";
import { follow, stage } from "./kit/stage.js";
import CSS from "./duel/duel.css" with { type: "text" };
import { forge } from "./duel/forge.js";
import { judge } from "./duel/judge.js";
import { LEVELS } from "./duel/levels.js";
import { MOST_SEED, fromLink, standard, toLink } from "./duel/links.js";
import { clamp } from "./kit/numbers.js";

const GAMES = { generator: forge, discriminator: judge };

export function mount(root, data = {}) {
  const linked = fromLink(location.hash);
  const duel = {
    body: stage(root, "duel", "Play one of the two networks of a GAN", CSS),
    game: linked?.game ?? standard(Object.hasOwn(LEVELS, data.who) ? data.who : "generator"),
    host: make("div"),
    notice: make("p", { role: "status", class: "notice" }, linked?.notice ?? ""),
    played: null,
  };
  duel.buttons = Object.keys(GAMES).map((who) => button(`Be the ${who}`, () => deal(duel, standard(who))));
  const roles = make("div", { class: "bar roles", role: "group", "aria-label": "Which network you are" });
  roles.append(...duel.buttons);
  duel.body.append(roles, duel.notice, duel.host);
  deal(duel, duel.game);
  const release = follow(duel.body, () => duel.played.resized());
  const followed = () => open(duel, fromLink(location.hash));
  window.addEventListener("hashchange", followed);
  root.duel = Object.freeze({
    state: () => ({ ...duel.game, notice: duel.notice.textContent, ...duel.played.state() }),
  });
  return {
    destroy() {
      release();
      window.removeEventListener("hashchange", followed);
      duel.played.destroy();
      root.replaceChildren();
    },
  };
}

function open(duel, link) {
  if (!link) return;
  deal(duel, link.game);
  duel.notice.textContent = link.notice;
}

// A game begins, or goes on where a link has it.
function deal(duel, game) {
  duel.played?.destroy();
  duel.game = game;
  duel.notice.textContent = duel.played ? "" : duel.notice.textContent;
  Object.keys(GAMES).forEach((who, i) =>
    duel.buttons[i].setAttribute("aria-pressed", String(who === game.who)),
  );
  const fresh = (change) =>
    deal(duel, { ...standard(game.who), level: game.level, seed: game.seed, ...change });
  duel.played = GAMES[game.who](duel.host, game, {
    level: (level) => fresh({ level }),
    seed: (seed) => fresh({ seed: clamp(seed, 0, MOST_SEED) }),
    share: toLink,
  });
}
