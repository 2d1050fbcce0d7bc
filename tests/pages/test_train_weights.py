"""The Train page's weights to begin with: what is offered for which network."""

from __future__ import annotations

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from core.paths import workspace
from tests.conftest import REPOSITORY
from tests.tiny import save_tiny_model


@pytest.fixture
def page(demo_dataset: Path) -> AppTest:
    (workspace().datasets / "demo").symlink_to(demo_dataset)
    save_tiny_model(workspace().models / "tiny")  # a U-Net of width 8 and depth 2, 5 classes
    (workspace().weights / "carried.safetensors").touch()
    (workspace().weights / "resnet.h5").touch()
    at = AppTest.from_file(str(REPOSITORY / "ui/shell/router.py"), default_timeout=120)
    at.switch_page("../../pages/train.py").run()
    fit, _ = [button for button in at.button if button.label == "Take 96"]  # the images' size
    return fit.click().run()


def keys(at: AppTest) -> set[str | None]:
    return {box.key for box in (*at.selectbox, *at.number_input)}


def test_imagenet_and_the_folders_files_are_options_for_encoders_that_have_them(
    page: AppTest,
) -> None:
    assert "train.encoder_weights" not in keys(page)  # a U-Net's are random
    page.selectbox(key="train.model.architecture").set_value("unet-vgg11").run()
    box = page.selectbox(key="train.encoder_weights")
    assert box.options == ["random", "ImageNet", "file carried.safetensors"]
    assert "BSD-3-Clause" in box.help and "huggingface.co" in box.help and "mod 3" in box.help
    assert "train.freeze_encoder" not in keys(page)
    box.set_value("imagenet").run()
    assert not page.exception
    assert "train.freeze_encoder" in keys(page)
    page.selectbox(key="train.model.architecture").set_value("sm-unet").run()
    box = page.selectbox(key="train.encoder_weights")
    assert box.options == ["random", "ImageNet", "file resnet.h5"]
    assert box.value == "none"


def test_weights_that_are_at_hand_are_the_first_choice(page: AppTest) -> None:
    assert "train.encoder_rate" not in keys(page)
    page.selectbox(key="train.model.architecture").set_value("unet-lite0").run()
    assert not page.exception and not page.error
    box = page.selectbox(key="train.encoder_weights")
    assert box.value == "imagenet"
    assert box.options == [
        "random",
        "ImageNet (comes with the program)",
        "file carried.safetensors",
    ]
    assert "come with the program" in box.help and "Apache 2.0" in box.help
    assert {"train.freeze_encoder", "train.encoder_rate"} <= keys(page)
    page.number_input(key="train.encoder_rate").set_value(0.2).run()
    page.selectbox(key="train.model.architecture").set_value("unet").run()
    assert "train.encoder_weights" not in keys(page)
    # It is in force for the U-Net's encoder too.
    assert page.number_input(key="train.encoder_rate").value == 0.2
    page.number_input(key="train.encoder_rate").set_value(1.0).run()
    assert "train.encoder_rate" not in keys(page)
    # VGG11's once they have been fetched.
    fetched = workspace().weights / "vgg11.tv_in1k.features.safetensors"
    fetched.touch()
    fetched.with_name(f"{fetched.name}.sha256").touch()
    page.selectbox(key="train.model.architecture").set_value("unet-vgg11").run()
    box = page.selectbox(key="train.encoder_weights")
    assert (box.value, box.options[1]) == ("imagenet", "ImageNet (fetched)")
    page.selectbox(key="train.model.architecture").set_value("unet-lite0").run()
    assert page.selectbox(key="train.encoder_weights").value == "imagenet"


def test_inpainting_is_for_networks_that_begin_at_random(page: AppTest) -> None:
    assert not page.error
    page.number_input(key="train.pretrain_epochs").set_value(2).run()
    assert not page.exception and not page.error
    assert "from 4 samples that train and 0 without masks" in " ".join(
        caption.value for caption in page.caption
    )
    assert not page.get("image")
    page.toggle(key="inpainting-shown").set_value(True).run()
    assert not page.exception and not page.error
    pictures = [picture.proto.imgs[0].url for picture in page.get("image")]
    captions = [picture.proto.imgs[0].caption for picture in page.get("image")]
    assert len(pictures) == 6
    assert all(25 <= int(caption.partition("%")[0].strip()) <= 50 for caption in captions)
    page.button(key="inpainting-draw-again").click().run()
    assert {picture.proto.imgs[0].url for picture in page.get("image")} - set(pictures)
    # With weights that have learned it is refused, in view, with a way out.
    page.selectbox(key="train.start_from").set_value("demo-unet").run()
    assert page.number_input(key="train.pretrain_epochs").value == 2
    assert any("begins with random weights" in error.value for error in page.error)
    page.number_input(key="train.pretrain_epochs").set_value(0).run()
    assert not page.error
    assert "train.pretrain_epochs" not in keys(page)


def test_models_with_other_bands_are_options_and_those_of_another_network_are_not(
    page: AppTest,
) -> None:
    # Of the network that the form begins with, there is a bundled one.
    assert page.selectbox(key="train.start_from").options == ["none", "demo-unet"]
    page.number_input(key="train.model.width").set_value(8)
    page.number_input(key="train.model.depth").set_value(2).run()
    page.selectbox(key="train.model.stem_stride").set_value(1).run()
    box = page.selectbox(key="train.start_from")
    assert box.options == ["none", "tiny"]
    assert "mean over the model's bands" in box.help
    box.set_value("tiny").run()
    assert "train.freeze_encoder" in keys(page)
    page.number_input(key="train.model.width").set_value(12).run()
    assert page.selectbox(key="train.start_from").options == ["none", "tiny (another network)"]
    assert any("its width is 8, not 12" in error.value for error in page.error)
