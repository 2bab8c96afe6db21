// The page of the progress: what was answered rightly in each chapter, to be saved, read again and forgotten.

import { button, make } from "../kit/elements.js";
import { offer } from "../kit/offer.js";
import { CHANGED, answersIn, joined, load, save, written } from "./answers.js";

const FILE = "minimax-game-progress.json";

/** Draws the table into `root`. Returns what ends that. */
export function progress(root, { chapters }) {
  const status = make("p", { role: "status" });
  const say = (text) => {
    status.textContent = text;
  };
  const body = make("tbody");
  const draw = () => body.replaceChildren(...rows(chapters));
  const write = () => {
    offer(FILE, new Blob([written(load(), 1)], { type: "application/json" }));
    say(`Your answers are in the file ${FILE}.`);
  };
  const file = { type: "file", accept: ".json,application/json", onchange: (event) => read(event, say) };
  const heads = ["Chapter", "Answered rightly", "Count"].map((text) => make("th", { scope: "col" }, text));
  const controls = make(
    "div",
    { class: "controls" },
    button("Save to a file", write),
    make("label", { class: "button" }, "Read from a file", make("input", file)),
    eraser(say),
  );
  const table = make("table", {}, make("thead", {}, make("tr", {}, ...heads)), body);
  root.append(table, controls, status);
  status.append("\u00a0"); // a line of its own from the start: nothing moves when it speaks
  draw();
  for (const event of [CHANGED, "storage"]) window.addEventListener(event, draw);
  return () => [CHANGED, "storage"].forEach((event) => window.removeEventListener(event, draw));
}

function rows(chapters) {
  const answers = load();
  return chapters.map(({ title, href, names }) => {
    const right = names.filter((name) => answers[name]?.right).length;
    return make(
      "tr",
      {},
      make("th", { scope: "row" }, make("a", { href }, title)),
      make("td", {}, make("progress", { max: names.length, value: right, "aria-label": title })),
      make("td", {}, `${right} of ${names.length}`),
    );
  });
}

async function read(event, say) {
  const [file] = event.target.files;
  if (!file) return;
  try {
    const found = answersIn(await file.text());
    save(joined(load(), found));
    say(`${Object.keys(found).length} answers were read and added to yours.`);
  } catch (error) {
    say(error.message);
  }
  event.target.value = "";
}

// The button that forgets everything, when it is pressed twice.
function eraser(say) {
  const calm = () => {
    delete erase.dataset.sure;
    erase.textContent = "Forget everything";
  };
  const onclick = () => {
    if (erase.dataset.sure) {
      save({});
      say("Everything is forgotten.");
      calm();
    } else {
      erase.dataset.sure = "yes";
      erase.textContent = "Press again to forget everything";
    }
  };
  const erase = button("Forget everything", onclick, { onblur: calm });
  return erase;
}
