// The scripts of parts that may wait until their reader comes near: each loads once, a screen before it is seen.

const own = document.currentScript;
const brought = new Set();

const places = (name) => [...document.querySelectorAll(`[data-part="${name}"]`)];

function load(address) {
  return new Promise((done, failed) => {
    const script = document.createElement("script");
    script.src = address;
    script.addEventListener("load", done);
    script.addEventListener("error", failed);
    document.head.append(script);
  });
}

// Many data come with their part, as a script: a page opened from a disk may load that too.
async function fill(root) {
  await load(new URL(root.dataset.src, document.baseURI));
  const data = globalThis.partData[root.id];
  if (!data) throw new Error(`no data for ${root.id}`);
  root.querySelector(':scope > script[type="application/json"]').textContent = JSON.stringify(data);
  root.removeAttribute("data-src");
}

// What another script has put into a place by then, such as the button of the projector, stays there.
async function bring(name) {
  brought.add(name);
  try {
    await Promise.all(
      places(name)
        .filter(({ dataset }) => dataset.src)
        .map(fill),
    );
    const guests = places(name).map((root) => [root, root.querySelector(":scope > .project")]);
    await load(own.src.replace(/near\.js.*$/, `parts/${name}.js`));
    for (const [root, guest] of guests) if (guest && !guest.isConnected) root.prepend(guest);
  } catch {
    brought.delete(name); // the picture stays; the next time it comes near, perhaps
  }
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

// No part may come while other scripts have still to take their places in it: what they put there would be lost.
document.addEventListener("DOMContentLoaded", () => {
  for (const name of own.dataset.parts.split(" ")) places(name).forEach((root) => eye.observe(root));
});
