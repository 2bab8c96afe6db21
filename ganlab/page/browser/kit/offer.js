import { make } from "./elements.js";

// Offers a file to the reader, as if a link to it had been clicked.
export function offer(name, blob) {
  const href = URL.createObjectURL(blob);
  make("a", { href, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(href), 10_000);
}
