// Two trainings by their losses alone: the reader says which of them failed, and then sees both as a film.
// `mount(root, data)`: data is what `ganlab.explorables.guess` writes.

import { mount as screen } from "./player.js";
import CSS from "./guess/guess.css" with { type: "text" };
import { axes, legend } from "./kit/axes.js";
import { button, make } from "./kit/elements.js";
import { span } from "./kit/numbers.js";
import { follow, stage } from "./kit/stage.js";

export function mount(root, data) {
  const guess = {
    body: stage(root, "guess", data.question, CSS),
    data,
    charts: [],
    cursor: undefined,
    film: null,
    calm: matchMedia("(prefers-reduced-motion: reduce)"),
  };
  build(guess);
  const release = follow(guess.body, () => draw(guess));
  return {
    destroy() {
      release();
      guess.film?.destroy();
      root.replaceChildren();
    },
  };
}

function build(guess) {
  const { body, data } = guess;
  const pairs = make("div", { class: "pairs" });
  guess.buttons = data.runs.map(({ title }) =>
    button(`${title} has failed`, () => choose(guess, title), { "aria-pressed": "false" }),
  );
  guess.verdict = make("p", { class: "verdict", role: "status" });
  guess.screen = make("div", { hidden: true });
  const asked = make("div", { class: "bar asked", role: "group", "aria-label": data.question });
  asked.append(make("b", {}, data.question), ...guess.buttons);
  body.append(legend(data.runs[0].plots[0].lines), pairs, asked, guess.verdict, guess.screen);
  guess.charts = data.runs.map((run) => chart(pairs, run, levels(data.runs)));
}

// One range for both, so that neither looks calmer than it is.
function levels(runs) {
  const [plots, marks] = [runs.map((run) => run.plots[0]), (plot) => plot.landmarks.map(({ y }) => y)];
  return span(plots.flatMap((plot) => [...plot.lines.map((line) => line.y), marks(plot)]));
}

function chart(host, { title, said, steps, plots }, y) {
  const place = make("div", { class: "pair" }, make("p", { class: "name" }, `Losses of ${title}`));
  host.append(place);
  const size = { x: [0, steps.at(-1)], y, height: 128, xLabel: "step" };
  return axes(place, { ...plots[0], ...size, label: said });
}

function draw({ charts, cursor }) {
  for (const { svg, draw: paint } of charts) paint(svg.parentNode.clientWidth, { cursor });
}

function choose(guess, title) {
  const { data, buttons, verdict } = guess;
  buttons.forEach((each, i) => each.setAttribute("aria-pressed", String(data.runs[i].title === title)));
  const word = title === data.failed ? "Right. " : "No. ";
  verdict.replaceChildren(make("b", {}, word), data.verdict);
  show(guess);
}

// The film from its first frame on, which moves at once unless the reader wants little motion.
function show(guess) {
  const { data, screen: host, calm } = guess;
  guess.film?.destroy();
  host.hidden = false;
  const runs = data.runs.map((run) => ({ ...run, plots: run.plots.slice(1, 2) }));
  const send = ({ step }) => {
    guess.cursor = step;
    draw(guess);
  };
  guess.film = screen(host, calm.matches ? { runs } : { runs, start: 0 }, { send });
  if (!calm.matches) host.querySelector(".drive button").click(); // as if the reader had pressed Play
}
