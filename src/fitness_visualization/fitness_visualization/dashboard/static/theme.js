// Light, dark, or as the system has it. Loaded by every page but reports, which have no script; the choice is kept in this browser.
const ORDER = ["", "light", "dark"];
const WORDS = { "": "Theme: auto", light: "Theme: light", dark: "Theme: dark" };

function show(theme) {
  document.documentElement.dataset.theme = theme;
  const button = document.getElementById("theme");
  if (button) button.textContent = WORDS[theme];
  document.dispatchEvent(new Event("theme"));
}

function kept() {
  const theme = localStorage.getItem("theme") ?? "";
  return ORDER.includes(theme) ? theme : "";
}

export function nextTheme() {
  const theme = ORDER[(ORDER.indexOf(kept()) + 1) % ORDER.length];
  localStorage.setItem("theme", theme);
  show(theme);
}

// The colour of a CSS variable as the canvas takes it.
const probe = document.createElement("i");
probe.hidden = true;
document.documentElement.append(probe);
let colours = new Map();
document.addEventListener("theme", () => { colours = new Map(); });
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => show(kept()));

export function colour(name) {
  if (!colours.has(name)) {
    probe.style.color = `var(--${name})`;
    colours.set(name, getComputedStyle(probe).color);
  }
  return colours.get(name);
}

document.getElementById("theme")?.addEventListener("click", nextTheme);
show(kept());
