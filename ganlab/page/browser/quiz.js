// A quiz that marks itself, an exercise's number to check, and the reader's progress over all of them.
// `mount(root, data)`: data holds `questions` with a `chapter`, or `chapters` for the page of the progress.

import { CHANGED, forget, load, remembers } from "./quiz/answers.js";
import { progress } from "./quiz/progress.js";
import { asked } from "./quiz/question.js";
import CSS from "./quiz/quiz.css" with { type: "text" };
import { button, make } from "./kit/elements.js";
import { sheet } from "./kit/theme.js";

/** Build a quiz, the check of an exercise, or the table of the progress inside `root`. */
export function mount(root, data) {
  const box = make("div", { class: "part-quiz" }, sheet(CSS));
  root.append(box);
  const release = (data.chapters ? progress : quiz)(box, data);
  return {
    destroy() {
      release();
      box.remove();
    },
  };
}

function quiz(root, { chapter, title, questions, exercise }) {
  const names = questions.map((question) => `${chapter}/${question.id}`);
  const all = questions.map((question, i) => asked(question, names[i], exercise ? 0 : i + 1));
  if (exercise) {
    root.append(...all.map(({ node }) => node));
    return () => {};
  }
  const total = make("span");
  const count = () => {
    const answers = load();
    const right = names.filter((name) => answers[name]?.right).length;
    const kept = remembers()
      ? "Your answers stay in this browser."
      : "This browser keeps nothing: they go when you leave.";
    total.textContent = `${right} of ${names.length} right. ${kept}`;
  };
  const onclick = () => {
    forget(names);
    all.forEach(({ restore }) => restore());
  };
  const list = make("ol", { class: "questions" }, ...all.map(({ node }) => make("li", {}, node)));
  const again = button("Start again", onclick);
  const below = make("div", { class: "controls" }, total, again);
  root.append(make("section", { "aria-label": `Quiz: ${title}` }, list, below));
  count();
  window.addEventListener(CHANGED, count);
  return () => window.removeEventListener(CHANGED, count);
}
