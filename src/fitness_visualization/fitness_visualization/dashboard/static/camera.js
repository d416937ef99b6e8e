// This device as the camera: one picture under way at a time, so that nothing queues up however slow the network is.
import { Connection } from "./connection.js";
import "./theme.js";

const WIDTH = 640; // [px] the pose network looks at less
const QUALITY = 0.8;
const $ = (id) => document.getElementById(id);
const video = $("video");
const canvas = document.createElement("canvas");
const titles = new Map();
const recent = [];
let socket = null;
let stream = null;
let starting = false; // asked for, and neither given nor refused yet
let mayISend = false;
let refused = false; // the server did not take pictures, and why is on the page
let sent = 0;
let lock = null;

const connection = new Connection({
  state(state, words) {
    $("link").dataset.state = state;
    $("link-text").textContent = words;
    if (state === "live" && stream) open();
  },
  message(message) {
    if (message.type === "hello") {
      message.exercises.forEach(({ name, title }) => titles.set(name, title));
      $("to-sessions").hidden = !message.sessions;
      $("start").disabled = !message.camera && !stream;
      if (!message.camera) tell("This graph takes its pictures elsewhere; start it with ./fitness live --source browser", true);
      instruct(message.instruction);
    }
    if (message.type === "state" && message.rep) {
      $("count").textContent = message.rep.count;
      $("exercise").textContent = titles.get(message.rep.exercise) ?? "–";
    }
    if (message.type === "instruction") instruct(message.text);
  },
  picture() {},
});

function open() {
  if (socket && socket.readyState <= WebSocket.OPEN) return;
  mayISend = false;
  const opened = new WebSocket(`${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/camera/ws`);
  socket = opened;
  opened.onmessage = () => {
    if (!mayISend && refused) tell("");
    refused = false;
    mayISend = true;
  };
  opened.onclose = ({ reason }) => {
    if (socket !== opened) return;
    refused = true;
    if (stream) tell(`${reason || "The server takes no pictures at the moment"}; trying again`, true);
    setTimeout(() => { if (stream && socket === opened) open(); }, 1500);
  };
}

async function start() {
  if (starting) return;
  if (!navigator.mediaDevices?.getUserMedia) {
    tell("Browsers give their camera to https pages only: start the dashboard with a certificate, see docs/dashboard.md", true);
    return;
  }
  starting = true;
  try {
    const device = $("devices").value;
    stream = await navigator.mediaDevices.getUserMedia({
      audio: false,
      video: { width: { ideal: 640 }, height: { ideal: 480 }, frameRate: { ideal: 30 }, ...(device ? { deviceId: { exact: device } } : {}) },
    });
  } catch (error) {
    tell(`No camera: ${error.message || error.name}`, true);
    return;
  } finally {
    starting = false;
  }
  const [track] = stream.getVideoTracks();
  // Unplugged, or taken away by the system: a call comes in, another app wants it.
  track.onended = () => { stop(); tell("The camera has stopped: press Start again", true); };
  video.srcObject = stream;
  await video.play();
  const facing = track.getSettings().facingMode;
  video.classList.toggle("mirrored", facing !== "environment");
  $("start").textContent = "Stop";
  $("empty").hidden = true;
  tell("");
  open();
  next();
  listDevices();
  stayAwake();
}

// The system lets a screen go dark again whenever the page was out of sight.
async function stayAwake() {
  if (stream && !document.hidden) lock = await navigator.wakeLock?.request("screen").catch(() => null);
}

function stop() {
  stream?.getTracks().forEach((track) => track.stop());
  stream = null;
  socket?.close();
  lock?.release();
  video.srcObject = null;
  $("start").textContent = "Start";
  $("empty").hidden = false;
  tell("");
}

// Called for each picture of the camera; those that come while one is under way are left out.
function next() {
  if (!stream) return;
  if (video.requestVideoFrameCallback) video.requestVideoFrameCallback((now, about) => { send(about.captureTime ?? now); next(); });
  else requestAnimationFrame((now) => { send(now); next(); });
}

function send(taken) {
  if (!mayISend || socket.readyState !== WebSocket.OPEN || !video.videoWidth) return;
  mayISend = false;
  const scale = Math.min(1, WIDTH / Math.max(video.videoWidth, video.videoHeight));
  canvas.width = Math.round(video.videoWidth * scale);
  canvas.height = Math.round(video.videoHeight * scale);
  canvas.getContext("2d").drawImage(video, 0, 0, canvas.width, canvas.height);
  const stamp = new DataView(new ArrayBuffer(8));
  stamp.setFloat64(0, connection.now() - (performance.now() - taken) / 1000, true);
  canvas.toBlob((jpeg) => {
    if (!jpeg || socket.readyState !== WebSocket.OPEN) return;
    socket.send(new Blob([stamp.buffer, jpeg]));
    sent += 1;
    recent.push(performance.now());
    if (recent.length > 60) recent.shift();
  }, "image/jpeg", QUALITY);
}

async function listDevices() {
  const devices = (await navigator.mediaDevices.enumerateDevices()).filter(({ kind }) => kind === "videoinput");
  const chosen = $("devices").value;
  $("devices").replaceChildren(...[{ deviceId: "", label: "Default" }, ...devices].map(({ deviceId, label }, i) => {
    const option = document.createElement("option");
    option.value = deviceId;
    option.textContent = label || `Camera ${i}`;
    return option;
  }));
  $("devices").value = chosen;
}

function instruct(text) {
  $("instruction").textContent = text;
  $("instruction").hidden = !text;
}

function tell(words, bad = false) {
  $("answer").textContent = words;
  $("answer").classList.toggle("bad", bad);
}

document.addEventListener("visibilitychange", stayAwake);
$("start").onclick = () => (stream ? stop() : start());
$("devices").onchange = () => { if (stream) { stop(); start(); } };
setInterval(() => {
  $("sent").textContent = sent;
  $("size").textContent = sent && stream ? `${canvas.width}×${canvas.height}` : "–";
  const since = performance.now() - 2000;
  const count = recent.filter((time) => time > since).length;
  $("rate").textContent = stream ? (count / 2).toFixed(0) : "–";
}, 500);
