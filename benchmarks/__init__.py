"""How fast is it, compared with what this machine can do at all?

`python -m benchmarks` measures figures and their baselines in one run and prints one JSON line each.
"""
