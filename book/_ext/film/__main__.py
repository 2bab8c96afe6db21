"""Make the film: `make film`, or `PYTHONPATH=book/_ext python -m film`."""

import sys

from film import projection, script, tracks


def main() -> int:
    """Make the film and say where it is; 1 where it could not be made."""
    try:
        target = projection.make()
    except RuntimeError as reason:
        print(reason, file=sys.stderr)
        return 1
    size = target.stat().st_size / 1e6
    print(f"The film is in {target}: {tracks.clock(script.duration())} minutes, {size:.1f} MB")
    print("Build the book again, and it stands on the page of the film.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
