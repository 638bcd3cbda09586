"""Every page in a real browser: accessible, light, whole on a phone and in the dark, in both languages."""

from typing import Any

import pytest
from test_browser import Open, address, browser, pytestmark, visit  # noqa: F401 - fixtures and the condition

PAGES = (
    "/",
    "/search?q=打印机",
    "/search?q=qwxzv&area=printer",
    "/suggest?text=打印机 HP P3015 屏幕一直是 49.4C02 ERROR",
    "/suggest?text=zzqx wwvk",
    "/a/KB-000012",
    "/a/KB-000171?h=打印机",
    "/code/ORA-01653",
    "/product/Windows 11",
    "/browse",
    "/why?q=打印机&article=KB-000012",
    "/insights",
    "/insights/articles",
    "/insights/quality",
    "/insights/words",
    "/insights/forget",
    "/new",
    "/new?kind=case",
    "/edit/KB-000012",
    "/history/KB-000012",
    "/rename/KB-000012",
    "/review",
    "/merge?keep=KB-000012&other=KB-000013",
    "/import",
    "/api",
    "/help",
    "/help?q=备份",
    "/help/search",
    "/help/commands",
)
LOOKS: tuple[dict[str, Any], ...] = (
    {"viewport": {"width": 1280, "height": 900}, "color_scheme": "light"},
    {"viewport": {"width": 390, "height": 844}, "color_scheme": "dark", "reduced_motion": "reduce"},
)
ALIKE = 12
"""Of elements beside each other that are of one kind, so many are looked at: those of /api are 8,000, half a minute."""
THIN = """most => {
  for (const parent of document.querySelectorAll("main, main *")) {
    const seen = {};
    for (const child of [...parent.children]) {
      const kind = child.tagName + "." + child.className;
      seen[kind] = (seen[kind] || 0) + 1;
      if (seen[kind] > most) child.remove();
    }
  }
}"""
SERIOUS = ("serious", "critical")
MAX_BYTES = 200_000


@pytest.mark.parametrize("look", LOOKS, ids=["desktop", "phone"])
def test_pages_are_accessible(visit: Open, look: dict[str, Any]) -> None:  # noqa: F811
    """axe-core finds nothing serious, nothing runs out of the window, nothing comes from outside, all is light."""
    from axe_playwright_python.sync_playwright import Axe

    page = visit("/", bypass_csp=True, **look)  # the checker itself is an inline script
    sizes: dict[str, int] = {}
    page.on("response", lambda r: sizes.setdefault(r.url, int(r.headers.get("content-length", 0))))
    found = []
    for path in PAGES:
        sizes.clear()
        page.goto(path)
        page.wait_for_load_state("load")
        wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        found += [f"{path}: {wide} px too wide"] if wide > 0 else []
        found += [f"{path}: {url} is from outside" for url in sizes if not url.startswith((page.url[:21], "data:"))]
        found += [f"{path}: {sum(sizes.values())} bytes"] if sum(sizes.values()) > MAX_BYTES else []
        page.evaluate(THIN, ALIKE)
        for violation in Axe().run(page).response["violations"]:
            if violation["impact"] in SERIOUS:
                at = violation["nodes"][0]
                found.append(f"{path}: {violation['id']}: {at['html'][:160]} {at['failureSummary'][:300]}")
    assert not found, "\n".join(found)


def test_pages_hold_the_policy(visit: Open) -> None:  # noqa: F811
    """With the policy in force no page's own script or style is refused: the console stays silent."""
    page = visit("/")
    english = visit("/?lang=en")
    for path in PAGES:
        page.goto(path)
        english.goto(path)
        assert english.get_attribute("html", "lang") == "en"


def test_first_paint_of_results(visit: Open) -> None:  # noqa: F811
    """Results are painted from the page itself: no script has to fetch them first."""
    page = visit("/search?q=打印机", java_script_enabled=False)
    assert page.locator(".hit").count() > 0
