// The projector: each figure and each part of a page on the whole screen, in large type.
//
// A button in its corner, or F while the pointer or the focus is in it, shows it; F or Escape takes it back.
// Arrows step through a film; elsewhere, and with Page Up and Page Down always, to the figure before and after.

const SHOWN = "figure, [data-part]:not([data-part=quiz], [data-part] [data-part])";
const TITLE = "Full screen (F)";
const KEYS = { ArrowLeft: -1, PageUp: -1, ArrowRight: 1, PageDown: 1 };
const ICON =
  '<svg viewBox="0 0 16 16" width="16" height="16" aria-hidden="true"><path d="M1 6V1H6M10 1H15V6M15 10V15H10M6 15H1V10" fill="none" stroke="currentColor" stroke-width="2"/></svg>';

const projector = { dialog: null, place: null, shown: null, under: null };

const all = () => [...document.querySelectorAll(`.bd-article :is(${SHOWN})`)];

function begin() {
  for (const element of all()) {
    const button = document.createElement("button");
    Object.assign(button, { type: "button", className: "project", innerHTML: ICON, title: TITLE });
    button.setAttribute("aria-label", TITLE);
    button.addEventListener("click", () => (projector.shown ? leave() : show(element)));
    element.classList.add("projectable");
    element.prepend(button);
    element.addEventListener("pointerenter", () => (projector.under = element));
    element.addEventListener("pointerleave", () => (projector.under = null));
  }
  document.addEventListener("keydown", pressed);
}

// The stage, within the article, so that its figures look as they do there.
function stage() {
  const dialog = document.createElement("dialog");
  dialog.className = "projector";
  dialog.setAttribute("aria-label", "Projector");
  dialog.addEventListener("close", leave);
  document.querySelector(".bd-article").append(dialog);
  return dialog;
}

function show(element) {
  projector.dialog ??= stage();
  const { dialog } = projector;
  if (projector.shown) put();
  projector.place = document.createElement("div");
  projector.place.style.height = `${element.offsetHeight}px`;
  element.replaceWith(projector.place);
  dialog.append(element);
  projector.shown = element;
  if (!dialog.open) dialog.showModal();
  if (!document.fullscreenElement) document.documentElement.requestFullscreen?.().catch(() => {});
  (element.querySelector("input[type=range]") ?? element.querySelector(".project")).focus();
}

// What is shown goes back to its place.
function put() {
  projector.place.replaceWith(projector.shown);
  [projector.place, projector.shown] = [null, null];
}

function leave() {
  if (!projector.shown) return;
  const element = projector.shown;
  put();
  projector.dialog.close();
  if (document.fullscreenElement) document.exitFullscreen().catch(() => {});
  element.scrollIntoView({ block: "center" });
  element.querySelector(".project").focus({ preventScroll: true });
}

function step(by) {
  const ordered = all().filter((element) => element !== projector.shown);
  const at = ordered.findIndex(
    (element) => projector.place.compareDocumentPosition(element) & Node.DOCUMENT_POSITION_FOLLOWING,
  );
  const after = at < 0 ? ordered.length : at;
  const next = ordered[by > 0 ? after : after - 1];
  if (next) show(next);
}

function pressed(event) {
  if (event.altKey || event.ctrlKey || event.metaKey) return;
  const { target, key } = event;
  const writes = target.matches("input:not([type=range], [type=checkbox]), select, textarea");
  const steers = writes || target.matches("input[type=range], canvas, [role=application]");
  if (key === "f" && !writes) {
    const here = projector.under ?? target.closest(".projectable");
    if (projector.shown) leave();
    else if (here) show(here);
    else return;
  } else if (projector.shown && KEYS[key] && (key.startsWith("Page") || !steers)) step(KEYS[key]);
  else return;
  event.preventDefault();
}

document.addEventListener("DOMContentLoaded", begin); // when the parts have taken their places
