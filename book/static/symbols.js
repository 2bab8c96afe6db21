// Symbols that light up. A page holds this much of it: who points at a symbol, taps one or presses the button of the
// page brings the rest, which is `symbols/list.js`, made from the page of symbols, and `symbols/terms.js`.

(() => {
  "use strict";

  const own = document.currentScript;
  const button = document.querySelector(".symbols-button");
  const wishes = ["pointerover", "click"];
  let wish = null;

  function bring(name) {
    return new Promise((done, failed) => {
      const script = document.createElement("script");
      script.src = new URL(`symbols/${name}.js${own.src.replace(/^[^?]*/, "")}`, own.src);
      script.addEventListener("load", done);
      script.addEventListener("error", failed);
      document.head.append(script);
    });
  }

  // What was wished for while the rest was on its way is done when it is there; a click counts more than a way over it.
  async function begin(event) {
    const { target, type, pointerType } = event;
    const wished =
      target instanceof Element && target.closest("article :is(.katex, :has(> .math)), .symbols-button");
    if (!wished || (type === "pointerover" && pointerType !== "mouse")) return;
    const first = !wish;
    if (first || type === "click") wish = event;
    if (!first) return;
    try {
      await Promise.all(["list", "terms"].map(bring));
      for (const each of wishes) removeEventListener(each, begin);
      globalThis.lightUp(own, button, wish);
    } catch {
      wish = null; // the next time, perhaps
    }
  }

  for (const each of wishes) addEventListener(each, begin);
})();
