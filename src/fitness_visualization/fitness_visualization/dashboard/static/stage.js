// The body: the camera's picture where there is one, and the skeleton with its joint angles.
import { colour } from "./theme.js";

const SEEN = 0.5; // visibility from which a landmark is drawn
const POSES = 12; // poses kept until their picture comes
const FACE = 11; // landmarks below this number are the face
const THIN = new Set([17, 18, 19, 20, 21, 22, 29, 30, 31, 32]); // hands and feet
const HEAD = { nose: 0, ears: [7, 8], shoulders: [11, 12], hips: [23, 24] };

export class Stage {
  // onDrawn(stamp): called when the pose or picture of that stamp [s] is on the screen.
  constructor(canvas, onDrawn) {
    this.canvas = canvas;
    this.context = canvas.getContext("2d");
    this.onDrawn = onDrawn;
    this.poses = new Map();
    this.connections = [];
    this.joints = [];
    this.joint = "";
    this.picture = null;
    this.pictureTime = -Infinity;
    this.shown = null;
    this.drawn = null; // stamp of what was drawn last [s]
    this.frame = 0;
    this.view = null;
    new ResizeObserver(() => this.redraw()).observe(canvas);
    document.addEventListener("theme", () => this.redraw());
  }

  takeState(state) {
    this.poses.set(state.stamp, state);
    if (this.poses.size > POSES) this.poses.delete(this.poses.keys().next().value);
    // While pictures come, the skeleton waits for the one it was measured in.
    if (performance.now() - this.pictureTime > 1000) this.show(state, null);
  }

  takePicture(stamp, bitmap) {
    this.pictureTime = performance.now();
    const state = this.poses.get(stamp);
    if (state) this.show(state, bitmap);
    else bitmap.close();
  }

  forgetPicture() {
    this.pictureTime = -Infinity;
    if (this.shown) this.show(this.shown, null);
  }

  clear() {
    this.poses.clear();
    this.pictureTime = -Infinity;
    this.show(null, null);
  }

  show(state, bitmap) {
    if (this.picture && this.picture !== bitmap) this.picture.close();
    this.picture = bitmap;
    this.shown = state;
    this.redraw(true);
  }

  redraw(isNew = false) {
    this.isNew ||= isNew;
    this.frame ||= requestAnimationFrame(() => {
      this.frame = 0;
      this.draw();
      if (this.isNew && this.shown && this.shown.stamp !== this.drawn) this.onDrawn(this.drawn = this.shown.stamp);
      this.isNew = false;
    });
  }

  draw() {
    const { canvas, context, shown } = this;
    const ratio = Math.min(devicePixelRatio || 1, 2);
    const width = Math.round(canvas.clientWidth * ratio);
    const height = Math.round(canvas.clientHeight * ratio);
    if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
    context.clearRect(0, 0, width, height);
    if (!shown?.pose) return;
    const area = this.area(shown.pose, width, height);
    if (this.picture) context.drawImage(this.picture, area.x, area.y, area.width, area.height);
    if (shown.pose.landmarks.length) this.body(shown, area, ratio);
  }

  // Where the picture goes on the canvas: all of it. Without a picture the view follows the body slowly, so that
  // somebody far from the camera is still large.
  area(pose, width, height) {
    const whole = contain(pose.width || 16, pose.height || 9, width, height);
    if (this.picture || !pose.landmarks.length) {
      if (this.picture) this.view = null;
      return this.view ? place(this.view, whole, width, height) : whole;
    }
    const body = pose.landmarks.filter((point) => point[2] >= SEEN);
    if (body.length) {
      const left = Math.min(...body.map((p) => p[0])), right = Math.max(...body.map((p) => p[0]));
      const top = Math.min(...body.map((p) => p[1])), bottom = Math.max(...body.map((p) => p[1]));
      const wanted = [(left + right) / 2, (top + bottom) / 2, Math.max((bottom - top) * 1.0, 0.2), Math.max(right - left, 0.1)];
      const jump = this.view && Math.hypot(wanted[0] - this.view[0], wanted[1] - this.view[1]) > 0.2;
      if (!this.view || jump) this.view = wanted;
      else {
        // Sizes grow at once and shrink slowly: a squat does not make the view breathe.
        const mix = [0.06, 0.06, wanted[2] > this.view[2] ? 0.3 : 0.01, wanted[3] > this.view[3] ? 0.3 : 0.01];
        this.view = this.view.map((value, i) => value + (wanted[i] - value) * mix[i]);
      }
    }
    return this.view ? place(this.view, whole, width, height) : whole;
  }

  body({ pose, angles }, area, ratio) {
    const { context } = this;
    const points = pose.landmarks.map(([x, y, seen]) => ({ x: area.x + x * area.width, y: area.y + y * area.height, seen: seen >= SEEN }));
    const on = this.picture !== null;
    const ink = on ? "#f5f7f8" : colour("bone");
    const edge = on ? "rgb(8 12 14 / 0.72)" : colour("stage");
    const side = (i) => (i < FACE ? ink : i % 2 ? (on ? "#ffab52" : colour("left")) : on ? "#6cb8ff" : colour("right"));
    const torso = distance(middle(points, HEAD.shoulders), middle(points, HEAD.hips)) || 100;
    const wide = Math.max(2.2 * ratio, torso * (on ? 0.05 : 0.075));
    const bones = this.connections.filter(([a, b]) => a >= FACE && b >= FACE && points[a].seen && points[b].seen);
    context.lineCap = context.lineJoin = "round";
    const trunk = [11, 12, 24, 23].map((i) => points[i]);
    if (trunk.every((point) => point.seen)) {
      context.globalAlpha = on ? 0.16 : 0.1;
      context.fillStyle = ink;
      path(context, trunk, true);
      context.fill();
      context.globalAlpha = 1;
    }
    for (const under of [true, false]) {
      for (const [a, b] of bones) {
        const same = side(a) === side(b);
        context.strokeStyle = under ? edge : same ? side(a) : ink;
        context.lineWidth = wide * (THIN.has(b) ? 0.5 : 1) + (under ? wide * 0.7 : 0);
        path(context, [points[a], points[b]]);
        context.stroke();
      }
      this.head(points, under, edge, ink, wide, torso);
    }
    for (const { at, name } of this.joints) {
      if (!points[at].seen || name.endsWith("ankle")) continue;
      context.beginPath();
      context.arc(points[at].x, points[at].y, wide * 0.62, 0, 7);
      context.fillStyle = on ? "#0c1012" : colour("stage");
      context.fill();
    }
    this.angles(points, angles, torso, ratio, on, side);
  }

  head(points, under, edge, ink, wide, torso) {
    const { context } = this;
    const [left, right] = HEAD.ears.map((i) => points[i]);
    const nose = points[HEAD.nose];
    if (!nose.seen) return;
    const centre = left.seen && right.seen ? { x: (left.x + right.x) / 2, y: (left.y + right.y) / 2 } : nose;
    const radius = Math.max(torso * 0.2, distance(left, right) * 0.62);
    context.beginPath();
    context.arc(centre.x, centre.y - radius * 0.1, radius, 0, 7);
    context.strokeStyle = under ? edge : ink;
    context.lineWidth = under ? wide * 1.2 : wide * 0.6;
    context.stroke();
  }

  angles(points, angles, torso, ratio, on, side) {
    const { context } = this;
    const centre = middle(points, [11, 12, 23, 24]);
    const unit = Math.min(Math.max(torso * 0.15, 12 * ratio), 30 * ratio);
    const family = getComputedStyle(this.canvas).fontFamily;
    const taken = [];
    const isDriving = ({ name }) => this.joint !== "" && name.endsWith(this.joint);
    // The driving joints first: of labels that would lie on each other the later one is left out.
    for (const joint of [...this.joints.filter(isDriving), ...this.joints.filter((other) => !isDriving(other))]) {
      const { name, at, a, b } = joint;
      const degrees = angles[name];
      if (degrees == null || !points[at].seen || name.endsWith("ankle")) continue;
      const driving = isDriving(joint);
      const point = points[at];
      if (driving && points[a].seen && points[b].seen) wedge(context, point, points[a], points[b], torso * 0.2, side(at));
      const size = driving ? unit * 1.25 : unit * 0.85;
      const right = point.x >= centre.x;
      const x = point.x + (right ? 1 : -1) * (torso * 0.16 + size * 0.3);
      const text = `${Math.round(degrees)}°`;
      context.font = `${driving ? 700 : 600} ${size}px ${family}`;
      const width = context.measureText(text).width;
      const box = { left: right ? x : x - width, right: right ? x + width : x, top: point.y - size / 2, bottom: point.y + size / 2 };
      if (taken.some((other) => overlap(box, other))) continue;
      taken.push(box);
      context.textAlign = right ? "left" : "right";
      context.textBaseline = "middle";
      context.lineWidth = size * 0.3;
      context.strokeStyle = on ? "rgb(8 12 14 / 0.8)" : colour("stage");
      context.fillStyle = driving ? side(at) : on ? "#f5f7f8" : colour("muted");
      context.strokeText(text, x, point.y);
      context.fillText(text, x, point.y);
    }
  }
}

// The angle itself, between the directions to a and to b.
function wedge(context, point, a, b, radius, fill) {
  const from = Math.atan2(a.y - point.y, a.x - point.x);
  let sweep = Math.atan2(b.y - point.y, b.x - point.x) - from;
  sweep = ((sweep + 3 * Math.PI) % (2 * Math.PI)) - Math.PI;
  context.beginPath();
  context.moveTo(point.x, point.y);
  context.arc(point.x, point.y, radius, from, from + sweep, sweep < 0);
  context.closePath();
  context.globalAlpha = 0.28;
  context.fillStyle = fill;
  context.fill();
  context.globalAlpha = 1;
}

function overlap(a, b) {
  return a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom;
}

function contain(innerWidth, innerHeight, width, height) {
  const scale = Math.min(width / innerWidth, height / innerHeight);
  const [w, h] = [innerWidth * scale, innerHeight * scale];
  return { x: (width - w) / 2, y: (height - h) / 2, width: w, height: h };
}

// The area of the whole picture such that the body [centre x, y, height, width in the picture] fills most of the canvas.
function place([x, y, bodyHeight, bodyWidth], whole, width, height) {
  const scale = Math.min((height * 0.76) / (bodyHeight * whole.height), (width * 0.7) / (bodyWidth * whole.width), 4);
  const [w, h] = [whole.width * scale, whole.height * scale];
  return { x: width / 2 - x * w, y: height * 0.5 - y * h, width: w, height: h };
}

function middle(points, indices) {
  const seen = indices.map((i) => points[i]);
  return { x: seen.reduce((s, p) => s + p.x, 0) / seen.length, y: seen.reduce((s, p) => s + p.y, 0) / seen.length };
}

function distance(a, b) {
  return Math.hypot(a.x - b.x, a.y - b.y);
}

function path(context, points, closed = false) {
  context.beginPath();
  points.forEach(({ x, y }, i) => (i ? context.lineTo(x, y) : context.moveTo(x, y)));
  if (closed) context.closePath();
}
