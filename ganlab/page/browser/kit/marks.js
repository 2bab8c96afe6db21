// The marks of points on a canvas: a disc for a real one, a cross for a generated one. Each stands on an edge of
// paper, so that it is told from whatever the ground says; on the green of a sure D the colours alone are not.

const EDGE = 1.5;
const STROKE = 1.3;

// `real` and `fake` are lists of [x, y] in pixels; all edges lie below all marks.
export function paintPoints(ctx, { real, fake }, { radius, arm }, colors) {
  discs(ctx, real, radius + EDGE, colors.paper, 1);
  crosses(ctx, fake, arm + EDGE, STROKE + 2 * EDGE, colors.paper);
  discs(ctx, real, radius, colors.real, 0.8);
  crosses(ctx, fake, arm, STROKE, colors.fake);
}

function discs(ctx, points, radius, color, opacity) {
  ctx.fillStyle = color;
  ctx.globalAlpha = opacity;
  for (const [x, y] of points) {
    ctx.beginPath();
    ctx.arc(x, y, radius, 0, 2 * Math.PI);
    ctx.fill();
  }
  ctx.globalAlpha = 1;
}

function crosses(ctx, points, arm, width, color) {
  ctx.strokeStyle = color;
  ctx.lineWidth = width;
  ctx.beginPath();
  for (const [x, y] of points) {
    ctx.moveTo(x - arm, y - arm);
    ctx.lineTo(x + arm, y + arm);
    ctx.moveTo(x - arm, y + arm);
    ctx.lineTo(x + arm, y - arm);
  }
  ctx.stroke();
}
