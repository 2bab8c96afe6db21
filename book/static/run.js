// The formulas of a card of the corrections, at numbers that its reader may change: the thread of the proofs computes
// both sides, after a click and not before.

(() => {
  "use strict";

  const { make, button, typeset, reached, lacking, dress } = globalThis.prover;
  const SIGNS = { true: ["✓", "holds", "It holds here."], false: ["✗", "fails", "It does not hold here."] };

  function card(box) {
    const home = new URL(box.dataset.home, document.baseURI).href;
    const { said = [], so = [], numbers } = JSON.parse(box.dataset.run);
    const asked = [...said.map((text) => ["Said", text]), ...so.map((text) => ["So", text])];
    const bar = make("progress", { max: 1, value: 0, "aria-label": "What has been loaded", hidden: true });
    const status = make("p", { role: "status" });
    const list = make("ol", { class: "lines" });
    const fields = make("div", { class: "fields" });
    const say = (text) => {
      status.textContent = text;
    };
    let run = 0;

    async function compute() {
      const missing = lacking();
      if (missing) return say(missing);
      const mine = (run += 1);
      try {
        const to = await reached(home, bar, say);
        const texts = asked.map(([, text]) => text);
        const told = await to.ask({ do: "weigh", texts, numbers: given() });
        if (mine === run) show(told);
      } catch (error) {
        bar.hidden = true;
        say(error.message === "late" ? "This was not computed in time." : lacking(error.message));
      }
      return undefined;
    }

    function given() {
      const found = {};
      for (const { dataset, value } of fields.querySelectorAll("input"))
        (found[dataset.name] ??= []).push(Number(value.replace(",", ".").replace("−", "-") || NaN));
      return found;
    }

    function show(told) {
      const refused = told.find((each) => each.refused);
      list.replaceChildren(...(refused ? [] : told.map((each, i) => line(asked[i][0], each))));
      say(refused ? refused.refused : "Computed here, at the numbers below. Change them.");
      start.textContent = "Run it again";
      fields.hidden = false;
    }

    const start = button("Run it here", compute);
    fill(fields, numbers, compute);
    fields.hidden = true;
    box.replaceChildren(make("div", { class: "controls" }, start), status, bar, list, fields);
    box.classList.add("proof-panel");
    dress(box.dataset.home);
  }

  function line(field, { html, left, right, holds }) {
    const [sign, state, words] = SIGNS[holds] ?? ["", "", "It has no value here."];
    const formula = make("div", { class: "formula" });
    const sides = make(
      "p",
      { class: "sides" },
      "left side ",
      make("b", {}, left),
      " · right side ",
      make("b", {}, right),
    );
    const node = make("li", {}, make("span", { class: "sign", "aria-hidden": "true" }, sign));
    node.append(make("p", { class: "reason" }, field), formula, sides, make("p", {}, words));
    node.dataset.state = sides.dataset.state = state;
    typeset(formula, html);
    return node;
  }

  function fill(fields, numbers, onchange) {
    for (const [name, values] of Object.entries(numbers)) {
      const inputs = values.map((value, i) =>
        make("input", {
          type: "text",
          inputmode: "decimal",
          size: 5,
          value,
          onchange,
          "data-name": name,
          "aria-label": values.length > 1 ? `${name}, outcome ${i + 1}` : name,
        }),
      );
      const shown = make("span", { class: "name", "aria-hidden": "true" }, name.replace("_", " "));
      fields.append(make("div", { class: "field" }, shown, " = ", ...inputs));
    }
  }

  for (const box of document.querySelectorAll("div.prove-run")) card(box);
})();
