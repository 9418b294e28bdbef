"""The same command, for where it is not on the path."""

from accunode_infra.cli import main

main()
