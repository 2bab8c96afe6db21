// Marking: what is said about an answer.

/** The number that a reader means by a text, or NaN. */
export function parse(text) {
  const plain = text
    .normalize("NFKC")
    .replace(/[\s_'’]/g, "")
    .replace(/[−–—‐‑]/g, "-")
    .replace(/[x×*·⋅]10\^?\(?([-+]?\d+)\)?$/i, "e$1");
  const decimal = Math.max(plain.lastIndexOf(","), plain.lastIndexOf("."));
  const digits = [...plain]
    .filter((c, i) => i === decimal || !/[.,]/.test(c))
    .join("")
    .replace(",", ".");
  const separators = plain.match(/[.,]/g) ?? [];
  const mixed =
    new Set(separators.slice(0, -1)).size > 1 ||
    (separators.length > 1 && separators[0] === separators.at(-1));
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
    return {
      right: false,
      close: true,
      message: question.near ?? `It is not right to ${question.tolerance}.`,
    };
  return { right: false, message: question.otherwise ?? "" };
}

function chosen(question, given) {
  const picked = new Set(Array.isArray(given) ? given : []);
  if (!picked.size) return { open: true, message: "Choose first." };
  const wrong = question.choices.filter((choice, i) => picked.has(i) && !choice.right).length;
  const missing = question.choices.filter((choice, i) => !picked.has(i) && choice.right).length;
  const right = wrong + missing === 0;
  if (question.kind === "single") return { right, message: question.choices[given[0]].why };
  const faults = [
    wrong && `${wrong} of your choices does not hold`,
    missing && `${missing} that holds is missing`,
  ];
  return { right, message: right ? "These, and no others." : `${faults.filter(Boolean).join(", and ")}.` };
}

function ordered(question, given) {
  const places = given.map((i) => question.items[i].place);
  const misplaced = places.filter((place, i) => place !== i).length;
  return {
    right: !misplaced,
    message: misplaced ? `${misplaced} are not in their place.` : "Every step is in its place.",
  };
}

/** What is said about an answer: {right, message}, `close` for a number that nearly is, `open` for no answer. */
export function verdict(question, given) {
  return { numeric, single: chosen, multiple: chosen, ordering: ordered }[question.kind](question, given);
}
