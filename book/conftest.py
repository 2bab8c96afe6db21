"""Each notebook is run once, by nbval, as on a stranger's machine.

There the package is its wheel, the folder is empty, and the processor has no vector instructions. What a cell
prints must be what is stored, to the letter, and what it draws must look the same.
"""

import os
import tempfile

import pytest
from nbval.plugin import IPyNbCell
from oracles.pages import bundles, different_pixels
from oracles.repository import wheel

PLAIN_INSTRUCTIONS = {"ATEN_CPU_CAPABILITY": "default", "MKL_CBWR": "COMPATIBLE"}


@pytest.hookimpl(wrapper=True)
def pytest_runtest_setup(item):
    """A kernel inherits the environment in which it starts, and it starts before the first cell."""
    if not isinstance(item, IPyNbCell) or item.parent.kernel:
        return (yield)
    before = dict(os.environ)
    os.environ.update(PLAIN_INSTRUCTIONS, PYTHONPATH=str(wheel()))
    try:
        result = yield
    finally:
        os.environ.clear()
        os.environ.update(before)
    item.parent.folder = tempfile.TemporaryDirectory()
    kernel = item.parent.kernel
    kernel.await_reply(kernel.execute_cell_input(f"%cd -q {item.parent.folder.name}"), timeout=60)
    return result


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item):
    """A figure is compared after nbval has compared the rest."""
    result = yield
    if isinstance(item, IPyNbCell):
        for stored, drawn in zip(bundles(item.cell), bundles({"outputs": item.test_outputs}), strict=True):
            if "image/png" in stored and different_pixels(stored["image/png"], drawn["image/png"]) > 0.01:
                item.raise_cell_error("The figure differs from the stored one in over 1 % of its pixels")
    return result
