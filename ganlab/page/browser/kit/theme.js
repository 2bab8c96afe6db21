// The style sheet of a part, with the colours of all, and the roles that take these colours.

import THEME from "./theme.css" with { type: "text" };
import { make } from "./elements.js";

const ROLES = ["real", "fake", "discriminator", "other", "neutral", "ink"];

export const sheet = (css, attributes) => make("style", attributes, THEME + css);

export const role = (name) => `--role: var(--${ROLES.includes(name) ? name : "neutral"})`;
