// What is wider or higher than its place scrolls: the keyboard reaches it then, and only then. All are measured before
// one is changed, and what is far from the screen when it comes near.

const overflows = (box) =>
  box.scrollWidth > box.clientWidth ||
  (box.scrollHeight > box.clientHeight && !box.matches(".katex-display"));

const sized = new ResizeObserver((seen) => {
  const boxes = seen.map(({ target }) => [target, overflows(target)]);
  for (const [box, scrolls] of boxes) {
    if (scrolls) box.tabIndex = 0;
    else box.removeAttribute("tabindex");
  }
});

addEventListener("load", () => {
  const places = "div.math > .katex-display, pre, .cell_output > .output, .pst-scrollable-table-container";
  for (const box of document.querySelectorAll(places)) {
    box.tabIndex = 0; // until it is measured
    sized.observe(box);
  }
});

// A place that an address or the way back names is at its true height once all before it is laid out.
const layOut = () => document.documentElement.classList.add("laid-out");

function goThere() {
  layOut();
  document.querySelector(":target")?.scrollIntoView();
}

if (performance.getEntriesByType("navigation")[0]?.type !== "navigate") layOut();
if (location.hash) goThere();
addEventListener("hashchange", goThere);
addEventListener("click", ({ target }) => {
  if (target instanceof Element && target.closest('a[href*="#"]')) layOut();
});

// What the theme's buttons do; a page may hold no script in its elements.
addEventListener("click", ({ target }) => {
  const button = target instanceof Element && target.closest("[data-press]");
  if (button) window[button.dataset.press]();
});

// The theme's menus and hints and the buttons that copy code, large scripts, come with the first sign of a reader, one
// after the other. What was pressed before they came is pressed again.
(() => {
  const signs = ["pointerover", "touchstart", "keydown", "scroll"];
  const { dataset, src } = document.currentScript;
  let pressed = null;

  function hold(event) {
    const menu = event.target instanceof Element && event.target.closest('[data-bs-toggle="dropdown"]');
    if (menu) pressed = menu;
  }

  function came() {
    removeEventListener("click", hold);
    pressed?.click();
  }

  function bring() {
    for (const sign of signs) removeEventListener(sign, bring);
    const scripts = (dataset.later ?? "scripts/bootstrap.js")
      .split(" ")
      .map((name) =>
        Object.assign(document.createElement("script"), { src: new URL(name, src), async: false }),
      );
    scripts[0].addEventListener("load", came);
    document.head.append(...scripts);
  }

  for (const sign of signs) addEventListener(sign, bring, { passive: true });
  addEventListener("click", hold);
})();
