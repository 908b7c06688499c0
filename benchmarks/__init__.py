"""How fast it is, beside its peers. `make bench`; what the figures mean is in docs/benchmarks.md."""
