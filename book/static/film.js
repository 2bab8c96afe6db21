// The chapters of the film: a press goes to their time, and the one that is on is marked.

const video = document.querySelector(".film video");
const chapters = [...document.querySelectorAll(".film-chapters a")];

function start(link) {
  return Number(link.dataset.start);
}

function mark() {
  const now = chapters.filter((link) => start(link) <= video.currentTime + 0.05).at(-1);
  for (const link of chapters) {
    if (link === now) {
      link.setAttribute("aria-current", "true");
    } else {
      link.removeAttribute("aria-current");
    }
  }
}

for (const link of chapters) {
  link.addEventListener("click", (event) => {
    event.preventDefault();
    video.currentTime = start(link);
    video.play();
    mark();
  });
}

video?.addEventListener("timeupdate", mark);
video?.addEventListener("seeked", mark);

// On a dark page the poster is dark too, up to the first picture of the film, which is on white.
if (video) {
  const root = document.documentElement;
  const light = video.getAttribute("poster");
  const hang = () => (video.poster = root.dataset.theme === "dark" ? video.dataset.dark : light);
  new MutationObserver(hang).observe(root, { attributes: true, attributeFilter: ["data-theme"] });
  hang();
}

// A page from a disk is told no text track: its captions come from the page itself.
if (video && location.protocol === "file:") {
  const captions = video.addTextTrack("captions", "English", "en");
  const lines = JSON.parse(document.querySelector(".film-lines").textContent);
  for (const [begin, end, said] of lines) {
    captions.addCue(new VTTCue(begin, end, said));
  }
  captions.mode = "showing";
}
