"""`python -m accunode_scoring score --kind annual in.csv out.csv`: scores a file offline."""

import sys

from accunode_scoring.cli import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
