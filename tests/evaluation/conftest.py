"""What the tests of judges share."""

import pytest
import torch


@pytest.fixture(scope="module")
def pixels():
    """A toy extractor: its features are the bytes that the network would see, divided by 100."""
    import torch_fidelity
    from torch_fidelity.registry import FEATURE_EXTRACTORS_REGISTRY

    class Pixels(torch_fidelity.FeatureExtractorBase):
        def __init__(self, name, features_list, **_):
            super().__init__(name, features_list)

        get_provided_features_list = staticmethod(lambda: ("pixels",))
        get_default_feature_layer_for_metric = staticmethod(lambda _: "pixels")
        can_be_compiled = staticmethod(lambda: False)

        def forward(self, input):
            assert input.dtype == torch.uint8
            assert input.shape[1] == 3
            return (input.flatten(1).double() / 100,)

    torch_fidelity.register_feature_extractor("pixels", Pixels)
    yield "pixels"
    del FEATURE_EXTRACTORS_REGISTRY["pixels"]
