// The marks of equations that can be proven, and the fields for formulas: what they do is in prove.js, which comes when
// a mark is pressed, or when a field is near.

(() => {
  "use strict";

  const own = document.currentScript;
  let coming = null;

  function bring() {
    coming ??= new Promise((done, failed) => {
      const script = document.createElement("script");
      script.src = own.src.replace("marks.js", "prove.js");
      script.addEventListener("load", () => done(globalThis.prover));
      script.addEventListener("error", failed);
      document.head.append(script);
    }).catch(() => {
      coming = null; // the next press tries again
    });
    return coming;
  }

  for (const mark of document.querySelectorAll("div.prove > button")) {
    const number =
      mark.parentElement.previousElementSibling?.querySelector(".eqno")?.firstChild?.textContent ?? "";
    let act = null;
    mark.setAttribute("aria-label", `prove equation ${number} here`.replace("  ", " "));
    mark.setAttribute("aria-expanded", "false");
    mark.addEventListener("click", async () => {
      const prover = await bring();
      act ??= prover?.press(mark);
      act?.();
    });
    mark.hidden = false;
  }

  const eye = new IntersectionObserver(
    async (seen) => {
      for (const { isIntersecting, target } of seen) {
        if (!isIntersecting) continue;
        eye.unobserve(target);
        (await bring())?.answerField(target);
      }
    },
    { rootMargin: "100% 0px" },
  );
  for (const box of document.querySelectorAll("div.prove-answer")) eye.observe(box);
})();
