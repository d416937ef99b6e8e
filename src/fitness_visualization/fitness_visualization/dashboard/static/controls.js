// Buttons, sliders, dialogs and keys.
import { nextTheme } from "./theme.js";

const $ = (id) => document.getElementById(id);
const THRESHOLDS = ["detection", "tracking", "confidence"];

export class Controls {
  constructor(connection, stage, strip) {
    this.connection = connection;
    this.stage = stage;
    this.strip = strip;
    this.pictureOn = localStorage.getItem("picture") !== "off";
    this.pictureAllowed = true; // by the node
    this.hasPictures = true; // somebody publishes them
    this.recording = false;
    this.problem = ""; // why the recording lacks something
    this.told = ""; // the exercise that alone is counted, "" = the classifier decides
    this.leading = false; // through a take that began here
    this.touched = new Set(); // sliders that a finger or the mouse holds
    this.asking = new Map(); // what was set here -> how many answers to that are still to come
    $("picture").onclick = () => this.togglePicture();
    $("full").onclick = () => this.fullScreen();
    $("help").onclick = () => $("help-dialog").showModal();
    $("reset").onclick = () => this.ask({ type: "reset" });
    $("pick").onchange = () => this.askTo("pick", { type: "set_exercise", exercise: $("pick").value });
    $("record").onclick = () => this.record(!this.recording);
    $("guide").onclick = () => { this.forgetConsent(); $("take-dialog").showModal(); };
    $("take-subject").oninput = () => this.forgetConsent();
    $("take-cancel").onclick = () => $("take-dialog").close();
    $("take-form").onsubmit = (event) => { event.preventDefault(); this.take(); };
    $("joint").onchange = () => { if ($("joint").value) this.strip.joint = $("joint").value; this.strip.redraw(); };
    document.querySelectorAll("[data-decision]").forEach((button) => {
      button.onclick = () => this.ask({ type: "decide", decision: button.dataset.decision });
    });
    THRESHOLDS.forEach((name) => {
      $(name).oninput = () => this.showThreshold(name, $(name).valueAsNumber);
      $(name).onchange = () => this.askTo(name, { type: "set_parameter", name, value: $(name).valueAsNumber });
      $(name).onpointerdown = () => this.touched.add(name);
      $(name).onpointerup = $(name).onpointercancel = () => this.touched.delete(name);
    });
    $("keys-on").checked = localStorage.getItem("keys") !== "off";
    $("keys-on").onchange = () => localStorage.setItem("keys", $("keys-on").checked ? "on" : "off");
    addEventListener("keydown", (event) => this.key(event));
    document.addEventListener("visibilitychange", () => this.askForPictures());
    this.showPicture();
  }

  connected() {
    this.showPicture();
    this.askForPictures();
  }

  // Not for a page that nobody sees: behind others, or on a phone that is locked.
  askForPictures() {
    this.connection.send({ type: "picture", on: this.pictureOn && this.pictureAllowed && !document.hidden });
  }

  hello({ exercises, picture }) {
    this.pictureAllowed = picture;
    this.hasPictures = true;
    this.connected();
    const known = () => exercises.map(({ name, title }) => option(name, title));
    fill($("pick"), [option("", "Automatic"), ...known()]);
    fill($("take-exercise"), known());
  }

  // What the nodes say of themselves, once a second.
  graph({ thresholds, recording, exercise, guide, pictures, take }) {
    // A take that another page began, and left, can be decided here.
    $("review").hidden = take !== "review";
    if (pictures !== this.hasPictures) {
      this.hasPictures = pictures;
      this.showPicture();
    }
    for (const name of THRESHOLDS) {
      const known = name in thresholds;
      $(name).disabled = !known;
      if (!known) {
        this.touched.delete(name);
        this.showThreshold(name, null);
      } else if (thresholds[name] !== null && !this.isBeingSet(name)) {
        $(name).value = thresholds[name];
        this.showThreshold(name, thresholds[name]);
      }
    }
    this.told = exercise ?? "";
    // Not without need: the list may be open.
    if (exercise !== undefined && !this.isBeingSet("pick") && $("pick").value !== exercise) $("pick").value = exercise;
    // Of a recorder that does not answer just now nothing is said.
    if (recording !== undefined) {
      $("record").disabled = !recording;
      $("record").title = recording ? "Record into a bag (b)" : "No recorder runs here; ./fitness live has one";
      this.showRecording(Boolean(recording?.on));
      const problem = recording?.problem ?? "";
      if (problem && problem !== this.problem) this.tell(problem, true);
      this.problem = problem;
    }
    $("guide").title = guide ? "Guided, labelled take (g)" : "Nothing that guides runs here; ./fitness live has it";
    $("guide").disabled = !guide;
  }

  showRecording(on) {
    this.recording = on;
    $("record").setAttribute("aria-pressed", on);
    $("record").textContent = on ? "Stop recording" : "Record";
  }

  follow(joint) {
    if (!$("joint").value) this.strip.joint = joint;
  }

  async ask(message) {
    this.tell("…");
    const { ok, message: words } = await this.connection.ask(message);
    this.tell(words, !ok);
    return ok;
  }

  // Ask for what an element was set to; it shows that until the answer, then what the graph says.
  async askTo(id, message) {
    this.asking.set(id, (this.asking.get(id) ?? 0) + 1);
    await this.ask(message);
    this.asking.set(id, this.asking.get(id) - 1);
  }

  isBeingSet(id) {
    return this.touched.has(id) || this.asking.get(id) > 0;
  }

  async record(on) {
    if (await this.ask({ type: "record", on })) this.showRecording(on);
  }

  async take() {
    const wanted = {
      type: "take",
      subject: $("take-subject").value,
      exercise: $("take-exercise").value,
      repetitions: $("take-repetitions").valueAsNumber,
      consent: $("take-consent").checked,
    };
    $("take-dialog").close();
    // On a phone the controls lie screens below what the person is told.
    $("stage").scrollIntoView({ block: "nearest" });
    this.leading = true;
    if (!(await this.ask(wanted))) this.leading = false;
  }

  // It is one person's, for one take.
  forgetConsent() {
    $("take-consent").checked = false;
  }

  // What happens in a guided take.
  tookPlace({ phase, kept, message, repetitions }) {
    $("review").hidden = phase !== "review";
    if (phase === "review") this.tell(`The take is over, with ${repetitions} repetition${repetitions === 1 ? "" : "s"}`);
    if (phase === "review" && this.leading) $("review").scrollIntoView({ block: "center" });
    if (phase === "over") this.leading = false;
    if (phase === "over") this.tell(kept ? "Take kept" : `Take not kept: ${message}`, !kept);
  }

  tell(words, bad = false) {
    $("answer").textContent = words;
    $("answer").classList.toggle("bad", bad);
  }

  togglePicture() {
    this.pictureOn = !this.pictureOn;
    localStorage.setItem("picture", this.pictureOn ? "on" : "off");
    this.connected();
    if (!this.pictureOn) this.stage.forgetPicture();
  }

  showPicture() {
    const on = this.pictureOn && this.pictureAllowed;
    $("picture").setAttribute("aria-pressed", on);
    $("picture").disabled = !this.pictureAllowed || !this.hasPictures;
    if (!this.pictureAllowed) $("picture").textContent = "Skeleton only";
    else if (!this.hasPictures) $("picture").textContent = "No picture";
    else $("picture").textContent = on ? "Picture on" : "Picture off";
  }

  showThreshold(name, value) {
    const shown = document.querySelector(`output[for="${name}"]`);
    const text = value === null || value === undefined ? "–" : value.toFixed(2);
    if (shown.textContent !== text) shown.textContent = text;
  }

  fullScreen() {
    if (document.fullscreenElement) document.exitFullscreen();
    else document.documentElement.requestFullscreen?.();
  }

  key(event) {
    const typing = /^(INPUT|SELECT|TEXTAREA)$/.test(event.target.tagName);
    if (!$("keys-on").checked || typing || event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]")) return;
    const press = (id) => () => { if (!$(id).disabled) $(id).click(); };
    const keys = {
      p: press("picture"), r: press("reset"), b: press("record"), g: press("guide"), f: press("full"), "?": press("help"),
      t: nextTheme,
    };
    if (!(event.key in keys)) return;
    // Else the key that opens a dialog is typed into its first field.
    event.preventDefault();
    keys[event.key]();
  }
}

// What was chosen stays, where it is still there to choose.
function fill(select, options) {
  const chosen = select.value;
  select.replaceChildren(...options);
  if (options.some(({ value }) => value === chosen)) select.value = chosen;
}

function option(value, text) {
  const element = document.createElement("option");
  element.value = value;
  element.textContent = text;
  return element;
}
