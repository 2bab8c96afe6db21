// The page of a card is passed on by its link: to another program where the browser can, else to the clipboard.

async function passOn(event) {
  const link = event.target.closest("a.share");
  if (!link) return;
  const title = document.querySelector("article h1").firstChild.textContent;
  event.preventDefault();
  try {
    if (navigator.share && matchMedia("(pointer: coarse)").matches) {
      await navigator.share({ title, url: link.href });
      return;
    }
    await navigator.clipboard.writeText(link.href);
    link.textContent = "Copied";
  } catch {
    link.textContent = "Its address is that of this page";
  }
  setTimeout(() => (link.textContent = "Link to this card"), 3000);
}

document.addEventListener("click", passOn);
