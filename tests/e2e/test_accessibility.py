"""What axe-core finds on every page in both themes, focus rings, and the way by keyboard."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from tests.conftest import REPOSITORY
from tests.e2e.conftest import Server, settled
from tests.e2e.test_frame import open_drawer
from tests.pages.test_evaluate import evaluated

AXE = REPOSITORY / "node_modules/axe-core/axe.min.js"
# The frame is Netron's own page, in which no script but its own may run.
RUN = """async only => {
    const { violations } = await axe.run(
        document, { iframes: false, resultTypes: ['violations'], ...only });
    return violations
        .filter(({ impact }) => ['serious', 'critical'].includes(impact))
        .flatMap(({ id, help, nodes }) => nodes.map(({ target, html, failureSummary }) =>
            ({ id, help, target: target.flat().join(' '), html: html.slice(0, 200),
               why: failureSummary })));
}"""
BY_COLOR = ["color-contrast", "link-in-text-block"]  # the rules that a theme bears on
GROUND = "() => getComputedStyle(document.querySelector('[data-testid=stApp]')).backgroundColor"
# What is Streamlit's own markup and cannot be changed from here: (rule, part of the selector).
EXCEPTIONS: tuple[tuple[str, str], ...] = ()
VIEWS = {
    "overview": "",
    "gallery": "data?dataset=eyes",
    "sample": "data?dataset=eyes&view=Sample",
    "statistics": "data?dataset=eyes&view=Statistics",
    "problems": "data?dataset=eyes&view=Problems",
    "prepare": "data?dataset=eyes&view=Prepare",
    "augment": "data?dataset=eyes&view=Prepare&section=Augment",
    "recipe": "data?dataset=eyes&view=Prepare&section=Recipe",
    "unknown name": "data?dataset=gone",
    "training": "train?dataset=eyes",
    "trainings": "train?view=runs",
    "compare": "train?view=compare",
    "upload": "predict",
    "predict": "predict?source=Dataset&dataset=eyes",
    "new evaluation": "evaluate?model=demo-unet&dataset=eyes",
    "scores": "evaluate?view=Scores",
    "confusion": "evaluate?view=Confusion&true=Road&predicted=Land",
    "samples": "evaluate?view=Samples",
    "calibration": "evaluate?view=Calibration",
    "slices": "evaluate?view=Slices",
    "buildings": "evaluate?view=Buildings",
    "suspects": "evaluate?view=Suspects",
    "splits": "evaluate?view=Splits",
    "maps": "inspect?dataset=eyes",
    "graph": "inspect?view=Graph",
}


@pytest.fixture(scope="module", autouse=True)
def dataset(server: Server) -> None:
    from core.datasets.synthetic.dubai import write_demo
    from core.evaluation.kept.plan import plan_again
    from core.evaluation.spacenet.objects import (
        ObjectSettings,
        score_buildings,
        write_building_scores,
    )
    from core.evaluation.suspects.record import write_suspects
    from core.evaluation.suspects.search import search_suspects
    from core.inference.predictor import Predictor
    from core.models.store import find_model, load_model

    write_demo(server.workspace / "datasets/eyes", scenes=2, size=96, seed=5)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DSI_WORKSPACE", str(server.workspace))
        kept = evaluated("demo-unet", "eyes")
        plan = plan_again(kept)
        model, card = load_model(find_model("demo-unet").folder)
        write_suspects(kept, search_suspects(plan, Predictor.of_card(model, card)))
        write_building_scores(kept, score_buildings(kept, plan, ObjectSettings(label=0)))


@pytest.fixture(params=["light", "dark"])
def themed(request: pytest.FixtureRequest, page: Any) -> Any:
    """A page whose reader prefers that theme."""
    page.emulate_media(color_scheme=request.param)
    return page


def show(page: Any, server: Server, name: str) -> None:
    page.goto(f"{server.url}/{VIEWS[name]}")
    page.get_by_role("heading", level=1).wait_for()
    settled(page)
    if name == "statistics":
        page.get_by_role("heading", name="Classes by scene").wait_for()  # when all was read
    elif name == "predict":
        page.get_by_role("button", name="Predict", exact=True).click()
        page.locator("[data-testid=viewer-root][data-layers*=prediction]").wait_for()
    settled(page)


@pytest.mark.skipif(not AXE.is_file(), reason="axe-core is not installed (npm ci)")
def test_axe_finds_nothing_serious(server: Server, page: Any) -> None:
    """Each view as it is loaded, and its colours again when the reader's theme becomes dark."""
    axe = AXE.read_text(encoding="utf-8")
    findings: dict[str, list[dict[str, str]]] = {}
    for name in VIEWS:
        page.emulate_media(color_scheme="light")
        show(page, server, name)
        page.evaluate(axe)
        seen = {name: page.evaluate(RUN, {})}
        light = page.evaluate(GROUND)
        page.emulate_media(color_scheme="dark")
        page.wait_for_function(f"light => ({GROUND})() !== light", arg=light)
        settled(page)
        seen[f"{name}, dark"] = page.evaluate(RUN, {"runOnly": BY_COLOR})
        for view, all_ in seen.items():
            findings[view] = [one for one in all_ if not is_excepted(one)]
    assert not any(findings.values()), {name: some for name, some in findings.items() if some}


def test_what_scrolls_on_a_telephone_is_reached_by_the_keyboard(server: Server, page: Any) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(f"{server.url}/data?dataset=eyes&view=Sample")
    table = page.locator(".dsi-scroll")
    table.wait_for()
    settled(page)
    table.focus()
    assert table.evaluate("e => e === document.activeElement")


def is_excepted(finding: dict[str, str]) -> bool:
    return any(
        finding["id"] == rule and selector in finding["target"] for rule, selector in EXCEPTIONS
    )


def luminance(color: np.ndarray) -> float:
    """Relative luminance of an sRGB colour (WCAG 2.2)."""
    linear = np.where(color <= 0.04045, color / 12.92, ((color + 0.055) / 1.055) ** 2.4)
    return float(linear @ [0.2126, 0.7152, 0.0722])


def contrast(first: str, second: str) -> float:
    """Contrast ratio of two opaque colours, given as ``rgb(1, 2, 3)`` (WCAG 2.2)."""
    values = [
        luminance(np.array([float(v) for v in text[4:-1].split(",")]) / 255)
        for text in (first, second)
    ]
    return (max(values) + 0.05) / (min(values) + 0.05)


def test_the_focus_is_seen(server: Server, themed: Any) -> None:
    """Each control that the Tab key reaches has a ring of 3:1, or a field's own border of it."""
    show(themed, server, "sample")
    ground = themed.evaluate(GROUND)
    rings: dict[str, float] = {}
    for _ in range(25):
        themed.keyboard.press("Tab")
        name, style, color = themed.evaluate(
            """() => {
                let e = document.activeElement;
                while (e.shadowRoot?.activeElement) e = e.shadowRoot.activeElement;
                const { outlineStyle, outlineColor } = getComputedStyle(e);
                return [`${e.tagName} ${e.dataset.testid ?? e.textContent.slice(0, 20)}`,
                        outlineStyle, outlineColor];
            }"""
        )
        if name.split()[0] in ("A", "BUTTON", "SUMMARY", "MAIN"):
            assert style == "solid", name
            rings[name] = contrast(color, ground)
    assert len(rings) >= 10
    assert min(rings.values()) >= 3, rings


@pytest.mark.usefixtures("own_tab")
def test_from_upload_to_result_by_the_keyboard_alone(
    server: Server, page: Any, tmp_path: Path
) -> None:
    picture = np.random.default_rng(1).integers(0, 255, (64, 64, 3), np.uint8)
    file = tmp_path / "small.png"
    cv2.imwrite(str(file), picture)
    # Without it the browser opens the usual file chooser, as Firefox does, which can be driven.
    page.add_init_script("delete window.showOpenFilePicker")
    # Whoever only begins to listen when the key is pressed may miss it.
    choosers: list[Any] = []
    page.on("filechooser", lambda chooser: choosers.append(chooser))
    page.goto(f"{server.url}/predict")
    page.get_by_text("Upload an image to map it").wait_for()
    settled(page)

    def tab_to(name: str, **shown: Any) -> None:
        target = page.get_by_role("button", name=name, **shown).first
        for _ in range(60):
            if target.evaluate("e => e === document.activeElement"):
                return
            page.keyboard.press("Tab")
        pytest.fail(f"the Tab key does not reach {name}")

    tab_to("Upload", exact=True)
    page.keyboard.press("Enter")
    while not choosers:
        page.wait_for_timeout(100)
    choosers[0].set_files(str(file))  # as far as a browser's own dialogue can be driven
    page.get_by_test_id("stFileChip").filter(has_text="small.png").wait_for()
    settled(page)
    tab_to("Predict", exact=True)
    page.keyboard.press("Enter")
    page.locator("[data-testid=viewer-root][data-layers*=prediction]").wait_for()
    settled(page)
    # On to the result: the way to compare, and a download.
    for _ in range(60):
        page.keyboard.press("Tab")
        inside = page.evaluate(
            "() => document.activeElement.shadowRoot?.activeElement?.dataset.testid"
        )
        if inside == "viewer-mode-swipe":
            break
    page.keyboard.press("Enter")
    page.locator("[data-testid=viewer-root][data-mode=swipe]").wait_for()
    tab_to("Labels (PNG)")
    with page.expect_download() as download:
        page.keyboard.press("Enter")
    assert cv2.imread(str(download.value.path()), cv2.IMREAD_UNCHANGED).shape == (64, 64)


def test_a_side_of_the_swipe_names_what_is_seen(server: Server, page: Any) -> None:
    page.goto(f"{server.url}/data?dataset=eyes&view=Sample")
    page.get_by_test_id("viewer-mode-swipe").click()
    right = page.get_by_test_id("viewer-swipe-right")
    assert right.input_value() == "mask"
    page.get_by_test_id("viewer-layer-mask").uncheck()
    assert right.input_value() == "image"
    page.get_by_test_id("viewer-layer-mask").check()
    assert right.input_value() == "mask"


def test_the_closed_drawer_is_not_on_the_keyboards_way(server: Server, page: Any) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(f"{server.url}/data?dataset=eyes")
    page.get_by_role("heading", level=1).wait_for()
    settled(page)
    for _ in range(12):
        page.keyboard.press("Tab")
    assert page.evaluate("document.querySelector('[data-testid=stMain]').scrollLeft") == 0
    assert page.evaluate("scrollX") == 0
    open_drawer(page)
    page.get_by_test_id("stSidebar").get_by_text("Dataset", exact=True).wait_for()


def test_the_graph_stands_on_the_ground_of_the_page(server: Server, themed: Any) -> None:
    themed.goto(f"{server.url}/inspect?view=Graph")
    # From the page around it: Netron's own has no `eval`, which Playwright would need there.
    themed.wait_for_function(
        "() => document.querySelector('iframe')?.contentDocument?.querySelector('#target svg')"
    )
    graph, app = themed.evaluate(
        """() => [document.querySelector('iframe').contentDocument.querySelector('#target'),
                  document.querySelector('[data-testid=stApp]')]
            .map(e => getComputedStyle(e).backgroundColor)"""
    )
    assert graph == app
