// What the reader takes along from the lab: a link, a run, a picture.

import { make } from "../kit/elements.js";
import { offer } from "../kit/offer.js";
import { palette } from "../kit/palette.js";
import { charts, drawChart } from "./charts.js";
import { say, seen } from "./display.js";
import { VERSION, presetOf, toLink } from "./links.js";
import { drawPlane } from "./plane.js";
import { sentence } from "./words.js";

export function share(lab) {
  const { address } = lab.parts;
  const link = `#${toLink(lab.setup)}`;
  try {
    history.replaceState(null, "", link);
  } catch {} // a page inside a frame may have no address of its own
  address.hidden = false;
  address.value = location.href.split("#")[0] + link;
  address.select();
  navigator.clipboard?.writeText(address.value).catch(() => {});
  say(
    lab,
    "The link carries the whole set-up; it is in the address of this page and in the field beside the button.",
  );
}

const nameOf = ({ setup, frame }, kind) =>
  `ganlab-${presetOf(setup)}-seed${setup.seed}-step${frame?.step ?? 0}.${kind}`;

export function saveRun(lab, message) {
  const run = { ...message, type: undefined }; // which JSON leaves out

  const plain = (key, value) => (ArrayBuffer.isView(value) ? [...value] : value);
  const whole = { format: "ganlab-lab", version: VERSION, link: toLink(run.start), ...run };
  const text = JSON.stringify(whole, plain, 1);
  offer(nameOf(lab, "json"), new Blob([text], { type: "application/json" }));
}

export function savePicture(lab) {
  if (!lab.frame) return;
  const sheet = make("canvas", { width: 1080, height: 660 });
  const [ctx, colors] = [sheet.getContext("2d"), palette(lab.parts.section)];
  ctx.fillStyle = colors.paper;
  ctx.fillRect(0, 0, 1080, 660);
  drawPlane(ctx, 620, seen(lab));
  Object.values(charts(lab.frame, colors)).forEach((chart, i) => {
    ctx.setTransform(1, 0, 0, 1, 640, 205 * i);
    drawChart(ctx, 430, 200, chart, colors);
  });
  ctx.setTransform(1, 0, 0, 1, 0, 0);
  ctx.font = "11px system-ui, sans-serif";
  ctx.fillStyle = colors.ink;
  ctx.textAlign = "left";
  ctx.fillText(sentence(lab), 6, 637);
  ctx.fillText(toLink(lab.setup).slice(0, 180), 6, 653);
  sheet.toBlob((blob) => offer(nameOf(lab, "png"), blob), "image/png");
}
