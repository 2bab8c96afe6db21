// The search of the book. `bookSearch.prepare(book)` indexes the entries once, `bookSearch.find(text)` returns the
// pages that answer, best first, each with its sections; on the page of the search a form shows them as one types.

globalThis.bookSearch = (() => {
  const SHOWN = 12;
  const ASIDE = new Set(
    (
      "a about all am an and any are as at be because been but by can cannot could did do does doing for from get gets has " +
      "have having how i if in into is it its just like make many me mean means more much my no not of on one or " +
      "our out over s should so some such than that the their them then there these they this to too use used using " +
      "very was we were what when where which who whose why will with work works would you your difference between vs versus"
    ).split(" "),
  );
  const RANK = { chapter: 1.3, section: 1, term: 0.75, solution: 0.4, reference: 0.35, object: 0.3 };
  let index, entries, groups, exact, asked;

  const words = (text) =>
    text
      .normalize("NFKD")
      .toLowerCase()
      .replace(/[\u0300-\u036f'’]/g, "")
      .split(/[^\p{L}\p{N}_]+/u)
      .flatMap((word) => (word.includes("_") ? [word, ...word.split("_")] : [word]))
      .filter(Boolean);
  const stems = new Map();
  let stemmer;
  function stem(word) {
    stemmer ??= new globalThis.Stemmer();
    if (!stems.has(word))
      stems.set(word, word.length > 3 && /^[a-z]+$/.test(word) ? stemmer.stemWord(word) : word);
    return stems.get(word);
  }
  const kept = (text) => {
    const all = words(text);
    const telling = all.filter((word) => !ASIDE.has(word));
    return (telling.length ? telling : all).map(stem);
  };

  function prepare(book) {
    entries = book.entries.map((entry, id) => ({ id, ...entry }));
    asked = Object.entries(book.asked).map(([url, phrases]) => [url, phrases.map((phrase) => kept(phrase))]);
    groups = book.same.map((group) => group.map((phrase) => words(phrase).map(stem)));
    exact = new Map();
    for (const { id, kind, title } of entries)
      if (kind === "object")
        for (const name of [title, title.split(".").pop()]) exact.set(name.toLowerCase(), id);
    index = new globalThis.MiniSearch({
      fields: ["title", "page", "text"],
      tokenize: words,
      processTerm: stem,
      searchOptions: { tokenize: (text) => [text], processTerm: (term) => term },
    });
    index.addAll(entries);
  }

  // Where in a question a phrase stands, as the places of its telling words; null where it does not.
  function placesOf(phrase, all, telling) {
    const at = all.findIndex((_, start) => phrase.every((word, i) => all[start + i] === word));
    const places = phrase.map((word) => telling.indexOf(word)).filter((place) => place >= 0);
    return at >= 0 && places.length ? places : null;
  }

  // What a question asks in other words: [words, the places whose words they stand for].
  function others(question, telling) {
    const all = words(question).map(stem);
    const found = [];
    for (const group of groups) {
      const said = group.map((phrase) => placesOf(phrase, all, telling));
      const longest = said.reduce(
        (best, places) => (places && places.length > (best?.length ?? 0) ? places : best),
        null,
      );
      if (longest) group.forEach((phrase, i) => said[i] || found.push([phrase, longest]));
    }
    return found;
  }

  const search = (term, loose) =>
    index.search(term, {
      boost: { title: 4, page: 2, text: 1 },
      prefix: loose && term.length > 3,
      fuzzy: loose && term.length > 5 ? 0.2 : false,
      weights: { prefix: 0.4, fuzzy: 0.2 },
    });

  // For each entry what it answers to each word of a question: {id: points by place}.
  function answers(question) {
    const telling = kept(question);
    const found = new Map();
    const credit = (id, place, points) => {
      if (!found.has(id))
        found.set(
          id,
          telling.map(() => 0),
        );
      found.get(id)[place] = Math.max(found.get(id)[place], points);
    };
    telling.forEach((term, place) => search(term, true).forEach(({ id, score }) => credit(id, place, score)));
    for (const [phrase, places] of others(question, telling)) {
      const sums = new Map();
      for (const word of phrase)
        for (const { id, score } of search(word, false)) sums.set(id, [...(sums.get(id) ?? []), score]);
      for (const [id, points] of sums) {
        const each = (0.8 * points.reduce((a, b) => a + b, 0)) / Math.max(places.length, phrase.length);
        if (points.length === phrase.length) for (const place of places) credit(id, place, each);
      }
    }
    return found;
  }

  const worth = (points) =>
    points.reduce((a, b) => a + b, 0) * (points.filter((x) => x > 0).length / points.length) ** 1.5;

  // How much of a question is a phrase that a page is known to be asked for, from 0 to 1.
  function share(url, telling) {
    const phrases = asked.find(([page]) => page === url)?.[1] ?? [];
    const whole = phrases.filter((phrase) => phrase.every((word) => telling.has(word)));
    return Math.max(0, ...whole.map((phrase) => phrase.length / telling.size));
  }

  function find(question) {
    if (!kept(question).length) return [];
    const pages = new Map();
    for (const [id, points] of answers(question)) {
      const entry = entries[id];
      const url = entry.url.split("#")[0];
      const page = pages.get(url) ?? { page: entry.page, url, together: points.map(() => 0), sections: [] };
      page.together = page.together.map((most, place) => Math.max(most, points[place] * RANK[entry.kind]));
      page.sections.push({ ...entry, points: worth(points) * RANK[entry.kind] });
      pages.set(url, page);
    }
    const named = exact.get(
      question
        .trim()
        .toLowerCase()
        .replace(/^ganlab\.|\(\)$/g, ""),
    );
    for (const page of pages.values()) {
      page.sections.sort((a, b) => b.points - a.points);
      page.points = page.sections[0].points + 0.5 * worth(page.together);
    }
    const most = Math.max(...[...pages.values()].map((page) => page.points));
    for (const page of pages.values()) {
      page.points += most * share(page.url, new Set(kept(question)));
      if (page.sections.some(({ id }) => id === named)) page.points += 10 * most;
    }
    return [...pages.values()].sort((a, b) => b.points - a.points).slice(0, SHOWN);
  }

  // The part of a text around the words that were asked for, as [piece, is it one of them].
  function excerpt(text, question) {
    const telling = kept(question);
    const said = [...telling, ...others(question, telling).flatMap(([phrase]) => phrase)];
    const wanted = new Set(said.filter((word) => !ASIDE.has(word)));
    const pieces = text.split(/([^\p{L}\p{N}_]+)/u);
    const hit = pieces.map((piece) => wanted.has(stem(piece.toLowerCase())));
    let best = 0;
    let most = -1;
    for (let at = 0; at < pieces.length; at += 8) {
      const here = hit.slice(at, at + 60).filter(Boolean).length;
      if (here > most) [best, most] = [at, here];
    }
    const cut = pieces.slice(best, best + 60).map((piece, i) => [piece, hit[best + i]]);
    return [...(best ? [["… ", false]] : []), ...cut, ...(best + 60 < pieces.length ? [[" …", false]] : [])];
  }

  return { prepare, find, excerpt };
})();

// The page of the search. What searches is loaded when there is something to look for.
(() => {
  const { needs, root } = globalThis.document?.currentScript?.dataset ?? {};
  if (!needs) return;
  const [field, count, list] = [
    ".bd-article-container input[type=search], .bd-search-container input",
    "#search-count",
    "#search-results",
  ].map((place) => document.querySelector(place));
  let ready;

  const load = (address) =>
    new Promise((loaded, failed) => {
      const script = { src: address, onload: loaded, onerror: failed };
      document.head.append(Object.assign(document.createElement("script"), script));
    });

  async function prepared() {
    for (const address of needs.split(" ")) await load(address);
    globalThis.bookSearch.prepare(globalThis.BOOK);
  }

  function make(tag, attributes, ...children) {
    const element = Object.assign(document.createElement(tag), attributes);
    element.append(...children);
    return element;
  }

  function item({ page, url, sections }, question) {
    const [first] = sections;
    const marked = globalThis.bookSearch.excerpt(first.text, question);
    const rest = sections
      .filter((section) => section.url !== url)
      .slice(0, 4)
      .map((section) => make("li", {}, make("a", { href: root + section.url }, section.title)));
    return make(
      "li",
      {},
      make("a", { href: root + url, className: "page" }, page),
      make("p", {}, ...marked.map(([piece, hit]) => (hit ? make("mark", {}, piece) : piece))),
      make("ul", {}, ...rest),
    );
  }

  async function answer() {
    const question = field.value.trim();
    if (question) await (ready ??= prepared());
    if (question !== field.value.trim()) return;
    const found = question ? globalThis.bookSearch.find(question) : [];
    list.replaceChildren(...found.map((page) => item(page, question)));
    count.textContent = !question
      ? "\u00a0"
      : found.length
        ? `${found.length} pages, the best first`
        : "Nothing was found. Try another word.";
    history.replaceState(null, "", question ? `?q=${encodeURIComponent(question)}` : location.pathname);
  }

  field.value = new URLSearchParams(location.search).get("q") ?? "";
  field.addEventListener("input", answer);
  field.form.addEventListener("submit", (event) => {
    event.preventDefault();
    answer();
  });
  field.focus();
  answer();
})();
