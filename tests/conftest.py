"""Every test runs in one thread, in float64, without a display, from one state of the global stream of random
numbers, and leaves the defaults as it found them."""

import os
import shutil

for variable in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ.setdefault(variable, "1")

import matplotlib  # noqa: E402 - the thread counts must be set before torch loads
import pytest  # noqa: E402
import torch  # noqa: E402

matplotlib.use("agg")  # and not by MPLBACKEND, which the kernels of the notebooks would inherit
torch.set_num_threads(1)


LONGEST = (
    "book/",
    "tests/book/test_pages.py",
    "tests/experiments/test_results.py",
    "tests/test_recipes.py",
    "tests/museum",
    "tests/page",
    "tests/training",
    "tests/cli",
    "tests/book",
    "tests/evaluation",
    "tests/experiments",
    "tests/test_derivations.py",
    "tests/test_desk.py",
    "tests/test_recipes.py",
    "tests/test_new_loss.py",
    "tests/test_a_new_penalty.py",
    "tests/test_agreement.py",
    "tests/theory/test_fuzz.py",
    "tests/theory/test_dynamics.py",
    "tests/theory/test_quadrature.py",
    "tests/data/test_new_set.py",
    "ganlab/derivations",
)
"""What takes longest, first: two workers then end together. All of it is slow, and so left to `make test`."""


def pytest_collection_modifyitems(items):
    def place(item):
        where = item.path.relative_to(item.config.rootpath).as_posix()
        return next((rank for rank, head in enumerate(LONGEST) if where.startswith(head)), len(LONGEST))

    for item in items:
        if place(item) < len(LONGEST):
            item.add_marker(pytest.mark.slow)
    items.sort(key=place)


@pytest.fixture(autouse=True)
def _float64_and_restored_defaults(request):
    """Doctests see the library as a reader does, in float32; tests of mathematics see float64."""
    dtype = torch.get_default_dtype()
    deterministic = torch.are_deterministic_algorithms_enabled()
    if "tests" in request.node.path.parts and not hasattr(request.node, "dtest"):
        torch.set_default_dtype(torch.float64)
    torch.manual_seed(0)  # a layer that PyTorch fills is the same in every order of the tests
    yield
    torch.set_default_dtype(dtype)
    torch.use_deterministic_algorithms(deterministic)


@pytest.fixture
def rng():
    return torch.Generator().manual_seed(0)


@pytest.fixture(scope="session")
def browser_path():
    """Where a browser is; where there is none a test is skipped, or fails in CI."""
    from release import BROWSERS

    found = next((path for name in BROWSERS if (path := shutil.which(name))), None)
    if not found:
        reason = f"no browser: none of {', '.join(BROWSERS)} is installed"
        pytest.fail(reason) if os.environ.get("CI") else pytest.skip(reason)
    return found


@pytest.fixture(scope="module")
def browser(browser_path):
    """A real browser without a window."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=browser_path, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def installed():
    """A folder with the package as its wheel holds it."""
    from oracles.repository import wheel

    return wheel()
