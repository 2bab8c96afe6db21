// The browser lab: a GAN in the plane that trains in the page. `mount(root, data)`: data may hold `preset`, a
// `setup` of fields that differ from it, and `compact` for a small lab. `root.lab.state()` tells what goes on.

import { adopt, go, reset } from "./lab/actions.js";
import { connect } from "./lab/connection.js";
import { build } from "./lab/controls.js";
import { ask, say, show } from "./lab/display.js";
import { saveRun } from "./lab/files.js";
import CSS from "./lab/lab.css" with { type: "text" };
import { clean, fromLink, stateOf } from "./lab/links.js";
import { EXTENT, FIELDS, PRESETS } from "./lab/setups.js";
import { watched } from "./kit/eye.js";
import { repainted } from "./kit/palette.js";
import { sheet } from "./kit/theme.js";

export function mount(root, data = {}) {
  if (!document.getElementById("part-lab-style")) {
    document.head.append(sheet(CSS, { id: "part-lab-style" }));
  }
  const opened = ordered(data);
  const linked = data.compact ? null : fromLink(location.hash);
  const lab = started(Boolean(data.compact), (linked ?? opened).setup);
  build(lab, front(lab.compact, opened.setup));
  root.append(lab.parts.section);
  const leave = surround(lab);
  lab.line = connect(
    (message) => receive(lab, message),
    () =>
      say(lab, "No worker can be started here, so the training shares the page's own thread and is slower."),
  );
  const told = (linked ?? opened).notice;
  if (told) say(lab, told);
  reset(lab);
  root.lab = Object.freeze({
    state: () => state(lab),
    destroy() {
      lab.closed = true;
      clearTimeout(lab.spoken.timer);
      lab.line.stop();
      leave();
      lab.parts.section.remove();
    },
  });
  return root.lab;
}

// The set-up that the page asks for, and a sentence where it asks for what there is not.
function ordered({ preset: asked, setup: wanted }) {
  const preset = asked ?? "healthy";
  const known = Object.hasOwn(PRESETS, preset);
  const { setup, refused } = clean({ ...(known && PRESETS[preset].setup), ...wanted });
  const odd = refused.map((name) => `${name} ${wanted[name]}`);
  const lost = odd.length ? `Not to be had here: ${odd.join(", ")}.` : "";
  return { setup, notice: known ? lost : `There is no preset ${preset}; the standard set-up is shown.` };
}

function started(compact, setup) {
  return {
    compact,
    setup,
    preset: stateOf(setup).name === "custom" ? "healthy" : stateOf(setup).name,
    calm: matchMedia("(prefers-reduced-motion: reduce)").matches,
    line: null,
    parts: null,
    frame: null,
    mode: "paused",
    wanted: false,
    slow: false,
    held: { offscreen: false, hidden: document.hidden },
    shown: { field: true, arrows: true, manifold: false },
    reals: { points: new Float64Array(0), extent: EXTENT },
    spoken: { at: 0, timer: null },
    drawing: false,
    points: null,
    cursor: [0, 0],
    due: false,
    closed: false,
  };
}

// The settings above the pictures; a compact lab has those that its preset turns on.
function front(compact, setup) {
  if (!compact) return ["data", "loss", "seed"];
  const turned = (name) => FIELDS[name]?.live && setup[name] !== FIELDS[name].value;
  return [...new Set(["loss", "r1", ...Object.keys(setup).filter(turned), "seed"])];
}

function receive(lab, message) {
  if (lab.closed) return;
  if (message.type === "export") {
    saveRun(lab, message);
    return;
  }
  if (message.type === "failure") {
    [lab.wanted, lab.mode] = [false, "paused"];
    say(lab, `Stopped: ${message.message}. Reset, or choose smaller learning rates.`);
    show(lab);
    return;
  }
  if (message.real) Object.assign(lab.reals, { points: message.real, extent: message.extent });
  lab.frame = message;
  lab.mode = message.mode;
  if (lab.wanted && message.reached && message.mode === "paused") {
    lab.wanted = false;
    say(lab, `Stopped after ${message.step} steps, as set. Play goes on.`);
    show(lab);
  }
  ask(lab);
}

// What happens around the lab. Returns what ends its listening.
function surround(lab) {
  const { section } = lab.parts;
  const unwatch = watched(section, (inView) => {
    lab.held.offscreen = !inView;
    go(lab);
  });
  const size = new ResizeObserver(() => ask(lab));
  size.observe(section);
  const release = repainted(() => ask(lab));
  const turned = () => {
    lab.held.hidden = document.hidden;
    go(lab);
  };
  const followed = () => follow(lab, fromLink(location.hash));
  document.addEventListener("visibilitychange", turned);
  window.addEventListener("hashchange", followed);
  return () => {
    unwatch();
    size.disconnect();
    release();
    document.removeEventListener("visibilitychange", turned);
    window.removeEventListener("hashchange", followed);
  };
}

function follow(lab, link) {
  if (lab.compact || !link) return;
  adopt(lab, link.setup);
  say(lab, link.notice);
}

function state({ setup, preset, mode, wanted, held, frame, parts }) {
  return Object.freeze({
    setup: structuredClone(setup),
    preset: stateOf(setup, preset).name,
    turned: stateOf(setup, preset).turned,
    mode,
    wanted,
    held: { ...held },
    step: frame?.step ?? 0,
    criticStep: frame?.criticStep ?? 0,
    rate: frame?.rate ?? 0,
    row: { ...frame?.row },
    metrics: frame?.metrics ?? null,
    notice: parts.notice.textContent,
    status: parts.status.textContent,
    ready: frame !== null,
  });
}
