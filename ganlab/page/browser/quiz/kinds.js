// The kinds of questions, as controls: each has nodes, reads and writes an answer, explains and clears it.

import { button, make } from "../kit/elements.js";

/** Text as nodes, with what stands between backticks as code. */
export function spoken(text) {
  return text.split(/`([^`]+)`/).map((piece, i) => (i % 2 ? make("code", {}, piece) : piece));
}

export function remark(node, verdict, message) {
  node.replaceChildren(make("b", {}, verdict), " ", ...spoken(message));
  node.className = /^(Right|Holds|In its)/.test(verdict) ? "why right" : "why wrong";
  node.hidden = false;
}

const hide = (nodes) =>
  nodes.forEach((node) => {
    node.hidden = true;
  });

export function choices(question, id, onchange) {
  const type = question.kind === "single" ? "radio" : "checkbox";
  const inputs = question.choices.map((_, i) =>
    make("input", { type, name: id, value: i, onchange, "aria-describedby": `${id}-why-${i}` }),
  );
  const whys = question.choices.map((_, i) =>
    make("p", { class: "why", id: `${id}-why-${i}`, hidden: true }),
  );
  return {
    nodes: inputs.map((input, i) =>
      make(
        "div",
        {},
        make("label", {}, input, make("span", {}, ...spoken(question.choices[i].text))),
        whys[i],
      ),
    ),
    read: () => inputs.flatMap((input, i) => (input.checked ? [i] : [])),
    write: (given) =>
      inputs.forEach((input, i) => {
        input.checked = Array.isArray(given) && given.includes(i);
      }),
    explain(given, all) {
      question.choices.forEach((choice, i) => {
        const own = question.kind === "single" && given.includes(i) && !all; // its why is the verdict itself
        if (!own && (all || given.includes(i)))
          remark(whys[i], choice.right ? "Holds." : "Does not hold.", choice.why);
      });
    },
    clear: () => hide(whys),
    solution: () => question.choices.flatMap((choice, i) => (choice.right ? [i] : [])),
  };
}

export function blank(question, id, onchange) {
  const input = make("input", {
    type: "text",
    autocomplete: "off",
    spellcheck: "false",
    maxlength: 40,
    oninput: onchange,
  });
  return {
    nodes: [make("label", {}, "Your number ", input)],
    read: () => input.value,
    write: (given) => {
      input.value = typeof given === "string" ? given : "";
    },
    explain: () => {},
    clear: () => {},
    solution: () => String(question.answer),
  };
}

export function order(question, id, onchange, announce) {
  const list = make("ol", { class: "order" });
  const whys = question.items.map(() => make("p", { class: "why", hidden: true }));
  const moved = (item, place) => {
    onchange();
    announce(`“${item.text.replaceAll("`", "")}” is now number ${place + 1} of ${rows.length}.`);
  };
  const rows = question.items.map((item, i) => row(list, item, whys[i], moved));
  const read = () => [...list.children].map((each) => rows.indexOf(each));
  const write = (given) => {
    const whole = Array.isArray(given) && [...given].sort().join() === [...rows.keys()].sort().join();
    list.replaceChildren(...(whole ? given : [...rows.keys()]).map((i) => rows[i]));
  };
  const places = question.items.map((item, i) => [item.place, i]).sort(([a], [b]) => a - b);
  write(null);
  return {
    nodes: [list],
    read,
    write,
    explain(given, all) {
      given.forEach((i, at) => {
        const inPlace = question.items[i].place === at;
        const verdict = inPlace ? "In its place." : "Not in its place.";
        if (all || !inPlace) remark(whys[i], verdict, question.items[i].why);
      });
    },
    clear: () => hide(whys),
    solution: () => places.map(([, i]) => i),
  };
}

// An item with two buttons, and arrow keys on them, that move it in its list.
function row(list, item, why, moved) {
  const move = (step) => (event) => {
    event.preventDefault();
    const to = [...list.children].indexOf(node) + step;
    if (to < 0 || to >= list.children.length) return;
    list.children[to][step < 0 ? "before" : "after"](node);
    event.target.focus();
    moved(item, to);
  };
  const onkeydown = (event) => {
    const step = { ArrowUp: -1, ArrowDown: 1 }[event.key];
    if (step) move(step)(event);
  };
  const mover = (step, sign, word) =>
    button(sign, move(step), { onkeydown, "aria-label": `Move ${word}: ${item.text}` });
  const text = make("span", {}, ...spoken(item.text));
  const node = make(
    "li",
    {},
    make("div", { class: "item" }, text, mover(-1, "↑", "up"), mover(1, "↓", "down")),
    why,
  );
  return node;
}
