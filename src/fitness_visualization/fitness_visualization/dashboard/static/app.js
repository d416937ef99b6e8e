// The live page: hands what comes over the connection to the parts that show it.
import { Connection } from "./connection.js";
import { Controls } from "./controls.js";
import { Stage } from "./stage.js";
import { Strip } from "./strip.js";

const CUE_TIME = 7000; // [ms] that a cue stays
const ROWS = 200; // most sets in the table, as many as the server keeps
const NO_REPETITION = { duration: null, range: null, symmetry: null };
const $ = (id) => document.getElementById(id);
const titles = new Map();
const joints = new Map();
const delays = [];
const means = new Map(); // of the probabilities
let counted = null;
let cueTimer = 0;
let shown = null; // stamp of the newest pose [s]
let link = "connecting";
let silent = false; // no pose has come for so long that nothing is live any more
let missing = []; // topics that come no more though poses do

// What tests and the curious may read.
const measured = { delays, drawn: 0, pictures: 0, draws: [], echoes: [] };
window.fitness = measured;

const stage = new Stage($("stage"), (stamp) => {
  const now = connection.now();
  const delay = now - stamp;
  measured.drawn += 1;
  measured.draws.push([stamp, now]);
  if (measured.draws.length > 1000) measured.draws.shift();
  // A recording has stamps of another day, and what was last seen long ago is not late: no delay to speak of.
  if (Math.abs(delay) < 60 && !silent) {
    delays.push(delay * 1000);
    if (delays.length > 600) delays.shift();
  }
});
const strip = new Strip($("strip"));

const connection = new Connection({
  echo(trip) {
    measured.echoes.push(trip);
    if (measured.echoes.length > 1000) measured.echoes.shift();
  },
  state(state, words) {
    link = state;
    showLink(words);
    if (state === "live") controls.connected();
  },
  message(message) {
    handlers[message.type]?.(message);
  },
  async picture(stamp, jpeg) {
    const bitmap = await createImageBitmap(jpeg).catch(() => null);
    connection.send({ type: "drawn" });
    if (!bitmap) return;
    measured.pictures += 1;
    if (controls.pictureOn) stage.takePicture(stamp, bitmap);
    else bitmap.close();
  },
});
measured.measure = (times) => connection.measure(times);
const controls = new Controls(connection, stage, strip);

const handlers = {
  hello(message) {
    stage.connections = message.connections;
    stage.joints = message.joints;
    message.exercises.forEach(({ name, title, joint }) => { titles.set(name, title); joints.set(name, joint); });
    strip.repetitions = message.repetitions.slice(-60);
    noSets();
    message.sets.forEach(handlers.set);
    if (message.sets.length) showTotals(message.totals);
    lastRepetition(message.repetitions.at(-1) ?? NO_REPETITION);
    handlers.instruction({ text: message.instruction });
    $("to-camera").hidden = !message.camera;
    $("to-sessions").hidden = !message.sessions;
    $("pages").hidden = !message.camera && !message.sessions;
    controls.hello(message);
  },
  state(state) {
    if (state.stamp !== null && state.stamp !== shown) {
      shown = state.stamp;
      stage.takeState(state);
      strip.takeState(state);
    } else if (state.stamp === null && shown !== null) {
      // The graph began anew: what it showed before is not of now.
      shown = null;
      stage.clear();
      strip.clear();
    }
    silent = state.silence !== null && state.silence > state.silent_after;
    missing = state.missing;
    if (silent) delays.length = 0;
    if (link === "live") showLink("Connected");
    empty(state.pose);
    set("fps", state.fps ? state.fps.toFixed(0) : "–");
    set("drops", state.drops ?? "–");
    count(state);
    classification(state.classification, state.rep?.exercise);
  },
  repetition(message) {
    strip.takeRepetition(message);
    lastRepetition(message);
    if (!message.counted) speak(`Not counted: ${message.reason.replaceAll("_", " ")}`);
  },
  set(message) {
    if (message.repetitions || message.rejected) addSet(message);
  },
  cue({ text, priority }) {
    $("cue").dataset.priority = priority;
    $("cue").replaceChildren(text); // as in `speak`
    $("cue").hidden = false;
    clearTimeout(cueTimer);
    cueTimer = setTimeout(() => { $("cue").hidden = true; }, CUE_TIME);
  },
  instruction({ text }) {
    set("instruction", text);
    $("instruction").hidden = !text;
    $("instruction").classList.toggle("number", /^\d+$/.test(text));
  },
  reset() {
    strip.repetitions = [];
    noSets();
    lastRepetition(NO_REPETITION);
  },
  graph: (message) => controls.graph(message),
  take: (message) => controls.tookPlace(message),
};

// Whether what is on the page is now. words: of the link, said where there is nothing more important to say.
function showLink(words) {
  const old = silent && link === "live";
  const uncounted = link === "live" && missing.includes("rep_state");
  $("link").dataset.state = old || uncounted ? "silent" : link;
  set("link-text", old ? "No new pictures" : uncounted ? "The counter does not answer" : words);
  document.body.classList.toggle("stale", old || link !== "live");
}

// What to do where there is nothing to see.
function empty(pose) {
  $("empty").hidden = Boolean(pose?.landmarks.length) && !silent;
  if (silent) {
    set("empty-title", "No new pictures");
    set("empty-hint", $("to-camera").hidden ? "Is the camera still on and connected?" : "Is Camera still open and started on the other device?");
  } else if (pose) {
    set("empty-title", "Nobody in view");
    set("empty-hint", "Step back until the camera sees you from head to feet");
  } else {
    set("empty-title", "Waiting for the first picture");
    set("empty-hint", $("to-camera").hidden ? "Is the camera connected, and is its source the right one?"
      : "Open Camera on a phone or a laptop, and press Start there");
  }
}

function count({ rep, classification: seen }) {
  const exercise = rep?.exercise || controls.told || (seen?.status === "ok" && titles.has(seen.label) ? seen.label : "");
  set("exercise", titles.get(exercise) ?? (seen?.status === "ok" ? capital(seen.label) : "–"));
  const joint = joints.get(exercise);
  if (joint) { stage.joint = joint; controls.follow(joint); }
  if (!rep) {
    rep = { count: 0, set: 0, rejected: 0, phase: "unknown", progress: 0 };
    counted = null;
  }
  const uncounted = missing.includes("rep_state");
  set("count", uncounted ? "–" : rep.count);
  $("count").dataset.digits = String(rep.count).length;
  if (counted !== null && rep.count > counted) {
    speak(`${rep.count}`);
    $("count").classList.remove("beat");
    void $("count").offsetWidth; // restarts the animation
    $("count").classList.add("beat");
  }
  counted = rep.count;
  set("set-line", uncounted ? " " : rep.set ? `Set ${rep.set}${rep.rejected ? ` · ${rep.rejected} not counted` : ""}` : "Begin: repetitions count by themselves");
  const words = { unknown: " ", rest: "ready", out: "out", turn: "turn", back: "back" };
  set("phase", silent ? " " : words[rep.phase]);
  // Once round the ring is one repetition: top = start, bottom = turning point.
  const progress = Math.min(Math.max(rep.progress ?? 0, 0), 1);
  const turned = rep.phase === "back" ? 360 - 180 * progress : 180 * progress;
  $("arc").style.strokeDashoffset = 360 - turned;
  $("marker").style.transform = `rotate(${turned}deg)`;
  $("marker").style.opacity = rep.phase === "unknown" ? 0 : 1;
}

function classification(seen, exercise) {
  const words = { warming_up: "Looking …", no_body: "Nobody in view", uncertain: "Not sure" };
  let sure = " ";
  if (seen) sure = words[seen.status] ?? (seen.confidence == null ? " " : `${Math.round(seen.confidence * 100)} % sure`);
  if (silent) sure = " ";
  else if (missing.includes("exercise")) sure = "The classifier does not answer";
  else if (controls.told && seen?.status !== "no_body") sure = "only this is counted";
  else if (seen?.status === "ok" && exercise && seen.label !== exercise) sure = `now looks like ${name(seen.label)}`;
  set("sure", sure);
  const rows = ranked(seen?.probabilities ?? {});
  const list = $("bars");
  if (!rows.length) {
    noBars();
    return;
  }
  while (list.children.length > rows.length) list.lastChild.remove();
  rows.forEach(([label, probability], i) => {
    let row = list.children[i];
    if (!row?.querySelector(".bar-fill")) {
      row?.remove();
      row = document.createElement("li");
      row.innerHTML = '<span class="bar-label"></span><span class="bar-value"></span><span class="bar-track"><span class="bar-fill"></span></span>';
      list.insertBefore(row, list.children[i] ?? null);
    }
    row.children[0].textContent = titles.get(label) ?? capital(label);
    row.children[1].textContent = `${Math.round(probability * 100)} %`;
    row.querySelector(".bar-fill").style.transform = `scaleX(${probability})`;
    row.classList.toggle("first", label === seen.label && seen.status === "ok");
  });
}

// Nobody is there, or nothing is known yet: no exercise looks likely.
function noBars() {
  if (!$("bars").querySelector(".bar-fill")) return;
  means.clear();
  const row = document.createElement("li");
  row.className = "muted";
  row.textContent = "Move, and the likeliest exercises show here";
  $("bars").replaceChildren(row);
}

// The likeliest labels. In the order of their mean over the last second or so: rows that change places ten times a
// second cannot be read.
function ranked(probabilities) {
  for (const [label, probability] of Object.entries(probabilities)) {
    const mean = means.get(label) ?? probability;
    means.set(label, mean + (probability - mean) * 0.1);
  }
  return Object.entries(probabilities).sort((a, b) => means.get(b[0]) - means.get(a[0])).slice(0, 6);
}

function lastRepetition({ duration, range, symmetry }) {
  set("last-time", duration === null ? "–" : `${duration.toFixed(1)} s`);
  set("last-range", range === null ? "–" : `${Math.round(range)}°`);
  set("last-symmetry", symmetry === null ? "–" : `${Math.round(symmetry * 100)} %`);
}

function addSet(message) {
  $("sets").querySelector(".muted")?.parentElement.remove();
  const row = document.createElement("tr");
  const share = (value) => (value === null ? "–" : `${Math.round(value * 100)} %`);
  const cells = [
    message.set, titles.get(message.exercise) ?? message.exercise, message.repetitions, message.rejected,
    message.duration === null ? "–" : `${message.duration.toFixed(1)} s`,
    message.range === null ? "–" : `${Math.round(message.range)}°`, share(message.symmetry), share(message.velocity_loss),
  ];
  cells.forEach((value, i) => {
    const cell = document.createElement(i ? "td" : "th");
    if (!i) cell.scope = "row";
    if (i > 1) cell.className = "n";
    cell.textContent = value;
    row.append(cell);
  });
  row.dataset.repetitions = message.repetitions;
  $("sets").prepend(row);
  while ($("sets").children.length > ROWS) $("sets").lastChild.remove();
  showTotals(message.totals);
}

// Of all sets, those too that are not in the table any more.
function showTotals({ sets, repetitions }) {
  set("totals", sets ? `${sets} ${sets === 1 ? "set" : "sets"}, ${repetitions} repetitions` : "");
}

function noSets() {
  const row = document.createElement("tr");
  row.innerHTML = '<td colspan="8" class="muted">A set comes here when you rest or change the exercise</td>';
  $("sets").replaceChildren(row);
  set("totals", "");
}

// For who cannot see the page. A new text node, because a text that does not change is not read out again.
function speak(text) {
  $("spoken").replaceChildren(text);
}

// The name of an exercise within a sentence.
function name(label) {
  if (label === "other") return "something else";
  if (label === "idle") return "standing still";
  return (titles.get(label) ?? label).toLowerCase().replaceAll("_", " ");
}

function capital(text) {
  return text ? text[0].toUpperCase() + text.slice(1).replaceAll("_", " ") : "–";
}

function set(id, value) {
  const text = String(value);
  const element = $(id);
  if (element.textContent !== text) element.textContent = text;
}

setInterval(() => {
  const recent = delays.slice(-30).sort((a, b) => a - b);
  const delay = recent[recent.length >> 1];
  set("latency", delay === undefined ? "–" : delay < 1000 ? `${Math.round(delay)} ms` : `${(delay / 1000).toFixed(1)} s`);
}, 500);
