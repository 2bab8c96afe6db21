// What an exhibit shows: two curves, or the points of the plane, of which `draw(kind, at)` shows the part up to
// `at` from 0 to 1 of the one that is broken or cured. `at(kind, at)` tells the number there.

import { axes } from "../kit/axes.js";
import { make } from "../kit/elements.js";
import { paintPoints } from "../kit/marks.js";
import { span } from "../kit/numbers.js";
import { palette } from "../kit/palette.js";

const LOOKS = { broken: ["broken", "fake", "solid"], cured: ["cured", "discriminator", "solid"] };
const TITLE = 24; // pixels

// What the script at an address brings: it calls `exhibited(name, film)`, so that a page from a disk has it too.
export function fetched(src) {
  return new Promise((done, failed) => {
    window.exhibited ??= (name, film) => (window.exhibited[name] = film);
    const name = src.replace(/^.*\/|\.js$/g, "");
    const onload = () => (window.exhibited[name] ? done(window.exhibited[name]) : failed());
    document.head.append(make("script", { src, onload, onerror: failed }));
  });
}

export const drawn = (host, film) => (film.kind === "plane" ? plane(host, film) : curves(host, film));

const placeOf = (count, at) => Math.min(Math.round(at * (count - 1)), count - 1);

function curves(host, film) {
  const { x, xName, yName, level } = film;
  const marks = level ? [level] : [];
  const y = span([film.broken, film.cured, marks.map((mark) => mark.y)]);
  const about = {
    label: `${yName} over ${xName}`,
    xLabel: xName,
    height: Math.max(host.clientHeight - TITLE, 120),
  };
  host.append(make("p", { class: "title" }, yName));
  const lines = { broken: [], cured: [] };
  const chart = axes(host, { ...about, x: [x[0], x.at(-1)], y, lines: [], landmarks: marks });
  return {
    count: () => x.length,
    at: (kind, at) => {
      const i = placeOf(x.length, at);
      return { where: xName, x: x[i], what: yName, value: film[kind][i] };
    },
    draw(kind, at) {
      const i = placeOf(x.length, at);
      lines[kind] = [line(film, kind, i)];
      const other = kind === "broken" ? "cured" : "broken";
      const faint = lines[other].map((one) => ({ ...one, dash: "dotted" }));
      chart.options.lines = [...faint, ...lines[kind]];
      const dots = [{ x: x[i], y: film[kind][i], role: LOOKS[kind][1] }];
      if (host.clientWidth) chart.draw(host.clientWidth, { dots });
    },
  };
}

function line(film, kind, upTo) {
  const [name, role, dash] = LOOKS[kind];
  return { name, role, dash, x: film.x.slice(0, upTo + 1), y: film[kind].slice(0, upTo + 1) };
}

function plane(host, film) {
  const canvas = make("canvas", { role: "img", "aria-label": `Points in the plane: ${film.counter}` });
  host.append(canvas);
  const real = points(film.real, film.extent);
  const fake = Object.fromEntries(["broken", "cured"].map((kind) => [kind, points(film[kind], film.extent)]));
  return {
    count: (kind) => film.steps[kind].length,
    at: (kind, at) => {
      const i = placeOf(film.steps[kind].length, at);
      return { where: "step", x: film.steps[kind][i], what: film.counter, value: film.numbers[kind][i] };
    },
    draw(kind, at) {
      const frames = film.steps[kind].length;
      const [i, each] = [placeOf(frames, at), fake[kind].length / frames];
      paint(canvas, real, fake[kind].slice(i * each, (i + 1) * each), film.extent);
    },
  };
}

// Two coordinates of eight bits each.
function points(base64, extent) {
  const bytes = Int8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
  return Array.from({ length: bytes.length / 2 }, (_, i) =>
    [0, 1].map((k) => (1.25 * extent * bytes[2 * i + k]) / 127),
  );
}

function paint(canvas, real, fake, extent) {
  const size = canvas.clientWidth;
  if (!size) return;
  const dense = window.devicePixelRatio || 1;
  if (canvas.width !== Math.round(size * dense)) canvas.width = canvas.height = Math.round(size * dense);
  const context = canvas.getContext("2d");
  context.setTransform(dense, 0, 0, dense, 0, 0);
  const colors = palette(canvas);
  const pixel = ([x, y]) => [((x / extent + 1) / 2) * size, ((1 - y / extent) / 2) * size];
  context.fillStyle = colors.paper;
  context.fillRect(0, 0, size, size);
  paintPoints(context, { real: real.map(pixel), fake: fake.map(pixel) }, { radius: 2.2, arm: 2.6 }, colors);
}
