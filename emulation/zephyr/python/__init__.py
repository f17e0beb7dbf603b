"""On the module path of Zephyr's build scripts, and not imported by anything else."""
