"""What a network from elsewhere may be made of: Keras' own layers, and their settings.

A layer that is not listed is refused, and so is a setting that is not: what is built is made of
these names and plain values alone, whatever else a file says. Left out on purpose: `Lambda`,
`TFSMLayer`, `TorchModuleWrapper`, `JaxLayer` and `FlaxLayer` run code of the file or of other
files, and lookup layers open files by name.
"""

from __future__ import annotations

__all__ = [
    "ACTIVATIONS",
    "ACTIVATION_LAYERS",
    "ALIASES",
    "LAYERS",
    "OPERATIONS",
    "ROOTS",
    "TRAINING_ONLY",
]

_POOL = "pool_size strides padding data_format"
_CONVOLUTION = "kernel_size strides padding data_format dilation_rate activation use_bias"
_FILL = "fill_mode interpolation fill_value"

_LAYERS = {
    "Activation": "activation",
    "Add": "",
    "AdditiveAttention": "use_scale dropout",
    "AlphaDropout": "rate noise_shape",
    "Attention": "use_scale score_mode dropout",
    "Average": "",
    "AveragePooling2D": _POOL,
    "BatchNormalization": "axis momentum epsilon center scale",
    "CenterCrop": "height width",
    "Concatenate": "axis",
    "Conv1D": f"filters groups {_CONVOLUTION}",
    "Conv2D": f"filters groups {_CONVOLUTION}",
    "Conv2DTranspose": f"filters output_padding {_CONVOLUTION}",
    "Cropping2D": "cropping data_format",
    "Dense": "units activation use_bias",
    "DepthwiseConv2D": f"depth_multiplier {_CONVOLUTION}",
    "Dot": "axes normalize",
    "Dropout": "rate noise_shape",
    "ELU": "alpha",
    "Flatten": "data_format",
    "GaussianDropout": "rate",
    "GaussianNoise": "stddev",
    "GlobalAveragePooling2D": "data_format keepdims",
    "GlobalMaxPooling2D": "data_format keepdims",
    "GroupNormalization": "groups axis epsilon center scale",
    "Identity": "",
    "LayerNormalization": "axis epsilon center scale",
    "LeakyReLU": "negative_slope",
    "MaxPooling2D": _POOL,
    "Maximum": "",
    "Minimum": "",
    "MultiHeadAttention": "num_heads key_dim value_dim dropout use_bias output_shape "
    "attention_axes use_gate",
    "Multiply": "",
    "Normalization": "axis mean variance invert",
    "PReLU": "shared_axes",
    "Permute": "dims",
    "RandomBrightness": "factor value_range",
    "RandomContrast": "factor",
    "RandomFlip": "mode",
    "RandomRotation": f"factor {_FILL}",
    "RandomTranslation": f"height_factor width_factor {_FILL}",
    "RandomZoom": f"height_factor width_factor {_FILL}",
    "ReLU": "max_value negative_slope threshold",
    "RepeatVector": "n",
    "Rescaling": "scale offset",
    "Reshape": "target_shape",
    "Resizing": "height width interpolation crop_to_aspect_ratio fill_mode fill_value",
    "SeparableConv2D": f"filters depth_multiplier {_CONVOLUTION}",
    "Softmax": "axis",
    "SpatialDropout2D": "rate data_format",
    "Subtract": "",
    "UnitNormalization": "axis",
    "UpSampling2D": "size interpolation data_format",
    "ZeroPadding2D": "padding data_format",
}

LAYERS: dict[str, frozenset[str]] = {
    name: frozenset(settings.split()) for name, settings in _LAYERS.items()
}
"""Settings that are kept, by the name of the class."""

_NUMPY = "keras.src.ops.numpy"
_NN = "keras.src.ops.nn"
_OPERATIONS = {
    "Add": (_NUMPY, ""),
    "Concatenate": (_NUMPY, "axis"),
    "Divide": (_NUMPY, ""),
    "Exp": (_NUMPY, ""),
    "ExpandDims": (_NUMPY, "axis"),
    "Max": (_NUMPY, "axis keepdims"),
    "Maximum": (_NUMPY, ""),
    "Mean": (_NUMPY, "axis keepdims"),
    "Minimum": (_NUMPY, ""),
    "Multiply": (_NUMPY, ""),
    "Negative": (_NUMPY, ""),
    "Relu": (_NN, ""),
    "Relu6": (_NN, ""),
    "Reshape": (_NUMPY, "newshape"),
    "Sigmoid": (_NN, ""),
    "Silu": (_NN, ""),
    "Softmax": (_NN, "axis"),
    "Square": (_NUMPY, ""),
    "Subtract": (_NUMPY, ""),
    "Sum": (_NUMPY, "axis keepdims"),
    "Tanh": (_NUMPY, ""),
    "Transpose": (_NUMPY, "axes"),
    "TrueDivide": (_NUMPY, ""),
}

OPERATIONS: dict[str, tuple[str, frozenset[str]]] = {
    name: (module, frozenset(settings.split())) for name, (module, settings) in _OPERATIONS.items()
}
"""Functions of ``keras.ops`` between layers: their module and settings, by name of the class."""

ALIASES = {
    "SeparableConvolution2D": "SeparableConv2D",
    "Convolution2D": "Conv2D",
    "Convolution2DTranspose": "Conv2DTranspose",
    "Deconvolution2D": "Conv2DTranspose",
    "MaxPool2D": "MaxPooling2D",
    "AvgPool2D": "AveragePooling2D",
    "GlobalAvgPool2D": "GlobalAveragePooling2D",
    "GlobalMaxPool2D": "GlobalMaxPooling2D",
    "BatchNormalizationV1": "BatchNormalization",
    "BatchNormalizationV2": "BatchNormalization",
    "SyncBatchNormalization": "BatchNormalization",
    # Dropout of the EfficientNets that segmentation-models brings along; it does nothing here.
    "FixedDropout": "Dropout",
}
"""Other names of such classes, in files of other versions."""

_ACTIVATIONS = (
    "celu elu exponential gelu hard_sigmoid hard_silu hard_swish leaky_relu linear log_softmax "
    "mish relu relu6 selu sigmoid silu softmax softplus softsign swish tanh"
)
ACTIVATIONS = frozenset(_ACTIVATIONS.split())
"""Names of activation functions."""

ACTIVATION_LAYERS = frozenset({"ELU", "LeakyReLU", "PReLU", "ReLU", "Softmax"})
"""Layers that may stand in the place of such a name."""

ROOTS = frozenset({"keras", "tf_keras", "tensorflow", "keras_applications"})
"""What the module of Keras' own classes begins with, in files of all versions."""

_TRAINING_ONLY = (
    "activity_regularizer autocast batch_input_shape batch_shape build_config compile_config "
    "data_type dtype fused input_dtype input_shape optional ragged renorm renorm_momentum "
    "rng_config seed sparse synchronized trainable virtual_batch_size"
)
TRAINING_ONLY = frozenset(_TRAINING_ONLY.split())
"""Settings that make no difference to a prediction in 32 bits: they are left out."""
