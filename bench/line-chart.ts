/** One line in a diagram, as SVG. */

/** What is drawn. */
export interface LineChart {
  readonly title: string;
  readonly xLabel: string;
  readonly yLabel: string;
  readonly points: readonly (readonly [x: number, y: number])[];
}

const WIDTH = 720;
const HEIGHT = 320;
const MARGIN = { top: 40, right: 24, bottom: 48, left: 64 };
const TICKS = 5;

/** The diagram; both axes begin at zero. */
export function lineChart({ title, xLabel, yLabel, points }: LineChart): string {
  const xMost = roundUp(Math.max(...points.map(([x]) => x)));
  const yMost = roundUp(Math.max(...points.map(([, y]) => y)));
  const [width, height] = [WIDTH - MARGIN.left - MARGIN.right, HEIGHT - MARGIN.top - MARGIN.bottom];
  const xOf = (x: number): string => (MARGIN.left + (x / xMost) * width).toFixed(1);
  const yOf = (y: number): string => (MARGIN.top + height - (y / yMost) * height).toFixed(1);
  const ticks = Array.from({ length: TICKS + 1 }, (_, tick) => tick / TICKS);
  const xTicks = ticks.map((share) => text(xOf(share * xMost), HEIGHT - 28, "middle", short(share * xMost)));
  const yTicks = ticks.map((share) =>
    text(MARGIN.left - 8, Number(yOf(share * yMost)) + 4, "end", short(share * yMost)),
  );
  const grid = ticks.map((share) => {
    const y = yOf(share * yMost);
    return `<line x1="${MARGIN.left}" y1="${y}" x2="${WIDTH - MARGIN.right}" y2="${y}" stroke="#ddd"/>`;
  });
  const line = points.map(([x, y]) => `${xOf(x)},${yOf(y)}`).join(" ");
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" font-family="sans-serif" font-size="12">`,
    `<rect width="${WIDTH}" height="${HEIGHT}" fill="white"/>`,
    text(MARGIN.left, 20, "start", title),
    ...grid,
    ...xTicks,
    ...yTicks,
    text(MARGIN.left + width / 2, HEIGHT - 8, "middle", xLabel),
    text(MARGIN.left, MARGIN.top - 8, "start", yLabel),
    `<polyline fill="none" stroke="#2563eb" stroke-width="1.5" points="${line}"/>`,
    "</svg>\n",
  ].join("\n");
}

function text(x: number | string, y: number, anchor: string, words: string): string {
  const escaped = words.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
  return `<text x="${x}" y="${y}" text-anchor="${anchor}">${escaped}</text>`;
}

function short(value: number): string {
  return String(Math.round(value * 100) / 100);
}

/** The next of 1, 2, 2.5, 5 and 10 times a power of ten, so that ticks are round. */
function roundUp(value: number): number {
  const power = 10 ** Math.floor(Math.log10(Math.max(value, 1e-9)));
  return ([1, 2, 2.5, 5, 10].find((factor) => factor * power >= value) ?? 10) * power;
}
