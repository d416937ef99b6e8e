"""Makes the pictures of docs/dashboard.md: python tests/browser/screenshots.py [FOLDER [EXERCISE COUNT]].

Of the demo, which is landmarks of clips and no footage, once so many of an exercise are done.
"""

import shutil
import signal
import subprocess
import sys
from pathlib import Path

from playwright.sync_api import expect, sync_playwright

IMAGES = Path(__file__).resolve().parents[2] / "docs" / "images"
SHOTS = (
    ("desktop", "dark", (1440, 900), 1),
    ("phone", "light", (390, 844), 2),
    ("television", "dark", (1920, 1080), 1),
)
PATIENT = "const after = setTimeout; window.setTimeout = (f, time) => after(f, time === 5000 ? 1e8 : time)"
"""A page that does not mind a server that says nothing for a while (connection.js, SILENCE)."""
MOMENT = ("Squat", "4")
"""Exercise and count to be photographed."""
TIMEOUT = 180_000
"""Longest wait for that [ms]."""


def main() -> int:
    """Run the demo and photograph the pages at the same moment."""
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else IMAGES
    exercise, count = sys.argv[2:4] or MOMENT
    command = [sys.executable, "-m", "fitness_bringup.cli", "live", "--demo", "--loop", "--port", "0", "--no-overlay"]
    graph = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    assert graph.stderr is not None
    address = next(line for line in graph.stderr if line.startswith("dashboard: ")).split()[1]
    try:
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
            pages = []
            for name, scheme, (width, height), scale in SHOTS:
                size = {"width": width, "height": height}
                context = browser.new_context(viewport=size, device_scale_factor=scale, color_scheme=scheme)
                context.add_init_script(PATIENT)
                pages.append((context.new_page(), folder / f"dashboard-{name}-{scheme}.png"))
                pages[-1][0].goto(address)
            expect(pages[0][0].locator("#exercise")).to_have_text(exercise, timeout=TIMEOUT)
            expect(pages[0][0].locator("#count")).to_have_text(count, timeout=TIMEOUT)
            expect(pages[0][0].locator("#phase")).to_have_text("out", timeout=TIMEOUT)
            # All of the same moment, however long the photographs take.
            graph.send_signal(signal.SIGSTOP)
            for page, path in pages:
                page.screenshot(path=path)
                print(path)
            browser.close()
    finally:
        graph.send_signal(signal.SIGCONT)
        graph.send_signal(signal.SIGINT)
        graph.communicate()
    return 0


if __name__ == "__main__":
    sys.exit(main())
