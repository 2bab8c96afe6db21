// An equation that is wider than its column scrolls: the keyboard reaches it then, and only then.

const displays = () => document.querySelectorAll("div.math > .katex-display");

function reach() {
  for (const display of displays()) {
    if (display.scrollWidth > display.clientWidth) display.tabIndex = 0;
    else display.removeAttribute("tabindex");
  }
}

addEventListener("load", reach);
addEventListener("resize", reach);
addEventListener("toggle", reach, true);

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
