// One question: what is asked, the controls that answer it, and what is said about the answer.

import { button, make } from "../kit/elements.js";
import { load, save } from "./answers.js";
import { blank, choices, order, remark, spoken } from "./kinds.js";
import { verdict } from "./marking.js";

const KINDS = { numeric: blank, single: choices, multiple: choices, ordering: order };
const ASKED = {
  single: "Choose one.",
  multiple: "Choose all that hold.",
  numeric: "Give a number.",
  ordering: "Put them in order, the first at the top.",
};
let mounted = 0;

/** A question as {node, restore}; without a number it is the field below an exercise. */
export function asked(question, name, number) {
  const status = make("p", { role: "status" });
  const clear = () => {
    answer.clear();
    status.replaceChildren();
    status.className = "";
  };
  const announce = (text) => status.replaceChildren(text);
  const answer = KINDS[question.kind](question, `quiz-${(mounted += 1)}`, clear, announce);
  const one = { question, name, status, clear, answer };
  const onkeydown = (event) => {
    if (event.key === "Enter" && event.target.tagName === "INPUT") check(one);
  };
  const checks = button("Check", () => check(one));
  restore(one);
  if (!number) {
    const row = make("div", { class: "controls" }, ...answer.nodes, checks);
    const group = { role: "group", "aria-label": question.prompt, onkeydown };
    return { restore: () => restore(one), node: make("div", group, row, status) };
  }
  const hint = make("em", {}, ASKED[question.kind]);
  const prompt = make("legend", {}, `${number}. `, ...spoken(question.prompt), " ", hint);
  const shows = button("Show the answer", () => show(one));
  const row = make("div", { class: "controls" }, checks, shows);
  const node = make("fieldset", { onkeydown }, prompt, ...answer.nodes, row, status);
  return { restore: () => restore(one), node };
}

function mark({ question, status, clear, answer }, given) {
  clear();
  const { right, close, open, message } = verdict(question, given);
  if (open) {
    status.textContent = message;
    return undefined;
  }
  answer.explain(given, right);
  remark(status, right ? "Right." : close ? "Close." : "Not yet.", message);
  return right;
}

function check(one) {
  const { name, answer } = one;
  const given = answer.read();
  const right = mark(one, given);
  if (right === undefined) return;
  const before = load()[name];
  const known = { given, right: right || before?.right === true, shown: before?.shown === true };
  save({ ...load(), [name]: { ...known, tries: (before?.tries ?? 0) + 1 } });
}

function show({ question, name, status, clear, answer }) {
  const given = answer.solution();
  answer.write(given);
  clear();
  answer.explain(given, true);
  status.replaceChildren(
    "This is the answer. ",
    ...(question.kind === "numeric" ? spoken(question.why) : []),
  );
  save({ ...load(), [name]: { right: false, ...load()[name], shown: true } });
}

function restore(one) {
  const before = load()[one.name];
  one.answer.write(before?.given);
  one.clear();
  if (before?.tries && before.given !== undefined) mark(one, one.answer.read());
}
