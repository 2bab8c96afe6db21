// A card of the corrections is passed on by its link: to another program where the browser can, else to the clipboard.

async function passOn(event) {
  const link = event.target.closest("a.share");
  if (!link) return;
  const card = link.closest("section");
  const title = card.querySelector("h3").firstChild.textContent;
  event.preventDefault();
  history.replaceState(null, "", link.href);
  try {
    if (navigator.share && matchMedia("(pointer: coarse)").matches) {
      await navigator.share({ title, url: link.href });
      return;
    }
    await navigator.clipboard.writeText(link.href);
    link.textContent = "Copied";
  } catch {
    link.textContent = "The address of this page is now that of the card";
  }
  setTimeout(() => (link.textContent = "Link to this card"), 3000);
}

document.addEventListener("click", passOn);
