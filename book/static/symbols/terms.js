// Symbols that light up: a symbol that a reader points at, taps or walks to with the arrow keys is marked wherever it
// stands on the page, in equations, text, code and the keys of figures, and a card says what it means here. The list
// of them is made from the page of symbols while the book is built.
//
// A symbol is known by how KaTeX draws it: a letter with all that stands below and above it, save a power and what an
// expectation runs over. So D with a star is not D, and no letter lights another that has an index.

(() => {
  "use strict";

  const REACH = { inside: 24, beside: 12 }; // pixels between a finger and a symbol, in its formula and beside it
  const APART = "#letters-of-one-chapter"; // there a letter has the meanings of several chapters
  const LEGEND = "article :is(.part, .explorable) :is(ul.legend li, svg text, label)";
  const PAUSE = { first: 160, next: 60, gone: 300 }; // milliseconds

  const distance = ({ left, right, top, bottom }, x, y) =>
    Math.hypot(Math.max(left - x, 0, x - right), Math.max(top - y, 0, y - bottom));

  const words = (node) => node.textContent.replace(/[\u200b\s]/g, "");

  // Symbols as they are drawn

  function letter(node) {
    const text = words(node);
    if (node.matches(".accent")) return `accent ${text}`;
    const style = ["mathbb", "mathcal", "mathbf"].find((name) => node.classList.contains(name));
    if (style) return `${style} ${text}`;
    return /^[A-Za-z]$/.test(text) && !node.matches(".mathnormal") ? `upright ${text}` : text;
  }

  const whole = (node) =>
    node.matches(".accent, .mord:not(:has(> *))") ||
    (node.matches(".mop") && !node.querySelector(".vlist-t"));

  function scripts(node) {
    const found = {};
    const pieces = ":scope > .vlist-t > .vlist-r:first-child > .vlist > span";
    for (const piece of node.querySelectorAll(pieces)) {
      const strut = piece.querySelector(":scope > .pstrut");
      if (!strut) continue;
      const raised = -parseFloat(piece.style.top) - parseFloat(strut.style.height);
      found[raised > 0 ? "above" : "below"] = piece;
    }
    return found;
  }

  // Calls take(name, element, whether a bracket follows) for each symbol in `node`; an answer of true ends it there.
  function read(node, take) {
    const pieces = [...node.children];
    pieces.forEach((piece, i) =>
      visit(piece, take, pieces[i + 1]?.matches(".mopen") && words(pieces[i + 1]) === "("),
    );
  }

  function visit(node, take, applied) {
    if (node.matches(".msupsub")) return;
    const last = node.lastElementChild;
    if (last?.matches(".msupsub")) visitRaised(node, last, take, applied);
    else if (whole(node)) take(letter(node), node, applied);
    else read(node, take);
  }

  function visitRaised(node, last, take, applied) {
    const { below, above } = scripts(last);
    const base = node.children.length === 2 ? node.firstElementChild : null;
    const binds = below?.querySelector(".mrel");
    if (base && whole(base)) {
      const index = below && !binds ? `_${words(below)}` : "";
      const mark = above && !/^\d+$/.test(words(above)) ? `^${words(above)}` : "";
      if (take(letter(base) + index + mark, index || mark ? node : base, applied)) {
        if (binds) read(below, take);
        return;
      }
    } else if (base) visit(base, take, false);
    if (above) read(above, take);
    if (below && (binds || base?.matches(".mop"))) read(below, take);
  }

  function head(html) {
    const box = document.createElement("span");
    box.innerHTML = html;
    let first = null;
    read(box.querySelector(".katex-html"), (name) => {
      first ??= name;
      return true;
    });
    return first;
  }

  // The symbols of a chapter by name; where a letter and the same letter before a bracket are two things, both.
  function known(symbols, chapter) {
    const found = new Map();
    for (const home of new Set(["", chapter])) {
      for (const symbol of symbols.filter((each) => each.chapter === home)) {
        const name = (symbol.name ??= head(symbol.html));
        const keys = [name, `${name}(`];
        if (keys.every((key) => found.get(key)?.chapter !== home)) for (const key of keys) found.delete(key);
        if (!found.has(name)) found.set(name, symbol);
        if (symbol.applied && !found.has(`${name}(`)) found.set(`${name}(`, symbol);
      }
    }
    return found;
  }

  // A page

  class Page {
    constructor({ symbols, code }, chapter) {
      this.known = known(symbols, chapter);
      this.wanted = new Set(code);
      this.hits = new Map();
      this.places = new Map();
      this.seen = new WeakSet();
      this.lit = [];
    }

    // Reads what has not been read: parts and proofs come later than the page.
    look() {
      for (const formula of document.querySelectorAll("article .katex-html")) {
        if (this.seen.has(formula)) continue;
        this.seen.add(formula);
        if (formula.closest(`${APART}, .symbols`)) continue;
        read(formula, (name, node, applied) => {
          const symbol = (applied && this.known.get(`${name}(`)) || this.known.get(name);
          if (!symbol) return false;
          this.hits.set(node, symbol);
          if (!this.places.has(symbol)) this.places.set(symbol, []);
          this.places.get(symbol).push(node);
          return true;
        });
      }
      return this;
    }

    at(target) {
      for (let node = target; node && !node.matches(".katex-html"); node = node.parentElement)
        if (this.hits.has(node)) return { symbol: this.hits.get(node), node };
      return null;
    }

    // The symbol within some part of the page that is nearest to a point, if it is within reach.
    near(part, x, y, reach) {
      let best = { apart: reach };
      for (const node of part.querySelectorAll(".katex-html *")) {
        if (!this.hits.has(node)) continue;
        const apart = distance(node.getBoundingClientRect(), x, y);
        if (apart < best.apart) best = { apart, symbol: this.hits.get(node), node };
      }
      return best.symbol ? best : null;
    }

    standing(symbol) {
      return (this.places.get(symbol) ?? []).filter((node) => node.isConnected && node.checkVisibility());
    }

    light(symbol) {
      this.dark();
      this.look();
      this.lit = [...(this.places.get(symbol) ?? []), ...this.code(symbol), ...legends(symbol)];
      for (const node of this.lit) node.classList.add("lit");
    }

    dark() {
      for (const node of this.lit) node.classList.remove("lit", "here");
      this.lit = [];
    }

    code(symbol) {
      this.names ??= codeOf(this.wanted);
      return symbol.code.flatMap((name) => this.names.get(name) ?? []);
    }
  }

  // Where each name of the package stands in code: `losses.hinge` in its three pieces, a name in the text as a whole.
  function codeOf(wanted) {
    const found = new Map();
    const put = (name, nodes) => wanted.has(name) && found.set(name, [...(found.get(name) ?? []), ...nodes]);
    for (const name of document.querySelectorAll("article :not(pre) > code.literal"))
      put(name.textContent.trim(), [name]);
    for (const first of document.querySelectorAll("article .highlight pre span[class^=n]")) {
      if (first.previousElementSibling?.textContent === "." && first.textContent.length < 3) continue;
      const nodes = [first];
      put(first.textContent, nodes);
      for (let dot = follows(first); dot?.textContent === "."; dot = follows(nodes.at(-1))) {
        const next = follows(dot);
        if (!next) break;
        nodes.push(dot, next);
        put(nodes.map((node) => node.textContent).join(""), nodes);
      }
    }
    return found;
  }

  const follows = (node) => (node.nextSibling?.nodeType === 1 ? node.nextSibling : null);

  // Entries of the keys of figures, and words in their drawings, that name a symbol.
  function legends({ text, figures }) {
    const said = [text, text.replace(/[_^]/g, ""), ...figures].map((name) =>
      name.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"),
    );
    const whole = new RegExp(`(?<![\\p{L}\\d_^*])(?:${said.join("|")})(?![\\p{L}\\d_^*])`, "u");
    const alone = (words) => text !== "a" || words === "a";
    return [...document.querySelectorAll(LEGEND)].filter(({ textContent }) => {
      const words = textContent.trim();
      return words.length < 60 && whole.test(words) && alone(words);
    });
  }

  // Where a place stands, in words and as a link.
  function addressOf(node) {
    const display = node.closest("div.math[id]");
    const number = display?.querySelector(".eqno")?.firstChild?.textContent;
    if (number) return { href: `#${display.id}`, text: `equation ${number}` };
    const section = node.closest("section[id]");
    const title = section?.querySelector(":scope > :is(h1, h2, h3, h4)")?.cloneNode(true);
    title?.querySelectorAll(".headerlink, .section-number").forEach((part) => part.remove());
    return { href: `#${section?.id ?? ""}`, text: title ? `“${title.textContent.trim()}”` : "this page" };
  }

  function make(tag, attributes = {}, ...children) {
    const element = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) {
      if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
      else element.setAttribute(name, value);
    }
    element.append(...children);
    return element;
  }

  // The panel: the card of one symbol, and for the keyboard a chip for each symbol of the page

  class Panel {
    constructor(page, root, notation, button) {
      Object.assign(this, { page, button, notation: new URL(notation, root) });
      this.chips = make("div", { class: "chips", role: "toolbar", "aria-label": "Symbols on this page" });
      this.card = make("div", { class: "told" });
      const close = make(
        "button",
        { type: "button", class: "close", onclick: () => this.close(true) },
        "Close",
      );
      this.node = make(
        "section",
        { class: "symbols", "aria-label": "Symbols", id: "symbols" },
        this.chips,
        this.card,
        close,
      );
      this.node.hidden = true;
      this.chips.addEventListener("keydown", (event) => this.walk(event));
      this.chips.addEventListener("focusin", ({ target }) => this.pick(target));
      document.body.append(this.node);
    }

    get listing() {
      return !this.node.hidden && !this.chips.hidden;
    }

    // For a symbol at a place: beside it, or where the screen ends.
    show(symbol, node, pinned, docked) {
      this.pinned = pinned;
      this.reveal(symbol, node);
      if (this.listing) return;
      this.chips.hidden = true;
      this.node.hidden = false;
      this.node.classList.toggle("docked", docked);
      this.node.style.cssText = "";
      if (!docked) this.place(node.getBoundingClientRect());
    }

    place(box) {
      const { offsetWidth: width, offsetHeight: height } = this.node;
      const below = box.bottom + 8 + height < innerHeight;
      const left = Math.min(Math.max(box.left - 12, 8), document.documentElement.clientWidth - width - 8);
      this.node.style.cssText = `left: ${left}px; top: ${below ? box.bottom + 8 : Math.max(box.top - height - 8, 8)}px`;
    }

    reveal(symbol, node = null) {
      this.symbol = symbol;
      this.page.light(symbol);
      const places = this.page.standing(symbol);
      this.current = node ? places.indexOf(node) : -1;
      node?.classList.add("here");
      const first = places[0] && addressOf(places[0]);
      const where = make("p", { class: "where" });
      where.append(
        make("a", { href: new URL(`#${symbol.id}`, this.notation).href }, "In the table of symbols"),
      );
      if (first) where.append(" · first here in ", make("a", { href: first.href }, first.text));
      const said = make("p");
      said.innerHTML = `<b class="symbol">${symbol.row}</b> ${symbol.meaning}`;
      for (const link of said.querySelectorAll("a[href]"))
        link.href = new URL(link.getAttribute("href"), this.notation);
      const code = make("p", { class: "in-code" });
      if (symbol.code.length)
        code.append("in the code ", ...symbol.code.flatMap((name) => [make("code", {}, name), " "]));
      this.count = make("span");
      const turn = (by, text) => make("button", { type: "button", onclick: () => this.turn(by) }, text);
      const steps = make("p", { class: "steps" }, turn(-1, "Previous"), this.count, turn(1, "Next"));
      this.card.replaceChildren(said, code, where, steps);
      this.tell(places.length);
    }

    tell(count) {
      const at = this.current < 0 ? "" : `${this.current + 1} of `;
      this.count.textContent = `${at}${count} ${count === 1 ? "place" : "places"}`;
    }

    turn(by) {
      const places = this.page.standing(this.symbol);
      if (!places.length) return;
      this.pinned = true;
      places[this.current]?.classList.remove("here");
      this.current =
        this.current < 0 && by < 0 ? places.length - 1 : (this.current + by + places.length) % places.length;
      places[this.current].classList.add("here");
      places[this.current].scrollIntoView({ block: "center", behavior: "instant" });
      this.tell(places.length);
      if (!this.node.matches(".docked")) this.place(places[this.current].getBoundingClientRect());
    }

    // The list

    open() {
      this.page.look();
      const seen = (node) => {
        const { top, bottom } = node.getBoundingClientRect();
        return bottom > 0 && top < innerHeight;
      };
      const symbols = [...this.page.places.keys()].filter((symbol) => this.page.standing(symbol).length);
      const here = symbols.filter((symbol) => this.page.standing(symbol).some(seen));
      const order = [...here, ...symbols.filter((symbol) => !here.includes(symbol))];
      this.chips.replaceChildren(...order.map((symbol, i) => chip(symbol, i)));
      this.order = order;
      this.node.style.cssText = "";
      this.node.classList.add("docked");
      this.chips.hidden = this.node.hidden = false;
      this.pinned = true;
      this.button?.setAttribute("aria-expanded", "true");
      if (order.length) this.chips.firstElementChild.focus();
      else this.card.replaceChildren(make("p", {}, "No symbol of the table stands on this page."));
    }

    pick(target) {
      const at = [...this.chips.children].indexOf(target);
      if (at < 0) return;
      for (const [i, each] of [...this.chips.children].entries()) {
        each.tabIndex = i === at ? 0 : -1;
        each.setAttribute("aria-pressed", String(i === at));
      }
      this.reveal(this.order[at]);
    }

    walk(event) {
      const chips = [...this.chips.children];
      const at = chips.indexOf(document.activeElement);
      const to = {
        ArrowRight: at + 1,
        ArrowDown: at + 1,
        ArrowLeft: at - 1,
        ArrowUp: at - 1,
        Home: 0,
        End: -1,
      }[event.key];
      if (to !== undefined) chips.at(to % chips.length).focus();
      else if (event.key === "Enter" || event.key === " ") this.turn(1);
      else return;
      event.preventDefault();
    }

    close(back = false) {
      const listed = this.listing;
      this.page.dark();
      this.node.hidden = true;
      this.pinned = false;
      this.symbol = null;
      this.button?.setAttribute("aria-expanded", "false");
      if (back && listed) this.button?.focus();
    }
  }

  function chip(symbol, i) {
    const node = make("button", {
      type: "button",
      "aria-pressed": "false",
      "aria-label": `${symbol.text}: ${symbol.said}`,
    });
    node.tabIndex = i ? -1 : 0;
    node.innerHTML = symbol.html;
    node.addEventListener("click", () => node.focus()); // a tap does not focus a button in every browser
    return node;
  }

  // What a reader does

  function listen(page, panel) {
    let timer = 0;
    const later = (what, pause) => {
      clearTimeout(timer);
      timer = setTimeout(what, pause);
    };
    const over = ({ target, pointerType }) => {
      if (pointerType !== "mouse" || !(target instanceof Element) || panel.pinned) return;
      const hit = target.closest("article .katex") && page.at(target);
      if (hit)
        later(() => panel.show(hit.symbol, hit.node, false, false), panel.symbol ? PAUSE.next : PAUSE.first);
      else if (panel.node.contains(target)) clearTimeout(timer);
      else if (panel.symbol) later(() => panel.close(), PAUSE.gone);
      else clearTimeout(timer);
    };
    const pressed = (event) => {
      const { target, clientX, clientY } = event;
      if (!(target instanceof Element) || panel.node.contains(target)) return;
      if (panel.button?.contains(target)) {
        clearTimeout(timer);
        if (panel.listing) panel.close(true);
        else panel.open();
        return;
      }
      const coarse = matchMedia("(pointer: coarse), (max-width: 576px)").matches;
      const formula = target.closest("article .katex");
      const part = formula ?? (coarse && target.closest("article :is(p, li, dd, td)"));
      const free = part && !target.closest("a, button, summary, label") && getSelection().isCollapsed;
      const reach = formula ? REACH.inside : REACH.beside;
      const hit = free && page.look().near(part, clientX, clientY, reach);
      clearTimeout(timer);
      if (hit) panel.show(hit.symbol, hit.node, true, coarse);
      else if (!panel.listing && panel.symbol) panel.close();
    };
    addEventListener("pointerover", over);
    addEventListener("click", pressed);
    addEventListener("keydown", ({ key }) => key === "Escape" && !panel.node.hidden && panel.close(true));
    addEventListener("scroll", () => !panel.pinned && panel.symbol && panel.close(), { passive: true });
    return { pointerover: over, click: pressed };
  }

  globalThis.lightUp = (own, button, event) => {
    const style = make("link", { rel: "stylesheet", href: new URL("symbols/terms.css", own.src).href });
    document.head.append(style);
    const page = new Page(globalThis.SYMBOLS, own.dataset.chapter).look();
    const panel = new Panel(page, new URL("..", own.src), globalThis.SYMBOLS.page, button);
    const first = listen(page, panel);
    style.addEventListener("load", () => first[event.type](event));
  };
})();
