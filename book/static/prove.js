// Proofs that a reader runs: the panel that the mark beside an equation opens (marks.js). Nothing is loaded before a
// mark is pressed; then a worker (prove-worker.js) brings an interpreter and proves.

(() => {
  "use strict";

  const PATIENCE = 90_000; // milliseconds without a word, after which a line counts as not decided
  let opened = 0;
  let line = null;

  function make(tag, attributes = {}, ...children) {
    const element = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) {
      if (typeof value === "function") element.addEventListener(name.slice(2), value);
      else if (value !== false && value !== undefined)
        element.setAttribute(name, value === true ? "" : value);
    }
    element.append(...children);
    return element;
  }

  const button = (text, onclick, attributes = {}) =>
    make("button", { type: "button", onclick, ...attributes }, text);

  // What KaTeX typeset: while the book was built, or in the worker.
  function typeset(node, html) {
    node.innerHTML = html;
    reach(node);
  }

  function reach(node) {
    for (const display of node.querySelectorAll(".katex-display"))
      if (display.scrollWidth > display.clientWidth) display.tabIndex = 0;
  }

  // The worker

  function connect(home) {
    const program = `importScripts(${JSON.stringify(new URL("../prove-worker.js", home).href)})`;
    const address = URL.createObjectURL(new Blob([program], { type: "text/javascript" }));
    const worker = new Worker(address);
    const waiting = new Map();
    let asked = 0;
    const fail = (reason) => {
      worker.terminate();
      if (line === self) line = null;
      for (const { reject } of waiting.values()) reject(new Error(reason));
      self.ended(reason);
    };
    const self = { heard: () => {}, ended: () => {} };
    self.ready = new Promise((resolve, reject) => {
      self.ended = (reason) => reject(new Error(reason));
      worker.addEventListener("message", ({ data }) => {
        if (data.ready) resolve();
        else if (data.progress !== undefined) self.heard(data);
        else if (data.id === undefined) fail(data.failed);
        else settle(waiting, data);
      });
      worker.addEventListener("error", (event) => {
        event.preventDefault();
        fail(event.message || "the worker does not start");
      });
    });
    self.ask = async (request, receive = () => {}) => {
      await self.ready;
      const id = (asked += 1);
      return new Promise((resolve, reject) => {
        const late = () => fail("late");
        waiting.set(id, { resolve, reject, receive, late, timer: setTimeout(late, PATIENCE), parts: [] });
        worker.postMessage({ id, ...request });
      });
    };
    worker.postMessage({ home });
    return self;
  }

  function settle(waiting, { id, done, failed, ...part }) {
    const one = waiting.get(id);
    if (!one) return;
    clearTimeout(one.timer);
    if (done || failed) {
      waiting.delete(id);
      if (failed) one.reject(new Error(failed));
      else one.resolve(one.parts);
      return;
    }
    one.timer = setTimeout(one.late, PATIENCE);
    one.parts.push(part);
    one.receive(part);
  }

  // The worker, when it is ready; on the way there a bar and a sentence say how far it is.
  async function reached(home, bar, say) {
    line ??= connect(home);
    const mine = line;
    mine.heard = ({ progress, come, whole }) => {
      bar.hidden = false;
      bar.value = progress;
      const of = (bytes) => (bytes / 1e6).toFixed(1);
      say(progress < 1 ? `Loading what proves, once: ${of(come)} of ${of(whole)} MB.` : "Starting it.");
    };
    await mine.ready;
    bar.hidden = true;
    return mine;
  }

  // What a browser or a copy of the book may lack, as a sentence.
  function lacking(reason) {
    if (location.protocol === "file:")
      return "A browser runs a proof only on a page that a server sends. The command make serve is one.";
    if (!("WebAssembly" in window) || !("Worker" in window))
      return "A proof needs a browser with WebAssembly and workers, as all have had since 2017.";
    if (reason === "missing")
      return "This copy of the book was built without what proves: npm did not bring it. Build it again with a network.";
    return reason && `What proves did not come (${reason}). Press “prove” again to try once more.`;
  }

  // A panel

  class Panel {
    constructor(mark) {
      const { home, proofs } = mark.parentElement.dataset;
      this.home = new URL(home, document.baseURI).href;
      this.names = proofs.split(" ");
      const number =
        mark.parentElement.previousElementSibling?.querySelector(".eqno")?.firstChild?.textContent;
      this.title = `Proof of equation ${number ?? ""}`.trim();
      this.status = make("p", { role: "status" });
      this.bar = make("progress", { max: 1, value: 0, "aria-label": "What has been loaded", hidden: true });
      this.list = make("ol", { class: "lines" });
      this.numbers = make("div", { class: "numbers" });
      this.node = make("section", {
        class: "proof-panel",
        id: `proof-${(opened += 1)}`,
        "aria-label": this.title,
      });
      this.node.append(...this.choices(), this.list, this.status, this.bar, this.controls(), this.numbers);
    }

    choices() {
      if (this.names.length === 1) return [];
      this.tabs = this.names.map((name) =>
        button(words(name), () => this.show(name), { "aria-pressed": "false" }),
      );
      return [make("div", { class: "controls", role: "group", "aria-label": "Which proof" }, ...this.tabs)];
    }

    controls() {
      this.again = button("Prove it again", () => this.prove(), { hidden: true });
      this.back = button("All as in the book", () => this.restore(), { hidden: true });
      return make("div", { class: "controls" }, this.again, this.back);
    }

    say(text) {
      if (this.status.textContent !== text) this.status.textContent = text;
    }

    async show(name) {
      this.name = name;
      this.run = {};
      this.say("");
      this.tabs?.forEach((tab, i) => tab.setAttribute("aria-pressed", String(this.names[i] === name)));
      const lines = await (await fetch(`${this.home}lines/${name}.json`)).json();
      if (this.name !== name) return;
      this.rows = new Map();
      this.figures = {};
      this.current = "claim";
      let place = 0;
      let step = 0;
      this.list.replaceChildren(
        ...lines.map((each) => {
          if (each.kind === "given") return given(each);
          const row = new Row(
            this,
            each,
            each.kind === "claim" ? "claim" : place,
            each.kind === "step" ? (step += 1) : 0,
          );
          if (each.kind !== "claim") place += 1;
          this.rows.set(String(row.place), row);
          return row.node;
        }),
      );
      this.numbers.replaceChildren();
      reach(this.list);
      await this.prove();
    }

    changed() {
      const rows = [...this.rows.values()].filter(({ text, known }) => text !== known);
      return Object.fromEntries(rows.map(({ place, text }) => [place, text]));
    }

    request(what) {
      return { proof: this.name, texts: this.changed(), numbers: this.figures, ...what };
    }

    line() {
      return reached(this.home, this.bar, (text) => this.say(text));
    }

    async prove() {
      const missing = lacking();
      if (missing) return this.say(missing);
      const { name } = this;
      this.run = {};
      const { run } = this;
      this.again.hidden = true;
      this.back.hidden = !Object.keys(this.changed()).length;
      this.rows.forEach((row) => row.judge("waiting"));
      if (!line) this.say("Loading what proves, once.");
      try {
        const to = await this.line();
        if (run !== this.run) return undefined;
        const order = [...this.rows.values()].filter(({ place }) => place !== "claim");
        order.push(this.rows.get("claim"));
        let at = 0;
        order[0].judge("proving");
        this.say(`Proving ${order[0].label}.`);
        await to.ask(this.request({ do: "prove" }), ({ place, fault, refused }) => {
          if (run !== this.run) return;
          if (refused) return this.say(refused);
          this.rows.get(String(place)).judge(fault ? "fails" : "holds", fault);
          at += 1;
          if (at < order.length) {
            order[at].judge("proving");
            this.say(`Proving ${order[at].label}.`);
          }
        });
        if (run === this.run) await this.finish(to);
      } catch (error) {
        if (this.name === name) this.stopped(error.message);
      }
      return undefined;
    }

    stopped(reason) {
      this.bar.hidden = true;
      this.again.hidden = false;
      for (const row of this.rows.values())
        if (row.node.dataset.state !== "holds" && row.node.dataset.state !== "fails") row.judge("");
      this.say(
        reason === "late"
          ? "One line was not decided in time, and what is not shown is not accepted. Change it back, or simplify it."
          : lacking(reason),
      );
    }

    async finish(to) {
      const failed = [...this.rows.values()].filter(({ node }) => node.dataset.state === "fails");
      this.again.hidden = false;
      this.say(
        failed.length
          ? `Not proven: ${failed.map(({ label }) => label).join(", ")}.`
          : `Proven: each of the ${this.rows.size} lines holds.`,
      );
      if (!this.numbers.firstChild) {
        const [{ variables }] = await to.ask(this.request({ do: "open" }));
        this.variables = variables;
      }
      await this.measure();
    }

    // Both sides of one line at numbers.
    async measure() {
      const [sides] = await (await this.line()).ask(this.request({ do: "sides", place: this.current }));
      if (sides) drawNumbers(this, sides);
    }

    look(place) {
      this.current = place;
      if (this.variables) this.measure().catch(() => {});
    }

    restore() {
      this.rows.forEach((row) => row.restore());
      return this.prove();
    }
  }

  const words = (name) => name.replaceAll("_", " ").replace(/^./, (letter) => letter.toUpperCase());

  function given(each) {
    const node = make("li", { class: "given" });
    typeset(node, each.html || each.reason);
    return node;
  }

  // A line of a derivation, and the field in which it is changed.

  class Row {
    constructor(panel, { kind, reason, html, text }, place, step) {
      Object.assign(this, { panel, place, html, text, known: text });
      this.label = kind === "claim" ? "the claim" : kind === "step" ? `line ${step}` : "a definition";
      this.sign = make("span", { class: "sign", "aria-hidden": "true" });
      this.formula = make("div", { class: "formula" });
      this.why = make("p", { class: "why", hidden: true });
      this.opener = button("change", () => this.toggle(), {
        class: "change",
        "aria-expanded": "false",
        "aria-label": `Change ${this.label}`,
      });
      const said = make("p", { class: "reason" });
      said.innerHTML = kind === "claim" ? "Claim" : kind === "step" ? `${step}. ${reason}` : reason;
      this.node = make("li", { class: kind }, this.sign, said, this.formula, this.opener, this.why);
      typeset(this.formula, html);
    }

    judge(state, fault = "") {
      this.node.dataset.state = state;
      this.sign.textContent = { holds: "✓", fails: "✗", proving: "…" }[state] ?? "";
      this.why.textContent = fault;
      this.why.hidden = !fault;
    }

    toggle() {
      this.editor ??= this.edit();
      this.editor.hidden = !this.editor.hidden;
      this.opener.setAttribute("aria-expanded", String(!this.editor.hidden));
      if (this.editor.hidden) return this.panel.look("claim");
      this.field.focus();
      return this.panel.look(this.place);
    }

    edit() {
      const onkeydown = (event) => event.key === "Enter" && this.change(this.field.value);
      this.field = make("input", {
        type: "text",
        value: this.text,
        maxlength: 400,
        spellcheck: "false",
        autocomplete: "off",
        autocapitalize: "off",
        onkeydown,
        "aria-label": `${this.label} as text`,
      });
      this.flips = 0;
      const node = make(
        "div",
        { class: "edit", hidden: true },
        this.field,
        make(
          "div",
          { class: "controls" },
          button("Check this line", () => this.change(this.field.value)),
          button("Change a sign", () => this.flip()),
          button("As in the book", () => this.change(this.known)),
        ),
        (this.refusal = make("p", { class: "why", role: "status" })),
      );
      this.node.append(node);
      return node;
    }

    flip() {
      const signs = [...this.known.matchAll(/[-+](?!\))/g)].map(({ index }) => index);
      const right = this.known.search(/(?<=[=<>] )/);
      const at = signs.length ? signs[this.flips++ % signs.length] : -1;
      const other = this.known[at] === "-" ? "+" : "-";
      this.change(
        at < 0
          ? `${this.known.slice(0, right)}-(${this.known.slice(right)})`
          : `${this.known.slice(0, at)}${other}${this.known.slice(at + 1)}`,
      );
    }

    async change(text) {
      this.field.value = text;
      this.refusal.textContent = "";
      try {
        const request = this.panel.request({ do: "change", place: this.place, text });
        delete request.texts[this.place];
        const [answer] = await (await this.panel.line()).ask(request);
        if (answer.refused) {
          this.refusal.textContent = answer.refused;
          return undefined;
        }
        this.take(text === this.known ? this.known : text, answer.html);
      } catch (error) {
        this.refusal.textContent = lacking(error.message);
        return undefined;
      }
      return this.panel.prove();
    }

    take(text, html) {
      this.text = text;
      this.node.classList.toggle("changed", text !== this.known);
      typeset(this.formula, html);
    }

    restore() {
      if (this.field) this.field.value = this.known;
      this.take(this.known, this.html);
    }
  }

  // Both sides at numbers

  function drawNumbers(panel, { place, uses, outcomes, left, right, holds, broken }) {
    const row = panel.rows.get(String(place));
    const used = panel.variables.filter(({ name }) => uses.includes(name));
    const sides = make("p", { class: "sides" });
    const verdict = { true: "holds", false: "fails" }[holds] ?? "";
    sides.dataset.state = verdict;
    sides.append("left side ", make("b", {}, left), " · right side ", make("b", {}, right));
    if (broken.length) sides.append(` · here an assumption is not true: ${broken.join(", ")}`);
    const shown = [panel.name, place, outcomes, ...uses].join();
    if (panel.numbers.dataset.shown === shown && panel.numbers.querySelector(".sides")) {
      panel.numbers.querySelector(".sides").replaceWith(sides);
      return;
    }
    panel.numbers.dataset.shown = shown;
    const title = used.length
      ? `Both sides of ${row.label} at numbers; change them`
      : `Both sides of ${row.label}`;
    const refusal = make("p", { class: "why", role: "status" });
    const fields = make(
      "div",
      { class: "fields" },
      ...used.map((variable) => fieldOf(panel, variable, outcomes, refusal)),
    );
    panel.numbers.replaceChildren(make("p", { class: "reason" }, title), fields, refusal, sides);
  }

  // An unknown function has a number for each outcome; where no integral stands, the first of them is looked at.
  function fieldOf(panel, variable, outcomes, refusal) {
    const numbers = () => panel.figures[variable.name] ?? variable.numbers;
    const count = Math.min(outcomes, variable.numbers.length);
    const read = () => {
      const given = inputs.map(({ value }) => Number(value.replace(",", ".").replace("−", "-") || NaN));
      return [...given, ...numbers().slice(count)];
    };
    const onchange = async () => {
      const given = read();
      const before = panel.figures[variable.name];
      panel.figures[variable.name] = given;
      const request = panel.request({ do: "sides", place: panel.current });
      if (given.some(Number.isNaN)) request.numbers[variable.name] = [];
      const [sides] = await (await panel.line()).ask(request);
      refusal.textContent = sides.refused ?? "";
      if (!sides.refused) return drawNumbers(panel, sides);
      if (before) panel.figures[variable.name] = before;
      else delete panel.figures[variable.name];
      return undefined;
    };
    const inputs = numbers()
      .slice(0, count)
      .map((number, i) =>
        make("input", {
          type: "text",
          inputmode: "decimal",
          size: 5,
          value: number,
          onchange,
          "aria-label": count > 1 ? `${variable.name}, outcome ${i + 1}` : variable.name,
        }),
      );
    const name = make("span", { class: "name", "aria-hidden": "true" });
    name.innerHTML = variable.html;
    const shares = variable.mass && count > 1 ? "(shares of their sum)" : "";
    return make("div", { class: "field" }, name, " = ", ...inputs, shares);
  }

  // A formula as the answer of an exercise

  function answerField(box) {
    dress(box.dataset.home);
    const home = new URL(box.dataset.home, document.baseURI).href;
    const exercise = JSON.parse(box.dataset.exercise);
    const heard = {
      bar: make("progress", { max: 1, value: 0, "aria-label": "What has been loaded", hidden: true }),
    };
    const status = make("p", { role: "status" });
    const read = make("div", { class: "formula" });
    const say = (text, state = "") => {
      status.textContent = text;
      status.dataset.state = state;
    };
    const check = async () => {
      const missing = lacking();
      if (missing) return say(missing);
      read.replaceChildren();
      try {
        const to = await reached(home, heard.bar, say);
        say("Checking.");
        const [told] = await to.ask({ do: "mark", text: field.value, exercise });
        if (told.refused) return say(told.refused);
        typeset(read, told.html);
        return say(`${told.right ? "Right." : "Not yet."} ${told.message}`, told.right ? "holds" : "fails");
      } catch (error) {
        heard.bar.hidden = true;
        return say(
          error.message === "late"
            ? "This was not decided in time: write it shorter."
            : lacking(error.message),
        );
      }
    };
    const onkeydown = (event) => event.key === "Enter" && check();
    const field = make("input", {
      type: "text",
      maxlength: 400,
      spellcheck: "false",
      autocomplete: "off",
      autocapitalize: "off",
      placeholder: "such as -log(1 + exp(-a))/2",
      onkeydown,
    });
    const label = make("label", {}, "Your formula ", field);
    box.replaceChildren(
      make("div", { class: "controls" }, label, button("Check", check)),
      read,
      status,
      heard.bar,
    );
    box.classList.add("proof-panel");
  }

  // What the marks do (marks.js), and what a card asks of the same thread (run.js)

  function dress(home) {
    const href = new URL("../prove.css", new URL(home, document.baseURI)).href;
    if (!document.querySelector(`link[href="${href}"]`))
      document.head.append(make("link", { rel: "stylesheet", href }));
  }

  function press(mark) {
    let panel = null;
    return () => {
      const open = mark.getAttribute("aria-expanded") !== "true";
      if (!panel) {
        dress(mark.parentElement.dataset.home);
        panel = new Panel(mark);
        mark.parentElement.append(panel.node);
        mark.setAttribute("aria-controls", panel.node.id);
      }
      mark.setAttribute("aria-expanded", String(open));
      panel.node.hidden = !open;
      if (!open) return undefined;
      const missing = lacking();
      if (missing) return panel.say(missing);
      return panel.name
        ? undefined
        : panel.show(panel.names[0]).catch((error) => panel.say(lacking(error.message)));
    };
  }

  globalThis.prover = { make, button, typeset, reached, lacking, dress, press, answerField };
})();
