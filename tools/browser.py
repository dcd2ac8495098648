"""How Chromium is started for tests and measurements: without a screen, and without what nobody would see on one."""

from playwright.sync_api import Browser, Playwright

from tools.services import chromium

WINDOW = ("WebUIOmniboxPopup", "WebUIOmniboxAimPopup", "SpareRendererForSitePerProcess")
"""Parts of a browser's own window, each a process for every page: without them a page costs half as much."""

PLAYWRIGHTS = (
    "AimEnabled",
    "AvoidCorsURLLoaderRestartOnRedirect",
    "AvoidUnnecessaryBeforeUnloadCheckSync",
    "DestroyProfileOnBrowserClose",
    "HttpsFirstBalancedModeAutoEnable",
    "HttpsUpgrades",
    "LensOverlay",
    "MediaRouter",
    "NetworkTimeServiceQuerying",
    "OptimizationHints",
    "PaintHolding",
    "PreconnectToSearch",
    "ThirdPartyStoragePartitioning",
)
"""What Playwright switches off by itself; a list of one's own replaces it."""

FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    f"--disable-features={','.join((*PLAYWRIGHTS, *WINDOW))}",
)


class BrowserMissing(Exception):
    """There is no Chromium; the message says what to do."""


def launch(playwright: Playwright) -> Browser:
    """Start the Chromium that is found on this machine."""
    found = chromium()
    if found is None:
        raise BrowserMissing("Chromium is missing: run `make services`.")
    return playwright.chromium.launch(executable_path=found, args=list(FLAGS))
