// A table of pictures: each has some layers of the picture at the head of its row, and the others of that at the head
// of its column. The reader says which. `mount(root, data)`: data is what `ganlab.explorables.mixer` writes.
// `root.mixer.state()` tells what is shown.

import CSS from "./mixer/mixer.css" with { type: "text" };
import { button, make } from "./kit/elements.js";
import { stage } from "./kit/stage.js";

const GAP = 4; // between the heads and the table

export function mount(root, data) {
  const mixer = {
    data,
    body: stage(root, "mixer", "Pictures mixed layer by layer", CSS),
    code: data.start,
    sheet: new Image(),
    closed: false,
  };
  build(mixer);
  mixer.sheet.addEventListener("load", () => paint(mixer));
  mixer.sheet.src = data.sheet;
  show(mixer);
  root.mixer = Object.freeze({ state: () => ({ code: mixer.code, drawn: mixer.drawn ?? null }) });
  return {
    destroy() {
      mixer.closed = true;
      root.replaceChildren();
    },
  };
}

function build(mixer) {
  const { body, data } = mixer;
  mixer.choices = data.groups.map((name, group) => choice(mixer, name, group));
  const size = (count) => (count + 1) * data.side + GAP;
  const side = { width: size(data.columns), height: size(data.rows) };
  mixer.canvas = make("canvas", { role: "img", ...side });
  mixer.said = make("output", { role: "status" });
  const boxes = make("div", { class: "choices" });
  boxes.append(...mixer.choices.map(({ box }) => box));
  body.append(boxes, make("div", { class: "table" }, mixer.canvas), mixer.said);
}

function choice(mixer, name, group) {
  const take = (bit) => () => {
    mixer.code = bit ? mixer.code | (1 << group) : mixer.code & ~(1 << group);
    show(mixer);
    paint(mixer);
  };
  const sides = [button("row", take(0)), button("column", take(1))];
  const box = make("div", { class: "choice", role: "group", "aria-label": `${name}: taken from` });
  box.append(make("span", {}, name), ...sides);
  return { box, sides };
}

function show({ code, data, choices, said, canvas }) {
  choices.forEach(({ sides }, group) =>
    sides.forEach((side, bit) => side.setAttribute("aria-pressed", String(((code >> group) & 1) === bit))),
  );
  said.textContent = data.said[code];
  canvas.setAttribute("aria-label", `${data.alt} ${data.said[code]}`);
}

// The sheet has a row of tiles for each code and row of the table. In the corner of the table nothing stands.
function paint(mixer) {
  const { data, canvas, sheet, code, closed } = mixer;
  if (closed || !sheet.naturalWidth) return;
  const { rows, columns, side } = data;
  const pen = canvas.getContext("2d");
  const at = (place) => place * side + (place ? GAP : 0);
  const tile = (which, row, column, y, x) =>
    pen.drawImage(sheet, column * side, (which * rows + row) * side, side, side, at(x), at(y), side, side);
  pen.clearRect(0, 0, canvas.width, canvas.height);
  for (let row = 0; row < rows; row++) tile(0, row, 0, row + 1, 0);
  for (let column = 0; column < columns; column++)
    tile((1 << data.groups.length) - 1, 0, column, 0, column + 1);
  for (let row = 0; row < rows; row++)
    for (let column = 0; column < columns; column++) tile(code, row, column, row + 1, column + 1);
  mixer.drawn = code;
}
