"""Looks at pages with headless Chromium, as a person would, and prints what it saw as JSON in its last line.

    look_at_page.py live URL DIRECTORY         a running training; says "grown" when a curve has grown, and
                                               then waits until a lost worker stands in the time line
    look_at_page.py documents DIRECTORY        every *.html of the directory

Screenshots at 1,400 and 390 pixels, light and dark, are written into the directory. Needs Debian's packages
chromium, chromium-driver and python3-selenium; nothing is fetched from anywhere.
"""

import base64
import json
import pathlib
import sys
import tempfile
import time
from urllib.parse import urlsplit

from selenium import webdriver
from selenium.webdriver.chrome.options import Options
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.keys import Keys

COUNTS = r"""
const count = (pattern) => document.querySelectorAll(pattern).length;
const saying = (pattern, words) =>
  [...document.querySelectorAll(pattern)].filter((one) => words.test(one.textContent)).length;
const shown = [...document.querySelectorAll("main > details")].filter((one) => !one.hidden);
return {
  heading: document.querySelector("h1")?.textContent ?? null,
  sections: shown.map((one) => one.id),
  charts: count("figure.chart"), curves: count("path.curve:not(.raw)"),
  confusions: count("[aria-roledescription='confusion matrix']"),
  cells: count("[aria-roledescription='confusion matrix'] rect[fill^='rgba']"),
  pictures: count(".pictures img"), marks: count(".mark"),
  unknown: saying("figure p", /cannot be shown/), empty: saying("figure.chart svg text", /^No value/),
  workers: count("#workers tbody tr"), bars: count("#time svg rect"),
  scripts: document.scripts.length, alerted: window.alerted === true,
  text: document.getElementById("page").innerText.replaceAll("\u00a0", " "),
};
"""


def browser(profile):
    options = Options()
    for argument in [
        "--headless=new",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-dev-shm-usage",
        "--hide-scrollbars",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        "--disable-default-apps",
        "--window-size=1400,1000",
        f"--user-data-dir={profile}",
        "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
    ]:
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    found = [
        path
        for path in ["/usr/bin/chromedriver", "/usr/lib/chromium/chromedriver"]
        if pathlib.Path(path).exists()
    ]
    return webdriver.Chrome(options=options, service=Service(*found[:1]))


def wait(look, seconds=60):
    """The first answer of `look` that is not None."""
    deadline = time.monotonic() + seconds
    while True:
        seen = look()
        if seen is not None:
            return seen
        if time.monotonic() > deadline:
            raise SystemExit(f"nothing was seen in {seconds} s")
        time.sleep(0.05)


def settle(driver):
    """Waits for two frames: charts follow the width that they have in the first."""
    driver.execute_async_script(
        "const done = arguments[0]; requestAnimationFrame(() => requestAnimationFrame(() => done()))"
    )


def screenshots(driver, directory, name):
    """Takes the pictures, and returns by how many pixels the page is too wide for a telephone."""
    for width in [1400, 390]:
        driver.execute_cdp_cmd(
            "Emulation.setDeviceMetricsOverride",
            {"width": width, "height": 1000, "deviceScaleFactor": 1, "mobile": width < 600},
        )
        for scheme in ["light", "dark"]:
            driver.execute_cdp_cmd(
                "Emulation.setEmulatedMedia",
                {"features": [{"name": "prefers-color-scheme", "value": scheme}]},
            )
            settle(driver)
            picture = driver.execute_cdp_cmd(
                "Page.captureScreenshot", {"format": "png", "captureBeyondViewport": True}
            )
            (directory / f"{name}-{width}-{scheme}.png").write_bytes(base64.b64decode(picture["data"]))
    too_wide = driver.execute_script("return document.documentElement.scrollWidth - window.innerWidth")
    driver.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
    return too_wide


def complaints(driver):
    return [
        entry["message"] for entry in driver.get_log("browser") if entry["level"] in ["SEVERE", "WARNING"]
    ]


def requests(driver):
    """The addresses that the pages asked for."""
    found = set()
    for entry in driver.get_log("performance"):
        message = json.loads(entry["message"])["message"]
        if message["method"] == "Network.requestWillBeSent":
            found.add(message["params"]["request"]["url"])
    # What pages hold themselves, and parts of the browser such as its print preview, are asked of nobody.
    return {address for address in found if urlsplit(address).scheme not in ["data", "chrome"]}


def drawn(driver):
    """The last step of the first curve of the loss, or None."""
    last = driver.execute_script(
        "return document.querySelector('[data-group=loss] path.curve[data-last]')?.getAttribute('data-last')"
    )
    return None if last is None else float(last)


def live(driver, url, directory):
    driver.get(url)
    first = wait(lambda: drawn(driver))
    second = wait(lambda: (lambda seen: seen if seen and seen > first else None)(drawn(driver)))
    print("grown", flush=True)
    lost = wait(
        lambda: driver.execute_script(
            "return document.querySelector('.mark[data-event=worker_lost]')?.getAttribute('aria-label')"
        )
    )
    at_loss = drawn(driver)
    third = wait(lambda: (lambda seen: seen if seen and seen > at_loss else None)(drawn(driver)))
    too_wide = screenshots(driver, directory, "live")
    return {
        "first": first,
        "second": second,
        "lost": lost,
        "after": third,
        "tooWide": too_wide,
        "title": driver.title,
        "complaints": complaints(driver),
        "hosts": sorted({urlsplit(address).netloc for address in requests(driver)}),
    }


def interact(driver):
    """Uses the first chart by keyboard and mouse, and the time line by keyboard; returns what they said."""
    charts = driver.find_elements("css selector", "#curves figure.chart svg[tabindex]")
    if not charts:
        return {}
    said = {}
    spoken = lambda: driver.execute_script("return document.querySelector('[aria-live].spoken').textContent")
    charts[0].send_keys(Keys.HOME)
    charts[0].send_keys(Keys.ARROW_RIGHT)
    said["keyboard"] = spoken()
    width = charts[0].size["width"]
    chain = ActionChains(driver).move_to_element_with_offset(charts[0], -width // 4, 0).click_and_hold()
    chain.move_by_offset(width // 8, 0).move_by_offset(width // 8, 0).release().perform()
    button = (
        "return [...document.querySelectorAll('.tools button')]"
        ".some((one) => one.textContent === 'Show all' && !one.hidden)"
    )
    said["zoomed"] = driver.execute_script(button)
    charts[0].send_keys(Keys.ESCAPE)
    said["reset"] = not driver.execute_script(button)
    # Closer than numbers can count: the page must go on.
    charts[0].send_keys("+" * 80)
    charts[0].send_keys(Keys.ESCAPE)
    said["event"] = driver.execute_script(
        "document.querySelector('.mark')?.focus();"
        "return document.querySelector('#time-line .sentence')?.textContent ?? null"
    )
    return said


def documents(driver, directory):
    seen = {}
    for path in sorted(directory.glob("*.html")):
        driver.get(path.as_uri())
        settle(driver)
        counts = driver.execute_script(COUNTS)
        counts["interaction"] = interact(driver)
        counts["tooWide"] = screenshots(driver, directory, path.stem)
        counts["paper"] = len(driver.execute_cdp_cmd("Page.printToPDF", {})["data"])
        counts["complaints"] = complaints(driver)
        counts["requests"] = [address for address in requests(driver) if address != path.as_uri()]
        seen[path.stem] = counts
    return seen


def main():
    with tempfile.TemporaryDirectory(prefix="look-at-page-") as profile:
        driver = browser(profile)
        try:
            if sys.argv[1] == "live":
                seen = live(driver, sys.argv[2], pathlib.Path(sys.argv[3]))
            else:
                seen = documents(driver, pathlib.Path(sys.argv[2]).resolve())
        finally:
            driver.quit()
    print(json.dumps(seen))


main()
