"""Files to upload: rows of fictitious companies, drawn from the demo's portfolio."""

from pathlib import Path

from accunode_devstack.bench import bench_file


def annual_file(folder: Path, *, rows: int, series: int) -> Path:
    """A CSV of so many annual rows, a company each; another `series` has other companies."""
    path = folder / f"annual-{series}-{rows}.csv"
    path.write_bytes(bench_file(rows, series=series))
    return path
