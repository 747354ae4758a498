"""The HTML report in a browser: no error, nothing asked of the network, every chart drawn.

Run by scripts/test. By hand, with a Chromium on the PATH (Debian: apt-get install
chromium-headless-shell, elsewhere: playwright install chromium-headless-shell):
    cargo build --release --example scan_and_scale
    pip install -r tests/python/requirements.txt
    python -m unittest discover tests/python

ATG_REPORT_HTML names a page that is there already, ATG_SCAN_AND_SCALE the program that writes one,
ATG_CHROMIUM the browser, ATG_SCREENSHOTS a folder to keep the pictures in.
"""

import os
import pathlib
import re
import shutil
import struct
import subprocess
import tempfile
import unittest
import zlib

from playwright.sync_api import sync_playwright

ROOT = pathlib.Path(__file__).resolve().parents[2]
RESOURCES = 10_000
# What a chart must show, by a word of its title.
CHARTS = ["throttle", "batch", "rows", "memory"]

# The size on the page of what each chart draws, and how many points its lines have.
MEASURE = """figures => figures.map(figure => {
    const svg = figure.querySelector('svg');
    const lines = [...figure.querySelectorAll('svg polyline')];
    const size = element => {
        const box = element.getBoundingClientRect();
        return [box.width, box.height];
    };
    const visible = element => getComputedStyle(element).stroke !== 'none';
    return {
        title: figure.querySelector('figcaption').textContent,
        role: svg && svg.getAttribute('role'),
        label: svg && svg.getAttribute('aria-label'),
        svg: svg ? size(svg) : [0, 0],
        texts: [...figure.querySelectorAll('svg text')].map(text => text.textContent.trim()),
        lines: lines.map(line => ({
            size: size(line), points: line.points.length, visible: visible(line)})),
    };
})"""


def browser_path():
    """Debian's browser or another one; None where Playwright has its own."""
    names = ["chromium-headless-shell", "chromium", "chromium-browser", "google-chrome"]
    return os.environ.get("ATG_CHROMIUM") or next(filter(None, map(shutil.which, names)), None)


def page_of_a_throttled_scan(folder):
    """A page that is there, or one that the program writes of 10,000 resources under limits."""
    if given := os.environ.get("ATG_REPORT_HTML"):
        return pathlib.Path(given).resolve()
    target = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
    default = target / "release" / "examples" / "scan_and_scale"
    program = os.environ.get("ATG_SCAN_AND_SCALE", default)
    page = folder / "report.html"
    subprocess.run(
        [program, "--resources", str(RESOURCES), "--subscriptions", "5000", "--limits", "azure",
         "--latency-ms", "5", "--pace", "none", "--fault-rate", "0.1", "--scale-to", "0",
         "--quiet", "--graph", folder / "graph.sqlite", "--html", page],
        check=True, timeout=540, stdin=subprocess.DEVNULL)
    return page


def number(text):
    """The first number of a text such as 1,234 (5.6 %)."""
    return int(re.match(r"[\d,]+", text)[0].replace(",", ""))


def different_rows(png):
    """How many different rows of pixels a picture has: a few where nothing was drawn."""
    chunks, at = [], 8
    while at < len(png):
        length, kind = struct.unpack(">I4s", png[at:at + 8])
        if kind == b"IDAT":
            chunks.append(png[at + 8:at + 8 + length])
        at += length + 12
    height = struct.unpack(">I", png[20:24])[0]
    pixels = zlib.decompress(b"".join(chunks))
    row = len(pixels) // height
    return len({pixels[n * row:(n + 1) * row] for n in range(height)})


class Report(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.file = page_of_a_throttled_scan(pathlib.Path(folder.name))
        pictures = os.environ.get("ATG_SCREENSHOTS", folder.name)
        cls.pictures = pathlib.Path(pictures)
        cls.pictures.mkdir(parents=True, exist_ok=True)
        playwright = sync_playwright().start()
        cls.addClassCleanup(playwright.stop)
        # As root, as in most containers, Chromium runs only without its sandbox; the page is ours.
        cls.browser = playwright.chromium.launch(
            executable_path=browser_path(), args=["--no-sandbox"])
        cls.addClassCleanup(cls.browser.close)

    def open(self, **options):
        """The page, and what it said and asked for while it was opened."""
        context = self.browser.new_context(**options)
        self.addCleanup(context.close)
        page = context.new_page()
        said, asked = [], []
        page.on("console", lambda message: said.append(f"{message.type}: {message.text}"))
        page.on("pageerror", lambda error: said.append(f"error: {error}"))
        page.on("request", lambda request: asked.append(request.url))
        page.goto(self.file.as_uri(), wait_until="networkidle")
        return page, said, asked

    def test_it_opens_without_a_word_and_asks_nobody(self):
        page, said, asked = self.open()
        self.assertEqual(said, [])
        self.assertEqual(asked, [self.file.as_uri()])
        self.assertEqual(page.locator("script").count(), 0)
        self.assertIn("report", page.title())

    def test_a_script_in_it_would_not_run(self):
        page, said, asked = self.open()
        page.evaluate("""() => {
            const script = document.createElement('script');
            script.textContent = 'window.ran = true';
            document.body.append(script);
            const image = document.createElement('img');
            image.src = 'http://127.0.0.1:9/';
            document.body.append(image);
        }""")
        page.wait_for_timeout(100)
        self.assertFalse(page.evaluate("'ran' in window"))
        self.assertTrue(any("Content Security Policy" in words for words in said), said)

    def test_every_chart_is_drawn(self):
        page, _, _ = self.open(viewport={"width": 1280, "height": 900})
        charts = page.locator("figure").evaluate_all(MEASURE)
        for word in CHARTS:
            self.assertTrue(any(word in chart["title"].lower() for chart in charts),
                            f"no chart of {word}: {[chart['title'] for chart in charts]}")
        for chart in charts:
            with self.subTest(chart["title"]):
                self.assert_drawn(chart)
        heights = [line["size"][1] for chart in charts for line in chart["lines"]]
        self.assertGreater(max(heights), 50, "every line is flat")

    def assert_drawn(self, chart):
        self.assertEqual(chart["role"], "img")
        self.assertIn(" over time", chart["label"])
        width, height = chart["svg"]
        self.assertGreater(min(width, height), 100)
        # Both axes are named, and their steps are numbers.
        self.assertIn("time, s", chart["texts"])
        self.assertIn("0", chart["texts"])
        self.assertNotIn("NaN", "".join(chart["texts"]))
        # Axes are lines of two points; at least one line more spans half the chart.
        drawn = [line for line in chart["lines"] if line["points"] > 2 and line["visible"]]
        self.assertTrue(any(line["size"][0] > width / 2 for line in drawn), chart["lines"])

    def test_the_scan_was_throttled_and_the_page_shows_it(self):
        page, _, _ = self.open(viewport={"width": 1280, "height": 900})
        cards = dict(page.locator("dl.cards > div").evaluate_all(
            "cards => cards.map(card => ['dt', 'dd'].map(n => card.querySelector(n).textContent))"))
        self.assertGreater(number(cards["requests"]), 0)
        self.assertGreater(number(cards["throttled"]), 0, cards)
        charts = [chart for chart in page.locator("figure").evaluate_all(MEASURE)
                  if "; throttled: at most " in chart["label"]]
        self.assertEqual(len(charts), 1, "one chart shows the throttles")
        lines = [line for line in charts[0]["lines"] if line["points"] > 2 and line["visible"]]
        self.assertEqual(len(lines), 2, "requests and throttles have a line each")
        # A line without a rise has no height; throttles are few beside requests.
        throttles, requests = sorted(line["size"][1] for line in lines)
        self.assertGreater(requests, 50, "the line of requests is flat")
        self.assertGreater(throttles, 5, "the line of throttles is flat")
        most = re.search(r"; throttled: at most ([\d,.]+)", charts[0]["label"])[1]
        self.assertGreater(float(most.replace(",", "")), 0)

    def test_tables_name_phases_and_operations(self):
        page, _, _ = self.open()
        headings = page.locator("h2").all_inner_texts()
        for heading in ["Over time", "Phases", "Operations", "Environment"]:
            self.assertIn(heading, headings)
        rows = page.locator("section", has=page.locator("h2", has_text="Phases")).locator("tr")
        self.assertGreater(rows.count(), 1)

    def assert_seen(self, page, figure):
        """Within its line's box, grid lines aside, rows of pixels differ only by what is drawn."""
        boxes = [line.bounding_box() for line in figure.locator("svg polyline").all()
                 if line.evaluate("line => line.points.length > 2")]
        box = max(boxes, key=lambda box: box["height"])
        self.assertGreater(box["height"], 20)
        rows = different_rows(page.screenshot(clip=box, full_page=True))
        self.assertGreater(rows, box["height"] / 2)

    def test_it_is_readable_in_light_and_dark_and_narrow(self):
        grounds = set()
        for name, options in {
            "light": {"color_scheme": "light", "viewport": {"width": 1280, "height": 900}},
            "dark": {"color_scheme": "dark", "viewport": {"width": 1280, "height": 900}},
            "narrow": {"color_scheme": "light", "viewport": {"width": 400, "height": 800}},
        }.items():
            page, _, _ = self.open(**options)
            page.screenshot(path=self.pictures / f"report-{name}.png", full_page=True)
            for figure in page.locator("figure").all():
                with self.subTest(f"{name}: {figure.locator('figcaption').inner_text()}"):
                    self.assert_seen(page, figure)
            body = page.locator("body")
            ground = body.evaluate("body => getComputedStyle(body).backgroundColor")
            ink = body.evaluate("body => getComputedStyle(body).color")
            self.assertNotEqual(ground, ink)
            grounds.add(ground)
            # Nothing but a table or a chart within its own frame is wider than the window.
            wide = page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
            self.assertLessEqual(wide, 0, name)
        self.assertEqual(len(grounds), 2, "dark looks like light")


if __name__ == "__main__":
    unittest.main()
