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
