"""Many people at once: an open-model load on a stack of its own, with everything on this machine."""
