// The frame of the player and of the explorers.

import STYLE from "./stage.css" with { type: "text" };
import { make } from "./elements.js";
import { repainted } from "./palette.js";
import { sheet } from "./theme.js";

// The root of a part, emptied, with its name and styles.
export function stage(root, kind, label, css) {
  const body = make("div", { class: `explorable explorable-${kind}`, role: "group", "aria-label": label });
  body.append(sheet(STYLE), make("style", {}, css));
  root.replaceChildren(body);
  return body;
}

// Calls `draw` whenever the width of `body` or the colours of the page change. Returns what ends that.
export function follow(body, draw) {
  let width = 0;
  const sized = new ResizeObserver(() => {
    if (body.clientWidth && body.clientWidth !== width) draw((width = body.clientWidth));
  });
  sized.observe(body);
  const release = repainted(() => width && draw(width));
  return () => {
    sized.disconnect();
    release();
  };
}
