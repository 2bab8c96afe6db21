// The one way to make an element, for every part.

const SVG = ["svg", "path", "line", "circle", "text", "rect", "g", "polygon"];
const CONTROLS = ["button", "input", "select"];

// An attribute `on...` is a listener, true is an attribute without a value; null, undefined and false are none.
// A control keeps its keys to itself in JupyterLab.
export function make(tag, attributes = {}, ...children) {
  const element = SVG.includes(tag)
    ? document.createElementNS("http://www.w3.org/2000/svg", tag)
    : document.createElement(tag);
  const kept = CONTROLS.includes(tag) ? { "data-lm-suppress-shortcuts": "true" } : {};
  for (const [name, value] of Object.entries({ ...kept, ...attributes })) {
    if (typeof value === "function") element.addEventListener(name.slice(2), value);
    else if (value !== undefined && value !== null && value !== false)
      element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.filter((child) => child !== null));
  return element;
}

export const button = (text, onclick, attributes) =>
  make("button", { type: "button", onclick, ...attributes }, text);
