"""Names of tensors as TensorFlow 1 gave them, which keract calls ``full``.

Keras 3 numbers its tensors (``keras_tensor_12``); what was written for keract expects
``conv1/BiasAdd:0``, the name of the last operation in a layer.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import keras

__all__ = ["operation_name"]

# Last operation of a layer's forward pass, by class.
_OPERATIONS = {
    "Add": "add",
    "Average": "truediv",
    "AveragePooling1D": "AvgPool",
    "AveragePooling2D": "AvgPool",
    "AveragePooling3D": "AvgPool3D",
    "BatchNormalization": "FusedBatchNormV3",
    "Concatenate": "concat",
    "Cropping2D": "strided_slice",
    "Dot": "MatMul",
    "Embedding": "GatherV2",
    "Flatten": "Reshape",
    "GlobalAveragePooling1D": "Mean",
    "GlobalAveragePooling2D": "Mean",
    "GlobalMaxPooling1D": "Max",
    "GlobalMaxPooling2D": "Max",
    "LeakyReLU": "LeakyRelu",
    "LSTM": "PartitionedCall",
    "GRU": "PartitionedCall",
    "MaxPooling1D": "Squeeze",
    "MaxPooling2D": "MaxPool",
    "MaxPooling3D": "MaxPool3D",
    "Maximum": "Maximum",
    "Minimum": "Minimum",
    "Multiply": "mul",
    "Permute": "transpose",
    "ReLU": "Relu",
    "Rescaling": "add",
    "Reshape": "Reshape",
    "Softmax": "Softmax",
    "Subtract": "sub",
    "UpSampling2D": "resize/ResizeNearestNeighbor",
    "ZeroPadding2D": "Pad",
}
_ACTIVATIONS = {
    "elu": "Elu",
    "exponential": "Exp",
    "gelu": "Gelu/mul_1",
    "leaky_relu": "LeakyRelu",
    "relu": "Relu",
    "relu6": "Relu6",
    "selu": "Selu",
    "sigmoid": "Sigmoid",
    "silu": "mul",
    "softmax": "Softmax",
    "softplus": "Softplus",
    "softsign": "Softsign",
    "tanh": "Tanh",
}
# What a layer with weights ends with where it has neither bias nor activation.
_PRODUCTS = {
    "Conv1D": "conv1d/Squeeze",
    "Conv2D": "Conv2D",
    "Conv2DTranspose": "conv2d_transpose",
    "Conv3D": "Conv3D",
    "Dense": "MatMul",
    "DepthwiseConv2D": "depthwise",
    "SeparableConv2D": "separable_conv2d",
}
_OTHER = "Identity"


def operation_name(layer: keras.layers.Layer) -> str:
    """The name that TensorFlow 1 gave to a layer's last operation, such as ``BiasAdd``.

    ``Identity`` for a layer that is not in the table, such as one of somebody's own.
    """
    kind = type(layer).__name__
    activation = getattr(getattr(layer, "activation", None), "__name__", "linear")
    if activation in _ACTIVATIONS and (kind in _PRODUCTS or kind == "Activation"):
        return _ACTIVATIONS[activation]
    if kind in _PRODUCTS:
        return "BiasAdd" if getattr(layer, "use_bias", False) else _PRODUCTS[kind]
    if kind == "UpSampling2D" and getattr(layer, "interpolation", "") == "bilinear":
        return "resize/ResizeBilinear"
    return _OPERATIONS.get(kind, _OTHER)
