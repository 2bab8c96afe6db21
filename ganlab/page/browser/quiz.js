// A quiz that marks itself, an exercise's number to check, and the reader's progress over all of them.
// `mount(root, data)`: data holds `questions` with a `chapter`, or `chapters` for the page of the progress.
// What the reader did stays in this browser, under one key of its storage; without storage, in this page.

const KEY = "the-minimax-game";
const VERSION = 1;
const NAME = /^[a-z0-9_]+\/[a-z0-9-]+$/;
const CHANGED = "minimax-progress";

const STYLE = `
.part-quiz { --right: #1a7f37; --wrong: #b3261e; --line: color-mix(in srgb, currentColor 45%, transparent);
  margin: 1em 0; overflow-wrap: anywhere; }
html[data-theme="dark"] .part-quiz, html[theme="dark"] .part-quiz, body[data-jp-theme-light="false"] .part-quiz {
  --right: #63d471; --wrong: #ff9b93; }
.part-quiz [hidden] { display: none !important; }
.part-quiz ol.questions { list-style: none; padding: 0; margin: 0; }
.part-quiz ol.questions > li { margin-bottom: 1.8em; }
.part-quiz fieldset { border: 0; margin: 0; padding: 0; min-width: 0; }
.part-quiz legend { float: none; width: auto; font: inherit; margin: 0 0 .5em; padding: 0; }
.part-quiz p { margin: .3em 0; }
.part-quiz label { display: flex; gap: .6em; align-items: baseline; padding: .3em 0; cursor: pointer; }
.part-quiz input[type="radio"], .part-quiz input[type="checkbox"] { flex: none; transform: translateY(.1em); }
.part-quiz .why { margin: .2em 0 .4em; padding-left: .7em; border-left: 3px solid var(--line); }
.part-quiz .right { border-color: var(--right); }
.part-quiz .wrong { border-color: var(--wrong); }
.part-quiz .right > b { color: var(--right); }
.part-quiz .wrong > b { color: var(--wrong); }
.part-quiz ol.order { list-style: none; padding: 0; margin: 0; counter-reset: place; }
.part-quiz ol.order > li { counter-increment: place; margin: .3em 0; }
.part-quiz ol.order .item { display: flex; gap: .5em; align-items: center; }
.part-quiz ol.order .item::before { content: counter(place) "."; }
.part-quiz ol.order .item > span { flex: 1; }
.part-quiz .controls { display: flex; flex-wrap: wrap; gap: .6em; align-items: center; margin: .5em 0; }
.part-quiz button, .part-quiz .button, .part-quiz input[type="text"] { font: inherit; color: inherit;
  background: transparent; border: 1px solid var(--line); border-radius: .3em; padding: .25em .8em; min-height: 2em;
  cursor: pointer; }
.part-quiz input[type="text"] { width: 9em; cursor: text; }
.part-quiz button:hover, .part-quiz .button:hover { background: color-mix(in srgb, currentColor 10%, transparent); }
.part-quiz button[aria-disabled="true"] { opacity: .45; cursor: default; }
.part-quiz :focus-visible, .part-quiz .button:focus-within { outline: 3px solid #8045e5; outline-offset: 2px; }
.part-quiz .button input { position: absolute; width: 1px; height: 1px; opacity: 0; }
.part-quiz table { width: 100%; border-collapse: collapse; }
.part-quiz th, .part-quiz td { text-align: left; padding: .3em .6em .3em 0; font-weight: normal; }
.part-quiz td:last-child, .part-quiz th:last-child { white-space: nowrap; overflow-wrap: normal; }
.part-quiz progress { appearance: none; width: 100%; min-width: 5em; height: .7em; overflow: hidden;
  border: 1px solid var(--line); border-radius: .35em; background: transparent; }
.part-quiz progress::-webkit-progress-bar { background: transparent; }
.part-quiz progress::-webkit-progress-value { background: #8045e5; }
.part-quiz progress::-moz-progress-bar { background: #8045e5; }
@media print { .part-quiz .controls { display: none; } }
`;

// What the reader did

const memory = new Map();

function stored(write) {
  try {
    if (write !== undefined) localStorage.setItem(KEY, write);
    return localStorage.getItem(KEY);
  } catch {
    if (write !== undefined) memory.set(KEY, write);
    return memory.get(KEY) ?? null;
  }
}

function remembers() {
  try {
    localStorage.setItem(`${KEY}-test`, "1");
    localStorage.removeItem(`${KEY}-test`);
    return true;
  } catch {
    return false;
  }
}

/** The answers in a text that an earlier visit or another browser wrote; throws an Error that says what is wrong. */
export function answersIn(text) {
  let record;
  try {
    record = JSON.parse(text);
  } catch {
    throw new Error("This is not a file of this book: it is no JSON.");
  }
  if (record?.version > VERSION) throw new Error("This file comes from a newer edition of the book.");
  if (record?.version !== VERSION || typeof record.answers !== "object" || record.answers === null)
    throw new Error("This is not a file of this book: it has no answers.");
  const answers = {};
  for (const [name, answer] of Object.entries(record.answers)) {
    if (!NAME.test(name) || typeof answer !== "object" || answer === null) continue;
    const tries = Number.isInteger(answer.tries) && answer.tries > 0 ? answer.tries : 0;
    answers[name] = { given: answer.given, right: answer.right === true, shown: answer.shown === true, tries };
  }
  return answers;
}

function load() {
  try {
    return answersIn(stored() ?? "");
  } catch {
    return {};
  }
}

function save(answers) {
  stored(JSON.stringify({ version: VERSION, answers }));
  window.dispatchEvent(new Event(CHANGED));
}

function forget(names) {
  const answers = load();
  for (const name of names) delete answers[name];
  save(answers);
}

/** Two readers' answers as one: what either got right stays right. */
export function joined(one, other) {
  const answers = { ...one };
  for (const [name, answer] of Object.entries(other)) {
    if (!answers[name]?.right || answer.right) answers[name] = answer;
  }
  return answers;
}

// Marking

/** The number that a reader means by a text, or NaN. */
export function parse(text) {
  const plain = text
    .normalize("NFKC")
    .replace(/[\s_'’]/g, "")
    .replace(/[−–—‐‑]/g, "-")
    .replace(/[x×*·⋅]10\^?\(?([-+]?\d+)\)?$/i, "e$1");
  const decimal = Math.max(plain.lastIndexOf(","), plain.lastIndexOf("."));
  const digits = [...plain].filter((c, i) => i === decimal || !/[.,]/.test(c)).join("").replace(",", ".");
  const separators = plain.match(/[.,]/g) ?? [];
  const mixed = new Set(separators.slice(0, -1)).size > 1 || (separators.length > 1 && separators[0] === separators.at(-1));
  return !mixed && /^[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?$/i.test(digits) ? Number(digits) : NaN;
}

function numeric(question, given) {
  const value = parse(String(given));
  if (!Number.isFinite(value)) return { open: true, message: "Give a number, such as 0.25, -1.5 or 1e-3." };
  const within = (target, times = 1) => Math.abs(value - target) <= times * question.tolerance;
  if (within(question.answer)) return { right: true, message: question.why };
  const slip = (question.misconceptions ?? []).find((mistake) => within(mistake.answer));
  if (slip) return { right: false, message: slip.hint };
  if (within(question.answer, 10))
    return { right: false, close: true, message: question.near ?? `It is not right to ${question.tolerance}.` };
  return { right: false, message: question.otherwise ?? "" };
}

function chosen(question, given) {
  const picked = new Set(Array.isArray(given) ? given : []);
  if (!picked.size) return { open: true, message: "Choose first." };
  const wrong = question.choices.filter((choice, i) => picked.has(i) && !choice.right).length;
  const missing = question.choices.filter((choice, i) => !picked.has(i) && choice.right).length;
  const right = wrong + missing === 0;
  if (question.kind === "single") return { right, message: question.choices[given[0]].why };
  const faults = [wrong && `${wrong} of your choices does not hold`, missing && `${missing} that holds is missing`];
  return { right, message: right ? "These, and no others." : `${faults.filter(Boolean).join(", and ")}.` };
}

function ordered(question, given) {
  const places = given.map((i) => question.items[i].place);
  const misplaced = places.filter((place, i) => place !== i).length;
  return { right: !misplaced, message: misplaced ? `${misplaced} are not in their place.` : "Every step is in its place." };
}

/** What is said about an answer: {right, message}, `close` for a number that nearly is, `open` for no answer. */
export function verdict(question, given) {
  return { numeric, single: chosen, multiple: chosen, ordering: ordered }[question.kind](question, given);
}

// Display

const ASKED = {
  single: "Choose one.",
  multiple: "Choose all that hold.",
  numeric: "Give a number.",
  ordering: "Put them in order, the first at the top.",
};
let mounted = 0;

function element(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (value !== undefined && value !== false) node.setAttribute(name, value === true ? "" : value);
  }
  if (/^(button|input)$/.test(tag)) node.setAttribute("data-lm-suppress-shortcuts", "true"); // keys stay ours in Jupyter
  node.append(...children);
  return node;
}

/** Text as nodes, with what stands between backticks as code. */
function spoken(text) {
  return text.split(/`([^`]+)`/).map((piece, i) => (i % 2 ? element("code", {}, piece) : piece));
}

function remark(node, verdict, message) {
  node.replaceChildren(element("b", {}, verdict), " ", ...spoken(message));
  node.className = /^(Right|Holds|In its)/.test(verdict) ? "why right" : "why wrong";
  node.hidden = false;
}

function choices(question, id, onchange) {
  const type = question.kind === "single" ? "radio" : "checkbox";
  const inputs = question.choices.map((_, i) =>
    element("input", { type, name: id, value: i, onchange, "aria-describedby": `${id}-why-${i}` }));
  const whys = question.choices.map((_, i) => element("p", { class: "why", id: `${id}-why-${i}`, hidden: true }));
  return {
    nodes: inputs.map((input, i) =>
      element("div", {}, element("label", {}, input, element("span", {}, ...spoken(question.choices[i].text))), whys[i])),
    read: () => inputs.flatMap((input, i) => (input.checked ? [i] : [])),
    write: (given) => inputs.forEach((input, i) => { input.checked = Array.isArray(given) && given.includes(i); }),
    explain(given, all) {
      question.choices.forEach((choice, i) => {
        const own = question.kind === "single" && given.includes(i) && !all; // its why is the verdict itself
        if (!own && (all || given.includes(i))) remark(whys[i], choice.right ? "Holds." : "Does not hold.", choice.why);
      });
    },
    clear: () => whys.forEach((why) => { why.hidden = true; }),
    solution: () => question.choices.flatMap((choice, i) => (choice.right ? [i] : [])),
  };
}

function blank(question, id, onchange) {
  const input = element("input", { type: "text", autocomplete: "off", spellcheck: "false", maxlength: 40, oninput: onchange });
  return {
    nodes: [element("label", {}, "Your number ", input)],
    read: () => input.value,
    write: (given) => { input.value = typeof given === "string" ? given : ""; },
    explain: () => {},
    clear: () => {},
    solution: () => String(question.answer),
  };
}

function order(question, id, onchange, announce) {
  const list = element("ol", { class: "order" });
  const whys = question.items.map(() => element("p", { class: "why", hidden: true }));
  const rows = question.items.map((item, i) => {
    const move = (step) => (event) => {
      event.preventDefault();
      const from = [...list.children].indexOf(rows[i]);
      const to = from + step;
      if (to < 0 || to >= rows.length) return;
      list.children[to][step < 0 ? "before" : "after"](rows[i]);
      event.target.focus();
      onchange();
      announce(`“${item.text.replaceAll("`", "")}” is now number ${to + 1} of ${rows.length}.`);
    };
    const onkeydown = (event) => {
      const step = { ArrowUp: -1, ArrowDown: 1 }[event.key];
      if (step) move(step)(event);
    };
    const button = (step, sign, word) =>
      element("button", { type: "button", onclick: move(step), onkeydown, "aria-label": `Move ${word}: ${item.text}` }, sign);
    return element("li", {}, element("div", { class: "item" }, element("span", {}, ...spoken(item.text)),
      button(-1, "↑", "up"), button(1, "↓", "down")), whys[i]);
  });
  const read = () => [...list.children].map((row) => rows.indexOf(row));
  const write = (given) => {
    const whole = Array.isArray(given) && [...given].sort().join() === [...rows.keys()].sort().join();
    list.replaceChildren(...(whole ? given : [...rows.keys()]).map((i) => rows[i]));
  };
  write(null);
  return {
    nodes: [list],
    read,
    write,
    explain(given, all) {
      given.forEach((i, at) => {
        const inPlace = question.items[i].place === at;
        if (all || !inPlace) remark(whys[i], inPlace ? "In its place." : "Not in its place.", question.items[i].why);
      });
    },
    clear: () => whys.forEach((why) => { why.hidden = true; }),
    solution: () => question.items.map((item, i) => [item.place, i]).sort(([a], [b]) => a - b).map(([, i]) => i),
  };
}

function asked(question, name, number) {
  const id = `quiz-${(mounted += 1)}`;
  const status = element("p", { role: "status" });
  const clear = () => {
    answer.clear();
    status.replaceChildren();
    status.className = "";
  };
  const announce = (text) => status.replaceChildren(text);
  const build = { numeric: blank, single: choices, multiple: choices, ordering: order }[question.kind];
  const answer = build(question, id, clear, announce);

  function mark(given) {
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
  function check() {
    const given = answer.read();
    const right = mark(given);
    if (right === undefined) return;
    const before = load()[name];
    const known = { given, right: right || before?.right === true, shown: before?.shown === true };
    save({ ...load(), [name]: { ...known, tries: (before?.tries ?? 0) + 1 } });
  }
  function show() {
    const given = answer.solution();
    answer.write(given);
    clear();
    answer.explain(given, true);
    status.replaceChildren("This is the answer. ", ...(question.kind === "numeric" ? spoken(question.why) : []));
    save({ ...load(), [name]: { right: false, ...load()[name], shown: true } });
  }
  function restore() {
    const before = load()[name];
    answer.write(before?.given);
    clear();
    if (before?.tries && before.given !== undefined) mark(answer.read());
  }
  const onkeydown = (event) => {
    if (event.key === "Enter" && event.target.tagName === "INPUT") check();
  };
  const checks = element("button", { type: "button", onclick: check }, "Check");
  restore();
  if (!number) {
    const row = element("div", { class: "controls" }, ...answer.nodes, checks);
    return { restore, node: element("div", { role: "group", "aria-label": question.prompt, onkeydown }, row, status) };
  }
  const prompt = element("legend", {}, `${number}. `, ...spoken(question.prompt), " ",
    element("em", {}, ASKED[question.kind]));
  const shows = element("button", { type: "button", onclick: show }, "Show the answer");
  const row = element("div", { class: "controls" }, checks, shows);
  return { restore, node: element("fieldset", { onkeydown }, prompt, ...answer.nodes, row, status) };
}

function quiz(root, { chapter, title, questions, exercise }) {
  const names = questions.map((question) => `${chapter}/${question.id}`);
  const all = questions.map((question, i) => asked(question, names[i], exercise ? 0 : i + 1));
  if (exercise) {
    root.append(...all.map(({ node }) => node));
    return () => {};
  }
  const total = element("span");
  const count = () => {
    const answers = load();
    const right = names.filter((name) => answers[name]?.right).length;
    const kept = remembers() ? "Your answers stay in this browser." : "This browser keeps nothing: they go when you leave.";
    total.textContent = `${right} of ${names.length} right. ${kept}`;
  };
  const again = () => {
    forget(names);
    all.forEach(({ restore }) => restore());
  };
  const list = element("ol", { class: "questions" }, ...all.map(({ node }) => element("li", {}, node)));
  root.append(element("section", { "aria-label": `Quiz: ${title}` }, list,
    element("div", { class: "controls" }, total, element("button", { type: "button", onclick: again }, "Start again"))));
  count();
  window.addEventListener(CHANGED, count);
  return () => window.removeEventListener(CHANGED, count);
}

// The page of the progress

function progress(root, { chapters }) {
  const status = element("p", { role: "status" });
  const body = element("tbody");
  const draw = () => {
    const answers = load();
    body.replaceChildren(...chapters.map(({ title, href, names }) => {
      const right = names.filter((name) => answers[name]?.right).length;
      return element("tr", {},
        element("th", { scope: "row" }, element("a", { href }, title)),
        element("td", {}, element("progress", { max: names.length, value: right, "aria-label": title })),
        element("td", {}, `${right} of ${names.length}`));
    }));
  };
  const write = () => {
    const text = JSON.stringify({ version: VERSION, answers: load() }, null, 1);
    const address = URL.createObjectURL(new Blob([text], { type: "application/json" }));
    element("a", { href: address, download: "minimax-game-progress.json" }).click();
    setTimeout(() => URL.revokeObjectURL(address), 10_000);
    status.textContent = "Your answers are in the file minimax-game-progress.json.";
  };
  const read = async (event) => {
    const [file] = event.target.files;
    if (!file) return;
    try {
      const found = answersIn(await file.text());
      save(joined(load(), found));
      status.textContent = `${Object.keys(found).length} answers were read and added to yours.`;
    } catch (error) {
      status.textContent = error.message;
    }
    event.target.value = "";
  };
  const erase = element("button", { type: "button", onclick: () => {
    if (erase.dataset.sure) {
      save({});
      status.textContent = "Everything is forgotten.";
      calm();
    } else {
      erase.dataset.sure = "yes";
      erase.textContent = "Press again to forget everything";
    }
  }, onblur: () => calm() }, "Forget everything");
  const calm = () => {
    delete erase.dataset.sure;
    erase.textContent = "Forget everything";
  };
  const head = ["Chapter", "Answered rightly", "Count"].map((text) => element("th", { scope: "col" }, text));
  root.append(element("table", {}, element("thead", {}, element("tr", {}, ...head)), body),
    element("div", { class: "controls" },
      element("button", { type: "button", onclick: write }, "Save to a file"),
      element("label", { class: "button" }, "Read from a file",
        element("input", { type: "file", accept: ".json,application/json", onchange: read })),
      erase), status);
  status.append("\u00a0"); // a line of its own from the start: nothing moves when it speaks
  draw();
  for (const event of [CHANGED, "storage"]) window.addEventListener(event, draw);
  return () => [CHANGED, "storage"].forEach((event) => window.removeEventListener(event, draw));
}

/** Build a quiz, the check of an exercise, or the table of the progress inside `root`. */
export function mount(root, data) {
  const box = element("div", { class: "part-quiz" }, element("style", {}, STYLE));
  root.append(box);
  const release = (data.chapters ? progress : quiz)(box, data);
  return {
    destroy() {
      release();
      box.remove();
    },
  };
}
