// The WebSocket of a page: heals itself, knows the server's clock, matches answers to requests.
const SILENCE = 5000; // [ms] the server says something every second; this long without a word is a dead link
const OPENING = 10000; // [ms] for a link to open
const RETRY = [250, 500, 1000, 2000, 4000]; // [ms]
const ANSWER_TIMEOUT = 8000; // [ms]

export class Connection {
  // on: {echo?(seconds there and back), message(object), picture(stamp, Blob), state("connecting" | "live" | "lost" | "refused", words)}
  constructor(on) {
    this.on = on;
    this.offset = 0; // [s] server's clock minus ours
    this.waiting = new Map();
    this.number = 0;
    this.attempt = 0;
    this.best = Infinity;
    this.refused = false; // the server has begun anew and asks for the token of its new link
    addEventListener("online", () => this.hurry());
    document.addEventListener("visibilitychange", () => { if (!document.hidden) this.hurry(); });
    this.open();
  }

  // Time of the server's clock now [s].
  now() {
    return (performance.timeOrigin + performance.now()) / 1000 + this.offset;
  }

  open() {
    clearTimeout(this.timer);
    if (this.attempt) this.sayLost();
    else this.on.state("connecting", "Connecting");
    const socket = new WebSocket(`${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/ws`);
    socket.binaryType = "arraybuffer";
    this.socket = socket;
    socket.onmessage = (event) => { this.watch(); this.receive(event.data); };
    socket.onclose = () => { if (this.socket === socket) this.lost(); };
    this.watch(OPENING);
  }

  receive(data) {
    if (typeof data !== "string") {
      this.on.picture(new DataView(data).getFloat64(0, true), new Blob([new Uint8Array(data, 8)], { type: "image/jpeg" }));
      return;
    }
    const message = JSON.parse(data);
    if (message.type === "hello") {
      this.attempt = 0;
      this.best = Infinity;
      this.refused = false;
      this.on.state("live", "Connected");
      this.measure(5);
    }
    if (message.type === "pong") this.setClock(message);
    else if (message.type === "answer") this.waiting.get(message.id)?.(message);
    else this.on.message(message);
  }

  // Half of the fastest way there and back is the best guess of one way.
  setClock({ time, clock }) {
    const now = (performance.timeOrigin + performance.now()) / 1000;
    const trip = now - time;
    this.on.echo?.(trip);
    if (trip < this.best) {
      this.best = trip;
      this.offset = clock - (time + now) / 2;
    }
  }

  measure(times) {
    this.send({ type: "ping", time: (performance.timeOrigin + performance.now()) / 1000 });
    clearTimeout(this.pinging);
    if (times <= 1) this.best *= 1.5; // a clock that drifts is measured again
    this.pinging = setTimeout(() => this.measure(times - 1), times > 1 ? 120 : 15000);
  }

  send(message) {
    if (this.socket.readyState === WebSocket.OPEN) this.socket.send(JSON.stringify(message));
  }

  // Ask for something; the promise is the server's {ok, message}.
  ask(message) {
    const id = ++this.number;
    return new Promise((resolve) => {
      const end = (answer) => { clearTimeout(timer); this.waiting.delete(id); resolve(answer); };
      const timer = setTimeout(() => end({ ok: false, message: "no answer" }), ANSWER_TIMEOUT);
      this.waiting.set(id, end);
      this.send({ ...message, id });
    });
  }

  watch(patience = SILENCE) {
    clearTimeout(this.silence);
    this.silence = setTimeout(() => { this.socket.close(); this.lost(); }, patience);
  }

  hurry() {
    if (this.socket.readyState === WebSocket.CLOSED) this.open();
  }

  async lost() {
    clearTimeout(this.silence);
    clearTimeout(this.timer);
    this.socket = { readyState: WebSocket.CLOSED, close() {}, send() {} };
    const wait = RETRY[Math.min(this.attempt, RETRY.length - 1)];
    this.attempt += 1;
    this.sayLost();
    this.timer = setTimeout(() => this.open(), wait);
    try {
      const answer = await fetch("/api/state", { cache: "no-store" });
      if (answer.status !== 401) return;
      this.refused = true;
      this.sayLost();
    } catch { /* not there: that is why we try again */ }
  }

  sayLost() {
    if (this.refused) this.on.state("refused", "Open its new link");
    else this.on.state("lost", "Reconnecting");
  }
}
