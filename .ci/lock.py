"""Print the exact environment of the book, its tests and CI, to be kept as requirements.txt.

It is what this interpreter has of the package, its `book` and `test` extras and all that these need, less
what belongs to one kind of machine (the GPU libraries of torch), so that it installs anywhere.
"""

from importlib.metadata import PackageNotFoundError, distribution

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

PLATFORM = ("nvidia-", "cuda-", "triton")
PACKAGE, EXTRAS = "ganlab-book", ("book", "test")


def pins(name, extras=(), found=None):
    """Every distribution that `name` needs with its `extras`, as {canonical name: pin}."""
    found = {} if found is None else found
    for line in distribution(name).requires or ():
        requirement = Requirement(line)
        if requirement.marker and not any(requirement.marker.evaluate({"extra": e}) for e in ("", *extras)):
            continue
        key = canonicalize_name(requirement.name)
        if key.startswith(PLATFORM) or (key in found and not requirement.extras):
            continue
        try:
            release = distribution(key)
        except PackageNotFoundError:
            raise SystemExit(f"{line!r}, needed by {name}, is not installed") from None
        found[key] = f"{release.metadata['Name']}=={release.version}"
        pins(key, requirement.extras, found)
    return found


if __name__ == "__main__":
    print("# The environment of the book, its tests and CI, written by `make lock`.")
    print("\n".join(pin for _, pin in sorted(pins(PACKAGE, EXTRAS).items())))
    print("-e .")
