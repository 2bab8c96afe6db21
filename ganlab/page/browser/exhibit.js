// An exhibit of the museum: a failure as it goes on, and the same with its cure. It stands still until it is asked
// to move, and fetches what it shows only then. `mount(root, data)`: `src` is the address of the script that
// brings it, `poster` that of the picture until then, `alt` what that shows; or `film` is what it shows.

import { drawn, fetched } from "./exhibit/views.js";
import CSS from "./exhibit/exhibit.css" with { type: "text" };
import { button, make } from "./kit/elements.js";
import { gone } from "./kit/eye.js";
import { shown } from "./kit/numbers.js";
import { follow, stage } from "./kit/stage.js";

const SECONDS = 4;
const PAUSE = { moving: 60, calm: 1000 }; // milliseconds from one picture to the next

export function mount(root, data) {
  const exhibit = {
    body: stage(root, "exhibit", `Exhibit: ${data.title}`, CSS),
    data,
    film: data.film ?? null,
    view: null,
    kind: "broken",
    at: 0,
    timer: null,
    calm: matchMedia("(prefers-reduced-motion: reduce)"),
  };
  build(exhibit);
  const unwatch = gone(exhibit.body, () => stop(exhibit));
  const release = follow(exhibit.body, () => draw(exhibit));
  root.exhibit = Object.freeze({ state: () => state(exhibit) });
  return {
    destroy() {
      stop(exhibit);
      unwatch();
      release();
      root.replaceChildren();
    },
  };
}

function build(exhibit) {
  const { body, data } = exhibit;
  const size = { width: 610, height: 230 };
  exhibit.screen = make("div", { class: "screen", onclick: () => toggle(exhibit) });
  const still = { src: data.poster, alt: data.alt, loading: "lazy", "data-kind": "drawing", ...size };
  if (data.poster) exhibit.screen.append(make("img", still));
  exhibit.play = button("Play", () => toggle(exhibit), { "aria-pressed": "false" });
  const choice = (kind, text) => button(text, () => choose(exhibit, kind), { "aria-pressed": "false" });
  exhibit.choices = { broken: choice("broken", "Broken"), cured: choice("cured", "Cured") };
  exhibit.said = make("output", { role: "status" });
  const both = make("div", { class: "choice", role: "group", "aria-label": "Which of the two" });
  both.append(...Object.values(exhibit.choices));
  body.append(exhibit.screen, make("div", { class: "bar" }, exhibit.play, both, exhibit.said));
  mark(exhibit);
}

const mark = ({ choices, kind }) =>
  Object.entries(choices).forEach(([name, chip]) => chip.setAttribute("aria-pressed", String(name === kind)));

async function ready(exhibit) {
  if (exhibit.view) return true;
  exhibit.said.textContent = "Loading ...";
  try {
    exhibit.film ??= await fetched(exhibit.data.src);
  } catch {
    exhibit.said.textContent = "What this exhibit shows could not be loaded.";
    return false;
  }
  exhibit.screen.replaceChildren();
  exhibit.view = drawn(exhibit.screen, exhibit.film);
  return true;
}

async function choose(exhibit, kind) {
  if (!(await ready(exhibit))) return;
  exhibit.kind = kind;
  mark(exhibit);
  start(exhibit);
}

async function toggle(exhibit) {
  if (!(await ready(exhibit))) return;
  if (exhibit.timer === null) start(exhibit);
  else stop(exhibit);
}

// It plays once, from the beginning or from where it was stopped.
function start(exhibit) {
  stop(exhibit);
  const { view, calm } = exhibit;
  const pause = calm.matches ? PAUSE.calm : PAUSE.moving;
  const by = 1 / Math.min(view.count(exhibit.kind), calm.matches ? 6 : (1000 * SECONDS) / pause);
  if (exhibit.at >= 1) exhibit.at = 0;
  exhibit.play.textContent = "Pause";
  exhibit.play.setAttribute("aria-pressed", "true");
  exhibit.said.setAttribute("aria-live", "off"); // while it moves nothing is read out
  exhibit.timer = setInterval(() => {
    exhibit.at = Math.min(exhibit.at + by, 1);
    draw(exhibit);
    if (exhibit.at >= 1) stop(exhibit);
  }, pause);
  draw(exhibit);
}

function stop(exhibit) {
  if (exhibit.timer === null) return;
  clearInterval(exhibit.timer);
  exhibit.timer = null;
  exhibit.play.textContent = "Play";
  exhibit.play.setAttribute("aria-pressed", "false");
  exhibit.said.setAttribute("aria-live", "polite");
  exhibit.said.textContent = sentence(exhibit);
}

function draw(exhibit) {
  if (!exhibit.view) return;
  exhibit.view.draw(exhibit.kind, exhibit.at);
  exhibit.said.textContent = sentence(exhibit);
}

function sentence({ view, kind, at }) {
  if (!view) return "";
  const { where, x, what, value } = view.at(kind, at);
  return `${kind === "cured" ? "Cured" : "Broken"}: ${where} ${shown(x, 3)}; ${what} ${shown(value, 3)}`;
}

function state({ kind, at, timer, view, film }) {
  const now = view ? view.at(kind, at) : null;
  return Object.freeze({ kind, at, moving: timer !== null, loaded: film !== null, ...now });
}
