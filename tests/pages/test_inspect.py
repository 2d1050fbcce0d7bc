"""The Inspect page, run from the router."""

import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from core.models.architectures.zoo_spec import ZooSpec
from tests.conftest import REPOSITORY
from tests.tiny import save_tiny_model

ROUTER = REPOSITORY / "ui" / "shell" / "router.py"


@pytest.fixture
def page(space, monkeypatch):
    monkeypatch.setattr("core.models.store.BUNDLED_MODELS", space / "none")
    test = AppTest.from_file(str(ROUTER), default_timeout=120)
    test.switch_page(str(REPOSITORY / "pages" / "inspect.py"))
    return test


def _text(page):
    return " ".join(element.value for element in [*page.info, *page.caption, *page.markdown])


def _uploaded(page, pixels, name="my image.png"):
    _, data = cv2.imencode(Path(name).suffix, pixels)
    page.session_state["image_from"] = "Upload"
    page.run()
    page.file_uploader[0].upload(name, data.tobytes())
    return page.run()


def test_without_a_model_it_says_what_to_do(page):
    page.run()
    assert not page.exception
    assert page.title[0].value == "Inspect"
    assert "train one on the Train page" in page.info[0].value


def test_without_a_dataset_it_says_what_to_do(page, tiny_model):
    page.run()
    assert not page.exception
    assert "There is no dataset yet" in _text(page)
    assert "an upload or a demo scene above" in _text(page)
    assert not page.error


def test_a_demo_scene_needs_no_data(page, tiny_model):
    page.session_state["image_from"] = "Demo scene"
    page.run()
    assert not page.exception
    assert not page.error
    assert page.selectbox(key="layer").value == "enc1_conv1"
    assert "512 × 512 values, each over 1 × 1 px" in _text(page)
    assert "the whole image, 512 × 512 px, of demo scene 0" in _text(page)


@pytest.mark.training
def test_a_network_of_one_size_is_shown_windows_of_it(page, space):
    spec = ZooSpec(architecture="sm-pspnet", backbone="resnet18", size=96)
    save_tiny_model(space / "models" / "pyramid", spec=spec)
    page.session_state["image_from"] = "Demo scene"
    page.run()
    page.selectbox(key="layer").select("psp_concat").run()
    assert not page.exception
    assert not page.error
    assert "Seen: a window of 96 × 96 px, 208 px from the left" in _text(page)
    page.slider(key="left.96").set_value(0).run()
    assert not page.error
    assert "Seen: a window of 96 × 96 px, 0 px from the left" in _text(page)


def test_layers_and_channels_are_chosen(page, tiny_model):
    _uploaded(page, np.random.default_rng(0).integers(0, 256, (40, 60, 3), np.uint8))
    assert not page.exception
    strongest = page.selectbox(key="channel").value
    page.selectbox(key="channel").select_index(4).run()
    assert page.selectbox(key="channel").value != strongest

    page.selectbox(key="layer").select("bridge_relu2").run()
    assert not page.exception
    assert "ReLU** · H/4 × W/4 × 32 values" in _text(page)
    assert "15 × 10 values, each over 4 × 4 px" in _text(page)
    channels = page.selectbox(key="channel")
    assert channels.value == int(channels.options[0])  # the strongest again
    assert sorted(map(int, channels.options)) == list(range(32))
    table = page.dataframe[0].value
    assert table["Layer"].iloc[0] == "image"
    assert table["Parameters"].sum() > 0
    assert "Channels 1 to 24 of 32" in _text(page)

    channels.select_index(30).run()
    assert "Channels 25 to 32 of 32" in _text(page)


def test_only_the_chosen_layer_is_computed(page, tiny_model, monkeypatch):
    from core.explain import activations

    asked = []
    real = activations.get_activations
    monkeypatch.setattr(
        activations,
        "get_activations",
        lambda m, x, layer_names: asked.append(layer_names) or real(m, x, layer_names=layer_names),
    )
    pixels = np.random.default_rng(1).integers(0, 256, (24, 24, 3), np.uint8)
    _uploaded(page, pixels)
    page.selectbox(key="layer").select("dec1_relu2").run()
    page.selectbox(key="channel").select_index(3).run()
    page.selectbox(key="layer").select("enc1_conv1").run()
    assert asked == [["enc1_conv1"], ["dec1_relu2"]]
    pixels[5, 5, 0] ^= 1
    _uploaded(page, pixels)  # one value of one pixel is another image
    assert asked[2:] == [["enc1_conv1"]]


def test_a_large_image_is_seen_through_a_window(page, tiny_model):
    _uploaded(page, np.zeros((40, 1300, 3), np.uint8))
    assert not page.exception
    assert "Maps are made of a window of 1,024 × 40 px" in _text(page)
    assert [slider.key for slider in page.slider] == ["left"]
    page.slider(key="left").set_value(0).run()
    assert "a window of 1024 × 40 px, 0 px from the left and 0 px from the top" in _text(page)


def test_an_image_that_does_not_fit_is_one_box(page, tiny_model):
    _uploaded(page, np.zeros((20, 20), np.uint8), "grey.png")
    assert not page.exception
    (box,) = page.error
    assert "The model takes 3 bands, the image has 1" in box.value


def test_a_damaged_upload_is_one_box(page, tiny_model):
    page.session_state["image_from"] = "Upload"
    page.run()
    page.file_uploader[0].upload("x.png", b"no picture")
    page.run()
    assert not page.exception
    assert len(page.error) == 1


def test_the_page_is_there_before_tensorflow(space):
    code = (
        "import sys, streamlit, ui.inspect.feature_maps, ui.inspect.layers; "
        "import ui.loaded.models, ui.routes.netron; "
        "assert 'tensorflow' not in sys.modules and 'keras' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], cwd=REPOSITORY, check=True)
