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

// The theme's menus, hints and marks of the contents, a large script, come with the first sign of a reader. What was
// pressed before they came is pressed again.
(() => {
  const signs = ["pointerover", "touchstart", "keydown", "scroll"];
  const large = new URL("scripts/bootstrap.js", document.currentScript.src);
  let pressed = null;

  function hold(event) {
    const menu = event.target instanceof Element && event.target.closest('[data-bs-toggle="dropdown"]');
    if (menu) pressed = menu;
  }

  function bring() {
    for (const sign of signs) removeEventListener(sign, bring);
    const script = document.createElement("script");
    script.src = large;
    script.addEventListener("load", () => {
      removeEventListener("click", hold);
      dispatchEvent(new Event("load")); // what waits for a page to be loaded would wait for ever
      pressed?.click();
    });
    document.head.append(script);
  }

  for (const sign of signs) addEventListener(sign, bring, { passive: true });
  addEventListener("click", hold);
})();
