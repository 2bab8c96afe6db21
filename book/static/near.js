// The scripts of parts that may wait until their reader comes near: each loads once, a screen before it is seen.

const own = document.currentScript;
const brought = new Set();

const places = (name) => [...document.querySelectorAll(`[data-part="${name}"]`)];

// What another script has put into a place by then, such as the button of the projector, stays there.
function bring(name) {
  const guests = places(name).map((root) => [root, root.querySelector(":scope > .project")]);
  const script = document.createElement("script");
  script.src = own.src.replace(/near\.js.*$/, `parts/${name}.js`);
  script.addEventListener("load", () => {
    for (const [root, guest] of guests) if (guest && !guest.isConnected) root.prepend(guest);
  });
  brought.add(name);
  document.head.append(script);
}

const eye = new IntersectionObserver(
  (seen) => {
    const near = seen.filter(({ isIntersecting }) => isIntersecting);
    for (const name of new Set(near.map(({ target }) => target.dataset.part))) {
      if (!brought.has(name)) bring(name);
    }
  },
  { rootMargin: "100% 0px" },
);
for (const name of own.dataset.parts.split(" ")) places(name).forEach((root) => eye.observe(root));
