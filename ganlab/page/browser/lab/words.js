// What the lab says: the sentence below its pictures, and the count beside its buttons.

import { LOSSES } from "../training/losses.js";
import { FIELDS } from "./setups.js";

const HALVES = { discriminator: "D has moved.", generator: "G has moved." };

function number(x) {
  if (!Number.isFinite(x)) return "not known yet";
  return x && Math.abs(x) < 1e-3 ? x.toExponential(1) : x.toFixed(3);
}

// What a loss is where the laws are equal: in words and as a number, unless it may be any.
function atEquilibrium(level) {
  if (!level) return "";
  const { name, value } = level;
  return String(value) === name ? ` (${name} at equilibrium)` : ` (${name} is ${number(value)})`;
}

function doing({ wanted, held }) {
  if (!wanted) return "paused";
  return held.offscreen || held.hidden ? "waiting until it is in view" : "training";
}

function found({ metrics, total }) {
  if (!metrics) return "";
  const kl = metrics.reverse_kl === null ? "not defined" : `${number(metrics.reverse_kl)} nats`;
  return ` ${metrics.modes} of ${total} modes, reverse KL ${kl}.`;
}

export function sentence(lab) {
  const { frame, setup } = lab;
  if (!frame) return "Not started.";
  const { step, criticStep, row } = frame;
  if (!criticStep && !step)
    return `Ready: ${FIELDS.data.choices[setup.data]}, ${FIELDS.loss.choices[setup.loss]} loss, seed ${setup.seed}.`;
  const [d, g] = LOSSES[setup.loss].equilibrium.map(atEquilibrium);
  const losses = `Loss of D ${number(row.d_loss)}${d}, of G ${number(row.g_loss)}${g}.`;
  return `Step ${step} of G, ${criticStep} of D, ${doing(lab)}. ${losses}${found(frame)}`;
}

export function tally({ frame, setup, wanted, slow }) {
  const { step, criticStep, rate, metrics, total, done } = frame;
  if (!step && criticStep && criticStep < setup.head_start)
    return `D's head start: ${criticStep} of ${setup.head_start} steps`;
  const reached = metrics ? ` \u00B7 ${metrics.modes} of ${total} modes` : "";
  const fast = wanted && !slow && rate ? ` \u00B7 ${Math.round(rate)} steps a second` : "";
  return `Step ${step}${reached}${fast} ${HALVES[done] ?? ""}`;
}
