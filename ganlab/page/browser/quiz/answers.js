// What the reader did: answers that stay in this browser, under one key of its storage; without storage, in
// this page.

const KEY = "the-minimax-game";
const VERSION = 1;
const NAME = /^[a-z0-9_]+\/[a-z0-9-]+$/;
export const CHANGED = "minimax-progress";

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

export function remembers() {
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
    answers[name] = {
      given: answer.given,
      right: answer.right === true,
      shown: answer.shown === true,
      tries,
    };
  }
  return answers;
}

export function load() {
  try {
    return answersIn(stored() ?? "");
  } catch {
    return {};
  }
}

/** All answers as text, as `answersIn` reads it. */
export const written = (answers, indent) => JSON.stringify({ version: VERSION, answers }, null, indent);

export function save(answers) {
  stored(written(answers));
  window.dispatchEvent(new Event(CHANGED));
}

export function forget(names) {
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
