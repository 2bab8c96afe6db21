// Colours for a canvas, which takes no style sheet.

const NAMES = ["real", "fake", "discriminator", "other", "ink", "paper", "line"];

// The colours that hold at an element, by name.
export function palette(element) {
  const style = getComputedStyle(element);
  return Object.fromEntries(NAMES.map((name) => [name, style.getPropertyValue(`--${name}`).trim()]));
}

export const channels = (color) => [1, 3, 5].map((i) => parseInt(color.slice(i, i + 2), 16));

// Calls `act` whenever the page changes its colours. Returns what ends that.
export function repainted(act) {
  const themed = new MutationObserver(act);
  const asked = matchMedia("(prefers-color-scheme: dark)");
  themed.observe(document.documentElement, { attributes: true, attributeFilter: ["data-theme", "theme"] });
  themed.observe(document.body, { attributes: true, attributeFilter: ["data-jp-theme-light"] });
  asked.addEventListener("change", act);
  return () => {
    themed.disconnect();
    asked.removeEventListener("change", act);
  };
}
