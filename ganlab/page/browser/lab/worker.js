// The program of the lab's worker. Python writes it out as a plain script, with all that it imports.

import { host } from "../training/host.js";

const { port1, port2 } = new MessageChannel();
const next = [];
port1.onmessage = () => next.shift()();

// A message to oneself waits less than a timer and lets the page's messages come between.
function soon(run) {
  next.push(run);
  port2.postMessage(0);
}

const answer = host((message) => postMessage(message), Float64Array, 12, soon);
addEventListener("message", ({ data }) => answer(data));
