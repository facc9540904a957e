"""The shell's way to `prototype.run`: python -m aigc_apps.prototype my_pictures --minutes 10 --out report/."""

import argparse
import sys

from aigc_apps import prototype
from aigc_apps.prototype.pictures import MINUTES, SIZES


def main(arguments=None):
    """Do what `run` does, with the options of a shell; return 0, or 1 after a sentence about what is wrong."""
    parser = argparse.ArgumentParser(
        "python -m aigc_apps.prototype", description=prototype.__doc__.split("\n", maxsplit=1)[0]
    )
    parser.add_argument("path", help="a folder of pictures, whose subfolders are classes, a zip of one, or a CSV table")
    parser.add_argument("--minutes", type=float, default=MINUTES, help="of training (default: %(default)s)")
    parser.add_argument("--out", help="the folder for the report (default: NAME_report)")
    parser.add_argument("--size", type=int, choices=SIZES, help="pixels of a side")
    parser.add_argument("--family", choices=("GAN", "flow", "copula", "VAE"))
    for name in ("--grey", "--flip"):
        parser.add_argument(name, action=argparse.BooleanOptionalAction, default=None)
    for name, kind in (("--batch-size", int), ("--width", int), ("--learning-rate", float)):
        parser.add_argument(name, type=kind)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--producer", default="prototype", help="who answers for what is generated, for its label")
    try:
        print(prototype.run(**vars(parser.parse_args(arguments))))
    except KeyboardInterrupt:
        print("Stopped. The same call goes on with the last checkpoint, if there is one.", file=sys.stderr)
        return 130
    except (ValueError, OSError, RuntimeError, FloatingPointError) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
