// Whether a part is in view.

// Calls `tell(whether)` at once and at each change; of several changes told together, the last counts. Returns what
// ends that.
export function watched(element, tell) {
  const eye = new IntersectionObserver((changes) => tell(changes.at(-1).isIntersecting));
  eye.observe(element);
  return () => eye.disconnect();
}

// Calls `act` whenever the element was in view and is no longer. Returns what ends that.
export function gone(element, act) {
  let before = false;
  return watched(element, (now) => {
    if (before && !now) act();
    before = now;
  });
}
