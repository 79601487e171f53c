"""What can be checked of accessibility by a program: axe-core's rules, sizes, the tree a screen reader is given."""

from importlib.util import find_spec
from pathlib import Path

#: Only the script is taken from the package; the debugger runs it, so that the page's policy stays as it is.
AXE = "() => {" + Path(find_spec("axe_playwright_python").origin).with_name("axe.min.js").read_text() + "\n}"
#: WCAG 2.1 A and AA, and what axe-core counts as good practice.
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "best-practice"]

LANGUAGES = ("fr", "nl", "de", "en")
SIZES = {"phone": (360, 740), "desktop": (1280, 800), "zoomed": (320, 480)}

_GEOMETRY = """() => {
    const wrong = [];
    const root = document.documentElement;
    if (root.scrollWidth > innerWidth) wrong.push(`scrolls sideways: ${root.scrollWidth} > ${innerWidth}`);
    const dialog = document.querySelector('dialog[open]');
    for (const one of (dialog ?? document).querySelectorAll('button, select, summary, input')) {
        const box = (one.type === 'checkbox' ? one.closest('label') : one).getBoundingClientRect();
        if (box.width === 0) continue;
        const isRange = one.type === 'range';
        if (box.width < 44 || box.height < (isRange ? 24 : 44)) {
            wrong.push(`${one.dataset.action || one.id || one.textContent} is ${box.width} × ${box.height}`);
        }
    }
    for (const one of document.querySelectorAll('button, summary, h1, p:not(.unseen), .words li, .text li')) {
        if (one.clientWidth > 0 && one.scrollWidth > one.clientWidth + 1) wrong.push(`“${one.textContent}” is cut off`);
    }
    return wrong;
}"""


async def complaints(patient, *, languages=LANGUAGES, sizes=SIZES):
    """What is wrong with the page in its present state; a list of lines.

    Sizes and axe-core's rules are looked at in every language, the rules in every scheme that the browser has. At further sizes, where
    the same elements stand elsewhere, the rules are looked at once: one language, one scheme.
    """
    schemes, found = patient.schemes, []
    await patient.evaluate(AXE)
    before = await patient.evaluate("() => [innerWidth, innerHeight]")
    for size in sizes:
        width, height = SIZES[size]
        await patient.viewport(width, height)
        for language in languages:
            await patient.evaluate("(lang) => document.querySelector(`nav button[lang=${lang}]`).click()", language)
            for wrong in await patient.evaluate(_GEOMETRY):
                found.append(f"{size} {language}: {wrong}")
            is_first = size == next(iter(sizes))
            for scheme in schemes if is_first else schemes[:1] if language == languages[0] else ():
                await patient.prefer(scheme)
                result = await patient.evaluate(
                    "(tags) => axe.run(document, { runOnly: tags, resultTypes: ['violations'] })", RULES)
                assert len(result["passes"]) > 8, "axe-core looked at nothing"
                for one in result["violations"]:
                    nodes = "; ".join(f"{node['target']} {node['any'][0]['message'] if node['any'] else ''}"
                                      for node in one["nodes"][:3])
                    found.append(f"{size} {language} {scheme}: {one['id']}: {nodes}")
    await patient.viewport(*before)
    return found


#: Text as people set it who read with difficulty (WCAG 2.1, 1.4.12), and twice as large (1.4.4).
ADAPTED = {
    "spaced": "* { line-height: 1.5 !important; letter-spacing: .12em !important; word-spacing: .16em !important }"
              " p { margin-bottom: 2em !important }",
    "large": "html { font-size: 200% }",
}
_ADAPT = """(style) => {
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(style);
    document.adoptedStyleSheets = [sheet];
}"""


async def complaints_of_adapted_text(patient):
    """What does not fit when the text is spaced or enlarged, in every language."""
    found = []
    for name, (width, height) in {"spaced": SIZES["zoomed"], "large": SIZES["phone"]}.items():
        await patient.viewport(width, height)
        await patient.evaluate(_ADAPT, ADAPTED[name])
        for language in LANGUAGES:
            await patient.evaluate("(lang) => document.querySelector(`nav button[lang=${lang}]`).click()", language)
            found.extend(f"{name} {language}: {wrong}" for wrong in await patient.evaluate(_GEOMETRY))
    await patient.evaluate(_ADAPT, "")
    return found


async def unmet(patient, *expected):
    """Which of the (role, name) a screen reader does not meet, and which controls it meets without a name."""
    nodes = await patient.nodes()
    named = ("button", "combobox", "slider", "textbox", "link", "heading")
    return [node for node in expected if node not in nodes] + [
        f"a {role} without a name" for role, name in nodes if role in named and not name]


#: Runs before the page: writes down what its live region says.
LISTENER = """() => {
    globalThis.__said = [];
    new MutationObserver((records) => {
        for (const { target } of records) {
            const region = (target.nodeType === 1 ? target : target.parentElement)?.closest('[role=status]');
            if (region?.textContent && region.textContent !== globalThis.__said.at(-1)) {
                globalThis.__said.push(region.textContent);
            }
        }
    }).observe(document, { subtree: true, childList: true, characterData: true });
}"""


async def said(patient):
    """What the live region said since the page was opened."""
    return await patient.evaluate("() => globalThis.__said")


async def tab_to(patient, selector, limit=40):
    """Presses the tabulator until what `selector` names has the focus, and says how often."""
    for presses in range(limit):
        if await patient.evaluate("(selector) => document.activeElement?.matches(selector) ?? false", selector):
            visible = await patient.evaluate(
                "() => getComputedStyle(document.activeElement).outlineStyle !== 'none'"
                " || document.activeElement.matches('select, input')")
            assert visible, f"{selector} has the focus and does not show it"
            return presses
        await patient.key("Tab")
    raise AssertionError(f"the keyboard does not reach {selector}")
