// Strip charts: angle and speed of one joint, left and right, over the last seconds; repetitions are marked.
import { colour } from "./theme.js";

const SPAN = 20; // [s]
const AHEAD = 5; // [s] a repetition that ends so long after the newest pose was done before the recording started over
const SET_BACK = 0.2; // [s] what is older than the newest by no more was overtaken; as everywhere in the graph
const HALF_WIDTH = 2; // samples to each side that the speed is taken over
const SIDES = ["left", "right"];
const DASHES = { left: [], right: [5, 3] }; // told apart without colour too; as in the report

export class Strip {
  constructor(canvas) {
    this.canvas = canvas;
    this.context = canvas.getContext("2d");
    this.samples = [];
    this.repetitions = [];
    this.joint = "knee";
    this.frame = 0;
    new ResizeObserver(() => this.redraw()).observe(canvas);
    document.addEventListener("theme", () => this.redraw());
  }

  takeState({ stamp, angles }) {
    const last = this.samples.at(-1);
    if (last && stamp <= last.stamp && stamp >= last.stamp - SET_BACK) return;
    // A recording that started over, or another one.
    if (last && (stamp < last.stamp || stamp > last.stamp + 60)) this.clear();
    this.samples.push({ stamp, angles });
    while (this.samples[0].stamp < stamp - SPAN - 1) this.samples.shift();
    this.repetitions = this.repetitions.filter(({ end }) => end <= stamp + AHEAD);
    this.redraw();
  }

  takeRepetition(repetition) {
    this.repetitions.push(repetition);
    if (this.repetitions.length > 60) this.repetitions.shift();
    this.redraw();
  }

  clear() {
    this.samples = [];
    this.repetitions = [];
    this.redraw();
  }

  redraw() {
    this.frame ||= requestAnimationFrame(() => { this.frame = 0; this.draw(); });
  }

  draw() {
    const { canvas, context } = this;
    const ratio = Math.min(devicePixelRatio || 1, 2);
    const width = canvas.clientWidth, height = canvas.clientHeight;
    const [w, h] = [Math.round(width * ratio), Math.round(height * ratio)];
    if (canvas.width !== w || canvas.height !== h) Object.assign(canvas, { width: w, height: h });
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.clearRect(0, 0, width, height);
    const rem = parseFloat(getComputedStyle(document.documentElement).fontSize);
    this.rem = rem;
    const end = this.samples.at(-1)?.stamp ?? 0;
    const plot = { left: 2.6 * rem, right: width - 0.4 * rem, top: 2.5 * rem, bottom: height - 1.3 * rem };
    const split = plot.top + (plot.bottom - plot.top) * 0.6;
    const toX = (stamp) => plot.right - ((end - stamp) / SPAN) * (plot.right - plot.left);
    const angle = { top: plot.top, bottom: split - 0.5 * rem };
    const speed = { top: split + 1.5 * rem, bottom: plot.bottom };
    context.font = `${0.75 * rem}px ${getComputedStyle(canvas).fontFamily}`;
    this.marks(plot, toX);
    this.times(plot, toX, end);
    this.legend(plot);
    const series = SIDES.map((side) => this.samples.map((s) => [s.stamp, s.angles[`${side}_${this.joint}`] ?? null]));
    this.lane(angle, plot, `${this.joint} angle, °`, 1.55, range(series, 30, 0, 180), series, toX);
    const speeds = series.map(slope);
    const top = Math.max(100, ...speeds.flat().map(([, value]) => Math.abs(value ?? 0)));
    const bound = Math.ceil(top / 100) * 100;
    this.lane(speed, plot, "speed, °/s", 0.4, [-bound, bound], speeds, toX);
  }

  marks(plot, toX) {
    const { context, rem } = this;
    for (const { start, turn, end, counted, index, reason } of this.repetitions) {
      const from = Math.max(toX(start), plot.left), to = Math.min(toX(end), plot.right);
      if (to <= plot.left || from >= plot.right) continue;
      context.fillStyle = colour(counted ? "band" : "band-bad");
      context.fillRect(from, plot.top, to - from, plot.bottom - plot.top);
      const x = Math.max(toX(turn), plot.left + 0.5 * rem);
      context.textAlign = "center";
      context.textBaseline = "alphabetic";
      context.fillStyle = colour(counted ? "accent" : "bad");
      context.font = `700 ${0.85 * rem}px ${getComputedStyle(this.canvas).fontFamily}`;
      context.fillText(counted ? index : "✕", x, plot.top - 0.4 * rem);
      if (!counted) {
        context.font = `${0.7 * rem}px ${getComputedStyle(this.canvas).fontFamily}`;
        const words = reason.replaceAll("_", " ");
        const half = context.measureText(words).width / 2;
        // Within its own band: beyond it are the next one and the edge.
        if (to - from > 2 * half) context.fillText(words, Math.min(Math.max(x, from + half), to - half), plot.bottom - 0.4 * rem);
      }
      context.font = `${0.75 * rem}px ${getComputedStyle(this.canvas).fontFamily}`;
    }
  }

  // Which line is which side, from the right.
  legend(plot) {
    const { context, rem } = this;
    const y = plot.top - 1.85 * rem;
    let x = plot.right;
    context.textAlign = "right";
    context.textBaseline = "middle";
    context.lineWidth = 2;
    for (const side of [...SIDES].reverse()) {
      context.fillStyle = context.strokeStyle = colour(side);
      context.fillText(side, x, y);
      x -= context.measureText(side).width + 0.4 * rem;
      context.setLineDash(DASHES[side]);
      context.beginPath();
      context.moveTo(x - 1.4 * rem, y);
      context.lineTo(x, y);
      context.stroke();
      x -= 2.4 * rem;
    }
    context.setLineDash([]);
  }

  times(plot, toX, end) {
    const { context, rem } = this;
    context.textBaseline = "top";
    context.fillStyle = colour("muted");
    for (let back = 0; back <= SPAN; back += 5) {
      context.textAlign = back === 0 ? "right" : back === SPAN ? "left" : "center";
      context.fillText(back ? `−${back} s` : "now", toX(end - back), plot.bottom + 0.35 * rem);
    }
  }

  lane({ top, bottom }, plot, title, lift, [low, high], series, toX) {
    const { context, rem } = this;
    const toY = (value) => bottom - ((value - low) / (high - low)) * (bottom - top);
    context.strokeStyle = colour("line");
    context.fillStyle = colour("muted");
    context.lineWidth = 1;
    context.textAlign = "right";
    context.textBaseline = "middle";
    for (const value of [low, (low + high) / 2, high]) {
      context.beginPath();
      context.moveTo(plot.left, Math.round(toY(value)) + 0.5);
      context.lineTo(plot.right, Math.round(toY(value)) + 0.5);
      context.stroke();
      context.fillText(Math.round(value), plot.left - 0.45 * rem, toY(value));
    }
    context.textAlign = "left";
    context.textBaseline = "alphabetic";
    context.fillStyle = colour("muted");
    context.fillText(title, plot.left, top - lift * rem);
    context.save();
    context.beginPath();
    context.rect(plot.left, top - 2, plot.right - plot.left, bottom - top + 4);
    context.clip();
    context.lineJoin = "round";
    context.lineWidth = 2;
    series.forEach((points, i) => {
      context.strokeStyle = colour(SIDES[i]);
      context.setLineDash(DASHES[SIDES[i]]);
      context.beginPath();
      let drawing = false;
      for (const [stamp, value] of points) {
        if (value === null) { drawing = false; continue; }
        if (drawing) context.lineTo(toX(stamp), toY(value));
        else context.moveTo(toX(stamp), toY(value));
        drawing = true;
      }
      context.stroke();
    });
    context.restore();
  }
}

// Speed [1/s]: least squares line through the neighbours.
function slope(points) {
  return points.map(([stamp], i) => {
    const near = points.slice(Math.max(0, i - HALF_WIDTH), i + HALF_WIDTH + 1).filter(([, value]) => value !== null);
    if (near.length < 3) return [stamp, null];
    const t = near.reduce((s, p) => s + p[0], 0) / near.length, v = near.reduce((s, p) => s + p[1], 0) / near.length;
    const over = near.reduce((s, p) => s + (p[0] - t) * (p[1] - v), 0), under = near.reduce((s, p) => s + (p[0] - t) ** 2, 0);
    return [stamp, under ? over / under : null];
  });
}

function range(series, least, low, high) {
  const values = series.flat().map(([, value]) => value).filter((value) => value !== null);
  if (!values.length) return [low, high];
  const bottom = Math.floor(Math.min(...values) / 10) * 10, top = Math.ceil(Math.max(...values) / 10) * 10;
  return [Math.max(low, Math.min(bottom, top - least)), Math.min(high, Math.max(top, bottom + least))];
}
