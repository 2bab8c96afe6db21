// What the picture of a frame says to somebody who does not see it.

import { shown } from "../kit/numbers.js";
import { inside, valueAt } from "./film.js";

const median = (sorted) => (sorted[(sorted.length - 1) >> 1] + sorted[sorted.length >> 1]) / 2;

export function spoken(run, frame) {
  const step = run.steps[frame];
  const fake = run.fakeAt(frame);
  const gap = ([x, y]) => Math.min(...run.real.map(([a, b]) => Math.hypot(a - x, b - y)));
  const gaps = fake.map(gap).sort((a, b) => a - b);
  const lengths = run
    .arrowsAt(frame)
    .map(([u, v]) => (u * u + v * v) * run.longest)
    .sort((a, b) => a - b);
  const away = fake.filter((p) => !inside(run, p)).length;
  const said = [`${run.title ? `${run.title}: ` : ""}step ${step} of ${run.steps.at(-1)}`];
  for (const line of run.plots.flatMap((plot) => plot.lines).filter((each) => each.spoken)) {
    said.push(`${line.name} ${shown(valueAt(line, step), 3)}${line.of ? ` of ${line.of}` : ""}`);
  }
  said.push(`half of the generated points lie within ${shown(median(gaps), 2)} of a real one`);
  if (away) said.push(`${away} of ${fake.length} lie outside the window`);
  if (lengths.length) said.push(`median gradient ${shown(median(lengths), 2)}`);
  return `${said.join("; ")}.`;
}
