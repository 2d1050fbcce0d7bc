"""The long run: ``python -m tests.fuzz --cases 2000 --seed 1`` (`make fuzz`)."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from tests.fuzz.campaign import Campaign, failed_cases, print_table


def main() -> int:
    """Try the cases and print the figures; 1 where some failed."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--cases", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--kept", type=Path, default=Path("workspace/fuzz"), help="for what fails")
    options = parser.parse_args()
    campaign = Campaign(options.kept, options.seed)
    campaign.run(options.cases, lambda line: print(line, file=sys.stderr, flush=True))
    print_table(campaign)
    failed = any(tally.failed for tally in campaign.tallies.values())
    if failed:
        print(failed_cases(campaign), file=sys.stderr)
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
